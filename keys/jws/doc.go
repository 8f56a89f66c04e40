// Package jws reads and writes JSON Web Signatures in the compact serialization (RFC 7515), strictly: three parts in base64url's
// one form, a protected header without duplicate members, an algorithm of the table in package keys, no extension that would have
// to be understood.
//
//	t, err := jws.Parse(b, nil)          // taken apart, not verified
//	…                                    // find the key: t.Header.KeyID, t.Header.Type, t.Payload
//	err = t.Verify(key)
//
// Parameters by which a signature could choose its own key (jwk, jku, x5u, x5t) are ignored: the key comes from whoever verifies.
// Certificates (x5c) are read only by who asks for them with [Header.Chain].
//
// What says more than a signature (claims of a JWT, disclosures, credentials) belongs to the packages that use this one; of RFC
// 7519 there are the two kinds of claims that all of them read, [NumericDate] and [Audience]. [Decoder], [ReadHeader], [Split] and
// [Append] are the parts, for formats which carry a JWS in a form of their own.
package jws
