package sdjwt

// kind says which rules beyond those of RFC 9901 an SD-JWT follows.
type kind uint8

const (
	plain   kind = iota // no others
	ietf                // SD-JWT VC, by MediaType
	w3c                 // the W3C data model, by W3CMediaType
	untyped             // typ says nothing, and other JWTs of the same issuer may have the same: see processor.checkUntyped
)

func kindOf(mediaType string) kind {
	switch mediaType {
	case MediaType:
		return ietf
	case W3CMediaType:
		return w3c
	}
	return plain
}

// closed tells the names at the top level in which nothing may be selectively disclosable, themselves included: of SD-JWT VC those of
// draft-18, section 2.2.2.2; of the W3C data model what verification and validation need (VC-JOSE-COSE, section 3.2.1), and the claims
// beside the members.
func (k kind) closed(name string) bool {
	switch k {
	case ietf:
		switch name {
		case "iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status":
			return true
		}
	case w3c:
		switch name {
		case "@context", "type", "issuer", "validFrom", "validUntil", "credentialStatus", "credentialSchema", "relatedResource", "termsOfUse",
			"proof", "iss", "sub", "jti", "aud", "iat", "nbf", "exp", "nonce", "cnf", "status", "vc", "vp":
			return true
		}
	}
	return false
}

// clear tells the names at the top level that may not be selectively disclosable themselves.
func (k kind) clear(name string) bool {
	return k.closed(name) || k == w3c && name == "credentialSubject"
}
