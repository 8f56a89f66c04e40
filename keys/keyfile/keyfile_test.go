package keyfile

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
)

// cheap is the lowest cost that is allowed.
var cheap = &Options{Cost: Cost{Passes: 2, MemoryKiB: 19 << 10, Lanes: 1}}

var pass = []byte("correct horse battery staple")

// entries returns a key of every algorithm and two seeds.
func testEntries(tb testing.TB) []Entry {
	tb.Helper()
	var out []Entry
	for _, a := range keys.Algorithms() {
		k, err := keys.Generate(a)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, Entry{Kind: KindKey, Label: "my " + a.String(), Key: k})
	}
	for i, kind := range []string{"master", "next-0"} {
		s, err := NewSeed(bytes.Repeat([]byte{byte(i + 1)}, SeedSize))
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, Entry{Kind: kind, Label: "wallet ✓", Seed: s})
	}
	return out
}

func seal(tb testing.TB, entries []Entry) []byte {
	tb.Helper()
	file, err := Seal(pass, entries, cheap)
	if err != nil {
		tb.Fatal(err)
	}
	return file
}

func same(a, b []Entry) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Kind != b[i].Kind || a[i].Label != b[i].Label || !bytes.Equal(a[i].Seed.Bytes(), b[i].Seed.Bytes()) ||
			!bytes.Equal(a[i].Key.Secret(), b[i].Key.Secret()) || !a[i].Key.Public().Equal(b[i].Key.Public()) {
			return false
		}
	}
	return true
}

func TestSealOpen(t *testing.T) {
	want := testEntries(t)
	file := seal(t, want)
	got, err := Open(pass, file)
	if err != nil || !same(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if again := seal(t, want); bytes.Equal(again, file) {
		t.Error("the same file twice: salt or nonce is not random")
	}
	for _, e := range want {
		for _, secret := range [][]byte{e.Key.Secret(), e.Seed.Bytes()} {
			if len(secret) > 0 && bytes.Contains(file, secret) {
				t.Errorf("%s %s is in the file", e.Kind, e.Label)
			}
		}
	}
	if got, err := Open(pass, seal(t, nil)); err != nil || len(got) != 0 {
		t.Errorf("no entries: got %v, %v, want none", got, err)
	}
}

func TestDefaultCost(t *testing.T) {
	file, err := Seal(pass, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "realdid-keyfile v1 argon2id t=3 m=65536 p=4\n"; !strings.HasPrefix(string(file), want) {
		t.Errorf("got %.60q, want %q", file, want)
	}
}

func TestPassphrase(t *testing.T) {
	file := seal(t, testEntries(t))
	for _, wrong := range [][]byte{nil, []byte("Correct horse battery staple"), append(bytes.Clone(pass), '\n'), append(bytes.Clone(pass), 0), pass[1:]} {
		if got, err := Open(wrong, file); !errors.Is(err, ErrPassphrase) || got != nil {
			t.Errorf("passphrase %q: got %v, %v, want ErrPassphrase", wrong, got, err)
		}
	}
	if _, err := Seal(nil, nil, cheap); err == nil {
		t.Error("an empty passphrase was accepted")
	}
}

// TestChanged flips one bit of each part of a file: none opens, and only the parts that the passphrase is checked with are reported as a
// wrong passphrase.
func TestChanged(t *testing.T) {
	f, err := parse(seal(t, testEntries(t)[:1]))
	if err != nil {
		t.Fatal(err)
	}
	for part, tt := range map[string]struct {
		at         int
		passphrase bool
	}{
		"salt":       {0, true},
		"check":      {saltSize, true},
		"nonce":      {saltSize + checkSize, false},
		"ciphertext": {saltSize + checkSize + 24, false},
		"tag":        {len(f.body) - 1, false},
	} {
		body := bytes.Clone(f.body)
		body[tt.at] ^= 1
		got, err := Open(pass, (&parsed{f.cost, body}).encode())
		if err == nil || got != nil || errors.Is(err, ErrPassphrase) != tt.passphrase {
			t.Errorf("%s: got %v, %v, want an error, ErrPassphrase %v", part, got, err, tt.passphrase)
		}
	}
	for part, body := range map[string][]byte{"cut": f.body[:len(f.body)-1], "longer": append(bytes.Clone(f.body), 0)} {
		if got, err := Open(pass, (&parsed{f.cost, body}).encode()); err == nil {
			t.Errorf("%s: got %v, want an error", part, got)
		}
	}
	cost := f.cost
	cost.Lanes++ // another key, and another header under the seal
	if got, err := Open(pass, (&parsed{cost, f.body}).encode()); err == nil {
		t.Errorf("cost: got %v, want an error", got)
	}
}

// TestHeaderIsSealed replaces the header after derivation: the seal covers it even if the key were the same.
func TestHeaderIsSealed(t *testing.T) {
	f, err := parse(seal(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	aead, _, err := f.derive(pass)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := aead.Open(nil, f.nonce(), f.sealed(), f.header()); err != nil {
		t.Errorf("as it is: %v", err)
	}
	if _, err := aead.Open(nil, f.nonce(), f.sealed(), nil); err == nil {
		t.Error("the header is not sealed")
	}
}

// vector is an entry of testdata/keys/keyfile.json.
type vector struct {
	Name    string
	Valid   bool
	File    string
	Entries []struct{ Kind, Label, Algorithm, Secret string } // of the valid ones
}

func TestVectors(t *testing.T) {
	v := vectors.Read[struct{ Passphrase string }, vector](t, "keys/keyfile")
	for _, c := range v.Vectors {
		t.Run(c.Name, func(t *testing.T) {
			got, err := Open([]byte(v.Setting.Passphrase), []byte(c.File))
			if (err == nil) != c.Valid {
				t.Fatalf("got %v, %v, want opened %v", got, err, c.Valid)
			}
			if strings.HasPrefix(c.Name, "content") && (errors.Is(err, ErrPassphrase) || strings.Contains(err.Error(), "changed")) {
				t.Errorf("got %v, want the content refused", err)
			}
			if len(got) != len(c.Entries) {
				t.Fatalf("got %d entries, want %d", len(got), len(c.Entries))
			}
			for i, e := range c.Entries {
				secret, alg := got[i].Seed.Bytes(), ""
				if e.Kind == KindKey {
					secret, alg = got[i].Key.Secret(), got[i].Key.Algorithm().String()
				}
				if got[i].Kind != e.Kind || got[i].Label != e.Label || alg != e.Algorithm || hex.EncodeToString(secret) != e.Secret {
					t.Errorf("entry %d: got %v, want %v", i, got[i], e)
				}
			}
		})
	}
}

// TestCostBounds shows that a cost outside the bounds is refused before anything is derived: the test would run for hours.
func TestCostBounds(t *testing.T) {
	body := strings.TrimPrefix(string(seal(t, nil)), "realdid-keyfile v1 argon2id t=2 m=19456 p=1\n")
	for _, c := range []Cost{{1, 65536, 4}, {11, 65536, 4}, {4294967295, 65536, 4}, {3, 19455, 4}, {3, 262145, 4}, {2, 4294967295, 4}, {3, 65536, 0}, {3, 65536, 17}, {10, 262144, 4}, {5, 262144, 1}} {
		if file, err := Seal(pass, nil, &Options{Cost: c}); err == nil {
			t.Errorf("Seal with %v: got %.50q, want an error", c, file)
		}
		file := fmt.Sprintf("realdid-keyfile v1 argon2id t=%d m=%d p=%d\n%s", c.Passes, c.MemoryKiB, c.Lanes, body)
		if got, err := Open(pass, []byte(file)); err == nil || !strings.Contains(err.Error(), "cost") {
			t.Errorf("Open with %v: got %v, %v, want the cost named", c, got, err)
		}
	}
}

func TestEntryRules(t *testing.T) {
	all := testEntries(t)
	key, seed := all[0].Key, all[len(all)-1].Seed
	wiped, err := keys.Generate(keys.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	wiped.Wipe()
	for fault, e := range map[string][]Entry{
		"no kind":               {{Label: "a", Seed: seed}},
		"kind in upper case":    {{Kind: "Master", Seed: seed}},
		"kind too long":         {{Kind: strings.Repeat("a", MaxKind+1), Seed: seed}},
		"label too long":        {{Kind: "master", Label: strings.Repeat("a", MaxLabel+1), Seed: seed}},
		"label not UTF-8":       {{Kind: "master", Label: "\xff", Seed: seed}},
		"label with line break": {{Kind: "master", Label: "a\nb", Seed: seed}},
		"label with C1 control": {{Kind: "master", Label: "a\u009bb", Seed: seed}},
		"key without key":       {{Kind: KindKey, Label: "a"}},
		"key with zero key":     {{Kind: KindKey, Label: "a", Key: &keys.PrivateKey{}}},
		"key with wiped key":    {{Kind: KindKey, Label: "a", Key: wiped}},
		"key with seed":         {{Kind: KindKey, Label: "a", Key: key, Seed: seed}},
		"seed without seed":     {{Kind: "master", Label: "a"}},
		"seed with key":         {{Kind: "master", Label: "a", Key: key, Seed: seed}},
		"twice":                 {{Kind: "master", Label: "a", Seed: seed}, {Kind: "master", Label: "a", Seed: seed}},
		"too many":              make([]Entry, MaxEntries+1),
	} {
		if file, err := Seal(pass, e, cheap); err == nil {
			t.Errorf("%s: got %.50q, want an error", fault, file)
		}
	}
	for _, n := range []int{0, 31, 33} {
		if s, err := NewSeed(make([]byte, n)); err == nil || !s.IsZero() {
			t.Errorf("NewSeed of %d bytes: got %v, %v, want an error", n, s, err)
		}
	}
}

// TestEntryLimit gives the reader one entry more than a file may hold.
func TestEntryLimit(t *testing.T) {
	for _, n := range []int{MaxEntries, MaxEntries + 1} {
		plain := binary.BigEndian.AppendUint16(nil, uint16(n))
		for i := range n {
			for _, f := range []string{"seed", strconv.Itoa(i), "", strings.Repeat("s", SeedSize)} {
				plain = appendField(plain, f)
			}
		}
		got, err := decodeEntries(plain)
		if want := n <= MaxEntries; (err == nil) != want {
			t.Errorf("%d entries: got %d, %v, want accepted %v", n, len(got), err, want)
		}
	}
}

func TestSeedPrintsNothing(t *testing.T) {
	s, err := NewSeed(bytes.Repeat([]byte{0xa7}, SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	type hidden struct{ s Seed }
	for _, v := range []any{s, &s, hidden{s}, Entry{Kind: "master", Seed: s}, &Entry{Seed: s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%c"} {
			out := fmt.Sprintf(verb, v)
			if strings.Contains(out, "a7a7") || strings.Contains(out, "167 167") || strings.Contains(out, "0xa7, 0xa7") {
				t.Errorf("%s of %T: got %s", verb, v, out)
			}
		}
	}
	for _, v := range []any{s, Entry{Kind: "master", Seed: s}} {
		if b, err := json.Marshal(v); err == nil {
			t.Errorf("json.Marshal(%T): got %s, want an error", v, b)
		}
	}
	b := s.Bytes()
	clear(b)
	if s.Bytes()[0] != 0xa7 {
		t.Error("Bytes is not a copy")
	}
}

func TestDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "id.keyfile")
	first, second := seal(t, nil), seal(t, testEntries(t))
	if _, err := Read(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read of nothing: got %v, want fs.ErrNotExist", err)
	}
	if err := Create(path, first); err != nil {
		t.Fatal(err)
	}
	if err := Create(path, second); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second Create: got %v, want fs.ErrExist", err)
	}
	if got, err := Read(path); err != nil || !bytes.Equal(got, first) {
		t.Errorf("Read: got %.40q, %v, want the first file", got, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, second); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(path); err != nil || !bytes.Equal(got, second) {
		t.Errorf("Read: got %.40q, %v, want the second file", got, err)
	}
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := st.Mode().Perm(); got != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("mode: got %o, want 600", got)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("files in the folder: got %v, %v, want one", left, err)
	}
}

func TestDiskFaults(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(dir); err == nil {
		t.Error("Read of a folder: got nil, want an error")
	}
	big := filepath.Join(dir, "big")
	if err := os.WriteFile(big, make([]byte, MaxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(big); err == nil {
		t.Error("Read of a file over the limit: got nil, want an error")
	}
	if _, err := Open(pass, make([]byte, MaxFile+1)); err == nil {
		t.Error("Open of a file over the limit: got nil, want an error")
	}
	if err := Write(filepath.Join(dir, "none", "a"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Write into no folder: got %v, want fs.ErrNotExist", err)
	}
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(sub, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(sub, nil); err == nil {
		t.Error("Write over a folder: got nil, want an error")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("after the faults: got %v, %v, want big and sub", left, err)
	}
}

// FuzzKeyfile looks at the form of files and at their plaintext; deriving a key for every input would be too slow.
func FuzzKeyfile(f *testing.F) {
	file := seal(f, testEntries(f))
	f.Add(file)
	f.Add(seal(f, nil))
	f.Add([]byte("realdid-keyfile v1 argon2id t=3 m=65536 p=4\n"))
	f.Add([]byte("realdid-keyfile v2 argon2id t=3 m=65536 p=4\n" + base64.StdEncoding.EncodeToString(make([]byte, 100)) + "\n"))
	plain, err := encodeEntries(testEntries(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := parse(b); err == nil && !bytes.Equal(p.encode(), b) {
			t.Fatalf("read %q, written %q", b, p.encode())
		}
		entries, err := decodeEntries(b)
		if err != nil {
			return
		}
		again, err := encodeEntries(entries)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("content: read %x, written %x, %v", b, again, err)
		}
	})
}

func ExampleSeal() {
	k, err := keys.Generate(keys.Ed25519)
	if err != nil {
		fmt.Println(err)
		return
	}
	file, err := Seal([]byte("a long passphrase"), []Entry{{Kind: KindKey, Label: "phone", Key: k}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	entries, err := Open([]byte("a long passphrase"), file)
	fmt.Println(len(entries), entries[0].Label, entries[0].Key.Public().Equal(k.Public()), err)
	_, err = Open([]byte("another"), file)
	fmt.Println(err)
	// Output:
	// 1 phone true <nil>
	// keyfile: open: wrong passphrase
}
