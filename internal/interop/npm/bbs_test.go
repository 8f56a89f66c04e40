package npm

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys/bbs"
)

type octets []byte

func (o octets) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(o)), nil }

func (o *octets) UnmarshalText(b []byte) (err error) {
	*o, err = hex.DecodeString(string(b))
	return err
}

type bbsAnswer struct {
	Secret, Public, Bytes octets
	Valid                 bool
	Error                 string
}

// signed is a list of messages, what is signed beside them, and what of them is disclosed.
type signed struct {
	suite      bbs.Ciphersuite
	header, ph octets
	messages   []octets
	disclosed  []int
}

// signings have 0 to 5 messages of lengths from 0 up, of which none, some or all are disclosed, under both ciphersuites.
func signings() []signed {
	var out []signed
	for i := range 24 {
		s := signed{suite: []bbs.Ciphersuite{bbs.SHA256, bbs.SHAKE256}[i%2], header: fmt.Appendf(nil, "header %d", i), ph: fmt.Appendf(nil, "asked %d", i), disclosed: []int{}}
		for n := range i / 4 {
			s.messages = append(s.messages, bytes.Repeat([]byte{byte(n + 1)}, n*7%100))
			if (i+n)%3 == 0 || i%5 == 0 {
				s.disclosed = append(s.disclosed, n)
			}
		}
		out = append(out, s)
	}
	return out
}

func plain(list []octets) [][]byte {
	var out [][]byte
	for _, o := range list {
		out = append(out, o)
	}
	return out
}

func (s signed) shown() (out []octets) {
	for _, i := range s.disclosed {
		out = append(out, s.messages[i])
	}
	return out
}

// request asks a library for something about messages.
func (s signed) request(library, op string, public []byte, messages []octets, more map[string]any) map[string]any {
	r := map[string]any{
		"library": library, "op": op, "suite": s.suite.String(), "public": octets(public), "header": s.header, "messages": append([]octets{}, messages...),
		"disclosed": s.disclosed,
	}
	for k, v := range more {
		r[k] = v
	}
	return r
}

// flip changes a bit that leaves every scalar canonical.
func flip(b []byte) octets {
	b = bytes.Clone(b)
	b[len(b)-9] ^= 1
	return b
}

// TestBBSSignatures: signatures of two libraries.
func TestBBSSignatures(t *testing.T) {
	for library, name := range map[string]string{"digitalbazaar": "@digitalbazaar/bbs-signatures", "pairing": "@mattrglobal/pairing-crypto"} {
		t.Run(library, func(t *testing.T) {
			lib := at{"keys/bbs", name}
			ours := matrix.Record(t, lib.row(t, "BBS signatures, both ciphersuites", matrix.OursToTheirs))
			theirs := matrix.Record(t, lib.row(t, "BBS signatures, both ciphersuites", matrix.TheirsToOurs))
			p := lib.start(t)
			key, err := bbs.Generate()
			if err != nil {
				t.Fatal(err)
			}
			public := key.PublicKey()
			for _, s := range signings() {
				sig, err := key.SignMessages(t.Context(), s.suite, s.header, plain(s.messages))
				if err != nil {
					t.Fatal(err)
				}
				check := func(sig octets) (a bbsAnswer) {
					p.Ask(t, s.request(library, "verify", public.Bytes(), s.messages, map[string]any{"signature": sig}), &a)
					return a
				}
				if a := check(sig); !a.Valid {
					t.Fatalf("%s, %d messages: they refuse ours: %s", s.suite, len(s.messages), a.Error)
				}
				ours.Case()
				if check(flip(sig)).Valid {
					t.Fatal("they take a changed signature")
				}
				ours.Tampered()
				var a bbsAnswer
				p.Ask(t, s.request(library, "sign", public.Bytes(), s.messages, map[string]any{"secret": octets(key.Secret())}), &a)
				if a.Error != "" {
					t.Fatal(a.Error)
				}
				if err := s.suite.Verify(public, a.Bytes, s.header, plain(s.messages)); err != nil {
					t.Fatalf("%s, %d messages: we refuse theirs: %v", s.suite, len(s.messages), err)
				}
				theirs.Case()
				if s.suite.Verify(public, flip(a.Bytes), s.header, plain(s.messages)) == nil {
					t.Fatal("we take a changed signature")
				}
				theirs.Tampered()
			}
		})
	}
}

// TestBBSProofs: proofs of the library that follows the present draft; those of the other are older.
func TestBBSProofs(t *testing.T) {
	lib := at{"keys/bbs", "@digitalbazaar/bbs-signatures"}
	ours := matrix.Record(t, lib.row(t, "BBS proofs, both ciphersuites", matrix.OursToTheirs))
	theirs := matrix.Record(t, lib.row(t, "BBS proofs, both ciphersuites", matrix.TheirsToOurs))
	older := matrix.Record(t, at{"keys/bbs", "@mattrglobal/pairing-crypto"}.differs(t, "BBS proofs", matrix.RefusedByUs,
		"The proofs of pairing-crypto are those of an older draft, a point and a scalar shorter.",
		"realdid: draft-irtf-cfrg-bbs-signatures-10, section 4.2.4.4 (proof_to_octets: three points, four scalars, the hidden messages' scalars)."))
	p := lib.start(t)
	key, err := bbs.Generate()
	if err != nil {
		t.Fatal(err)
	}
	public := key.PublicKey()
	for _, s := range signings() {
		sig, err := key.SignMessages(t.Context(), s.suite, s.header, plain(s.messages))
		if err != nil {
			t.Fatal(err)
		}
		proof, err := s.suite.ProofGen(public, sig, s.header, s.ph, plain(s.messages), s.disclosed)
		if err != nil {
			t.Fatal(err)
		}
		check := func(proof, ph octets) (a bbsAnswer) {
			p.Ask(t, s.request("digitalbazaar", "check", public.Bytes(), s.shown(), map[string]any{"proof": proof, "presentationHeader": ph}), &a)
			return a
		}
		if a := check(proof, s.ph); !a.Valid {
			t.Fatalf("%s, %d of %d: they refuse ours: %s", s.suite, len(s.disclosed), len(s.messages), a.Error)
		}
		ours.Case()
		for _, a := range []bbsAnswer{check(flip(proof), s.ph), check(proof, octets("another"))} {
			if a.Valid {
				t.Fatal("they take a changed proof")
			}
			ours.Tampered()
		}
		prove := func(library string) octets {
			var a bbsAnswer
			p.Ask(t, s.request(library, "prove", public.Bytes(), s.messages, map[string]any{"signature": octets(sig), "presentationHeader": s.ph}), &a)
			if a.Error != "" {
				t.Fatalf("%s: %s", library, a.Error)
			}
			return a.Bytes
		}
		read := func(proof, ph octets) error {
			return s.suite.ProofVerify(public, proof, s.header, ph, s.disclosed, plain(s.shown()))
		}
		their := prove("digitalbazaar")
		if err := read(their, s.ph); err != nil {
			t.Fatalf("%s, %d of %d: we refuse theirs: %v", s.suite, len(s.disclosed), len(s.messages), err)
		}
		theirs.Case()
		for _, err := range []error{read(flip(their), s.ph), read(their, octets("another"))} {
			if err == nil {
				t.Fatal("we take a changed proof")
			}
			theirs.Tampered()
		}
		if len(s.messages) == 0 {
			continue // it proves nothing of no messages
		}
		if their := prove("pairing"); len(their) == len(proof) || read(their, s.ph) == nil {
			t.Fatalf("a proof of pairing-crypto has %d bytes, ours %d", len(their), len(proof))
		}
		older.Case()
	}
}
