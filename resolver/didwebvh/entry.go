package didwebvh

import (
	"strconv"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
)

// Limits of a log.
const (
	MaxLog     = 4 << 20   // bytes of did.jsonl
	MaxEntries = 4096      // entries
	MaxEntry   = 192 << 10 // bytes of one entry
	maxProofs  = 16        // proofs of one entry

	entryDepth = did.MaxDepth + 4
)

// entry is one line of a log, well-formed and not verified.
type entry struct {
	versionID  string
	time       time.Time
	parameters strictjson.Value
	state      strictjson.Value
	id         did.DID // of the document
	proofs     []strictjson.Value

	// body is the canonical entry without its proof in two pieces, between which the text of versionId stands.
	body []byte
	cut  int
}

func parseEntry(line []byte) (*entry, *LogError) {
	v, err := strictjson.Parse(line, strictjson.Limits{Bytes: MaxEntry, Depth: entryDepth})
	if err != nil {
		return nil, fault(FaultSyntax, err.Error())
	}
	e := &entry{}
	var versionTime strictjson.Value
	for _, m := range v.Members() {
		switch m.Name {
		case "versionId":
			e.versionID, _ = m.Value.Str()
		case "versionTime":
			versionTime = m.Value
		case "parameters":
			e.parameters = m.Value
		case "state":
			e.state = m.Value
		case "proof":
			e.proofs = []strictjson.Value{m.Value}
			if m.Value.Kind() == strictjson.Array {
				e.proofs = m.Value.Elems()
			}
		default:
			return nil, fault(FaultSyntax, "a member that no entry has")
		}
	}
	if len(v.Members()) != 5 { // none, if it is no object
		return nil, fault(FaultSyntax, "not an object of versionId, versionTime, parameters, state and proof")
	}
	if len(e.proofs) == 0 || len(e.proofs) > maxProofs {
		return nil, fault(FaultProof, "no proof, or more than "+strconv.Itoa(maxProofs))
	}
	s, _ := versionTime.Str()
	if e.time, err = parseTime(s); err != nil {
		return nil, fault(FaultTime, "versionTime is not a date and time in UTC")
	}
	id, _ := e.state.Get("id")
	text, _ := id.Str()
	if e.id, err = did.Parse(text); err != nil {
		return nil, fault(FaultSyntax, "state is not an object whose id is a DID")
	}
	e.canonical(versionTime)
	return e, nil
}

// canonical fills body. The names of the members are in canonical order.
func (e *entry) canonical(versionTime strictjson.Value) {
	b := make([]byte, 0, len(e.parameters.Raw())+len(e.state.Raw())+256)
	b = append(b, `{"parameters":`...)
	b = strictjson.AppendCanonical(b, e.parameters)
	b = append(b, `,"state":`...)
	b = strictjson.AppendCanonical(b, e.state)
	b = append(b, `,"versionId":`...)
	e.cut = len(b)
	b = append(b, `,"versionTime":`...)
	b = strictjson.AppendCanonical(b, versionTime)
	e.body = append(b, '}')
}

// with returns the canonical entry without its proof and with this versionId.
func (e *entry) with(versionID string) []byte {
	b := make([]byte, 0, len(e.body)+len(versionID)+2)
	b = append(b, e.body[:e.cut]...)
	b = strictjson.AppendString(b, versionID)
	return append(b, e.body[e.cut:]...)
}

// parseTime reads a time in UTC, in the form of RFC 3339.
func parseTime(s string) (time.Time, error) {
	const form = "2006-01-02T15:04:05"
	t, err := time.Parse(time.RFC3339, s)
	switch {
	case err != nil:
		return time.Time{}, err
	case !strings.HasSuffix(s, "Z") && !strings.HasSuffix(s, "+00:00"):
		return time.Time{}, strconv.ErrSyntax
	// Package time also takes hours of one digit, and a comma before the fraction.
	case !strings.HasPrefix(s, t.Format(form)) || s[len(form)] == ',':
		return time.Time{}, strconv.ErrSyntax
	}
	return t.UTC(), nil
}

// splitVersionID returns the number and the hash of a versionId.
func splitVersionID(s string) (number int, hash string, ok bool) {
	digits, hash, _ := strings.Cut(s, "-")
	n, err := strconv.Atoi(digits)
	return n, hash, err == nil && n > 0 && strconv.Itoa(n) == digits && isHash(hash)
}
