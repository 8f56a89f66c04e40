package realdid_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
)

// badIdentifiers are DIDs that are wrong in one way each.
func badIdentifiers(t *testing.T) []badIdentifierVector {
	t.Helper()
	var out []badIdentifierVector
	bad := func(fault, err, d string) { out = append(out, badIdentifierVector{fault, d, err}) }
	p := rawCreate('q')
	create := seal(t, p, ed(0))
	op := mustParse(t, create)
	scid := op.Identifier().SCID.String()
	b64 := base64.RawURLEncoding
	const prefix = "did:realdid:"
	bad("another-method", "method", "did:key:"+scid)
	bad("method-upper-case", "INVALID_DID", "did:RealDID:"+scid)
	bad("scid-upper-case", "scid", prefix+strings.ToUpper(scid))
	bad("scid-one-letter-upper-case", "scid", prefix+scid[:10]+"A"+scid[11:])
	bad("scid-of-52", "domain", prefix+scid[:52])
	bad("scid-of-54", "domain", prefix+scid+"a")
	bad("scid-of-another-suite", "scid", prefix+"x"+scid[1:])
	bad("scid-with-a-zero", "scid", prefix+scid[:20]+"0"+scid[21:])
	bad("scid-pad-bits", "scid", prefix+scid[:52]+string(next32(scid[52])))
	bad("scid-percent-encoded", "domain", prefix+"%71"+scid[1:])
	bad("domain-main", "main domain is never written", prefix+"main:"+scid)
	bad("domain-upper-case", "domain", prefix+"Example:"+scid)
	bad("domain-with-a-dot", "domain", prefix+"a.b:"+scid)
	bad("domain-of-32", "domain", prefix+strings.Repeat("a", 32)+":"+scid)
	bad("domain-empty", "domain", prefix+":"+scid)
	bad("domain-alone", "segments", prefix+"example")
	bad("domain-and-scid-of-52", "scid", prefix+"example:"+scid[:52])
	bad("domain-and-suite-alone", "scid", prefix+"example:q")
	bad("two-domains", "scid", prefix+"a:b:"+scid)
	bad("four-segments", "segments", prefix+"example:"+scid+":AA:AA")
	bad("colon-at-the-end", "INVALID_DID", prefix+scid+":")
	bad("empty-id", "INVALID_DID", prefix)
	bad("with-a-fragment", "INVALID_DID", prefix+scid+"#a")
	long := func(op []byte) string { return prefix + scid + ":" + b64.EncodeToString(op) }
	bad("long-form-padded", "INVALID_DID", long(create)+"=")
	bad("long-form-standard-alphabet", "INVALID_DID", prefix+scid+":+/+/")
	bad("long-form-percent", "long form: not canonical base64url", long(create)+"%20")
	cut := long(create[:len(create)-len(create)%3-2]) // one unused character's worth of bits
	bad("long-form-unused-bits", "long form: not canonical base64url", cut[:len(cut)-1]+string(next64(cut[len(cut)-1])))
	bad("long-form-cut-short", "not deterministic CBOR", long(create[:len(create)-1]))
	bad("long-form-trailing-byte", "not deterministic CBOR", long(append(bytes.Clone(create), 0)))
	bad("long-form-over-2048", "longer than 2048 bytes", long(bytes.Repeat(create, 9)))
	q := rawCreate('q')
	q[memberSalt] = bytes.Repeat([]byte{9}, 16)
	bad("long-form-of-another-identifier", "genesis of another identifier", long(seal(t, q, ed(0))))
	q = rawCreate('q')
	q[memberDomain] = "example"
	other := mustParse(t, seal(t, q, ed(0)))
	bad("long-form-of-another-domain", "genesis of another identifier", prefix+other.Identifier().SCID.String()+":"+b64.EncodeToString(other.Bytes()))
	bad("long-form-with-a-wrong-signature", "signature", long(resigned(t, create, ed(7))))
	bad("long-form-of-an-update", "not a genesis", long(seal(t, wellFormed(2), ed(0))))
	q = rawCreate('q')
	q[memberControl] = keySet(1, multicodec(0), multicodec(5))
	two := mustParse(t, seal(t, q, ed(0), ed(5)))
	twoLong := prefix + two.Identifier().SCID.String() + ":"
	bad("long-form-with-a-signature-too-many", "more signatures than the threshold needs", twoLong+b64.EncodeToString(two.Bytes()))
	bad("long-form-signed-by-the-second", "first control keys", twoLong+b64.EncodeToString(seal(t, q, nil, ed(5))))
	return out
}

// next32 and next64 give the character with the lowest bit set, where it must be zero.
func next32(c byte) byte {
	const a = "abcdefghijklmnopqrstuvwxyz234567"
	return a[strings.IndexByte(a, c)+1]
}

func next64(c byte) byte {
	const a = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return a[strings.IndexByte(a, c)+1]
}

func TestLongFormHasOneSpelling(t *testing.T) {
	p := rawCreate('q')
	p[memberControl] = object{0: 3, 1: [][]byte{multicodec(0), multicodec(5), multicodec(6)}, 2: []uint64{1, 2, 1}}
	all, first, rest := mustParse(t, seal(t, p, ed(0), ed(5), ed(6))), mustParse(t, seal(t, p, ed(0), ed(5))), mustParse(t, seal(t, p, nil, ed(5), ed(6)))
	a, b := must(all.LongForm())(t), must(first.LongForm())(t)
	if a != b {
		t.Error("signatures beyond the threshold make another long form")
	}
	if _, err := rest.LongForm(); err == nil {
		t.Error("a long form without the first control key")
	}
	if all.ID() != rest.ID() || all.Identifier().Short() != rest.Identifier().Short() {
		t.Error("signatures change the operation ID or the identifier")
	}
	d := rawCreate('q')
	alias := "https://example.com/" + strings.Repeat("x", 400)
	d[memberDocument] = object{2: []any{alias + "a", alias + "b", alias + "c", alias + "d"}}
	if _, err := mustParse(t, seal(t, d, ed(0))).LongForm(); !errors.Is(err, realdid.ErrIdentifier) {
		t.Errorf("a long form over 2,048 characters: got %v, want ErrIdentifier", err)
	}
}

func FuzzIdentifier(f *testing.F) {
	p := rawCreate('q')
	op, err := realdid.ParseOperation(seal(f, p, ed(0)))
	if err != nil {
		f.Fatal(err)
	}
	long, err := op.LongForm()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(long.String())
	f.Add(op.Identifier().Short().String())
	f.Add("did:realdid:example:" + op.Identifier().SCID.String())
	m, err := realdid.New(nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := did.Parse(s)
		if err != nil {
			return
		}
		id, err := realdid.ParseIdentifier(d)
		if err != nil {
			return
		}
		again := id.Short().String()
		if id.Genesis != nil {
			again += ":" + base64.RawURLEncoding.EncodeToString(id.Genesis)
		}
		if again != s {
			t.Fatalf("two spellings: %q and %q", s, again)
		}
		r, err := m.Resolve(t.Context(), d, nil)
		if err == nil && (r.Document.ID != d || r.Metadata.CanonicalID != id.Short().String()) {
			t.Fatalf("%q resolves to %v", s, r.Document.ID)
		}
	})
}
