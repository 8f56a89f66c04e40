package realperson

import (
	"math/big"
	"testing"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"

	"github.com/realdid/realdid/keys/bbs"
)

// The distinguishers of this file compute with points. The authority's part of everything stands in G1 but for its public key W = sk·P2 and P2
// itself, so that every equation of pairings that can be written, e(X, P2) = e(Y, W), is one in G1, X = sk·Y, which who knows sk computes; and
// of two pseudonyms there is no pairing to test whether they have one exponent. So: the points that belong to a person, each times each scalar that
// the authority knows, are compared with the points of a proof, and with their differences.

// relations are the points of one person, and their multiples, by their octets.
type relations struct {
	points []bls12381.G1Jac
	octets map[[48]byte]bool
	scale  []fr.Element // known scalars: 1, sk, entropy, e, sk+e, and their inverses
}

const pseudonymTag = "BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_H2G_HM2S_PSEUDONYM_"

func point(tb testing.TB, b []byte) (p bls12381.G1Affine) {
	tb.Helper()
	_, err := p.SetBytes(b)
	fatal(tb, err)
	return p
}

func times(p *bls12381.G1Jac, s *fr.Element) (out bls12381.G1Jac) {
	var n big.Int
	out.ScalarMultiplication(p, s.BigInt(&n))
	return out
}

func jac(p bls12381.G1Affine) (out bls12381.G1Jac) {
	out.FromAffine(&p)
	return out
}

// contextPoint and contextScalar are what a context id stands for (calculate_pseudonym of the draft).
func contextPoint(tb testing.TB, contextID []byte) bls12381.G1Jac {
	tb.Helper()
	p, err := bls12381.HashToG1(contextID, []byte(pseudonymTag))
	fatal(tb, err)
	return jac(p)
}

func contextScalar(tb testing.TB, contextID []byte) fr.Element {
	tb.Helper()
	s, err := fr.Hash(contextID, []byte(pseudonymTag+"VECT_NYM_SECRETS"), 1)
	fatal(tb, err)
	return s[0]
}

// entropyPart is what the authority's part of a person's secrets adds to a pseudonym: entropy·z^(N-1)·OP.
func (d *dossier) entropyPart(tb testing.TB, contextID []byte) bls12381.G1Jac {
	var s, power fr.Element
	s.SetBytes(d.entropy)
	z := contextScalar(tb, contextID)
	power.Exp(z, big.NewInt(NymCount-1))
	s.Mul(&s, &power)
	base := contextPoint(tb, contextID)
	return times(&base, &s)
}

// proofPoints are Abar, Bbar, D and the pseudonym of a proof, and the pseudonym without the authority's part for a person.
func (v *view) proofPoints(tb testing.TB, d *dossier) []bls12381.G1Jac {
	proof := v.proof.parts[0].([]byte)
	var all []bls12381.G1Jac
	for i := range 3 {
		all = append(all, jac(point(tb, proof[48*i:48*(i+1)])))
	}
	own := jac(point(tb, v.pseudonym(tb)))
	part := d.entropyPart(tb, v.context)
	rest := own
	rest.SubAssign(&part)
	return append(all, own, rest)
}

// newRelations collects the points of a person.
func newRelations(tb testing.TB, sk *bbs.PrivateKey, d *dossier) *relations {
	tb.Helper()
	r := &relations{octets: make(map[[48]byte]bool)}
	var one, key, entropy, e, sum fr.Element
	one.SetOne()
	key.SetBytes(sk.Secret())
	entropy.SetBytes(d.entropy)
	e.SetBytes(d.signature[48:])
	sum.Add(&key, &e)
	r.scale = []fr.Element{one, key, entropy, e, sum}
	for _, s := range r.scale[1:] {
		var inverse fr.Element
		r.scale = append(r.scale, *inverse.Inverse(&s))
	}
	own := []bls12381.G1Jac{
		jac(point(tb, d.signature[:48])), jac(point(tb, d.commitment)), jac(point(tb, d.pseudonym)), contextPoint(tb, d.known.context),
	}
	own = append(own, d.known.proofPoints(tb, d)...)
	for _, p := range own {
		for _, s := range r.scale {
			r.points = append(r.points, times(&p, &s))
		}
	}
	for _, p := range bls12381.BatchJacobianToAffineG1(r.points) {
		r.octets[p.Bytes()] = true
	}
	return r
}

// score counts how many points of a response are points of a person, or differ from one by another.
func (r *relations) score(tb testing.TB, d *dossier, v *view) float64 {
	targets := v.proofPoints(tb, d)
	base := contextPoint(tb, v.context)
	own := d.entropyPart(tb, v.context)
	candidates := append([]bls12381.G1Jac(nil), targets...)
	for i := range r.scale {
		p := times(&targets[3], &r.scale[i])
		candidates = append(candidates, p)
		q := times(&base, &r.scale[i]) // is the pseudonym a multiple of its base point by something known?
		q.SubAssign(&targets[3])
		candidates = append(candidates, q)
	}
	own.SubAssign(&targets[3]) // is there nothing in it but the authority's part?
	candidates = append(candidates, own)
	for _, t := range targets {
		for i := range r.points {
			difference := t
			difference.SubAssign(&r.points[i])
			candidates = append(candidates, difference)
		}
	}
	n := 0
	for _, p := range bls12381.BatchJacobianToAffineG1(candidates) {
		if p.IsInfinity() || r.octets[p.Bytes()] {
			n++
		}
	}
	return float64(n)
}

// TestContextPoint: the points that these distinguishers compute are those of pseudonyms.
func TestContextPoint(t *testing.T) {
	w := newWorld(t)
	d := w.person(t, nil)
	contextID := []byte("context")
	got, err := bbs.SHA256.Pseudonym(contextID, d.wallet.nyms)
	fatal(t, err)
	z, base := contextScalar(t, contextID), contextPoint(t, contextID)
	var sum fr.Element
	secret := d.wallet.nyms.Secret()
	for i := NymCount - 1; i >= 0; i-- {
		var s fr.Element
		s.SetBytes(secret[32*i : 32*(i+1)])
		sum.Mul(&sum, &z).Add(&sum, &s)
	}
	want := times(&base, &sum)
	var affine bls12381.G1Affine
	affine.FromJacobian(&want)
	if b := affine.Bytes(); string(b[:]) != string(got) {
		t.Fatal("another point than the pseudonym")
	}
	// And without the wallet's part, of which the authority knows nothing, the authority's part is left.
	rest := d.entropyPart(t, contextID)
	prover := d.wallet.prover.Secret()
	sum.SetZero()
	for i := NymCount - 1; i >= 0; i-- {
		var s fr.Element
		s.SetBytes(prover[32*i : 32*(i+1)])
		sum.Mul(&sum, &z).Add(&sum, &s)
	}
	part := times(&base, &sum)
	part.AddAssign(&rest)
	if affine.FromJacobian(&part); !affine.Equal(new(bls12381.G1Affine).FromJacobian(&want)) {
		t.Fatal("the authority's part is another")
	}
}
