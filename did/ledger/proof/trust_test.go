package proof

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTrustCheck(t *testing.T) {
	if err := newWorld(true).trust.Check(); err != nil {
		t.Fatalf("Check: %v", err)
	}
	for name, spoil := range map[string]func(*world){
		"no origin":         func(w *world) { w.trust.Origin = "" },
		"origin of two":     func(w *world) { w.trust.Origin = "a\nb" },
		"no log key":        func(w *world) { w.trust.Log = VerifierKey{} },
		"log key cosigns":   func(w *world) { w.trust.Log = must(NewNoteSigner("n", CosignatureEd25519, seed(99))).Verifier() },
		"cosigner signs":    func(w *world) { w.trust.Cosigners[0].Key = must(NewNoteSigner("n", LogEd25519, seed(99))).Verifier() },
		"cosigner's no key": func(w *world) { w.trust.Cosigners[0].Key = VerifierKey{} },
		"no role":           func(w *world) { w.trust.Cosigners[0].Role = 0 },
		"unknown role":      func(w *world) { w.trust.Cosigners[0].Role = 4 },
		"log's key cosigns": func(w *world) {
			w.trust.Cosigners[0].Key = must(NewNoteSigner("n", CosignatureEd25519, seed(1))).Verifier()
		},
		"log's name": func(w *world) {
			w.trust.Cosigners[0].Key = must(NewNoteSigner(origin, CosignatureEd25519, seed(99))).Verifier()
		},
		"key twice": func(w *world) { w.trust.Cosigners[4].Key = w.trust.Cosigners[0].Key },
		"key in two roles": func(w *world) {
			w.trust.Cosigners = append(w.trust.Cosigners, Cosigner{w.trust.Cosigners[0].Key, Auditor})
		},
		"key, another name": func(w *world) {
			w.trust.Cosigners[4].Key = must(NewNoteSigner("n", CosignatureEd25519, seed(10))).Verifier()
		},
		"name, another key": func(w *world) {
			w.trust.Cosigners[4].Key = must(NewNoteSigner("example.org/w1", CosignatureEd25519, seed(99))).Verifier()
		},
		"negative quorum":    func(w *world) { w.trust.Quorum.Mirrors = -1 },
		"too many witnesses": func(w *world) { w.trust.Quorum.Witnesses = 4 },
		"too many auditors":  func(w *world) { w.trust.Quorum.Auditors = 3 },
		"too many mirrors":   func(w *world) { w.trust.Quorum.Mirrors = 2 },
		"nobody":             func(w *world) { w.trust.Quorum = Quorum{} },
		"negative skew":      func(w *world) { w.trust.MaxClockSkew = -1 },
		"zero":               func(w *world) { w.trust = new(Trust) },
		"nil":                func(w *world) { w.trust = nil },
		"too many cosigners": func(w *world) {
			for i := range MaxCosigners {
				k := must(NewNoteSigner("n"+string(rune('A'+i)), CosignatureEd25519, seed(byte(100+i)))).Verifier()
				w.trust.Cosigners = append(w.trust.Cosigners, Cosigner{k, Witness})
			}
		},
	} {
		w := newWorld(false)
		l := w.latest(3, "k1", "w1", "w2", "a1")
		spoil(w)
		if err := w.trust.Check(); !errors.Is(err, ErrTrust) || errors.Is(err, ErrInvalid) {
			t.Errorf("Check, %s: got %v, want ErrTrust", name, err)
		}
		if _, err := w.trust.VerifyCheckpoint(l.Checkpoint, now); !errors.Is(err, ErrTrust) {
			t.Errorf("VerifyCheckpoint, %s: got %v, want ErrTrust", name, err)
		}
		if _, err := w.trust.VerifyStrict(l.Checkpoint, now); !errors.Is(err, ErrTrust) {
			t.Errorf("VerifyStrict, %s: got %v, want ErrTrust", name, err)
		}
		if _, err := l.Verify(w.trust, "k1", now); !errors.Is(err, ErrTrust) {
			t.Errorf("Latest.Verify, %s: got %v, want ErrTrust", name, err)
		}
	}
}

func TestRoles(t *testing.T) {
	for _, r := range []Role{Witness, Mirror, Auditor} {
		if got, err := ParseRole(r.String()); err != nil || got != r {
			t.Errorf("ParseRole(%v): got %v, %v", r, got, err)
		}
	}
	for _, s := range []string{"", "Witness", "Role(0)", "auditors"} {
		if _, err := ParseRole(s); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseRole(%q): got %v, want ErrInvalid", s, err)
		}
	}
	if got := Role(9).String(); got != "Role(9)" {
		t.Errorf("String: got %s", got)
	}
	if got := (Quorum{1, 2, 3}).of(9); got != 0 {
		t.Errorf("quorum of no role: got %d", got)
	}
}

// lines returns the lines of a note's signatures apart from its text.
func lines(note []byte) (text string, sigs []string) {
	i := strings.LastIndex(string(note), "\n\n") + 2
	return string(note[:i]), slices.Collect(strings.Lines(string(note[i:])))
}

func TestVerifyCheckpoint(t *testing.T) {
	w := newWorld(true)
	w.append(5)
	_, cp := w.seal(now)
	at := now.Add(-time.Minute)
	text := cp.Append(nil)
	full := w.sign(cp, at, "w1", "w2", "w3", "m1", "a1", "a2")
	body, sigs := lines(full)
	log, w1, w2, w3, a1 := sigs[0], sigs[1], sigs[2], sigs[3], sigs[5]
	line := func(s NoteSignature, err error) string { return string(must(s, err).Append(nil)) }
	stranger := line(must(NewNoteSigner("example.org/w9", CosignatureEd25519, seed(66))).Cosign(text, at))
	imposter := line(must(NewNoteSigner("example.org/w1", CosignatureEd25519, seed(66))).Cosign(text, at))
	wrongID := func(l string, of *NoteSigner) string { // another's signature under the name and ID of somebody known
		s := must(ParseSignatures([]byte(l)))[0]
		s.Name, s.KeyID = of.Verifier().Name(), of.Verifier().ID()
		return string(s.Append(nil))
	}
	w1Later, w1Future := line(w.who["w1"].Cosign(text, at.Add(time.Second))), line(w.who["w1"].Cosign(text, now.Add(6*time.Minute)))
	w1Soon := line(w.who["w1"].Cosign(text, now.Add(5*time.Minute)))
	other := cp
	other.Root[0] ^= 1
	_, otherSigs := lines(w.sign(other, at, "w1"))

	for _, c := range []struct {
		name            string
		lines           []string
		lenient, strict error // nil: accepted
	}{
		{"exactly the quorum", []string{log, w1, w2, a1}, nil, nil},
		{"more than the quorum", sigs, nil, nil},
		{"lattice witness", []string{log, w1, w3, a1}, nil, nil},
		{"another order", []string{a1, w2, log, w1}, nil, nil},
		{"clock a little ahead", []string{log, w1Soon, w2, a1}, nil, nil},
		{"no log", []string{w1, w2, a1}, ErrInvalid, ErrInvalid},
		{"log alone", []string{log}, ErrQuorum, ErrQuorum},
		{"one witness", []string{log, w1, a1}, ErrQuorum, ErrQuorum},
		{"one witness twice", []string{log, w1, w1, a1}, ErrQuorum, ErrInvalid},
		{"one witness at two times", []string{log, w1, w1Later, a1}, ErrQuorum, ErrInvalid},
		{"no auditor", []string{log, w1, w2, w3, sigs[4]}, ErrQuorum, ErrQuorum},
		{"log twice", []string{log, w1, w2, a1, log}, nil, ErrInvalid},
		{"a witness again", []string{log, w1, w2, a1, w1Later}, nil, ErrInvalid},
		{"stranger", []string{log, w1, w2, a1, stranger}, nil, ErrUnknownSignature},
		{"stranger for a witness", []string{log, w1, stranger, a1}, ErrQuorum, ErrUnknownSignature},
		{"imposter of a witness's name", []string{log, imposter, w2, a1}, ErrQuorum, ErrUnknownSignature},
		{"imposter of name and ID", []string{log, wrongID(imposter, w.who["w1"]), w2, a1}, ErrInvalid, ErrInvalid},
		{"one too many, which does not verify", []string{log, w1, w2, wrongID(w1, w.who["w3"]), a1}, ErrInvalid, ErrInvalid},
		{"witness's signature as auditor", []string{log, w1, w2, wrongID(w1, w.who["a1"])}, ErrInvalid, ErrInvalid},
		{"log's signature of another checkpoint", []string{otherSigs[0], w1, w2, a1}, ErrInvalid, ErrInvalid},
		{"cosignature of another checkpoint", []string{log, otherSigs[1], w2, a1}, ErrInvalid, ErrInvalid},
		{"from the future", []string{log, w1Future, w2, a1}, ErrQuorum, ErrInvalid},
		{"one too many from the future", []string{log, w1Future, w2, w3, a1}, nil, ErrInvalid},
	} {
		note := []byte(body + strings.Join(c.lines, ""))
		check := func(how string, v *VerifiedCheckpoint, err, want error) {
			switch {
			case want == nil && (err != nil || v.Root != cp.Root || v.Size != cp.Size || string(v.Note) != string(note)):
				t.Errorf("%s, %s: got %+v, %v", c.name, how, v, err)
			case want != nil && (!errors.Is(err, want) || !errors.Is(err, ErrInvalid) || v != nil):
				t.Errorf("%s, %s: got %v, want %v", c.name, how, err, want)
			case want == ErrInvalid && (errors.Is(err, ErrQuorum) || errors.Is(err, ErrUnknownSignature)):
				t.Errorf("%s, %s: got %v, want no special error", c.name, how, err)
			}
		}
		v, err := w.trust.VerifyCheckpoint(note, now)
		check("lenient", v, err, c.lenient)
		v, err = w.trust.VerifyStrict(note, now)
		check("strict", v, err, c.strict)

		picked, err := w.trust.Select(note, now)
		if (err == nil) != (c.lenient == nil) {
			t.Errorf("%s: Select: got %v, want %v", c.name, err, c.lenient)
		}
		if err == nil {
			v, err := w.trust.VerifyStrict(picked, now)
			if err != nil || len(v.Cosigned) != 3 {
				t.Errorf("%s: VerifyStrict of what Select made: got %v, %v", c.name, v, err)
			}
		}
	}
}

func TestVerifyCheckpointText(t *testing.T) {
	w := newWorld(false)
	w.append(5)
	_, cp := w.seal(now)
	names := []string{"w1", "w2", "a1"}

	other := cp
	other.Origin = "example.com/other"
	if _, err := w.trust.VerifyCheckpoint(w.sign(other, now, names...), now); !errors.Is(err, ErrInvalid) || errors.Is(err, ErrQuorum) {
		t.Errorf("another origin: got %v, want ErrInvalid", err)
	}
	extended := cp
	extended.Extensions = []string{"extension"}
	note := w.sign(extended, now, names...)
	if v, err := w.trust.VerifyCheckpoint(note, now); err != nil || len(v.Extensions) != 1 {
		t.Errorf("extension: got %v, %v", v, err)
	}
	if _, err := w.trust.VerifyStrict(note, now); !errors.Is(err, ErrInvalid) {
		t.Errorf("extension, strict: got %v, want ErrInvalid", err)
	}
	for _, b := range []string{"", "x", "x\n\n— a AAAAAAA=\n"} {
		if _, err := w.trust.VerifyCheckpoint([]byte(b), now); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: got %v, want ErrInvalid", b, err)
		}
	}
	note = w.sign(cp, now, names...)
	if _, err := w.trust.VerifyCheckpoint(note, time.Time{}); !errors.Is(err, ErrQuorum) {
		t.Errorf("no clock: got %v, want ErrQuorum", err)
	}
	w.trust.MaxClockSkew = time.Minute
	if _, err := w.trust.VerifyCheckpoint(note, now.Add(-61*time.Second)); !errors.Is(err, ErrQuorum) {
		t.Errorf("skew of a minute exceeded: got %v, want ErrQuorum", err)
	}
	if _, err := w.trust.VerifyCheckpoint(note, now.Add(-60*time.Second)); err != nil {
		t.Errorf("skew of a minute: %v", err)
	}
	w.trust.Quorum, w.trust.InsecureNoQuorum = Quorum{}, true
	if v, err := w.trust.VerifyCheckpoint(w.sign(cp, now), now); err != nil || len(v.Cosigned) != 0 {
		t.Errorf("no quorum asked for: got %v, %v", v, err)
	}
}

func TestLatticeLog(t *testing.T) {
	w := newWorld(false)
	w.log = must(NewNoteSigner(origin, CosignatureMLDSA44, seed(1)))
	w.trust.Log = w.log.Verifier()
	w.append(2)
	_, cp := w.seal(now)
	note := w.sign(cp, now, "w1", "w2", "a1")
	if _, err := w.trust.VerifyStrict(note, now); err != nil {
		t.Errorf("VerifyStrict: %v", err)
	}
	if b, err := w.trust.Select(note, now); err != nil || string(b) != string(note) {
		t.Errorf("Select: %v", err)
	}
	text, sigs := lines(note)
	bad := strings.Replace(text, "\n3\n", "\n4\n", 1) + strings.Join(sigs, "")
	if _, err := w.trust.VerifyCheckpoint([]byte(bad), now); !errors.Is(err, ErrInvalid) {
		t.Errorf("another size: got %v, want ErrInvalid", err)
	}
}

func TestAsOf(t *testing.T) {
	sec := func(n int) time.Time { return now.Add(time.Duration(n) * time.Second) }
	w := newWorld(false)
	v := &VerifiedCheckpoint{}
	for i, s := range []int{5, 9, 7, 1, 8, 6} { // w1 w2 w3 m1 a1 a2
		v.Cosigned = append(v.Cosigned, Cosigned{w.trust.Cosigners[i], sec(s)})
	}
	for _, c := range []struct {
		q    Quorum
		want time.Time
	}{
		{Quorum{}, time.Time{}},
		{Quorum{Witnesses: 1}, sec(9)},
		{Quorum{Witnesses: 2}, sec(7)},
		{Quorum{Witnesses: 3}, sec(5)},
		{Quorum{Witnesses: 4}, time.Time{}},
		{Quorum{Auditors: 2}, sec(6)},
		{Quorum{Witnesses: 2, Auditors: 1}, sec(7)},
		{Quorum{Witnesses: 1, Auditors: 1}, sec(8)},
		{Quorum{Witnesses: 1, Mirrors: 1, Auditors: 1}, sec(1)},
		{Quorum{Witnesses: 1, Mirrors: 2}, time.Time{}},
		{Quorum{Witnesses: -1, Auditors: 1}, sec(8)},
	} {
		if got := v.AsOf(c.q); !got.Equal(c.want) {
			t.Errorf("AsOf(%+v): got %v, want %v", c.q, got, c.want)
		}
	}
}

// TestSelectTakesTheNewest: of four witnesses' signatures, the two newest, and of one witness's two, the newer.
func TestSelectTakesTheNewest(t *testing.T) {
	w := newWorld(false)
	w.append(1)
	_, cp := w.seal(now)
	text := cp.Append(nil)
	n := &Note{Text: text}
	add := func(name string, ago int) {
		n.Signatures = append(n.Signatures, must(w.who[name].Cosign(text, now.Add(-time.Duration(ago)*time.Second))))
	}
	add("w1", 50)
	add("w2", 40)
	add("w3", 30)
	add("w1", 20)
	add("a1", 10)
	add("a2", 5)
	add("m1", 1)
	n.Signatures = append(n.Signatures, must(w.log.SignNote(text)))
	picked := must(w.trust.Select(n.Append(nil), now))
	var got []string
	for _, s := range must(ParseNote(picked)).Signatures {
		got = append(got, s.Name)
	}
	if want := []string{origin, "example.org/w1", "example.org/w3", "example.org/a2"}; !slices.Equal(got, want) {
		t.Errorf("Select: got %v, want %v", got, want)
	}
	v := must(w.trust.VerifyStrict(picked, now))
	if want := now.Add(-30 * time.Second); !v.AsOf(w.trust.Quorum).Equal(want) {
		t.Errorf("AsOf: got %v, want %v", v.AsOf(w.trust.Quorum), want)
	}
}
