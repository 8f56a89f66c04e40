package dataintegrity_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// TestCitizenshipExamples verifies the signed examples of the citizenship vocabulary by the whole pipeline, when they were valid, and
// refuses them with a claim changed.
func TestCitizenshipExamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vectors.Dir(t, "citizenship-examples"), "*-signed.jsonld"))
	if err != nil || len(files) != 6 {
		t.Fatalf("got %d files, %v", len(files), err)
	}
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	table := resolver.Keys{Resolver: didkey.Resolver{Now: clock}, Now: clock}
	issuer := did.MustParse("did:key:zDnaeW9VZZs7NH1ykvS5EMFmdodu2wj4dPcrV3DzTAadrXJee")
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			verify := func(b []byte) error {
				_, _, err := vc.NewVerifier(table, clock).Verify(t.Context(), dataintegrity.Received(b, nil), &vc.Expect{
					Issuers: []did.DID{issuer}, InsecureAnyType: true, InsecureNoHolderBinding: true, InsecureIgnoreStatus: true,
				})
				return err
			}
			if err := verify(b); err != nil {
				t.Error(err)
			}
			for old, changed := range map[string]string{`"birthDate": "1`: `"birthDate": "2`, `"gender": "Ma`: `"gender": "Ta`, `-12-03T`: `-12-02T`} {
				if err := verify(replaced(t, b, old, changed)); vc.Code(err) != "vc.signature.invalid" {
					t.Errorf("%s: got %v", changed, err)
				}
			}
		})
	}
}
