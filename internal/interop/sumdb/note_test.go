package sumdb

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/internal/matrix"
)

// TestNotes: signed notes of each side are verified on the other, with the keys in their text form.
func TestNotes(t *testing.T) {
	oursRead := matrix.Record(t, row(t, "signed notes and verifier keys (Ed25519)", matrix.OursToTheirs))
	theirsRead := matrix.Record(t, row(t, "signed notes and verifier keys (Ed25519)", matrix.TheirsToOurs))
	for i := range 60 {
		name := fmt.Sprintf("log-%d.example/ledger", i)
		text := fmt.Sprintf("%s\n%d\nline ä %s\n", name, i, strings.Repeat("x", i))

		signer, err := proof.GenerateNoteSigner(name, proof.LogEd25519)
		if err != nil {
			t.Fatal(err)
		}
		sig, err := signer.SignNote([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		verifier, err := note.NewVerifier(signer.Verifier().String())
		if err != nil {
			t.Fatal(err)
		}
		n := &proof.Note{Text: []byte(text), Signatures: []proof.NoteSignature{sig}}
		open := func(b []byte) error {
			got, err := note.Open(b, note.VerifierList(verifier))
			if err == nil && got.Text != text {
				t.Fatalf("got %q, want %q", got.Text, text)
			}
			return err
		}
		if err := open(n.Append(nil)); err != nil {
			t.Fatal(err)
		}
		oursRead.Case()
		sig.Bytes[i] ^= 1
		if open(n.Append(nil)) == nil {
			t.Fatal("a changed signature is accepted there")
		}
		oursRead.Tampered()

		skey, vkey, err := note.GenerateKey(rand.Reader, name)
		if err != nil {
			t.Fatal(err)
		}
		their, err := note.NewSigner(skey)
		if err != nil {
			t.Fatal(err)
		}
		b, err := note.Sign(&note.Note{Text: text}, their)
		if err != nil {
			t.Fatal(err)
		}
		key, err := proof.ParseVerifierKey(vkey)
		if err != nil || key.String() != vkey || key.ID() != their.KeyHash() {
			t.Fatalf("%s: %v", vkey, err)
		}
		got, err := proof.ParseNote(b)
		if err != nil || string(got.Text) != text || len(got.Signatures) != 1 {
			t.Fatalf("%q: %v", b, err)
		}
		if err := key.VerifyNote(got.Text, got.Signatures[0]); err != nil {
			t.Fatal(err)
		}
		theirsRead.Case()
		got.Signatures[0].Bytes[i] ^= 1
		if key.VerifyNote(got.Text, got.Signatures[0]) == nil {
			t.Fatal("a changed signature is accepted here")
		}
		theirsRead.Tampered()
	}
}

// TestCosignatures: what witnesses add is passed over there.
func TestCosignatures(t *testing.T) {
	r := row(t, "cosignatures of witnesses (Ed25519 and ML-DSA-44)", matrix.RefusedByTheirs)
	r.Differ = "x/mod has no keys of these types; it reads the log's signature on a checkpoint that has cosignatures, and passes over these."
	r.Right = "both: C2SP signed-note, Signatures (those of unknown keys are ignored), and tlog-cosignature, which is younger."
	rec := matrix.Record(t, r)
	signer, err := proof.GenerateNoteSigner(origin, proof.LogEd25519)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(signer.Verifier().String())
	if err != nil {
		t.Fatal(err)
	}
	for size := range uint64(12) {
		text := proof.Checkpoint{Origin: origin, Size: size + 1, Root: proof.LeafHash([]byte{byte(size)})}.Append(nil)
		sig, err := signer.SignNote(text)
		if err != nil {
			t.Fatal(err)
		}
		n := &proof.Note{Text: text, Signatures: []proof.NoteSignature{sig}}
		for _, kind := range []proof.KeyType{proof.CosignatureEd25519, proof.CosignatureMLDSA44} {
			witness, err := proof.GenerateNoteSigner(fmt.Sprint("witness.example/", kind == proof.CosignatureEd25519), kind)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := note.NewVerifier(witness.Verifier().String()); err == nil {
				t.Fatalf("a key of %s is read", kind)
			}
			sig, err := witness.Cosign(text, time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
			if err != nil {
				t.Fatal(err)
			}
			n.Signatures = append(n.Signatures, sig)
		}
		got, err := note.Open(n.Append(nil), note.VerifierList(verifier))
		if err != nil || len(got.Sigs) != 1 || len(got.UnverifiedSigs) != 2 {
			t.Fatalf("%v, %v", got, err)
		}
		rec.Case()
	}
}
