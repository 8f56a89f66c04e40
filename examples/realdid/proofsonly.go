package main

import (
	"context"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// proofsJSON is what vc verify --insecure-proofs-only prints.
type proofsJSON struct {
	Valid  *bool             `json:"valid"` // null if a key could not be asked for
	Proofs []proofResultJSON `json:"proofs"`
}

type proofResultJSON struct {
	Cryptosuite        string `json:"cryptosuite"`
	VerificationMethod string `json:"verificationMethod"`
	Purpose            string `json:"proofPurpose"`
	Result             string `json:"result"`
	Code               string `json:"code,omitempty"`
	Detail             string `json:"detail,omitempty"`
}

// verifyProofsOnly checks the Data Integrity proofs of any JSON object, and neither what it says nor who may say so.
func (a *app) verifyProofsOnly(ctx context.Context, arg string, f *verifyFlags) error {
	purpose, ok := did.ParsePurpose(f.purpose)
	switch {
	case !ok:
		return usage("assertionMethod, authentication, keyAgreement, capabilityInvocation or capabilityDelegation", "--purpose: %.40q", f.purpose)
	case len(f.issuers)+len(f.types)+len(f.roots)+len(f.mediaTypes)+len(f.evidence.bundles) > 0 || f.issuerKey != "" || f.claimsOut != "":
		return usage("leave --issuer, --type and the like out", "--insecure-proofs-only looks at proofs alone: no policy")
	}
	raw, err := a.readCredential(arg)
	if err != nil {
		return err
	}
	if recognise(raw) != dataIntegrity {
		return usage("vc verify", "--insecure-proofs-only is for documents with Data Integrity proofs")
	}
	known, err := f.contexts.load(a)
	if err != nil {
		return err
	}
	policy := &dataintegrity.ProofPolicy{Purpose: purpose, Challenge: f.nonce, Now: a.now(), Options: *known}
	if f.audience != "" {
		policy.Domain = []string{f.audience}
	}
	finder, done := a.keyFinder()
	defer done()
	report, verdict := dataintegrity.InsecureVerifyProofsOnly(ctx, raw, finder, policy)
	return a.showProofs(report, verdict)
}

func (a *app) showProofs(report *dataintegrity.ProofReport, verdict error) error {
	out := proofsJSON{Proofs: []proofResultJSON{}}
	failed := verdictFailureOf(verdict)
	if failed == nil || failed.status == statusInvalid {
		valid := verdict == nil
		out.Valid = &valid
	}
	for i := range report.Proofs {
		r := &report.Proofs[i]
		one := proofResultJSON{Cryptosuite: r.Proof.Cryptosuite, VerificationMethod: r.Proof.VerificationMethod, Purpose: r.Proof.Purpose, Result: vc.Pass.String()}
		if f := verdictFailureOf(r.Err); f != nil {
			one.Result, one.Code, one.Detail = vc.Fail.String(), vc.Code(r.Err), f.detail
			if f.status == statusUnknown {
				one.Result = vc.Unknown.String()
			}
		}
		out.Proofs = append(out.Proofs, one)
	}
	if a.flags.json {
		if err := a.printJSON(out); err != nil {
			return err
		}
	} else {
		s := sheet{p: a.paint}
		for i, p := range out.Proofs {
			s.add(first(i, "proofs"), p.Result, p.Cryptosuite, p.VerificationMethod, p.Detail)
		}
		s.write(a.stdout)
	}
	if failed == nil {
		a.note("these proofs fit this text and these keys; nobody's word was asked whether to believe it")
		return nil
	}
	return failed
}

// verdictFailureOf is verdictFailure, or nil for nil.
func verdictFailureOf(err error) *failure {
	if err == nil {
		return nil
	}
	return verdictFailure(err)
}
