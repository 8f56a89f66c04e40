package realdid_test

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
)

// counted counts the entries that are read of a ledger.
type counted struct {
	ledger.Ledger
	mu   sync.Mutex
	read int
}

func (c *counted) History(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for e, err := range c.Ledger.History(ctx, key, from) {
			c.mu.Lock()
			c.read++
			c.mu.Unlock()
			if !yield(e, err) {
				return
			}
		}
	}
}

func (c *counted) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.read
	c.read = 0
	return n
}

// TestKeptHistories: a method that keeps what it has checked answers like one that does not, at every moment of a life with a
// recovery, and reads what is new.
func TestKeptHistories(t *testing.T) {
	w := newWorld(t)
	lg := &counted{Ledger: w.lg}
	keeping := must(realdid.New(lg, &realdid.Options{Clock: func() time.Time { return w.now }, KeepBytes: 1 << 20}))(t)
	entries := 0
	var id did.DID
	same := func(what string, isNew int) {
		t.Helper()
		entries += isNew
		for again, want := range []int{isNew, 0} {
			for _, opt := range []*did.ResolveOptions{nil, {VersionTime: w.now.Add(-time.Hour)}} {
				a, errA := w.m.Resolve(t.Context(), id, opt)
				b, errB := keeping.Resolve(t.Context(), id, opt)
				if !reflect.DeepEqual(a, b) || (errA == nil) != (errB == nil) {
					t.Errorf("%s, %+v: got %+v (%v), want %+v (%v)", what, opt, b, errB, a, errA)
				}
				if opt != nil {
					want = entries // a version of the past is looked for from the beginning
				}
				if got := lg.count(); got != want {
					t.Errorf("%s, time %d, %+v: read %d entries, want %d", what, again, opt, got, want)
				}
			}
		}
		a := must(w.m.Prove(t.Context(), id, nil))(t)
		if b := must(keeping.Prove(t.Context(), id, nil))(t); string(a) != string(b) {
			t.Errorf("%s: got another bundle", what)
		}
		lg.count()
		a2, b2 := must(w.m.History(t.Context(), id))(t), must(keeping.History(t.Context(), id))(t)
		if len(a2) != len(b2) || lg.count() != len(b2) {
			t.Errorf("%s: History has %d entries, want %d, all read", what, len(b2), len(a2))
		}
		for i := range b2 {
			clear(b2[i].Entry.Op) // they are the caller's
		}
	}
	id = fixedLife(t, w)
	same("after four operations", 4)
	r := must(w.m.Recover(t.Context(), id, &realdid.RecoverRequest{
		Reveal: []realdid.RecoveryKey{backup(10)}, Control: realdid.OneKey(ed(20).Public()), Next: commit(ed(21)), Document: authKey("auth-9", 9),
	}, ed(10), ed(20)))(t)
	same("with a recovery pending", 1)
	p, _ := r.State.Pending()
	w.now = p.Effective
	same("once it took effect", 0)
	must(w.m.Anchor(t.Context(), id, realdid.Digest{9}, ed(20)))(t)
	same("after it", 1)
	w.now = w.now.Add(-24 * time.Hour) // no answer of the future is kept
	if st := must(keeping.State(t.Context(), id))(t); !reflect.DeepEqual(st, must(w.m.State(t.Context(), id))(t)) {
		t.Error("another state when the clock has gone back")
	}
}

// TestKeptHistoriesAreBounded: more identities than there is room for, asked by several at once while histories grow.
func TestKeptHistoriesAreBounded(t *testing.T) {
	w := newWorld(t)
	lg := &counted{Ledger: w.lg}
	const room, people = 4, 40
	keeping := must(realdid.New(lg, &realdid.Options{Clock: func() time.Time { return w.now }, KeepBytes: 2 * room * 8192}))(t)
	var ids []did.DID
	for i := range people {
		p := rawCreate('q')
		p[memberSalt] = fmt.Appendf(nil, "%016d", i)
		ids = append(ids, must(w.m.Submit(t.Context(), mustParse(t, seal(t, p, ed(0)))))(t).DID)
	}
	for _, id := range ids {
		must(keeping.Resolve(t.Context(), id, nil))(t)
	}
	lg.count()
	for _, id := range ids {
		must(keeping.Resolve(t.Context(), id, nil))(t)
	}
	if got := lg.count(); got < people-4*room {
		t.Errorf("read %d entries of %d again: more is kept than there is room for", got, people)
	}
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 60 {
				id := ids[i%3]
				if g == 0 && i%7 == 0 {
					if _, err := w.m.Anchor(t.Context(), id, realdid.Digest{byte(i)}, ed(0)); err != nil {
						t.Error(err)
					}
				}
				if _, err := keeping.Resolve(t.Context(), id, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, id := range ids[:3] {
		a, b := must(w.m.State(t.Context(), id))(t), must(keeping.State(t.Context(), id))(t)
		if a.Head() != b.Head() || a.Seq() != b.Seq() {
			t.Errorf("got operation %d, want %d", b.Seq(), a.Seq())
		}
	}
}
