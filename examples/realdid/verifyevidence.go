package main

import (
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didjwk"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
)

// evidenceFlags say what vc verify knows of DIDs from, and how well it must be known.
type evidenceFlags struct {
	bundles                        []string
	receipt, receipts              string
	latest, othersTimes, auditors  bool
	maxEvidenceAge, maxIssuerEvAge string
}

func (f *evidenceFlags) register(fl *pflag.FlagSet) {
	fl.StringArrayVar(&f.bundles, "bundle", nil, "know DIDs from this `FILE` of did bundle, and ask no ledger; repeat, for issuer and holder")
	fl.StringVar(&f.receipt, "receipt", "", "`FILE` of vc receipt that came with the credential")
	fl.StringVar(&f.receipts, "receipts", "optional", "`WHEN` a receipt is needed: optional (for a compromised key only) or required (for a retired key as well)")
	fl.BoolVar(&f.latest, "require-latest", false, "want proof that the DIDs are known in their newest state")
	fl.BoolVar(&f.othersTimes, "require-cosigned-time", false, "want more than the word of a ledger's operator for when things happened")
	fl.BoolVar(&f.auditors, "trust-auditors", false, "accept bundles without operations: auditors have executed them")
	fl.StringVar(&f.maxEvidenceAge, "max-evidence-age", "", "how old the knowledge of the holder's keys may be (default 10m)")
	fl.StringVar(&f.maxIssuerEvAge, "max-issuer-evidence-age", "", "how old the knowledge of the issuer's keys may be (default 24h)")
}

// apply puts the flags into a policy.
func (f *evidenceFlags) apply(e *vc.Expect) error {
	needs := vc.EvidenceNeeds{Latest: f.latest, NoOperatorTime: f.othersTimes, TrustAuditors: f.auditors}
	e.HolderEvidence, e.IssuerEvidence = needs, needs
	switch {
	case f.receipts != "optional" && f.receipts != "required":
		return usage("optional or required", "--receipts: %.20q", f.receipts)
	case f.receipts == "required" && e.RetiredKeys == vc.RefuseRetiredKeys:
		return usage("choose one", "--refuse-retired-keys with --receipts required")
	case f.receipts == "required":
		e.RetiredKeys = vc.RetiredKeysWithReceipt
	}
	for _, d := range []struct {
		text, flag string
		to         *time.Duration
	}{
		{f.maxEvidenceAge, "--max-evidence-age", &e.MaxEvidenceAge},
		{f.maxIssuerEvAge, "--max-issuer-evidence-age", &e.MaxIssuerEvidenceAge},
	} {
		if d.text == "" {
			continue
		}
		var err error
		if *d.to, err = parseDelay(d.text, d.flag); err != nil {
			return err
		}
	}
	return nil
}

// keys finds the keys of DIDs: in bundles if there are any, which ask nobody, else as every verb does.
func (a *app) keys(f *evidenceFlags, e *vc.Expect) (resolver.Keys, func(), error) {
	if len(f.bundles) == 0 {
		finder, done := a.keyFinder()
		return finder, done, nil
	}
	d, err := a.domain()
	if err != nil {
		return resolver.Keys{}, nil, err
	}
	// The bundles of issuer and holder may be of different days; how old each may be, the policy says.
	lag := max(e.MaxIssuerEvidenceAge, e.MaxEvidenceAge, vc.DefaultMaxIssuerEvidenceAge)
	v, err := a.bundleTrust(d, lag)
	if err != nil {
		return resolver.Keys{}, nil, err
	}
	var list [][]byte
	for _, path := range f.bundles {
		b, err := a.readInput(path, "the bundle")
		if err != nil {
			return resolver.Keys{}, nil, err
		}
		if _, err := realdid.ParseBundle(b); err != nil {
			return resolver.Keys{}, nil, invalid("ask for another", "%s: %s", path, withoutPackages(err.Error()))
		}
		list = append(list, b)
	}
	set, err := v.Bundles(list...)
	if err != nil {
		return resolver.Keys{}, nil, usage("one bundle for each DID", "--bundle: %s", withoutPackages(err.Error()))
	}
	mux := resolver.Mux{realdid.MethodName: set, "key": &didkey.Resolver{Now: a.now}, "jwk": &didjwk.Resolver{Now: a.now}}
	return resolver.Keys{Resolver: mux, Now: a.now}, func() {}, nil
}

// accompany adds the receipt to what was received.
func (a *app) accompany(p vc.Presentation, f *evidenceFlags) (vc.Presentation, error) {
	if f.receipt == "" {
		return p, nil
	}
	b, err := a.readInput(f.receipt, "the receipt")
	if err != nil {
		return nil, err
	}
	r, err := vc.ParseReceipt(strings.TrimSpace(string(b)))
	if err != nil {
		return nil, invalid("a receipt is one line of base64url, as vc receipt wrote it", "%s: %s", f.receipt, withoutPackages(err.Error()))
	}
	return vc.WithReceipt(p, r), nil
}
