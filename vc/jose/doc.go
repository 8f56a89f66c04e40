// Package jose issues, presents and verifies W3C credentials and presentations of the data model 2.0 as JSON Web Tokens: media types
// vc+jwt and vp+jwt of "Securing Verifiable Credentials using JOSE and COSE" (W3C Recommendation of 2025-05-15). Nothing in them can
// be withheld; vc/sdjwt has vc+sd-jwt for that.
//
//	cred, err := jose.Issue(ctx, issuer, credential, &jose.IssueOptions{})
//	pres, err := cred.Present(ctx, phone, &jose.PresentOptions{Audience: aud, Nonce: nonce, Method: phoneMethod})
//	got, report, err := verifier.Verify(ctx, jose.Received(pres.Bytes(), nil), &vc.Expect{…})
//
// # What counts
//
// The payload is the credential itself, with registered claims of RFC 7519 beside its members. typ must be vc+jwt or vp+jwt, so
// that no other token is taken for one, and cty, if it is there, vc or vp. The claims vc and vp of older credentials are refused.
// Members that are not understood are kept and ignored; whether terms are defined in a context is for JSON-LD to say, and is
// not asked here.
//
// The issuer is the credential's issuer. If that is a DID, kid names one of its keys as a DID URL. iat says which version of the key
// counts; without it, the key must be in service now.
//
// # Claims beside members
//
// The specification says that iat and exp are about the signature, and validFrom and validUntil about what is signed. They do not
// contradict each other: every one that is there must hold, so that the latest beginning and the earliest end count. iss must be
// the issuer; jti and sub, if the credential has an id or one subject with an id, must be the same, because readers of one and of
// the other would otherwise see two things. A date may also be written as a date-time with a zone, as the test suite does.
//
// # Holders
//
// A presentation (vp+jwt) is signed by the holder, with aud, nonce and iat, and holds credentials in envelopes. A [vc.Verifier]
// takes one with exactly one credential; [Split] makes several of one with several. A credential is bound to the key or DID in its
// cnf, or without cnf to its subject, if there is one and its id is a DID.
//
// # What is refused
//
// Beside what package keys/jws refuses: P-521 (ES512), RSA and HMAC, credentials of the data model 1.1, credentials in a presentation
// that are not in an envelope, presentations in presentations. A proof inside the payload is not looked at, and is no claim.
package jose
