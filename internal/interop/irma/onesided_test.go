package irma

// oneSided are the faults that one side does not mind.
func oneSided() []accepts {
	return []accepts{
		{disagreement{
			what:   "exp, nbf or status in a disclosure",
			differ: "irmago looks at the validity and the status of what stands in the clear alone: an expired or revoked credential whose issuer made that withholdable is valid.",
			right:  "realdid: draft-ietf-oauth-sd-jwt-vc-18, section 2.2.2.2 (they must not be selectively disclosed); RFC 9901, section 7.1, step 6 (validity is that of the processed payload).",
		}, false, []string{
			"exp disclosed, past",
			"nbf disclosed, in the future",
			"status disclosed",
		}},
		{disagreement{
			what:   "crit names what is not understood",
			differ: "irmago accepts a critical header parameter that it does not know, in the issuer's part and in key binding.",
			right:  "realdid: RFC 7515, section 4.1.11 (the JWS is invalid; names of the specification itself must not be in the list).",
		}, false, []string{
			"crit of an unknown extension",
			"crit of a registered name",
			"key binding: crit of an unknown extension",
			"key binding: crit of a registered name",
		}},
		{disagreement{
			what:   "key binding that is old, expired or not yet valid",
			differ: "irmago limits iat of key binding to the future alone, and does not look at exp and nbf.",
			right:  "realdid: RFC 9901, section 7.3, steps 5.e (iat within an acceptable window) and 5.h (a valid JWT in all other respects); RFC 7519, sections 4.1.4 and 4.1.5.",
		}, false, []string{
			"key binding: a year old",
			"key binding: expired",
			"key binding: not yet valid",
		}},
		{disagreement{
			what:   "digests and disclosures that must not be there",
			differ: "irmago accepts a digest twice if nothing discloses it, a disclosure sent twice, members beside an element's digest, `...` as a claim, and `_sd_alg` below the top or disclosed.",
			right: "realdid: RFC 9901, section 4 (a disclosure is sent once), 4.1 (rule 7; the same digest must not appear twice), 4.1.1, 4.2.4.2 (no other keys) " +
				"and 7.1, steps 3.b.ii and 4.",
		}, false, []string{
			"digest of nothing twice",
			"digest of nothing at two levels",
			"disclosure sent twice",
			"a member beside an element's digest",
			"... as a claim",
			"_sd_alg below the top",
			"_sd_alg disclosed",
		}},
		{disagreement{
			what:   "text that is not base64url or not JSON",
			differ: "irmago passes over line ends in base64url, over what follows the payload's JSON, and over bytes that are not UTF-8.",
			right:  "realdid: RFC 7515, section 2 (no line breaks or other characters); RFC 7519, section 7.2, step 10 (a completely valid JSON object); RFC 8259, sections 2 and 8.1.",
		}, false, []string{
			"line end in a disclosure",
			"line end behind",
			"data behind the payload",
			"not UTF-8",
		}},
		{disagreement{
			what:   "names of claims in another case",
			differ: "irmago takes `Nonce` for `nonce` and `AUD` for `aud` in key binding.",
			right:  "realdid: RFC 7519, section 7.3, and RFC 7515, section 5.3 (names are compared code point by code point).",
		}, false, []string{
			"key binding: Nonce",
			"key binding: AUD",
		}},
		{disagreement{
			what:   "dates that are texts",
			differ: "irmago reads digits in a text as a date.",
			right:  "realdid: RFC 7519, section 2 (NumericDate is a JSON number).",
		}, false, []string{
			"exp in quotes",
			"iat in quotes",
		}},
		{disagreement{
			what:   "a private key in cnf.jwk",
			differ: "irmago accepts a credential that holds the holder's private key.",
			right:  "realdid: RFC 7800, section 3.2 (the jwk of an asymmetric key is the public key); RFC 7517, section 9.2.",
		}, false, []string{
			"d in cnf.jwk",
		}},
		{disagreement{
			what:   "a second text of the same content: duplicate members, spare bits of base64url",
			differ: "irmago takes the last of two members with one name, and ignores the spare bits; realdid refuses both, so that no two readers see two things.",
			right:  "both: RFC 7519, section 4 (reject, or take the last); RFC 4648, section 3.5 (may reject).",
		}, false, []string{
			"duplicate claim",
			"duplicate member in a disclosure",
			"key binding: duplicate claim",
			"spare bits",
		}},
		{disagreement{
			what:   "what realdid's profile for issuers that are DIDs narrows",
			differ: "irmago accepts a credential without iat, a date with a fraction, a kid relative to iss, and exp for three minutes longer.",
			right: "irmago by the standards (draft-ietf-oauth-sd-jwt-vc-18, section 2.2.2.2: iat is optional; RFC 7519, section 2: a date may have a fraction; 4.1.4: some leeway); " +
				"realdid by vc/sdjwt/PROFILE.md, section 2: iat decides which of a DID's keys counts.",
		}, false, []string{
			"iat absent",
			"exp with a fraction",
			"kid relative",
			"expired for a minute",
		}},
		{disagreement{
			what:   "typ vc+sd-jwt",
			differ: "irmago accepts the name that early drafts gave to SD-JWT VC; realdid reads it as a W3C credential, and only where a policy names it.",
			right: "both: draft-ietf-oauth-sd-jwt-vc-18, section 2.2.1, recommends to accept it for a time of transition (-19 takes that back); " +
				"Securing Verifiable Credentials using JOSE and COSE, section 3.2.1, gave it another meaning.",
		}, false, []string{
			"typ vc+sd-jwt",
		}},
		{disagreement{
			what:   "an empty _sd",
			differ: "irmago refuses an object whose `_sd` is empty.",
			right:  "realdid: RFC 9901, section 4.2.4.1 (the array may be empty).",
		}, true, []string{
			"_sd empty",
			"_sd empty beside a claim",
			"_sd empty at the top",
		}},
		{disagreement{
			what:   "key binding by a DID URL (cnf.kid)",
			differ: "irmago's verifier knows cnf.jwk alone, though its wallet signs for a did:jwk or did:key in cnf.kid.",
			right:  "both: RFC 9901, section 4.1.2, suggests cnf.jwk and allows other methods; RFC 7800, section 3.4, has kid.",
		}, true, []string{
			"cnf.kid",
		}},
	}
}
