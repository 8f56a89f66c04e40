// Package cose issues, presents and verifies W3C credentials and presentations of the data model 2.0 in COSE: media types vc+cose and
// vp+cose of "Securing Verifiable Credentials using JOSE and COSE" (W3C Recommendation of 2025-05-15), a COSE_Sign1 (RFC 9052) over the
// JSON of the credential. Nothing in them can be withheld. It is vc/jose in another envelope.
//
//	cred, err := cose.Issue(ctx, issuer, credential, &cose.IssueOptions{})
//	pres, err := cred.Present(ctx, phone, &cose.PresentOptions{Audience: aud, Nonce: nonce, Method: phoneMethod})
//	got, report, err := verifier.Verify(ctx, cose.Received(pres.Bytes(), nil), &vc.Expect{…})
//
// # What counts
//
// The message has the tag 18, in its shortest form, four items and nothing behind them; the payload stands in it. In the protected header
// typ (16) must be application/vc+cose or application/vp+cose, and the content type (3), if it is there, application/vc or
// application/vp. What the issuer says beside the credential stands in CWT claims (15, RFC 9597) of the protected header: iat, exp, nbf,
// iss, sub, aud, cnf, and for a presentation nonce (10, as RFC 9711 has it). What is said of such claims in package jose holds here.
// kid (4) and x5chain (33) may stand in the unprotected header, because they only say which key to try; alg, typ, content type and CWT
// claims may not, and no parameter may stand in both. CBOR need not be deterministic when it is read, because signatures are checked
// over the bytes as received; what is written is.
//
// # What is refused
//
// Algorithms other than ES256, ES384, ES256K and EdDSA (and the names of RFC 9864 for the same), crit, detached payloads, credentials
// of the data model 1.1, credentials in a presentation that are not in an envelope.
package cose
