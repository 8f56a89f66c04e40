package realperson

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
)

// object reads the members of a JSON object, each of which must be there and none of which may be unknown. The first fault stays in
// err; what comes after it reads as zero.
type object struct {
	value strictjson.Value
	err   error
}

// readObject expects an object that has exactly the named members; a name that ends in "?" may be absent.
func readObject(v strictjson.Value, names ...string) (*object, error) {
	if v.Kind() != strictjson.Object {
		return nil, errors.New("not an object")
	}
	known := 0
	for _, n := range names {
		name, optional := strings.CutSuffix(n, "?")
		_, ok := v.Get(name)
		switch {
		case ok:
			known++
		case !optional:
			return nil, fmt.Errorf("member %q is missing", name)
		}
	}
	if known != len(v.Members()) {
		return nil, errors.New("a member is not known")
	}
	return &object{value: v}, nil
}

// parseObject is readObject for a text.
func parseObject(b []byte, lim strictjson.Limits, names ...string) (*object, error) {
	v, err := strictjson.Parse(b, lim)
	if err != nil {
		return nil, err
	}
	return readObject(v, names...)
}

func (o *object) fail(name, why string) {
	if o.err == nil {
		o.err = fmt.Errorf("member %q: %s", name, why)
	}
}

func (o *object) has(name string) bool {
	_, ok := o.value.Get(name)
	return ok
}

func (o *object) get(name string) strictjson.Value {
	v, _ := o.value.Get(name)
	return v
}

// text returns a string of 1 to limit bytes.
func (o *object) text(name string, limit int) string {
	s, ok := o.get(name).Str()
	if !ok || s == "" || len(s) > limit {
		o.fail(name, "not a string, or empty, or too long")
		return ""
	}
	return s
}

// exactly wants a string of one value.
func (o *object) exactly(name, want string) {
	if s, ok := o.get(name).Str(); !ok || s != want {
		o.fail(name, "has another value than it must have")
	}
}

// octets returns what a string has in base64url without padding: low to high bytes.
func (o *object) octets(name string, low, high int) []byte {
	s, ok := o.get(name).Str()
	if !ok || len(s) > base64.RawURLEncoding.EncodedLen(high) {
		o.fail(name, "not a string, or too long")
		return nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < low || strings.ContainsAny(s, "\r\n") {
		o.fail(name, "not base64url of the right length")
		return nil
	}
	return b
}

// integer returns a number that is written as an integer.
func (o *object) integer(name string, low, high int64) int64 {
	n, ok := o.get(name).Int64()
	if !ok || n < low || n > high {
		o.fail(name, "not an integer in its range")
		return 0
	}
	return n
}

// time returns a date that is written in the one form of this profile.
func (o *object) time(name string) time.Time {
	s, _ := o.get(name).Str()
	t, ok := parseTime(s)
	if !ok {
		o.fail(name, "not a time in UTC with whole seconds")
	}
	return t
}

// seconds returns a NumericDate (RFC 7519, section 2).
func (o *object) seconds(name string) time.Time {
	return time.Unix(o.integer(name, firstSecond, lastSecond), 0).UTC()
}

var (
	firstSecond = time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	lastSecond  = time.Date(lastYear, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

// did returns a DID.
func (o *object) did(name string) did.DID {
	s, _ := o.get(name).Str()
	d, err := did.Parse(s)
	if err != nil {
		o.fail(name, "not a DID")
	}
	return d
}

// encode is how octets are written in JSON.
func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
