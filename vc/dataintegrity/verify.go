package dataintegrity

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// ProofPolicy is what [InsecureVerifyProofsOnly] asks of proofs. It is required.
type ProofPolicy struct {
	// Purpose is the verification relationship that every proof must be for, and its key. Required.
	Purpose did.Purpose
	// Controller is the DID to which every key must belong; zero means any.
	Controller did.DID
	// Domain is what domain of every proof must hold, as a set; nil means that it is not looked at.
	Domain []string
	// Challenge is what challenge of every proof must be; "" means that it is not looked at.
	Challenge string
	// Now is the time at which proofs must count; zero means the present.
	Now time.Time
	// ClockSkew is by how much the clock of the signer may be ahead; 0 means vc.DefaultClockSkew, a negative value none.
	ClockSkew time.Duration
	// Options are the contexts and cryptosuites that are known.
	Options Options
}

// ProofReport says what [InsecureVerifyProofsOnly] found.
type ProofReport struct {
	// Proofs are the results in the order of the document; empty if it is not well-formed.
	Proofs []ProofResult
	// Document is what every proof protects: the document without proof and, for suites over JSON, with no more contexts than the
	// proofs have. nil unless all proofs are valid.
	Document []byte
}

// ProofResult is the result for one proof.
type ProofResult struct {
	Proof *Proof
	Key   *did.ResolvedKey // nil if it was not found
	Err   error            // nil if the proof is valid; else a *vc.Fault
}

// InsecureVerifyProofsOnly checks the proofs of a JSON object and nothing else: not whether it is a credential, who its issuer is,
// whether that issuer is to be believed, what a key's evidence is, status or validity. It is for tests of conformance, and for documents
// that are no credentials. A proof over RDF must have no other members than [Proof] has fields, because each could be one of those by
// another name, unless Options.InsecureRewritable is set. All proofs must be valid: the error is nil exactly then, and otherwise a *vc.Fault, the
// first of the report.
// A report is always returned.
func InsecureVerifyProofsOnly(ctx context.Context, document []byte, k vc.Keys, policy *ProofPolicy) (*ProofReport, error) {
	report := &ProofReport{}
	if k == nil || policy == nil || policy.Purpose == 0 {
		return report, vc.Invalid("dataintegrity.policy", "keys and a policy with a purpose are required")
	}
	v, err := parseJSON(document)
	if err != nil {
		return report, err
	}
	s, err := readSecured(v, false)
	if err != nil {
		return report, err
	}
	r := &proofRun{ctx: ctx, keys: k, policy: policy, now: policy.Now}
	if r.now.IsZero() {
		r.now = time.Now()
	}
	report.Proofs = make([]ProofResult, len(s.proofs))
	var fault error
	for i, p := range s.proofs {
		result := &report.Proofs[i]
		result.Proof = p
		result.Key, result.Err = r.check(s.input(i, policy.Options.contexts()))
		if fault == nil {
			fault = result.Err
		}
	}
	if fault != nil {
		return report, fault
	}
	report.Document = strictjson.AppendJSON(nil, s.protected())
	return report, nil
}

// protected returns the document with what @context all proofs protect.
func (s *secured) protected() strictjson.Value {
	doc := s.bare
	for _, p := range s.proofs {
		short, err := (&Input{Document: doc, Proof: p}).jcsDocument()
		if err == nil {
			doc = short
		}
	}
	return doc
}

// proofRun is one verification.
type proofRun struct {
	ctx    context.Context
	keys   vc.Keys
	policy *ProofPolicy
	now    time.Time
}

func (r *proofRun) check(in *Input) (*did.ResolvedKey, error) {
	if err := r.checkOptions(in.Proof); err != nil {
		return nil, err
	}
	sig, err := openSignature(in, &r.policy.Options, false)
	if err != nil {
		return nil, err
	}
	key, err := r.key(in.Proof)
	if err != nil {
		return nil, err
	}
	if key.Method.Key.Algorithm() != sig.algorithm {
		return key, vc.Invalid("dataintegrity.proof.key", "the cryptosuite is not for keys of this algorithm")
	}
	return key, sig.suite.VerifyProof(in, key.Method.Key)
}

// checkOptions compares the proof with what is expected (Data Integrity 1.0, section 4.4, steps 5 to 7).
func (r *proofRun) checkOptions(p *Proof) error {
	skew := r.policy.ClockSkew
	if skew == 0 {
		skew = vc.DefaultClockSkew
	}
	purpose, ok := did.ParsePurpose(p.Purpose)
	switch {
	case !ok || purpose != r.policy.Purpose:
		return vc.Invalid("dataintegrity.proof.purpose", "the proof is for another purpose")
	case r.policy.Domain != nil && !sameSet(p.Domain, r.policy.Domain):
		return vc.Invalid("dataintegrity.proof.domain", "the proof is for another domain")
	case r.policy.Challenge != "" && p.Challenge != r.policy.Challenge:
		return vc.Invalid("dataintegrity.proof.challenge", "the proof is for another challenge")
	case !p.Expires.IsZero() && !r.now.Before(p.Expires):
		return vc.Invalid("dataintegrity.proof.expired", "the proof has expired")
	case r.now.Add(max(skew, 0)).Before(p.Created):
		return vc.Invalid("dataintegrity.proof.future", "the proof was created in the future")
	}
	return nil
}

func sameSet(a, b []string) bool {
	within := func(a, b []string) bool {
		return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
	}
	return within(a, b) && within(b, a)
}

// key finds the key of a proof and does not trust the answer to be about the question (Data Integrity 1.0, section 4.6).
func (r *proofRun) key(p *Proof) (*did.ResolvedKey, error) {
	u, err := did.ParseURL(p.VerificationMethod)
	if err != nil {
		return nil, vc.InvalidBecause("dataintegrity.method.url", err)
	}
	if !u.IsKeyReference() {
		return nil, vc.Invalid("dataintegrity.method.url", "the verification method is not a DID with a fragment and nothing else")
	}
	if !r.policy.Controller.IsZero() && u.DID() != r.policy.Controller {
		return nil, vc.Invalid("dataintegrity.method.controller", "the key belongs to another DID")
	}
	k, err := r.keys.Key(r.ctx, u, r.policy.Purpose, p.Created)
	if err != nil {
		return nil, keyFault(err)
	}
	switch {
	case k == nil || k.Method.ID != u:
		return nil, vc.Invalid("dataintegrity.method.notfound", "the look-up returned another key than the one asked for")
	case k.Method.Controller != u.DID():
		return nil, vc.Invalid("dataintegrity.method.controller", "the key is under the control of another DID")
	case !k.Method.Allows(r.policy.Purpose):
		return nil, vc.Invalid("dataintegrity.method.purpose", "the key is not for this purpose")
	case k.Status != did.KeyActive && (k.Status != did.KeyRetired || p.Created.IsZero()):
		return nil, vc.Invalid("dataintegrity.method.status", "the key is compromised, or not in service")
	case !k.Method.UsableAt(at(p.Created, r.now)):
		return nil, vc.Invalid("dataintegrity.method.status", "the verification method had ended before")
	}
	return k, nil
}

func at(t, now time.Time) time.Time {
	if t.IsZero() {
		return now
	}
	return t
}

func keyFault(err error) error {
	switch e := did.AsError(err); {
	case e.Temporary():
		return vc.UnknownBecause("dataintegrity.method.unavailable", err)
	case errors.Is(err, did.ErrKeyNotFound), e.Code == did.NotFound:
		return vc.InvalidBecause("dataintegrity.method.notfound", err)
	case errors.Is(err, did.ErrKeyPurpose):
		return vc.InvalidBecause("dataintegrity.method.purpose", err)
	case errors.Is(err, did.ErrKeyTime):
		return vc.InvalidBecause("dataintegrity.method.status", err)
	case errors.Is(err, did.ErrKeyController):
		return vc.InvalidBecause("dataintegrity.method.controller", err)
	}
	return vc.InvalidBecause("dataintegrity.method.refused", err)
}
