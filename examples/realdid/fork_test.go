package main

import (
	"errors"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// scriptFork is the command "fork": everybody in the trust domain signs two histories of one size, and the home sees both. The
// evidence goes to a file.
func scriptFork(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: fork domain home file")
	}
	found, ok := worlds.Load(ts.MkAbs(args[0]))
	if !ok {
		ts.Fatalf("%s: no such world", args[0])
	}
	w := found.(*world)
	a := w.app(&serverErrors{}, &serverErrors{})
	a.flags.passphraseFile = w.pass
	d, err := openDomain(w.dir)
	ts.Check(err)
	trust, err := d.Descriptor.Trust("main")
	ts.Check(err)
	var signers []*proof.NoteSigner
	for _, name := range worldServers {
		s, err := a.openSigner(d.keyFile(name))
		ts.Check(err)
		signers = append(signers, s)
	}
	now := time.Now()
	see := func(m *realdid.Memory, root byte) error {
		n := &proof.Note{Text: proof.Checkpoint{Origin: trust.Origin, Size: 999_999, Root: proof.Hash{root}}.Append(nil)}
		for _, s := range signers {
			var sig proof.NoteSignature
			var err error
			if s.Verifier().Type() == proof.LogEd25519 {
				sig, err = s.SignNote(n.Text)
			} else {
				sig, err = s.Cosign(n.Text, now)
			}
			ts.Check(err)
			n.Signatures = append(n.Signatures, sig)
		}
		v, err := trust.VerifyCheckpoint(n.Append(nil), now)
		ts.Check(err)
		return m.See(v, now, 0)
	}
	home := home(ts.MkAbs(args[1]))
	ts.Check(os.MkdirAll(string(home), 0o700))
	m, err := realdid.OpenMemory(home.memory())
	ts.Check(err)
	ts.Check(see(m, 1))
	caught, ok := errors.AsType[*realdid.EquivocationError](see(m, 2))
	if !ok {
		ts.Fatalf("two histories went unnoticed")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), caught.Accusation, 0o600))
}
