package vcdm

import (
	"errors"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// The limits of what is read.
const (
	MaxSize  = 1 << 20 // bytes of a document
	MaxDepth = 32      // nested objects and arrays
	MaxItems = 256     // items of a list that the data model defines
)

// parseJSON reads a whole document.
func parseJSON(b []byte) (strictjson.Value, error) {
	v, err := strictjson.Parse(b, strictjson.Limits{Bytes: MaxSize, Depth: MaxDepth})
	switch {
	case err == nil:
		return v, nil
	case errors.Is(err, strictjson.ErrDuplicate):
		return v, vc.InvalidBecause("vcdm.json.duplicate", err)
	case errors.Is(err, strictjson.ErrLimit):
		return v, vc.InvalidBecause("vcdm.json.limit", err)
	}
	return v, vc.InvalidBecause("vcdm.json.syntax", err)
}

// list returns the items of an array, or the one value that stands for it. An empty array is refused.
func list(v *strictjson.Value, code, property string) ([]strictjson.Value, error) {
	if v.Kind() != strictjson.Array {
		return []strictjson.Value{*v}, nil
	}
	items := v.Elems()
	switch {
	case len(items) == 0:
		return nil, vc.Invalid(code, property+" is an empty array")
	case len(items) > MaxItems:
		return nil, vc.Invalid("vcdm.limit", property+" has too many items")
	}
	return items, nil
}
