package bbs

import (
	"context"
	"errors"
	"slices"
	"strings"
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

// wantText fails unless err is ErrInvalid and says text: the check that is meant has refused, before any work was done.
func wantText(t testing.TB, what string, err error, text string) {
	t.Helper()
	wantInvalid(t, what, err)
	if err != nil && !strings.Contains(err.Error(), text) {
		t.Errorf("%s: got %q, want a text with %q", what, err, text)
	}
}

// Limits and forms are looked at first, and each by its own check.
func TestLimitsOfBlindAndNym(t *testing.T) {
	s := SHA256
	c := newNymCase(t, s, 3, 1, 2)
	b := newBlindCase(t, s, 2, 2)
	public, blindPublic := c.key.PublicKey(), b.key.PublicKey()
	long, longHeader := [][]byte{make([]byte, MaxMessageSize+1)}, make([]byte, MaxHeaderSize+1)
	const limit = "at most"
	p := c.prove(t, s, &Disclose{})
	nym := func(change func(says *NymStatement), size int) error {
		says := *p.says
		change(&says)
		return s.NymProofVerify(public, make([]byte, size), p.pseudonym, &says)
	}
	maxInt := int(^uint(0) >> 1)
	wantText(t, "counts below 0 with a sum that fits", nym(func(says *NymStatement) { says.MessageCount, says.CommittedCount = -2, 6 }, ProofSize(7)), "want 0 to")
	wantText(t, "committed below 0 with a sum that fits", nym(func(says *NymStatement) { says.MessageCount, says.CommittedCount = 6, -2 }, ProofSize(7)), "want 0 to")
	wantText(t, "counts whose sum overflows", nym(func(says *NymStatement) { says.MessageCount, says.CommittedCount = maxInt, maxInt }, ProofSize(1)), "want 0 to")
	wantText(t, "counts beyond the limit together", nym(func(says *NymStatement) { says.MessageCount, says.CommittedCount = MaxMessages/2, MaxMessages/2 }, ProofSize(MaxMessages+3)), "signed scalars")
	wantText(t, "no nyms", nym(func(says *NymStatement) { says.NymCount, says.CommittedCount = 0, 3 }, len(p.proof)), "0 nyms")
	at := func(contextID []byte) error {
		says := *p.says
		says.ContextID = contextID
		return s.NymProofVerify(public, p.proof, p.pseudonym, &says)
	}
	wantText(t, "no context", at(nil), "context is empty")
	wantText(t, "long context", at(longHeader), limit)
	wantText(t, "long header", nym(func(says *NymStatement) { says.Header = longHeader }, len(p.proof)), limit)
	wantText(t, "long presentation header", nym(func(says *NymStatement) { says.PresentationHeader = longHeader }, len(p.proof)), limit)
	wantText(t, "index", nym(func(says *NymStatement) { says.Disclosed, says.Messages = []int{3}, [][]byte{{}} }, len(p.proof)), "do not ascend")
	wantText(t, "committed index", nym(func(says *NymStatement) { says.DisclosedCommitted, says.Committed = []int{1}, [][]byte{{}} }, len(p.proof)), "committed: ")
	wantText(t, "indexes without messages", nym(func(says *NymStatement) { says.Disclosed = []int{0} }, ProofSize(6)), "1 and 0 indexes")
	wantText(t, "committed indexes without messages", nym(func(says *NymStatement) { says.DisclosedCommitted = []int{0} }, ProofSize(6)), "0 and 1 indexes")
	wantText(t, "long message", nym(func(says *NymStatement) { says.Disclosed, says.Messages = []int{0}, long }, ProofSize(6)), limit)
	wantText(t, "long committed message", nym(func(says *NymStatement) { says.DisclosedCommitted, says.Committed = []int{0}, long }, ProofSize(6)), limit)
	wantText(t, "length of the proof", nym(func(*NymStatement) {}, len(p.proof)-1), "a proof of")
	wantText(t, "length of the pseudonym", s.NymProofVerify(public, p.proof, p.pseudonym[1:], p.says), "a pseudonym of")
	wantText(t, "no ciphersuite", Ciphersuite(0).NymProofVerify(public, p.proof, p.pseudonym, p.says), errSuite.Error())
	wantText(t, "no key", s.NymProofVerify(nil, p.proof, p.pseudonym, p.says), errNoKey.Error())
	wantText(t, "no ciphersuite for a blind proof", Ciphersuite(0).BlindProofVerify(blindPublic, p.proof, &BlindStatement{}), errSuite.Error())

	h := &b.held
	wantText(t, "verify, no ciphersuite", Ciphersuite(0).BlindVerify(blindPublic, h.Signature, h.Header, h.Messages, h.Committed, h.Blind), errSuite.Error())
	wantText(t, "verify, no key", s.BlindVerify(nil, h.Signature, h.Header, h.Messages, h.Committed, h.Blind), errNoKey.Error())
	wantText(t, "verify, long header", s.BlindVerify(blindPublic, h.Signature, longHeader, h.Messages, h.Committed, h.Blind), limit)
	wantText(t, "verify, long message", s.BlindVerify(blindPublic, h.Signature, h.Header, long, h.Committed, h.Blind), limit)
	wantText(t, "verify, long committed message", s.BlindVerify(blindPublic, h.Signature, h.Header, h.Messages, long, h.Blind), limit)
	wantText(t, "verify, too many", s.BlindVerify(blindPublic, h.Signature, h.Header, make([][]byte, MaxMessages/2), make([][]byte, MaxMessages/2), h.Blind), "signed scalars")
	wantText(t, "verify, signature", s.BlindVerify(blindPublic, h.Signature[1:], h.Header, h.Messages, h.Committed, h.Blind), "signature: ")
	wantText(t, "verify, no blind", s.BlindVerify(blindPublic, h.Signature, h.Header, h.Messages, h.Committed, nil), "blind: ")

	finalize := func(header, entropy []byte, nyms *NymSecrets) error {
		_, err := s.NymFinalize(public, c.held.Signature, header, c.messages, c.committed, nyms, entropy, c.held.Blind)
		return err
	}
	wantText(t, "finalize, long header", finalize(longHeader, c.entropy, c.prover), limit)
	wantText(t, "finalize, entropy", finalize(c.header, nil, c.prover), "entropy: ")
	wantText(t, "finalize, nyms", finalize(c.header, c.entropy, nil), "nyms: ")
	_, err := Ciphersuite(0).NymFinalize(public, c.held.Signature, c.header, c.messages, c.committed, c.prover, c.entropy, c.held.Blind)
	wantText(t, "finalize, no ciphersuite", err, errSuite.Error())

	sign := func(commitment []byte, n int, entropy, header []byte, messages [][]byte) error {
		_, err := c.key.NymSignMessages(t.Context(), s, commitment, n, entropy, header, messages)
		return err
	}
	wantText(t, "sign, count of the commitment", sign(c.commitment[1:], 2, c.entropy, nil, nil), "bytes")
	wantText(t, "sign, no nyms", sign(c.commitment, 0, c.entropy, nil, nil), "0 nyms")
	wantText(t, "sign, more nyms than scalars", sign(c.commitment, 4, c.entropy, nil, nil), "has no 4 nyms")
	wantText(t, "sign, entropy", sign(c.commitment, 2, nil, nil, nil), "entropy: ")
	wantText(t, "sign, long header", sign(c.commitment, 2, c.entropy, longHeader, nil), limit)
	wantText(t, "sign, long message", sign(c.commitment, 2, c.entropy, nil, long), limit)
	wantText(t, "sign, too many", sign(c.commitment, 2, c.entropy, nil, make([][]byte, MaxMessages-3)), "signed scalars")
	wantText(t, "blind sign, header", func() error {
		_, err := c.key.BlindSignMessages(t.Context(), s, c.commitment, longHeader, nil)
		return err
	}(), limit)

	r, _ := newRenewal(t, s, c)
	wantText(t, "renewal, length", s.VerifySameNyms(r.old, r.renewed, r.same[1:], r.context), "a proof of")
	wantText(t, "renewal, old", s.VerifySameNyms(r.old[1:], r.renewed, r.same, r.context), "old commitment: ")
	wantText(t, "renewal, renewed", s.VerifySameNyms(r.old, r.renewed[1:], r.same, r.context), "renewed commitment: ")
	wantText(t, "renewal, no context", s.VerifySameNyms(r.old, r.renewed, r.same, nil), "context is empty")
	wantText(t, "renewal, long context", s.VerifySameNyms(r.old, r.renewed, r.same, longHeader), limit)
	wantText(t, "renewal, old does not open", s.VerifySameNyms(spoilt(r.old, pointSize+scalarSize-1), r.renewed, r.same, r.context), "old commitment: ")
	wantText(t, "renewal, renewed does not open", s.VerifySameNyms(r.old, spoilt(r.renewed, pointSize+scalarSize-1), r.same, r.context), "renewed commitment: ")
	wantText(t, "pseudonym that is no point", s.NymProofVerify(public, p.proof, identityBytes(), p.says), "pseudonym: ")
	wantText(t, "renewal, challenge", s.VerifySameNyms(r.old, r.renewed, make([]byte, sameNymsSize), r.context), "challenge: ")
	wantText(t, "renewal, answer", s.VerifySameNyms(r.old, r.renewed, replace(r.same, scalarSize, make([]byte, scalarSize)), r.context), "answer: ")
	wantText(t, "renewal, no ciphersuite", Ciphersuite(0).VerifySameNyms(r.old, r.renewed, r.same, r.context), errSuite.Error())
}

// The errors of a prover name what is missing.
func TestNymProverErrors(t *testing.T) {
	s := SHA256
	c := newNymCase(t, s, 1, 0, 2)
	_, noContext := s.Pseudonym(nil, c.held.Nyms)
	_, _, proofNoContext := s.NymProofGen(c.key.PublicKey(), &c.held, nil, nil, nil)
	h := c.held
	h.Nyms = nil
	_, _, noNyms := s.NymProofGen(c.key.PublicKey(), &h, []byte("ctx"), nil, nil)
	_, noSuite := c.key.NymSignMessages(t.Context(), 0, c.commitment, 2, c.entropy, nil, nil)
	ctx := []byte("ctx")
	noOld := recommit(s, nil, c.held.Blind, nil, c.prover, ctx)
	if noOld == nil || !strings.Contains(noOld.Error(), "0 bytes") {
		t.Errorf("recommit without an old commitment: got %v", noOld)
	}
	long := recommit(s, c.commitment, c.held.Blind, [][]byte{make([]byte, MaxMessageSize+1)}, c.prover, ctx)
	if long == nil || !strings.Contains(long.Error(), "at most") {
		t.Errorf("recommit to a long message: got %v", long)
	}
	// Entropy that makes the last nym zero: a signature can have it, secrets cannot.
	last, err := parseScalar(c.prover.Secret()[scalarSize:])
	if err != nil {
		t.Fatal(err)
	}
	last.Neg()
	entropy := appendScalar(nil, &last)
	sig, err := c.key.NymSignMessages(t.Context(), s, c.commitment, 2, entropy, c.header, c.messages)
	if err != nil {
		t.Fatal(err)
	}
	_, zero := s.NymFinalize(c.key.PublicKey(), sig, c.header, c.messages, nil, c.prover, entropy, c.held.Blind)
	for _, x := range []struct {
		name      string
		got, want error
	}{
		{"pseudonym without a context", noContext, errContext},
		{"proof without a context", proofNoContext, errContext},
		{"proof without nyms", noNyms, errNoSecret},
		{"signature without a ciphersuite", noSuite, errSuite},
		{"finalize to a nym of zero", zero, errSecretRange},
		{"recommit without a ciphersuite", recommit(0, c.commitment, c.held.Blind, nil, c.prover, ctx), errSuite},
		{"recommit without a blind", recommit(s, c.commitment, nil, nil, c.prover, ctx), errNoSecret},
		{"recommit without nyms", recommit(s, c.commitment, c.held.Blind, nil, nil, ctx), errNoSecret},
	} {
		if !errors.Is(x.got, x.want) {
			t.Errorf("%s: got %v, want %v", x.name, x.got, x.want)
		}
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
