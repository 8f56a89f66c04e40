package proof

import (
	"bytes"
	"sync"

	"github.com/fxamacker/cbor/v2"
)

// codec returns the one way in which this package writes and reads CBOR: RFC 8949, section 4.2.1.
var codec = sync.OnceValue(func() (c struct {
	enc cbor.EncMode
	dec cbor.DecMode
},
) {
	var err error
	if c.enc, err = cbor.CoreDetEncOptions().EncMode(); err != nil {
		panic(err) // constant options
	}
	c.dec, err = cbor.DecOptions{
		IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden, MaxNestedLevels: 4, MaxArrayElements: 16, MaxMapPairs: 16,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return c
})

func encode(what string, limit int, v any) ([]byte, error) {
	b, err := codec().enc.Marshal(v)
	if err != nil {
		return nil, invalid("%s: %v", what, err)
	}
	if len(b) > limit {
		return nil, invalid("%s: %d bytes, over %d", what, len(b), limit)
	}
	return b, nil
}

// decode reads b into v and makes sure that b is how v is written.
func decode(what string, limit int, b []byte, v any) error {
	if len(b) > limit {
		return invalid("%s: %d bytes, over %d", what, len(b), limit)
	}
	if err := codec().dec.Unmarshal(b, v); err != nil {
		return invalid("%s: malformed CBOR", what)
	}
	again, err := encode(what, limit, v)
	if err != nil || !bytes.Equal(again, b) {
		return invalid("%s: not in deterministic encoding", what)
	}
	return nil
}
