package witness_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
)

// A log asks a witness for its cosignature over HTTP. A checkpoint of the same size with another root is refused.
func Example() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "witness")
	defer os.RemoveAll(dir)
	log, _ := proof.GenerateNoteSigner("log.example", proof.LogEd25519)
	key, _ := proof.GenerateNoteSigner("witness.example", proof.CosignatureEd25519)

	server, err := witness.NewServer(dir, key, []witness.Log{{Key: log.Verifier()}}, &witness.Options{Create: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	web := httptest.NewServer(server)
	defer web.Close()

	client, _ := witness.NewClient(web.URL, []proof.VerifierKey{key.Verifier()}, nil)
	for _, leaf := range []string{"one history", "another"} {
		text := proof.Checkpoint{Origin: "log.example", Size: 1, Root: proof.LeafHash([]byte(leaf))}.Append(nil)
		sig, _ := log.SignNote(text)
		note := proof.Note{Text: text, Signatures: []proof.NoteSignature{sig}}
		old := uint64(0)
		if leaf == "another" {
			old = 1
		}
		lines, err := client.Cosign(ctx, old, nil, note.Append(nil))
		fmt.Println(len(lines) > 0, err)
	}
	// Output:
	// true <nil>
	// false witness: another checkpoint of that size: size 1
}
