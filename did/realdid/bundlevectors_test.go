package realdid_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/internal/vectors"
)

type trustVector struct {
	Origin    string            `json:"origin"`
	Log       proof.VerifierKey `json:"log"`
	Cosigners []cosignerVector  `json:"cosigners"`
	Witnesses int               `json:"witnesses"`
	Auditors  int               `json:"auditors"`
}

type cosignerVector struct {
	Key  proof.VerifierKey `json:"key"`
	Role string            `json:"role"`
}

type evidenceVector struct {
	Replayed     bool      `json:"replayed"`
	GenesisOnly  bool      `json:"genesisOnly"`
	Included     bool      `json:"included"`
	Latest       bool      `json:"latest"`
	Absent       bool      `json:"absent"`
	OperatorTime bool      `json:"operatorTime"`
	AsOf         time.Time `json:"asOf,omitzero"`
	Cosigners    []string  `json:"cosigners"` // role and name
}

// A bundle and what it proves to a verifier that trusts as stated.
type bundleVector struct {
	Name        string          `json:"name"`
	DID         string          `json:"did"`
	Trust       string          `json:"trust,omitempty"` // absent: none
	VersionTime string          `json:"versionTime,omitempty"`
	Bundle      hexBytes        `json:"bundle"`
	Document    json.RawMessage `json:"document"`
	VersionID   string          `json:"versionId"`
	Evidence    evidenceVector  `json:"evidence"`
}

// bundleSetting is what the vectors of a file of bundles share: the verifier's time, and policies by name.
type bundleSetting struct {
	Now    time.Time              `json:"now"`
	Trusts map[string]trustVector `json:"trusts"`
}

type badBundleVector struct {
	Fault  string   `json:"name"`
	DID    string   `json:"did"`
	Trust  string   `json:"trust,omitempty"`
	Bundle hexBytes `json:"bundle"`
	Code   string   `json:"code"`
	Error  string   `json:"error"` // a part of the text
}

func (v trustVector) trust(t *testing.T) *proof.Trust {
	t.Helper()
	out := &proof.Trust{Origin: v.Origin, Log: v.Log, Quorum: proof.Quorum{Witnesses: v.Witnesses, Auditors: v.Auditors}}
	for _, c := range v.Cosigners {
		out.Cosigners = append(out.Cosigners, proof.Cosigner{Key: c.Key, Role: must(proof.ParseRole(c.Role))(t)})
	}
	return out
}

func trustVectorOf(p *proof.Trust) trustVector {
	out := trustVector{Origin: p.Origin, Log: p.Log, Witnesses: p.Quorum.Witnesses, Auditors: p.Quorum.Auditors}
	for _, c := range p.Cosigners {
		out.Cosigners = append(out.Cosigners, cosignerVector{c.Key, c.Role.String()})
	}
	return out
}

func evidenceOf(ev did.Evidence) evidenceVector {
	out := evidenceVector{ev.Replayed, ev.GenesisOnly, ev.Included, ev.Latest, ev.Absent, ev.OperatorTime, ev.AsOf, []string{}}
	for _, c := range ev.Cosigners {
		out.Cosigners = append(out.Cosigners, c.Role+" "+c.Name)
	}
	return out
}

func decodeObject(t *testing.T, b []byte) object {
	t.Helper()
	var o object
	ok(t, "decode", cbor.Unmarshal(b, &o))
	return o
}

// bundleTrusts are the policies of the vectors.
func bundleTrusts(w *proving) map[string]trustVector {
	auditors := trustVectorOf(w.lg.trust)
	witnesses := auditors
	witnesses.Auditors = 0
	return map[string]trustVector{"witnesses and auditors": auditors, "witnesses alone": witnesses}
}

const trusted = "witnesses and auditors"

func (f bundleSetting) verifier(t *testing.T, trust string) *realdid.Verifier {
	t.Helper()
	var ledgers []realdid.TrustedLedger
	if trust != "" {
		ledgers = append(ledgers, realdid.TrustedLedger{Trust: f.Trusts[trust].trust(t)})
	}
	return must(realdid.NewVerifier(ledgers, &realdid.VerifierOptions{Clock: func() time.Time { return f.Now }}))(t)
}

// TestBundleVectorsAreMade makes bundles.json.
func TestBundleVectorsAreMade(t *testing.T) {
	w := newProvingWorld(t)
	all := everyBundle(t, w)
	f := bundleSetting{Now: w.now, Trusts: bundleTrusts(w)}
	var made []bundleVector
	add := func(name, of, trust, versionTime string) {
		b := all[of]
		opt := &did.ResolveOptions{}
		if versionTime != "" {
			opt.VersionTime = must(time.Parse(time.RFC3339, versionTime))(t)
		}
		r := must(f.verifier(t, trust).Verify(t.Context(), b.id, b.bundle, opt))(t)
		made = append(made, bundleVector{
			name, b.id.String(), trust, versionTime, b.bundle, r.Document.Canonical(), r.Metadata.VersionID, evidenceOf(r.Evidence),
		})
	}
	add("operations and proof", "operations", trusted, "")
	add("operations and proof, the first version", "operations", trusted, start.Format(time.RFC3339))
	add("operations and proof under witnesses alone", "operations", "witnesses alone", "")
	add("state and proof", "state", trusted, "")
	add("operations alone", "no proof", "", "")
	add("absent long form", "absent", trusted, "")
	add("absent long form under witnesses alone", "absent", "witnesses alone", "")
	add("long form alone", "nothing but itself", "", "")
	compareBundles(t, "bundles", f, made)
}

func TestBundleVectors(t *testing.T) {
	f := vectors.Read[bundleSetting, bundleVector](t, "realdid/bundles")
	for _, v := range f.Vectors {
		opt := &did.ResolveOptions{}
		if v.VersionTime != "" {
			opt.VersionTime = must(time.Parse(time.RFC3339, v.VersionTime))(t)
		}
		r, err := f.Setting.verifier(t, v.Trust).Verify(t.Context(), did.MustParse(v.DID), v.Bundle, opt)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		var doc bytes.Buffer
		ok(t, "document", json.Compact(&doc, v.Document))
		if !bytes.Equal(r.Document.Canonical(), doc.Bytes()) || r.Metadata.VersionID != v.VersionID {
			t.Errorf("%s: got %s %s", v.Name, r.Document.Canonical(), r.Metadata.VersionID)
		}
		got, want := must(json.Marshal(evidenceOf(r.Evidence)))(t), must(json.Marshal(v.Evidence))(t)
		if !bytes.Equal(got, want) {
			t.Errorf("%s: evidence: got %s, want %s", v.Name, got, want)
		}
	}
}

func compareBundles[V any](t *testing.T, name string, s bundleSetting, made []V) {
	t.Helper()
	vectors.Compare(t, *update, "realdid/"+name, vectors.File[bundleSetting, V]{Kind: "realdid." + name, Setting: s, Vectors: made})
}

func TestBadBundleVectors(t *testing.T) {
	compareBundles(t, "bad-bundles", vectors.Read[bundleSetting, bundleVector](t, "realdid/bundles").Setting, badBundles(t))
	f := vectors.Read[bundleSetting, badBundleVector](t, "realdid/bad-bundles")
	names := map[string]bool{}
	for _, v := range f.Vectors {
		if names[v.Fault] {
			t.Errorf("%s: twice", v.Fault)
		}
		names[v.Fault] = true
		_, err := f.Setting.verifier(t, v.Trust).Verify(t.Context(), did.MustParse(v.DID), v.Bundle, nil)
		if err == nil || string(did.AsError(err).Code) != v.Code || !strings.Contains(err.Error(), v.Error) {
			t.Errorf("%s: got %v, want %s %q", v.Fault, err, v.Code, v.Error)
		}
		if v.Code == string(did.InvalidDIDDocument) && !errors.Is(err, realdid.ErrBundle) {
			t.Errorf("%s: got %v, want ErrBundle", v.Fault, err)
		}
	}
}

func decodeInto(b []byte, v any) error { return cbor.Unmarshal(b, v) }
