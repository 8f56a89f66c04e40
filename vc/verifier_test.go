package vc_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
)

var (
	now          = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	authority    = did.MustParse("did:example:authority")
	authorityKey = authority.WithFragment("key-1")
	citizenKey   = did.MustParse("did:example:citizen").WithFragment("phone")
)

// document is a format whose parts a test sets one by one.
type document struct {
	openErr   error
	mediaType string
	origin    vc.Origin
	signature error
	disclosed vc.Disclosed
	disclose  error
	binding   vc.Binding
	bound     error
	calls     []string
}

func (d *document) note(name string) { d.calls = append(d.calls, name) }

func (d *document) Open() (vc.Parsed, error) {
	if d.note("Open"); d.openErr != nil {
		return nil, d.openErr
	}
	return d, nil
}
func (d *document) MediaType() string                   { return d.mediaType }
func (d *document) Origin() vc.Origin                   { d.note("Origin"); return d.origin }
func (d *document) CheckSignature(keys.PublicKey) error { d.note("CheckSignature"); return d.signature }

func (d *document) Disclose() (vc.Disclosed, error) {
	d.note("Disclose")
	return d.disclosed, d.disclose
}
func (d *document) Binding() vc.Binding               { d.note("Binding"); return d.binding }
func (d *document) CheckBinding(keys.PublicKey) error { d.note("CheckBinding"); return d.bound }

// resolver answers as a test says.
type resolver struct {
	answers map[did.URL]*did.ResolvedKey
	err     error
	asked   []question
}

type question struct {
	url     did.URL
	purpose did.Purpose
	at      time.Time
}

func (r *resolver) Key(_ context.Context, u did.URL, p did.Purpose, at time.Time) (*did.ResolvedKey, error) {
	r.asked = append(r.asked, question{u, p, at})
	if r.err != nil {
		return nil, r.err
	}
	return r.answers[u], nil
}

// scene is a verification that succeeds until a test changes something.
type scene struct {
	doc    *document
	keys   *resolver
	expect *vc.Expect
	now    time.Time
}

func newScene(t *testing.T) *scene {
	t.Helper()
	key := func(a keys.Algorithm) keys.PublicKey {
		k, err := keys.Generate(a)
		if err != nil {
			t.Fatal(err)
		}
		return k.Public()
	}
	resolved := func(u did.URL, p did.Purpose, k keys.PublicKey) *did.ResolvedKey {
		return &did.ResolvedKey{
			Method: did.VerificationMethod{ID: u, Controller: u.DID(), Key: k, Purposes: p}, Status: did.KeyActive, VersionID: "7",
			Evidence: did.Evidence{Replayed: true, AsOf: now, OperatorTime: true},
		}
	}
	issued := now.Add(-24 * time.Hour)
	return &scene{
		doc: &document{
			mediaType: "dc+sd-jwt",
			origin:    vc.Origin{Issuer: authority.String(), KeyID: authorityKey.String(), Algorithm: keys.P256, IssuedAt: issued},
			disclosed: vc.Disclosed{
				Types: []string{"https://id.example/person"}, IssuedAt: issued, HolderKeyID: citizenKey.String(),
				Claims: func() map[string]any { return map[string]any{"age_over_18": true} },
			},
			binding: vc.Binding{Present: true, Algorithm: keys.Ed25519, Audience: "https://shop.example", Nonce: "n", IssuedAt: now},
		},
		keys: &resolver{answers: map[did.URL]*did.ResolvedKey{
			authorityKey: resolved(authorityKey, did.AssertionMethod, key(keys.P256)),
			citizenKey:   resolved(citizenKey, did.Authentication, key(keys.Ed25519)),
		}},
		expect: &vc.Expect{
			Issuers: []did.DID{authority}, Types: []string{"https://id.example/person"}, Audience: "https://shop.example", Nonce: "n",
		},
		now: now,
	}
}

func (s *scene) verify(t *testing.T) (*vc.Verified, *vc.Report, error) {
	t.Helper()
	got, report, err := vc.NewVerifier(s.keys, func() time.Time { return s.now }).Verify(t.Context(), s.doc, s.expect)
	if report == nil {
		t.Fatal("got no report")
	}
	want := vc.Fail
	switch {
	case err == nil:
		want = vc.Pass
	case errors.Is(err, vc.ErrUnknown):
		want = vc.Unknown
	}
	if report.Result != want || (got != nil) != (err == nil) || errors.Is(err, vc.ErrInvalid) == errors.Is(err, vc.ErrUnknown) && err != nil {
		t.Errorf("result %v, error %v, verified %v: they contradict each other", report.Result, err, got != nil)
	}
	if f, failed := report.Fault(); failed && f.Code != vc.Code(err) {
		t.Errorf("report says %s, error %v", f.Code, err)
	}
	return got, report, err
}

func TestVerify(t *testing.T) {
	s := newScene(t)
	got, report, err := s.verify(t)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, c := range report.Checks {
		if c.Result != vc.Pass {
			t.Errorf("check %s: got %v, want pass", c.Code, c.Result)
		}
		codes = append(codes, c.Code)
	}
	want := strings.Fields("vc.policy vc.parse vc.format vc.issuer vc.issuer.key vc.signature vc.disclosures vc.holder vc.time vc.status vc.type")
	if !slices.Equal(codes, want) {
		t.Errorf("got checks %v, want %v", codes, want)
	}
	if want := strings.Fields("Open Origin CheckSignature Disclose Binding CheckBinding"); !slices.Equal(s.doc.calls, want) {
		t.Errorf("got calls %v, want %v", s.doc.calls, want)
	}
	if got.Issuer != authority.String() || got.IssuerKey.KeyID != authorityKey.String() || got.Holder.KeyID != citizenKey.String() {
		t.Errorf("got issuer %s (%s), holder %s", got.Issuer, got.IssuerKey.KeyID, got.Holder.KeyID)
	}
	if over, ok := got.Claim("/age_over_18"); !ok || over != true {
		t.Errorf("age_over_18: got %v, %v, want true", over, ok)
	}
	if _, ok := got.Claim("/name"); ok {
		t.Error("got a claim that was not disclosed")
	}
	// The issuer's key counts at iat, the holder's now, each for its own purpose.
	wantAsked := []question{
		{authorityKey, did.AssertionMethod, s.doc.origin.IssuedAt},
		{citizenKey, did.Authentication, time.Time{}},
	}
	if !slices.Equal(s.keys.asked, wantAsked) {
		t.Errorf("got questions %v, want %v", s.keys.asked, wantAsked)
	}
	if strings.Contains(got.String(), "age_over_18") {
		t.Error("String shows a claim")
	}
}

func TestVerifyWithoutKeysOrPresentation(t *testing.T) {
	s := newScene(t)
	clock := func() time.Time { return now }
	if _, _, err := vc.NewVerifier(nil, clock).Verify(t.Context(), s.doc, s.expect); vc.Code(err) != "vc.policy.keys" {
		t.Errorf("without Keys: got %v, want vc.policy.keys", err)
	}
	anybody := &vc.Expect{InsecureAnyIssuer: true, Types: s.expect.Types, Audience: "a", Nonce: "n"}
	if _, _, err := vc.NewVerifier(nil, clock).Verify(t.Context(), s.doc, anybody); vc.Code(err) != "vc.policy.keys" {
		t.Errorf("without Keys, any issuer: got %v, want vc.policy.keys", err)
	}
	if _, _, err := vc.NewVerifier(s.keys, clock).Verify(t.Context(), nil, s.expect); vc.Code(err) != "vc.parse.empty" {
		t.Errorf("without a presentation: got %v, want vc.parse.empty", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := vc.NewVerifier(s.keys, clock).Verify(ctx, s.doc, s.expect); !errors.Is(err, vc.ErrUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("after cancelling: got %v, want unknown and cancelled", err)
	}
}

func TestPinnedKeys(t *testing.T) {
	s := newScene(t)
	key := s.keys.answers[authorityKey].Method.Key
	s.doc.origin.Issuer, s.doc.origin.KeyID = "https://issuer.example", "k2"
	s.expect.Issuers = nil
	for _, c := range []struct {
		pin  vc.PinnedKey
		want string
	}{
		{vc.PinnedKey{Issuer: "https://issuer.example", Key: key}, ""},
		{vc.PinnedKey{Issuer: "https://issuer.example", KeyID: "k2", Key: key}, ""},
		{vc.PinnedKey{Issuer: "https://issuer.example", KeyID: "k", Key: key}, "vc.issuer.key.notfound"},
		{vc.PinnedKey{Issuer: "https://issuer.example/", Key: key}, "vc.issuer.notaccepted"},
		{vc.PinnedKey{Issuer: "https://issuer.example"}, "vc.issuer.key.algorithm"},
	} {
		s.expect.PinnedKeys = []vc.PinnedKey{c.pin}
		got, _, err := s.verify(t)
		if vc.Code(err) != c.want {
			t.Errorf("%v: got %v, want %q", c.pin, err, c.want)
		}
		if err == nil && got.IssuerKey.Kind != vc.FromPolicy {
			t.Errorf("got kind %v, want pinned", got.IssuerKey.Kind)
		}
	}
	// A pin is for one issuer: the key of another one that is accepted too does not count.
	other := vc.PinnedKey{Issuer: "https://other.example", KeyID: "k2", Key: key}
	s.expect.PinnedKeys = []vc.PinnedKey{other, {Issuer: "https://issuer.example", KeyID: "k1", Key: key}}
	if _, _, err := s.verify(t); vc.Code(err) != "vc.issuer.key.notfound" {
		t.Errorf("key of another issuer: got %v", err)
	}
}

func TestReportJSON(t *testing.T) {
	s := newScene(t)
	_, report, err := s.verify(t)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"valid":true,"checks":[{"code":"vc.policy","result":"pass","detail":""},{"code":"vc.parse","result":"pass","detail":""},` +
		`{"code":"vc.format","result":"pass","detail":"dc+sd-jwt"},{"code":"vc.issuer","result":"pass","detail":""},` +
		`{"code":"vc.issuer.key","result":"pass","detail":""},{"code":"vc.signature","result":"pass","detail":""},` +
		`{"code":"vc.disclosures","result":"pass","detail":""},{"code":"vc.holder","result":"pass","detail":""},` +
		`{"code":"vc.time","result":"pass","detail":""},{"code":"vc.status","result":"pass","detail":"the credential has no status"},` +
		`{"code":"vc.type","result":"pass","detail":""}],"at":"2026-11-01T12:00:00Z",` +
		`"issuer":{"kind":"did","key":"did:example:authority#key-1","status":"active","rotatable":true,"versionId":"7",` +
		`"evidence":{"replayed":true,"genesisOnly":false,"included":false,"latest":false,"absent":false,"operatorTime":true,"asOf":"2026-11-01T12:00:00Z"}},` +
		`"holder":{"kind":"did","key":"did:example:citizen#phone","status":"active","rotatable":true,"versionId":"7",` +
		`"evidence":{"replayed":true,"genesisOnly":false,"included":false,"latest":false,"absent":false,"operatorTime":true,"asOf":"2026-11-01T12:00:00Z"}}}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	for _, c := range []struct {
		change func(*scene)
		want   string
	}{
		{func(s *scene) { s.expect = nil }, `{"valid":false,"checks":[{"code":"vc.policy.missing","result":"fail",`},
		{func(s *scene) { s.doc.disclosed.HasStatus = true }, `{"valid":null,"checks":[`},
	} {
		s := newScene(t)
		c.change(s)
		_, report, _ := s.verify(t)
		if b, err := json.Marshal(report); err != nil || !strings.HasPrefix(string(b), c.want) {
			t.Errorf("got %s, %v, want %s…", b, err, c.want)
		}
	}
}
