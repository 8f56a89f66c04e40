package proof

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func cpText() []byte {
	return Checkpoint{Origin: origin, Size: 9, Root: Hash{1}}.Append(nil)
}

func TestCosign(t *testing.T) {
	for _, typ := range []KeyType{CosignatureEd25519, CosignatureMLDSA44} {
		s := must(NewNoteSigner("example.org/w", typ, seed(3)))
		at := time.Unix(1700000000, 999).In(time.FixedZone("", 3600))
		sig := must(s.Cosign(cpText(), at))
		k := must(ParseVerifierKey(s.Verifier().String()))
		got, err := k.VerifyCosignature(cpText(), sig)
		if err != nil || !got.Equal(time.Unix(1700000000, 0)) || got.Location() != time.UTC {
			t.Fatalf("%v: VerifyCosignature: got %v, %v", typ, got, err)
		}
		for i := range sig.Bytes {
			if typ == CosignatureMLDSA44 && i > 80 && i%50 != 0 {
				continue
			}
			bad := sig
			bad.Bytes = bytes.Clone(sig.Bytes)
			bad.Bytes[i] ^= 4
			if _, err := k.VerifyCosignature(cpText(), bad); !errors.Is(err, ErrInvalid) {
				t.Fatalf("%v: signature with byte %d changed: got %v, want ErrInvalid", typ, i, err)
			}
		}
		for name, bad := range map[string]NoteSignature{
			"other name":    {"example.org/v", sig.KeyID, sig.Bytes},
			"other ID":      {sig.Name, sig.KeyID + 1, sig.Bytes},
			"cut off":       {sig.Name, sig.KeyID, sig.Bytes[:len(sig.Bytes)-1]},
			"byte too many": {sig.Name, sig.KeyID, append(bytes.Clone(sig.Bytes), 0)},
			"time only":     {sig.Name, sig.KeyID, sig.Bytes[:8]},
			"half a time":   {sig.Name, sig.KeyID, sig.Bytes[:7]},
		} {
			if _, err := k.VerifyCosignature(cpText(), bad); !errors.Is(err, ErrInvalid) {
				t.Errorf("%v: %s: got %v, want ErrInvalid", typ, name, err)
			}
		}
		for name, cp := range map[string]Checkpoint{
			"other origin": {Origin: origin + "x", Size: 9, Root: Hash{1}}, "other size": {Origin: origin, Size: 8, Root: Hash{1}},
			"other root": {Origin: origin, Size: 9, Root: Hash{2}},
		} {
			if _, err := k.VerifyCosignature(cp.Append(nil), sig); !errors.Is(err, ErrInvalid) {
				t.Errorf("%v: %s: got %v, want ErrInvalid", typ, name, err)
			}
		}
		if _, err := k.VerifyCosignature([]byte("no checkpoint\n"), sig); !errors.Is(err, ErrInvalid) {
			t.Errorf("%v: no checkpoint: got %v, want ErrInvalid", typ, err)
		}
		for _, at := range []time.Time{{}, time.Unix(0, 0), time.Unix(-1, 0), time.Unix(MaxTime+1, 0)} {
			if _, err := s.Cosign(cpText(), at); !errors.Is(err, ErrInvalid) {
				t.Errorf("%v: Cosign at %v: got %v, want ErrInvalid", typ, at, err)
			}
		}
	}
}

// TestCosignatureTimes signs, with the keys themselves, times that a NoteSigner does not.
func TestCosignatureTimes(t *testing.T) {
	s := must(NewNoteSigner("example.org/w", CosignatureMLDSA44, seed(3)))
	cp := must(ParseCheckpoint(cpText()))
	for _, at := range []uint64{0, MaxTime + 1, 1 << 63} {
		sig := must(s.state().cosign(&cp, cpText(), at))
		if _, err := s.Verifier().VerifyCosignature(cpText(), sig); !errors.Is(err, ErrInvalid) {
			t.Errorf("VerifyCosignature of time %d: got %v, want ErrInvalid", at, err)
		}
	}
	sig := must(s.SignNote(cpText())) // as a log signs: a time of zero
	if err := s.Verifier().VerifyNote(cpText(), sig); err != nil {
		t.Errorf("VerifyNote: %v", err)
	}
	if _, err := s.Verifier().VerifyCosignature(cpText(), sig); !errors.Is(err, ErrInvalid) {
		t.Errorf("VerifyCosignature of a log's signature: got %v, want ErrInvalid", err)
	}
	extended := append(cpText(), "extension\n"...)
	if err := s.Verifier().VerifyNote(extended, sig); !errors.Is(err, ErrInvalid) {
		t.Errorf("VerifyNote of a checkpoint with an extension line that is not signed: got %v, want ErrInvalid", err)
	}
	if _, err := s.SignNote(extended); !errors.Is(err, ErrInvalid) {
		t.Errorf("SignNote of a checkpoint with an extension line: got %v, want ErrInvalid", err)
	}
	if _, err := s.SignNote([]byte("text\n")); !errors.Is(err, ErrInvalid) {
		t.Errorf("SignNote of no checkpoint: got %v, want ErrInvalid", err)
	}
	if err := s.Verifier().VerifyNote([]byte("text\n"), sig); !errors.Is(err, ErrInvalid) {
		t.Errorf("VerifyNote of no checkpoint: got %v, want ErrInvalid", err)
	}
}

func TestSubtreeMessage(t *testing.T) {
	cp := Checkpoint{Origin: "lo", Size: 258, Root: Hash{9}}
	got := cosigned(CosignatureMLDSA44, "wit", &cp, cp.Append(nil), 0x1122334455)
	want := "737562747265652f76310a00" + "03776974" + "0000001122334455" + "026c6f" + "0000000000000000" + "0000000000000102" + "09" + strings.Repeat("00", 31)
	if hex.EncodeToString(got) != want {
		t.Errorf("message: got %x, want %s", got, want)
	}
}

func TestKeyTypesKeptApart(t *testing.T) {
	log := must(NewNoteSigner("n", LogEd25519, seed(1)))
	wit := must(NewNoteSigner("n", CosignatureEd25519, seed(1)))
	if log.Verifier().ID() == wit.Verifier().ID() || log.Verifier().Equal(wit.Verifier()) {
		t.Error("keys of two types are equal")
	}
	if _, err := log.Cosign(cpText(), now); !errors.Is(err, ErrInvalid) {
		t.Errorf("Cosign with a log's key: got %v, want ErrInvalid", err)
	}
	if _, err := wit.SignNote(cpText()); !errors.Is(err, ErrInvalid) {
		t.Errorf("SignNote with a cosigner's key: got %v, want ErrInvalid", err)
	}
	for _, text := range []string{"", "x", "cosignature/v1\ntime 1\n", "a\rb\n", "\xff\n"} {
		if _, err := log.SignNote([]byte(text)); !errors.Is(err, ErrInvalid) {
			t.Errorf("SignNote(%q): got %v, want ErrInvalid", text, err)
		}
	}
	ls, ws := must(log.SignNote(cpText())), must(wit.Cosign(cpText(), now))
	if _, err := log.Verifier().VerifyCosignature(cpText(), ls); !errors.Is(err, ErrInvalid) {
		t.Errorf("VerifyCosignature with a log's key: got %v, want ErrInvalid", err)
	}
	if err := wit.Verifier().VerifyNote(cpText(), ws); !errors.Is(err, ErrInvalid) {
		t.Errorf("VerifyNote with a cosigner's key: got %v, want ErrInvalid", err)
	}
	if err := (VerifierKey{}).VerifyNote(cpText(), NoteSignature{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("VerifyNote with no key: got %v, want ErrInvalid", err)
	}
	if _, err := (VerifierKey{}).VerifyCosignature(cpText(), NoteSignature{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("VerifyCosignature with no key: got %v, want ErrInvalid", err)
	}
}

func TestVerifierKeyRefused(t *testing.T) {
	good := must(NewNoteSigner("example.com/log", LogEd25519, seed(1))).Verifier().String()
	parts := strings.Split(good, "+")
	raw := must(base64.StdEncoding.DecodeString(parts[2]))
	with := func(b []byte) string { // the ID is that of another key, so that the key is looked at first
		return parts[0] + "+" + parts[1] + "+" + base64.StdEncoding.EncodeToString(b)
	}
	for name, s := range map[string]string{
		"empty":              "",
		"two parts":          parts[0] + "+" + parts[1],
		"four parts":         good + "+",
		"no name":            "+" + parts[1] + "+" + parts[2],
		"space in the name":  "a b+" + parts[1] + "+" + parts[2],
		"other name":         "x" + good,
		"upper-case ID":      parts[0] + "+" + strings.ToUpper(parts[1]) + "+" + parts[2],
		"ID of other key":    parts[0] + "+00000000+" + parts[2],
		"ID of seven digits": parts[0] + "+" + parts[1][1:] + "+" + parts[2],
		"no key":             parts[0] + "+" + parts[1] + "+",
		"newline":            good + "\n",
		"unknown type":       with(append([]byte{0x02}, raw[1:]...)),
		"key too short":      with(raw[:32]),
		"key too long":       with(append(bytes.Clone(raw), 0)),
		"lattice key short":  with(append([]byte{0x06}, raw[1:]...)),
		"too long":           with(make([]byte, 5000)),
		"long name":          strings.Repeat("n", 256) + "+" + parts[1] + "+" + parts[2],
	} {
		if k, err := ParseVerifierKey(s); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseVerifierKey, %s: got %v, %v, want ErrInvalid", name, k, err)
		}
	}
}

// The encodings, canonical and not, of the eight points of small order on edwards25519.
func TestSmallOrder(t *testing.T) {
	for _, s := range []string{
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"0200000000000000000000000000000000000000000000000000000000000000", // not on the curve
	} {
		if _, err := NewVerifierKey("n", LogEd25519, must(hex.DecodeString(s))); !errors.Is(err, ErrInvalid) {
			t.Errorf("NewVerifierKey(%s): got %v, want ErrInvalid", s, err)
		}
	}
	// Half of all strings are points; of those that are not, no signature verifies.
	points := 0
	for i := range 256 {
		public := bytes.Repeat([]byte{byte(i), 0x35}, 16)
		if _, err := NewVerifierKey("n", LogEd25519, public); err == nil {
			points++
		}
	}
	if points < 90 || points > 166 {
		t.Errorf("points among 256 strings: got %d, want about half", points)
	}
	for i := range 64 {
		for _, n := range []int{0, 31, 33, 64} {
			if _, err := NewVerifierKey("n", LogEd25519, bytes.Repeat([]byte{byte(i + 2)}, n)); !errors.Is(err, ErrInvalid) {
				t.Errorf("NewVerifierKey of %d bytes: got %v, want ErrInvalid", n, err)
			}
		}
	}
	for i := range 32 {
		public := ed25519.NewKeyFromSeed(seed(byte(i))).Public().(ed25519.PublicKey)
		if _, err := NewVerifierKey("n", CosignatureEd25519, public); err != nil {
			t.Errorf("NewVerifierKey of an honest key: %v", err)
		}
	}
}

func TestVerifierKeyText(t *testing.T) {
	type holder struct{ Key VerifierKey }
	for _, k := range []VerifierKey{{}, must(NewNoteSigner("a/b", CosignatureMLDSA44, seed(1))).Verifier()} {
		b := must(json.Marshal(holder{k}))
		var back holder
		if err := json.Unmarshal(b, &back); err != nil || !back.Key.Equal(k) || back.Key.IsZero() != k.IsZero() {
			t.Errorf("JSON of %.20q: got %v", k.String(), err)
		}
	}
	var h holder
	if err := json.Unmarshal([]byte(`{"Key":"a+b+c"}`), &h); err == nil || !h.Key.IsZero() {
		t.Errorf("JSON of no key: got %v, %v", h.Key, err)
	}
	k := must(NewNoteSigner("a/b", LogEd25519, seed(1))).Verifier()
	k.Public()[0] ^= 1
	if p := k.Public(); !must(NewVerifierKey("a/b", LogEd25519, p)).Equal(k) {
		t.Error("Public gave away the key itself")
	}
	if LogEd25519.String() == "" || CosignatureEd25519.String() == CosignatureMLDSA44.String() || KeyType(9).String() != "KeyType(0x9)" && KeyType(9).String() != "KeyType(0x09)" {
		t.Errorf("String of key types: got %v", KeyType(9))
	}
}

func TestNoteSignerKeepsSecrets(t *testing.T) {
	secret := seed(0x5a)
	for _, typ := range []KeyType{LogEd25519, CosignatureMLDSA44} {
		s := must(NewNoteSigner("example.com/log", typ, secret))
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			out := fmt.Sprintf(verb, s) + fmt.Sprintf(verb, *s) + fmt.Sprintf(verb, struct{ s *NoteSigner }{s})
			if strings.Contains(out, "5a5a") || strings.Contains(out, "ZZZZ") || strings.Contains(out, "90 90") {
				t.Errorf("%s prints the seed: %s", verb, out)
			}
		}
		if b, err := json.Marshal(s); err == nil {
			t.Errorf("json.Marshal: got %s, want an error", b)
		}
		if !bytes.Equal(s.Seed(), secret) {
			t.Error("Seed: not the seed")
		}
		s.Seed()[0] = 1
		if !bytes.Equal(s.Seed(), secret) {
			t.Error("Seed gave away the seed itself")
		}
		s.Wipe()
		s.Wipe()
		if s.Seed() != nil {
			t.Error("Seed after Wipe: not nil")
		}
		if _, err := s.SignNote(cpText()); err == nil || errors.Is(err, ErrInvalid) {
			t.Errorf("SignNote after Wipe: got %v, want an error that is not ErrInvalid", err)
		}
		if _, err := s.Cosign(cpText(), now); err == nil || errors.Is(err, ErrInvalid) {
			t.Errorf("Cosign after Wipe: got %v, want an error that is not ErrInvalid", err)
		}
	}
	if !bytes.Equal(secret, seed(0x5a)) {
		t.Error("the caller's seed was changed")
	}
	var none *NoteSigner
	none.Wipe()
	if !none.Verifier().IsZero() || none.Seed() != nil || none.String() == "" || !(&NoteSigner{}).Verifier().IsZero() {
		t.Error("a nil NoteSigner has a key")
	}
	if _, err := (&NoteSigner{}).Cosign(cpText(), now); err == nil {
		t.Error("Cosign without a key: no error")
	}
}

func TestNewNoteSignerRefused(t *testing.T) {
	for name, f := range map[string]func() (*NoteSigner, error){
		"short seed":   func() (*NoteSigner, error) { return NewNoteSigner("n", LogEd25519, seed(1)[:31]) },
		"long seed":    func() (*NoteSigner, error) { return NewNoteSigner("n", CosignatureMLDSA44, append(seed(1), 0)) },
		"unknown type": func() (*NoteSigner, error) { return NewNoteSigner("n", 2, seed(1)) },
		"bad name":     func() (*NoteSigner, error) { return NewNoteSigner("a b", LogEd25519, seed(1)) },
		"no name":      func() (*NoteSigner, error) { return GenerateNoteSigner("", LogEd25519) },
	} {
		if s, err := f(); !errors.Is(err, ErrInvalid) || s != nil {
			t.Errorf("%s: got %v, %v, want ErrInvalid", name, s, err)
		}
	}
	a, b := must(GenerateNoteSigner("n", LogEd25519)), must(GenerateNoteSigner("n", LogEd25519))
	if slices.Equal(a.Seed(), b.Seed()) {
		t.Error("GenerateNoteSigner: two equal seeds")
	}
}
