// Package vc holds what is true of every verifiable credential, whatever its format: who may have issued it, which key counts
// at which time, whether the holder is the one who presents it, when it is valid.
//
// A [Verifier] takes a presentation, which a format package makes from received bytes (vc/sdjwt, vc/dataintegrity, vc/jose, vc/jwtvc,
// vc/cose), and an [Expect], the policy of
// the verifier. The policy is required and its zero value accepts nothing; whatever weakens a check has a name that starts with
// Insecure. The steps run in one order for every format, and none is left out because a list is empty:
//
//	policy → strict parse → format → issuer → issuer's key → signature → disclosures → holder → time → status → type
//
// Only after all of them passed does a [Verified] exist, which holds what is signed and disclosed and nothing else. Every
// verification also yields a [Report] with stable codes (CODES.md beside this file). "Invalid" (ErrInvalid) is final; "could
// not check" (ErrUnknown) may go away by itself: the two are never mixed.
//
// Nothing in this package uses the network. Keys of issuers and holders come from the [Keys] that the Verifier is given.
//
// # Status lists
//
// A credential that refers to a status list needs a policy with StatusLists (vc/status.Lists), or has the result unknown
// (vc.status.unchecked). The lists are asked for the list, never for the credential; a policy with InsecureIgnoreStatus takes it
// without.
package vc
