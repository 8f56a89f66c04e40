package dataintegrity_test

import (
	"crypto/sha512"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

const (
	p256, p384 = authority + "#p-256", authority + "#p-384"
	phone256   = citizen + "#p-256"
	phone384   = citizen + "#p-384"
)

var (
	ecdsaJCS  dataintegrity.Cryptosuite = dataintegrity.ECDSAJCS2019{}
	ecdsaRDFC dataintegrity.Cryptosuite = dataintegrity.ECDSARDFC2019{}
)

// newECDSAForge is a forge with keys of P-256 and P-384, beside one of Ed25519 to be confused with them.
func newECDSAForge(t *testing.T) *forge {
	t.Helper()
	f := newForge(t)
	f.setting.Keys = f.setting.Keys[:1]
	for _, k := range []struct {
		id      string
		a       keys.Algorithm
		purpose did.Purpose
	}{
		{p256, keys.P256, did.AssertionMethod},
		{p384, keys.P384, did.AssertionMethod},
		{phone256, keys.P256, did.Authentication},
		{phone384, keys.P384, did.Authentication},
	} {
		secret := sha512.Sum512([]byte("testdata/dataintegrity " + k.id))
		secret[0] &= 0x7f // below the order
		private, err := keys.NewPrivateKey(k.a, secret[:k.a.SecretSize()])
		if err != nil {
			t.Fatal(err)
		}
		f.signers[k.id] = private
		f.setting.Keys = append(f.setting.Keys, entry{ID: k.id, PublicKey: private.Public().Multikey(), Purpose: k.purpose.String()})
	}
	return f
}

func (f *forge) validECDSA() (out []vector) {
	none := dataintegrity.ProofOptions{}
	for _, s := range []struct {
		name  string
		suite dataintegrity.Cryptosuite
	}{{"over JSON", ecdsaJCS}, {"over RDF", ecdsaRDFC}} {
		for _, k := range [][3]string{{"P-256", p256, phone256}, {"P-384", p384, phone384}} {
			credential := f.sign(f.document(nil), k[1], s.suite, none)
			show := dataintegrity.ProofOptions{Purpose: did.Authentication, Domain: []string{audience}, Challenge: nonce, Created: f.setting.Now}
			presentation := f.sign([]byte(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"holder":"`+citizen+
				`","verifiableCredential":[`+string(credential)+`]}`), k[2], s.suite, show)
			out = append(out, ok(k[0]+" "+s.name, credential), held(ok(k[0]+" "+s.name+", presentation", presentation))[0],
				ok(k[0]+" "+s.name+", the other s", f.otherS(credential, k[1])))
		}
		both := f.sign(f.sign(f.document(nil), p256, s.suite, none), p384, s.suite, none)
		out = append(out, ok("P-256 and P-384 "+s.name+", proof set", both))
	}
	return out
}

// otherS replaces s by the order less s: ECDSA takes both, and these suites do not choose.
func (f *forge) otherS(b []byte, key string) []byte {
	f.t.Helper()
	sig, order := f.signature(b, key)
	n := len(sig) / 2
	s := new(big.Int).Sub(order, new(big.Int).SetBytes(sig[n:]))
	return f.withValue(b, slices.Concat(sig[:n], s.FillBytes(make([]byte, n))))
}

// signature returns that of a proof, and the order of its curve.
func (f *forge) signature(b []byte, key string) ([]byte, *big.Int) {
	f.t.Helper()
	order := "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
	if strings.HasSuffix(key, "p-384") {
		order = "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
	}
	n, _ := new(big.Int).SetString(order, 16)
	value := new(big.Int)
	for _, c := range f.member(b, "proofValue")[1:] {
		value.Mul(value, big.NewInt(58)).Add(value, big.NewInt(int64(strings.IndexRune(base58Alphabet, c))))
	}
	return value.FillBytes(make([]byte, 2*f.signers[key].Algorithm().SecretSize())), n
}

const base58Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// withValue writes another signature into the proof, in base58 with a leading 1 for each leading zero byte.
func (f *forge) withValue(b, sig []byte) []byte {
	f.t.Helper()
	var text []byte
	for n, base, digit := new(big.Int).SetBytes(sig), big.NewInt(58), new(big.Int); n.Sign() > 0; {
		n.DivMod(n, base, digit)
		text = append(text, base58Alphabet[digit.Int64()])
	}
	for i := 0; i < len(sig) && sig[i] == 0; i++ {
		text = append(text, '1')
	}
	slices.Reverse(text)
	return f.replaced(b, `"`+f.member(b, "proofValue")+`"`, `"z`+string(text)+`"`)
}

func (f *forge) badECDSA() (out []vector) {
	const signature, value, algorithm = "vc.signature.invalid", "dataintegrity.proof.value", "vc.issuer.key.algorithm"
	none := dataintegrity.ProofOptions{}
	for _, s := range []struct {
		name, other string
		suite       dataintegrity.Cryptosuite
	}{{"over JSON", "ecdsa-rdfc-2019", ecdsaJCS}, {"over RDF", "ecdsa-jcs-2019", ecdsaRDFC}} {
		for _, k := range [][3]string{{"P-256", p256, p384}, {"P-384", p384, p256}} {
			good := f.sign(f.document(nil), k[1], s.suite, none)
			sig, order := f.signature(good, k[1])
			n := len(sig) / 2
			with := func(b []byte) []byte { return f.withValue(good, b) }
			add := func(fault, code string, b []byte) { out = append(out, bad(k[0]+" "+s.name+": "+fault, code, b)) }
			zero, full := make([]byte, n), order.FillBytes(make([]byte, n))
			flip := func(i int) []byte { b := slices.Clone(sig); b[i] ^= 1; return b }
			add("a bit of r", signature, with(flip(n-1)))
			add("a bit of s", signature, with(flip(2*n-1)))
			add("r and s exchanged", signature, with(slices.Concat(sig[n:], sig[:n])))
			add("r is zero", signature, with(slices.Concat(zero, sig[n:])))
			add("s is zero", signature, with(slices.Concat(sig[:n], zero)))
			add("r is the order", signature, with(slices.Concat(full, sig[n:])))
			add("s is the order", signature, with(slices.Concat(sig[:n], full)))
			add("all ones", signature, with(slices.Repeat([]byte{0xff}, 2*n)))
			add("a byte too few", value, with(sig[:2*n-1]))
			add("a byte too many", value, with(append(slices.Clone(sig), 0)))
			add("in DER", value, with(der(sig)))
			add("the key of the other curve is named", algorithm, f.replaced(good, k[1], k[2]))
			add("a key of Ed25519 is named", algorithm, f.replaced(good, k[1], authority+"#key-1"))
			add("the other suite is named", signature, f.replaced(good, s.suite.Name(), s.other))
			add("another claim", signature, f.replaced(good, "The School of Examples", "The School of Others"))
			add("another time", signature, f.replaced(good, `"created":"2026-11-01T11:00:00Z"`, `"created":"2026-11-01T11:00:01Z"`))
		}
	}
	return out
}

// der writes r and s as an ASN.1 sequence of two integers.
func der(sig []byte) []byte {
	n := len(sig) / 2
	var body []byte
	for _, x := range [][]byte{sig[:n], sig[n:]} {
		x = new(big.Int).SetBytes(x).Bytes()
		if x[0] >= 0x80 {
			x = append([]byte{0}, x...)
		}
		body = append(append(body, 2, byte(len(x))), x...)
	}
	return append([]byte{0x30, byte(len(body))}, body...)
}

// TestECDSAVectors reads the vectors of the suites with ECDSA, whose signatures are others each time they are made.
func TestECDSAVectors(t *testing.T) {
	f := newECDSAForge(t)
	valid, faulty := f.validECDSA(), f.badECDSA()
	for _, file := range []struct {
		name, kind string
		made       []vector
	}{{"ecdsa", "credentials", valid}, {"bad-ecdsa", "bad-credentials", faulty}} {
		for i := range file.made {
			v := &file.made[i]
			got, err := f.setting.verify(t, v)
			if vc.Code(err) != v.Code || v.Code != "" && !errors.Is(err, vc.ErrInvalid) {
				t.Errorf("made anew, %s: got %v, want code %q", v.Name, err, v.Code)
			}
			if err == nil {
				v.Claims = got.Claims()
			}
		}
		name := "dataintegrity/" + file.name
		if *update {
			vectors.Write(t, name, vectors.File[setting, vector]{Kind: "dataintegrity." + file.kind, Setting: f.setting, Vectors: file.made})
		}
		read := vectors.Read[setting, vector](t, name)
		if len(read.Vectors) != len(file.made) {
			t.Errorf("%s has %d vectors, the test makes %d", name, len(read.Vectors), len(file.made))
		}
		for i := range read.Vectors {
			read.Setting.check(t, &read.Vectors[i])
		}
	}
}
