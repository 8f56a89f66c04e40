// Package strictjson reads JSON (RFC 8259) without the liberties that let two readers see two different texts: duplicate
// member names, invalid UTF-8, lone surrogates, numbers outside float64, trailing data and anything over a stated limit are
// errors, and member names are compared exactly. It keeps the order of members and the bytes as received, and writes the
// canonical form of RFC 8785 (JCS).
package strictjson

import (
	"encoding/json"
	"strconv"
)

// Kind is the kind of a JSON value.
type Kind uint8

// The kinds. Invalid is the kind of the zero Value only.
const (
	Invalid Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// String returns the kind's name in lower case.
func (k Kind) String() string {
	switch k {
	case Null:
		return "null"
	case Bool:
		return "boolean"
	case Number:
		return "number"
	case String:
		return "string"
	case Array:
		return "array"
	case Object:
		return "object"
	}
	return "invalid"
}

// Value is one JSON value of a parsed text. It is small, immutable and safe for concurrent use; it keeps the whole text
// alive. The zero Value has kind Invalid.
type Value struct {
	doc        *text
	start, end uint32 // of the bytes as received
	first, n   uint32 // Array: elements in doc.elems; Object: members in doc.members; escaped String: first-1 indexes doc.decoded
	kind       Kind
}

// Member is one member of an object, with its name unescaped.
type Member struct {
	Name  string
	Value Value
}

// text is what the values of one parse share.
type text struct {
	src     []byte
	str     string // the same bytes, so that strings without escapes are slices of it
	members []Member
	elems   []Value
	decoded []string // strings that were written with escapes
}

// Kind returns the kind of v.
func (v Value) Kind() Kind { return v.kind }

// Raw returns the bytes of v as received, without the white space around it. They are part of the slice that was parsed. A
// value made by [Value.WithMembers] or [Value.WithElems] was not received: it has none.
func (v Value) Raw() []byte {
	if v.doc == nil || v.doc.src == nil {
		return nil
	}
	return v.doc.src[v.start:v.end:v.end]
}

// Str returns the text of a String.
func (v Value) Str() (string, bool) {
	if v.kind != String {
		return "", false
	}
	if v.first != 0 {
		return v.doc.decoded[v.first-1], true
	}
	return v.doc.str[v.start+1 : v.end-1], true
}

// Bool returns the truth value of a Bool.
func (v Value) Bool() (value, ok bool) {
	if v.kind != Bool {
		return false, false
	}
	return v.doc.src[v.start] == 't', true
}

// Number returns a Number as it was written.
func (v Value) Number() (string, bool) {
	if v.kind != Number {
		return "", false
	}
	return v.doc.str[v.start:v.end], true
}

// Int64 returns a Number that is written as an integer (no fraction, no exponent) and fits in 64 bits. The value is exact,
// also beyond the 53 bits that the canonical form keeps.
func (v Value) Int64() (int64, bool) {
	s, ok := v.Number()
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// Elems returns the elements of an Array. The slice is shared: do not change it.
func (v Value) Elems() []Value {
	if v.kind != Array {
		return nil
	}
	return v.doc.elems[v.first : v.first+v.n : v.first+v.n]
}

// Members returns the members of an Object in the order written. The slice is shared: do not change it.
func (v Value) Members() []Member {
	if v.kind != Object {
		return nil
	}
	return v.doc.members[v.first : v.first+v.n : v.first+v.n]
}

// Get returns the member of an Object that has exactly this name.
func (v Value) Get(name string) (Value, bool) {
	for _, m := range v.Members() {
		if m.Name == name {
			return m.Value, true
		}
	}
	return Value{}, false
}

// Interface returns v as map[string]any, []any, string, json.Number, bool or nil (also for the zero Value).
func (v Value) Interface() any {
	switch v.kind {
	case Bool:
		b, _ := v.Bool()
		return b
	case Number:
		s, _ := v.Number()
		return json.Number(s)
	case String:
		s, _ := v.Str()
		return s
	case Array:
		list := make([]any, 0, v.n)
		for _, e := range v.Elems() {
			list = append(list, e.Interface())
		}
		return list
	case Object:
		m := make(map[string]any, v.n)
		for _, e := range v.Members() {
			m[e.Name] = e.Value.Interface()
		}
		return m
	}
	return nil
}
