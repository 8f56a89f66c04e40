// Package sdjwt issues, presents and verifies SD-JWT (RFC 9901) and SD-JWT VC (draft-ietf-oauth-sd-jwt-vc-18, media type
// dc+sd-jwt): signed claims of which the holder discloses some and proves possession of a key.
//
//	cred, err := sdjwt.Issue(ctx, issuer, claims, &sdjwt.IssueOptions{Disclosable: []string{"/birthdate"}, Holder: holderKey})
//	pres, err := cred.Present(ctx, phone, &sdjwt.PresentOptions{Reveal: []string{"/birthdate"}, Audience: aud, Nonce: nonce})
//	got, report, err := verifier.Verify(ctx, sdjwt.Received(pres.Bytes()), &vc.Expect{…})
//
// PROFILE.md beside this file is normative for credentials whose issuer is a DID: which key counts, for what, and when.
//
// # Forms
//
// Compact, flattened JSON and general JSON serialization are read and written. Of a general JSON serialization with several
// signatures the first is the issuer's; the others are kept and not checked.
//
// # What is refused
//
// Parsing is strict: JSON without duplicate members, base64url in its one form, nothing before, after or between the parts.
// Every disclosure must be referenced by exactly one digest, directly or inside another disclosure. The algorithms are those of
// the table in package keys that JOSE has names for: ES256, ES384, ES256K, EdDSA; SM2 has none and is refused. Digests are SHA-256, SHA-384
// or SHA-512. A critical header parameter (crit) is refused, because none is understood.
//
// # W3C credentials
//
// A credential of media type vc+sd-jwt is one of the W3C data model 2.0 ("Securing Verifiable Credentials using JOSE and COSE",
// Recommendation of 2025-05-15, section 3.2): the processed payload is the credential, checked by package vc/vcdm; its issuer signs;
// what is said in package vc/jose of claims beside members and of holders holds here as well. @context, type, issuer, the times of
// validity, credentialStatus, credentialSchema, relatedResource, termsOfUse and every registered claim stand in the clear, and
// so does credentialSubject, while what is in it may be withheld. A policy has to name the media type, because early drafts of SD-JWT VC
// called dc+sd-jwt so: such a credential, without @context, is refused.
//
// A presentation of the data model (vp+sd-jwt) can be issued like any other SD-JWT, and is not verified as a presentation: key binding
// does what it would be for.
//
// # Holders
//
// [ParseCredential] checks that the disclosures belong to the credential, not who signed it: give the [Credential] to a vc.Verifier, with
// a policy without holder binding, before it is kept.
package sdjwt
