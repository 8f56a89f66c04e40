package bbs

import (
	"bytes"
	"slices"
	"testing"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// commitmentVector is an entry of blind-commitments.json and nym-commitments.json.
type commitmentVector struct {
	Fault      string   `json:"name"`
	Valid      bool     `json:"valid"`
	Suite      string   `json:"ciphersuite"`
	Commitment hexBytes `json:"commitment"`
	Count      int      `json:"count"` // of the scalars, if it is valid
}

// blindProofVector is an entry of blind-proofs.json, and with the members of pseudonyms, of nym-proofs.json.
type blindProofVector struct {
	Fault              string     `json:"name"`
	Valid              bool       `json:"valid"`
	Suite              string     `json:"ciphersuite"`
	PublicKey          hexBytes   `json:"publicKey"`
	Header             hexBytes   `json:"header"`
	PresentationHeader hexBytes   `json:"presentationHeader"`
	ContextID          hexBytes   `json:"contextID,omitempty"`
	NymCount           int        `json:"nymCount,omitempty"`
	MessageCount       int        `json:"messageCount"`
	CommittedCount     int        `json:"committedCount"`
	Disclosed          []int      `json:"disclosed"`
	Messages           []hexBytes `json:"messages"`
	DisclosedCommitted []int      `json:"disclosedCommitted"`
	Committed          []hexBytes `json:"committed"`
	Pseudonym          hexBytes   `json:"pseudonym,omitempty"`
	Proof              hexBytes   `json:"proof"`
}

// renewalVector is an entry of nym-renewals.json.
type renewalVector struct {
	Fault   string   `json:"name"`
	Valid   bool     `json:"valid"`
	Suite   string   `json:"ciphersuite"`
	Old     hexBytes `json:"old"`
	Renewed hexBytes `json:"renewed"`
	Context hexBytes `json:"context"`
	Proof   hexBytes `json:"proof"`
}

// orderThree is a point of the curve of order 3. Adding it to a point of the subgroup is the cheapest way out of it.
func orderThree() (p bls12381.G1Affine) {
	p.Y.SetUint64(2)
	return p
}

// plusOrderThree returns the compressed point plus that of order 3.
func plusOrderThree(t testing.TB, b []byte) []byte {
	t.Helper()
	p, err := parsePoint(b)
	if err != nil {
		t.Fatal(err)
	}
	q := orderThree()
	p.Add(&p, &q)
	out := p.Bytes()
	return out[:]
}

// unchecked reads a point and does not look at the subgroup.
func unchecked(t testing.TB, b []byte) (p publicPoint) {
	t.Helper()
	if err := bls12381.NewDecoder(bytes.NewReader(b), bls12381.NoSubgroupChecks()).Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

// hidesIn reports whether a verifier that multiplies b by -c notices the point of order 3 in it.
func hidesIn(t testing.TB, with, without []byte, c *scalar) bool {
	t.Helper()
	minus := *c
	minus.Neg()
	p := publicMul([]publicPoint{unchecked(t, with)}, []scalar{minus})
	q := publicMul([]publicPoint{unchecked(t, without)}, []scalar{minus})
	return p.Equal(&q)
}

// commitOutside commits to scalars with a point that is outside of the subgroup, and a proof that holds all the same.
func commitOutside(t testing.TB, a api, scalars []scalar) []byte {
	t.Helper()
	gens := a.committing().generators(len(scalars) + 1)
	for {
		secret := append(randomScalars(1), scalars...)
		tildes := randomScalars(len(secret))
		points := encodePoints(secretSum(gens, secret), secretSum(gens, tildes))
		outside := encodedPoint(plusOrderThree(t, points[0][:]))
		c := a.commitChallenge(gens, &outside, &points[1])
		if !hidesIn(t, outside[:], points[0][:], &c) {
			continue
		}
		return appendScalar(appendResponses(slices.Clone(outside[:]), tildes, secret, &c), &c)
	}
}

// forgeIdentity makes a proof for the identity, of which nobody knows anything: -c times it is itself for every c.
func forgeIdentity(a api, count int) []byte {
	gens := a.committing().generators(count + 1)
	hats := randomScalars(count + 1)
	id := encodedPoint(identityBytes())
	c := a.commitChallenge(gens, &id, &encodePoints(secretSum(gens, hats))[0])
	out := slices.Clone(id[:])
	for i := range hats {
		out = appendScalar(out, &hats[i])
	}
	return appendScalar(out, &c)
}

// commitToZero commits to as many scalars as there are in scalars, the first of which is zero and hidden by zero.
func commitToZero(t testing.TB, a api, scalars []scalar) []byte {
	t.Helper()
	zero := slices.Clone(scalars)
	zero[0] = scalar{}
	out, _, err := a.commit(zero, func(n int) []scalar {
		ks := randomScalars(n)
		ks[2] = scalar{}
		return ks
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// proveOutside makes a proof for the pseudonym plus the point of order 3, which holds all the same: the second of three pseudonyms that
// one person would have at each platform.
func proveOutside(t testing.TB, a api, c *nymCase, contextID, presentationHeader []byte, show *Disclose) (proof, pseudonym []byte) {
	t.Helper()
	secrets, err := c.held.Nyms.get().scalars()
	if err != nil {
		t.Fatal(err)
	}
	for {
		var inside []byte
		h := holding{
			signature: c.held.Signature, header: nymHeader(c.header, len(secrets)), messages: c.messages, committed: c.committed,
			blind: c.held.Blind, nyms: secrets,
		}
		proof, err := h.prove(a, c.key.PublicKey(), presentationHeader, show, func(nyms, tildes []scalar) (*proofPart, error) {
			part, err := a.nymPart(contextID, nyms, tildes)
			if err == nil {
				inside = slices.Clone(part.points[0][:])
				pseudonym = plusOrderThree(t, inside)
				part.points[0] = encodedPoint(pseudonym)
			}
			return part, err
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		challenge, err := parseScalar(proof[len(proof)-scalarSize:])
		if err != nil {
			t.Fatal(err)
		}
		if hidesIn(t, pseudonym, inside, &challenge) {
			return proof, pseudonym
		}
	}
}

// commitmentFaults makes vectors of an interface; scalars are what the good one commits to.
func commitmentFaults(t testing.TB, a api, scalars []scalar) (out []commitmentVector) {
	good, _, err := a.commit(slices.Clone(scalars), nil)
	if err != nil {
		t.Fatal(err)
	}
	empty, _, err := a.commit(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := a.commit(slices.Clone(scalars), nil)
	if err != nil {
		t.Fatal(err)
	}
	add := func(fault string, b []byte) {
		out = append(out, commitmentVector{fault + ", " + a.suite.String(), isValid(fault), a.suite.String(), b, len(scalars)})
	}
	add("none", good)
	out = append(out, commitmentVector{"none: to nothing, " + a.suite.String(), true, a.suite.String(), empty, 0})
	wrong := noPoints(good[:pointSize])
	for _, name := range sortedKeys(wrong) {
		add("point: "+name, replace(good, 0, wrong[name]))
	}
	add("point: wrong subgroup", replace(good, 0, withSmallOrder(t, good[:pointSize])))
	add("point: wrong subgroup, where the proof holds", commitOutside(t, a, scalars))
	add("point: identity, a forgery for which the equation holds", forgeIdentity(a, len(scalars)))
	add("first m^: zero, where the equation holds", commitToZero(t, a, scalars))
	add("point: other sign", replace(good, 0, []byte{good[0] ^ 0x20}))
	add("point of another", replace(good, 0, other[:pointSize]))
	names := []string{"s^", "first m^", "second m^", "c"}
	for i, name := range names {
		at := pointSize + i*scalarSize
		if i == len(names)-1 {
			at = len(good) - scalarSize
		}
		k := good[at : at+scalarSize]
		if more, ok := plus(k, bigOrder()); ok {
			add(name+": plus the order", replace(good, at, more))
		}
		add(name+": zero", replace(good, at, make([]byte, scalarSize)))
		add(name+": all ones", replace(good, at, bytes.Repeat([]byte{0xff}, scalarSize)))
		add(name+": one bit", replace(good, at+scalarSize-1, []byte{k[scalarSize-1] ^ 1}))
	}
	first, second := good[pointSize+scalarSize:pointSize+2*scalarSize], good[pointSize+2*scalarSize:pointSize+3*scalarSize]
	add("m^ in another order", replace(good, pointSize+scalarSize, slices.Concat(second, first)))
	add("an m^ too few", slices.Delete(bytes.Clone(good), pointSize+scalarSize, pointSize+2*scalarSize))
	add("an m^ too many", slices.Insert(bytes.Clone(good), pointSize+scalarSize, first...))
	add("empty", []byte{})
	add("a point alone", good[:pointSize])
	add("no challenge", empty[:len(empty)-scalarSize])
	add("a byte too few", good[:len(good)-1])
	add("a byte too many", append(bytes.Clone(good), 0))
	return out
}

func hexList(ms [][]byte) []hexBytes {
	out := []hexBytes{}
	for _, m := range ms {
		out = append(out, m)
	}
	return out
}

// statementFaults spoils what a proof says, in the members that blind proofs and those with a pseudonym share.
func statementFaults(t testing.TB, base blindProofVector) (out []blindProofVector) {
	add := func(fault string, change func(v *blindProofVector)) {
		v := base
		v.Fault, v.Valid = fault+", "+base.Suite, isValid(fault)
		v.Disclosed, v.DisclosedCommitted = slices.Clone(base.Disclosed), slices.Clone(base.DisclosedCommitted)
		v.Messages, v.Committed = slices.Clone(base.Messages), slices.Clone(base.Committed)
		change(&v)
		out = append(out, v)
	}
	good := base.Proof
	add("none", func(*blindProofVector) {})
	add("other header", func(v *blindProofVector) { v.Header = []byte("headers") })
	add("other presentation header", func(v *blindProofVector) { v.PresentationHeader = []byte("nonces") })
	add("no presentation header", func(v *blindProofVector) { v.PresentationHeader = hexBytes{} })
	add("other message", func(v *blindProofVector) { v.Messages[0] = []byte("message") })
	add("other committed message", func(v *blindProofVector) { v.Committed[0] = []byte("committed") })
	add("messages in another order", func(v *blindProofVector) { slices.Reverse(v.Messages) })
	add("other index", func(v *blindProofVector) { v.Disclosed[1] = 1 })
	add("other committed index", func(v *blindProofVector) { v.DisclosedCommitted[0] = 0 })
	add("index twice", func(v *blindProofVector) { v.Disclosed[1] = 0 })
	add("indexes that descend", func(v *blindProofVector) {
		slices.Reverse(v.Disclosed)
		slices.Reverse(v.Messages)
	})
	add("negative index", func(v *blindProofVector) { v.Disclosed[0] = -1 })
	add("index of the blind", func(v *blindProofVector) { v.Disclosed[1] = 3 })
	add("committed index beyond the committed messages", func(v *blindProofVector) { v.DisclosedCommitted[0] = 2 })
	add("message without an index", func(v *blindProofVector) { v.Messages = append(v.Messages, []byte("message 1")) })
	add("committed message without an index", func(v *blindProofVector) { v.Committed = append(v.Committed, []byte("committed 0")) })
	add("a message more", func(v *blindProofVector) { v.MessageCount++ })
	add("a message less", func(v *blindProofVector) { v.MessageCount-- })
	add("a committed message counted as the signer's", func(v *blindProofVector) { v.MessageCount, v.CommittedCount = 4, 1 })
	add("one of the signer's counted as committed", func(v *blindProofVector) { v.MessageCount, v.CommittedCount = 2, 3 })
	add("negative count", func(v *blindProofVector) { v.CommittedCount = -1 })
	add("count beyond the limit", func(v *blindProofVector) { v.MessageCount = MaxMessages })
	for i, name := range []string{"Abar", "Bbar", "D"} {
		at := i * pointSize
		p := good[at : at+pointSize]
		add(name+": identity", func(v *blindProofVector) { v.Proof = replace(good, at, identityBytes()) })
		add(name+": wrong subgroup", func(v *blindProofVector) { v.Proof = replace(good, at, withSmallOrder(t, p)) })
		add(name+": other sign", func(v *blindProofVector) { v.Proof = replace(good, at, []byte{p[0] ^ 0x20}) })
	}
	for i, at := range []int{3*pointSize + 3*scalarSize, len(good) - 2*scalarSize, len(good) - scalarSize} {
		name := []string{"first m^", "last m^", "c"}[i]
		add(name+": zero", func(v *blindProofVector) { v.Proof = replace(good, at, make([]byte, scalarSize)) })
		add(name+": all ones", func(v *blindProofVector) { v.Proof = replace(good, at, bytes.Repeat([]byte{0xff}, scalarSize)) })
		add(name+": one bit", func(v *blindProofVector) { v.Proof = replace(good, at+31, []byte{good[at+31] ^ 1}) })
	}
	add("the last two m^ in another order", func(v *blindProofVector) {
		at := len(good) - 3*scalarSize
		v.Proof = replace(good, at, slices.Concat(good[at+scalarSize:at+2*scalarSize], good[at:at+scalarSize]))
	})
	add("an m^ too few", func(v *blindProofVector) {
		v.Proof = slices.Delete(bytes.Clone(good), len(good)-2*scalarSize, len(good)-scalarSize)
	})
	add("an m^ too many", func(v *blindProofVector) {
		v.Proof = slices.Insert(bytes.Clone(good), len(good)-scalarSize, good[len(good)-2*scalarSize:len(good)-scalarSize]...)
	})
	add("empty", func(v *blindProofVector) { v.Proof = hexBytes{} })
	add("a byte too few", func(v *blindProofVector) { v.Proof = good[:len(good)-1] })
	add("a byte too many", func(v *blindProofVector) { v.Proof = append(bytes.Clone(good), 0) })
	return out
}
