package didwebvh

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

// testKey returns the same key for the same name, always.
func testKey(tb testing.TB, name string) *keys.PrivateKey {
	tb.Helper()
	seed := sha256.Sum256([]byte("didwebvh test key " + name))
	k, err := keys.NewPrivateKey(keys.Ed25519, seed[:])
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func multikey(tb testing.TB, name string) string { return testKey(tb, name).Public().Multikey() }

var start = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// object is a JSON object in the making.
type object = map[string]any

// forger writes logs without any of the checks of this package.
type forger struct {
	tb       testing.TB
	scid     string
	previous string // versionId
	lines    []string
	witness  []byte
}

// step is one entry that is forged. The functions change it before it is hashed, before it is signed, and at the end.
type step struct {
	parameters    object
	state         object // nil: that of document
	signers       []string
	before, after func(e object)
	line          func(s string) string
}

func document(extra object) object {
	d := object{"@context": []any{"https://www.w3.org/ns/did/v1"}, "id": "did:webvh:{SCID}:example.com"}
	for k, v := range extra {
		d[k] = v
	}
	return d
}

func (f *forger) canonical(e any) []byte {
	f.tb.Helper()
	b, err := strictjson.Canonical(e)
	if err != nil {
		f.tb.Fatal(err)
	}
	return b
}

// filled returns e with the SCID in place of its placeholder.
func (f *forger) filled(e object) object {
	f.tb.Helper()
	v, err := strictjson.Parse(bytes.ReplaceAll(f.canonical(e), []byte(Placeholder), []byte(f.scid)), strictjson.Limits{})
	if err != nil {
		f.tb.Fatal(err)
	}
	return v.Interface().(map[string]any)
}

func (f *forger) add(s step) *forger {
	f.tb.Helper()
	n := len(f.lines) + 1
	if s.parameters == nil {
		s.parameters = object{}
	}
	if n == 1 {
		for name, value := range (object{"method": methodVersion, "scid": Placeholder, "updateKeys": []any{multikey(f.tb, "a")}}) {
			if _, has := s.parameters[name]; !has {
				s.parameters[name] = value
			}
		}
	}
	for name, value := range s.parameters {
		if value == "absent" {
			delete(s.parameters, name)
		}
	}
	if s.state == nil {
		s.state = document(nil)
	}
	e := object{
		"versionId": f.previous, "versionTime": start.Add(time.Duration(n) * time.Hour).Format(time.RFC3339),
		"parameters": s.parameters, "state": s.state,
	}
	if n == 1 {
		e["versionId"] = Placeholder
	}
	if s.before != nil {
		s.before(e)
	}
	if n == 1 {
		f.scid = hash(f.canonical(e))
	}
	e = f.filled(e)
	e["versionId"] = fmt.Sprintf("%d-%s", n, hash(f.canonical(e)))
	if s.signers == nil {
		s.signers = []string{"a"}
	}
	proofs := []any{}
	text := f.canonical(e)
	for _, name := range s.signers {
		proofs = append(proofs, f.proof(name, text))
	}
	e["proof"] = proofs
	if s.after != nil {
		s.after(e)
	}
	f.previous, _ = e["versionId"].(string)
	line := string(f.canonical(e))
	if s.line != nil {
		line = s.line(line)
	}
	f.lines = append(f.lines, line)
	return f
}

// proof signs a canonical document.
func (f *forger) proof(signer string, text []byte) object {
	f.tb.Helper()
	b, err := sign(context.Background(), text, start, testKey(f.tb, signer))
	if err != nil {
		f.tb.Fatal(err)
	}
	v, err := strictjson.Parse(b, strictjson.Limits{})
	if err != nil {
		f.tb.Fatal(err)
	}
	return v.Interface().(map[string]any)
}

// resigned returns a function that signs the entry again with other options.
func (f *forger) resigned(signer string, options object) func(e object) {
	return func(e object) {
		delete(e, "proof")
		text := f.canonical(e)
		p := object{
			"type": proofType, "cryptosuite": cryptosuite, "proofPurpose": proofPurpose,
			"verificationMethod": testKey(f.tb, signer).Public().DIDKeyURL(),
		}
		for name, value := range options {
			if p[name] = value; value == nil {
				delete(p, name)
			}
		}
		a, b := sha256.Sum256(f.canonical(p)), sha256.Sum256(text)
		sig, err := testKey(f.tb, signer).Sign(context.Background(), append(a[:], b[:]...))
		if err != nil {
			f.tb.Fatal(err)
		}
		p["proofValue"] = base58(sig)
		e["proof"] = []any{p}
	}
}

// approve adds a witness's proof for the newest version to did-witness.json.
func (f *forger) approve(signers ...string) *forger {
	f.tb.Helper()
	for _, s := range signers {
		var err error
		if f.witness, err = AddWitness(f.witness, f.previous, f.canonical(f.proof(s, witnessed(f.previous)))); err != nil {
			f.tb.Fatal(err)
		}
	}
	return f
}

func (f *forger) log() string {
	if len(f.lines) == 0 {
		return ""
	}
	return strings.Join(f.lines, "\n") + "\n"
}
