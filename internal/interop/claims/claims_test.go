package claims

import "testing"

// TestSeen: what is disclosable and not revealed is not seen, all else is.
func TestSeen(t *testing.T) {
	c := Credential{
		Claims:      map[string]any{"a": map[string]any{"b/c": "1", "d": "2"}, "list": []any{"x", map[string]any{"y": true}, "z"}, "open": nil},
		Disclosable: []string{"/a", "/a/b~1c", "/a/d", "/list/0", "/list/1/y"},
	}
	for _, test := range []struct {
		reveal []string
		want   any
	}{
		{nil, map[string]any{"list": []any{map[string]any{}, "z"}, "open": nil}},
		{[]string{"/a/b~1c"}, map[string]any{"a": map[string]any{"b/c": "1"}, "list": []any{map[string]any{}, "z"}, "open": nil}},
		{[]string{"/a", "/list/0"}, map[string]any{"a": map[string]any{"b/c": "1", "d": "2"}, "list": []any{"x", map[string]any{}, "z"}, "open": nil}},
		{[]string{""}, c.Claims},
	} {
		if got := c.Seen(test.reveal); !Same(got, test.want) {
			t.Errorf("%q: got %v, want %v", test.reveal, got, test.want)
		}
	}
	if got := c.Pointer("/list/1/y"); !Same(got, []any{"list", 1, "y"}) {
		t.Errorf("got %v", got)
	}
	if !c.IsElement("/list/0") || c.IsElement("/a/d") {
		t.Error("an element of an array is not told from a member of an object")
	}
}

// TestConcrete: the values at the concrete paths are those that vc.Path selects.
func TestConcrete(t *testing.T) {
	found := 0
	for i := range 500 {
		g := New(uint64(i))
		c := g.Next()
		query := g.Query(&c)
		want, ok := Selected(c.Claims, query)
		if !ok {
			continue
		}
		found++
		got := []any{}
		for _, p := range c.Concrete(query) {
			got = append(got, c.At(p))
		}
		if !Same(got, want) {
			t.Errorf("%s: got %v, want %v", Text(query), got, want)
		}
	}
	if found < 250 || found > 450 {
		t.Errorf("%d of 500 paths lead somewhere", found)
	}
}
