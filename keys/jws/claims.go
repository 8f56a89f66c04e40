package jws

import (
	"math"
	"strconv"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
)

// Latest is the largest NumericDate that is read and written: the end of the year 9999.
const Latest = 253402300799

// NumericDate reads a date of a JWT (RFC 7519, section 2): an integer number of seconds from 1970 to Latest, in any of the ways in which
// JSON writes it (1e9 is what some encoders make of 1000000000). The zero Value, which stands for a claim that is absent, gives the
// zero time. It is for packages of this module.
func NumericDate(v strictjson.Value) (time.Time, bool) {
	if v.Kind() == strictjson.Invalid {
		return time.Time{}, true
	}
	n, ok := v.Int64()
	if !ok {
		s, _ := v.Number()
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || f != math.Trunc(f) || f < 0 || f > Latest {
			return time.Time{}, false
		}
		n = int64(f)
	}
	if n < 0 || n > Latest {
		return time.Time{}, false
	}
	return time.Unix(n, 0).UTC(), true
}

// Audience reads aud (RFC 7519, section 4.1.3): a string or a list of strings that is not empty. The zero Value gives nobody. It is
// for packages of this module.
func Audience(v strictjson.Value) ([]string, bool) {
	if v.Kind() == strictjson.Invalid {
		return nil, true
	}
	if s, ok := v.Str(); ok {
		return []string{s}, true
	}
	var list []string
	for _, e := range v.Elems() {
		s, ok := e.Str()
		if !ok {
			return nil, false
		}
		list = append(list, s)
	}
	return list, len(list) > 0
}
