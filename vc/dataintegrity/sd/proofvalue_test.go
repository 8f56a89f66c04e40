package sd_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

var header = sd.Header{0xd9, 0x5d, 0x01}

// proofValue is one of four components, of every type.
type components struct {
	_      struct{} `cbor:",toarray"`
	Bytes  []byte
	List   [][]byte
	Texts  []string
	Labels map[uint64][]byte
	Index  []int
}

func sample(entries int) components {
	c := components{Bytes: bytes.Repeat([]byte{7}, 300), Labels: map[uint64][]byte{}, List: [][]byte{}, Texts: []string{}, Index: []int{}}
	for i := range entries {
		c.List = append(c.List, []byte{byte(i), byte(i >> 8), 3})
		c.Texts = append(c.Texts, strings.Repeat("é", i%40))
		c.Labels[uint64(i)] = []byte{byte(i), byte(i >> 8)}
		c.Index = append(c.Index, 2*i)
	}
	return c
}

func read(s string) (*components, error) {
	c := sd.OpenProofValue(s, header, 5)
	out := &components{Bytes: c.Bytes(-1), List: c.ByteStrings(3), Texts: c.Texts()}
	labels := c.DigestLabels(2)
	out.Index = c.Indexes()
	if err := c.Close(); err != nil {
		return nil, err
	}
	out.Labels = map[uint64][]byte{}
	for i, l := range labels {
		out.Labels[uint64(i)], _ = sd.DecodeLabel(l)
	}
	return out, nil
}

// An independent encoder writes the same bytes, and they are read again.
func TestProofValueIsCanonicalCBOR(t *testing.T) {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 23, 24, 255, 256, 300, 5000} {
		in := sample(n)
		want, err := mode.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		labels := make(sd.LabelMap, n)
		for i := range labels {
			labels[i] = sd.EncodeLabel(in.Labels[uint64(i)])
		}
		p, err := sd.NewProofValue(header, 5, 10).Bytes(in.Bytes).ByteStrings(in.List).Texts(in.Texts).DigestLabels(labels)
		if err != nil {
			t.Fatal(err)
		}
		p = p.Indexes(in.Index)
		if !bytes.Equal(p, append(header[:], want...)) {
			t.Fatalf("%d entries: got %x, want %x", n, []byte(p), want)
		}
		got, err := read(p.String())
		if err != nil || !reflect.DeepEqual(*got, in) {
			t.Errorf("%d entries: got %v, want what was written", n, err)
		}
		if h, err := sd.ProofHeader(p.String()); err != nil || h != header {
			t.Errorf("header: got %x, %v", h, err)
		}
	}
}

func TestProofValueRefuses(t *testing.T) {
	// [h'aa', [h'010203'], ["x"], {0: h'0102', 1: h'0304'}, [0, 5]]
	const good = "d95d01 85 41aa 81 43010203 81 6178 a2 00420102 01420304 82 00 05"
	text := func(h string) string {
		b, err := hex.DecodeString(strings.ReplaceAll(h, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		return "u" + base64.RawURLEncoding.EncodeToString(b)
	}
	change := func(from, to string) string {
		if strings.Count(good, from) != 1 {
			t.Fatalf("%q is not once in the sample", from)
		}
		return text(strings.Replace(good, from, to, 1))
	}
	if _, err := read(text(good)); err != nil {
		t.Fatalf("the sample: %v", err)
	}
	if _, err := read(change("00420102 01420304", "01420304 00420102")); err != nil {
		t.Errorf("labels in another order: got %v, want none", err)
	}
	for name, s := range map[string]string{
		"empty":                         "",
		"multibase alone":               "u",
		"base58btc":                     "z" + text(good)[1:],
		"base64url with padding":        text(good) + "==",
		"line break":                    text(good)[:9] + "\n" + text(good)[9:],
		"stray bits":                    strings.TrimSuffix(text(good), "U") + "V", // 26 bytes: two bits of the last character are unused
		"header cut":                    text("d95d"),
		"header of another suite":       change("d95d01", "d95d02"),
		"header of a base proof":        change("d95d01", "d95d00"),
		"nothing after the header":      text("d95d01"),
		"four components":               change("85 41aa", "84 41aa"),
		"six components":                text(strings.Replace(good, "85 41aa", "86 41aa", 1) + "00"),
		"trailing byte":                 text(good + " 00"),
		"cut":                           text(strings.TrimSuffix(good, " 05")),
		"array length not shortest":     change("85 41aa", "9805 41aa"),
		"indefinite array":              text(strings.Replace(good, "85 41aa", "9f 41aa", 1) + "ff"),
		"bytes length not shortest":     change("43010203", "5803010203"),
		"bytes length in eight bytes":   change("43010203", "5b0000000000000003010203"),
		"indefinite bytes":              change("43010203", "5f 43010203 ff"),
		"bytes too short":               change("43010203", "420102"),
		"bytes too long":                change("43010203", "4401020304"),
		"bytes longer than the text":    change("43010203", "5affffffff010203"),
		"bytes of 2^64-1":               change("43010203", "5bffffffffffffffff010203"),
		"text for bytes":                change("43010203", "63616263"),
		"bytes for text":                change("6178", "4178"),
		"text that is not UTF-8":        change("6178", "61ff"),
		"tag on bytes":                  change("43010203", "d840 43010203"),
		"tag on the map":                change("a2 00", "c0 a2 00"),
		"null":                          change("41aa", "f6"),
		"map for an array":              change("82 00 05", "a1 00 05"),
		"array for the map":             change("a2 00420102 01420304", "82 420102 420304"),
		"map key twice":                 change("01420304", "00420304"),
		"map key skipped":               change("01420304", "02420304"),
		"map key negative":              change("01420304", "20420304"),
		"map key as text":               change("01420304", "6131420304"),
		"map key not shortest":          change("01420304", "1801420304"),
		"map label twice":               change("01420304", "01420102"),
		"map label short":               change("01420304", "014103"),
		"map value an integer":          change("01420304", "0104"),
		"map with more than it has":     change("a2 00", "a3 00"),
		"index twice":                   change("82 00 05", "82 05 05"),
		"indexes descending":            change("82 00 05", "82 05 00"),
		"index negative":                change("82 00 05", "82 00 24"),
		"index as float":                change("82 00 05", "82 00 f94500"),
		"index not shortest":            change("82 00 05", "82 00 1805"),
		"index of a byte in two":        change("82 00 05", "82 00 1900c8"),
		"index of two bytes in four":    change("82 00 05", "82 00 1a0000012c"),
		"index huge":                    change("82 00 05", "82 00 1b7fffffffffffffff"),
		"index of 2^63":                 change("82 00 05", "82 00 1b8000000000000000"),
		"index just too large":          change("82 00 05", "82 00 192710"),
		"array of more than the text":   change("82 00 05", "9a0000ffff 00 05"),
		"array of 2^64-1":               change("82 00 05", "9bffffffffffffffff 00 05"),
		"length in a reserved form":     change("41aa", "5caa"),
		"longer than a proof value may": "u" + strings.Repeat("A", 1<<20),
	} {
		if got, err := read(s); err == nil {
			t.Errorf("%s: got %+v, want an error", name, *got)
		}
	}
	if err := sd.OpenProofValue(change("d95d01", "d95d00"), header, 5).Close(); !errors.Is(err, sd.ErrHeader) {
		t.Errorf("another header: got %v, want ErrHeader", err)
	}
	if err := sd.OpenProofValue(text(good), header, 5).Close(); err == nil {
		t.Error("components that nobody read: got no error")
	}
	for n, ok := range map[int]bool{sd.MaxStatements: true, sd.MaxStatements + 1: false} {
		c := sd.OpenProofValue(sd.NewProofValue(header, 1, n).Texts(make([]string, n)).String(), header, 1)
		c.Texts()
		if err := c.Close(); (err == nil) != ok {
			t.Errorf("%d entries: got %v, want accepted %v", n, err, ok)
		}
	}
	for n, ok := range map[int]bool{1 << 19: true, 1 << 20: false} {
		c := sd.OpenProofValue(sd.NewProofValue(header, 1, n).Bytes(make([]byte, n)).String(), header, 1)
		c.Bytes(-1)
		if err := c.Close(); (err == nil) != ok {
			t.Errorf("%d bytes: got %v, want accepted %v", n, err, ok)
		}
	}
	for _, s := range []string{"", "u", "uAA", "zAAAA", "uAAA=", "u" + strings.Repeat("A", 1<<20)} {
		if h, err := sd.ProofHeader(s); err == nil {
			t.Errorf("header of %.10q: got %x, want an error", s, h)
		}
	}
}

func TestNumberLabels(t *testing.T) {
	m := sd.LabelMap{"b2", "b0", "b300"}
	p, err := sd.NewProofValue(header, 1, 10).NumberLabels(m)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := hex.EncodeToString(p), "d95d0181a3000201000219012c"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c := sd.OpenProofValue(p.String(), header, 1)
	if got := c.NumberLabels(); !reflect.DeepEqual(got, m) || c.Close() != nil {
		t.Errorf("got %v, %v; want %v", got, c.Close(), m)
	}
	for _, bad := range []sd.LabelMap{{""}, {"c14n0"}, {"b"}, {"b-1"}} {
		if _, err := sd.NewProofValue(header, 1, 10).NumberLabels(bad); err == nil {
			t.Errorf("%q: got no error", bad)
		}
	}
	for name, h := range map[string]string{"label twice": "d95d0181a2000201 02", "label too large": "d95d0181a1001a00010000"} {
		b, err := hex.DecodeString(strings.ReplaceAll(h, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		c := sd.OpenProofValue("u"+base64.RawURLEncoding.EncodeToString(b), header, 1)
		if got := c.NumberLabels(); c.Close() == nil {
			t.Errorf("%s: got %v, want an error", name, got)
		}
	}
	if _, err := sd.NewProofValue(header, 1, 10).DigestLabels(sd.LabelMap{"b1"}); err == nil {
		t.Error("digests of labels that are none: got no error")
	}
}

func FuzzProofValue(f *testing.F) {
	for _, n := range []int{0, 1, 30} {
		in := sample(n)
		labels := make(sd.LabelMap, n)
		for i := range labels {
			labels[i] = sd.EncodeLabel(in.Labels[uint64(i)])
		}
		p, err := sd.NewProofValue(header, 5, 10).Bytes(in.Bytes).ByteStrings(in.List).Texts(in.Texts).DigestLabels(labels)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(p.Indexes(in.Index)))
	}
	strict, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden, MaxArrayElements: 1 << 17, MaxMapPairs: 1 << 17,
	}.DecMode()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := "u" + base64.RawURLEncoding.EncodeToString(b)
		got, err := read(s)
		if err != nil {
			return
		}
		var want components
		if err := strict.Unmarshal(b[3:], &want); err != nil || !bytes.Equal(want.Bytes, got.Bytes) || len(want.List) != len(got.List) || len(want.Labels) != len(got.Labels) {
			t.Fatalf("another reader: got %+v, %v; want %+v", want, err, got)
		}
		labels := make(sd.LabelMap, len(got.Labels))
		for i := range labels {
			labels[i] = sd.EncodeLabel(got.Labels[uint64(i)])
		}
		p, err := sd.NewProofValue(header, 5, len(b)).Bytes(got.Bytes).ByteStrings(got.List).Texts(got.Texts).DigestLabels(labels)
		if err != nil {
			t.Fatal(err)
		}
		if p = p.Indexes(got.Index); len(p) != len(b) {
			t.Fatalf("written again: got %d bytes, want %d", len(p), len(b))
		}
	})
}

func TestNumber(t *testing.T) {
	h := sd.Header{0xd9, 0x5d, 0x41}
	for n, ok := range map[int]bool{0: true, 23: true, 24: true, sd.MaxStatements: true, sd.MaxStatements + 1: false, 1 << 20: false} {
		c := sd.OpenProofValue(sd.NewProofValue(h, 1, 8).Number(n).String(), h, 1)
		got := c.Number()
		if err := c.Close(); (err == nil) != ok || ok && got != n {
			t.Errorf("%d: got %d, %v", n, got, err)
		}
	}
	c := sd.OpenProofValue(sd.NewProofValue(h, 1, 8).Bytes([]byte{1}).String(), h, 1)
	if got := c.Number(); c.Close() == nil {
		t.Errorf("a byte string: got %d", got)
	}
}
