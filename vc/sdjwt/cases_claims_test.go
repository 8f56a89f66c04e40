package sdjwt_test

func claimCases() []forgedCase {
	set := func(name, value string) func(*forgery, *vector) {
		return func(f *forgery, _ *vector) { f.set(name, value) }
	}
	const (
		date = "RFC 7519, section 2: NumericDate, here an integer"
		cnf  = "RFC 7800, section 3: one key"
	)
	return []forgedCase{
		{"iat-text", date, "sdjwt.claim.date", set("iat", `"1793448000"`)},
		{"iat-fraction", date, "sdjwt.claim.date", set("iat", "1793448000.5")},
		{"iat-negative", date, "sdjwt.claim.date", set("iat", "-1")},
		{"iat-null", date, "sdjwt.claim.date", set("iat", "null")},
		{"iat-milliseconds", date, "sdjwt.claim.date", set("iat", "1793448000000")},
		{"exp-text", date, "sdjwt.claim.date", set("exp", `"1893456000"`)},
		{"exp-fraction", date, "sdjwt.claim.date", set("exp", "1893456000.5")},
		{"exp-beyond-64-bits", date, "sdjwt.claim.date", set("exp", "18446744073709551616")},
		{"exp-true", date, "sdjwt.claim.date", set("exp", "true")},
		{"nbf-fraction", date, "sdjwt.claim.date", set("nbf", "0.5")},
		{"nbf-array", date, "sdjwt.claim.date", set("nbf", "[1]")},
		{"expired", "RFC 7519, section 4.1.4", "vc.time.expired", set("exp", "1793534399")},
		{"expired-now", "RFC 7519, section 4.1.4: on or after exp", "vc.time.expired", set("exp", "1793534400")},
		{"expired-in-1970", "a date of zero is a date", "vc.time.expired", set("exp", "0")},
		{"not-yet-valid", "RFC 7519, section 4.1.5", "vc.time.notyet", set("nbf", "1793534461")},
		{"issued-in-the-future", "PROFILE.md", "vc.time.future", set("iat", "1793534461")},
		{"iss-number", "RFC 7519, section 4.1.1", "sdjwt.claim.text", set("iss", "1")},
		{"iss-empty", "RFC 7519, section 4.1.1", "sdjwt.claim.text", set("iss", `""`)},
		{"iss-array", "RFC 7519, section 4.1.1", "sdjwt.claim.text", set("iss", `["did:example:authority"]`)},
		{"vct-absent", "SD-JWT VC, section 2.2.2.1", "sdjwt.claim.vct", set("vct", "")},
		{"vct-empty", "SD-JWT VC, section 2.2.2.1", "sdjwt.claim.vct", set("vct", `""`)},
		{"vct-number", "SD-JWT VC, section 2.2.2.1", "sdjwt.claim.vct", set("vct", "1")},
		{"vct-array", "SD-JWT VC, section 2.2.2.1", "sdjwt.claim.vct", set("vct", `["`+person+`"]`)},
		{"vct-in-capitals", "names are compared exactly", "sdjwt.claim.vct", func(f *forgery, _ *vector) {
			f.set("vct", "")
			f.set("VCT", `"`+person+`"`)
		}},
		{"vct-of-another-type", "SD-JWT VC, section 2.2.2.1", "vc.type.notaccepted", set("vct", `"https://credentials.example/person/"`)},
		{"cnf-text", cnf, "sdjwt.claim.cnf", set("cnf", `"did:example:citizen#phone"`)},
		{"cnf-empty", cnf, "sdjwt.claim.cnf", set("cnf", `{}`)},
		{"cnf-thumbprint", cnf, "sdjwt.claim.cnf", set("cnf", `{"jkt":"x"}`)},
		{"cnf-kid-number", cnf, "sdjwt.claim.cnf", set("cnf", `{"kid":1}`)},
		{"cnf-kid-and-jwk", cnf, "sdjwt.claim.cnf", func(f *forgery, _ *vector) {
			f.set("cnf", `{"kid":"did:example:citizen#phone","jwk":`+jwkOf(f, forgeHolder)+`}`)
		}},
		{"cnf-private-key", "RFC 7517, section 9.3", "sdjwt.claim.cnf", func(f *forgery, _ *vector) {
			f.set("cnf", `{"jwk":{"kty":"OKP","crv":"Ed25519","x":"`+b64(fixedKey(f.tb, f.alg, forgeHolder).Public().Bytes())+`","d":"`+b64("public, because it is in here!!!")+`"}}`)
		}},
		{"cnf-x25519", "a key that does not sign", "vc.holder.key.algorithm", func(f *forgery, v *vector) {
			f.set("cnf", `{"jwk":{"kty":"OKP","crv":"X25519","x":"hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"}}`)
			v.Expect = bound(func(e *vectorExpect) { e.Unrotatable = true })
		}},
		{"cnf-off-curve", "RFC 7518, section 6.2", "sdjwt.claim.cnf", set("cnf", `{"jwk":{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}}`)},
		{"cnf-hidden-inside", "SD-JWT VC, section 2.2.2.2: cnf stands in the clear", "sdjwt.disclosure.registered", func(f *forgery, _ *vector) {
			d := f.claim("kid", `"did:example:citizen#phone"`)
			f.send(d, false)
			f.set("cnf", `{"_sd":[`+f.digestOf(d)+`]}`)
		}},
		{"status-hidden-inside", "SD-JWT VC, section 2.2.2.2: status stands in the clear", "sdjwt.disclosure.registered", func(f *forgery, v *vector) {
			f.set("status", `{"status_list":{"uri":"https://issuer.example/status/1","_sd":["`+sha2("idx")+`"]}}`)
			v.Expect = bound(func(e *vectorExpect) { e.IgnoreStatus = true })
		}},
		{"cnf-key-beside-a-hidden-one", "SD-JWT VC, section 2.2.2.2: cnf stands in the clear", "sdjwt.disclosure.registered", func(f *forgery, _ *vector) {
			f.set("cnf", `{"kid":"did:example:citizen#phone","x":[{"...":"`+sha2("jwk")+`"}]}`)
		}},
		{"aud-of-another", "RFC 7519, section 4.1.3", "vc.audience", set("aud", `"https://verifier.example/"`)},
		{"aud-of-others", "RFC 7519, section 4.1.3", "vc.audience", set("aud", `["https://a.example","https://b.example"]`)},
		{"aud-disclosed", "RFC 7519, section 4.1.3; RFC 9901, section 9.7", "vc.audience", func(f *forgery, _ *vector) { f.disclose("aud", `"https://a.example"`) }},
		{"aud-empty-list", "RFC 7519, section 4.1.3", "sdjwt.claim.aud", set("aud", "[]")},
		{"aud-number", "RFC 7519, section 4.1.3", "sdjwt.claim.aud", set("aud", `["https://verifier.example",1]`)},
		{"aud-null", "RFC 7519, section 4.1.3", "sdjwt.claim.aud", set("aud", "null")},
		{"exp-negative-exponent", date, "sdjwt.claim.date", set("exp", "2e-9")},
		{"exp-after-9999", date, "sdjwt.claim.date", set("exp", "253402300800")},
		{"exp-disclosed-in-another-type", "RFC 9901, section 7.1, step 6: of what is disclosed too", "vc.time.expired", func(f *forgery, v *vector) {
			f.header = `{"alg":"EdDSA","typ":"example+sd-jwt","kid":"did:example:authority#key-1"}`
			f.disclose("exp", "1793534400")
			v.Expect = bound(func(e *vectorExpect) { e.MediaTypes = []string{"example+sd-jwt"} })
		}},
		{"iat-disclosed-as-text", date, "sdjwt.claim.date", func(f *forgery, v *vector) {
			f.set("iat", "")
			f.disclose("iat", `"1793448000"`)
			pinned(f, v)
		}},
		{"iat-disclosed-in-the-future", "PROFILE.md", "vc.time.future", func(f *forgery, v *vector) {
			f.set("iat", "")
			f.disclose("iat", "1793538000")
			pinned(f, v)
		}},
		{"status-unchecked", "PROFILE.md: no list was looked at, so the answer is not known", "vc.status.unchecked", set("status", `{"status_list":{"idx":0,"uri":"https://issuer.example/status/1"}}`)},
		{"status-null", "a status is a status", "vc.status.unchecked", set("status", "null")},
		{"status-and-other-type", "a final no stands above an open question", "vc.type.notaccepted", func(f *forgery, _ *vector) {
			f.set("status", "{}")
			f.set("vct", `"other"`)
		}},
	}
}

func issuerCases() []forgedCase {
	kid := func(id string) func(*forgery, *vector) {
		return func(f *forgery, _ *vector) { f.header = note(`{"alg":"EdDSA","typ":"dc+sd-jwt","kid":%q}`, id) }
	}
	key := func(change func(*vectorKey)) func(*forgery, *vector) {
		return func(f *forgery, v *vector) {
			k := f.keyFor(forgeIssuer+"#key-1", "assertionMethod")
			change(&k)
			v.Keys = []vectorKey{k}
		}
	}
	policy := func(change func(*vectorExpect)) func(*forgery, *vector) {
		return func(_ *forgery, v *vector) { v.Expect = bound(change) }
	}
	const profile = "PROFILE.md, the issuer's key"
	return []forgedCase{
		{"not-accepted", "SD-JWT VC, section 2.5", "vc.issuer.notaccepted", func(f *forgery, _ *vector) {
			f.set("iss", `"did:example:mallory"`)
			f.header = `{"alg":"EdDSA","typ":"dc+sd-jwt","kid":"did:example:mallory#key-1"}`
		}},
		{"longer-than-the-accepted-one", "identifiers are compared whole", "vc.issuer.notaccepted", func(f *forgery, _ *vector) { f.set("iss", `"did:example:authority:2"`) }},
		{"iss-absent", profile, "vc.issuer.missing", func(f *forgery, _ *vector) { f.set("iss", "") }},
		{"iss-malformed", "DID 1.1, section 3.1", "vc.issuer.did.invalid", func(f *forgery, _ *vector) { f.set("iss", `"did:EXAMPLE:authority"`) }},
		{"iss-with-fragment", "DID 1.1, section 3.1", "vc.issuer.did.invalid", func(f *forgery, _ *vector) { f.set("iss", `"did:example:authority#key-1"`) }},
		{"iss-url", "SD-JWT VC, section 4: the key would have to be fetched", "vc.issuer.metadata", func(f *forgery, _ *vector) { f.set("iss", `"https://issuer.example"`) }},
		{"kid-absent", profile, "vc.issuer.kid.missing", func(f *forgery, _ *vector) { f.header = `{"alg":"EdDSA","typ":"dc+sd-jwt"}` }},
		{"kid-number", profile, "vc.issuer.kid.missing", func(f *forgery, _ *vector) { f.header = `{"alg":"EdDSA","typ":"dc+sd-jwt","kid":1}` }},
		{"kid-relative", profile, "vc.issuer.kid.invalid", kid("#key-1")},
		{"kid-fragment-only", profile, "vc.issuer.kid.invalid", kid("key-1")},
		{"kid-without-fragment", profile, "vc.issuer.kid.invalid", kid("did:example:authority")},
		{"kid-empty-fragment", profile, "vc.issuer.kid.invalid", kid("did:example:authority#")},
		{"kid-with-query", profile, "vc.issuer.kid.invalid", kid("did:example:authority?versionId=1#key-1")},
		{"kid-with-path", profile, "vc.issuer.kid.invalid", kid("did:example:authority/a#key-1")},
		{"kid-with-percent", "a malformed name must not do worse than fail", "vc.issuer.kid.invalid", kid("did:example:authority#%zz")},
		{"kid-of-hashes", "a malformed name must not do worse than fail", "vc.issuer.kid.invalid", kid("####")},
		{"kid-of-another-did", profile, "vc.issuer.kid.foreign", kid("did:example:mallory#key-1")},
		{"kid-that-is-a-prefix", "names are compared whole", "vc.issuer.key.notfound", func(f *forgery, v *vector) {
			v.Keys = []vectorKey{{ID: forgeIssuer + "#key-1"}, f.keyFor(forgeIssuer+"#key-10", "assertionMethod")}
		}},
		{"kid-with-a-known-prefix", "names are compared whole", "vc.issuer.key.notfound", kid(forgeIssuer + "#key-10")},
		{"key-for-authentication", profile, "vc.issuer.key.purpose", func(f *forgery, v *vector) {
			kid(forgeIssuer+"#login")(f, v)
			f.issuerKey = forgeIssuer + "#login"
		}},
		{"key-added-later", profile, "vc.issuer.key.time", key(func(k *vectorKey) { k.Added = forgeTime })},
		{"key-retired-before", profile, "vc.issuer.key.time", key(func(k *vectorKey) { k.Status, k.Removed = "retired", forgeTime.AddDate(0, 0, -1) })},
		{"key-retired-and-refused", profile, "vc.issuer.key.retired", func(f *forgery, v *vector) {
			key(func(k *vectorKey) { k.Status, k.Removed = "retired", forgeTime })(f, v)
			v.Expect = bound(func(e *vectorExpect) { e.RefuseRetired = true })
		}},
		{"key-compromised", profile + ": whatever date is written", "vc.issuer.key.compromised", key(func(k *vectorKey) { k.Status = "compromised" })},
		{"key-unavailable", "not knowing is not a no", "vc.issuer.key.unavailable", key(func(k *vectorKey) { *k = vectorKey{ID: k.ID, Unavailable: true} })},
		{"evidence-none", profile, "vc.issuer.evidence.none", key(func(k *vectorKey) { k.Evidence = "none" })},
		{"evidence-genesis-only", profile, "vc.issuer.evidence.genesis", key(func(k *vectorKey) { k.Evidence = "genesisOnly" })},
		{"evidence-old", profile, "vc.issuer.evidence.stale", key(func(k *vectorKey) { k.AsOf = forgeTime.AddDate(0, 0, -2) })},
		{"iat-absent", profile, "vc.issuer.iat.missing", func(f *forgery, _ *vector) { f.set("iat", "") }},
		{"iat-disclosed", profile + ": iat stands in the clear", "vc.issuer.iat.missing", func(f *forgery, _ *vector) {
			f.set("iat", "")
			f.disclose("iat", "1793448000")
		}},
		{"signed-by-another-key", "RFC 9901, section 7.1, step 2.2", "vc.signature.invalid", func(f *forgery, _ *vector) { f.issuerKey = "mallory" }},
		{"signature-changed", "RFC 9901, section 7.1, step 2.2", "vc.signature.invalid", func(f *forgery, _ *vector) {
			f.final = func(s string) string {
				return changed(s, len(f.jwt())-10)
			}
		}},
		{"signature-truncated", "RFC 8037, section 3.1", "vc.signature.invalid", func(f *forgery, _ *vector) {
			f.final = func(s string) string { n := len(f.jwt()); return s[:n-2] + s[n:] } // 63 bytes
		}},
		{"payload-of-another-credential", "RFC 9901, section 7.1, step 2.2", "vc.signature.invalid", func(f *forgery, _ *vector) {
			other := newForgery(f.tb)
			other.set("admin", "true")
			a, b := f.jwt(), other.jwt()
			f.final = func(s string) string { return b[:lastDot(b)] + a[lastDot(a):] + s[len(a):] }
		}},
		{"policy-of-zero", "the zero policy accepts nothing", "vc.policy.issuers", func(_ *forgery, v *vector) { v.Expect = &vectorExpect{} }},
		{"policy-without-types", "the policy is required", "vc.policy.types", policy(func(e *vectorExpect) { e.Types = nil })},
		{"policy-without-nonce", "the policy is required", "vc.policy.holder", policy(func(e *vectorExpect) { e.Nonce = "" })},
		{"policy-without-audience", "the policy is required", "vc.policy.holder", policy(func(e *vectorExpect) { e.Audience = "" })},
	}
}

// changed returns s with another base64url character at i.
func changed(s string, i int) string {
	c := "A"
	if s[i] == 'A' {
		c = "B"
	}
	return s[:i] + c + s[i+1:]
}

func lastDot(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '.' {
			return i
		}
	}
	return 0
}

// pinned makes the issuer one without a DID whose key the policy pins.
func pinned(f *forgery, v *vector) {
	f.set("iss", `"https://issuer.example"`)
	v.Expect = bound(func(e *vectorExpect) {
		e.Issuers = nil
		e.PinnedKeys = []vectorPin{{Issuer: "https://issuer.example", PublicKey: fixedKey(f.tb, f.alg, f.issuerKey).Public().Multikey()}}
	})
}
