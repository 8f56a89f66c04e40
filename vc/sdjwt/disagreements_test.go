package sdjwt_test

// decidedElsewhere are codes of this library's policy and key look-up. The peer leaves them to its caller: it is handed keys, and
// looks neither at types, audiences and ages nor at whose key it has.
var decidedElsewhere = map[string]string{
	"vc.type.notaccepted":     "types are the caller's",
	"vc.status.unchecked":     "the peer fetches the list",
	"vc.format.unexpected":    "typ is the caller's",
	"vc.time.future":          "a tolerance is the caller's",
	"vc.issuer.ambiguous":     "keys are the caller's",
	"vc.issuer.key.algorithm": "keys are the caller's",
	"vc.holder.unexpected":    "key binding is looked at only if a nonce is asked for",
	"vc.holder.unbound":       "keys are the caller's",
	"vc.holder.unrotatable":   "keys are the caller's",
	"vc.audience":             "aud of a credential is the caller's",
	"sdjwt.claim.aud":         "aud of a credential is the caller's",
	"vc.holder.audience":      "aud is the caller's",
	"vc.holder.time.old":      "the age is the caller's",
	"vc.holder.time.future":   "the age is the caller's",
	"vc.holder.time.expired":  "exp of a key binding JWT is the caller's",
	"vc.holder.time.notyet":   "nbf of a key binding JWT is the caller's",
	"vc.holder.kid.invalid":   "keys are the caller's", "vc.holder.kid.missing": "keys are the caller's",
	"vc.holder.kid.foreign": "keys are the caller's", "vc.holder.key.notfound": "keys are the caller's",
	"vc.holder.key.time": "keys are the caller's", "vc.holder.key.purpose": "keys are the caller's", "vc.holder.key.algorithm": "keys are the caller's",
	"vc.holder.evidence.stale": "keys are the caller's", "vc.holder.evidence.none": "keys are the caller's",
	"vc.holder.evidence.genesis": "keys are the caller's",
}

// disagreements explain, by the code of a fault or the name of a valid vector, what @sd-jwt/core and @sd-jwt/sd-jwt-vc 0.19.0
// treat otherwise.
var disagreements = map[string]string{
	"iat-exponent": "the same number, written in another way", "iat-point-zero": "the same number, written in another way",
	// Valid here.
	"names-with-dots":           "a claim whose name is empty is lost: the peer takes an empty name for none",
	"white-space-in-disclosure": "1.0e2 comes out as 100: JavaScript keeps numbers, not digits",
	"status-ignored":            "the peer fetches the status list in every verification",

	// Not checked there (RFC 9901, section 7.1): which digests and disclosures there are.
	"sdjwt.digest.duplicate":        "digests in two places are accepted, and the claim appears in both",
	"sdjwt.digest.malformed":        "digests that are no strings are skipped",
	"sdjwt.disclosure.unreferenced": "disclosures that nothing refers to are dropped without a word",
	"sdjwt.disclosure.duplicate":    "a disclosure may be given twice",
	"sdjwt.disclosure.salt":         "salts are not compared",
	"sdjwt.disclosure.kind":         "a disclosure of the wrong kind is dropped, or fills the place of the other kind",
	"sdjwt.disclosure.collision":    "a disclosed claim overwrites the one in the clear",
	"sdjwt.disclosure.malformed":    "salt and name may be of any kind",
	"sdjwt.disclosure.reserved":     "a disclosed _sd, _sd_alg or ... becomes a claim",
	"sdjwt.disclosure.registered":   "iss, cnf, vct and the others are taken from disclosures; only issuing refuses them",
	"sdjwt.reserved":                "... may be a claim, and may have others beside it",
	"sdjwt.hash":                    "another hash, or one of another kind, is whatever the caller's hasher makes of it",
	"sdjwt.hash.nested":             "a nested _sd_alg becomes a claim",

	// Not checked there: the JWT.
	"sdjwt.base64":          "line ends, padding, the standard alphabet and spare bits are read over",
	"sdjwt.json.duplicate":  "of two members with one name the last counts",
	"sdjwt.json.syntax":     "invalid UTF-8 and lone surrogates become U+FFFD, numbers out of range become null",
	"sdjwt.json.limit":      "there are no limits",
	"sdjwt.depth":           "there are no limits",
	"sdjwt.payload":         "an array is taken for an object",
	"sdjwt.header.object":   "an array is taken for an object",
	"sdjwt.header.alg":      "alg is not looked at, not even none: the caller's verifier has one algorithm",
	"sdjwt.header.typ":      "typ is not looked at",
	"sdjwt.digest.none":     "typ is not looked at",
	"sdjwt.header.crit":     "crit is ignored",
	"sdjwt.header.x5c":      "x5c is ignored",
	"sdjwt.claim.text":      "iss may be of any kind",
	"sdjwt.claim.date":      "dates are compared as JavaScript compares, and those of other kinds count as absent",
	"sdjwt.claim.vct":       "vct may be absent, or of any kind",
	"sdjwt.claim.cnf":       "cnf is the caller's",
	"sdjwt.claim.forbidden": "typ is not looked at",
	"vc.time.expired":       "at exp itself a credential is still valid, and an exp of 0 is none",

	// Not checked there: the key binding JWT.
	"sdjwt.kb.alg":   "any alg but none is accepted",
	"sdjwt.kb.crit":  "crit is ignored",
	"sdjwt.kb.claim": "aud, nonce and iat may be of any kind",
}
