package strictjson_test

import (
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
)

func TestOffsetsTellValuesApart(t *testing.T) {
	in := ` {"a" : [ [ ] , {"b":1} , "x"], "c":{} } `
	seen := map[int]string{}
	var walk func(v strictjson.Value)
	walk = func(v strictjson.Value) {
		raw := string(v.Raw())
		if other, ok := seen[v.Offset()]; ok {
			t.Errorf("offset %d: both %s and %s", v.Offset(), other, raw)
		}
		seen[v.Offset()] = raw
		if got := in[v.Offset() : v.Offset()+len(raw)]; got != raw {
			t.Errorf("text at the offset: got %s, want %s", got, raw)
		}
		for _, m := range v.Members() {
			walk(m.Value)
		}
		for _, e := range v.Elems() {
			walk(e)
		}
	}
	walk(parse(t, in))
	if got, want := len(seen), 7; got != want {
		t.Errorf("got %d values, want %d", got, want)
	}
}

func TestViews(t *testing.T) {
	v := parse(t, ` {"z":"\u0041b", "list": [ 1.0, {"secret":2, "kept":[true,null]} ], "secret":"s"} `)
	list, _ := v.Get("list")
	inner := list.Elems()[1]
	kept := inner.WithMembers(inner.Members()[1:])
	shorter := list.WithElems([]strictjson.Value{list.Elems()[0], kept})
	view := v.WithMembers([]strictjson.Member{v.Members()[0], {Name: "list", Value: shorter}})

	if got, want := string(strictjson.AppendJSON(nil, view)), `{"z":"\u0041b","list":[1.0,{"kept":[true,null]}]}`; got != want {
		t.Errorf("AppendJSON: got %s, want %s", got, want)
	}
	if got, want := string(strictjson.AppendCanonical(nil, view)), `{"list":[1,{"kept":[true,null]}],"z":"Ab"}`; got != want {
		t.Errorf("AppendCanonical: got %s, want %s", got, want)
	}
	if got, err := strictjson.Canonical(view.Interface()); err != nil || string(got) != `{"list":[1,{"kept":[true,null]}],"z":"Ab"}` {
		t.Errorf("Interface: got %s, %v", got, err)
	}
	for name, p := range map[string][2]strictjson.Value{"object": {view, v}, "array": {shorter, list}, "inner": {kept, inner}} {
		if p[0].Offset() != p[1].Offset() || p[0].Kind() != p[1].Kind() {
			t.Errorf("%s: got offset %d and kind %v, want %d and %v", name, p[0].Offset(), p[0].Kind(), p[1].Offset(), p[1].Kind())
		}
		if raw := p[0].Raw(); raw != nil {
			t.Errorf("%s: Raw shows %s, want nothing", name, raw)
		}
	}
	if _, ok := view.Get("secret"); ok {
		t.Error("a member left out is still found")
	}
	if got, want := string(v.Raw()[:5]), `{"z":`; got != want || len(v.Members()) != 3 {
		t.Errorf("the value itself changed: %s…, %d members", got, len(v.Members()))
	}
}

func TestEmptyAndWrongViews(t *testing.T) {
	v := parse(t, `{"a":[1]}`)
	a, _ := v.Get("a")
	for want, got := range map[string]strictjson.Value{"{}": v.WithMembers(nil), "[]": a.WithElems(nil), "null": {}} {
		if s := string(strictjson.AppendJSON(nil, got)); s != want {
			t.Errorf("AppendJSON: got %s, want %s", s, want)
		}
	}
	if v.WithElems(nil).Kind() != strictjson.Invalid || a.WithMembers(nil).Kind() != strictjson.Invalid || a.Elems()[0].WithMembers(nil).Kind() != strictjson.Invalid {
		t.Error("a view of another kind: got a value, want the zero Value")
	}
}

func TestAppendJSON(t *testing.T) {
	in := ` { "b" : [ 1e2 , -0.0, "\/\u00e9", true , false, null, { } , [ ] ] , "\u0061\n" : 12345678901234567890 } `
	want := `{"b":[1e2,-0.0,"\/\u00e9",true,false,null,{},[]],"a\n":12345678901234567890}`
	if got := string(strictjson.AppendJSON([]byte("x"), parse(t, in))); got != "x"+want {
		t.Errorf("got %s, want x%s", got, want)
	}
}
