package bbs

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func TestNymAnyCounts(t *testing.T) {
	some := func(bits, count int) (out []int) {
		for i := range count {
			if bits>>i&1 == 1 {
				out = append(out, i)
			}
		}
		return out
	}
	for i, counts := range [][3]int{{0, 0, 1}, {0, 0, 4}, {1, 0, 2}, {0, 1, 2}, {4, 2, 1}, {3, 3, 3}} {
		s := []Ciphersuite{SHA256, SHAKE256}[i%2]
		l, m, n := counts[0], counts[1], counts[2]
		c := newNymCase(t, s, l, m, n)
		for _, bits := range []int{0, 5, 15} {
			show := &Disclose{some(bits, l), some(bits>>1, m)}
			p := c.prove(t, s, show)
			if want := ProofSize(l + 1 + m + n - len(show.Messages) - len(show.Committed)); len(p.proof) != want {
				t.Errorf("%v: got a proof of %d bytes, want %d", counts, len(p.proof), want)
			}
			nym, err := s.Pseudonym(p.says.ContextID, c.held.Nyms)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(nym, p.pseudonym) {
				t.Errorf("%v: the pseudonym of the proof is not the one of the nyms", counts)
			}
		}
	}
}

// polynomial is the sum of the powers, and linear: that is what makes one answer serve for signature and pseudonym.
func TestPolynomialProperties(t *testing.T) {
	scalars := func(rt *rapid.T, n int, label string) []scalar {
		ks := make([]scalar, n)
		for i := range ks {
			ks[i] = reduce(rapid.SliceOfN(rapid.Byte(), 48, 48).Draw(rt, label))
		}
		return ks
	}
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(rt, "N")
		v, w, z, c := scalars(rt, n, "v"), scalars(rt, n, "w"), scalars(rt, 1, "z")[0], scalars(rt, 1, "c")[0]
		var sum, term, power scalar
		power.SetOne()
		sums := make([]scalar, n)
		for i := range v {
			term.Mul(&v[i], &power)
			sum.Add(&sum, &term)
			power.Mul(&power, &z)
			sums[i].Mul(&v[i], &c)
			sums[i].Add(&sums[i], &w[i])
		}
		got := polynomial(v, &z)
		if got.IsEqual(&sum) != 1 {
			rt.Error("the polynomial is not the sum of the powers")
		}
		other := polynomial(w, &z)
		got.Mul(&got, &c)
		got.Add(&got, &other)
		if want := polynomial(sums, &z); got.IsEqual(&want) != 1 {
			rt.Error("the polynomial is not linear")
		}
	})
}

// Whatever indexes are asked for, either they are refused or they name the messages that they should, and never the blind or a nym.
func TestJoinedIndexes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l, m, n := rapid.IntRange(0, 5).Draw(rt, "L"), rapid.IntRange(0, 5).Draw(rt, "M"), rapid.IntRange(1, 3).Draw(rt, "N")
		messages := rapid.SliceOfN(rapid.IntRange(-1, 6), 0, 3).Draw(rt, "messages")
		committed := rapid.SliceOfN(rapid.IntRange(-1, 6), 0, 3).Draw(rt, "committed")
		wellFormed := func(indexes []int, count int) bool {
			for i, x := range indexes {
				if x < 0 || x >= count || i > 0 && x <= indexes[i-1] {
					return false
				}
			}
			return true
		}
		got, err := joinIndexes(messages, l, committed, m)
		if want := wellFormed(messages, l) && wellFormed(committed, m); (err == nil) != want {
			rt.Fatalf("got %v for indexes that are well formed: %v", err, want)
		}
		if err != nil {
			return
		}
		hidden := hiddenIndexes(got, l+1+m+n)
		if len(got)+len(hidden) != l+1+m+n || !slices.Contains(hidden, l) {
			rt.Error("the blind is not hidden")
		}
		for i := range n {
			if hidden[len(hidden)-1-i] != l+m+n-i {
				rt.Error("the nyms are not the last of what is hidden")
			}
		}
		for i, x := range committed {
			if got[len(messages)+i] != l+1+x {
				rt.Error("a committed message is in a wrong place")
			}
		}
	})
}

// Two proofs of one signature at one context share the pseudonym and nothing else; another context, another pseudonym.
func TestNymProofsShareNothingElse(t *testing.T) {
	c := newNymCase(t, SHA256, 3, 1, 2)
	p, q := c.prove(t, SHA256, &Disclose{}), c.prove(t, SHA256, &Disclose{})
	if !bytes.Equal(p.pseudonym, q.pseudonym) {
		t.Error("got two pseudonyms at one context, want one")
	}
	for i := 0; i+8 <= len(p.proof); i++ {
		if bytes.Contains(q.proof, p.proof[i:i+8]) {
			t.Fatalf("two proofs share the bytes from %d", i)
		}
	}
	other, err := SHA256.Pseudonym([]byte("another context"), c.held.Nyms)
	if err != nil {
		t.Fatal(err)
	}
	shake, err := SHAKE256.Pseudonym(p.says.ContextID, c.held.Nyms)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(other, p.pseudonym) || bytes.Equal(shake, p.pseudonym) {
		t.Error("got the same pseudonym at another context or under another ciphersuite")
	}
}

// Every value of the statement is bound.
func TestNymProofBinds(t *testing.T) {
	for _, s := range []Ciphersuite{SHA256, SHAKE256} {
		c := newNymCase(t, s, 3, 2, 2)
		good := c.prove(t, s, &Disclose{[]int{0, 2}, []int{1}})
		other := newNymCase(t, s, 3, 2, 2)
		for name, spoil := range map[string]func(p *proved){
			"header":                      func(p *proved) { p.says.Header = []byte("other") },
			"header with the count in it": func(p *proved) { p.says.Header = nymHeader(p.says.Header, 2) },
			"presentation header":         func(p *proved) { p.says.PresentationHeader = []byte("other") },
			"no presentation header":      func(p *proved) { p.says.PresentationHeader = nil },
			"context":                     func(p *proved) { p.says.ContextID = []byte("context of a phisher") },
			"no context":                  func(p *proved) { p.says.ContextID = nil },
			"context moved from the presentation header": func(p *proved) {
				p.says.PresentationHeader, p.says.ContextID = append(p.says.PresentationHeader, 'c'), p.says.ContextID[1:]
			},
			"message":                     func(p *proved) { p.says.Messages[1] = []byte("other") },
			"committed message":           func(p *proved) { p.says.Committed[0] = []byte("other") },
			"index":                       func(p *proved) { p.says.Disclosed = []int{0, 1} },
			"committed index":             func(p *proved) { p.says.DisclosedCommitted = []int{0} },
			"messages swapped":            func(p *proved) { slices.Reverse(p.says.Messages) },
			"indexes descend":             func(p *proved) { slices.Reverse(p.says.Disclosed) },
			"index twice":                 func(p *proved) { p.says.Disclosed[1] = 0 },
			"index below 0":               func(p *proved) { p.says.Disclosed[0] = -1 },
			"index of the blind":          func(p *proved) { p.says.Disclosed[1] = 3 },
			"committed index of a nym":    func(p *proved) { p.says.DisclosedCommitted[0] = 2 },
			"a message too few":           func(p *proved) { p.says.Messages = p.says.Messages[:1] },
			"a committed message more":    func(p *proved) { p.says.Committed = append(p.says.Committed, []byte("x")) },
			"fewer nyms":                  func(p *proved) { p.says.NymCount = 1 },
			"fewer nyms, more committed":  func(p *proved) { p.says.NymCount, p.says.CommittedCount = 1, 3 },
			"more nyms":                   func(p *proved) { p.says.NymCount = 3 },
			"more nyms, fewer committed":  func(p *proved) { p.says.NymCount, p.says.CommittedCount = 3, 1 },
			"no nyms":                     func(p *proved) { p.says.NymCount = 0 },
			"fewer than no nyms":          func(p *proved) { p.says.NymCount = -1 },
			"nyms beyond the limit":       func(p *proved) { p.says.NymCount = MaxNyms + 1 },
			"more messages, fewer others": func(p *proved) { p.says.MessageCount, p.says.CommittedCount = 4, 1 },
			"fewer messages":              func(p *proved) { p.says.MessageCount = 2 },
			"messages below 0":            func(p *proved) { p.says.MessageCount = -1 },
			"committed below 0":           func(p *proved) { p.says.CommittedCount = -1 },
			"messages beyond the limit":   func(p *proved) { p.says.MessageCount = MaxMessages },
			"overflow":                    func(p *proved) { p.says.MessageCount, p.says.CommittedCount = int(^uint(0)>>1), int(^uint(0)>>1) },
			"pseudonym of another":        func(p *proved) { p.pseudonym = other.prove(t, s, &Disclose{}).pseudonym },
			"pseudonym at another context": func(p *proved) {
				p.pseudonym, _ = s.Pseudonym([]byte("context of a phisher"), c.held.Nyms)
			},
			"no pseudonym":                 func(p *proved) { p.pseudonym = nil },
			"pseudonym with a byte more":   func(p *proved) { p.pseudonym = append(p.pseudonym, 0) },
			"pseudonym negated":            func(p *proved) { p.pseudonym[0] ^= 0x20 },
			"pseudonym uncompressed":       func(p *proved) { p.pseudonym[0] &^= 0x80 },
			"pseudonym is the identity":    func(p *proved) { p.pseudonym = identityBytes() },
			"pseudonym is the base point":  func(p *proved) { p.pseudonym = baseBytes() },
			"pseudonym outside the group":  func(p *proved) { p.pseudonym = outsideBytes(t) },
			"proof with a scalar more":     func(p *proved) { p.proof = append(p.proof, p.proof[len(p.proof)-scalarSize:]...) },
			"proof with a scalar less":     func(p *proved) { p.proof = p.proof[:len(p.proof)-scalarSize] },
			"proof cut":                    func(p *proved) { p.proof = p.proof[:len(p.proof)-1] },
			"no proof":                     func(p *proved) { p.proof = nil },
			"challenge plus the order":     func(p *proved) { addOrder(p.proof[len(p.proof)-scalarSize:]) },
			"answer of a nym is zero":      func(p *proved) { clear(p.proof[len(p.proof)-2*scalarSize : len(p.proof)-scalarSize]) },
			"Abar outside the group":       func(p *proved) { copy(p.proof, outsideBytes(t)) },
			"Abar is the identity":         func(p *proved) { copy(p.proof, identityBytes()) },
			"answers of two nyms swapped":  func(p *proved) { swapScalars(p.proof, 2, 3) },
			"answers of nym and committed": func(p *proved) { swapScalars(p.proof, 3, 4) },
		} {
			p := &proved{slices.Clone(good.proof), slices.Clone(good.pseudonym), cloneStatement(good.says)}
			spoil(p)
			wantInvalid(t, name, s.NymProofVerify(c.key.PublicKey(), p.proof, p.pseudonym, p.says))
		}
		wantInvalid(t, "other key", s.NymProofVerify(other.key.PublicKey(), good.proof, good.pseudonym, good.says))
		wantInvalid(t, "no key", s.NymProofVerify(nil, good.proof, good.pseudonym, good.says))
		wantInvalid(t, "no statement", s.NymProofVerify(c.key.PublicKey(), good.proof, good.pseudonym, nil))
		wantInvalid(t, "no ciphersuite", Ciphersuite(0).NymProofVerify(c.key.PublicKey(), good.proof, good.pseudonym, good.says))
		wantInvalid(t, "other ciphersuite", (SHA256+SHAKE256-s).NymProofVerify(c.key.PublicKey(), good.proof, good.pseudonym, good.says))
	}
}

// A prover with a signature over N nyms must not get a pseudonym of fewer, more or other scalars, whatever it computes: here it
// runs the protocol with its own wish for the boundary between committed messages and nyms, and for what the polynomial is made of.
func TestNymProverChoosesNoOtherVector(t *testing.T) {
	s := SHA256
	a, err := s.nym()
	if err != nil {
		t.Fatal(err)
	}
	c := newNymCase(t, s, 1, 1, 2)
	secrets, err := c.held.Nyms.get().scalars()
	if err != nil {
		t.Fatal(err)
	}
	honest, err := s.Pseudonym([]byte("ctx"), c.held.Nyms)
	if err != nil {
		t.Fatal(err)
	}
	committed := a.messageScalars(c.committed)
	says := c.statement([]byte("ctx"), nil, &Disclose{})
	prove := func(header []byte, extra func(nyms, tildes []scalar) (*proofPart, error)) ([]byte, error) {
		h := holding{signature: c.held.Signature, header: header, messages: c.messages, committed: c.committed, blind: c.held.Blind, nyms: secrets}
		return h.prove(a, c.key.PublicKey(), nil, nil, extra, nil)
	}
	for name, choose := range map[string]func(vector []scalar) []scalar{
		"the last nym alone":          func(v []scalar) []scalar { return v[1:] },
		"the first nym alone":         func(v []scalar) []scalar { return v[:1] },
		"the nyms turned round":       func(v []scalar) []scalar { return []scalar{v[1], v[0]} },
		"the nyms moved by one place": func(v []scalar) []scalar { return []scalar{{}, v[0], v[1]} },
		"twice the first nym":         func(v []scalar) []scalar { return []scalar{v[0], v[0]} },
		"other scalars":               func(v []scalar) []scalar { return randomScalars(len(v)) },
	} {
		for _, header := range [][]byte{nymHeader(c.header, 2), nymHeader(c.header, 1), nymHeader(c.header, 3)} {
			var nym []byte
			proof, err := prove(header, func(nyms, tildes []scalar) (*proofPart, error) {
				part, err := a.nymPart([]byte("ctx"), choose(nyms), choose(tildes))
				if err == nil {
					nym = part.points[0][:]
				}
				return part, err
			})
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Equal(nym, honest) {
				t.Fatalf("%s: the pseudonym is the right one: the test tests nothing", name)
			}
			for n := 1; n <= 3; n++ {
				says.NymCount, says.CommittedCount = n, 3-n
				wantInvalid(t, fmt.Sprintf("%s, verified for %d nyms", name, n), s.NymProofVerify(c.key.PublicKey(), proof, nym, says))
			}
		}
	}

	// The same vectors taken for other numbers of committed messages and nyms: with the header that was signed the proof is one of the
	// signature, and the pseudonym is not what the count demands; with another header it is none.
	vector := append(slices.Clone(committed), secrets...)
	for n := 1; n <= 3; n++ {
		for _, header := range [][]byte{nymHeader(c.header, n), nymHeader(c.header, 2)} {
			h := holding{signature: c.held.Signature, header: header, messages: c.messages, blind: c.held.Blind, nyms: vector}
			var nym []byte
			proof, err := h.prove(a, c.key.PublicKey(), nil, nil, func(nyms, tildes []scalar) (*proofPart, error) {
				part, err := a.nymPart([]byte("ctx"), nyms[3-n:], tildes[3-n:])
				if err == nil {
					nym = part.points[0][:]
				}
				return part, err
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for m := 0; m <= 2; m++ {
				says.NymCount, says.CommittedCount = 3-m, m
				err := s.NymProofVerify(c.key.PublicKey(), proof, nym, says)
				if n == 2 && m == 1 {
					if err != nil || !bytes.Equal(nym, honest) {
						t.Errorf("the honest counts: %v", err)
					}
					continue
				}
				wantInvalid(t, fmt.Sprintf("%d nyms proved, %d demanded", n, 3-m), err)
			}
		}
	}
}

// A signature of one interface is none of another, and a proof neither.
func TestInterfacesAreApart(t *testing.T) {
	s := SHA256
	c := newNymCase(t, s, 2, 1, 1)
	public := c.key.PublicKey()
	blind, err := c.key.BlindSignMessages(t.Context(), s, c.commitment, c.header, c.messages)
	if err == nil {
		t.Errorf("a commitment of the interface of pseudonyms is signed by that of blind signatures: %d bytes", len(blind))
	}
	p := c.prove(t, s, &Disclose{})
	wantInvalid(t, "as a blind proof", s.BlindProofVerify(public, p.proof, &BlindStatement{
		Header: nymHeader(c.header, 1), PresentationHeader: p.says.PresentationHeader, MessageCount: 2, CommittedCount: 2,
	}))
	wantInvalid(t, "as a proof", s.ProofVerify(public, p.proof, nymHeader(c.header, 1), p.says.PresentationHeader, nil, nil))
	wantInvalid(t, "as a signature", s.Verify(public, c.held.Signature, nymHeader(c.header, 1), c.messages))
}

// The same entropy keeps the pseudonyms, another changes them.
func TestNymEntropyKeepsPseudonyms(t *testing.T) {
	s := SHA256
	c := newNymCase(t, s, 1, 0, 3)
	want, err := s.Pseudonym([]byte("ctx"), c.held.Nyms)
	if err != nil {
		t.Fatal(err)
	}
	for _, same := range []bool{true, false} {
		entropy := c.entropy
		if !same {
			entropy = NewNymEntropy()
		}
		commitment, blind, err := s.NymCommit(nil, c.prover)
		if err != nil {
			t.Fatal(err)
		}
		sig, err := c.key.NymSignMessages(t.Context(), s, commitment, 3, entropy, c.header, c.messages)
		if err != nil {
			t.Fatal(err)
		}
		final, err := s.NymFinalize(c.key.PublicKey(), sig, c.header, c.messages, nil, c.prover, entropy, blind)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Pseudonym([]byte("ctx"), final)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(got, want) != same {
			t.Errorf("same entropy %v: pseudonyms are equal: %v", same, !same)
		}
	}
}

// A prover whose pseudonym is the identity, or whose commitment to it is, convinces nobody, though its equations hold.
func TestNymIdentityConvincesNobody(t *testing.T) {
	s, ctx := SHA256, []byte("ctx")
	a, err := s.nym()
	if err != nil {
		t.Fatal(err)
	}
	op, z, err := a.nymPoint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	// v0 + v1·z = 0 with the entropy in v1, as if the prover had known it.
	c := &nymCase{key: newNymCase(t, s, 0, 0, 1).key, entropy: NewNymEntropy()}
	v := randomScalars(2)
	last, err := parseScalar(c.entropy)
	if err != nil {
		t.Fatal(err)
	}
	last.Add(&last, &v[1])
	v[0].Mul(&last, &z)
	v[0].Neg()
	if c.prover, err = NymSecretsFromSecret(appendScalar(appendScalar(nil, &v[0]), &v[1])); err != nil {
		t.Fatal(err)
	}
	c.issue(t, s, nil)
	ordinary := newNymCase(t, s, 0, 0, 2)
	for _, x := range []struct {
		name   string
		c      *nymCase
		random scalarSource
		text   string
	}{
		{"pseudonym", c, nil, "identity"},
		{"commitment", ordinary, func(n int) []scalar {
			ks := randomScalars(n)
			clear(ks[n-2:])
			return ks
		}, "commitment to the pseudonym is the identity"},
	} {
		secrets, err := x.c.held.Nyms.get().scalars()
		if err != nil {
			t.Fatal(err)
		}
		h := holding{signature: x.c.held.Signature, header: nymHeader(x.c.header, 2), blind: x.c.held.Blind, nyms: secrets}
		var nym []byte
		proof, err := h.prove(a, x.c.key.PublicKey(), nil, nil, func(nyms, tildes []scalar) (*proofPart, error) {
			part := &proofPart{octets: contextOctets(ctx)}
			for _, ks := range [][]scalar{nyms, tildes} {
				part.points = append(part.points, encodeJacobian(publicMul([]publicPoint{op}, []scalar{polynomial(ks, &z)}))[0])
			}
			nym = slices.Clone(part.points[0][:])
			return part, nil
		}, x.random)
		if err != nil {
			t.Fatal(err)
		}
		says := x.c.statement(ctx, nil, &Disclose{})
		wantText(t, x.name, s.NymProofVerify(x.c.key.PublicKey(), proof, nym, says), x.text)
	}
	p := ordinary.prove(t, s, &Disclose{})
	wantText(t, "base point", s.NymProofVerify(ordinary.key.PublicKey(), p.proof, baseBytes(), p.says), errPseudonym.Error())
}

// A vector whose polynomial vanishes at a context has no pseudonym there, rather than one that all such vectors share.
func TestNymIdentityIsRefused(t *testing.T) {
	s := SHA256
	a, err := s.nym()
	if err != nil {
		t.Fatal(err)
	}
	_, z, err := a.nymPoint([]byte("ctx"))
	if err != nil {
		t.Fatal(err)
	}
	// v0 + v1·z = 0
	v := randomScalars(2)
	v[0].Mul(&v[1], &z)
	v[0].Neg()
	nyms, err := NymSecretsFromSecret(appendScalar(appendScalar(nil, &v[0]), &v[1]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Pseudonym([]byte("ctx"), nyms); !errors.Is(err, errPseudonym) {
		t.Errorf("got %v, want %v", err, errPseudonym)
	}
	if _, err := s.Pseudonym([]byte("another"), nyms); err != nil {
		t.Error(err)
	}
}

// Everything public may be used from many goroutines at once, and nothing writes to its input.
func TestNymConcurrentAndInputsKept(t *testing.T) {
	s := SHA256
	c := newNymCase(t, s, 2, 1, 2)
	p := c.prove(t, s, &Disclose{[]int{1}, []int{0}})
	before := fmt.Sprintf("%x %x %x %x %x %+v", p.proof, p.pseudonym, c.held.Signature, c.commitment, c.entropy, *p.says)
	public := c.key.PublicKey()
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := s.NymProofVerify(public, p.proof, p.pseudonym, p.says); err != nil {
				t.Error(err)
			}
			if _, _, err := s.NymProofGen(public, &c.held, p.says.ContextID, nil, &Disclose{[]int{1}, []int{0}}); err != nil {
				t.Error(err)
			}
			if _, err := c.key.NymSignMessages(t.Context(), s, c.commitment, 2, c.entropy, c.header, c.messages); err != nil {
				t.Error(err)
			}
			if _, err := s.NymFinalize(public, c.held.Signature, c.header, c.messages, c.committed, c.prover, c.entropy, c.held.Blind); err != nil {
				t.Error(err)
			}
			if c.prover.Len() != 2 || len(c.prover.Secret()) != 64 {
				t.Error("the nyms have changed")
			}
		}()
	}
	wg.Wait()
	if after := fmt.Sprintf("%x %x %x %x %x %+v", p.proof, p.pseudonym, c.held.Signature, c.commitment, c.entropy, *p.says); after != before {
		t.Errorf("an input has changed:\n%s\n%s", before, after)
	}
}
