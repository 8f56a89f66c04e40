package cometledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	ctypes "github.com/cometbft/cometbft/rpc/core/types"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// A load appends from many goroutines, each to keys of its own, until it is stopped, and keeps what was acknowledged.
type load struct {
	tb     testing.TB
	client *Client
	stop   atomic.Bool
	wg     sync.WaitGroup

	mu    sync.Mutex
	acked []ledger.Entry
}

const loaders = 16

func startLoad(tb testing.TB, name string, endpoints []string) *load {
	tb.Helper()
	c, err := Dial(tb.Context(), endpoints, &ClientOptions{Patience: 2 * time.Minute, Timeout: 3 * time.Second})
	if err != nil {
		tb.Fatal(err)
	}
	c.resend = time.Second
	l := &load{tb: tb, client: c}
	for i := range loaders {
		l.wg.Go(func() {
			for n := 0; !l.stop.Load(); n++ {
				key := fmt.Sprintf("%s-%d-%d", name, i, n/4)
				state, seq, err := c.State(tb.Context(), key)
				if err != nil {
					tb.Errorf("State(%s): %v", key, err)
					return
				}
				e, err := c.Append(tb.Context(), key, seq, ledgertest.Op(state, fmt.Sprint(n)))
				if err != nil {
					tb.Errorf("Append(%s, %d): %v", key, seq, err)
					return
				}
				l.mu.Lock()
				l.acked = append(l.acked, e)
				l.mu.Unlock()
			}
		})
	}
	tb.Cleanup(func() { l.end() })
	return l
}

func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acked)
}

// more waits until n more appends are acknowledged.
func (l *load) more(n int) {
	l.tb.Helper()
	from := l.count()
	eventually(l.tb, fmt.Sprint(n, " more appends"), func() bool { return l.tb.Failed() || l.count() >= from+n })
}

// end stops the load and returns what was acknowledged.
func (l *load) end() []ledger.Entry {
	l.stop.Store(true)
	l.wg.Wait()
	l.client.Close()
	return l.acked
}

// feed returns all that a node has, of at least so many entries.
func feed(tb testing.TB, rpc string, atLeast int) []ledger.Entry {
	tb.Helper()
	c, err := Dial(tb.Context(), []string{rpc}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close()
	var all []ledger.Entry
	eventually(tb, fmt.Sprintf("%d entries on %s", atLeast, rpc), func() bool {
		for e, err := range c.Follow(tb.Context(), uint64(len(all))) {
			if err != nil {
				tb.Fatal(err)
			}
			all = append(all, e)
		}
		return len(all) >= atLeast
	})
	return all
}

// oneHistory checks that all the nodes have one history, that everything acknowledged is in it once, and nothing of
// which nobody asked.
func oneHistory(tb testing.TB, rpcs []string, acked ...[]ledger.Entry) []ledger.Entry {
	tb.Helper()
	total := uint64(0)
	for _, list := range acked {
		for _, e := range list {
			total = max(total, e.Anchor.Index+1)
		}
	}
	same := func(a, b ledger.Entry) bool {
		return a.Key == b.Key && a.Seq == b.Seq && string(a.Op) == string(b.Op) && a.Anchor == b.Anchor
	}
	var first []ledger.Entry
	for i, rpc := range rpcs {
		all := feed(tb, rpc, int(total))
		if i == 0 {
			first = all
		}
		n := min(len(first), len(all))
		if !slices.EqualFunc(first[:n], all[:n], same) {
			tb.Fatalf("nodes %s and %s have different histories", rpcs[0], rpc)
		}
	}
	for _, list := range acked {
		for _, e := range list {
			if !same(first[e.Anchor.Index], e) {
				tb.Fatalf("acknowledged: %s %d at %v; there stands %s %d", e.Key, e.Seq, e.Anchor, first[e.Anchor.Index].Key, first[e.Anchor.Index].Seq)
			}
		}
	}
	places := make(map[place]bool)
	for _, e := range first {
		at := place{Key: e.Key, Seq: e.Seq}
		if places[at] {
			tb.Fatalf("two entries at %s %d", e.Key, e.Seq)
		}
		places[at] = true
	}
	return first
}

// heights returns the height of the last block of each node.
func heights(tb testing.TB, rpcs ...string) []int64 {
	tb.Helper()
	var list []int64
	for _, rpc := range rpcs {
		c, err := Dial(tb.Context(), []string{rpc}, nil)
		if err != nil {
			tb.Fatal(err)
		}
		var a lastAnswer
		if err := c.query(tb.Context(), "last", pathLast, nil, &a, func() int64 { return a.Height }); err != nil {
			tb.Fatal(err)
		}
		c.Close()
		list = append(list, a.Height)
	}
	return list
}

// headerHash returns the hash of a block's header by the word of a node, in hexadecimal.
func headerHash(tb testing.TB, rpc string, height int64) string {
	tb.Helper()
	c, err := Dial(tb.Context(), []string{rpc}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close()
	var commit ctypes.ResultCommit
	if err := c.typed(tb.Context(), c.endpoints[0], "commit", map[string]any{"height": fmt.Sprint(height)}, &commit); err != nil {
		tb.Fatal(err)
	}
	return commit.Hash().String()
}

// TestKillOne: one of four validators is killed under load. Nothing stops, nothing is lost, and it catches up.
func TestKillOne(t *testing.T) {
	engines(t)
	n := newNetwork(t, 4, "kit", nil)
	n.startAll(t)
	// The client begins with the validator that is going to be killed.
	l := startLoad(t, "load", n.rpcs(3, 0, 1, 2))
	l.more(100)
	for range 2 {
		n.validators[3].proc.kill()
		l.more(200)
		n.validators[3].mustStart(t)
		l.more(100)
	}
	oneHistory(t, n.rpcs(0, 1, 2, 3), l.end())
}

// TestKillTwo: with two of four gone nothing is appended, and nothing is claimed to be. When one is back, it goes on.
func TestKillTwo(t *testing.T) {
	engines(t)
	n := newNetwork(t, 4, "kit", nil)
	n.startAll(t)
	l := startLoad(t, "before", n.rpcs(0, 1, 2, 3))
	l.more(100)
	acked := l.end()
	n.validators[2].proc.kill()
	n.validators[3].proc.kill()

	// At most what the four had decided already comes to stand yet.
	quiet := int64(0)
	for at := heights(t, n.rpcs(0, 1)...); ; {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		<-ctx.Done() // longer than an empty block takes
		cancel()
		if next := heights(t, n.rpcs(0, 1)...); slices.Equal(at, next) {
			quiet = at[0]
			break
		} else {
			at = next
		}
	}
	c, err := Dial(t.Context(), n.rpcs(0, 1), &ClientOptions{Patience: 4 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.resend = time.Second
	op := ledgertest.Op(nil, "while two are gone")
	_, err = c.Append(t.Context(), "key", 0, op)
	if !errors.Is(err, ledger.ErrUnavailable) || errors.Is(err, ledger.ErrConflict) || errors.Is(err, ledger.ErrInvalid) {
		t.Fatalf("Append with two of four: %v, want ErrUnavailable", err)
	}
	if state, seq, err := c.State(t.Context(), "key"); state != nil || seq != 0 || err != nil {
		t.Fatalf("State: %q, %d, %v", state, seq, err)
	}
	for _, h := range heights(t, n.rpcs(0, 1)...) {
		if h > quiet+1 {
			t.Fatalf("height %d with two of four validators, and it was %d", h, quiet)
		}
	}

	n.validators[2].mustStart(t)
	c.patience.Store(int64(2 * time.Minute))
	e, err := c.Append(t.Context(), "key", 0, op) // again, as the error says
	if err != nil {
		t.Fatalf("Append with three of four: %v", err)
	}
	l = startLoad(t, "after", n.rpcs(2, 0, 1))
	l.more(100)
	n.validators[3].mustStart(t)
	all := oneHistory(t, n.rpcs(0, 1, 2, 3), acked, []ledger.Entry{e}, l.end())
	if i := slices.IndexFunc(all, func(o ledger.Entry) bool { return o.Key == "key" && o.Anchor != e.Anchor }); i >= 0 {
		t.Errorf("what was sent twice stands twice")
	}
}

// TestCorrupted: a validator whose state is damaged says so and does not take part, and comes back by a snapshot of the others.
func TestCorrupted(t *testing.T) {
	engines(t)
	n := newNetwork(t, 4, "kit", func(_ int, c *childConfig) { c.Snapshots, c.Check = 5, true })
	n.startAll(t)
	l := startLoad(t, "before", n.rpcs(0, 1, 2, 3))
	l.more(200)
	v := n.validators[3]
	v.proc.kill()
	l.more(100)

	dir, good := ledgerDir(v.config.Home), filepath.Join(t.TempDir(), "good")
	if err := os.CopyFS(good, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	restore := func() {
		if err := errors.Join(os.RemoveAll(dir), os.CopyFS(dir, os.DirFS(good))); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range largest(t, good) {
		b := read(t, filepath.Join(good, file))
		for i := range 16 {
			b[len(b)/3+i] ^= 0xff
		}
		if err := os.WriteFile(filepath.Join(dir, file), b, 0o600); err != nil {
			t.Fatal(err)
		}
		switch err := v.start(t); {
		case err == nil && filepath.Dir(file) == "map": // computed again from the ledger
			v.proc.kill()
		case err == nil:
			t.Errorf("the validator took part with a damaged %s", file)
			v.proc.kill()
		case !strings.Contains(err.Error(), "corrupt"):
			t.Errorf("a damaged %s is not called corrupt: %v", file, err)
		}
		restore()
	}

	// What is left is thrown away, and a snapshot of the others taken, which the header of a block that the operator trusts vouches for.
	if err := Reset(v.config.Home); err != nil {
		t.Fatal(err)
	}
	l.more(100)
	at := heights(t, n.rpcs(0)...)[0] - 1
	v.config.StateSync = &StateSync{Servers: n.rpcs(0, 1), Height: max(at-10, 1), Hash: headerHash(t, n.rpcs(0)[0], max(at-10, 1))}
	v.mustStart(t)
	l.more(100)
	acked := l.end()
	oneHistory(t, n.rpcs(0, 1, 2, 3), acked)

	c, err := Dial(t.Context(), n.rpcs(3), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var status struct {
		Sync struct {
			Earliest string `json:"earliest_block_height"`
		} `json:"sync_info"`
	}
	var raw json.RawMessage
	if err := c.request(t.Context(), c.endpoints[0], "status", map[string]any{}, &raw); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &status); err != nil || status.Sync.Earliest == "1" || status.Sync.Earliest == "0" {
		t.Errorf("the validator began with block %q, %v: that was no state sync", status.Sync.Earliest, err)
	}
	trust := trustOf(t, v.config.Home)
	b, err := c.Prove(t.Context(), acked[0].Key, uint64(len(acked)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trust.VerifyHead(acked[0].Key, b, time.Now()); err != nil {
		t.Errorf("a proof of the validator that came back: %v", err)
	}
}

// largest returns the largest file of each directory below dir, relative to it: where the ledger and the map are.
func largest(tb testing.TB, dir string) []string {
	tb.Helper()
	sizes, names := make(map[string]int64), make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if in := filepath.Dir(path); info.Size() > max(sizes[in], 1000) {
			sizes[in] = info.Size()
			names[in], err = filepath.Rel(dir, path)
		}
		return err
	})
	if err != nil || len(names) == 0 {
		tb.Fatalf("%d files in %s: %v", len(names), dir, err)
	}
	return slices.Sorted(maps.Values(names))
}

// TestByzantineProposer: a validator that proposes what must not stand is outvoted each time, and its client is not even held up for long.
func TestByzantineProposer(t *testing.T) {
	engines(t)
	report := filepath.Join(t.TempDir(), "report")
	n := newNetwork(t, 4, "kit", func(i int, c *childConfig) {
		if i == 1 {
			c.Behavior = "byzantine:" + report
		}
	})
	n.startAll(t)
	l := startLoad(t, "load", n.rpcs(0, 1, 2, 3))
	proposals := func() int { b, _ := os.ReadFile(report); return strings.Count(string(b), "proposal") }
	eventually(t, "byzantine proposals", func() bool { return t.Failed() || proposals() >= 8 })
	l.more(50)
	made := proposals()
	for _, e := range oneHistory(t, n.rpcs(0, 1, 2, 3), l.end()) {
		if e.Key == byzantineKey {
			t.Fatalf("of %d byzantine proposals, one stands: %v", made, e)
		}
	}
	select {
	case <-n.validators[1].proc.exited:
		t.Errorf("the byzantine validator ended: %v: %s", n.validators[1].proc.err, n.validators[1].proc.stderr)
	default:
	}
}

// TestPartition: the greater part of a network that falls apart goes on, the lesser part waits, and afterwards there is one history. Two halves
// both wait.
func TestPartition(t *testing.T) {
	engines(t)
	n := newNetwork(t, 4, "kit", nil)
	n.startAll(t)
	l := startLoad(t, "load", n.rpcs(0, 1, 2))
	l.more(100)
	n.split(3)
	l.more(300)
	c, err := Dial(t.Context(), n.rpcs(3), &ClientOptions{Patience: 3 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	lonely := ledgertest.Op(nil, "of the lesser part")
	if _, err := c.Append(t.Context(), "lonely", 0, lonely); !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("Append to one of four: %v, want ErrUnavailable", err)
	}
	n.heal()
	c.patience.Store(int64(2 * time.Minute))
	e, err := c.Append(t.Context(), "lonely", 0, lonely)
	if err != nil {
		t.Errorf("Append after it has healed: %v", err)
	}
	acked := l.end()
	oneHistory(t, n.rpcs(0, 1, 2, 3), acked, []ledger.Entry{e})

	n.split(0, 1)
	for i, rpc := range n.rpcs(0, 2) {
		half, err := Dial(t.Context(), []string{rpc}, &ClientOptions{Patience: 3 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer half.Close()
		if _, err := half.Append(t.Context(), fmt.Sprint("half-", i), 0, lonely); !errors.Is(err, ledger.ErrUnavailable) {
			t.Errorf("Append to a half: %v, want ErrUnavailable", err)
		}
	}
	n.heal()
	l = startLoad(t, "healed", n.rpcs(0, 2))
	l.more(100)
	oneHistory(t, n.rpcs(3, 2, 1, 0), acked, []ledger.Entry{e}, l.end())
}
