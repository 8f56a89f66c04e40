package bbs

import (
	"slices"
	"testing"
)

func (v *blindProofVector) statement() *BlindStatement {
	return &BlindStatement{
		Header: v.Header, PresentationHeader: v.PresentationHeader, MessageCount: v.MessageCount, CommittedCount: v.CommittedCount,
		Disclosed: v.Disclosed, Messages: lists(v.Messages), DisclosedCommitted: v.DisclosedCommitted, Committed: lists(v.Committed),
	}
}

func (v *blindProofVector) nymStatement() *NymStatement {
	return &NymStatement{
		Header: v.Header, PresentationHeader: v.PresentationHeader, ContextID: v.ContextID, NymCount: v.NymCount,
		MessageCount: v.MessageCount, CommittedCount: v.CommittedCount,
		Disclosed: v.Disclosed, Messages: lists(v.Messages), DisclosedCommitted: v.DisclosedCommitted, Committed: lists(v.Committed),
	}
}

func TestCommitmentFaultsOfBlindAndNym(t *testing.T) {
	for name, of := range map[string]func(Ciphersuite) (api, error){"blind-commitments": Ciphersuite.blind, "nym-commitments": Ciphersuite.nym} {
		k, err := Generate()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range own[commitmentVector](t, name) {
			t.Run(name+"/"+v.Fault, func(t *testing.T) {
				s := suiteNamed(t, v.Suite)
				a, err := of(s)
				if err != nil {
					t.Fatal(err)
				}
				n, err := CommitmentCount(v.Commitment)
				if err == nil {
					_, err = a.openCommitment(v.Commitment, n)
				}
				if err == nil && n != v.Count {
					t.Errorf("got %d scalars, want %d", n, v.Count)
				}
				if name == "blind-commitments" {
					_, err = k.BlindSignMessages(t.Context(), s, v.Commitment, nil, nil)
				} else if err == nil && n > 0 {
					_, err = k.NymSignMessages(t.Context(), s, v.Commitment, 1, NewNymEntropy(), nil, nil)
				} else if err != nil {
					_, err = k.NymSignMessages(t.Context(), s, v.Commitment, 1, NewNymEntropy(), nil, nil)
				}
				wantValid(t, v.Valid, err)
			})
		}
	}
}

func TestBlindProofFaults(t *testing.T) {
	for _, v := range own[blindProofVector](t, "blind-proofs") {
		t.Run(v.Fault, func(t *testing.T) {
			k, err := ParsePublicKey(v.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			wantValid(t, v.Valid, suiteNamed(t, v.Suite).BlindProofVerify(k, v.Proof, v.statement()))
		})
	}
}

func TestNymProofFaults(t *testing.T) {
	for _, v := range own[blindProofVector](t, "nym-proofs") {
		t.Run(v.Fault, func(t *testing.T) {
			k, err := ParsePublicKey(v.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			wantValid(t, v.Valid, suiteNamed(t, v.Suite).NymProofVerify(k, v.Proof, v.Pseudonym, v.nymStatement()))
		})
	}
}

func TestNymRenewalFaults(t *testing.T) {
	for _, v := range own[renewalVector](t, "nym-renewals") {
		t.Run(v.Fault, func(t *testing.T) {
			wantValid(t, v.Valid, suiteNamed(t, v.Suite).VerifySameNyms(v.Old, v.Renewed, v.Proof, v.Context))
		})
	}
}

// TestWriteNymVectors writes the vectors when asked to; they then differ in their random parts only.
func TestWriteNymVectors(t *testing.T) {
	if !*update {
		t.Skip("without -update")
	}
	var blinds, nyms []commitmentVector
	var blindProofs, nymProofs []blindProofVector
	var renewals []renewalVector
	for _, s := range []Ciphersuite{SHA256, SHAKE256} {
		blind, err := s.blind()
		if err != nil {
			t.Fatal(err)
		}
		nym, err := s.nym()
		if err != nil {
			t.Fatal(err)
		}
		blinds = append(blinds, commitmentFaults(t, blind, blind.messageScalars(testMessages("committed", 3)))...)
		c := fixedNymCase(t, s, 3, 2, 2)
		secrets, err := c.prover.get().scalars()
		if err != nil {
			t.Fatal(err)
		}
		nyms = append(nyms, commitmentFaults(t, nym, append(nym.messageScalars(c.committed[:1]), secrets...))...)
		nymProofs = append(nymProofs, c.proofFaults(t, s, nym)...)
		renewals = append(renewals, c.renewalFaults(t, s, nym)...)
		blindProofs = append(blindProofs, statementFaults(t, blindProofBase(t, s, c.key))...)
	}
	writeOwn(t, "blind-commitments", "commitments", blinds)
	writeOwn(t, "nym-commitments", "commitments", nyms)
	writeOwn(t, "blind-proofs", "blind-proofs", blindProofs)
	writeOwn(t, "nym-proofs", "nym-proofs", nymProofs)
	writeOwn(t, "nym-renewals", "nym-renewals", renewals)
}

func blindProofBase(t *testing.T, s Ciphersuite, k *PrivateKey) blindProofVector {
	t.Helper()
	c := newBlindCaseOf(t, s, k, 3, 2)
	proof, says := c.prove(t, s, &Disclose{[]int{0, 2}, []int{1}})
	return blindProofVector{
		Suite: s.String(), PublicKey: k.PublicKey().Bytes(), Header: says.Header, PresentationHeader: says.PresentationHeader,
		MessageCount: 3, CommittedCount: 2, Disclosed: says.Disclosed, Messages: hexList(says.Messages),
		DisclosedCommitted: says.DisclosedCommitted, Committed: hexList(says.Committed), Proof: proof,
	}
}

// proofFaults makes the vectors of proofs with a pseudonym.
func (c *nymCase) proofFaults(t *testing.T, s Ciphersuite, a api) []blindProofVector {
	t.Helper()
	show := &Disclose{[]int{0, 2}, []int{1}}
	p := c.prove(t, s, show)
	base := blindProofVector{
		Suite: s.String(), PublicKey: c.key.PublicKey().Bytes(), Header: p.says.Header, PresentationHeader: p.says.PresentationHeader,
		ContextID: p.says.ContextID, NymCount: 2, MessageCount: 3, CommittedCount: 2, Disclosed: p.says.Disclosed,
		Messages: hexList(p.says.Messages), DisclosedCommitted: p.says.DisclosedCommitted, Committed: hexList(p.says.Committed),
		Pseudonym: p.pseudonym, Proof: p.proof,
	}
	out := statementFaults(t, base)
	add := func(fault string, change func(v *blindProofVector)) {
		v := base
		v.Fault, v.Valid = fault+", "+base.Suite, isValid(fault)
		change(&v)
		out = append(out, v)
	}
	other := fixedNymCase(t, s, 3, 2, 1).prove(t, s, &Disclose{})
	elsewhere, err := s.Pseudonym([]byte("context of another platform"), c.held.Nyms)
	if err != nil {
		t.Fatal(err)
	}
	add("other context", func(v *blindProofVector) { v.ContextID = []byte("context of another platform") })
	add("other context, and the pseudonym there", func(v *blindProofVector) {
		v.ContextID, v.Pseudonym = []byte("context of another platform"), elsewhere
	})
	add("empty context", func(v *blindProofVector) { v.ContextID = nil })
	add("pseudonym of another holder", func(v *blindProofVector) { v.Pseudonym = other.pseudonym })
	add("pseudonym at another context", func(v *blindProofVector) { v.Pseudonym = elsewhere })
	wrong := noPoints(p.pseudonym)
	for _, name := range sortedKeys(wrong) {
		add("pseudonym: "+name, func(v *blindProofVector) { v.Pseudonym = wrong[name] })
	}
	add("pseudonym: base point", func(v *blindProofVector) { v.Pseudonym = baseBytes() })
	add("pseudonym: other sign", func(v *blindProofVector) { v.Pseudonym = replace(p.pseudonym, 0, []byte{p.pseudonym[0] ^ 0x20}) })
	add("pseudonym: wrong subgroup", func(v *blindProofVector) { v.Pseudonym = withSmallOrder(t, p.pseudonym) })
	add("pseudonym: wrong subgroup, where the proof holds: a second one of the same person", func(v *blindProofVector) {
		v.Proof, v.Pseudonym = proveOutside(t, a, c, v.ContextID, v.PresentationHeader, show)
	})
	add("pseudonym: a byte too few", func(v *blindProofVector) { v.Pseudonym = p.pseudonym[:PseudonymSize-1] })
	add("pseudonym: a byte too many", func(v *blindProofVector) { v.Pseudonym = append(slices.Clone(p.pseudonym), 0) })
	add("no pseudonym", func(v *blindProofVector) { v.Pseudonym = nil })
	add("a nym less", func(v *blindProofVector) { v.NymCount = 1 })
	add("a nym more", func(v *blindProofVector) { v.NymCount = 3 })
	add("a nym counted as a committed message", func(v *blindProofVector) { v.NymCount, v.CommittedCount = 1, 3 })
	add("a committed message counted as a nym", func(v *blindProofVector) { v.NymCount, v.CommittedCount = 3, 1 })
	add("a committed message counted as a nym, and used as one", func(v *blindProofVector) {
		c.proveBoundary(t, a, v, 1)
	})
	add("a nym counted as a committed message, and not used", func(v *blindProofVector) {
		c.proveBoundary(t, a, v, 3)
	})
	return out
}

// proveBoundary makes the proof and the pseudonym of a prover that takes all but the first m committed scalars for nyms, with the
// header that was signed.
func (c *nymCase) proveBoundary(t *testing.T, a api, v *blindProofVector, m int) {
	t.Helper()
	secrets, err := c.held.Nyms.get().scalars()
	if err != nil {
		t.Fatal(err)
	}
	vector := append(a.messageScalars(c.committed), secrets...)
	h := holding{signature: c.held.Signature, header: nymHeader(c.header, len(secrets)), messages: c.messages, blind: c.held.Blind, nyms: vector}
	v.Disclosed, v.Messages, v.DisclosedCommitted, v.Committed = []int{}, []hexBytes{}, []int{}, []hexBytes{}
	v.NymCount, v.CommittedCount = len(vector)-m, m
	v.Proof, err = h.prove(a, c.key.PublicKey(), v.PresentationHeader, nil, func(nyms, tildes []scalar) (*proofPart, error) {
		part, err := a.nymPart(v.ContextID, nyms[m:], tildes[m:])
		if err == nil {
			v.Pseudonym = slices.Clone(part.points[0][:])
		}
		return part, err
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

// renewalFaults makes the vectors of proofs that two commitments are to the same.
func (c *nymCase) renewalFaults(t *testing.T, s Ciphersuite, a api) (out []renewalVector) {
	t.Helper()
	r, _ := newRenewal(t, s, c)
	again, _ := newRenewal(t, s, c)
	other := newNymCase(t, s, 3, 2, 2)
	add := func(fault string, old, renewed, context, proof []byte) {
		out = append(out, renewalVector{fault + ", " + s.String(), isValid(fault), s.String(), old, renewed, context, proof})
	}
	add("none", r.old, r.renewed, r.context, r.same)
	add("other context", r.old, r.renewed, []byte("authority, other nonce"), r.same)
	add("empty context", r.old, r.renewed, []byte{}, r.same)
	add("old and renewed swapped", r.renewed, r.old, r.context, r.same)
	add("another renewed one of the same", r.old, again.renewed, r.context, r.same)
	add("proof of another renewal", r.old, r.renewed, r.context, again.same)
	add("the old one again", r.old, r.old, r.context, r.same)
	add("the old one again, a difference of zero proved truly", r.old, r.old, r.context, proveNoDifference(t, a, r))
	same, err := s.ProveSameNyms(c.commitment, other.commitment, c.held.Blind, other.held.Blind, r.context)
	if err != nil {
		t.Fatal(err)
	}
	add("other nyms", c.commitment, other.commitment, r.context, same)
	if s == SHA256 {
		add("renewed without an opening, the difference proved truly", r.old, shifted(t, r.old), r.context, proveDifference(t, s, r.old, r.context))
	}
	add("renewed without an opening", r.old, spoilt(r.renewed, pointSize+2*scalarSize-1), r.context, r.same)
	add("old without an opening", spoilt(r.old, pointSize+2*scalarSize-1), r.renewed, r.context, r.same)
	longer, proof := c.longerRenewal(t, s, a, r.context)
	add("a scalar of zero more, so that the last ones are others", r.old, longer, r.context, proof)
	for i, name := range []string{"c", "answer"} {
		at := i * scalarSize
		k := r.same[at : at+scalarSize]
		add(name+": zero", r.old, r.renewed, r.context, replace(r.same, at, make([]byte, scalarSize)))
		add(name+": all ones", r.old, r.renewed, r.context, replace(r.same, at, slices.Repeat([]byte{0xff}, scalarSize)))
		add(name+": one bit", r.old, r.renewed, r.context, replace(r.same, at+31, []byte{k[31] ^ 1}))
		if more, ok := plus(k, bigOrder()); ok {
			add(name+": plus the order", r.old, r.renewed, r.context, replace(r.same, at, more))
		}
	}
	add("empty proof", r.old, r.renewed, r.context, []byte{})
	add("proof a byte too short", r.old, r.renewed, r.context, r.same[:sameNymsSize-1])
	add("proof a byte too long", r.old, r.renewed, r.context, append(slices.Clone(r.same), 0))
	return out
}

// proveNoDifference proves that the old commitment is itself. Nobody needs a secret for that.
func proveNoDifference(t testing.TB, a api, r *renewal) []byte {
	t.Helper()
	n, err := commitmentCount(r.old)
	if err != nil {
		t.Fatal(err)
	}
	blind := randomScalars(1)
	return a.sameStatement(n, r.old, r.old, r.context).prove(&blind[0], &blind[0], nil)
}

// longerRenewal commits to the nyms of c and a zero behind them, and proves that the difference is a multiple of Q.
func (c *nymCase) longerRenewal(t testing.TB, s Ciphersuite, a api, context []byte) (renewed, same []byte) {
	t.Helper()
	nyms, err := c.prover.get().scalars()
	if err != nil {
		t.Fatal(err)
	}
	n, err := commitmentCount(c.commitment)
	if err != nil {
		t.Fatal(err)
	}
	longer, blind, err := a.commit(append(append(a.messageScalars(c.committed), nyms...), scalar{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.openCommitment(longer, n+1); err != nil {
		t.Fatal("the longer commitment does not open: it tests nothing")
	}
	from, err := c.held.Blind.get().scalars()
	if err != nil {
		t.Fatal(err)
	}
	to, err := blind.get().scalars()
	if err != nil {
		t.Fatal(err)
	}
	// The statement of a verifier that does not compare the counts.
	st := a.sameStatement(n, c.commitment, longer, context)
	return longer, st.prove(&from[0], &to[0], nil)
}
