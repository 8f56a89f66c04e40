package bbs

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// blindCase is a blind issuance and what its prover holds.
type blindCase struct {
	key        *PrivateKey
	commitment []byte
	held       BlindSigned
}

func newBlindCase(t testing.TB, s Ciphersuite, l, m int) *blindCase {
	t.Helper()
	k, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	return newBlindCaseOf(t, s, k, l, m)
}

func newBlindCaseOf(t testing.TB, s Ciphersuite, k *PrivateKey, l, m int) *blindCase {
	t.Helper()
	c := &blindCase{key: k, held: BlindSigned{Header: []byte("header"), Messages: testMessages("message", l), Committed: testMessages("committed", m)}}
	var err error
	if c.commitment, c.held.Blind, err = s.Commit(c.held.Committed); err != nil {
		t.Fatal(err)
	}
	if c.held.Signature, err = c.key.BlindSignMessages(t.Context(), s, c.commitment, c.held.Header, c.held.Messages); err != nil {
		t.Fatal(err)
	}
	if err := s.BlindVerify(c.key.PublicKey(), c.held.Signature, c.held.Header, c.held.Messages, c.held.Committed, c.held.Blind); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *blindCase) prove(t testing.TB, s Ciphersuite, show *Disclose) ([]byte, *BlindStatement) {
	t.Helper()
	says := &BlindStatement{
		Header: c.held.Header, PresentationHeader: []byte("nonce"), MessageCount: len(c.held.Messages), CommittedCount: len(c.held.Committed),
		Disclosed: show.Messages, DisclosedCommitted: show.Committed,
	}
	for _, i := range show.Messages {
		says.Messages = append(says.Messages, c.held.Messages[i])
	}
	for _, i := range show.Committed {
		says.Committed = append(says.Committed, c.held.Committed[i])
	}
	proof, err := s.BlindProofGen(c.key.PublicKey(), &c.held, says.PresentationHeader, show)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.BlindProofVerify(c.key.PublicKey(), proof, says); err != nil {
		t.Fatal(err)
	}
	return proof, says
}

func TestBlindAnyCounts(t *testing.T) {
	for i, counts := range [][2]int{{0, 0}, {1, 0}, {0, 1}, {3, 2}, {2, 4}} {
		s := []Ciphersuite{SHA256, SHAKE256}[i%2]
		c := newBlindCase(t, s, counts[0], counts[1])
		c.prove(t, s, &Disclose{})
		all := &Disclose{}
		for i := range counts[0] {
			all.Messages = append(all.Messages, i)
		}
		for i := range counts[1] {
			all.Committed = append(all.Committed, i)
		}
		c.prove(t, s, all)
		if len(all.Committed) > 1 {
			c.prove(t, s, &Disclose{all.Messages[1:], all.Committed[:1]})
		}
	}
}

func TestBlindProofBinds(t *testing.T) {
	s := SHAKE256
	c, other := newBlindCase(t, s, 3, 2), newBlindCase(t, s, 3, 2)
	proof, good := c.prove(t, s, &Disclose{[]int{0, 2}, []int{1}})
	public := c.key.PublicKey()
	for name, spoil := range map[string]func(p *[]byte, says *BlindStatement){
		"header":                 func(_ *[]byte, says *BlindStatement) { says.Header = nil },
		"presentation header":    func(_ *[]byte, says *BlindStatement) { says.PresentationHeader = nil },
		"message":                func(_ *[]byte, says *BlindStatement) { says.Messages[0] = []byte("other") },
		"committed":              func(_ *[]byte, says *BlindStatement) { says.Committed[0] = []byte("other") },
		"index":                  func(_ *[]byte, says *BlindStatement) { says.Disclosed[1] = 1 },
		"committed index":        func(_ *[]byte, says *BlindStatement) { says.DisclosedCommitted[0] = 0 },
		"index of the blind":     func(_ *[]byte, says *BlindStatement) { says.Disclosed[1] = 3 },
		"committed index beyond": func(_ *[]byte, says *BlindStatement) { says.DisclosedCommitted[0] = 2 },
		"committed index below":  func(_ *[]byte, says *BlindStatement) { says.DisclosedCommitted[0] = -1 },
		"committed, said to be the signer's": func(_ *[]byte, says *BlindStatement) {
			says.MessageCount, says.CommittedCount = 4, 1
		},
		"the signer's, said to be committed": func(_ *[]byte, says *BlindStatement) {
			says.MessageCount, says.CommittedCount = 2, 3
		},
		"shown as the signer's": func(_ *[]byte, says *BlindStatement) {
			says.Disclosed, says.Messages = []int{0, 2, 5}, append(says.Messages, says.Committed...)
			says.MessageCount, says.CommittedCount, says.DisclosedCommitted, says.Committed = 6, -1, nil, nil
		},
		"a message more":      func(_ *[]byte, says *BlindStatement) { says.MessageCount = 4 },
		"counts below 0":      func(_ *[]byte, says *BlindStatement) { says.MessageCount = -1 },
		"counts beyond":       func(_ *[]byte, says *BlindStatement) { says.CommittedCount = MaxMessages },
		"a message too few":   func(_ *[]byte, says *BlindStatement) { says.Messages = says.Messages[:1] },
		"a committed too few": func(_ *[]byte, says *BlindStatement) { says.Committed = nil },
		"long message":        func(_ *[]byte, says *BlindStatement) { says.Messages[0] = make([]byte, MaxMessageSize+1) },
		"long committed":      func(_ *[]byte, says *BlindStatement) { says.Committed[0] = make([]byte, MaxMessageSize+1) },
		"long header":         func(_ *[]byte, says *BlindStatement) { says.Header = make([]byte, MaxHeaderSize+1) },
		"proof cut":           func(p *[]byte, _ *BlindStatement) { *p = (*p)[:len(*p)-scalarSize] },
		"no proof":            func(p *[]byte, _ *BlindStatement) { *p = nil },
		"answer of the blind": func(p *[]byte, _ *BlindStatement) { (*p)[len(*p)-2*scalarSize-1] ^= 1 },
		"challenge":           func(p *[]byte, _ *BlindStatement) { (*p)[len(*p)-1] ^= 1 },
		"answers swapped":     func(p *[]byte, _ *BlindStatement) { swapScalars(*p, 2, 3) },
	} {
		p, says := slices.Clone(proof), *good
		says.Messages, says.Committed = slices.Clone(good.Messages), slices.Clone(good.Committed)
		says.Disclosed, says.DisclosedCommitted = slices.Clone(good.Disclosed), slices.Clone(good.DisclosedCommitted)
		spoil(&p, &says)
		wantInvalid(t, name, s.BlindProofVerify(public, p, &says))
	}
	wantInvalid(t, "other key", s.BlindProofVerify(other.key.PublicKey(), proof, good))
	wantInvalid(t, "no key", s.BlindProofVerify(nil, proof, good))
	wantInvalid(t, "no statement", s.BlindProofVerify(public, proof, nil))
	wantInvalid(t, "no ciphersuite", Ciphersuite(0).BlindProofVerify(public, proof, good))
	wantInvalid(t, "other ciphersuite", SHA256.BlindProofVerify(public, proof, good))
}

func TestBlindRefuses(t *testing.T) {
	s := SHA256
	c, other := newBlindCase(t, s, 2, 2), newBlindCase(t, s, 2, 2)
	h, public := &c.held, c.key.PublicKey()
	verify := func(sig, header []byte, messages, committed [][]byte, blind *Blind) error {
		return s.BlindVerify(public, sig, header, messages, committed, blind)
	}
	sign := func(commitment, header []byte, messages [][]byte) error {
		_, err := c.key.BlindSignMessages(t.Context(), s, commitment, header, messages)
		return err
	}
	count := func(b []byte) error { _, err := CommitmentCount(b); return err }
	for name, err := range map[string]error{
		"verify, other signature":         verify(other.held.Signature, h.Header, h.Messages, h.Committed, h.Blind),
		"verify, other header":            verify(h.Signature, nil, h.Messages, h.Committed, h.Blind),
		"verify, other messages":          verify(h.Signature, h.Header, h.Messages[:1], h.Committed, h.Blind),
		"verify, other committed":         verify(h.Signature, h.Header, h.Messages, h.Messages, h.Blind),
		"verify, one moved":               verify(h.Signature, h.Header, append(slices.Clone(h.Messages), h.Committed[0]), h.Committed[1:], h.Blind),
		"verify, other blind":             verify(h.Signature, h.Header, h.Messages, h.Committed, other.held.Blind),
		"verify, no blind":                verify(h.Signature, h.Header, h.Messages, h.Committed, nil),
		"verify, no key":                  s.BlindVerify(nil, h.Signature, h.Header, h.Messages, h.Committed, h.Blind),
		"verify, no ciphersuite":          Ciphersuite(0).BlindVerify(public, h.Signature, h.Header, h.Messages, h.Committed, h.Blind),
		"verify, signature of zeros":      verify(make([]byte, SignatureSize), h.Header, h.Messages, h.Committed, h.Blind),
		"verify, long header":             verify(h.Signature, make([]byte, MaxHeaderSize+1), h.Messages, h.Committed, h.Blind),
		"sign, no commitment":             sign(nil, nil, nil),
		"sign, commitment spoilt":         sign(spoilt(c.commitment, pointSize+scalarSize-1), nil, nil),
		"sign, proof of another":          sign(append(slices.Clone(c.commitment[:pointSize]), other.commitment[pointSize:]...), nil, nil),
		"sign, outside the group":         sign(append(outsideBytes(t), c.commitment[pointSize:]...), nil, nil),
		"sign, identity":                  sign(append(identityBytes(), c.commitment[pointSize:]...), nil, nil),
		"sign, long header":               sign(c.commitment, make([]byte, MaxHeaderSize+1), nil),
		"sign, too many messages":         sign(c.commitment, nil, make([][]byte, MaxMessages-2)),
		"sign, commitment with a byte":    sign(append(slices.Clone(c.commitment), 0), nil, nil),
		"count, none":                     count(nil),
		"count, a point":                  count(c.commitment[:pointSize]),
		"count, a byte more":              count(append(slices.Clone(c.commitment), 0)),
		"count, beyond the limit":         count(make([]byte, commitmentFloor+MaxMessages*scalarSize)),
		"commit, too many":                commitOf(s, make([][]byte, MaxMessages)),
		"commit, a long message":          commitOf(s, [][]byte{make([]byte, MaxMessageSize+1)}),
		"proof of a signature of nothing": proofOf(s, public, &BlindSigned{Blind: h.Blind}),
	} {
		wantInvalid(t, name, err)
	}
	for name, err := range map[string]error{
		"commit, no ciphersuite": commitOf(0, nil),
		"proof, nothing held":    proofOf(s, public, nil),
		"proof, no ciphersuite":  proofOf(0, public, h),
		"proof, no key":          proofOf(s, nil, h),
		"sign, no ciphersuite":   func() error { _, err := c.key.BlindSignMessages(t.Context(), 0, c.commitment, nil, nil); return err }(),
		"sign, no key": func() error {
			_, err := (*PrivateKey)(nil).BlindSignMessages(t.Context(), s, c.commitment, nil, nil)
			return err
		}(),
	} {
		if err == nil || errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v, want an error that does not blame what came from another", name, err)
		}
	}
	ctx, cancel := contextEnded(t)
	defer cancel()
	if _, err := c.key.BlindSignMessages(ctx, s, c.commitment, nil, nil); !errors.Is(err, ctx.Err()) {
		t.Errorf("got %v, want that of the context", err)
	}
}

func commitOf(s Ciphersuite, messages [][]byte) error {
	_, _, err := s.Commit(messages)
	return err
}

func proofOf(s Ciphersuite, public *PublicKey, held *BlindSigned) error {
	_, err := s.BlindProofGen(public, held, nil, nil)
	return err
}

// A proof with r1 = 0 would show that it comes from whoever has bad luck or a bad source; it is not made.
func TestProofOfBadRandomIsNotMade(t *testing.T) {
	c := newBlindCase(t, SHA256, 1, 1)
	_, err := SHA256.blindProofGen(c.key.PublicKey(), &c.held, nil, nil, func(n int) []scalar { return make([]scalar, n) })
	if err == nil {
		t.Error("got a proof with random scalars of zero")
	}
	a, err := SHA256.blind()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.commit(nil, func(n int) []scalar { return make([]scalar, n) }); err == nil {
		t.Error("got a commitment with a blind of zero")
	}
}

// The largest commitment that is allowed is read, one more scalar is not: both ends of the limit.
func TestBlindLimitIsExact(t *testing.T) {
	b := make([]byte, commitmentFloor+(MaxMessages-1)*scalarSize)
	if n, err := CommitmentCount(b); err != nil || n != MaxMessages-1 {
		t.Errorf("got %d, %v, want %d", n, err, MaxMessages-1)
	}
	says := &BlindStatement{MessageCount: MaxMessages, CommittedCount: 0}
	k, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	wantInvalid(t, "a statement beyond the limit", SHA256.BlindProofVerify(k.PublicKey(), make([]byte, ProofSize(MaxMessages+1)), says))
}

// Secrets leave by name only.
func TestSecretsPrintNothing(t *testing.T) {
	nyms, err := NewNymSecrets(3)
	if err != nil {
		t.Fatal(err)
	}
	blind, err := BlindFromSecret(NewNymEntropy())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range [][]byte{nyms.Secret()[:scalarSize], nyms.Secret()[2*scalarSize:], blind.Secret()} {
		for _, v := range []any{nyms, blind, *nyms, *blind, &NymSigned{Nyms: nyms, Blind: blind}, []any{nyms, *blind}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%08b"} {
				text := fmt.Sprintf(verb, v)
				for _, form := range []string{fmt.Sprintf("%x", secret), fmt.Sprintf("%d", secret), string(secret), fmt.Sprintf("%X", secret)} {
					if bytes.Contains([]byte(text), []byte(form[1:len(form)-1])) {
						t.Errorf("%s of %T prints a secret", verb, v)
					}
				}
			}
		}
	}
	if got := fmt.Sprintf("%v %v", nyms, *blind); got != "bbs.NymSecrets bbs.Blind" {
		t.Errorf("got %q", got)
	}
	if _, err := nyms.MarshalJSON(); err == nil {
		t.Error("nym secrets are encoded as JSON")
	}
	if _, err := blind.MarshalJSON(); err == nil {
		t.Error("a blind is encoded as JSON")
	}
}

func TestSecretsBackupAndWipe(t *testing.T) {
	nyms, err := NewNymSecrets(3)
	if err != nil {
		t.Fatal(err)
	}
	restored, err := NymSecretsFromSecret(nyms.Secret())
	if err != nil {
		t.Fatal(err)
	}
	if nyms.Len() != 3 || restored.Len() != 3 || !bytes.Equal(nyms.Secret(), restored.Secret()) {
		t.Error("the restored nyms are not those that were stored")
	}
	backup := nyms.Secret()
	if from, err := NymSecretsFromSecret(backup); err != nil {
		t.Error(err)
	} else if clear(backup); bytes.Equal(from.Secret(), backup) {
		t.Error("the secrets are the caller's memory")
	}
	held := nyms.get().bytes
	copied := *nyms
	nyms.Wipe()
	if !bytes.Equal(held, make([]byte, len(held))) || nyms.Len() != 0 || nyms.Secret() != nil || copied.Len() != 0 {
		t.Error("the nyms are there after Wipe")
	}
	if _, err := SHA256.Pseudonym([]byte("ctx"), nyms); !errors.Is(err, errNoSecret) {
		t.Errorf("got %v, want %v", err, errNoSecret)
	}
	blind, err := BlindFromSecret(restored.Secret()[:scalarSize])
	if err != nil {
		t.Fatal(err)
	}
	heldBlind := blind.get().bytes
	blind.Wipe()
	if !bytes.Equal(heldBlind, make([]byte, scalarSize)) || blind.Secret() != nil {
		t.Error("the blind is there after Wipe")
	}
	var none *NymSecrets
	var noBlind *Blind
	none.Wipe()
	noBlind.Wipe()
	if none.Len() != 0 || none.Secret() != nil || noBlind.Secret() != nil || (&Blind{}).Secret() != nil || (&NymSecrets{}).Len() != 0 {
		t.Error("no secret has something")
	}
	for name, err := range map[string]error{
		"no count":        secretsOf(NewNymSecrets(0)),
		"below none":      secretsOf(NewNymSecrets(-1)),
		"too many":        secretsOf(NewNymSecrets(MaxNyms + 1)),
		"nothing":         secretsOf(NymSecretsFromSecret(nil)),
		"31 bytes":        secretsOf(NymSecretsFromSecret(make([]byte, 31))),
		"a byte more":     secretsOf(NymSecretsFromSecret(append(restored.Secret(), 1))),
		"zero":            secretsOf(NymSecretsFromSecret(append(restored.Secret(), make([]byte, scalarSize)...))),
		"the order":       secretsOf(NymSecretsFromSecret(append(restored.Secret(), orderBytes()...))),
		"all ones":        secretsOf(NymSecretsFromSecret(bytes.Repeat([]byte{255}, scalarSize))),
		"too many scalar": secretsOf(NymSecretsFromSecret(bytes.Repeat(restored.Secret()[:scalarSize], MaxNyms+1))),
	} {
		if err == nil {
			t.Errorf("nym secrets, %s: got no error", name)
		}
	}
	if n, err := NewNymSecrets(MaxNyms); err != nil || n.Len() != MaxNyms {
		t.Errorf("got %v, want %d nyms", err, MaxNyms)
	}
	for name, b := range map[string][]byte{"zero": make([]byte, scalarSize), "the order": orderBytes(), "two": restored.Secret()[:64], "nothing": nil} {
		if _, err := BlindFromSecret(b); err == nil {
			t.Errorf("blind, %s: got no error", name)
		}
	}
}

func secretsOf(_ *NymSecrets, err error) error { return err }

// Two commitments to the same, and two draws, have nothing in common.
func TestBlindDrawsAnew(t *testing.T) {
	a, blindA, err := SHA256.Commit(testMessages("m", 2))
	if err != nil {
		t.Fatal(err)
	}
	b, blindB, err := SHA256.Commit(testMessages("m", 2))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(blindA.Secret(), blindB.Secret()) || bytes.Equal(NewNymEntropy(), NewNymEntropy()) {
		t.Error("drew the same twice")
	}
	for i := 0; i+8 <= len(a); i++ {
		if bytes.Contains(b, a[i:i+8]) {
			t.Fatalf("two commitments share the bytes from %d", i)
		}
	}
}
