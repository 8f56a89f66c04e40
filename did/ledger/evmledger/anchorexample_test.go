package evmledger_test

import (
	"context"
	"log"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/evmledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/ledger/witness"
	"github.com/realdid/realdid/did/realdid"
)

// A log whose every checkpoint stands in a contract before anybody sees it. It needs a chain, keys and auditors, so it is shown and
// not run.
func ExampleNewAnchoredLog() {
	var (
		chain     *evmledger.Chain     // from NewChain
		sender    *evmledger.Sender    // with the account of the contract's operator
		contract  evmledger.Deployment // from Deploy, of the mode Anchor
		signer    *proof.NoteSigner    // the log's key
		anchorKey *proof.NoteSigner    // says: it is anchored
		auditors  []tlog.Cosigner      // witness.Clients of mirrors elsewhere
		trust     *proof.Trust         // names all of these keys, and evmledger.Origin(chain.ID(), contract.Address)
		observers []proof.VerifierKey  // of people with nodes of their own
		clients   []evmledger.HeaderCosigner
	)
	ctx := context.Background()
	check := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}

	anchors, err := evmledger.OpenAnchors(ctx, chain, contract, "anchors", &evmledger.AnchorsOptions{Sender: sender})
	check(err)
	gate, err := witness.NewServer("gate", anchorKey, []witness.Log{{Key: signer.Verifier(), Origin: anchors.Origin(), Hold: anchors.Hold}}, nil)
	check(err)
	entries, err := boltledger.Open("entries", realdid.Reducer(), nil)
	check(err)
	published, err := tlog.Open(entries, "log", signer, trust, realdid.Reducer(), &tlog.Options{
		Cosigners: append(auditors, gate),
		Interval:  10 * time.Minute, // each epoch is a transaction
		Heartbeat: time.Hour,
		Timeout:   time.Hour, // longer than a block takes to be final
	})
	check(err)
	lg, err := evmledger.NewAnchoredLog(ctx, published, anchors, &evmledger.ProofOptions{Observers: clients, Quorum: 2})
	check(err)

	// Whoever verifies needs this, and no node.
	policy := &evmledger.ChainTrust{
		ChainID: chain.ID(), Contract: contract.Address, Operator: common.HexToAddress("0x01"), Log: trust,
		Headers: evmledger.HeaderTrust{Observers: observers, Quorum: 2}, MaxAge: 30 * time.Minute,
	}
	method, err := realdid.New(lg, &realdid.Options{Heads: policy})
	check(err)
	_ = method
}
