package bbs

import (
	"bytes"
	"errors"
	"testing"
)

func FuzzPublicKey(f *testing.F) {
	for _, v := range own[keyVector](f, "public-keys") {
		f.Add([]byte(v.PublicKey))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := ParsePublicKey(b)
		if err != nil {
			if k != nil || !errors.Is(err, ErrInvalid) {
				t.Fatalf("got %v, %v, want ErrInvalid alone", k, err)
			}
			return
		}
		if !bytes.Equal(k.Bytes(), b) {
			t.Fatalf("read %x, written %x", b, k.Bytes())
		}
	})
}

func FuzzPrivateKey(f *testing.F) {
	f.Add(make([]byte, 32))
	f.Add(bigOrder().Bytes())
	f.Add(bytes.Repeat([]byte{1}, 32))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := NewPrivateKey(b)
		if err == nil && !bytes.Equal(k.Secret(), b) {
			t.Fatalf("read %x, written %x", b, k.Secret())
		}
	})
}

func FuzzSignature(f *testing.F) {
	faults := newFaults(f, SHA256)
	for _, v := range own[signatureVector](f, "signatures") {
		f.Add([]byte(v.Signature))
	}
	good := faults.sign(f, faults.header, faults.messages)
	f.Fuzz(func(t *testing.T, b []byte) {
		sig, err := parseSignature(b)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("got %v, want ErrInvalid", err)
			}
		} else {
			a := sig.a.Bytes()
			if again := appendScalar(a[:], &sig.e); !bytes.Equal(again, b) {
				t.Fatalf("read %x, written %x", b, again)
			}
		}
		if err := SHA256.Verify(faults.public, b, faults.header, faults.messages); (err == nil) != bytes.Equal(b, good) {
			t.Fatalf("%x: got %v", b, err)
		}
	})
}

func FuzzParseProof(f *testing.F) {
	for _, v := range own[proofVector](f, "proofs") {
		f.Add([]byte(v.Proof))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parseProof(b)
		if err != nil {
			if p != nil || !errors.Is(err, ErrInvalid) {
				t.Fatalf("got %v, %v, want ErrInvalid alone", p, err)
			}
			return
		}
		var again []byte
		for _, q := range []publicPoint{p.aBar, p.bBar, p.d} {
			e := q.Bytes()
			again = append(again, e[:]...)
		}
		for _, k := range append([]scalar{p.eHat, p.r1Hat, p.r3Hat}, append(p.mHat, p.c)...) {
			again = appendScalar(again, &k)
		}
		if !bytes.Equal(again, b) {
			t.Fatalf("read %x, written %x", b, again)
		}
	})
}

// FuzzProofVerify changes everything that a stranger sends. What verifies is one of the proofs that it began with.
func FuzzProofVerify(f *testing.F) {
	faults := newFaults(f, SHA256)
	good := map[string]bool{}
	key := func(proof, header, ph, indexes, message []byte) string {
		return string(bytes.Join([][]byte{proof, header, ph, indexes, message}, []byte("|")))
	}
	for _, v := range own[proofVector](f, "proofs") {
		if v.Suite != SHA256.String() {
			continue
		}
		var indexes, message []byte
		for i, at := range v.Disclosed {
			indexes = append(indexes, byte(at))
			if i < len(v.Messages) {
				message = v.Messages[i]
			}
		}
		f.Add([]byte(v.Proof), []byte(v.Header), []byte(v.PresentationHeader), indexes, message)
	}
	// The same in every process that fuzzes.
	mock := mockScalars(SHA256, "FUZZ", mockSeed)
	proof, err := SHA256.proofGen(faults.public, faults.sign(f, faults.header, faults.messages), faults.header, []byte("nonce"), faults.messages, []int{3}, mock)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(proof, faults.header, []byte("nonce"), []byte{3}, faults.messages[3])
	good[key(proof, faults.header, []byte("nonce"), []byte{3}, faults.messages[3])] = true
	f.Fuzz(func(t *testing.T, proof, header, ph, indexes, message []byte) {
		var disclosed []int
		var messages [][]byte
		for _, i := range indexes {
			disclosed, messages = append(disclosed, int(int8(i))), append(messages, message)
		}
		was := key(proof, header, ph, indexes, message)
		err := SHA256.ProofVerify(faults.public, proof, header, ph, disclosed, messages)
		if key(proof, header, ph, indexes, message) != was {
			t.Fatal("an input changed")
		}
		if err != nil && !errors.Is(err, ErrInvalid) {
			t.Fatalf("got %v, want ErrInvalid", err)
		}
		if err == nil && !good[was] && !validVector(t, proof, header, ph, disclosed, messages) {
			t.Fatalf("%x verifies", proof)
		}
	})
}

// validVector reports whether the arguments are those of a valid vector.
func validVector(t *testing.T, proof, header, ph []byte, disclosed []int, messages [][]byte) bool {
	for _, v := range own[proofVector](t, "proofs") {
		if bytes.Equal(v.Proof, proof) && bytes.Equal(v.Header, header) && bytes.Equal(v.PresentationHeader, ph) && len(v.Disclosed) == len(disclosed) {
			return true
		}
	}
	return false
}
