package sd_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

const selectDoc = `{
  "@context": ["https://www.w3.org/ns/credentials/v2", {"ex": "https://example.org/"}],
  "id": "urn:uuid:1", "type": ["VerifiableCredential", "ExampleCredential"],
  "issuer": {"id": "did:example:issuer", "name": "I", "url": "https://i.example"},
  "a/b": 1, "m~n": 2, "": 3, "~1": 4, "nothing": null, "yes": true,
  "list": ["zero", {"type": "T", "x": 1, "y": 2}, ["p", "q", "r"], {"@id": "urn:4", "@type": "U", "@context": {"z": "urn:z"}, "z": 5}],
  "credentialSubject": {"id": "_:b0", "type": "Person", "name": {"@value": "N", "@language": "en"}, "children": [{"id": "did:example:c0", "age": 1}, {"age": 2}]},
  "0": "a member called 0"
}`

const selectRoot = `"@context":["https://www.w3.org/ns/credentials/v2",{"ex":"https://example.org/"}],"id":"urn:uuid:1","type":["VerifiableCredential","ExampleCredential"]`

func parse(t testing.TB, s string) strictjson.Value {
	t.Helper()
	v, err := strictjson.Parse([]byte(s), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSelect(t *testing.T) {
	doc := parse(t, selectDoc)
	for _, c := range []struct {
		pointers []string
		want     string // beside the root
	}{
		{[]string{"/issuer"}, `"issuer":{"id":"did:example:issuer","name":"I","url":"https://i.example"}`},
		{[]string{"/issuer/name"}, `"issuer":{"id":"did:example:issuer","name":"I"}`},
		{[]string{"/issuer/id"}, `"issuer":{"id":"did:example:issuer"}`},
		{[]string{"/issuer/name", "/issuer"}, `"issuer":{"id":"did:example:issuer","name":"I","url":"https://i.example"}`},
		{[]string{"/issuer", "/issuer/name"}, `"issuer":{"id":"did:example:issuer","name":"I","url":"https://i.example"}`},
		{[]string{"/issuer/url", "/issuer/name", "/issuer/url"}, `"issuer":{"id":"did:example:issuer","name":"I","url":"https://i.example"}`},
		{[]string{"/type/1"}, ``},
		{[]string{"/@context"}, ``},
		{[]string{"/id"}, ``},
		{[]string{"/a~1b"}, `"a/b":1`},
		{[]string{"/m~0n"}, `"m~n":2`},
		{[]string{"/~01"}, `"~1":4`},
		{[]string{"/"}, `"":3`},
		{[]string{"/0"}, `"0":"a member called 0"`},
		{[]string{"/nothing", "/yes"}, `"nothing":null,"yes":true`},
		{[]string{"/list/0"}, `"list":["zero"]`},
		{[]string{"/list/2/2", "/list/2/0"}, `"list":[["p","r"]]`},
		{[]string{"/list/1/y", "/list/0"}, `"list":["zero",{"type":"T","y":2}]`},
		{[]string{"/list/3/z"}, `"list":[{"@id":"urn:4","@type":"U","@context":{"z":"urn:z"},"z":5}]`},
		{[]string{"/list/3/@id"}, `"list":[{"@id":"urn:4","@type":"U","@context":{"z":"urn:z"}}]`},
		{[]string{"/credentialSubject/children/1/age"}, `"credentialSubject":{"id":"_:b0","type":"Person","children":[{"age":2}]}`},
		{[]string{"/credentialSubject/children/0/age"}, `"credentialSubject":{"id":"_:b0","type":"Person","children":[{"id":"did:example:c0","age":1}]}`},
		{[]string{"/credentialSubject/name/@value"}, `"credentialSubject":{"id":"_:b0","type":"Person","name":{"@value":"N"}}`},
	} {
		got, err := sd.Select(doc, c.pointers)
		if err != nil {
			t.Errorf("%q: got error %v, want none", c.pointers, err)
			continue
		}
		want := "{" + selectRoot + "}"
		if c.want != "" {
			want = "{" + selectRoot + "," + c.want + "}"
		}
		if s := string(strictjson.AppendJSON(nil, got)); s != want {
			t.Errorf("%q:\n got %s\nwant %s", c.pointers, s, want)
		}
		reversed := slices.Clone(c.pointers)
		slices.Reverse(reversed)
		again, err := sd.Select(doc, reversed)
		if err != nil || string(strictjson.AppendJSON(nil, again)) != want {
			t.Errorf("%q in another order: got %s, %v", c.pointers, strictjson.AppendJSON(nil, again), err)
		}
		sameOffsets(t, doc, got)
	}
}

// sameOffsets checks that every object and array of a view stands where it stood.
func sameOffsets(t *testing.T, doc, view strictjson.Value) {
	t.Helper()
	kinds := map[int]strictjson.Kind{}
	var walk func(v strictjson.Value, visit func(strictjson.Value))
	walk = func(v strictjson.Value, visit func(strictjson.Value)) {
		visit(v)
		for _, m := range v.Members() {
			walk(m.Value, visit)
		}
		for _, e := range v.Elems() {
			walk(e, visit)
		}
	}
	walk(doc, func(v strictjson.Value) { kinds[v.Offset()] = v.Kind() })
	walk(view, func(v strictjson.Value) {
		if kinds[v.Offset()] != v.Kind() {
			t.Errorf("offset %d: got %v, want %v", v.Offset(), v.Kind(), kinds[v.Offset()])
		}
	})
}

func TestSelectAllAndNothing(t *testing.T) {
	doc := parse(t, selectDoc)
	all := string(strictjson.AppendJSON(nil, doc))
	for _, pointers := range [][]string{{""}, {"", "/issuer"}, {"/issuer/name", ""}} {
		got, err := sd.Select(doc, pointers)
		if err != nil || string(strictjson.AppendJSON(nil, got)) != all {
			t.Errorf("%q: got %s, %v; want all", pointers, strictjson.AppendJSON(nil, got), err)
		}
	}
	if got, err := sd.Select(doc, nil); err != nil || got.Kind() != strictjson.Invalid {
		t.Errorf("no pointers: got %v, %v; want the zero Value", got.Kind(), err)
	}
}

func TestSelectRefuses(t *testing.T) {
	doc := parse(t, selectDoc)
	for name, pointers := range map[string][]string{
		"no such member":                {"/nobody"},
		"member of another case":        {"/Issuer"},
		"member below":                  {"/issuer/nobody"},
		"below a string":                {"/issuer/name/x"},
		"below a number":                {"/a~1b/0"},
		"below null":                    {"/nothing/x"},
		"no leading slash":              {"issuer"},
		"another character for it":      {"xissuer"},
		"lone tilde":                    {"/m~n"},
		"tilde at the end":              {"/m~"},
		"tilde 2":                       {"/m~2n"},
		"trailing slash":                {"/issuer/"},
		"array: past the end":           {"/list/4"},
		"array: the end":                {"/list/-"},
		"array: leading zero":           {"/list/01"},
		"array: two zeros":              {"/list/00"},
		"array: sign":                   {"/list/+1"},
		"array: negative":               {"/list/-1"},
		"array: name":                   {"/list/length"},
		"array: number with a tail":     {"/list/1x"},
		"array: hexadecimal":            {"/list/0x1"},
		"array: empty token":            {"/list/"},
		"array: huge":                   {"/list/18446744073709551616"},
		"array: overflow to a small":    {"/list/4294967297"},
		"type past the end":             {"/type/2"},
		"below an id":                   {"/id/x"},
		"below the context":             {"/@context/7"},
		"proof, which is not there":     {"/proof"},
		"below a value that is chosen":  {"/issuer", "/issuer/nobody"},
		"below all, which is chosen":    {"", "/nobody"},
		"below an array that is chosen": {"/list", "/list/9"},
		"one of many":                   {"/issuer", "/yes", "/nobody"},
		"too many":                      make([]string, sd.MaxPointers+1),
	} {
		got, err := sd.Select(doc, pointers)
		if !errors.Is(err, sd.ErrPointer) {
			t.Errorf("%s: got %s, %v; want ErrPointer", name, strictjson.AppendJSON(nil, got), err)
		}
		if err != nil && strings.Contains(err.Error(), "issuer") {
			t.Errorf("%s: the error shows the document: %v", name, err)
		}
	}
}

// Objects with many members are looked up another way.
func TestSelectAmongMany(t *testing.T) {
	var text strings.Builder
	var pointers []string
	text.WriteString(`{"id":"urn:x"`)
	for i := range 200 {
		fmt.Fprintf(&text, `,"m%d":%d`, i, i)
		if i%2 == 0 {
			pointers = append(pointers, fmt.Sprintf("/m%d", i))
		}
	}
	text.WriteString("}")
	doc := parse(t, text.String())
	got, err := sd.Select(doc, pointers)
	if err != nil || len(got.Members()) != 101 {
		t.Fatalf("got %d members, %v; want 101", len(got.Members()), err)
	}
	if _, err := sd.Select(doc, append(pointers, "/m200")); !errors.Is(err, sd.ErrPointer) {
		t.Errorf("one that is missing: got %v, want ErrPointer", err)
	}
}

func FuzzSelect(f *testing.F) {
	f.Add(selectDoc, "/issuer\n/list/1/x")
	f.Add(selectDoc, "")
	f.Add(`{"a":[[1,2],[3]]}`, "/a/0/1\n/a/1")
	f.Add(`{"~":{"/":0}}`, "/~0/~1")
	f.Fuzz(func(t *testing.T, text, joined string) {
		doc, err := strictjson.Parse([]byte(text), strictjson.Limits{})
		if err != nil {
			t.Skip()
		}
		pointers := strings.Split(joined, "\n")
		view, err := sd.Select(doc, pointers)
		if err != nil {
			return
		}
		out := strictjson.AppendJSON(nil, view)
		again, err := strictjson.Parse(out, strictjson.Limits{Bytes: len(out)})
		if err != nil {
			t.Fatalf("what was chosen is not JSON: %v: %s", err, out)
		}
		if subset(doc, again) != nil {
			t.Fatalf("what was chosen is not part of the document: %v", subset(doc, again))
		}
		// Choosing all of a selection changes nothing.
		if whole, err := sd.Select(again, []string{""}); err != nil || string(strictjson.AppendJSON(nil, whole)) != string(out) {
			t.Fatalf("got %v, want the same", err)
		}
	})
}

// subset reports why part is no selection of whole.
func subset(whole, part strictjson.Value) error {
	if whole.Kind() != part.Kind() {
		return fmt.Errorf("%v for %v", part.Kind(), whole.Kind())
	}
	switch part.Kind() {
	case strictjson.Object:
		for _, m := range part.Members() {
			w, ok := whole.Get(m.Name)
			if !ok {
				return fmt.Errorf("member %q", m.Name)
			}
			if err := subset(w, m.Value); err != nil {
				return err
			}
		}
	case strictjson.Array:
		elems := whole.Elems()
	next:
		for _, e := range part.Elems() {
			for i, w := range elems {
				if subset(w, e) == nil {
					elems = elems[i+1:]
					continue next
				}
			}
			return errors.New("element")
		}
	default:
		if string(whole.Raw()) != string(part.Raw()) {
			return errors.New("value")
		}
	}
	return nil
}
