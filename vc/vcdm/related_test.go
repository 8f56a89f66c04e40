package vcdm_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/multiformats/go-multibase"

	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm"
)

func std(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
func url(b []byte) string { return "u" + base64.RawURLEncoding.EncodeToString(b) }

func TestCheckRelated(t *testing.T) {
	text := []byte("resource")
	s256, s384, s512 := sha256.Sum256(text), sha512.Sum384(text), sha512.Sum512(text)
	other := sha256.Sum256([]byte("other"))
	good, bad := "sha256-"+std(s256[:]), "sha256-"+std(other[:])
	strong := "sha512-" + std(s512[:])
	hash := func(head string, sum []byte) []byte { return append([]byte(head), sum...) }
	z, err := multibase.Encode(multibase.Base58BTC, hash("\x12\x20", s256[:]))
	if err != nil {
		t.Fatal(err)
	}
	goodHash, badHash := url(hash("\x12\x20", s256[:])), url(hash("\x12\x20", other[:]))
	for _, c := range []struct {
		name string
		ok   bool
		sri  string
		hash any
	}{
		{"SHA-256", true, good, nil},
		{"SHA-384", true, "sha384-" + std(s384[:]), nil},
		{"SHA-512 with options", true, strong + "?x=y", nil},
		{"of another text", false, bad, nil},
		{"one of two of a kind", true, bad + " " + good, nil},
		{"the other of two of a kind", true, good + " " + bad, nil},
		{"SHA-512 by a name that is not known", false, "md5-" + std(s512[:]), nil},
		{"the strongest counts", true, bad + " " + strong, nil},
		{"also if it does not fit", false, good + " sha512-" + std(s384[:]), nil},
		{"and if it stands first", false, "sha384-" + std(s512[:]) + " " + good, nil},
		{"a kind that is not known, beside a good one", true, "sha3-YQ== " + good, nil},
		{"only a kind that is not known", false, "md5-YQ==", nil},
		{"a prefix of the digest", false, "sha256-" + std(s256[:31]), nil},
		{"hexadecimal, as an input of the suite has it", false, "sha256-ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356", nil},
		{"multihash", true, "", goodHash},
		{"multihash in base58", true, "", z},
		{"multihash of SHA-384", true, "", url(hash("\x20\x30", s384[:]))},
		{"multihash of SHA-512", true, "", url(hash("\x13\x40", s512[:]))},
		{"multihash of another text", false, "", badHash},
		{"one of two multihashes of a kind", true, "", list{badHash, goodHash}},
		{"the other of two multihashes of a kind", true, "", list{goodHash, badHash}},
		{"a byte of a multihash", false, "", url([]byte{0x12})},
		{"nothing of a multihash of SHA-384", false, "", url([]byte{0x20})},
		{"nothing of a multihash of SHA-512", false, "", url([]byte{0x13})},
		{"SHA-384 under another number", false, "", url(hash("\x15\x30", s384[:]))},
		{"SHA-512 under another number", false, "", url(hash("\x14\x40", s512[:]))},
		{"SHA-384 with a wrong length", false, "", url(hash("\x20\x31", s384[:]))},
		{"SHA-512 with a wrong length", false, "", url(hash("\x13\x41", s512[:]))},
		{"the strongest multihash counts", false, "", list{goodHash, url(hash("\x13\x40", hash("", make([]byte, 64))))}},
		{"also if it stands first", false, "", list{url(hash("\x13\x40", hash("", make([]byte, 64)))), goodHash}},
		{"multihash of a kind that is not known", false, "", url(hash("\x16\x20", s256[:]))},
		{"multihash with a wrong length", false, "", url(hash("\x12\x1f", s256[:]))},
		{"digest without a header", true, "", url(s256[:])},
		{"digest of SHA-384 without a header", true, "", url(s384[:])},
		{"empty multihash", false, "", "uAA"},
		{"both kinds", true, good, goodHash},
		{"both kinds, and SRI does not fit", false, bad, goodHash},
		{"both kinds, and the multihash does not fit", false, good, badHash},
	} {
		r := object{"id": "https://example.org/1"}
		if c.sri != "" {
			r["digestSRI"] = c.sri
		}
		if c.hash != nil {
			r["digestMultibase"] = c.hash
		}
		cred := mustParse(t, variant{"relatedResource": list{object{"id": "urn:x:2", "digestSRI": bad}, r}})
		err := cred.CheckRelated(func(url string) ([]byte, bool) { return text, url == "https://example.org/1" })
		if (err == nil) != c.ok || err != nil && vc.Code(err) != "vcdm.related.mismatch" {
			t.Errorf("%s: got %v", c.name, err)
		}
		if err := cred.CheckRelated(func(string) ([]byte, bool) { return nil, false }); err != nil {
			t.Errorf("%s: got %v without the resource", c.name, err)
		}
	}
}

// TestManyDigests bounds the digests of one resource.
func TestManyDigests(t *testing.T) {
	base, _, _, _ := smallest()
	for n, ok := range map[int]bool{vcdm.MaxItems: true, vcdm.MaxItems + 1: false} {
		r := object{"id": "urn:x:1", "digestSRI": strings.Repeat("sha256-YQ== ", n)}
		if err := credential(variant{"relatedResource": r}.of(base)); (err == nil) != ok {
			t.Errorf("got %v for %d digests", err, n)
		}
	}
}

// TestRelatedContext compares the digests that W3C's suite states of the base context: those of the Recommendation's text fit, and
// those of a text of July 2024 do not.
func TestRelatedContext(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(vectors.Dir(t, "contexts"), "vc-data-model", "credentials", "v2"))
	if err != nil {
		t.Fatal(err)
	}
	lookup := func(url string) ([]byte, bool) { return b, url == vcdm.ContextV2 }
	for _, c := range []struct {
		sri, hash string
		ok        bool
	}{
		{"sha384-l/HrjlBCNWyAX91hr6LFV2Y3heB5Tcr6IeE4/Tje8YyzYBM8IhqjHWiWpr8+ZbYU", "uWZVc7WaX1h4D8rJVb-vlMIqxaEKEb1tYbX8fet7JJzQ", true},
		{"sha384-NSOcNpmdIVUxIJGvGUoe22FjTWrXiaXlsZ8q6912LdnR3KraQO2n75Ica4wK4Qeg", "uJKGMkOmFbVJhEfKTduMC2XCyvRAYLjOVmZWwIH1wQ7k", false},
	} {
		for _, r := range []object{{"digestSRI": c.sri}, {"digestMultibase": c.hash}, {"digestSRI": c.sri, "digestMultibase": c.hash}} {
			r["id"] = vcdm.ContextV2
			if err := mustParse(t, variant{"relatedResource": r}).CheckRelated(lookup); (err == nil) != c.ok {
				t.Errorf("got %v for %v", err, r)
			}
		}
	}
}
