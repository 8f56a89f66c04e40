// Package dataintegrity secures JSON documents, W3C verifiable credentials above all, with embedded proofs: Verifiable Credential Data
// Integrity 1.0, with the EdDSA and ECDSA cryptosuites 1.0 (W3C Recommendations of 2025-05-15).
//
//	cred, err := dataintegrity.Issue(ctx, issuer, credential, nil)
//	pres, err := cred.Present(ctx, phone, &dataintegrity.PresentOptions{Method: phoneKey, Audience: aud, Nonce: nonce})
//	got, report, err := verifier.Verify(ctx, dataintegrity.Received(pres.Bytes(), nil), &vc.Expect{…})
//
// # Cryptosuites
//
// eddsa-rdfc-2022, eddsa-jcs-2022, ecdsa-rdfc-2019, ecdsa-jcs-2019 (both with P-256 and P-384) and ecdsa-sd-2023, of which a holder
// discloses parts; with Options.Ed25519Signature2020, proofs of that older type are read too. Others are a [Cryptosuite] that is given as an option, such as bbs-2023 of package bbs2023, whose showings cannot be linked. Suites over JSON (jcs) protect a document as it is written. Suites
// over RDF protect what it says: other members' order, other words for the same are no change, and a document must be
// JSON-LD whose every term is defined by contexts that are known (package jsonld); nothing is fetched.
//
// # Credentials and presentations
//
// All proofs of a credential must be valid, be for assertions and be by keys of its issuer; all that a proof chain refers to must be
// there. A presentation is a credential alone, or a VerifiablePresentation of one, with at most one proof, for authentication, by
// the DID of the credential's one subject; its domain and challenge are the audience and the nonce of vc.Expect. [Split] is for
// presentations of several credentials.
//
// A credential that only proofs over RDF protect must be written plainly: with the terms of known contexts, and with everything that is
// said of the credential and of its subjects in their own objects. Otherwise whoever passes it on could give claims other names, or
// move them to where nobody looks (Options.InsecureRewritable). Objects deeper inside that have an id, and stand in several places, can be
// written out at any of them. Of a number with a fraction such proofs cover 16
// digits, and of values in an array not their order, unless a context makes it a list. Known contexts should give one IRI one
// name each: with two of an issuer's that do not, a claim can be shown under the name that another one has there.
//
// # Documents that are no credentials
//
// [AddProof] and [InsecureVerifyProofsOnly] make and check proofs of any JSON object: what Data Integrity says and no more, neither the data
// model nor who may say this.
package dataintegrity
