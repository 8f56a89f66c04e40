package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/realdid"
)

const origin = "bench.example/log"

// signer is a cosigner in this process: what it signs costs what it costs elsewhere, and nothing travels.
type signer struct{ *proof.NoteSigner }

func (s signer) Name() string { return s.Verifier().Name() }

func (s signer) Cosign(_ context.Context, _ uint64, _ []proof.Hash, note []byte) ([]byte, error) {
	n, err := proof.ParseNote(note)
	if err != nil {
		return nil, err
	}
	sig, err := s.NoteSigner.Cosign(n.Text, time.Now())
	return sig.Append(nil), err
}

// A provenLedger is an embedded ledger with log and map, cosigned by two witnesses and an auditor, all of whom are needed.
type provenLedger struct {
	entries *boltledger.Ledger
	log     *tlog.Log
	trust   *proof.Trust
}

// openProven makes the log of entries in dir. red is what entries was opened with.
func openProven(entries *boltledger.Ledger, dir string, red ledger.HeadReducer, opt *tlog.Options) (*provenLedger, error) {
	key, err := proof.GenerateNoteSigner(origin, proof.LogEd25519)
	if err != nil {
		return nil, err
	}
	trust := &proof.Trust{Origin: origin, Log: key.Verifier(), Quorum: proof.Quorum{Witnesses: 2, Auditors: 1}}
	for _, c := range []struct {
		name string
		role proof.Role
	}{{"witness-1.example", proof.Witness}, {"witness-2.example", proof.Witness}, {"auditor.example", proof.Auditor}} {
		s, err := proof.GenerateNoteSigner(c.name, proof.CosignatureEd25519)
		if err != nil {
			return nil, err
		}
		trust.Cosigners = append(trust.Cosigners, proof.Cosigner{Key: s.Verifier(), Role: c.role})
		opt.Cosigners = append(opt.Cosigners, signer{s})
	}
	l, err := tlog.Open(entries, dir, key, trust, red, opt)
	if err != nil {
		return nil, err
	}
	return &provenLedger{entries, l, trust}, nil
}

// tempProven opens one in a folder of its own, and returns what removes it.
func tempProven() (*provenLedger, func() error, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, nil, err
	}
	lg, err := boltledger.Open(filepath.Join(dir, "ledger"), realdid.Reducer(), nil)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	p, err := openProven(lg, filepath.Join(dir, "log"), realdid.Reducer(), &tlog.Options{})
	if err != nil {
		return nil, nil, errors.Join(err, lg.Close(), os.RemoveAll(dir))
	}
	return p, func() error { return errors.Join(p.close(), os.RemoveAll(dir)) }, nil
}

func (p *provenLedger) close() error { return errors.Join(p.log.Close(), p.entries.Close()) }

// method keeps histories that it has checked in keep bytes of memory; 0 replays each one every time.
func (p *provenLedger) method(keep int) (*realdid.Method, error) {
	return realdid.New(p.log, &realdid.Options{Trust: p.trust, KeepBytes: keep})
}
