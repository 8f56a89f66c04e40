package did

import "context"

// A Prover gives the proof that belongs to an answer, in a form that the [Verifier] of the same method understands.
type Prover interface {
	// Prove returns a proof from which a Verifier comes to what Resolve answers for the same options. Errors are those of
	// Resolve; a Prover that cannot prove a version says FEATURE_NOT_SUPPORTED.
	Prove(ctx context.Context, id DID, opt *ResolveOptions) ([]byte, error)
}

// A Verifier checks a proof that came with an answer from somebody who need not be trusted. It asks nobody.
type Verifier interface {
	// Verify returns the answer for id that the proof proves, with Evidence of what was proven and nothing else. Final
	// errors say that the proof does not prove an answer. id is what was asked for: a proof about another DID is refused.
	Verify(ctx context.Context, id DID, proof []byte, opt *ResolveOptions) (*Resolution, error)
}
