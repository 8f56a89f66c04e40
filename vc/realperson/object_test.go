package realperson

import (
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
)

// Members are all there, none is unknown, and each has one form.
func TestObject(t *testing.T) {
	read := func(text string, f func(o *object)) error {
		o, err := parseObject([]byte(text), strictjson.Limits{}, "x", "y?")
		if err != nil {
			return err
		}
		f(o)
		return o.err
	}
	octets := func(o *object) { o.octets("x", 2, 3) }
	text := func(o *object) { o.text("x", 3) }
	exactly := func(o *object) { o.exactly("x", "ab") }
	integer := func(o *object) { o.integer("x", 1, 3) }
	for _, c := range []struct {
		text string
		f    func(o *object)
		good bool
	}{
		{`{"x":"AAA"}`, octets, true},
		{`{"x":"AAAA","y":1}`, octets, true},
		{`{"x":"AA"}`, octets, false},
		{`{"x":"AAAAAA"}`, octets, false},
		{`{"x":"AAB"}`, octets, false},
		{`{"x":"AAA="}`, octets, false},
		{`{"x":"AA\nA"}`, octets, false},
		{`{"x":"AA+A"}`, octets, false},
		{`{"x":1}`, octets, false},
		{`{"x":"abc"}`, text, true},
		{`{"x":""}`, text, false},
		{`{"x":"abcd"}`, text, false},
		{`{"x":null}`, text, false},
		{`{"x":"ab"}`, exactly, true},
		{`{"x":"AB"}`, exactly, false},
		{`{"x":["ab"]}`, exactly, false},
		{`{"x":1}`, integer, true},
		{`{"x":3}`, integer, true},
		{`{"x":0}`, integer, false},
		{`{"x":4}`, integer, false},
		{`{"x":1.0}`, integer, false},
		{`{"x":"1"}`, integer, false},
		{`{"y":1}`, text, false},
		{`{"x":"a","z":1}`, text, false},
		{`{"x":"a","x":"a"}`, text, false},
		{`["x"]`, text, false},
		{`{"x":"a"} 1`, text, false},
	} {
		if err := read(c.text, c.f); (err == nil) != c.good {
			t.Errorf("%s: got %v, want taken %v", c.text, err, c.good)
		}
	}
	if err := read(`{"x":"a","y":1}`, func(o *object) { o.integer("x", 0, 1); o.text("y", 1) }); err == nil || err.Error() != `member "x": not an integer in its range` {
		t.Errorf("got %v, want the first fault", err)
	}
}
