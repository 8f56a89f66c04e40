package sdjwt_test

const (
	headerJWT   = `{"alg":"EdDSA","typ":"JWT","kid":"did:example:authority#key-1"}`
	headerNoTyp = `{"alg":"EdDSA","kid":"did:example:authority#key-1"}`
)

// untyped gives a forgery a header whose typ tells nothing, under a policy that takes it. Without disclosures it has no digest.
func untyped(header, mediaType string, disclosures bool, change func(*forgery)) func(*forgery, *vector) {
	return func(f *forgery, v *vector) {
		f.header = header
		v.Expect = bound(func(e *vectorExpect) { e.MediaTypes = []string{mediaType} })
		if !disclosures {
			f.digests, f.disclosures = nil, nil
		}
		if change != nil {
			change(f)
		}
	}
}

// untypedCases: other JWTs of the same issuer, with ~ behind them.
func untypedCases() []forgedCase {
	const (
		other = "RFC 8725, section 3.12: one kind of JWT is not taken for another"
		vc11  = other + "; the claim vc is that of VCDM 1.1, section 6.3.1, whose status and end are not read here"
		older = `{"@context":["https://www.w3.org/2018/credentials/v1"],"credentialStatus":{"id":"https://lists.example/1#1","type":"ExampleStatus"}}`
	)
	return []forgedCase{
		{"typ-jwt-without-digests", other, "sdjwt.digest.none", untyped(headerJWT, "jwt", false, nil)},
		{"typ-absent-without-digests", other, "sdjwt.digest.none", untyped(headerNoTyp, "sd-jwt", false, nil)},
		{"typ-jwt-vc", vc11, "sdjwt.claim.forbidden", untyped(headerJWT, "jwt", false, func(f *forgery) { f.set("vc", older) })},
		{"typ-jwt-vc-beside-digests", vc11, "sdjwt.claim.forbidden", untyped(headerJWT, "jwt", true, func(f *forgery) { f.set("vc", older) })},
		{"typ-jwt-vc-disclosed", vc11, "sdjwt.claim.forbidden", untyped(headerJWT, "jwt", true, func(f *forgery) { f.disclose("vc", older) })},
		{"typ-jwt-vp", other, "sdjwt.claim.forbidden", untyped(headerJWT, "jwt", true, func(f *forgery) { f.set("vp", `{}`) })},
		{"typ-absent-vc", vc11, "sdjwt.claim.forbidden", untyped(headerNoTyp, "sd-jwt", true, func(f *forgery) { f.set("vc", older) })},
	}
}

// untypedValidCases: what tells an SD-JWT where typ does not.
func untypedValidCases() []forgedCase {
	return []forgedCase{
		{"typ-jwt", "RFC 9901, section 9.11: the policy names what it takes", "", untyped(headerJWT, "jwt", true, nil)},
		{"typ-jwt-sd-alg-alone", "RFC 9901, section 4.1.1: _sd_alg tells it too", "", untyped(headerJWT, "jwt", false, func(f *forgery) { f.set("_sd_alg", `"sha-256"`) })},
		{"typ-jwt-digest-of-an-element", "RFC 9901, section 4.2.4.2", "", untyped(headerJWT, "jwt", false, func(f *forgery) {
			f.set("list", `[{"...":"`+sha2("decoy")+`"}]`)
		})},
		{"sd-jwt-by-its-name-without-digests", "RFC 9901, section 4.1: an SD-JWT may have no disclosures where typ tells it", "", untyped(
			`{"alg":"EdDSA","typ":"sd-jwt","kid":"did:example:authority#key-1"}`, "sd-jwt", false, nil)},
	}
}
