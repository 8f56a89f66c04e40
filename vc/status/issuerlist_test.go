package status_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/status"
)

func create(t *testing.T, opt status.ListOptions) (*status.IssuerList, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list")
	l, err := status.CreateList(path, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, path
}

func reopen(t *testing.T, l *status.IssuerList, path string) *status.IssuerList {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := status.OpenList(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

var tokenOptions = status.ListOptions{Mechanism: vc.TokenStatusList, Entries: 1024, Size: 2}

// TestAllocate empties a list: every entry once, and then a clear error.
func TestAllocate(t *testing.T) {
	l, path := create(t, tokenOptions)
	seen := map[uint64]bool{}
	take := func(n int) {
		t.Helper()
		got, err := l.Allocate(n)
		if err != nil || len(got) != n {
			t.Fatalf("got %d, %v, want %d", len(got), err, n)
		}
		for _, i := range got {
			if seen[i] || i >= 1024 {
				t.Fatalf("entry %d was given twice, or does not exist", i)
			}
			seen[i] = true
		}
	}
	take(0)
	take(1)
	take(500)
	l = reopen(t, l, path)
	if l.Free() != 523 {
		t.Errorf("got %d free entries, want 523", l.Free())
	}
	for range 23 {
		take(1)
	}
	if _, err := l.Allocate(501); !errors.Is(err, status.ErrFull) || l.Free() != 500 {
		t.Errorf("got %v and %d free, want ErrFull and none taken", err, l.Free())
	}
	take(499)
	l = reopen(t, l, path)
	take(1)
	if _, err := l.Allocate(1); !errors.Is(err, status.ErrFull) {
		t.Errorf("full: got %v, want ErrFull", err)
	}
	if err := l.AddDecoys(1, 1); !errors.Is(err, status.ErrFull) {
		t.Errorf("decoys in a full list: got %v, want ErrFull", err)
	}
	if len(seen) != 1024 {
		t.Errorf("got %d entries, want 1024", len(seen))
	}
	if _, err := l.Allocate(-1); err == nil {
		t.Error("got less than nothing")
	}
}

// TestAllocateIsRandom looks at where entries are and in which order they come: by chance alone this fails once in 10^9 runs.
func TestAllocateIsRandom(t *testing.T) {
	l, _ := create(t, status.ListOptions{Mechanism: vc.TokenStatusList, Entries: 1 << 16})
	got, err := l.Allocate(20_000)
	if err != nil {
		t.Fatal(err)
	}
	var low, up float64
	for i, at := range got {
		if at < 1<<15 {
			low++
		}
		if i > 0 && at > got[i-1] {
			up++
		}
	}
	n := float64(len(got))
	if math.Abs(low-n/2) > 6*math.Sqrt(n)/2 {
		t.Errorf("got %.0f of %.0f in the first half", low, n)
	}
	if math.Abs(up-n/2) > 6*math.Sqrt(n)/2 {
		t.Errorf("got %.0f of %.0f above the one before", up, n)
	}
	// The last free entries are drawn with the same probability too.
	l, _ = create(t, status.ListOptions{Mechanism: vc.TokenStatusList, Entries: 4096})
	if got, err = l.Allocate(4096); err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, at := range got[4096-64:] {
		sum += float64(at)
	}
	if mean := sum / 64; math.Abs(mean-2048) > 7*4096/math.Sqrt(12*64) {
		t.Errorf("the last entries are around %.0f", mean)
	}
}

func TestSet(t *testing.T) {
	l, path := create(t, tokenOptions)
	got, err := l.Allocate(4)
	if err != nil {
		t.Fatal(err)
	}
	free := uint64(0)
	for slices.Contains(got, free) {
		free++
	}
	check := func(name string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
	}
	check("revoke two", l.Set(status.Invalid, got[0], got[1]), nil)
	check("suspend", l.Set(status.Suspended, got[2]), nil)
	check("lift", l.Set(status.Valid, got[2]), nil)
	check("suspend again", l.Set(status.Suspended, got[2]), nil)
	check("revoke again", l.Set(status.Invalid, got[0]), nil)
	check("take a revocation back", l.Set(status.Valid, got[0]), status.ErrRevoked)
	check("suspend what is revoked", l.Set(status.Suspended, got[3], got[0]), status.ErrRevoked)
	check("nobody's", l.Set(status.Invalid, free), status.ErrUnallocated)
	check("no such entry", l.Set(status.Invalid, 1024), status.ErrRange)
	check("no such value", l.Set(4, got[3]), status.ErrRange)
	for range 2 {
		for i, want := range []uint64{1, 1, 2, 0} {
			if v, ok := l.Value(got[i]); !ok || v != want {
				t.Errorf("entry %d: got %d, %v, want %d", i, v, ok, want)
			}
		}
		if _, ok := l.Value(free); ok {
			t.Error("an entry of nobody has a value")
		}
		if _, ok := l.Value(1 << 40); ok {
			t.Error("an entry that does not exist has a value")
		}
		b, err := l.Bits()
		if err != nil || b.Len() != 1024 || get(t, b, got[1]) != 1 || get(t, b, got[2]) != 2 || get(t, b, free) != 0 {
			t.Errorf("got other entries, %v", err)
		}
		l = reopen(t, l, path)
	}
	if o := l.Options(); o != tokenOptions {
		t.Errorf("got %+v, want %+v", o, tokenOptions)
	}
}

// TestFinal: what is for good depends on the list's purpose.
func TestFinal(t *testing.T) {
	for purpose, final := range map[string]bool{status.Revocation: true, status.Suspension: false, "lost": false} {
		l, _ := create(t, status.ListOptions{Mechanism: vc.BitstringStatusList, Entries: status.MinEntries, Purpose: purpose})
		got, err := l.Allocate(1)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Set(1, got...); err != nil {
			t.Fatal(err)
		}
		if err := l.Set(0, got...); errors.Is(err, status.ErrRevoked) != final {
			t.Errorf("%s: got %v, final is %v", purpose, err, final)
		}
	}
}

func TestDecoys(t *testing.T) {
	l, _ := create(t, tokenOptions)
	if err := l.AddDecoys(100, status.Invalid); err != nil {
		t.Fatal(err)
	}
	if err := l.AddDecoys(1, 4); !errors.Is(err, status.ErrRange) {
		t.Errorf("got %v, want ErrRange", err)
	}
	b, err := l.Bits()
	if err != nil {
		t.Fatal(err)
	}
	decoys := map[uint64]bool{}
	for i := range b.Len() {
		if get(t, b, i) == status.Invalid {
			decoys[i] = true
		}
	}
	if len(decoys) != 100 || l.Free() != 924 {
		t.Errorf("got %d decoys and %d free entries, want 100 and 924", len(decoys), l.Free())
	}
	got, err := l.Allocate(924)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range got {
		if decoys[i] {
			t.Errorf("decoy %d was given to a credential", i)
		}
	}
}

// TestOneProgram: a list cannot be open twice, which would give entries twice.
func TestOneProgram(t *testing.T) {
	l, path := create(t, tokenOptions)
	if _, err := status.OpenList(path); !errors.Is(err, status.ErrInUse) {
		t.Errorf("got %v, want ErrInUse", err)
	}
	if _, err := status.CreateList(path, tokenOptions); !errors.Is(err, os.ErrExist) {
		t.Errorf("got %v, want ErrExist", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Allocate(1); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: got %v, want ErrClosed", err)
	}
	if err := l.Set(1, 0); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: got %v, want ErrClosed", err)
	}
	if _, err := l.Bits(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: got %v, want ErrClosed", err)
	}
}

func TestListOptions(t *testing.T) {
	for name, o := range map[string]status.ListOptions{
		"nothing":                       {},
		"no mechanism":                  {Entries: 1 << 17},
		"no entries":                    {Mechanism: vc.TokenStatusList},
		"too many entries":              {Mechanism: vc.TokenStatusList, Entries: status.MaxIssuerEntries + 1},
		"3 bits":                        {Mechanism: vc.TokenStatusList, Entries: 8, Size: 3},
		"a Token list with a purpose":   {Mechanism: vc.TokenStatusList, Entries: 8, Purpose: "revocation"},
		"no purpose":                    {Mechanism: vc.BitstringStatusList, Entries: 1 << 17},
		"too short a Bitstring list":    {Mechanism: vc.BitstringStatusList, Entries: 1<<17 - 1, Purpose: "revocation"},
		"5 bits":                        {Mechanism: vc.BitstringStatusList, Entries: 1 << 17, Size: 5, Purpose: "message"},
		"a purpose longer than allowed": {Mechanism: vc.BitstringStatusList, Entries: 1 << 17, Purpose: string(make([]byte, 256))},
	} {
		path := filepath.Join(t.TempDir(), "list")
		if _, err := status.CreateList(path, o); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: there is a file", name)
		}
	}
}

// TestDamagedFile changes every byte in turn, and cuts the file.
func TestDamagedFile(t *testing.T) {
	l, path := create(t, status.ListOptions{Mechanism: vc.TokenStatusList, Entries: 64})
	if _, err := l.Allocate(5); err != nil {
		t.Fatal(err)
	}
	l.Close()
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(good) != 3*512 {
		t.Fatalf("got a file of %d bytes", len(good))
	}
	try := func(name string, b []byte) {
		t.Helper()
		if _, err := status.Load(&lossyDisk{cached: b}, int64(len(b))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 0x10
		try(fmt.Sprint("byte ", i), b)
	}
	for _, n := range []int{0, 1, 511, 512, 1024, 1535} {
		try(fmt.Sprint("cut to ", n), good[:n])
	}
	try("longer", append(bytes.Clone(good), make([]byte, 512)...))
	try("sectors exchanged", slices.Concat(good[:512], good[1024:], good[512:1024]))
	try("nothing but zeros", make([]byte, len(good)))
	if l, err = status.OpenList(path); err != nil || l.Free() != 59 {
		t.Fatalf("the good one: %v", err)
	}
	l.Close()
	if err := os.WriteFile(path, good[:len(good)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := status.OpenList(path); !errors.Is(err, status.ErrDamaged) {
		t.Errorf("got %v, want ErrDamaged", err)
	}
}

// TestAllocateTogether is for the race detector, and shows that callers share writes.
func TestAllocateTogether(t *testing.T) {
	l, path := create(t, status.ListOptions{Mechanism: vc.TokenStatusList, Entries: 4096})
	var mu sync.Mutex
	seen := map[uint64]int{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 25 {
				got, err := l.Allocate(2)
				if err != nil {
					t.Error(err)
					return
				}
				if err := l.Set(status.Invalid, got[0]); err != nil {
					t.Error(err)
				}
				mu.Lock()
				seen[got[0]]++
				seen[got[1]]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	l = reopen(t, l, path)
	revoked := 0
	for i, n := range seen {
		v, ok := l.Value(i)
		if n != 1 || !ok {
			t.Errorf("entry %d was given %d times, and is there: %v", i, n, ok)
		}
		revoked += int(v)
	}
	if len(seen) != 400 || revoked != 200 || l.Free() != 4096-400 {
		t.Errorf("got %d entries, %d revoked, %d free", len(seen), revoked, l.Free())
	}
}

// TestDiskFull: after a failed write nothing is answered until the list was opened again, even if there is room again.
func TestDiskFull(t *testing.T) {
	d, size := onLossyDisk(t, tokenOptions)
	l, err := status.Load(d, size)
	if err != nil {
		t.Fatal(err)
	}
	first, err := l.Allocate(1)
	if err != nil {
		t.Fatal(err)
	}
	d.full = true
	if got, err := l.Allocate(1); err == nil || got != nil {
		t.Errorf("got %v, %v, want an error and no entry", got, err)
	}
	d.full = false
	if _, err := l.Allocate(1); err == nil {
		t.Error("the list went on after a failed write")
	}
	if err := l.AddDecoys(1, 1); err == nil {
		t.Error("the list went on after a failed write")
	}
	if err := l.Set(1, first...); err == nil {
		t.Error("the list went on after a failed write")
	}
	if _, err := l.Bits(); err == nil {
		t.Error("a list was published after a failed write")
	}
	if l, err = status.Load(d, size); err != nil || l.Free() != 1023 {
		t.Errorf("opened again: got %v", err)
	}
}

// TestPickIsUniform: of a few free entries in a large list each is as likely as the others.
func TestPickIsUniform(t *testing.T) {
	d, size := onLossyDisk(t, status.ListOptions{Mechanism: vc.TokenStatusList, Entries: 1 << 16})
	l, err := status.Load(d, size)
	if err != nil {
		t.Fatal(err)
	}
	free := []uint64{3, 8, 40_000, 1<<16 - 1}
	status.TakeAllBut(l, free...)
	const picks = 2000
	seen := map[uint64]int{}
	for range picks {
		seen[status.Pick(l)]++
	}
	for _, i := range free {
		if n := seen[i]; n < picks/4-150 || n > picks/4+150 { // more than 7 standard deviations
			t.Errorf("entry %d: got %d of %d", i, n, picks)
		}
	}
	if len(seen) != len(free) {
		t.Errorf("got %d entries, want %d", len(seen), len(free))
	}
}

// onLossyDisk makes a list on a disk that loses what was not synced.
func onLossyDisk(t *testing.T, opt status.ListOptions) (*lossyDisk, int64) {
	t.Helper()
	l, path := create(t, opt)
	l.Close()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return &lossyDisk{synced: file, cached: bytes.Clone(file)}, int64(len(file))
}

// lossyDisk forgets, when the power fails, any of the sectors that were not synced.
type lossyDisk struct {
	synced, cached []byte
	syncs          int
	full           bool
}

func (d *lossyDisk) ReadAt(b []byte, at int64) (int, error) {
	return bytes.NewReader(d.cached).ReadAt(b, at)
}

func (d *lossyDisk) WriteAt(b []byte, at int64) (int, error) {
	if d.full {
		return 0, errors.New("no space")
	}
	if at%512 != 0 || len(b) != 512 {
		return 0, errors.New("not a whole sector")
	}
	return copy(d.cached[at:], b), nil
}

func (d *lossyDisk) Sync() error {
	d.syncs++
	copy(d.synced, d.cached)
	return nil
}

func (d *lossyDisk) Close() error { return nil }

func (d *lossyDisk) powerFails(r *rand.Rand) {
	for at := 0; at < len(d.synced); at += 512 {
		if r.IntN(2) == 0 { // it was on its way
			copy(d.synced[at:at+512], d.cached[at:])
		}
	}
	copy(d.cached, d.synced)
}

// TestPowerFailure: what was returned is on the disk, whatever else got there.
func TestPowerFailure(t *testing.T) {
	d, size := onLossyDisk(t, status.ListOptions{Mechanism: vc.TokenStatusList, Entries: 1 << 16})
	r := rand.New(rand.NewPCG(3, 4))
	taken, revoked := map[uint64]bool{}, map[uint64]bool{}
	for range 60 {
		l, err := status.Load(d, size)
		if err != nil {
			t.Fatal(err)
		}
		for i := range taken {
			if v, ok := l.Value(i); !ok || revoked[i] != (v == 1) {
				t.Fatalf("entry %d: got %d, %v, revoked: %v", i, v, ok, revoked[i])
			}
		}
		got, err := l.Allocate(1 + r.IntN(100))
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range got {
			if taken[i] {
				t.Fatalf("entry %d was given twice", i)
			}
			taken[i] = true
		}
		if r.IntN(2) == 0 {
			if err := l.Set(status.Invalid, got[0]); err != nil {
				t.Fatal(err)
			}
			revoked[got[0]] = true
		}
		d.powerFails(r)
	}
}

// TestSharedWrites: callers at once share a sync, and a list that did not change needs none.
func TestSharedWrites(t *testing.T) {
	d, size := onLossyDisk(t, tokenOptions)
	l, err := status.Load(d, size)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Allocate(100); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, err := l.Bits(); err != nil {
			t.Fatal(err)
		}
	}
	if d.syncs != 1 {
		t.Errorf("got %d syncs, want 1", d.syncs)
	}
	status.ChangeInMemory(l, 0, 1) // somebody revokes, and has not synced yet
	if b, err := l.Bits(); err != nil || get(t, b, 0) != 1 || d.syncs != 2 {
		t.Errorf("got %v and %d syncs: what is published must be on the disk", err, d.syncs)
	}
}

// badWriter writes half of what it is given.
type badWriter struct{ err error }

func (w badWriter) Write(b []byte) (int, error) { return len(b) / 2, w.err }

func TestPublish(t *testing.T) {
	s := newScene(t)
	l, _ := create(t, tokenOptions)
	got, err := l.Allocate(3)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Set(status.Invalid, got[1]); err != nil {
		t.Fatal(err)
	}
	issuer := s.issuer(authority.WithFragment("lists"))
	head := status.TokenList{URI: listURI, IssuedAt: now, Expires: now.Add(time.Hour), TTL: time.Minute}
	var out bytes.Buffer
	if err := l.PublishToken(t.Context(), &out, issuer, head); err != nil {
		t.Fatal(err)
	}
	s.docs[listURI] = status.Document{Bytes: out.Bytes()}
	for i, want := range []vc.StatusMeaning{vc.StatusValid, vc.StatusRevoked, vc.StatusValid} {
		if e, err := s.askToken(got[i]); err != nil || e.Meaning != want {
			t.Errorf("entry %d: got %v, %v, want %v", i, e.Meaning, err, want)
		}
	}
	for _, w := range []io.Writer{badWriter{}, badWriter{errors.New("no space")}} {
		if err := l.PublishToken(t.Context(), w, issuer, head); err == nil {
			t.Error("half a list was published")
		}
	}
	sign := func(ctx context.Context, m map[string]any) ([]byte, error) {
		c, err := jose.Issue(ctx, jose.Issuer{Signer: issuer.Signer, Method: issuer.Method}, m, &jose.IssueOptions{IssuedAt: now})
		if err != nil {
			return nil, err
		}
		return c.Bytes(), nil
	}
	template := status.BitstringList{URL: listURI, ValidFrom: now, ValidUntil: now.Add(time.Hour)}
	if err := l.PublishBitstring(t.Context(), &out, authority.String(), template, sign); err == nil {
		t.Error("a Token Status List was published as a Bitstring Status List")
	}

	l, _ = create(t, status.ListOptions{Mechanism: vc.BitstringStatusList, Entries: status.MinEntries, Purpose: status.Suspension})
	if err := l.PublishToken(t.Context(), &out, issuer, head); err == nil {
		t.Error("a Bitstring Status List was published as a Token Status List")
	}
	if got, err = l.Allocate(2); err != nil {
		t.Fatal(err)
	}
	if err := l.Set(1, got[0]); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := l.PublishBitstring(t.Context(), &out, authority.String(), template, sign); err != nil {
		t.Fatal(err)
	}
	s.lists, s.docs[listURI] = nil, status.Document{MediaType: "vc+jwt", Bytes: out.Bytes()}
	for i, want := range []vc.StatusMeaning{vc.StatusSuspended, vc.StatusValid} {
		if e, err := s.askBitstring(got[i], status.Suspension); err != nil || e.Meaning != want {
			t.Errorf("entry %d: got %v, %v, want %v", i, e.Meaning, err, want)
		}
	}
}
