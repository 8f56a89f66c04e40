package dataintegrity_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// The published permanent resident card names an issuer that the key does not belong to, and has expired: its proof is valid, and no
// policy takes it. Issued by its own issuer, it is valid for as long as it says.
func TestPublishedResidentCard(t *testing.T) {
	dir := vectors.Dir(t, "ecdsa-sd-2023")
	derived, err := os.ReadFile(filepath.Join(dir, "prc", "derivedRevealDocument.json"))
	if err != nil {
		t.Fatal(err)
	}
	verify := func(b []byte, issuer string, now time.Time) error {
		t.Helper()
		v := vc.NewVerifier(didKeys, func() time.Time { return now })
		_, _, err := v.Verify(t.Context(), dataintegrity.Received(b, nil), &vc.Expect{
			Issuers: []did.DID{did.MustParse(issuer)}, Types: []string{"PermanentResidentCardCredential"}, InsecureNoHolderBinding: true,
		})
		return err
	}
	valid, expired := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), time.Date(2025, 12, 17, 0, 0, 0, 0, time.UTC)
	for _, now := range []time.Time{valid, expired} {
		policy := &dataintegrity.ProofPolicy{Purpose: did.AssertionMethod, Now: now}
		if _, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), derived, didKeys, policy); err != nil {
			t.Errorf("proofs alone, at %v: got %v, want no error", now, err)
		}
	}
	const published = "did:key:zDnaeTHxNEBZoKaEo6PdA83fq98ebiFvo3X273Ydu4YmV96rg"
	if err := verify(derived, published, valid); vc.Code(err) != "vc.issuer.kid.foreign" {
		t.Errorf("a key of somebody else: got %v, want code vc.issuer.kid.foreign", err)
	}

	unsigned, err := os.ReadFile(filepath.Join(dir, "prCredUnsigned.json"))
	if err != nil {
		t.Fatal(err)
	}
	issuer := newParty(t, keys.P256)
	own := bytes.ReplaceAll(unsigned, []byte(published), []byte(issuer.did().String()))
	base, err := dataintegrity.IssueJSON(t.Context(), issuer.issuer(), own, &dataintegrity.IssueOptions{
		Cryptosuite: dataintegrity.ECDSASD2023{Mandatory: []string{"/issuer"}}, Created: time.Date(2024, 12, 16, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	card, err := base.Derive(t.Context(), []string{"/credentialSubject/birthCountry"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for now, code := range map[time.Time]string{valid: "", expired: "vc.time.expired", valid.AddDate(-1, 0, 0): "vc.time.future"} {
		if err := verify(card.Bytes(), issuer.did().String(), now); vc.Code(err) != code || code == "" && err != nil {
			t.Errorf("at %v: got %v, want code %q", now, err, code)
		}
	}
	if err := verify(base.Bytes(), issuer.did().String(), valid); vc.Code(err) != "dataintegrity.proof.base" {
		t.Errorf("the base proof: got %v, want code dataintegrity.proof.base", err)
	}
}
