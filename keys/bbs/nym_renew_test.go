package bbs

import (
	"bytes"
	"slices"
	"testing"
)

// renewal is two commitments and the proof that they are to the same.
type renewal struct{ old, renewed, same, context []byte }

func (r *renewal) verify(s Ciphersuite) error {
	return s.VerifySameNyms(r.old, r.renewed, r.same, r.context)
}

func newRenewal(t testing.TB, s Ciphersuite, c *nymCase) (*renewal, *Blind) {
	t.Helper()
	r := &renewal{old: c.commitment, context: []byte("authority, nonce")}
	var blind *Blind
	var err error
	if r.renewed, blind, r.same, err = s.NymRecommit(c.commitment, c.held.Blind, c.committed, c.prover, r.context); err != nil {
		t.Fatal(err)
	}
	if err := r.verify(s); err != nil {
		t.Fatal(err)
	}
	return r, blind
}

// fixedRenewal is newRenewal with values that are the same in each process.
func fixedRenewal(t testing.TB, s Ciphersuite, c *nymCase) *renewal {
	t.Helper()
	a, err := s.nym()
	if err != nil {
		t.Fatal(err)
	}
	r := &renewal{old: c.commitment, context: []byte("authority, nonce")}
	var blind *Blind
	if r.renewed, blind, err = s.nymCommit(c.committed, c.prover, mockScalars(s, "renewed commitment", mockSeed)); err != nil {
		t.Fatal(err)
	}
	st, err := a.sameNyms(r.old, r.renewed, r.context)
	if err != nil {
		t.Fatal(err)
	}
	from, err := c.held.Blind.get().scalars()
	if err != nil {
		t.Fatal(err)
	}
	to, err := blind.get().scalars()
	if err != nil {
		t.Fatal(err)
	}
	r.same = st.prove(&from[0], &to[0], mockScalars(s, "renewal", mockSeed))
	if err := r.verify(s); err != nil {
		t.Fatal(err)
	}
	return r
}

// A renewed credential has the same pseudonyms; its commitment shares no byte string with the old one.
func TestRenewalKeepsPseudonyms(t *testing.T) {
	for _, s := range []Ciphersuite{SHA256, SHAKE256} {
		c := newNymCase(t, s, 2, 1, 3)
		r, blind := newRenewal(t, s, c)
		sig, err := c.key.NymSignMessages(t.Context(), s, r.renewed, 3, c.entropy, c.header, c.messages)
		if err != nil {
			t.Fatal(err)
		}
		final, err := s.NymFinalize(c.key.PublicKey(), sig, c.header, c.messages, c.committed, c.prover, c.entropy, blind)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(final.Secret(), c.held.Nyms.Secret()) {
			t.Error("the nyms are not the same after renewal")
		}
		for i := 0; i+8 <= len(r.renewed); i++ {
			if bytes.Contains(r.old, r.renewed[i:i+8]) {
				t.Fatalf("old and renewed commitment share the bytes from %d", i)
			}
		}
		// And again, from the renewed one.
		next, _, same, err := s.NymRecommit(r.renewed, blind, c.committed, c.prover, r.context)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.VerifySameNyms(r.renewed, next, same, r.context); err != nil {
			t.Error(err)
		}
		if bytes.Equal(same, r.same) {
			t.Error("got the same proof twice")
		}
	}
}

func TestSameNymsRefused(t *testing.T) {
	s := SHA256
	a, err := s.nym()
	if err != nil {
		t.Fatal(err)
	}
	c := newNymCase(t, s, 1, 1, 2)
	good, blind := newRenewal(t, s, c)
	other := newNymCase(t, s, 1, 1, 2)
	again, _ := newRenewal(t, s, c)
	fewer, fewerBlind, err := s.NymCommit(nil, c.prover)
	if err != nil {
		t.Fatal(err)
	}
	prove := func(old, renewed []byte, oldBlind, renewedBlind *Blind) []byte {
		same, err := s.ProveSameNyms(old, renewed, oldBlind, renewedBlind, good.context)
		if err != nil {
			t.Fatal(err)
		}
		return same
	}
	for name, r := range map[string]renewal{
		"other context":            {good.old, good.renewed, good.same, []byte("authority, another nonce")},
		"no context":               {good.old, good.renewed, good.same, nil},
		"context of many bytes":    {good.old, good.renewed, good.same, make([]byte, MaxHeaderSize+1)},
		"old and renewed swapped":  {good.renewed, good.old, good.same, good.context},
		"proof of another renewal": {good.old, good.renewed, again.same, good.context},
		"another renewed":          {good.old, again.renewed, good.same, good.context},
		"another old":              {again.renewed, good.renewed, good.same, good.context},
		// The proof is of a difference that is no multiple of Q.
		"other nyms":             {good.old, other.commitment, prove(good.old, other.commitment, c.held.Blind, other.held.Blind), good.context},
		"other nyms, the blinds": {good.old, other.commitment, prove(good.old, other.commitment, other.held.Blind, c.held.Blind), good.context},
		"no proof":               {good.old, good.renewed, nil, good.context},
		"proof cut":              {good.old, good.renewed, good.same[:sameNymsSize-1], good.context},
		"proof with a byte more": {good.old, good.renewed, append(slices.Clone(good.same), 0), good.context},
		"proof spoilt, answer":   {good.old, good.renewed, spoilt(good.same, sameNymsSize-1), good.context},
		"proof spoilt, first":    {good.old, good.renewed, spoilt(good.same, scalarSize-1), good.context},
		"proof of zeros":         {good.old, good.renewed, make([]byte, sameNymsSize), good.context},
		"answer plus the order":  {good.old, good.renewed, answerPlusOrder(good.same), good.context},
		// What somebody does who knows a blind, or nothing at all, and not the nyms.
		"the old one, truly":       {good.old, good.old, proveNoDifference(t, a, good), good.context},
		"the old one again":        {good.old, good.old, good.same, good.context},
		"renewed does not open":    {good.old, shifted(t, good.old), proveDifference(t, s, good.old, good.context), good.context},
		"renewed with other hats":  {good.old, spoilt(good.renewed, pointSize+2*scalarSize-1), good.same, good.context},
		"old does not open":        {spoilt(good.old, pointSize+scalarSize-1), good.renewed, good.same, good.context},
		"no old":                   {nil, good.renewed, good.same, good.context},
		"no renewed":               {good.old, nil, good.same, good.context},
		"renewed is a point alone": {good.old, good.renewed[:pointSize], good.same, good.context},
		"renewed of fewer":         {good.old, fewer, good.same, good.context},
	} {
		wantInvalid(t, name, r.verify(s))
	}
	wantInvalid(t, "no ciphersuite", good.verify(0))
	wantInvalid(t, "other ciphersuite", good.verify(SHAKE256))
	refused := func(name string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	_, err = s.ProveSameNyms(good.old, fewer, c.held.Blind, fewerBlind, good.context)
	refused("prove with fewer", err)
	_, err = s.ProveSameNyms(good.old, good.old, c.held.Blind, c.held.Blind, good.context)
	refused("prove that one equals itself", err)
	_, err = s.ProveSameNyms(good.old, good.renewed, c.held.Blind, blind, nil)
	refused("prove without a context", err)
	_, err = s.ProveSameNyms(good.old, good.renewed, nil, blind, good.context)
	refused("prove without the old blind", err)
	_, err = s.ProveSameNyms(good.old, good.renewed, c.held.Blind, nil, good.context)
	refused("prove without the renewed blind", err)
	_, err = Ciphersuite(0).ProveSameNyms(good.old, good.renewed, c.held.Blind, blind, good.context)
	refused("prove without a ciphersuite", err)
	for name, err := range map[string]error{
		"other nyms":      recommit(s, good.old, c.held.Blind, c.committed, other.prover, good.context),
		"other blind":     recommit(s, good.old, blind, c.committed, c.prover, good.context),
		"other messages":  recommit(s, good.old, c.held.Blind, c.messages, c.prover, good.context),
		"fewer messages":  recommit(s, good.old, c.held.Blind, nil, c.prover, good.context),
		"final nyms":      recommit(s, good.old, c.held.Blind, c.committed, c.held.Nyms, good.context),
		"no nyms":         recommit(s, good.old, c.held.Blind, c.committed, nil, good.context),
		"no blind":        recommit(s, good.old, nil, c.committed, c.prover, good.context),
		"no old":          recommit(s, nil, c.held.Blind, c.committed, c.prover, good.context),
		"no context":      recommit(s, good.old, c.held.Blind, c.committed, c.prover, nil),
		"no ciphersuite":  recommit(0, good.old, c.held.Blind, c.committed, c.prover, good.context),
		"a long message":  recommit(s, good.old, c.held.Blind, [][]byte{make([]byte, MaxMessageSize+1)}, c.prover, good.context),
		"a point outside": recommit(s, append(outsideBytes(t), good.old[pointSize:]...), c.held.Blind, c.committed, c.prover, good.context),
	} {
		refused("recommit: "+name, err)
	}
}

func recommit(s Ciphersuite, old []byte, blind *Blind, messages [][]byte, nyms *NymSecrets, context []byte) error {
	_, _, _, err := s.NymRecommit(old, blind, messages, nyms, context)
	return err
}

func answerPlusOrder(same []byte) []byte {
	out := slices.Clone(same)
	addOrder(out[scalarSize:])
	return out
}

// shiftBy is the d that somebody adds who has seen an old commitment and knows no secret in it.
func shiftBy() scalar { return uint64Scalar(12345) }

func uint64Scalar(n uint64) (k scalar) {
	k.SetUint64(n)
	return k
}

// shifted returns old + d·Q with the old proof of opening.
func shifted(t testing.TB, old []byte) []byte {
	t.Helper()
	a, err := SHA256.nym()
	if err != nil {
		t.Fatal(err)
	}
	p, err := parsePoint(old[:pointSize])
	if err != nil {
		t.Fatal(err)
	}
	sum := publicMul([]publicPoint{p, a.committing().generators(1)[0].point}, []scalar{uint64Scalar(1), shiftBy()})
	encoded := encodeJacobian(sum)
	return append(encoded[0][:], old[pointSize:]...)
}

// proveDifference proves truly that shifted(old) - old is a multiple of Q.
func proveDifference(t testing.TB, s Ciphersuite, old, context []byte) []byte {
	t.Helper()
	from, d := randomScalars(1)[0], shiftBy()
	var to scalar
	to.Add(&from, &d)
	blinds := make([]*Blind, 2)
	for i, k := range []scalar{from, to} {
		var err error
		if blinds[i], err = BlindFromSecret(appendScalar(nil, &k)); err != nil {
			t.Fatal(err)
		}
	}
	same, err := s.ProveSameNyms(old, shifted(t, old), blinds[0], blinds[1], context)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.nym()
	if err != nil {
		t.Fatal(err)
	}
	// The proof itself is a good one: it is the proof of opening that is missing.
	st, err := a.sameNyms(old, shifted(t, old), context)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := parsePoint(old[:pointSize])
	q, _ := parsePoint(shifted(t, old)[:pointSize])
	c, _ := parseScalar(same[:scalarSize])
	answer, _ := parseScalar(same[scalarSize:])
	minus := c
	minus.Neg()
	bar := encodeJacobian(publicMul([]publicPoint{st.base[0].point, q, p}, []scalar{answer, minus, c}))
	if want := st.challenge(&bar[0]); want.IsEqual(&c) != 1 {
		t.Fatal("the proof is not a good one: the test tests nothing")
	}
	return same
}

// Unequal counts: with one scalar more, of zero, the last N scalars would be others.
func TestSameNymsOfUnequalCounts(t *testing.T) {
	s := SHA256
	a, err := s.nym()
	if err != nil {
		t.Fatal(err)
	}
	c := newNymCase(t, s, 0, 1, 2)
	longer, same := c.longerRenewal(t, s, a, []byte("ctx"))
	wantInvalid(t, "unequal counts", s.VerifySameNyms(c.commitment, longer, same, []byte("ctx")))
	if _, err := s.ProveSameNyms(c.commitment, longer, c.held.Blind, c.held.Blind, []byte("ctx")); err == nil {
		t.Error("got a proof of unequal counts")
	}
}
