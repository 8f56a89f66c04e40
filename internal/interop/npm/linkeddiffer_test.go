package npm

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// TestSelectiveDiffers: what of ecdsa-sd-2023 the other side cannot do.
func TestSelectiveDiffers(t *testing.T) {
	lib := at{"vc/dataintegrity", "@digitalbazaar/ecdsa-sd-2023-cryptosuite"}
	texts := matrix.Record(t, lib.differs(t, "W3C credential, ecdsa-sd-2023, with a text that has _:c14n0 in it", matrix.RefusedByTheirs,
		"The package takes such a piece of a text for the label of a blank node and puts another in its place, so that the signature does not fit.",
		"realdid: RDF 1.1 N-Quads, section 4 (a label does not stand inside of a literal); Data Integrity ECDSA Cryptosuites 1.0, section 3.4.1, replaces blank node ids alone."))
	arrays := matrix.Record(t, lib.differs(t, "W3C credential, ecdsa-sd-2023, derived by a pointer into an array of one element", matrix.RefusedByTheirs,
		"The package compacts a credential before it follows pointers, and an array of one is no array then; realdid follows them in the credential as it was issued.",
		"both: Data Integrity ECDSA Cryptosuites 1.0, section 3.4.13, takes a document in compact form and does not say who brought it into that."))
	p := newLinked(t, lib)
	signer := newSignatory(t, keys.P256)
	for i := range 12 {
		for n, rec := range []*matrix.Recording{texts, arrays} {
			made := linkedCredential(signer.id, 0)
			subject := made["credentialSubject"].(map[string]any)
			delete(subject, "id") // so that it is a blank node
			subject["alpha"] = fmt.Sprint(i, " _:c14n0")
			reveal := "/credentialSubject/alpha"
			if n == 1 {
				subject["alpha"] = []any{map[string]any{"epsilon": i, "zeta": "x"}}
				reveal += "/0/epsilon"
			}
			base, err := dataintegrity.ParseCredential(signer.issue(t, made, dataintegrity.ECDSASD2023{}).Bytes(), options())
			if err != nil {
				t.Fatal(err)
			}
			derived, err := base.Derive(t.Context(), []string{reveal}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := verifyBare(t, dataintegrity.Received(derived.Bytes(), options()), signer.id); err != nil {
				t.Fatalf("here: %v\n%s", err, derived.Bytes())
			}
			op, request := "verify", map[string]any{"credential": json.RawMessage(derived.Bytes())}
			if n == 1 {
				op, request = "derive", map[string]any{"credential": json.RawMessage(base.Bytes()), "reveal": []string{reveal}}
			}
			if _, fault := p.ask(op, request); fault == "" {
				t.Fatalf("there: %s succeeds", op)
			}
			rec.Case()
		}
	}
}
