package strictjson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
)

func parse(t *testing.T, s string) strictjson.Value {
	t.Helper()
	v, err := strictjson.Parse([]byte(s), strictjson.Limits{})
	if err != nil {
		t.Fatalf("Parse(%s): got error %v, want none", s, err)
	}
	return v
}

func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want error
	}{
		"empty":                  {"", strictjson.ErrSyntax},
		"only space":             {" \n", strictjson.ErrSyntax},
		"byte order mark":        {"\ufeff{}", strictjson.ErrSyntax},
		"trailing data":          {"{} {}", strictjson.ErrSyntax},
		"trailing comma object":  {`{"a":1,}`, strictjson.ErrSyntax},
		"trailing comma array":   {`[1,]`, strictjson.ErrSyntax},
		"missing comma":          {`[1 2]`, strictjson.ErrSyntax},
		"missing colon":          {`{"a" 1}`, strictjson.ErrSyntax},
		"name not a string":      {`{a:1}`, strictjson.ErrSyntax},
		"unclosed object":        {`{"a":1`, strictjson.ErrSyntax},
		"unclosed array":         {`[[1]`, strictjson.ErrSyntax},
		"mismatched brackets":    {`[1}`, strictjson.ErrSyntax},
		"unclosed string":        {`"abcdefghijkl`, strictjson.ErrSyntax},
		"unclosed after escape":  {`"\n`, strictjson.ErrSyntax},
		"lone backslash":         {`"\`, strictjson.ErrSyntax},
		"short unicode escape":   {`"\u12"`, strictjson.ErrSyntax},
		"bad unicode escape":     {`"\u12g4"`, strictjson.ErrSyntax},
		"unknown escape":         {`"\x41"`, strictjson.ErrSyntax},
		"control character":      {"\"a\x1fb\"", strictjson.ErrSyntax},
		"late control character": {"\"abcdefghij\tk\"", strictjson.ErrSyntax},
		"invalid UTF-8":          {"\"\xff\"", strictjson.ErrSyntax},
		"surrogate in UTF-8":     {"\"\xed\xa0\x80\"", strictjson.ErrSyntax},
		"high surrogate alone":   {`"\ud800"`, strictjson.ErrSyntax},
		"low surrogate alone":    {`"\udc00"`, strictjson.ErrSyntax},
		"high surrogates":        {`"\ud800\ud800"`, strictjson.ErrSyntax},
		"high then letter":       {`"\ud800A"`, strictjson.ErrSyntax},
		"surrogate in a name":    {`{"\ud800":1}`, strictjson.ErrSyntax},
		"leading zero":           {`01`, strictjson.ErrSyntax},
		"plus sign":              {`+1`, strictjson.ErrSyntax},
		"no integer part":        {`.5`, strictjson.ErrSyntax},
		"no fraction digits":     {`1.`, strictjson.ErrSyntax},
		"no exponent digits":     {`1e+`, strictjson.ErrSyntax},
		"minus alone":            {`-`, strictjson.ErrSyntax},
		"hex number":             {`0x10`, strictjson.ErrSyntax},
		"NaN":                    {`NaN`, strictjson.ErrSyntax},
		"infinity":               {`-Infinity`, strictjson.ErrSyntax},
		"number too large":       {`1e400`, strictjson.ErrSyntax},
		"digits too many":        {strings.Repeat("9", 400), strictjson.ErrSyntax},
		"literal cut short":      {`tru`, strictjson.ErrSyntax},
		"literal too long":       {`nulls`, strictjson.ErrSyntax},
		"literal wrong case":     {`True`, strictjson.ErrSyntax},
		"comment":                {`{/**/}`, strictjson.ErrSyntax},
		"single quotes":          {`{'a':1}`, strictjson.ErrSyntax},
		"duplicate":              {`{"a":1,"b":2,"a":1}`, strictjson.ErrDuplicate},
		"duplicate by escape":    {`{"a":1,"\u0061":2}`, strictjson.ErrDuplicate},
		"duplicate nested":       {`[{"x":{"a":1,"a":2}}]`, strictjson.ErrDuplicate},
		"duplicate empty name":   {`{"":1,"":2}`, strictjson.ErrDuplicate},
		"duplicate among many":   {manyMembers(40, `,"m7":0`), strictjson.ErrDuplicate},
		"too deep":               {strings.Repeat("[", 33) + strings.Repeat("]", 33), strictjson.ErrLimit},
		"too deep, never closed": {strings.Repeat(`{"a":`, 100_000), strictjson.ErrLimit},
		"too many values":        {"[" + strings.Repeat("0,", 70_000) + "0]", strictjson.ErrLimit},
		"too long":               {strings.Repeat(" ", 1<<20) + "1", strictjson.ErrLimit},
	} {
		_, err := strictjson.Parse([]byte(c.in), strictjson.Limits{})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got error %v, want %v", name, err, c.want)
		}
	}
}

func manyMembers(n int, extra string) string {
	var b strings.Builder
	b.WriteString(`{"first":0`)
	for i := range n {
		fmt.Fprintf(&b, `,"m%d":%d`, i, i)
	}
	return b.String() + extra + "}"
}

func TestLimitsAreExact(t *testing.T) {
	in := []byte(`{"a":[1,2],"b":[[]]}`) // 20 bytes, depth 3, 6 values
	for _, c := range []struct {
		lim strictjson.Limits
		ok  bool
	}{
		{strictjson.Limits{Bytes: 20, Depth: 3, Nodes: 6}, true},
		{strictjson.Limits{Bytes: 19}, false},
		{strictjson.Limits{Depth: 2}, false},
		{strictjson.Limits{Nodes: 5}, false},
	} {
		if _, err := strictjson.Parse(in, c.lim); (err == nil) != c.ok {
			t.Errorf("limits %+v: got error %v, want accepted %v", c.lim, err, c.ok)
		}
	}
}

func TestErrorsNameNoContent(t *testing.T) {
	_, err := strictjson.Parse([]byte(`{"secret":1,"secret":2}`), strictjson.Limits{})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got error %v, want one without the member's name", err)
	}
}

func TestAccessors(t *testing.T) {
	v := parse(t, ` {"s":"a\u00e9\ud83d\ude00\/","p":"plain","b":true,"n":null,"i":-42,"f":1.0,"a":[1,[2],{"x":[]}]} `)
	if got, want := v.Kind(), strictjson.Object; got != want {
		t.Fatalf("kind: got %v, want %v", got, want)
	}
	var names []string
	for _, m := range v.Members() {
		names = append(names, m.Name)
	}
	if got, want := strings.Join(names, ""), "spbnifa"; got != want {
		t.Errorf("order of members: got %s, want %s", got, want)
	}
	get := func(name string) strictjson.Value {
		m, ok := v.Get(name)
		if !ok {
			t.Fatalf("Get(%q): got nothing", name)
		}
		return m
	}
	if got, ok := get("s").Str(); !ok || got != "aé😀/" {
		t.Errorf("escaped string: got %q %v", got, ok)
	}
	if got, ok := get("p").Str(); !ok || got != "plain" {
		t.Errorf("plain string: got %q %v", got, ok)
	}
	if got := string(get("s").Raw()); got != `"a\u00e9\ud83d\ude00\/"` {
		t.Errorf("raw string: got %s", got)
	}
	if got, ok := get("b").Bool(); !ok || !got {
		t.Errorf("bool: got %v %v", got, ok)
	}
	if got, ok := get("i").Int64(); !ok || got != -42 {
		t.Errorf("integer: got %v %v", got, ok)
	}
	if got, ok := get("f").Int64(); ok {
		t.Errorf("1.0 as an integer: got %v, want refused", got)
	}
	if got, ok := get("f").Number(); !ok || got != "1.0" {
		t.Errorf("number: got %q %v", got, ok)
	}
	if got, want := string(get("a").Raw()), `[1,[2],{"x":[]}]`; got != want {
		t.Errorf("raw array: got %s, want %s", got, want)
	}
	if got, want := len(get("a").Elems()), 3; got != want {
		t.Errorf("elements: got %d, want %d", got, want)
	}
	if _, ok := v.Get("S"); ok {
		t.Error("Get with another case: got a value, want none")
	}
	if _, ok := get("p").Get("x"); ok {
		t.Error("Get on a string: got a value, want none")
	}
	for _, m := range v.Members() { // each accessor answers its own kind only
		_, s := m.Value.Str()
		_, b := m.Value.Bool()
		_, n := m.Value.Number()
		k := m.Value.Kind()
		if s != (k == strictjson.String) || b != (k == strictjson.Bool) || n != (k == strictjson.Number) ||
			(m.Value.Elems() != nil) != (k == strictjson.Array) {
			t.Errorf("%s: an accessor answered for another kind", m.Name)
		}
	}
	var zero strictjson.Value
	if zero.Kind() != strictjson.Invalid || zero.Raw() != nil || zero.Interface() != nil || zero.Members() != nil {
		t.Error("the zero Value: got content, want none")
	}
}

func TestInt64Range(t *testing.T) {
	for in, ok := range map[string]bool{
		"9223372036854775807": true, "-9223372036854775808": true, "9223372036854775808": false,
		"1e2": false, "1.5": false, "0": true,
	} {
		if _, got := parse(t, in).Int64(); got != ok {
			t.Errorf("Int64 of %s: got %v, want %v", in, got, ok)
		}
	}
}

// FuzzParse holds every accepted text against encoding/json, and the canonical form against itself.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{}`, `[]`, `"a"`, ` {"a":[1,-0.5e3,true,false,null,"\ud83d\ude00\n"],"b":{"c":{}}} `, `{"a":1,"a":2}`,
		`[[[[]]]]`, `"\u0000\"\\"`, `1e400`, `{"\u0061":1,"a":2}`, `[1,[2,[3,4],5],{"x":[6]}]`, "\"\xff\"", samplePayload(),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := strictjson.Parse(b, strictjson.Limits{})
		if err != nil {
			return
		}
		dec := json.NewDecoder(strings.NewReader(string(b)))
		dec.UseNumber()
		var want any
		if err := dec.Decode(&want); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v", err)
		}
		if got := v.Interface(); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %#v, want %#v", got, want)
		}
		c := strictjson.AppendCanonical(nil, v)
		c2, err := strictjson.Canonical(want)
		if err != nil || string(c) != string(c2) {
			t.Fatalf("canonical forms differ: %s, %s (%v)", c, c2, err)
		}
		again, err := strictjson.Parse(c, strictjson.Limits{Bytes: 8 << 20})
		if err != nil {
			t.Fatalf("canonical form refused: %v", err)
		}
		if c3 := strictjson.AppendCanonical(nil, again); string(c3) != string(c) {
			t.Fatalf("canonical form not stable: %s, then %s", c, c3)
		}
	})
}

// samplePayload is shaped like the payload of an SD-JWT: about 1.5 KB, mostly digests.
func samplePayload() string {
	var b strings.Builder
	b.WriteString(`{"iss":"did:realdid:qaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","iat":1790000000,"exp":1890000000,` +
		`"vct":"https://credentials.example.org/identity","_sd_alg":"sha-256","_sd":[`)
	for i := range 20 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"%s%03d"`, strings.Repeat("Ab3-_x9K", 5), i)
	}
	b.WriteString(`],"address":{"country":"XX","region":"North","_sd":["` + strings.Repeat("q", 43) + `"]},"cnf":{"jwk":{"kty":"EC","crv":"P-256","x":"` +
		strings.Repeat("x", 43) + `","y":"` + strings.Repeat("y", 43) + `"}}}`)
	return b.String()
}

func BenchmarkParse(b *testing.B) {
	in := []byte(samplePayload())
	b.Run("strictjson", func(b *testing.B) {
		b.SetBytes(int64(len(in)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := strictjson.Parse(in, strictjson.Limits{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(in)))
		b.ReportAllocs()
		for b.Loop() {
			var v any
			if err := json.Unmarshal(in, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCanonical(b *testing.B) {
	v, err := strictjson.Parse([]byte(samplePayload()), strictjson.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		dst = strictjson.AppendCanonical(dst[:0], v)
	}
}
