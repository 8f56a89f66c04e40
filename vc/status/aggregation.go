package status

import (
	"errors"
	"fmt"

	"github.com/realdid/realdid/internal/strictjson"
)

// maxAggregation is the number of lists of one aggregation.
const maxAggregation = 10_000

// ParseAggregation reads a Status List Aggregation (draft-20, section 9.3): the URIs of the lists of an issuer, for those who want to have
// all of them before they are asked for one. It is not signed; the lists are. At most 1 MiB and 10,000 URIs.
func ParseAggregation(b []byte) ([]string, error) {
	v, err := strictjson.Parse(b, strictjson.Limits{Depth: 8})
	if err != nil {
		return nil, fmt.Errorf("status: parse aggregation: %w", err)
	}
	lists, ok := v.Get("status_lists")
	if !ok || lists.Kind() != strictjson.Array || len(lists.Elems()) > maxAggregation {
		return nil, errors.New("status: parse aggregation: status_lists is not a list of at most 10,000")
	}
	out := make([]string, 0, len(lists.Elems()))
	for _, e := range lists.Elems() {
		s, _ := e.Str()
		if !isURI(s) {
			return nil, errors.New("status: parse aggregation: not a URI")
		}
		out = append(out, s)
	}
	return out, nil
}

// Aggregation writes what ParseAggregation reads.
func Aggregation(uris []string) ([]byte, error) {
	if len(uris) > maxAggregation {
		return nil, errors.New("status: aggregation: more than 10,000 lists")
	}
	b := []byte(`{"status_lists":[`)
	for i, u := range uris {
		if !isURI(u) {
			return nil, fmt.Errorf("status: aggregation: %w", errURI)
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = strictjson.AppendString(b, u)
	}
	return append(b, `]}`...), nil
}
