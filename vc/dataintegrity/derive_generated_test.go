package dataintegrity_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// deriveGenerated signs a random credential, derives, verifies, and changes one value in what was derived, which must be noticed.
func deriveGenerated(t *testing.T, p *parties, suite dataintegrity.MandatorySuite, seed uint64) (derived bool) {
	t.Helper()
	made := newGenerator(seed, false).generate(p.issuer.Method.DID().String())
	base, err := dataintegrity.AddProof(t.Context(), p.issuerKey, marshal(t, made.credential), &dataintegrity.ProofOptions{
		Method: p.issuer.Method, Purpose: did.AssertionMethod, Cryptosuite: suite.WithMandatory(made.mandatory), Created: p.now,
	})
	if errors.Is(err, sd.ErrStatement) {
		return false // part of a list
	}
	if err != nil {
		t.Fatalf("seed %d: sign with mandatory %q: %v", seed, made.mandatory, err)
	}
	c, err := dataintegrity.ParseCredential(base, understood())
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	d, err := c.Derive(t.Context(), made.reveal, nil)
	if errors.Is(err, sd.ErrStatement) {
		return false
	}
	if err != nil {
		t.Fatalf("seed %d: derive %q: %v", seed, made.reveal, err)
	}
	check := func(b []byte) error {
		_, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), b, p.keys, &dataintegrity.ProofPolicy{Purpose: did.AssertionMethod, Now: p.now, Options: *understood()})
		return err
	}
	if err := check(d.Bytes()); err != nil {
		t.Fatalf("seed %d: mandatory %q, reveal %q: %v\n%s", seed, made.mandatory, made.reveal, err, d.Bytes())
	}
	object, _ := decode(t, d.Bytes()).(map[string]any)
	leaves := leavesOf(object)
	leaf := leaves[rand.New(rand.NewPCG(seed, 1)).IntN(len(leaves))]
	leaf()
	if changed := marshal(t, object); check(changed) == nil {
		t.Fatalf("seed %d: a change was not noticed:\n%s\n%s", seed, d.Bytes(), changed)
	}
	return true
}

// leavesOf returns a function for each value in a credential that changes it.
func leavesOf(object map[string]any) (out []func()) {
	other := func(v any) any {
		switch v := v.(type) {
		case bool:
			return !v
		case float64:
			return json.Number("77777777")
		case string:
			return v + "x"
		}
		return "x"
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, name := range sortedNames(v) {
				if s, _ := v[name].(string); name == "@context" || name == "proof" || name == "id" && strings.HasPrefix(s, "_:") {
					continue // the label of a blank node says nothing
				}
				switch v[name].(type) {
				case map[string]any, []any:
					walk(v[name])
				default:
					out = append(out, func() { v[name] = other(v[name]) })
				}
			}
		case []any:
			for i, e := range v {
				switch e.(type) {
				case map[string]any, []any:
					walk(e)
				default:
					out = append(out, func() { v[i] = other(e) })
				}
			}
		}
	}
	walk(object)
	return out
}

func TestDeriveGenerated(t *testing.T) {
	for name, s := range selectives {
		t.Run(name, func(t *testing.T) {
			p := newParties(t, s.algorithm, keys.Ed25519)
			n, all := 0, uint64(80)
			if s.algorithm == keys.BLS12381G2 { // which takes longer
				all = 40
			}
			for seed := range all {
				if deriveGenerated(t, p, s.suite, seed) {
					n++
				}
			}
			if n < int(all)*3/4 {
				t.Errorf("%d of %d credentials could be derived from, want most", n, all)
			}
		})
	}
}

func FuzzDerive(f *testing.F) {
	for seed := range uint64(5) {
		f.Add(seed, seed%2 == 0)
	}
	parties := map[string]*parties{}
	for name, s := range selectives {
		parties[name] = newParties(f, s.algorithm, keys.Ed25519)
	}
	f.Fuzz(func(t *testing.T, seed uint64, unlinkable bool) {
		name := "ecdsa-sd-2023"
		if unlinkable {
			name = "bbs-2023"
		}
		deriveGenerated(t, parties[name], selectives[name].suite, seed)
	})
}

// A holder cannot leave out what makes a credential expire or be revoked, whatever the issuer made mandatory.
func TestAlwaysMandatory(t *testing.T) {
	for name, s := range selectives {
		t.Run(name, func(t *testing.T) { alwaysMandatory(t, s.suite, s.algorithm) })
	}
}

func alwaysMandatory(t *testing.T, suite dataintegrity.MandatorySuite, algorithm keys.Algorithm) {
	p := newParties(t, algorithm, keys.Ed25519)
	credential := p.credential()
	credential["credentialStatus"] = map[string]any{
		"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "7", "statusListCredential": "https://example.org/list",
	}
	credential["termsOfUse"] = map[string]any{"type": "ExampleTerms", "id": "urn:example:terms"}
	base := p.issue(t, credential, &dataintegrity.IssueOptions{Cryptosuite: suite.WithMandatory([]string{"/issuer"})})
	d, err := base.Derive(t.Context(), []string{"/credentialSubject/alumniOf"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := decode(t, d.Bytes()).(map[string]any)
	for _, name := range []string{"@context", "id", "type", "issuer", "validFrom", "validUntil", "credentialStatus", "termsOfUse", "proof"} {
		if got[name] == nil {
			t.Errorf("%s is left out of %s", name, d.Bytes())
		}
	}
	if subject, _ := got["credentialSubject"].(map[string]any); subject["degree"] != nil || subject["alumniOf"] == nil {
		t.Errorf("got subject %v, want one claim", subject)
	}
}

func TestAlwaysMandatoryPointers(t *testing.T) {
	v, err := strictjson.Parse([]byte(`{"issuer": "did:example:1", "validUntil": "2027-01-01T00:00:00Z", "name": "x"}`), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	chosen := append(make([]string, 0, 8), "/name", "/issuer")
	if got, want := dataintegrity.AlwaysMandatory(v, chosen), []string{"/name", "/issuer", "/validUntil"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if extra := chosen[:3][2]; extra != "" {
		t.Errorf("the caller's slice has changed: %q", extra)
	}
}
