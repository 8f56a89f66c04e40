package vc_test

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
)

func TestVerifyFaults(t *testing.T) {
	unavailable := &did.Error{Code: did.InternalError, Detail: "no answer"}
	final := func(cause error) error { return &did.Error{Code: did.InvalidVerificationMethod, Err: cause} }
	issuer := func(s *scene) *did.ResolvedKey { return s.keys.answers[authorityKey] }
	holder := func(s *scene) *did.ResolvedKey { return s.keys.answers[citizenKey] }
	for _, c := range []struct {
		name   string
		change func(*scene)
		want   string
	}{
		{"no policy", func(s *scene) { s.expect = nil }, "vc.policy.missing"},
		{"empty policy", func(s *scene) { s.expect = &vc.Expect{} }, "vc.policy.issuers"},
		{"no types", func(s *scene) { s.expect.Types = nil }, "vc.policy.types"},
		{"no nonce", func(s *scene) { s.expect.Nonce = "" }, "vc.policy.holder"},
		{"no audience", func(s *scene) { s.expect.Audience = "" }, "vc.policy.holder"},
		{"nonce without binding", func(s *scene) { s.expect.InsecureNoHolderBinding = true }, "vc.policy.holder"},
		{"audience without binding", func(s *scene) { s.expect.InsecureNoHolderBinding, s.expect.Nonce = true, "" }, "vc.policy.holder"},
		{"nonce alone without binding", func(s *scene) { s.expect.InsecureNoHolderBinding, s.expect.Audience = true, "" }, "vc.policy.holder"},
		{"certificates with issuers and no roots", func(s *scene) {
			s.expect.Certificates = &vc.CertificatePolicy{Issuers: []string{"https://issuer.example"}} // the system's roots must not step in
		}, "vc.policy.certificates"},
		{"certificates with roots and no issuers", func(s *scene) {
			s.expect.Certificates = &vc.CertificatePolicy{Roots: x509.NewCertPool()}
		}, "vc.policy.certificates"},
		{"certificates without roots", func(s *scene) { s.expect.Certificates = &vc.CertificatePolicy{} }, "vc.policy.certificates"},

		{"parse", func(s *scene) { s.doc.openErr = vc.Invalid("sdjwt.syntax", "") }, "sdjwt.syntax"},
		{"fault of another type", func(s *scene) { s.doc.openErr = errors.New("boo") }, "vc.internal"},
		{"media type", func(s *scene) { s.doc.mediaType = "vc+sd-jwt" }, "vc.format.unexpected"},
		{"media type by name", func(s *scene) { s.expect.MediaTypes = []string{"x+sd-jwt"} }, "vc.format.unexpected"},

		{"no issuer", func(s *scene) { s.doc.origin.Issuer = "" }, "vc.issuer.missing"},
		{"malformed issuer", func(s *scene) { s.doc.origin.Issuer = "did:" }, "vc.issuer.did.invalid"},
		{"other issuer", func(s *scene) { s.doc.origin.Issuer = "did:example:authority2" }, "vc.issuer.notaccepted"},
		{"issuer prefix", func(s *scene) { s.doc.origin.Issuer = "did:example:authorit" }, "vc.issuer.notaccepted"},
		{"issuer by metadata", func(s *scene) { s.doc.origin.Issuer = "https://issuer.example" }, "vc.issuer.metadata"},
		{"DID with certificates", func(s *scene) { s.doc.origin.Chain = [][]byte{{1}} }, "vc.issuer.ambiguous"},
		{"certificates not accepted", func(s *scene) { s.doc.origin.Chain, s.doc.origin.Issuer = [][]byte{{1}}, "https://x" }, "vc.issuer.notaccepted"},

		{"no kid", func(s *scene) { s.doc.origin.KeyID = "" }, "vc.issuer.kid.missing"},
		{"relative kid", func(s *scene) { s.doc.origin.KeyID = "#key-1" }, "vc.issuer.kid.invalid"},
		{"kid without fragment", func(s *scene) { s.doc.origin.KeyID = authority.String() }, "vc.issuer.kid.invalid"},
		{"kid with query", func(s *scene) { s.doc.origin.KeyID = authority.String() + "?versionId=1#key-1" }, "vc.issuer.kid.invalid"},
		{"kid of another DID", func(s *scene) { s.doc.origin.KeyID = citizenKey.String() }, "vc.issuer.kid.foreign"},
		{"kid unknown", func(s *scene) { s.doc.origin.KeyID = authority.String() + "#key-10" }, "vc.issuer.key.notfound"},
		{"no iat", func(s *scene) { s.doc.origin.IssuedAt = time.Time{} }, "vc.issuer.iat.missing"},
		{"iat in the future", func(s *scene) { s.doc.origin.IssuedAt = now.Add(time.Hour) }, "vc.time.future"},
		{"issuer's resolver down", func(s *scene) { s.keys.err = unavailable }, "vc.issuer.key.unavailable"},
		{"plain error of the resolver", func(s *scene) { s.keys.err = errors.New("boo") }, "vc.issuer.key.unavailable"},
		{"issuer's key not found", func(s *scene) { s.keys.err = final(did.ErrKeyNotFound) }, "vc.issuer.key.notfound"},
		{"issuer not found", func(s *scene) { s.keys.err = &did.Error{Code: did.NotFound} }, "vc.issuer.key.notfound"},
		{"issuer's key purpose", func(s *scene) { s.keys.err = final(did.ErrKeyPurpose) }, "vc.issuer.key.purpose"},
		{"issuer's key time", func(s *scene) { s.keys.err = final(did.ErrKeyTime) }, "vc.issuer.key.time"},
		{"issuer's key kind", func(s *scene) { s.keys.err = final(did.ErrKeyUnsupported) }, "vc.issuer.key.unsupported"},
		{"issuer's method", func(s *scene) { s.keys.err = &did.Error{Code: did.MethodNotSupported} }, "vc.issuer.key.unsupported"},
		{"issuer's feature", func(s *scene) { s.keys.err = &did.Error{Code: did.FeatureNotSupported} }, "vc.issuer.key.unsupported"},
		{"issuer's document", func(s *scene) { s.keys.err = &did.Error{Code: did.InvalidDIDDocument} }, "vc.issuer.key.refused"},
		{"resolver answers another key", func(s *scene) { issuer(s).Method.ID = citizenKey }, "vc.issuer.key.notfound"},
		{"resolver ignores the purpose", func(s *scene) { issuer(s).Method.Purposes = did.Authentication }, "vc.issuer.key.purpose"},
		{"resolver answers nothing", func(s *scene) { delete(s.keys.answers, authorityKey) }, "vc.issuer.key.notfound"},
		{"issuer's key of another controller", func(s *scene) { issuer(s).Method.Controller = citizenKey.DID() }, "vc.issuer.key.refused"},
		{"issuer's key of no controller", func(s *scene) { issuer(s).Method.Controller = did.DID{} }, "vc.issuer.key.refused"},
		{"issuer's key added later", func(s *scene) { issuer(s).Added = s.doc.origin.IssuedAt.Add(time.Second) }, "vc.issuer.key.time"},
		{"issuer's key removed before", func(s *scene) {
			issuer(s).Status, issuer(s).Removed = did.KeyRetired, s.doc.origin.IssuedAt
		}, "vc.issuer.key.time"},
		{"issuer's key compromised and added later", func(s *scene) {
			issuer(s).Status, issuer(s).Added = did.KeyCompromised, now
		}, "vc.issuer.key.compromised"},
		{"issuer's key compromised and revoked since", func(s *scene) {
			issuer(s).Status, issuer(s).Method.Revoked = did.KeyCompromised, now.Add(-time.Hour)
		}, "vc.issuer.key.compromised"},
		{"issuer's key expired before", func(s *scene) { issuer(s).Method.Expires = s.doc.origin.IssuedAt }, "vc.issuer.key.time"},
		{"issuer's key revoked before", func(s *scene) { issuer(s).Method.Revoked = s.doc.origin.IssuedAt }, "vc.issuer.key.time"},
		{"issuer's key compromised", func(s *scene) { issuer(s).Status = did.KeyCompromised }, "vc.issuer.key.compromised"},
		{"issuer's key of no status", func(s *scene) { issuer(s).Status = 0 }, "vc.issuer.key.compromised"},
		{"issuer's key retired", func(s *scene) {
			issuer(s).Status, s.expect.RetiredKeys = did.KeyRetired, vc.RefuseRetiredKeys
		}, "vc.issuer.key.retired"},
		{"issuer's key expired since", func(s *scene) {
			issuer(s).Method.Expires, s.expect.RetiredKeys = now.Add(-time.Hour), vc.RefuseRetiredKeys
		}, "vc.issuer.key.retired"},
		{"issuer's evidence empty", func(s *scene) { issuer(s).Evidence = did.Evidence{AsOf: now} }, "vc.issuer.evidence.none"},
		{"issuer's genesis only", func(s *scene) { issuer(s).Evidence.GenesisOnly = true }, "vc.issuer.evidence.genesis"},
		{"issuer's evidence old", func(s *scene) { issuer(s).Evidence.AsOf = now.Add(-25 * time.Hour) }, "vc.issuer.evidence.stale"},
		{"algorithm is not the key's", func(s *scene) { s.doc.origin.Algorithm = keys.P384 }, "vc.issuer.key.algorithm"},

		{"signature", func(s *scene) { s.doc.signature = vc.Invalid("vc.signature.invalid", "") }, "vc.signature.invalid"},
		{"disclosures", func(s *scene) { s.doc.disclose = vc.Invalid("sdjwt.disclosure.unreferenced", "") }, "sdjwt.disclosure.unreferenced"},

		{"no binding", func(s *scene) { s.doc.binding = vc.Binding{} }, "vc.holder.missing"},
		{"unexpected binding", func(s *scene) {
			s.expect.InsecureNoHolderBinding, s.expect.Audience, s.expect.Nonce = true, "", ""
		}, "vc.holder.unexpected"},
		{"bound to nobody", func(s *scene) { s.doc.disclosed.HolderKeyID = "" }, "vc.holder.unbound"},
		{"key in the credential", func(s *scene) {
			s.doc.disclosed.HolderKeyID, s.doc.disclosed.HolderKey = "", holder(s).Method.Key
		}, "vc.holder.unrotatable"},
		{"holder is did:key", func(s *scene) { moveHolder(s, "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK") }, "vc.holder.unrotatable"},
		{"holder is did:jwk", func(s *scene) { moveHolder(s, "did:jwk:abc") }, "vc.holder.unrotatable"},
		{"relative holder kid", func(s *scene) { s.doc.disclosed.HolderKeyID = "#phone" }, "vc.holder.kid.invalid"},
		{"holder kid with query", func(s *scene) { s.doc.disclosed.HolderKeyID = citizenKey.DID().String() + "?versionId=1" }, "vc.holder.kid.invalid"},
		{"signed by another key", func(s *scene) { s.doc.binding.KeyID = citizenKey.DID().String() + "#phone2" }, "vc.holder.kid.foreign"},
		{"bound to a DID, key not named", func(s *scene) { s.doc.disclosed.HolderKeyID = citizenKey.DID().String() }, "vc.holder.kid.missing"},
		{"bound to a DID, key of another", func(s *scene) {
			s.doc.disclosed.HolderKeyID, s.doc.binding.KeyID = citizenKey.DID().String(), authorityKey.String()
		}, "vc.holder.kid.foreign"},
		{"bound to a DID, relative key", func(s *scene) {
			s.doc.disclosed.HolderKeyID, s.doc.binding.KeyID = citizenKey.DID().String(), "#phone"
		}, "vc.holder.kid.invalid"},
		{"bound to a DID, key for another purpose", func(s *scene) {
			s.doc.disclosed.HolderKeyID, s.doc.binding.KeyID = citizenKey.DID().String(), citizenKey.String()
			holder(s).Method.Purposes = did.AssertionMethod
		}, "vc.holder.key.purpose"},
		{"holder's key unknown", func(s *scene) { delete(s.keys.answers, citizenKey) }, "vc.holder.key.notfound"},
		{"holder's purpose", func(s *scene) { holder(s).Method.Purposes = did.AssertionMethod }, "vc.holder.key.purpose"},
		{"holder's key retired", func(s *scene) { holder(s).Status = did.KeyRetired }, "vc.holder.key.inactive"},
		{"holder's key compromised", func(s *scene) { holder(s).Status = did.KeyCompromised }, "vc.holder.key.inactive"},
		{"holder's key expired", func(s *scene) { holder(s).Method.Expires = now }, "vc.holder.key.time"},
		{"holder deactivated", func(s *scene) { holder(s).Deactivated = true }, "vc.holder.key.time"},
		{"holder's key removed", func(s *scene) { holder(s).Removed = now.Add(-time.Second) }, "vc.holder.key.time"},
		{"holder's key of another controller", func(s *scene) { holder(s).Method.Controller = authority }, "vc.holder.key.refused"},
		{"holder's evidence empty", func(s *scene) { holder(s).Evidence = did.Evidence{AsOf: now} }, "vc.holder.evidence.none"},
		{"holder's genesis only", func(s *scene) { holder(s).Evidence.GenesisOnly = true }, "vc.holder.evidence.genesis"},
		{"holder's evidence old", func(s *scene) { holder(s).Evidence.AsOf = now.Add(-10*time.Minute - time.Second) }, "vc.holder.evidence.stale"},
		{"holder's evidence timeless", func(s *scene) { holder(s).Evidence.AsOf = time.Time{} }, "vc.holder.evidence.stale"},
		{"holder's algorithm", func(s *scene) { s.doc.binding.Algorithm = keys.P256 }, "vc.holder.key.algorithm"},
		{"holder's signature", func(s *scene) { s.doc.bound = vc.Invalid("sdjwt.kb.signature", "") }, "sdjwt.kb.signature"},
		{"audience", func(s *scene) { s.doc.binding.Audience = "shop.example" }, "vc.holder.audience"},
		{"nonce", func(s *scene) { s.doc.binding.Nonce = "m" }, "vc.holder.nonce"},
		{"no time of presentation", func(s *scene) { s.doc.binding.IssuedAt = time.Time{} }, "vc.holder.time.missing"},
		{"old presentation", func(s *scene) { s.doc.binding.IssuedAt = now.Add(-5*time.Minute - time.Second) }, "vc.holder.time.old"},
		{"future presentation", func(s *scene) { s.doc.binding.IssuedAt = now.Add(time.Minute + time.Second) }, "vc.holder.time.future"},
		{"no skew", func(s *scene) { s.expect.ClockSkew, s.doc.binding.IssuedAt = -1, now.Add(time.Second) }, "vc.holder.time.future"},
		{"expired presentation", func(s *scene) { s.doc.binding.Expires = now }, "vc.holder.time.expired"},
		{"early presentation", func(s *scene) { s.doc.binding.NotBefore = now.Add(time.Hour) }, "vc.holder.time.notyet"},

		{"another audience of the credential", func(s *scene) { s.doc.disclosed.Audience = []string{"https://shop.example/", ""} }, "vc.audience"},

		{"expired now", func(s *scene) { s.doc.disclosed.Expires = now }, "vc.time.expired"},
		{"not yet valid", func(s *scene) { s.doc.disclosed.NotBefore = now.Add(time.Hour) }, "vc.time.notyet"},
		{"disclosed iat in the future", func(s *scene) { s.doc.disclosed.IssuedAt = now.Add(time.Hour) }, "vc.time.future"},
		{"status", func(s *scene) { s.doc.disclosed.HasStatus = true }, "vc.status.unchecked"},
		{"status and type", func(s *scene) {
			s.doc.disclosed.HasStatus, s.doc.disclosed.Types = true, []string{"other"}
		}, "vc.type.notaccepted"},
		{"type", func(s *scene) { s.doc.disclosed.Types = []string{"https://id.example/person/2"} }, "vc.type.notaccepted"},
		{"no type", func(s *scene) { s.doc.disclosed.Types = nil }, "vc.type.missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			c.change(s)
			_, _, err := s.verify(t)
			if got := vc.Code(err); got != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			unknown := strings.HasSuffix(c.want, ".unavailable") || strings.HasSuffix(c.want, ".stale") || c.want == "vc.status.unchecked"
			if errors.Is(err, vc.ErrUnknown) != unknown {
				t.Errorf("got unknown %v, want %v", !unknown, unknown)
			}
		})
	}
}

// moveHolder gives the holder another DID.
func moveHolder(s *scene, id string) {
	u := did.MustParse(id).WithFragment("k")
	k := s.keys.answers[citizenKey]
	k.Method.ID, k.Method.Controller = u, u.DID()
	s.keys.answers[u] = k
	s.doc.disclosed.HolderKeyID = u.String()
}

// TestInsecure shows that each weakening takes away its own check and no other.
func TestInsecure(t *testing.T) {
	for name, change := range map[string]func(*scene){
		"bound to a DID, key named": func(s *scene) {
			s.doc.disclosed.HolderKeyID, s.doc.binding.KeyID = citizenKey.DID().String(), citizenKey.String()
		},
		"bound to a key, key named": func(s *scene) { s.doc.binding.KeyID = citizenKey.String() },
		"InsecureAnyIssuer":         func(s *scene) { s.expect.Issuers, s.expect.InsecureAnyIssuer = nil, true },
		"InsecureAnyType": func(s *scene) {
			s.expect.Types, s.expect.InsecureAnyType, s.doc.disclosed.Types = nil, true, nil
		},
		"InsecureNoHolderBinding": func(s *scene) {
			s.expect.Audience, s.expect.Nonce, s.expect.InsecureNoHolderBinding = "", "", true
			s.doc.binding = vc.Binding{}
		},
		"InsecureUnrotatableHolderKey": func(s *scene) {
			s.expect.InsecureUnrotatableHolderKey = true
			s.doc.disclosed.HolderKeyID, s.doc.disclosed.HolderKey = "", s.keys.answers[citizenKey].Method.Key
		},
		"InsecureUnrotatableHolderKey, did:key": func(s *scene) {
			s.expect.InsecureUnrotatableHolderKey = true
			moveHolder(s, "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK")
		},
		"InsecureGenesisOnly": func(s *scene) {
			s.expect.InsecureGenesisOnly = true
			s.keys.answers[citizenKey].Evidence = did.Evidence{GenesisOnly: true, AsOf: now}
		},
		"InsecureIgnoreStatus":       func(s *scene) { s.expect.InsecureIgnoreStatus, s.doc.disclosed.HasStatus = true, true },
		"audience of the credential": func(s *scene) { s.doc.disclosed.Audience = []string{"https://a.example", "https://shop.example"} },
		"ends in the future": func(s *scene) {
			s.expect.RetiredKeys = vc.RefuseRetiredKeys
			s.keys.answers[authorityKey].Method.Expires, s.keys.answers[citizenKey].Method.Expires = now.Add(time.Second), now.Add(time.Second)
			s.doc.binding.Expires, s.doc.binding.NotBefore = now.Add(time.Second), now
			s.doc.disclosed.NotBefore = now
		},
		"evidence at the limit": func(s *scene) {
			s.keys.answers[authorityKey].Evidence.AsOf = now.Add(-24 * time.Hour)
			s.keys.answers[citizenKey].Evidence.AsOf = now.Add(-10 * time.Minute)
		},
		"key added and removed around iat": func(s *scene) {
			k := s.keys.answers[authorityKey]
			k.Status, k.Added, k.Removed = did.KeyRetired, s.doc.origin.IssuedAt, s.doc.origin.IssuedAt.Add(time.Second)
		},
		"AcceptRetiredKeys": func(s *scene) { s.keys.answers[authorityKey].Status = did.KeyRetired },
		"longer ages": func(s *scene) {
			s.expect.MaxPresentationAge, s.doc.binding.IssuedAt = time.Hour, now.Add(-59*time.Minute)
			s.expect.MaxEvidenceAge, s.keys.answers[citizenKey].Evidence.AsOf = time.Hour, now.Add(-59*time.Minute)
			s.expect.MaxIssuerEvidenceAge, s.keys.answers[authorityKey].Evidence.AsOf = 48*time.Hour, now.Add(-47*time.Hour)
		},
		"within the skew": func(s *scene) {
			s.doc.binding.IssuedAt = now.Add(time.Minute)
			s.doc.origin.IssuedAt = now.Add(time.Minute)
			s.doc.disclosed.IssuedAt = now.Add(time.Minute)
			s.doc.disclosed.NotBefore = now.Add(time.Minute)
			s.doc.disclosed.Expires = now.Add(time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			change(s)
			if _, _, err := s.verify(t); err != nil {
				t.Errorf("got %v, want valid", err)
			}
			s.doc.signature = vc.Invalid("vc.signature.invalid", "")
			if _, _, err := s.verify(t); vc.Code(err) != "vc.signature.invalid" {
				t.Errorf("with a bad signature: got %v", err)
			}
		})
	}
}

// TestOrder gives every step a fault at once and takes them away one by one from the front.
func TestOrder(t *testing.T) {
	s := newScene(t)
	s.expect.Nonce = ""
	s.doc.openErr = vc.Invalid("sdjwt.syntax", "")
	s.doc.mediaType = "other"
	s.doc.origin.Issuer = ""
	s.keys.answers[authorityKey].Status = did.KeyCompromised
	s.doc.signature = vc.Invalid("vc.signature.invalid", "")
	s.doc.disclose = vc.Invalid("sdjwt.disclosure.duplicate", "")
	s.doc.binding.Nonce = "other"
	s.doc.disclosed.Expires = now
	s.doc.disclosed.Types = nil
	for _, c := range []struct {
		want string
		fix  func()
	}{
		{"vc.policy.holder", func() { s.expect.Nonce = "n" }},
		{"sdjwt.syntax", func() { s.doc.openErr = nil }},
		{"vc.format.unexpected", func() { s.doc.mediaType = "dc+sd-jwt" }},
		{"vc.issuer.missing", func() { s.doc.origin.Issuer = authority.String() }},
		{"vc.issuer.key.compromised", func() { s.keys.answers[authorityKey].Status = did.KeyActive }},
		{"vc.signature.invalid", func() { s.doc.signature = nil }},
		{"sdjwt.disclosure.duplicate", func() { s.doc.disclose = nil }},
		{"vc.holder.nonce", func() { s.doc.binding.Nonce = "n" }},
		{"vc.time.expired", func() { s.doc.disclosed.Expires = time.Time{} }},
		{"vc.type.missing", func() { s.doc.disclosed.Types = s.expect.Types }},
	} {
		if _, _, err := s.verify(t); vc.Code(err) != c.want {
			t.Fatalf("got %v, want %s", err, c.want)
		}
		c.fix()
	}
	if _, _, err := s.verify(t); err != nil {
		t.Fatalf("got %v, want valid", err)
	}
}

// TestRetiredIsSaid: a credential of a retired key passes, and the report says on whose word.
func TestRetiredIsSaid(t *testing.T) {
	s := newScene(t)
	s.keys.answers[authorityKey].Status = did.KeyRetired
	got, report, err := s.verify(t)
	if err != nil || got.IssuerKey.Status != did.KeyRetired || report.Checks[4].Code != "vc.issuer.key" || !strings.Contains(report.Checks[4].Detail, "signer's word") {
		t.Errorf("got %v, %+v", err, report.Checks)
	}
}

// TestHolderWithoutKeys: a verifier whose policy has no DIDs may still meet a credential that is bound to one.
func TestHolderWithoutKeys(t *testing.T) {
	s := newScene(t)
	s.doc.origin.Issuer = "https://issuer.example"
	s.expect.Issuers = nil
	s.expect.PinnedKeys = []vc.PinnedKey{{Issuer: "https://issuer.example", Key: s.keys.answers[authorityKey].Method.Key}}
	_, _, err := vc.NewVerifier(nil, func() time.Time { return now }).Verify(t.Context(), s.doc, s.expect)
	if vc.Code(err) != "vc.holder.key.unsupported" || !errors.Is(err, vc.ErrInvalid) {
		t.Errorf("got %v, want a fault", err)
	}
}

// TestForeignFault: a Fault that a format makes without this package's functions is a final one.
func TestForeignFault(t *testing.T) {
	s := newScene(t)
	s.doc.signature = &vc.Fault{Code: "x.signature"}
	if _, report, err := s.verify(t); vc.Code(err) != "x.signature" || !errors.Is(err, vc.ErrInvalid) || report.Result != vc.Fail {
		t.Errorf("got %v, %v", err, report.Result)
	}
}

func TestReportFault(t *testing.T) {
	s := newScene(t)
	if _, report, _ := s.verify(t); len(report.Checks) != 11 {
		t.Errorf("got %d checks", len(report.Checks))
	} else if c, ok := report.Fault(); ok {
		t.Errorf("valid: got %v", c)
	}
	s.doc.disclosed.HasStatus = true
	_, report, _ := s.verify(t)
	if c, ok := report.Fault(); !ok || c.Code != "vc.status.unchecked" || c.Result != vc.Unknown {
		t.Errorf("status: got %v, %v", c, ok)
	}
	s.doc.disclosed.Types = nil
	_, report, _ = s.verify(t)
	if c, ok := report.Fault(); !ok || c.Code != "vc.type.missing" {
		t.Errorf("status and type: got %v, %v; want the final one", c, ok)
	}
}

// TestVerifiedOfNothing: what was never verified has no claims, and does not panic.
func TestVerifiedOfNothing(t *testing.T) {
	for _, v := range []*vc.Verified{nil, {}} {
		if c, ok := v.Claim("/a"); v.Claims() != nil || c != nil || ok {
			t.Errorf("got claims %v, %v", v.Claims(), c)
		}
		if !strings.HasPrefix(v.String(), "vc.Verified(") {
			t.Errorf("got %s", v.String())
		}
	}
	s := newScene(t)
	got, _, err := s.verify(t)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]any{"/age_over_18": true, `["age_over_18"]`: true, "/age": nil, "age_over_18": nil, "/age_over_18/x": nil} {
		if c, ok := got.Claim(path); c != want || ok != (want != nil) {
			t.Errorf("%s: got %v, %v, want %v", path, c, ok, want)
		}
	}
}

// TestClock: without a clock the real one counts, for which the scene's presentation is of another time.
func TestClock(t *testing.T) {
	s := newScene(t)
	_, report, _ := vc.NewVerifier(s.keys, nil).Verify(t.Context(), s.doc, s.expect)
	if d := time.Since(report.At); d < 0 || d > time.Hour {
		t.Errorf("got a report of %v", report.At)
	}
}

func TestSources(t *testing.T) {
	got := ""
	for k := range vc.FromCredential + 1 {
		got += k.String() + " "
	}
	if want := "none did x5c pinned cnf.jwk "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
