// Package ariesvdr lets agents of Hyperledger Aries Framework Go v0.3.2 create, resolve, update and deactivate identifiers
// of did:realdid: a [VDR] stands between the framework's registry and a did.Resolver with a did.Registrar.
//
// Aries reads DID documents of 2022. [Document] rewrites what this library's documents say today into what Aries takes, and
// leaves out, by name, what Aries would misread. Nothing that anybody signs passes through it: an operation of did:realdid
// is signed as the registrar drew it up, and what an agent signs itself is the agent's.
//
//	here                                      for Aries
//	DID 1.1 or any other context              DID 1.0, with those of the types below
//	Multikey, JsonWebKey of a signing key     JsonWebKey2020
//	X25519, in whatever type                  X25519KeyAgreementKey2019: Aries cannot pack to an X25519 JWK
//	DIDCommMessaging, one endpoint object     a list of one, "didcomm/v2" if it accepts nothing by name, and as
//	                                          recipients the methods of keyAgreement
//	did-communication, endpoint object        a URI, with recipientKeys, routingKeys and accept beside it
//	recipients of did-communication           those that are keys of the document as Aries is shown it
//	DIDComm services among others             first, because Aries looks at the first service only
//	SM2, BLS12-381, kinds that are unknown    left out
//	expired, revoked, of another controller   left out: Aries does not look
//	compromised since, or of an ended DID     left out by Read, in old versions too
//
// In the other direction the registrar is given Multikeys under the same fragments, so that reading a document and writing
// it back changes nothing, and what Aries was not shown stays as it is.
//
// Aries knows no control keys: those that may change an identifier, apart from the keys in its document. They are answered
// for by [Signers], which a VDR that writes must be given.
package ariesvdr
