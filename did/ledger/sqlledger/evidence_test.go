package sqlledger

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/mirror"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/ledger/witness"
)

// headed is the kit's reducer with a head record: how long the state is, and its end.
type headed struct{ ledgertest.Reducer }

func (headed) Head(_ string, state []byte) ([]byte, error) {
	return fmt.Appendf(nil, "%d %s", len(state), state[max(0, len(state)-16):]), nil
}

// testEvidence: with a log on top, a witness and an auditor that executes everything again, what stands at a key is proven to be
// the newest, whichever process appended it.
func testEvidence(p *place) {
	dir := p.TempDir()
	trust := &proof.Trust{Origin: "ledger.example/sql", Quorum: proof.Quorum{Witnesses: 1, Auditors: 1}}
	signer := func(name string, kind proof.KeyType) *proof.NoteSigner {
		s, err := proof.GenerateNoteSigner(name, kind)
		if err != nil {
			p.Fatal(err)
		}
		return s
	}
	key := signer(trust.Origin, proof.LogEd25519)
	seeing, auditing := signer("witness.example", proof.CosignatureEd25519), signer("auditor.example", proof.CosignatureEd25519)
	trust.Log = key.Verifier()
	trust.Cosigners = []proof.Cosigner{{Key: seeing.Verifier(), Role: proof.Witness}, {Key: auditing.Verifier(), Role: proof.Auditor}}

	w, err := witness.NewServer(filepath.Join(dir, "witness"), seeing, []witness.Log{{Key: trust.Log}}, &witness.Options{Create: true})
	if err != nil {
		p.Fatal(err)
	}
	defer w.Close()
	a, err := mirror.Open(filepath.Join(dir, "auditor"), witness.NewDirSource(filepath.Join(dir, "operator", "log")), memledger.New(headed{}, nil), headed{},
		trust, auditing, &mirror.Options{Cosigner: &witness.Options{Create: true}})
	if err != nil {
		p.Fatal(err)
	}
	defer a.Close()

	here, elsewhere := p.open(&Options{Poll: 10 * time.Millisecond}), p.open(nil)
	log, err := tlog.Open(here, filepath.Join(dir, "operator"), key, trust, headed{}, &tlog.Options{
		Interval: 20 * time.Millisecond, Cosigners: []tlog.Cosigner{w, a}, OnError: func(err error) { p.Log(err) },
	})
	if err != nil {
		p.Fatal(err)
	}
	defer log.Close()
	if _, err := log.Append(p.Context(), "ours", 0, ledgertest.Op(nil, "x")); err != nil {
		p.Fatal(err)
	}
	for range 3 {
		p.next(elsewhere, "theirs", "x")
	}
	if err := here.Wait(p.Context(), 4); err != nil {
		p.Fatal(err)
	}
	for _, name := range []string{"ours", "theirs", "nobodys"} {
		p.within("Prove", func() {
			b, err := log.Prove(p.Context(), name, 4)
			if err != nil {
				p.Error(err)
				return
			}
			latest, err := proof.ParseLatest(b)
			if err != nil {
				p.Error(err)
				return
			}
			v, err := latest.Verify(trust, name, time.Now())
			if err != nil {
				p.Errorf("%s: %v", name, err)
				return
			}
			state, _, err := here.State(p.Context(), name)
			if err != nil {
				p.Error(err)
				return
			}
			if name == "nobodys" {
				if !v.Absent || v.Latest {
					p.Errorf("%s: %+v, want absent", name, v)
				}
				return
			}
			if want, _ := (headed{}).Head(name, state); !v.Latest || v.Absent || string(v.Head) != string(want) {
				p.Errorf("%s: %+v, want the newest, %s", name, v, want)
			}
		})
	}
	// The log is the one of this ledger, also when both are opened again.
	if err := log.Close(); err != nil {
		p.Fatal(err)
	}
	again, err := tlog.Open(p.open(nil), filepath.Join(dir, "operator"), key, trust, headed{}, &tlog.Options{Cosigners: []tlog.Cosigner{w, a}})
	if err != nil {
		p.Fatal(err)
	}
	if err := again.Close(); err != nil {
		p.Error(err)
	}
	other := p.open(&Options{Prefix: p.prefix + "other_"})
	if _, err := tlog.Open(other, filepath.Join(dir, "operator"), key, trust, headed{}, nil); err == nil {
		p.Error("a log went on with another ledger")
	} else {
		p.only("a log of another ledger", err, ledger.ErrCorrupt)
	}
}
