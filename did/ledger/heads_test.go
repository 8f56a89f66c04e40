package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// together is a store that reads heads together, and not in any other way.
type together struct {
	*shared
	calls  atomic.Int64
	most   atomic.Int64 // keys in a call
	broken error
	hang   bool // until the context ends
}

func (s *together) Head(key string) (ledger.Head, error) { panic("Head of a HeadReader") }

func (s *together) Heads(ctx context.Context, keys []string) ([]ledger.Head, error) {
	s.calls.Add(1)
	if n := int64(len(keys)); n > s.most.Load() {
		s.most.Store(n)
	}
	if s.hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	heads := make([]ledger.Head, len(keys))
	for i, key := range keys {
		heads[i], _ = s.shared.Head(key)
	}
	return heads, s.broken
}

func (s *together) sequencer() *ledger.Sequencer {
	return ledger.NewSequencer(s, ledgertest.Reducer{}, nil, 0, time.Time{})
}

// Appends that others outran, and imports, ask for all their keys in one call.
func TestHeadsTogether(t *testing.T) {
	const n = 50
	store := &together{shared: newShared()}
	ours, other := store.sequencer(), store.shared.sequencer()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if _, err := ours.Append(t.Context(), fmt.Sprint("key-", i), 0, ledgertest.Op(nil, "x")); err != nil {
				t.Error(err)
			}
		})
		if i%10 == 0 {
			if _, err := other.Append(t.Context(), fmt.Sprint("other-", i), 0, ledgertest.Op(nil, "x")); err != nil {
				t.Error(err)
			}
		}
	}
	wg.Wait()
	if got := len(store.entries); got != n+n/10 {
		t.Errorf("%d entries, want %d", got, n+n/10)
	}
	at := store.entries[len(store.entries)-1].Anchor
	ours.Moved(at.Index+1, at.Time)
	var entries []ledger.Entry
	for i := range 100 {
		entries = append(entries, ledger.Entry{
			Key: fmt.Sprint("import-", i), Op: ledgertest.Op(nil, "x"), Anchor: ledger.Anchor{Index: at.Index + 1 + uint64(i), Time: at.Time},
		})
	}
	store.calls.Store(0)
	if err := ours.Import(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	if calls, most := store.calls.Load(), store.most.Load(); calls != 1 || most != 100 {
		t.Errorf("an import of 100 keys read heads %d times, at most %d at once; want once, 100", calls, most)
	}
}

// What was read before others appended is read again, together.
func TestHeadsAfterMove(t *testing.T) {
	store := &together{shared: newShared()}
	ours := ledger.NewSequencer(&slow{store}, ledgertest.Reducer{}, nil, 0, time.Time{})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := ours.Append(t.Context(), fmt.Sprint("key-", i), 0, ledgertest.Op(nil, "ours"))
			if taken := i == 7; errors.Is(err, ledger.ErrConflict) != taken || !taken && err != nil {
				t.Errorf("key-%d: got error %v", i, err)
			}
		})
	}
	wg.Wait()
	if len(store.entries) != 20 {
		t.Errorf("%d entries, want 20", len(store.entries))
	}
}

// slow is overtaken when it has waited for twenty to come.
type slow struct{ *together }

func (s *slow) Commit(batch []ledger.Admitted) error {
	if len(s.entries) == 0 {
		for s.calls.Load() < 20 {
			time.Sleep(time.Millisecond)
		}
		if _, err := s.shared.sequencer().Append(context.Background(), "key-7", 0, ledgertest.Op(nil, "theirs")); err != nil {
			return err
		}
	}
	return s.together.Commit(batch)
}

// A store that cannot read is no answer, and one that hangs does not hold up who gives up.
func TestHeadsFail(t *testing.T) {
	store := &together{shared: newShared(), broken: errors.New("broken")}
	s := store.sequencer()
	if _, err := s.Append(t.Context(), "key", 0, ledgertest.Op(nil, "x")); !errors.Is(err, store.broken) {
		t.Errorf("Append: got error %v, want %v", err, store.broken)
	}
	entry := ledger.Entry{Key: "key", Op: ledgertest.Op(nil, "x"), Anchor: ledger.Anchor{Time: time.Unix(1e9, 0)}}
	if err := s.Import(t.Context(), []ledger.Entry{entry}); !errors.Is(err, store.broken) {
		t.Errorf("Import: got error %v, want %v", err, store.broken)
	}
	store.broken, store.hang = nil, true
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := s.Append(ctx, "key", 0, ledgertest.Op(nil, "x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Append: got error %v, want the context's", err)
	}
	store.hang = false
	if _, err := s.Append(t.Context(), "key", 0, ledgertest.Op(nil, "x")); err != nil {
		t.Errorf("the key stays locked: %v", err)
	}
}
