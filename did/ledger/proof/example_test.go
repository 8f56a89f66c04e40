package proof_test

import (
	"fmt"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
)

// A ledger of one entry: its log, its map, its cosigned checkpoint, and a stranger who verifies what stands at the key.
func Example() {
	const origin = "example.com/ledger"
	log, _ := proof.GenerateNoteSigner(origin, proof.LogEd25519)
	witness, _ := proof.GenerateNoteSigner("witness.example.net/w1", proof.CosignatureEd25519)
	auditor, _ := proof.GenerateNoteSigner("audit.example.org", proof.CosignatureMLDSA44)

	// The log: the entry, then an epoch with the root of the map. A map of one key is one leaf.
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	head := []byte("head record")
	entry := proof.EntryLeaf{Time: at.Unix(), Key: "alice", Op: []byte("create")}
	epoch := proof.EpochLeaf{MapRoot: proof.MapLeafHash(proof.MapPath("alice"), head), Size: 1, Entries: 1, Time: at.Unix()}
	entryHash := proof.LeafHash(entry.Append(nil))
	var tree proof.Frontier
	tree.Append(entryHash, nil)
	tree.Append(proof.LeafHash(epoch.Append(nil)), nil)

	// The checkpoint.
	text := proof.Checkpoint{Origin: origin, Size: tree.Size(), Root: tree.Root()}.Append(nil)
	signed, _ := log.SignNote(text)
	witnessed, _ := witness.Cosign(text, at)
	audited, _ := auditor.Cosign(text, at)
	note := proof.Note{Text: text, Signatures: []proof.NoteSignature{signed, witnessed, audited}}

	file, _ := (&proof.Latest{Checkpoint: note.Append(nil), Epoch: epoch, EpochPath: []proof.Hash{entryHash}, Head: head}).Bytes()

	// The stranger has the file, and knows whom to trust.
	trust := &proof.Trust{
		Origin: origin, Log: log.Verifier(),
		Cosigners: []proof.Cosigner{{Key: witness.Verifier(), Role: proof.Witness}, {Key: auditor.Verifier(), Role: proof.Auditor}},
		Quorum:    proof.Quorum{Witnesses: 1, Auditors: 1},
	}
	l, err := proof.ParseLatest(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := l.Verify(trust, "alice", at.Add(time.Minute))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s, newest: %v, as of %s\n", v.Head, v.Latest, v.AsOf.Format(time.RFC3339))

	_, err = l.Verify(trust, "bob", at.Add(time.Minute))
	fmt.Println(err)
	// Output:
	// head record, newest: true, as of 2026-03-01T12:00:00Z
	// proof: invalid: map: proof leads to another root
}

// Two checkpoints of one size with different roots convict the log, whoever shows them.
func ExampleAccusation() {
	log, _ := proof.GenerateNoteSigner("example.com/ledger", proof.LogEd25519)
	sign := func(leaf string) []byte {
		text := proof.Checkpoint{Origin: "example.com/ledger", Size: 1, Root: proof.LeafHash([]byte(leaf))}.Append(nil)
		sig, _ := log.SignNote(text)
		return (&proof.Note{Text: text, Signatures: []proof.NoteSignature{sig}}).Append(nil)
	}
	a := &proof.Accusation{A: sign("for one reader"), B: sign("for another")}
	fmt.Println(a.Verify(log.Verifier()))
	a = &proof.Accusation{A: sign("for all"), B: sign("for all")}
	fmt.Println(a.Verify(log.Verifier()))
	// Output:
	// <nil>
	// proof: invalid: accusation: the checkpoints agree
}
