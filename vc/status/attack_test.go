package status_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/status"
)

// undated signs claims as they are: without iat, unless they have one.
func (s *scene) undated(typ string, claims map[string]any) status.Document {
	s.t.Helper()
	payload, err := strictjson.Canonical(claims)
	if err != nil {
		s.t.Fatal(err)
	}
	method := authority.WithFragment("lists")
	b, err := jws.Sign(s.t.Context(), s.signers[method], &jws.Parameters{Type: typ, KeyID: method.String()}, payload)
	if err != nil {
		s.t.Fatal(err)
	}
	return status.Document{MediaType: "application/" + typ, Bytes: b}
}

// bitstringFrom is a list without a time of signing, which revokes entry 7 or does not.
func (s *scene) bitstringFrom(from, until time.Time, revoked bool) status.Document {
	s.t.Helper()
	b, err := status.NewBits(msb, 1, status.MinEntries)
	if err != nil {
		s.t.Fatal(err)
	}
	if revoked {
		b.Set(7, 1)
	}
	l := &status.BitstringList{URL: listURI, Purposes: []string{status.Revocation}, ValidFrom: from, ValidUntil: until, TTL: time.Minute, Bits: b}
	m, err := l.Credential(authority.String())
	if err != nil {
		s.t.Fatal(err)
	}
	return s.undated("vc+jwt", m)
}

// TestRollbackOfUndatedList shows a verifier who knows a revocation the list from before. Neither says when it was signed.
func TestRollbackOfUndatedList(t *testing.T) {
	day := 24 * time.Hour
	for name, times := range map[string][4]time.Time{ // begin and end of the older list and of the newer
		"by their beginnings": {now.Add(-time.Hour), now.Add(day), now.Add(-time.Minute), now.Add(day)},
		"by their ends":       {{}, now.Add(day), {}, now.Add(day + time.Hour)},
	} {
		s := newScene(t)
		s.docs[listURI] = s.bitstringFrom(times[2], times[3], true)
		if e, err := s.askBitstring(7, status.Revocation); err != nil || e.Meaning != vc.StatusRevoked {
			t.Fatalf("%s: got %v, %v", name, e.Meaning, err)
		}
		s.docs[listURI] = s.bitstringFrom(times[0], times[1], false)
		s.now = s.now.Add(time.Hour)
		e, err := s.askBitstring(7, status.Revocation)
		if s.fetches.Load() != 2 {
			t.Errorf("%s: got %d fetches, want 2", name, s.fetches.Load())
		}
		if err == nil && e.Meaning != vc.StatusRevoked {
			t.Errorf("%s: got %v after the older list was shown, want revoked", name, e.Meaning)
		}
	}
}

// heap is what is in use after everything unused is gone.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

const (
	ballast = 1 << 20 // bytes that come with each list or question
	loads   = 24
)

// wantLight fails if what is kept grew by a good part of what came.
func wantLight(t *testing.T, before int64) {
	t.Helper()
	if grown := heap() - before; grown > loads*ballast/3 {
		t.Errorf("got %d bytes kept for %d small lists", grown, loads)
	}
}

// TestDocumentsAreNotKept fetches small lists in large documents: of those nothing may stay.
func TestDocumentsAreNotKept(t *testing.T) {
	large := strings.Repeat("x", ballast)
	bitstring, err := (&status.BitstringList{URL: listURI, Purposes: []string{status.Revocation}, ValidFrom: now, ValidUntil: now.Add(time.Hour), Bits: zeros(t)}).Credential(authority.String())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		typ    string
		claims map[string]any
		ask    vc.StatusReference
	}{
		"token": {"statuslist+jwt", map[string]any{
			"sub": "", "iat": now.Unix(), "exp": now.Unix() + 3600, "status_list": map[string]any{"bits": 1, "lst": "eNpjAAAAAQAB"}, "ballast": large,
		}, vc.StatusReference{Mechanism: vc.TokenStatusList}},
		"bitstring": {"vc+jwt", bitstring, vc.StatusReference{Mechanism: vc.BitstringStatusList, Purpose: status.Revocation, Size: 1}},
	} {
		s := newScene(t)
		if name == "bitstring" { // the limit of such documents is 1 MiB
			c.claims["credentialSubject"].(map[string]any)["ballast"] = large[:ballast*2/3]
		}
		s.fetch = func(_ context.Context, r status.Request) (status.Document, error) {
			c.claims["sub"] = r.URI
			if name == "bitstring" {
				delete(c.claims, "sub")
				c.claims["id"] = r.URI
			}
			return s.undated(c.typ, c.claims), nil
		}
		before := heap()
		for i := range loads {
			ref := c.ask
			ref.URI = fmt.Sprintf("https://lists.example/%d", i)
			if _, err := s.ask(vc.StatusQuery{Reference: ref}); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		wantLight(t, before)
		if n := len(s.lists.Held()); n != loads {
			t.Errorf("%s: got %d lists held, want %d", name, n, loads)
		}
	}
}

// TestCredentialsAreNotKept asks with strings that are parts of large credentials, for lists that cannot be had.
func TestCredentialsAreNotKept(t *testing.T) {
	s := newScene(t)
	before := heap()
	for i := range loads {
		uri := fmt.Sprintf("https://lists.example/%d", i)
		text := uri + " " + authority.String() + " " + strings.Repeat("x", ballast)
		q := vc.StatusQuery{Issuer: text[len(uri)+1:][:len(authority.String())], Reference: vc.StatusReference{Mechanism: vc.TokenStatusList, URI: text[:len(uri)]}}
		if _, err := s.ask(q); vc.Code(err) != "status.list.unavailable" {
			t.Fatal(err)
		}
	}
	wantLight(t, before)
	runtime.KeepAlive(s)
}

// TestMessagesCount fills the cache with lists whose messages are long.
func TestMessagesCount(t *testing.T) {
	s := newScene(t)
	s.opt.MaxMemory, s.opt.Limits = 1<<20, status.Limits{Bytes: 64 << 10}
	long := strings.Repeat("m", 200<<10)
	b, err := status.NewBits(msb, 1, status.MinEntries)
	if err != nil {
		t.Fatal(err)
	}
	s.fetch = func(_ context.Context, r status.Request) (status.Document, error) {
		m, err := (&status.BitstringList{
			URL: r.URI, Purposes: []string{status.Message}, ValidFrom: now, ValidUntil: now.Add(time.Hour), Bits: b, Messages: map[uint64]string{0: long, 1: long},
		}).Credential(authority.String())
		if err != nil {
			return status.Document{}, err
		}
		return s.undated("vc+jwt", m), nil
	}
	for i := range 8 {
		ref := vc.StatusReference{Mechanism: vc.BitstringStatusList, URI: fmt.Sprintf("https://lists.example/%d", i), Purpose: status.Message, Size: 1}
		if e, err := s.ask(vc.StatusQuery{Reference: ref}); err != nil || e.Message != long {
			t.Fatal(err)
		}
	}
	if n := len(s.lists.Held()); n > 2 {
		t.Errorf("got %d lists of 400 KiB of messages held in 1 MiB, want 2", n)
	}
}

func zeros(t *testing.T) *status.Bits {
	t.Helper()
	b, err := status.NewBits(msb, 1, status.MinEntries)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestEmptyBlocksAreNotKept inflates streams that are nearly all empty blocks: the buffer for what they might have held must not stay.
func TestEmptyBlocksAreNotKept(t *testing.T) {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write([]byte{1})
	for b.Len() < ballast/2 {
		w.Flush()
	}
	w.Close()
	before := heap()
	kept := make([]*status.Bits, loads)
	for i := range kept {
		var err error
		if kept[i], err = status.InflateTokenList(b.Bytes(), 1, 0); err != nil || kept[i].Len() != 8 {
			t.Fatal(err)
		}
	}
	wantLight(t, before)
	runtime.KeepAlive(kept)
}

// TestWideEntriesAreCheap asks for entries of sizes that cross bytes, which a list leaves to the credentials: whoever chooses them, in turn
// or not, must not have the array copied into something larger.
func TestWideEntriesAreCheap(t *testing.T) {
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(i * 7 >> 3)
	}
	s := newScene(t)
	b, err := status.FromBytes(msb, 1, data)
	if err != nil {
		t.Fatal(err)
	}
	s.serveBitstring(func(l *status.BitstringList) { l.Bits = b }, nil)
	ask := func(size int, index uint64) (uint64, error) {
		e, err := s.ask(vc.StatusQuery{Reference: vc.StatusReference{Mechanism: vc.BitstringStatusList, Index: index, Purpose: status.Revocation, Size: size}})
		return e.Value, err
	}
	for size := 1; size <= status.MaxEntrySize; size++ {
		whole, err := status.FromBytes(msb, size, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range []uint64{0, 1, 2, 3, 7, 8, 12345, whole.Len() - 2, whole.Len() - 1} {
			want, _ := whole.Get(i)
			if got, err := ask(size, i); err != nil || got != want {
				t.Errorf("size %d, entry %d: got %d, %v, want %d", size, i, got, err, want)
			}
		}
		for _, i := range []uint64{whole.Len(), whole.Len() + 1, 1 << 60, 1<<64 - 1} {
			if _, err := ask(size, i); vc.Code(err) != "status.index" {
				t.Errorf("size %d, entry %d: got %v, want status.index", size, i, err)
			}
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 50 {
		for _, size := range []int{3, 5} {
			if _, err := ask(size, 7); err != nil {
				t.Fatal(err)
			}
		}
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("got %d bytes allocated for 100 questions", n)
	}
}

// TestRollbackAfterEviction pushes a list out of the cache by another, and then shows the list from before the revocation.
func TestRollbackAfterEviction(t *testing.T) {
	s := newScene(t)
	s.opt.MaxLists = 1
	const second = "https://lists.example/2"
	signedAt := func(at time.Time, uri string, data ...byte) status.Document {
		return status.Document{MediaType: "application/statuslist+jwt", Bytes: s.token(func(l *status.TokenList) {
			l.URI, l.IssuedAt, l.Bits = uri, at, bits(t, lsb, 1, data...)
		})}
	}
	s.docs[second] = signedAt(now.Add(-time.Hour), second, 0)
	s.docs[listURI] = signedAt(now.Add(-time.Minute), listURI, 1)
	ask := func(uri string) (vc.StatusEntry, error) {
		return s.ask(vc.StatusQuery{Reference: vc.StatusReference{Mechanism: vc.TokenStatusList, URI: uri}})
	}
	for range 2 {
		if e, err := ask(listURI); err != nil || e.Meaning != vc.StatusRevoked {
			t.Fatalf("got %v, %v", e.Meaning, err)
		}
		if e, err := ask(second); err != nil || e.Meaning != vc.StatusValid || len(s.lists.Held()) != 1 {
			t.Fatalf("got %v, %v", e.Meaning, err)
		}
	}
	newest := s.docs[listURI]
	s.docs[listURI] = signedAt(now.Add(-2*time.Minute), listURI, 0)
	if _, err := ask(listURI); vc.Code(err) != "status.list.stale" {
		t.Errorf("got %v for the older list, want status.list.stale", err)
	}
	if err := s.lists.Add(t.Context(), status.Preloaded{Issuer: authority.String(), URI: listURI, Document: s.docs[listURI], Obtained: s.now}); vc.Code(err) != "status.list.stale" {
		t.Errorf("adding the older list: got %v, want status.list.stale", err)
	}
	// The newest is welcome again.
	s.docs[listURI], s.now = newest, s.now.Add(time.Hour)
	if e, err := ask(listURI); err != nil || e.Meaning != vc.StatusRevoked {
		t.Errorf("got %v, %v", e.Meaning, err)
	}
}
