package bbs

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestNymSignRefuses(t *testing.T) {
	s := SHAKE256
	c := newNymCase(t, s, 1, 1, 2)
	plain, _, err := s.Commit(c.committed)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(commitment []byte, n int, entropy, header []byte, messages [][]byte) error {
		_, err := c.key.NymSignMessages(t.Context(), s, commitment, n, entropy, header, messages)
		return err
	}
	for name, err := range map[string]error{
		"no commitment":               sign(nil, 2, c.entropy, nil, nil),
		"commitment of blind BBS":     sign(plain, 1, c.entropy, nil, nil),
		"commitment cut":              sign(c.commitment[:len(c.commitment)-1], 2, c.entropy, nil, nil),
		"commitment with a scalar":    sign(append(slices.Clone(c.commitment), c.commitment[pointSize:pointSize+scalarSize]...), 2, c.entropy, nil, nil),
		"no nyms":                     sign(c.commitment, 0, c.entropy, nil, nil),
		"fewer than none":             sign(c.commitment, -1, c.entropy, nil, nil),
		"more nyms than scalars":      sign(c.commitment, 4, c.entropy, nil, nil),
		"more nyms than the limit":    sign(c.commitment, MaxNyms+1, c.entropy, nil, nil),
		"no entropy":                  sign(c.commitment, 2, nil, nil, nil),
		"entropy of zero":             sign(c.commitment, 2, make([]byte, scalarSize), nil, nil),
		"entropy of 31 bytes":         sign(c.commitment, 2, c.entropy[1:], nil, nil),
		"entropy that is the order":   sign(c.commitment, 2, orderBytes(), nil, nil),
		"too many messages":           sign(c.commitment, 2, c.entropy, nil, make([][]byte, MaxMessages)),
		"header beyond the limit":     sign(c.commitment, 2, c.entropy, make([]byte, MaxHeaderSize+1), nil),
		"message beyond the limit":    sign(c.commitment, 2, c.entropy, nil, [][]byte{make([]byte, MaxMessageSize+1)}),
		"commitment of too many":      sign(make([]byte, commitmentFloor+MaxMessages*scalarSize), 2, c.entropy, nil, nil),
		"commitment spoilt, point":    sign(spoilt(c.commitment, 47), 2, c.entropy, nil, nil),
		"commitment spoilt, answer":   sign(spoilt(c.commitment, pointSize+scalarSize-1), 2, c.entropy, nil, nil),
		"commitment spoilt, last":     sign(spoilt(c.commitment, len(c.commitment)-1), 2, c.entropy, nil, nil),
		"commitment of the identity":  sign(append(identityBytes(), c.commitment[pointSize:]...), 2, c.entropy, nil, nil),
		"commitment outside":          sign(append(outsideBytes(t), c.commitment[pointSize:]...), 2, c.entropy, nil, nil),
		"answer of zero":              sign(slices.Concat(c.commitment[:pointSize], make([]byte, scalarSize), c.commitment[pointSize+scalarSize:]), 2, c.entropy, nil, nil),
		"answer that is not the last": sign(withOrderAdded(c.commitment), 2, c.entropy, nil, nil),
	} {
		wantInvalid(t, name, err)
	}
	var none *PrivateKey
	if _, err := none.NymSignMessages(t.Context(), s, c.commitment, 2, c.entropy, nil, nil); err == nil || errors.Is(err, ErrInvalid) {
		t.Errorf("no key: got %v, want an error that does not blame the request", err)
	}
	ctx, cancel := contextEnded(t)
	defer cancel()
	if _, err := c.key.NymSignMessages(ctx, s, c.commitment, 2, c.entropy, nil, nil); !errors.Is(err, ctx.Err()) {
		t.Errorf("got %v, want that of the context", err)
	}
}

func spoilt(b []byte, at int) []byte {
	out := slices.Clone(b)
	out[at] ^= 1
	return out
}

func orderBytes() []byte {
	out := make([]byte, scalarSize)
	addOrder(out)
	return out
}

// withOrderAdded writes the scalar of the blind in another way, of the same number.
func withOrderAdded(commitment []byte) []byte {
	out := slices.Clone(commitment)
	addOrder(out[pointSize : pointSize+scalarSize])
	return out
}

// What the prover checks before it takes a signature.
func TestNymFinalizeRefuses(t *testing.T) {
	s := SHA256
	c := newNymCase(t, s, 2, 1, 2)
	other := newNymCase(t, s, 2, 1, 2)
	wrongCount, err := c.key.NymSignMessages(t.Context(), s, c.commitment, 1, c.entropy, c.header, c.messages)
	if err != nil {
		t.Fatal(err)
	}
	finalize := func(public *PublicKey, sig, header []byte, messages, committed [][]byte, nyms *NymSecrets, entropy []byte, blind *Blind) error {
		_, err := s.NymFinalize(public, sig, header, messages, committed, nyms, entropy, blind)
		return err
	}
	public, sig, blind := c.key.PublicKey(), c.held.Signature, c.held.Blind
	if err := finalize(public, sig, c.header, c.messages, c.committed, c.prover, c.entropy, blind); err != nil {
		t.Fatal(err)
	}
	wiped, err := BlindFromSecret(blind.Secret())
	if err != nil {
		t.Fatal(err)
	}
	wiped.Wipe()
	for name, err := range map[string]error{
		"other key":            finalize(other.key.PublicKey(), sig, c.header, c.messages, c.committed, c.prover, c.entropy, blind),
		"no key":               finalize(nil, sig, c.header, c.messages, c.committed, c.prover, c.entropy, blind),
		"other count":          finalize(public, wrongCount, c.header, c.messages, c.committed, c.prover, c.entropy, blind),
		"other header":         finalize(public, sig, nil, c.messages, c.committed, c.prover, c.entropy, blind),
		"other messages":       finalize(public, sig, c.header, c.messages[:1], c.committed, c.prover, c.entropy, blind),
		"other committed":      finalize(public, sig, c.header, c.messages, c.messages[:1], c.prover, c.entropy, blind),
		"other nyms":           finalize(public, sig, c.header, c.messages, c.committed, other.prover, c.entropy, blind),
		"final nyms":           finalize(public, sig, c.header, c.messages, c.committed, c.held.Nyms, c.entropy, blind),
		"no nyms":              finalize(public, sig, c.header, c.messages, c.committed, nil, c.entropy, blind),
		"other entropy":        finalize(public, sig, c.header, c.messages, c.committed, c.prover, other.entropy, blind),
		"entropy of zero":      finalize(public, sig, c.header, c.messages, c.committed, c.prover, make([]byte, scalarSize), blind),
		"other blind":          finalize(public, sig, c.header, c.messages, c.committed, c.prover, c.entropy, other.held.Blind),
		"no blind":             finalize(public, sig, c.header, c.messages, c.committed, c.prover, c.entropy, nil),
		"wiped blind":          finalize(public, sig, c.header, c.messages, c.committed, c.prover, c.entropy, wiped),
		"signature cut":        finalize(public, sig[:SignatureSize-1], c.header, c.messages, c.committed, c.prover, c.entropy, blind),
		"header of many bytes": finalize(public, sig, make([]byte, MaxHeaderSize+1), c.messages, c.committed, c.prover, c.entropy, blind),
		"too many messages":    finalize(public, sig, c.header, make([][]byte, MaxMessages), c.committed, c.prover, c.entropy, blind),
		"no ciphersuite": func() error {
			_, err := Ciphersuite(0).NymFinalize(public, sig, c.header, c.messages, c.committed, c.prover, c.entropy, blind)
			return err
		}(),
	} {
		wantInvalid(t, name, err)
	}
}

// What a prover is refused before any secret is used.
func TestNymProofGenRefuses(t *testing.T) {
	s := SHA256
	c := newNymCase(t, s, 2, 2, 2)
	gen := func(change func(h *NymSigned), contextID []byte, show *Disclose) error {
		h := c.held
		if change != nil {
			change(&h)
		}
		_, _, err := s.NymProofGen(c.key.PublicKey(), &h, contextID, nil, show)
		return err
	}
	ctx := []byte("ctx")
	for name, err := range map[string]error{
		"no context":               gen(nil, nil, nil),
		"context of many bytes":    gen(nil, make([]byte, MaxHeaderSize+1), nil),
		"shows a nym":              gen(nil, ctx, &Disclose{Committed: []int{2}}),
		"shows the last nym":       gen(nil, ctx, &Disclose{Committed: []int{3}}),
		"shows the blind":          gen(nil, ctx, &Disclose{Messages: []int{2}}),
		"shows what is below":      gen(nil, ctx, &Disclose{Committed: []int{-1}}),
		"shows in a wrong order":   gen(nil, ctx, &Disclose{Messages: []int{1, 0}}),
		"no blind":                 gen(func(h *NymSigned) { h.Blind = nil }, ctx, nil),
		"no nyms":                  gen(func(h *NymSigned) { h.Nyms = nil }, ctx, nil),
		"zero values":              gen(func(h *NymSigned) { h.Nyms, h.Blind = &NymSecrets{}, &Blind{} }, ctx, nil),
		"signature of zeros":       gen(func(h *NymSigned) { h.Signature = make([]byte, SignatureSize) }, ctx, nil),
		"header of many bytes":     gen(func(h *NymSigned) { h.Header = make([]byte, MaxHeaderSize+1) }, ctx, nil),
		"too many messages":        gen(func(h *NymSigned) { h.Messages = make([][]byte, MaxMessages-3) }, ctx, nil),
		"committed beyond a limit": gen(func(h *NymSigned) { h.Committed = [][]byte{make([]byte, MaxMessageSize+1)} }, ctx, nil),
		"nothing held":             func() error { _, _, err := s.NymProofGen(c.key.PublicKey(), nil, ctx, nil, nil); return err }(),
		"no key":                   func() error { _, _, err := s.NymProofGen(nil, &c.held, ctx, nil, nil); return err }(),
		"no ciphersuite": func() error {
			_, _, err := Ciphersuite(0).NymProofGen(c.key.PublicKey(), &c.held, ctx, nil, nil)
			return err
		}(),
		"pseudonym, no context":    func() error { _, err := s.Pseudonym(nil, c.held.Nyms); return err }(),
		"pseudonym of no nyms":     func() error { _, err := s.Pseudonym(ctx, nil); return err }(),
		"pseudonym of no suite":    func() error { _, err := Ciphersuite(0).Pseudonym(ctx, c.held.Nyms); return err }(),
		"commit of no nyms":        func() error { _, _, err := s.NymCommit(nil, nil); return err }(),
		"commit of many":           func() error { _, _, err := s.NymCommit(make([][]byte, MaxMessages-2), c.prover); return err }(),
		"commit of a long message": func() error { _, _, err := s.NymCommit([][]byte{make([]byte, MaxMessageSize+1)}, c.prover); return err }(),
		"commit of no suite":       func() error { _, _, err := Ciphersuite(0).NymCommit(nil, c.prover); return err }(),
	} {
		if err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	// A proof that is made of something wrong does not verify.
	h := c.held
	h.Nyms = c.prover // without the entropy
	proof, nym, err := s.NymProofGen(c.key.PublicKey(), &h, ctx, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantInvalid(t, "the prover's part alone", s.NymProofVerify(c.key.PublicKey(), proof, nym, c.statement(ctx, nil, &Disclose{})))
}

func contextEnded(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx, cancel
}
