// Package realperson lets a platform know that a real person stands behind an account and has no other one there, and nothing else.
// SPEC.md describes the protocol, whom it protects against whom, and its limits.
//
// Three parties take part. An [Authority] sees a person's evidence once and signs blindly what the person's [Wallet] commits to. The
// wallet shows a [Platform] a pseudonym that is the same whenever this person comes to this platform, and that nobody can link to
// anything at another platform: not the platforms together, not with the authority's help, not with all that any of them stored. The
// pseudonym binds a pairwise DID, whose key logs in from then on by a plain signature.
//
//	request, err := platform.Request(ctx, realperson.ActionSignUp, nil)
//	asked, err := wallet.Authenticate(ctx, request, keys)     // who asks is who signed, and for what: asked.Asks()
//	response, err := wallet.SignUp(ctx, asked, realperson.Policy{})
//	account, report, err := platform.SignUp(ctx, response, nil)
//
// Credentials are W3C Verifiable Credentials with bbs-2023 proofs and the pseudonyms of package bbs2023, of type [CredentialType] and with
// the context [ContextURL]; platforms verify them with package vc.
package realperson
