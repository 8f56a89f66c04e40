// Package vcalm is an HTTP handler that issues, derives and verifies W3C credentials and keeps their status: Verifiable Credential API
// for Lifecycle Management 1.0 (VCALM, W3C First Public Working Draft of 2026-03, once VC-API), as far as the conformance suites of
// the W3C call it.
//
//	POST /issuers/{cryptosuite}/{key}/credentials/issue   {"credential", "options"} → 201 {"verifiableCredential"}
//	GET  /issuers                                         → {"cryptosuite/key": "DID of the issuer"}
//	POST /credentials/derive                              {"verifiableCredential", "options"} → 201 {"verifiableCredential"}
//	POST /credentials/verify                              {"verifiableCredential", "options"} → 200 {"verified": true, …}
//	POST /presentations/verify                            {"verifiablePresentation", "options"} → 200 {"verified": true, …}
//	POST /credentials/status                              {"credentialId", "credentialStatus", "status"} → 200
//	GET  /status-lists/{id}                               → the status list credential
//	POST /status-lists/{id}/publish                       → 204
//
// # Answers
//
// Failures are problem details (RFC 9457), their types those of the W3C's texts:
//
//	400  the request, or the document in it, is malformed; or a document that was to be verified did not verify: then the answer
//	     also has "verified": false and every problem that was found, the errors in "errors" and the rest in "warnings"
//	404  no such issuer, credential or list
//	405  another method; Allow names those that there are
//	413  the body is larger than the limit
//	415  the body is neither application/json nor application/ld+json, or has a content encoding
//	422  what was asked for cannot be done with a well-formed document, such as deriving from a proof that is not selective
//	503  too many requests are under way, or the time for one is over
//
// # What is issued
//
// created is the time of the handler unless options.created says another, and absent for cryptosuites whose showings must not be linked
// (bbs-2023): neither do their credentials get an entry in a status list.
//
// # What is verified
//
// Every proof of a credential must verify, be an assertionMethod, and follow the data model; JSON-LD is processed whatever the cryptosuite,
// so that no term is without meaning; all proofs that another follows must be there. Beside that options.checks names what is looked at:
// "proof" and "issuer" (the key belongs to the credential's issuer), which always are; "validity", "credentialStatus" and
// "credentialSchema". Without checks, or with an empty list, it is all of them, and what cannot be checked here (a status list of
// somebody else, a schema that nobody gave) is a warning; where checks names it, it is an error. "verified": true never says that the issuer is to be
// believed: that is for whoever asks.
//
// A body is in memory before the work on it starts; how slowly it may come is for the server's ReadTimeout. There is no
// authentication: whoever reaches the handler issues in the name of its issuers and revokes what they issued.
package vcalm
