package didkey_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/multiformats/go-multibase"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didtest"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didkey"
)

var ctx = context.Background()

func sampleKey(tb testing.TB, a keys.Algorithm) keys.PublicKey {
	tb.Helper()
	k, err := keys.NewPrivateKey(a, bytes.Repeat([]byte{7}, a.SecretSize()))
	if err != nil {
		tb.Fatal(err)
	}
	return k.Public()
}

func TestEveryAlgorithm(t *testing.T) {
	const signing = "authentication,assertionMethod,capabilityInvocation,capabilityDelegation"
	for a, want := range map[keys.Algorithm][2]string{ // purposes, and those with EncryptionKeyDerivation
		keys.Ed25519:   {signing, signing},
		keys.P256:      {signing, "authentication,assertionMethod,keyAgreement,capabilityInvocation,capabilityDelegation"},
		keys.P384:      {signing, "authentication,assertionMethod,keyAgreement,capabilityInvocation,capabilityDelegation"},
		keys.Secp256k1: {signing, "authentication,assertionMethod,keyAgreement,capabilityInvocation,capabilityDelegation"},
		keys.SM2:       {signing, signing},
		keys.X25519:    {"keyAgreement", "keyAgreement"},
	} {
		k := sampleKey(t, a)
		for i, r := range []didkey.Resolver{{}, {EncryptionKeyDerivation: true}} {
			res, err := r.Resolve(ctx, didkey.Of(k), nil)
			if err != nil {
				t.Errorf("%v: got error %v, want none", a, err)
				continue
			}
			m, ok := res.Document.Method(didkey.URL(k))
			if !ok || !m.Key.Equal(k) || m.Purposes.String() != want[i] || m.Controller != didkey.Of(k) {
				t.Errorf("%v: got %+v, want purposes %s", a, m, want[i])
			}
			if again, err := did.ParseDocument(res.Document.Canonical()); err != nil || !bytes.Equal(again.Canonical(), res.Document.Canonical()) {
				t.Errorf("%v: the document does not round-trip: %v", a, err)
			}
			wantMethods := 1
			if r.EncryptionKeyDerivation && a == keys.Ed25519 {
				wantMethods = 2
			}
			if got := len(res.Document.VerificationMethod); got != wantMethods {
				t.Errorf("%v: got %d methods, want %d", a, got, wantMethods)
			}
			if ev := res.Evidence; !ev.Replayed || ev.GenesisOnly || ev.AsOf.IsZero() {
				t.Errorf("%v: got evidence %+v", a, ev)
			}
		}
	}
}

func TestKit(t *testing.T) {
	didtest.Run(t, didkey.Resolver{}, didkey.Of(sampleKey(t, keys.Ed25519)), did.MustParse("did:key:z6Mk"))
}

// oldDocument is the shape of the published vectors, which is older than Multikey.
type oldDocument struct {
	ID                 string
	VerificationMethod []struct {
		ID, Type, Controller, PublicKeyBase58 string
		PublicKeyJwk                          json.RawMessage
	}
	Authentication, AssertionMethod, KeyAgreement, CapabilityInvocation, CapabilityDelegation []string
}

func TestPublishedVectors(t *testing.T) {
	dir := vectors.Dir(t, "did-key")
	unsupported := map[string]bool{"rsa.json": true}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	checked := 0
	for _, path := range files {
		for id, doc := range readOldDocuments(t, path) {
			d, err := did.Parse(id)
			if err != nil {
				t.Errorf("%s: %v", id, err)
				continue
			}
			if unsupported[filepath.Base(path)] || strings.HasPrefix(id, "did:key:z2J9") { // P-521
				wantUnsupported(t, id, d)
			} else {
				compareWithOld(t, d, doc)
			}
			checked++
		}
	}
	if checked < 18 {
		t.Errorf("got %d identifiers, want at least 18", checked)
	}
}

func readOldDocuments(t *testing.T, path string) map[string]oldDocument {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	docs := map[string]oldDocument{}
	if filepath.Base(path) == "x25519.json" { // nested the other way round
		var file struct{ DIDDocument map[string]oldDocument }
		if err := json.Unmarshal(b, &file); err != nil {
			t.Fatal(err)
		}
		return file.DIDDocument
	}
	var file map[string]struct{ DIDDocument oldDocument }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	for id, entry := range file {
		docs[id] = entry.DIDDocument
	}
	return docs
}

func wantUnsupported(t *testing.T, name string, d did.DID) {
	t.Helper()
	_, err := didkey.Resolver{}.Resolve(ctx, d, nil)
	e, ok := errors.AsType[*did.Error](err)
	if !ok || e.Code != did.FeatureNotSupported || e.Temporary() || !errors.Is(err, keys.ErrUnsupported) {
		t.Errorf("%.40s: got error %v, want a final %s", name, err, did.FeatureNotSupported)
	}
}

func compareWithOld(t *testing.T, d did.DID, old oldDocument) {
	t.Helper()
	res, err := didkey.Resolver{EncryptionKeyDerivation: true}.Resolve(ctx, d, nil)
	if err != nil {
		t.Errorf("%s: got error %v, want none", d, err)
		return
	}
	doc := res.Document
	if len(doc.VerificationMethod) != len(old.VerificationMethod) {
		t.Errorf("%s: got %d methods, want %d", d, len(doc.VerificationMethod), len(old.VerificationMethod))
	}
	for _, want := range old.VerificationMethod {
		u, err := did.ParseURLRelative(d, want.ID)
		if err != nil {
			t.Fatal(err)
		}
		m, ok := doc.Method(u)
		if !ok {
			t.Errorf("%s: no method %s", d, want.ID)
			continue
		}
		key, err := readOldKey(m.Key.Algorithm(), want.PublicKeyBase58, want.PublicKeyJwk)
		if err != nil || !m.Key.Equal(key) || m.Controller.String() != want.Controller {
			t.Errorf("%s: %s: the keys differ (%v)", d, want.ID, err)
		}
	}
	for p, list := range map[did.Purpose][]string{
		did.Authentication: old.Authentication, did.AssertionMethod: old.AssertionMethod, did.KeyAgreement: old.KeyAgreement,
		did.CapabilityInvocation: old.CapabilityInvocation, did.CapabilityDelegation: old.CapabilityDelegation,
	} {
		var got []string
		for i := range doc.VerificationMethod {
			if m := &doc.VerificationMethod[i]; m.Purposes.Has(p) {
				got = append(got, m.ID.String())
			}
		}
		if !slices.Equal(got, list) {
			t.Errorf("%s: %v: got %v, want %v", d, p, got, list)
		}
	}
}

func readOldKey(a keys.Algorithm, base58 string, jwk json.RawMessage) (keys.PublicKey, error) {
	if jwk != nil {
		return keys.ParseJWK(jwk)
	}
	_, raw, err := multibase.Decode("z" + base58)
	if err != nil {
		return keys.PublicKey{}, err
	}
	return keys.NewPublicKey(a, raw)
}

func TestRefuses(t *testing.T) {
	good := didkey.Of(sampleKey(t, keys.Ed25519)).String()
	for name, c := range map[string]struct {
		id   string
		opt  *did.ResolveOptions
		code did.ErrorCode
	}{
		"another method":         {strings.Replace(good, "did:key:", "did:kez:", 1), nil, did.InvalidDID},
		"a version in the DID":   {strings.Replace(good, "did:key:", "did:key:1.1:", 1), nil, did.InvalidDID},
		"another base":           {"did:key:u7QG_LOgNfwJ15hfkT0MwcmUORbLN2mBOTlwSE8vj9AeOyA", nil, did.InvalidDID},
		"a letter not in base58": {good[:len(good)-1] + "0", nil, did.InvalidDID},
		"cut short":              {good[:len(good)-1], nil, did.FeatureNotSupported}, // the code at the front changes with it
		"too long, not base58":   {"did:key:z" + strings.Repeat("0", 200), nil, did.InvalidDID},
		"a version id":           {good, &did.ResolveOptions{VersionID: "1"}, did.FeatureNotSupported},
	} {
		_, err := didkey.Resolver{}.Resolve(ctx, did.MustParse(c.id), c.opt)
		if e, ok := errors.AsType[*did.Error](err); !ok || e.Code != c.code || e.Temporary() {
			t.Errorf("%s: got error %v, want code %s", name, err, c.code)
		}
	}
	if _, err := (didkey.Resolver{}).Resolve(ctx, did.MustParse(good), &did.ResolveOptions{VersionTime: time.Unix(1e9, 0)}); err != nil {
		t.Errorf("a past time: got error %v, want the document that never changes", err)
	}
	if !didkey.Of(keys.PublicKey{}).IsZero() || !didkey.URL(keys.PublicKey{}).IsZero() {
		t.Error("the zero key: got an identifier, want none")
	}
}

func FuzzResolve(f *testing.F) {
	for _, a := range keys.Algorithms() {
		f.Add(didkey.Of(sampleKey(f, a)).String())
	}
	f.Add("did:key:z")
	f.Add("did:key:z1111")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := did.Parse(s)
		if err != nil {
			return
		}
		res, err := didkey.Resolver{EncryptionKeyDerivation: true}.Resolve(ctx, id, nil)
		if err != nil {
			if did.AsError(err).Temporary() {
				t.Fatalf("a temporary error: %v", err)
			}
			return
		}
		if got := didkey.Of(res.Document.VerificationMethod[0].Key); got != id {
			t.Fatalf("two identifiers of one key: %s, %s", id, got)
		}
	})
}

func ExampleResolver() {
	id := did.MustParse("did:key:z6MksKXdZmwcvxjzkpND1d5h24X4CKqn8vuAKb5bNFSM11XV")
	res, err := didkey.Resolver{}.Resolve(context.Background(), id, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	m := res.Document.VerificationMethod[0]
	fmt.Println(m.Key.Algorithm(), m.Purposes)
	// Output: Ed25519 authentication,assertionMethod,capabilityInvocation,capabilityDelegation
}

func BenchmarkResolve(b *testing.B) {
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.P256, keys.Secp256k1} {
		b.Run(a.String(), func(b *testing.B) {
			id := didkey.Of(sampleKey(b, a))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := (didkey.Resolver{}).Resolve(ctx, id, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
