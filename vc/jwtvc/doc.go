// Package jwtvc reads and writes credentials and presentations of the W3C data model 1.1 as JSON Web Tokens (Verifiable Credentials Data
// Model 1.1, section 6.3.1): what agents from before the data model 2.0 have, Aries among them. New credentials are better those of package
// vc/jose.
//
//	cred, err := jwtvc.Issue(ctx, issuer, credential, nil)
//	pres, err := cred.Present(ctx, phone, &jwtvc.PresentOptions{Audience: aud, Nonce: nonce, Method: phoneMethod})
//	got, report, err := verifier.Verify(ctx, jwtvc.Received(pres.Bytes()), &vc.Expect{MediaTypes: []string{jwtvc.MediaType}, …})
//
// # What counts
//
// The credential stands in the claim vc, and registered claims stand for some of its members: iss for issuer, jti for id, sub for the id
// of the subject, nbf for issuanceDate, exp for expirationDate. Each may be in both places, and must then say the same, to the second;
// vc.Verified has all of them as members. The specification lets claims replace members silently, so that two readers could see two
// credentials in one token: that is refused here.
//
// The time of the signature is iat. Where it is absent the key must be in service now, because issuanceDate is when a credential begins to
// be valid, and no time of signing.
//
// # Why a policy has to name it
//
// typ is JWT or absent, so that nothing but the claim vc tells these tokens from others of the same issuer (RFC 8725, section 3.11). For that
// reason no policy accepts them unless MediaType is among its vc.Expect.MediaTypes. SD-JWTs of the same issuer may have that typ and the claim
// vc too, and are refused by their digests.
//
// # Holders
//
// A credential is bound to its subject, if there is one and its id is a DID, or to the key or DID in its cnf. A presentation has
// the claim vp, is signed by the holder, has one aud, and holds exactly one credential of this package. It needs nonce and iat to satisfy a
// policy with holder binding; the data model 1.1 does not demand them, and Aries writes neither.
package jwtvc
