package evmledger

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// contractWorld is a contract on a simulated chain.
type contractWorld struct {
	*simChain
	finality Finality
	at       Deployment
}

func newContractWorld(t *testing.T, operator bool) *contractWorld {
	w := &contractWorld{simChain: newSimChain(t), finality: Confirmations(0)}
	sender := NewSender(w.chain(t, w.finality), NewKeySigner(w.key), nil)
	var who common.Address
	if operator {
		who = sender.Address()
	}
	var err error
	if w.at, err = Deploy(t.Context(), sender, Direct, who); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *contractWorld) sender(t *testing.T) *Sender {
	return NewSender(w.chain(t, w.finality), NewKeySigner(w.key), nil)
}

// stranger returns another account with some ether.
func (w *contractWorld) stranger(t *testing.T) *Sender {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	w.give(t, crypto.PubkeyToAddress(key.PublicKey), w.key)
	return NewSender(w.chain(t, w.finality), NewKeySigner(key), nil)
}

func (w *contractWorld) give(t *testing.T, to common.Address, key *ecdsa.PrivateKey) {
	t.Helper()
	nonce, err := w.sender(t).next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tx, err := types.SignNewTx(key, types.LatestSignerForChainID(big.NewInt(1337)), &types.LegacyTx{
		Nonce: nonce, GasPrice: big.NewInt(1e10), Gas: 21000, To: &to, Value: big.NewInt(1e18),
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := tx.MarshalBinary()
	if err := w.CallContext(t.Context(), new(common.Hash), "eth_sendRawTransaction", hexutil.Bytes(raw)); err != nil {
		t.Fatal(err)
	}
}

func (w *contractWorld) open(t *testing.T, s *Sender, opt *Options) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), w.chain(t, w.finality), w.at, ledgertest.Reducer{}, s, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// put writes records to the contract, whatever they are.
func (w *contractWorld) put(t *testing.T, s *Sender, records ...record) {
	t.Helper()
	var batch []byte
	for _, r := range records {
		batch = appendRecord(batch, r)
	}
	if _, err := s.Send(t.Context(), &w.at.Address, appendCall(batch)); err != nil {
		t.Fatal(err)
	}
}

func extend(tb testing.TB, l *Ledger, key, payload string) ledger.Entry {
	tb.Helper()
	state, seq, err := l.State(tb.Context(), key)
	if err != nil {
		tb.Fatal(err)
	}
	e, err := l.Append(tb.Context(), key, seq, ledgertest.Op(state, payload))
	if err != nil {
		tb.Fatalf("Append(%s, %d): %v", key, seq, err)
	}
	return e
}

// all writes the entries of l, one a line.
func all(tb testing.TB, l *Ledger) string {
	tb.Helper()
	var out strings.Builder
	for e, err := range l.Follow(tb.Context(), 0) {
		if err != nil {
			tb.Fatal(err)
		}
		fmt.Fprintf(&out, "%d %s %d %s %d\n", e.Anchor.Index, e.Key, e.Seq, e.Op, e.Anchor.Time.Unix())
	}
	return out.String()
}

// within is a context that a test does not wait for longer than it has to.
func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// TestStrangers: in a contract to which everybody writes, what the reducer refuses takes no index, no seq and no name,
// whether it comes before, between or after what counts.
func TestStrangers(t *testing.T) {
	w := newContractWorld(t, false)
	mallory := w.stranger(t)
	w.put(t, mallory,
		record{"key", 0, []byte("garbage")}, record{"key", 1, []byte("new|refuse this")},
		record{"UPPER CASE", 0, []byte("new|x")}, record{"", 0, []byte("new|x")}, record{strings.Repeat("k", 97), 0, []byte("new|x")},
		record{"empty", 0, nil}, record{"large", 0, make([]byte, ledger.MaxOpSize+1)}, record{"huge", 0, []byte("new|huge")})
	l := w.open(t, w.sender(t), nil)
	if got := all(t, l); got != "" {
		t.Fatalf("entries before anything valid:\n%s", got)
	}
	if e := extend(t, l, "key", "first"); e.Seq != 0 || e.Anchor.Index != 0 {
		t.Errorf("first entry: seq %d, index %d", e.Seq, e.Anchor.Index)
	}
	w.put(t, mallory, record{"key", anySeq, []byte("garbage")}, record{"empty", anySeq, []byte("new|now valid")})
	if err := l.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := extend(t, l, "key", "second"); e.Seq != 1 || e.Anchor.Index != 2 {
		t.Errorf("second entry: seq %d, index %d", e.Seq, e.Anchor.Index)
	}
	again := w.open(t, nil, nil)
	if got, want := all(t, again), all(t, l); got != want || strings.Count(got, "\n") != 3 {
		t.Errorf("read again:\n%swant\n%s", got, want)
	}
}

// TestOvertaken: a stranger whose garbage comes to stand just before ours each time delays an append, but not one that is
// Linked.
func TestOvertaken(t *testing.T) {
	for _, linked := range []bool{false, true} {
		w := newContractWorld(t, false)
		mallory := w.stranger(t)
		l := w.open(t, w.sender(t), &Options{Linked: linked})
		extend(t, l, "key", "first")
		sent, overtaken := 0, 0
		w.answer(func(method string, args []any, _ any) (bool, error) {
			if method == "eth_sendRawTransaction" {
				tx := new(types.Transaction)
				if tx.UnmarshalBinary(args[0].(hexutil.Bytes)) == nil && len(tx.Data()) > 0 {
					from, _ := types.Sender(types.LatestSignerForChainID(big.NewInt(1337)), tx)
					if from == mallory.Address() {
						return false, nil
					}
					if sent++; overtaken < 3 {
						overtaken++
						w.put(t, mallory, record{"key", anySeq, []byte("garbage")})
					}
				}
			}
			return false, nil
		})
		if e := extend(t, l, "key", "second"); e.Seq != 1 || e.Anchor.Index != 1 {
			t.Errorf("linked %v: seq %d, index %d", linked, e.Seq, e.Anchor.Index)
		}
		if want := map[bool]int{false: 4, true: 1}[linked]; sent != want {
			t.Errorf("linked %v: %d transactions, want %d", linked, sent, want)
		}
	}
}

// TestTwoLedgers: two processes with accounts of their own write to one contract. Of two operations for one place one
// wins, the other is told which, and both have one history.
func TestTwoLedgers(t *testing.T) {
	w := newContractWorld(t, false)
	ledgers := []*Ledger{w.open(t, w.sender(t), nil), w.open(t, w.stranger(t), &Options{Linked: true})}
	for round := range 10 {
		var state []byte
		for _, l := range ledgers {
			if err := l.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			state, _, _ = l.State(t.Context(), "key")
		}
		var wg sync.WaitGroup
		var won [2]bool
		var stands [2]ledger.Entry
		for i, l := range ledgers {
			wg.Go(func() {
				payload := fmt.Sprint("of ", i)
				if round%5 == 4 {
					payload = "the same"
				}
				e, err := l.Append(t.Context(), "key", uint64(round), ledgertest.Op(state, payload))
				var conflict *ledger.ConflictError
				switch {
				case err == nil:
					won[i], stands[i] = true, e
				case errors.As(err, &conflict):
					stands[i] = conflict.Entry
				default:
					t.Errorf("round %d, ledger %d: %v", round, i, err)
				}
			})
		}
		wg.Wait()
		if round%5 != 4 && won[0] == won[1] || round%5 == 4 && !(won[0] && won[1]) {
			t.Errorf("round %d: won %v", round, won)
		}
		if string(stands[0].Op) != string(stands[1].Op) {
			t.Errorf("round %d: %q and %q stand", round, stands[0].Op, stands[1].Op)
		}
	}
	if a, b := all(t, ledgers[0]), all(t, ledgers[1]); a != b {
		t.Errorf("two histories:\n%s\n%s", a, b)
	}
}

// TestOpenRefuses: what would let everything in, or write in vain, is not opened.
func TestOpenRefuses(t *testing.T) {
	mine, open := newContractWorld(t, true), newContractWorld(t, false)
	dir := t.TempDir()
	first := mine.open(t, nil, &Options{Directory: dir})
	for name, test := range map[string]struct {
		w       *contractWorld
		at      Deployment
		reducer ledger.Reducer
		sender  *Sender
		opt     *Options
		want    error
	}{
		"no reducer, no operator": {open, open.at, nil, nil, nil, nil},
		"linked without reducer":  {mine, mine.at, nil, nil, &Options{Linked: true}, nil},
		"not the operator":        {mine, mine.at, ledgertest.Reducer{}, mine.stranger(t), nil, nil},
		"no contract":             {mine, Deployment{Address: common.Address{1}}, ledgertest.Reducer{}, nil, nil, nil},
		"directory in use":        {mine, mine.at, ledgertest.Reducer{}, nil, &Options{Directory: dir}, ledger.ErrLocked},
	} {
		l, err := Open(t.Context(), test.w.chain(t, Confirmations(0)), test.at, test.reducer, test.sender, test.opt)
		if err == nil {
			l.Close()
			t.Errorf("%s: opened", name)
		}
		if test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: got error %v, want %v", name, err, test.want)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err := Open(t.Context(), open.chain(t, Confirmations(0)), open.at, ledgertest.Reducer{}, nil, &Options{Directory: dir}); err == nil {
		l.Close()
		t.Error("a directory of another contract: opened")
	}
	// Without a reducer, the operator's contract counts everything.
	l, err := Open(t.Context(), mine.chain(t, Confirmations(0)), mine.at, nil, mine.sender(t), &Options{Directory: filepath.Join(dir, "bare")})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if e, err := l.Append(t.Context(), "key", 0, []byte("anything")); err != nil || string(e.Op) != "anything" {
		t.Errorf("%q, %v", e.Op, err)
	}
}

func TestReadOnly(t *testing.T) {
	w := newContractWorld(t, true)
	writer, reader := w.open(t, w.sender(t), nil), w.open(t, nil, nil)
	e := extend(t, writer, "key", "x")
	if err := reader.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := reader.Append(t.Context(), "key", 0, e.Op); err != nil || string(got.Op) != string(e.Op) {
		t.Errorf("what stands: %q, %v", got.Op, err)
	}
	if _, err := reader.Append(t.Context(), "key", 1, []byte("x")); !errors.Is(err, ErrReadOnly) {
		t.Errorf("got error %v, want ErrReadOnly", err)
	}
	if all(t, reader) != all(t, writer) || reader.Origin() != Origin(1337, w.at.Address) || reader.Read() < w.at.Block {
		t.Error("the reader has another ledger")
	}
}

// dueReducer refuses what comes after a time, and panics at what it is told to.
type dueReducer struct{ due time.Time }

var errDue = errors.New("too late")

func (r dueReducer) Reduce(_ string, _, op []byte, at ledger.Anchor) (ledger.Reduced, error) {
	if string(op) == "panic" {
		panic("as it asks for")
	}
	if at.Time.After(r.due) {
		return ledger.Reduced{}, errDue
	}
	return ledger.Reduced{State: op}, nil
}

// TestLateRefusal: an operation that was good when it was sent, and not at the time of its block, is invalid and does not
// count; nor does one at which the reducer panics, and neither stops the reading.
func TestLateRefusal(t *testing.T) {
	w := newContractWorld(t, false)
	sent := time.Now().Add(-time.Hour)
	reducer := dueReducer{due: sent}
	l, err := Open(t.Context(), w.chain(t, Confirmations(0)), w.at, reducer, w.sender(t), &Options{Clock: func() time.Time { return sent }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Append(within(t, 5*time.Minute), "key", 0, []byte("x")); !errors.Is(err, ledger.ErrInvalid) || !errors.Is(err, errDue) {
		t.Errorf("got error %v, want ErrInvalid and the reducer's", err)
	}
	if _, err := l.Append(within(t, 5*time.Minute), "key", 0, []byte("panic")); !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("got error %v, want ErrInvalid", err)
	}
	w.put(t, w.sender(t), record{"other", 0, []byte("panic")})
	if err := l.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := all(t, l); got != "" {
		t.Errorf("entries:\n%s", got)
	}
}

// TestSplit: a batch that needs more gas than a transaction gets is sent in parts.
func TestSplit(t *testing.T) {
	w := newContractWorld(t, true)
	l := w.open(t, w.sender(t), nil)
	w.answer(func(method string, args []any, _ any) (bool, error) {
		if method == "eth_estimateGas" && len(args[0].(map[string]any)["data"].(hexutil.Bytes)) > 500 {
			return true, nodeError{-32000, "gas required exceeds allowance (30000000)"}
		}
		return false, nil
	})
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			if _, err := l.Append(within(t, 5*time.Minute), fmt.Sprint("key-", i), 0, ledgertest.Op(nil, "x")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := strings.Count(all(t, l), "\n"); got != 40 {
		t.Errorf("%d entries", got)
	}
	if _, err := l.Append(within(t, 5*time.Minute), "large", 0, ledgertest.Op(nil, strings.Repeat("x", 600))); !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("one that is too large alone: got error %v, want ErrUnavailable", err)
	}
}

// TestNoBlocks: an append that does not get into a block in time is unavailable; when it comes to stand after all, the
// same append again finds it. Close ends those that wait.
func TestNoBlocks(t *testing.T) {
	w := newContractWorld(t, true)
	l := w.open(t, w.sender(t), &Options{Timeout: 50 * time.Millisecond})
	w.manual.Store(true)
	var sent atomic.Bool
	w.answer(func(method string, _ []any, _ any) (bool, error) {
		if method == "eth_sendRawTransaction" {
			sent.Store(true)
		}
		return false, nil
	})
	op := ledgertest.Op(nil, "x")
	for !sent.Load() { // the time may be too short even for that
		if _, err := l.Append(t.Context(), "key", 0, op); !errors.Is(err, ledger.ErrUnavailable) {
			t.Fatalf("got error %v, want ErrUnavailable", err)
		}
	}
	w.Commit()
	if err := l.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e, err := l.Append(t.Context(), "key", 0, op); err != nil || e.Seq != 0 {
		t.Errorf("again: %v", err)
	}
	patient := w.open(t, w.sender(t), nil)
	closed := make(chan error)
	go func() {
		_, err := patient.Append(context.Background(), "other", 0, op)
		closed <- err
	}()
	for n := 0; n == 0; time.Sleep(time.Millisecond) {
		patient.mu.Lock()
		n = len(patient.sending)
		patient.mu.Unlock()
	}
	if err := patient.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-closed; !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("got error %v, want ErrClosed", err)
	}
}
