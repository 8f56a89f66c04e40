package evmledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// alterLogs has the node answer eth_getLogs with what change makes of the true answer.
func (w *contractWorld) alterLogs(t *testing.T, change func(logs []types.Log) []types.Log) {
	w.answer(func(method string, args []any, result any) (bool, error) {
		if method != "eth_getLogs" {
			return false, nil
		}
		var logs []types.Log
		if err := w.client.CallContext(context.Background(), &logs, method, args...); err != nil {
			t.Error(err)
		}
		*result.(*[]types.Log) = change(logs)
		return true, nil
	})
}

// quiet has l read the chain only when it is told to.
func quiet(t *testing.T, l *Ledger) {
	l.stop()
	l.running.Wait()
	l.ctx, l.stop = context.WithCancel(t.Context())
}

// TestLyingNode: events that the node changes, leaves out, invents or puts into another order within a key never get into
// the index, and what it says about the chain's blocks and slots has to agree. When it tells the truth again, the reader
// goes on.
func TestLyingNode(t *testing.T) {
	w := newContractWorld(t, false)
	writer := w.open(t, w.sender(t), nil)
	extend(t, writer, "old", "before")
	reader := w.open(t, nil, nil)
	quiet(t, reader)
	before := all(t, reader)
	extend(t, writer, "new", "1")
	extend(t, writer, "new", "2")
	extend(t, writer, "old", "3")
	quiet(t, writer)

	lies := map[string]func(logs []types.Log) []types.Log{
		"another operation": func(l []types.Log) []types.Log { l[1].Data[len(l[1].Data)-32] ^= 1; return l },
		"another time":      func(l []types.Log) []types.Log { l[2].Data[31] ^= 1; return l },
		"another name":      func(l []types.Log) []types.Log { l[0].Data[32*4] ^= 1; return l },
		"another key":       func(l []types.Log) []types.Log { l[1].Topics[1][0] ^= 1; return l },
		"another kind":      func(l []types.Log) []types.Log { l[1].Topics[0] = createdTopic(); return l },
		"first left out":    func(l []types.Log) []types.Log { return l[1:] },
		"middle left out":   func(l []types.Log) []types.Log { return append(l[:1:1], l[2]) },
		"last of key out":   func(l []types.Log) []types.Log { return append(l[:1:1], l[2]) },
		"twice":             func(l []types.Log) []types.Log { return append(l[:2:2], l[1:]...) },
		"out of order":      func(l []types.Log) []types.Log { l[0], l[1] = l[1], l[0]; return l },
		"other contract":    func(l []types.Log) []types.Log { l[1].Address[0] ^= 1; return l },
		"removed":           func(l []types.Log) []types.Log { l[1].Removed = true; return l },
		"other block":       func(l []types.Log) []types.Log { l[2].BlockNumber += 100; return l },
		"invented": func(l []types.Log) []types.Log {
			s := stepLog(step{key: directKey("invented"), name: "invented", first: true, time: 1, op: []byte("new|x")})
			s.Address, s.BlockNumber, s.Index = l[0].Address, l[0].BlockNumber-1, 0
			return append([]types.Log{s}, l...)
		},
		"a step more of an old key": func(l []types.Log) []types.Log {
			s := stepLog(step{key: directKey("old"), time: 1, op: []byte("new|x")})
			s.Address, s.BlockNumber, s.Index = l[2].Address, l[2].BlockNumber, 1000
			return append(l, s)
		},
		"cut": func(l []types.Log) []types.Log { l[0].Data = l[0].Data[:64]; return l },
	}
	for name, lie := range lies {
		w.alterLogs(t, lie)
		if err := reader.Sync(t.Context()); !errors.Is(err, ledger.ErrUnavailable) || errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("%s: got error %v, want ErrUnavailable", name, err)
		}
		if got := all(t, reader); got != before {
			t.Fatalf("%s: the index has\n%s", name, got)
		}
	}
	for name, lie := range map[string]func(method string, result any) (bool, error){
		"another slot": func(method string, result any) (bool, error) {
			if method == "eth_getStorageAt" {
				*result.(*hexutil.Bytes) = make([]byte, 32)
				return true, nil
			}
			return false, nil
		},
		"a slot of 33 bytes": func(method string, result any) (bool, error) {
			if method == "eth_getStorageAt" {
				*result.(*hexutil.Bytes) = make([]byte, 33)
				return true, nil
			}
			return false, nil
		},
		"no slots": func(method string, _ any) (bool, error) {
			return method == "eth_getStorageAt", nodeError{-32000, "missing trie node"}
		},
		"no such block": func(method string, _ any) (bool, error) { return method == "eth_getBlockByNumber", nil },
		"no events":     func(method string, _ any) (bool, error) { return method == "eth_getLogs", nodeError{-32000, "limit"} },
		"behind": func(method string, result any) (bool, error) {
			if method == "eth_blockNumber" {
				*result.(*hexutil.Uint64) = hexutil.Uint64(w.at.Block)
				return true, nil
			}
			return false, nil
		},
	} {
		w.answer(func(method string, _ []any, result any) (bool, error) { return lie(method, result) })
		reader.span = reader.opt.Range // as if no node had refused before
		if err := reader.Sync(t.Context()); !errors.Is(err, ledger.ErrUnavailable) {
			t.Errorf("%s: got error %v, want ErrUnavailable", name, err)
		}
		if got := all(t, reader); got != before {
			t.Fatalf("%s: the index has\n%s", name, got)
		}
	}
	w.answer(nil)
	if err := reader.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := all(t, reader), all(t, writer); got != want {
		t.Errorf("in the end\n%swant\n%s", got, want)
	}
}

// TestCatchUp: a long chain is read in pieces, smaller ones if the node wants that, with the same result; and a node that
// leaves out an early event, for which it has no old slots, is found out at the end.
func TestCatchUp(t *testing.T) {
	w := newContractWorld(t, false)
	writer := w.open(t, w.sender(t), nil)
	for i := range 30 {
		extend(t, writer, fmt.Sprint("key-", i%7), fmt.Sprint(i))
		if i%3 == 0 {
			w.put(t, w.sender(t), record{fmt.Sprint("garbage-", i), 0, []byte("garbage")})
		}
		if i%5 == 0 {
			w.Commit()
		}
	}
	want := all(t, writer)
	quiet(t, writer)
	from := func(args []any, key string) uint64 {
		n, err := hexutil.DecodeUint64(args[0].(map[string]any)[key].(string))
		if err != nil {
			t.Error(err)
		}
		return n
	}
	for _, span := range []uint64{1, 2, 7, 1000} {
		for _, limit := range []uint64{1, 4, 5000} {
			w.answer(func(method string, args []any, _ any) (bool, error) {
				if method == "eth_getLogs" && from(args, "toBlock")-from(args, "fromBlock")+1 > limit {
					return true, nodeError{-32005, "query returned more than 10000 results"}
				}
				return false, nil
			})
			for _, dir := range []string{"", t.TempDir()} {
				l := w.open(t, nil, &Options{Range: span, Directory: dir})
				if got := all(t, l); got != want {
					t.Errorf("%d blocks at once, %d allowed: got\n%swant\n%s", span, limit, got, want)
				}
				if open, err := l.places.unchecked(); err != nil || len(open) != 0 {
					t.Errorf("%d keys are not checked, %v", len(open), err)
				}
				l.Close()
			}
		}
	}
	final, err := w.chain(t, w.finality).Final(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ forgets, omits, ok bool }{
		"a node that forgets":                      {true, false, true},
		"one that leaves out an early event":       {false, true, false},
		"one that forgets and leaves out an event": {true, true, false},
	} {
		omitted := common.Hash{}
		w.alterLogs(t, func(logs []types.Log) []types.Log {
			for i, l := range logs {
				if test.omits && l.Topics[0] == appendedTopic() && (omitted == common.Hash{} || omitted == l.TxHash) {
					omitted = l.TxHash
					return append(logs[:i:i], logs[i+1:]...)
				}
			}
			return logs
		})
		logs := w.answers
		w.answer(func(method string, args []any, result any) (bool, error) {
			if method == "eth_getStorageAt" && test.forgets && args[2] != hexutil.EncodeUint64(final.Number) {
				return true, nodeError{-32000, "missing trie node"}
			}
			return logs(method, args, result)
		})
		l, err := Open(t.Context(), w.chain(t, w.finality), w.at, ledgertest.Reducer{}, nil, &Options{Range: 3})
		if err == nil {
			if got := all(t, l); got != want {
				t.Errorf("%s: got\n%swant\n%s", name, got, want)
			}
			l.Close()
		}
		if (err == nil) != test.ok || err != nil && !errors.Is(err, ledger.ErrUnavailable) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

// TestPlainNode: a node that takes no batches, has no base fee and tells only the newest slots, as FISCO BCOS's does, is
// enough to write, and to read a long chain.
func TestPlainNode(t *testing.T) {
	w := newContractWorld(t, false)
	w.answer(func(method string, args []any, result any) (bool, error) {
		switch method {
		case "eth_feeHistory", "eth_maxPriorityFeePerGas", "eth_getProof":
			return true, nodeError{-32601, "this interface has not been implemented yet"}
		case "eth_getStorageAt":
			return true, w.client.CallContext(context.Background(), result, method, args[0], args[1], "latest")
		}
		return false, nil
	})
	open := func(s *Sender, node Node) *Ledger {
		t.Helper()
		chain, err := NewChain(t.Context(), node, 1337, Confirmations(0), &ChainOptions{Poll: time.Millisecond, NoBatches: true, NoHistory: true})
		if err != nil {
			t.Fatal(err)
		}
		if s != nil {
			s = NewSender(chain, s.signer, nil)
		}
		l, err := Open(t.Context(), chain, w.at, ledgertest.Reducer{}, s, &Options{Range: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	writer := open(w.sender(t), unbatched{w.simChain})
	for i := range 10 {
		extend(t, writer, fmt.Sprint("key-", i%3), fmt.Sprint(i))
	}
	if got, want := all(t, open(nil, unbatched{w.simChain})), all(t, writer); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// unbatched is a node that takes no batches.
type unbatched struct{ Node }

func (unbatched) BatchCallContext(context.Context, []rpc.BatchElem) error {
	return errors.New("an object was expected, and an array came")
}

// TestUnchecked: while entries are in the index that could not be compared with the slots yet, nothing is answered.
func TestUnchecked(t *testing.T) {
	w := newContractWorld(t, false)
	writer := w.open(t, w.sender(t), nil)
	reader := w.open(t, nil, &Options{Range: 2})
	quiet(t, reader)
	for i := range 5 {
		extend(t, writer, "key", fmt.Sprint(i))
	}
	quiet(t, writer)
	w.answer(func(method string, _ []any, _ any) (bool, error) {
		return method == "eth_getStorageAt", nodeError{-32000, "missing trie node"}
	})
	for range 2 {
		if err := reader.Sync(t.Context()); !errors.Is(err, ledger.ErrUnavailable) {
			t.Errorf("got error %v, want ErrUnavailable", err)
		}
		if _, _, err := reader.State(t.Context(), "key"); !errors.Is(err, ledger.ErrUnavailable) {
			t.Errorf("State: got error %v, want ErrUnavailable", err)
		}
	}
	w.answer(nil)
	if err := reader.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := all(t, reader), all(t, writer); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// failingPositions cannot store the cursor.
type failingPositions struct{ positions }

func (failingPositions) commit(cursor, map[common.Hash]chainHead, []keptStep) error {
	return errors.New("disk full")
}

// TestStoppedBetween: a process that ends after entries came into the index and before the cursor did goes on where it
// was, whatever pieces it reads next.
func TestStoppedBetween(t *testing.T) {
	for _, span := range []uint64{1, 3, 100} {
		w := newContractWorld(t, false)
		writer := w.open(t, w.sender(t), nil)
		extend(t, writer, "key", "before")
		dir := t.TempDir()
		reader := w.open(t, nil, &Options{Directory: dir})
		quiet(t, reader)
		for i := range 6 {
			w.put(t, w.sender(t), record{fmt.Sprint("garbage-", i), 0, []byte("garbage")}, record{"key", anySeq, []byte("garbage")})
			extend(t, writer, "key", fmt.Sprint(i))
			extend(t, writer, fmt.Sprint("key-", i), "x")
		}
		reader.places = failingPositions{reader.places}
		if err := reader.Sync(t.Context()); err == nil {
			t.Fatal("the cursor was stored")
		}
		entries := all(t, reader)
		if want := all(t, writer); entries != want {
			t.Fatalf("before the end:\n%swant\n%s", entries, want)
		}
		again := t.TempDir()
		if err := os.CopyFS(again, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		extend(t, writer, "key", "after")
		l := w.open(t, nil, &Options{Directory: again, Range: span})
		if got, want := all(t, l), all(t, writer); got != want {
			t.Errorf("after it, %d blocks at once:\n%swant\n%s", span, got, want)
		}
		if state, seq, err := l.State(t.Context(), "key"); err != nil || seq != 8 || len(state) == 0 {
			t.Errorf("State: seq %d, %v", seq, err)
		}
	}
}

// TestStoppedBetweenAhead: when entries came into the index before the process ended and the cursor did not, a node whose final
// blocks do not reach so far yet is one to ask again later; entries that it should have and has not are damage.
func TestStoppedBetweenAhead(t *testing.T) {
	w := newContractWorld(t, false)
	writer := w.open(t, w.sender(t), nil)
	extend(t, writer, "key", "before")
	dir := t.TempDir()
	reader := w.open(t, nil, &Options{Directory: dir})
	quiet(t, reader)
	extend(t, writer, "key", "first")
	between := writer.Read()
	extend(t, writer, "key", "second")
	quiet(t, writer)
	reader.places = failingPositions{reader.places}
	if err := reader.Sync(t.Context()); err == nil {
		t.Fatal("the cursor was stored")
	}
	again := t.TempDir()
	if err := os.CopyFS(again, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	open := func() error {
		l, err := Open(t.Context(), w.chain(t, w.finality), w.at, ledgertest.Reducer{}, nil, &Options{Directory: again})
		if err != nil {
			return err
		}
		defer l.Close()
		if got, want := all(t, l), all(t, writer); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
		return nil
	}
	w.answer(func(method string, _ []any, result any) (bool, error) {
		if method == "eth_blockNumber" {
			*result.(*hexutil.Uint64) = hexutil.Uint64(between)
			return true, nil
		}
		return false, nil
	})
	if err := open(); !errors.Is(err, ledger.ErrUnavailable) || errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("a node that is behind: got error %v, want ErrUnavailable", err)
	}
	w.answer(nil)
	if err := open(); err != nil {
		t.Error(err)
	}
	// A chain that never had the last entry, and is past its time.
	l := &Ledger{index: writer.index}
	last, _ := writer.Last()
	for _, test := range []struct {
		past time.Duration
		want error
	}{{-time.Second, ledger.ErrUnavailable}, {0, ledger.ErrUnavailable}, {time.Second, ledger.ErrCorrupt}} {
		if _, err := l.admit(t.Context(), last.Index, nil, Block{Time: last.Time.Add(test.past)}, true); !errors.Is(err, test.want) {
			t.Errorf("%v after the entry: got error %v, want %v", test.past, err, test.want)
		}
	}
}

// TestFinalReplaced: when a block that was final is replaced, nothing is answered any more, and the error says why. When the
// chain comes back, so do the answers.
func TestFinalReplaced(t *testing.T) {
	w := newContractWorld(t, true)
	l := w.open(t, w.sender(t), nil)
	extend(t, l, "key", "stays")
	fork, err := w.chain(t, w.finality).Final(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := extend(t, l, "key", "goes")
	if err := w.Fork(fork.Hash); err != nil {
		t.Fatal(err)
	}
	w.Rollback()
	for range 3 {
		w.Commit()
	}
	if err := l.Sync(t.Context()); !errors.Is(err, ErrReorganised) || !errors.Is(err, ledger.ErrCorrupt) {
		t.Fatalf("got error %v, want ErrReorganised", err)
	}
	if _, _, err := l.State(t.Context(), "key"); !errors.Is(err, ErrReorganised) {
		t.Errorf("State: got error %v, want ErrReorganised", err)
	}
	if _, err := l.Append(t.Context(), "key", 1, e.Op); !errors.Is(err, ErrReorganised) {
		t.Errorf("Append: got error %v, want ErrReorganised", err)
	}
	for _, err := range l.History(t.Context(), "key", 0) {
		if !errors.Is(err, ErrReorganised) {
			t.Errorf("History: got error %v, want ErrReorganised", err)
		}
	}
	fresh := w.open(t, nil, nil)
	if got := all(t, fresh); strings.Count(got, "\n") != 1 || !strings.Contains(got, "stays") {
		t.Errorf("read anew:\n%s", got)
	}
}

// TestReplacedBeforeFinal: an operation whose block is replaced before it is final is sent again, and is acknowledged
// once, when it is final.
func TestReplacedBeforeFinal(t *testing.T) {
	w := newContractWorld(t, true)
	w.finality = Confirmations(3)
	for range 3 {
		w.Commit()
	}
	l := w.open(t, w.sender(t), nil)
	fork, err := w.chain(t, Confirmations(0)).Final(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := make(chan error, 1)
	go func() {
		_, err := l.Append(within(t, 5*time.Minute), "key", 0, ledgertest.Op(nil, "x"))
		acknowledged <- err
	}()
	for waiting := 0; waiting == 0; time.Sleep(time.Millisecond) {
		l.mu.Lock()
		waiting = len(l.settling)
		l.mu.Unlock()
	}
	if got := all(t, l); got != "" {
		t.Errorf("before it is final:\n%s", got)
	}
	if err := w.Fork(fork.Hash); err != nil {
		t.Fatal(err)
	}
	w.Rollback()
	for acknowledgedErr := error(nil); ; {
		w.Commit()
		select {
		case acknowledgedErr = <-acknowledged:
		case <-time.After(10 * time.Millisecond):
			continue
		}
		if acknowledgedErr != nil {
			t.Fatal(acknowledgedErr)
		}
		break
	}
	if got := all(t, l); strings.Count(got, "\n") != 1 {
		t.Errorf("entries:\n%s", got)
	}
	if n, err := w.sender(t).next(t.Context()); err != nil || n > 3 {
		t.Errorf("%d transactions, %v", n, err)
	}
}
