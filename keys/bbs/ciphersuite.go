package bbs

// Draft is the text that this package follows; the fixtures of decentralized-identity/bbs-signature of 2025-07-07 (unchanged in
// their values since -06) come out byte for byte.
const Draft = "draft-irtf-cfrg-bbs-signatures-10"

// Ciphersuite says how messages and generators are hashed. The zero value is none: its methods return errors.
type Ciphersuite uint8

// The ciphersuites of section 7 of the draft. Signatures and proofs of one never verify under the other.
const (
	SHA256   Ciphersuite = iota + 1 // BLS12-381-SHA-256: expand_message_xmd with SHA-256
	SHAKE256                        // BLS12-381-SHAKE-256: expand_message_xof with SHAKE-256
)

// ID returns the ciphersuite_id of the draft, "" for none.
func (s Ciphersuite) ID() string {
	switch s {
	case SHA256:
		return "BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_"
	case SHAKE256:
		return "BBS_BLS12381G1_XOF:SHAKE-256_SSWU_RO_"
	}
	return ""
}

// String returns the name, "BLS12-381-SHA-256" or "BLS12-381-SHAKE-256".
func (s Ciphersuite) String() string {
	switch s {
	case SHA256:
		return "BLS12-381-SHA-256"
	case SHAKE256:
		return "BLS12-381-SHAKE-256"
	}
	return "bbs.Ciphersuite(none)"
}

// An api is an interface of the drafts: its id stands in every hash, so that what was made for one interface means nothing in
// another.
type api struct {
	suite Ciphersuite
	id    string
}

// core returns the interface of the BBS draft (section 6.2.2: messages are hashed to scalars, generators to points).
func (s Ciphersuite) core() (api, error) { return s.api("H2G_HM2S_") }

// api returns the interface with the given suffix after the ciphersuite's id.
func (s Ciphersuite) api(suffix string) (api, error) {
	if s.ID() == "" {
		return api{}, errSuite
	}
	return api{s, s.ID() + suffix}, nil
}
