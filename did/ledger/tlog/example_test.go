package tlog_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
)

// last keeps the last operation of each key as its state, and its digest as the head record.
type last struct{}

func (last) Reduce(_ string, _, op []byte, _ ledger.Anchor) (ledger.Reduced, error) {
	return ledger.Reduced{State: op}, nil
}

func (last) Head(_ string, state []byte) ([]byte, error) {
	return fmt.Appendf(nil, "%.4x", sha256.Sum256(state)), nil
}

func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "log")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	signer, err := proof.GenerateNoteSigner("ledger.example/main", proof.LogEd25519)
	if err != nil {
		log.Fatal(err)
	}
	trust := &proof.Trust{Origin: "ledger.example/main", Log: signer.Verifier(), InsecureNoQuorum: true}

	lg, err := tlog.Open(memledger.New(last{}, nil), dir, signer, trust, last{}, &tlog.Options{Interval: 10 * time.Millisecond})
	if err != nil {
		log.Fatal(err)
	}
	defer lg.Close()
	e, err := lg.Append(ctx, "some-key", 0, []byte("hello"))
	if err != nil {
		log.Fatal(err)
	}
	for _, key := range []string{"some-key", "other-key"} {
		b, err := lg.Prove(ctx, key, e.Anchor.Index+1) // waits for an epoch that covers the entry
		if err != nil {
			log.Fatal(err)
		}
		// Anybody can check the proof who has trust, and nobody else is asked.
		p, err := proof.ParseLatest(b)
		if err != nil {
			log.Fatal(err)
		}
		v, err := p.Verify(trust, key, time.Now())
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %q, newest for certain: %v\n", key, v.Head, v.Latest) // not without a quorum
	}
	// Output:
	// some-key: "2cf24dba", newest for certain: false
	// other-key: "", newest for certain: false
}
