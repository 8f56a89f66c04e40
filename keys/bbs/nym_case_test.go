package bbs

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// nymCase is an issuance with nyms, and everything that either side holds.
type nymCase struct {
	key        *PrivateKey
	header     []byte
	messages   [][]byte
	committed  [][]byte
	prover     *NymSecrets
	entropy    []byte
	commitment []byte
	held       NymSigned
}

func testMessages(prefix string, n int) [][]byte {
	var out [][]byte
	for i := range n {
		out = append(out, fmt.Appendf(nil, "%s %d", prefix, i))
	}
	return out
}

// newNymCase issues a signature over l messages, m committed messages and n nyms.
func newNymCase(t testing.TB, s Ciphersuite, l, m, n int) *nymCase {
	t.Helper()
	k, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	nyms, err := NewNymSecrets(n)
	if err != nil {
		t.Fatal(err)
	}
	c := &nymCase{key: k, prover: nyms, entropy: NewNymEntropy(), messages: testMessages("message", l), committed: testMessages("committed", m)}
	c.issue(t, s, nil)
	return c
}

// fixedNymCase is newNymCase with values that are the same in each process.
func fixedNymCase(t testing.TB, s Ciphersuite, l, m, n int) *nymCase {
	t.Helper()
	k, err := KeyGen(s, []byte("a key that everybody may know, for test vectors"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var secret []byte
	for _, x := range mockScalars(s, "nyms", mockSeed)(n) {
		secret = appendScalar(secret, &x)
	}
	nyms, err := NymSecretsFromSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	entropy := mockScalars(s, "entropy", mockSeed)(1)
	c := &nymCase{key: k, prover: nyms, entropy: appendScalar(nil, &entropy[0]), messages: testMessages("message", l), committed: testMessages("committed", m)}
	c.issue(t, s, mockScalars(s, "commitment", mockSeed))
	return c
}

func (c *nymCase) issue(t testing.TB, s Ciphersuite, random scalarSource) {
	t.Helper()
	var blind *Blind
	var err error
	c.header = []byte("header")
	if c.commitment, blind, err = s.nymCommit(c.committed, c.prover, random); err != nil {
		t.Fatal(err)
	}
	n := c.prover.Len()
	sig, err := c.key.NymSignMessages(t.Context(), s, c.commitment, n, c.entropy, c.header, c.messages)
	if err != nil {
		t.Fatal(err)
	}
	final, err := s.NymFinalize(c.key.PublicKey(), sig, c.header, c.messages, c.committed, c.prover, c.entropy, blind)
	if err != nil {
		t.Fatal(err)
	}
	c.held = NymSigned{Signature: sig, Header: c.header, Messages: c.messages, Committed: c.committed, Blind: blind, Nyms: final}
}

// statement returns what a proof of c says that shows the messages of show.
func (c *nymCase) statement(contextID, presentationHeader []byte, show *Disclose) *NymStatement {
	says := &NymStatement{
		Header: c.header, PresentationHeader: presentationHeader, ContextID: contextID, NymCount: c.prover.Len(),
		MessageCount: len(c.messages), CommittedCount: len(c.committed), Disclosed: show.Messages, DisclosedCommitted: show.Committed,
	}
	for _, i := range show.Messages {
		says.Messages = append(says.Messages, c.messages[i])
	}
	for _, i := range show.Committed {
		says.Committed = append(says.Committed, c.committed[i])
	}
	return says
}

// proved is a proof with what it says, ready to be spoilt.
type proved struct {
	proof, pseudonym []byte
	says             *NymStatement
}

func (c *nymCase) prove(t testing.TB, s Ciphersuite, show *Disclose) *proved {
	t.Helper()
	return c.proveWith(t, s, show, nil)
}

func (c *nymCase) proveWith(t testing.TB, s Ciphersuite, show *Disclose, random scalarSource) *proved {
	t.Helper()
	contextID, ph := []byte("context of a platform"), []byte("nonce")
	proof, nym, err := s.nymProofGen(c.key.PublicKey(), &c.held, contextID, ph, show, random)
	if err != nil {
		t.Fatal(err)
	}
	p := &proved{proof, nym, c.statement(contextID, ph, show)}
	if err := s.NymProofVerify(c.key.PublicKey(), p.proof, p.pseudonym, p.says); err != nil {
		t.Fatal(err)
	}
	return p
}

// wantInvalid fails unless err is ErrInvalid.
func wantInvalid(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, ErrInvalid) {
		t.Errorf("%s: got %v, want an error that is ErrInvalid", what, err)
	}
}

func cloneStatement(says *NymStatement) *NymStatement {
	out := *says
	out.Header, out.PresentationHeader, out.ContextID = slices.Clone(says.Header), slices.Clone(says.PresentationHeader), slices.Clone(says.ContextID)
	out.Disclosed, out.DisclosedCommitted = slices.Clone(says.Disclosed), slices.Clone(says.DisclosedCommitted)
	out.Messages, out.Committed = slices.Clone(says.Messages), slices.Clone(says.Committed)
	return &out
}

func identityBytes() []byte { return append([]byte{0xc0}, make([]byte, pointSize-1)...) }

func baseBytes() []byte {
	_, _, base, _ := bls12381.Generators()
	b := base.Bytes()
	return b[:]
}

// outsideBytes returns a point of the curve that is not in the subgroup.
func outsideBytes(t testing.TB) []byte {
	t.Helper()
	for x := byte(0); x < 255; x++ {
		b := make([]byte, pointSize)
		b[0], b[pointSize-1] = 0x80, x
		var p bls12381.G1Affine
		if _, err := p.SetBytes(b); err != nil && onCurve(b) {
			return b
		}
	}
	t.Fatal("no such point")
	return nil
}

// onCurve reports whether b decodes to a point of the curve when nobody looks at the subgroup.
func onCurve(b []byte) bool {
	var p bls12381.G1Affine
	return bls12381.NewDecoder(bytes.NewReader(b), bls12381.NoSubgroupChecks()).Decode(&p) == nil
}

// addOrder adds r to a scalar, if that fits into 32 bytes: another encoding of the same number.
func addOrder(b []byte) {
	carry := 0
	r := [scalarSize]byte{}
	for i, w := range order {
		for j := range 8 {
			r[scalarSize-1-8*i-j] = byte(w >> (8 * j))
		}
	}
	for i := scalarSize - 1; i >= 0; i-- {
		carry += int(b[i]) + int(r[i])
		b[i] = byte(carry)
		carry >>= 8
	}
}

// swapScalars swaps the scalars of a proof that stand i and j places from its end, 1 being the challenge.
func swapScalars(proof []byte, i, j int) {
	a, b := proof[len(proof)-i*scalarSize:][:scalarSize], proof[len(proof)-j*scalarSize:][:scalarSize]
	for k := range a {
		a[k], b[k] = b[k], a[k]
	}
}
