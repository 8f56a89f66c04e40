package realperson

import (
	"errors"
	"fmt"

	"github.com/realdid/realdid/internal/strictjson"
)

// MaxBatchSize bounds the response with a batch of credentials, in bytes.
const MaxBatchSize = 512 << 10

var batchLimits = strictjson.Limits{Bytes: MaxBatchSize, Depth: 16, Nodes: 16384}

// ErrBatch says that what an authority sent is not a batch that this wallet can use, and why.
var ErrBatch = errors.New("realperson: batch")

// batchResponse is what an authority sends. Who sent it does not matter: everything in it is checked by itself.
type batchResponse struct {
	record      string
	generation  int
	act         []byte // of the public log's entry, from generation 1 on
	number      uint64
	credentials [][]byte
}

func (b *batchResponse) encode() ([]byte, error) {
	m := map[string]any{"v": 1, "record": b.record, "generation": b.generation}
	if b.generation > 0 {
		m["act"], m["number"] = encode(b.act), b.number
	}
	credentials := make([]any, len(b.credentials))
	for i, c := range b.credentials {
		v, err := strictjson.Parse(c, batchLimits)
		if err != nil {
			return nil, fmt.Errorf("realperson: batch: %w", err)
		}
		credentials[i] = v
	}
	m["credentials"] = credentials
	return strictjson.Canonical(m)
}

// parseBatch reads a batch strictly. Credentials are in canonical form (RFC 8785): what their bytes could say beyond what is signed is
// gone. Errors are ErrBatch.
func parseBatch(b []byte) (*batchResponse, error) {
	o, err := parseObject(b, batchLimits, "v", "record", "generation", "act?", "number?", "credentials")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBatch, err)
	}
	o.integer("v", 1, 1)
	r := &batchResponse{record: o.text("record", 64), generation: int(o.integer("generation", 0, MaxGeneration))}
	if r.generation > 0 {
		r.act, r.number = o.octets("act", actSize, actSize), uint64(o.integer("number", 0, maxNumber))
	}
	list := o.get("credentials")
	switch {
	case o.err != nil:
		return nil, fmt.Errorf("%w: %w", ErrBatch, o.err)
	case !isPersonKey(r.record):
		return nil, refuse(ErrBatch, "the record is not 64 hexadecimal digits")
	case r.generation == 0 && (o.has("act") || o.has("number")):
		return nil, refuse(ErrBatch, "an entry of the log about a first generation")
	case list.Kind() != strictjson.Array || len(list.Elems()) == 0 || len(list.Elems()) > MaxBatch:
		return nil, refuse(ErrBatch, "not 1 to 16 credentials")
	}
	for _, c := range list.Elems() {
		r.credentials = append(r.credentials, strictjson.AppendCanonical(nil, c))
	}
	return r, nil
}
