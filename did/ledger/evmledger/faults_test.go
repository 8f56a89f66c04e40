package evmledger

import (
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/evmledger/internal/gethtest"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
)

// faults are what happens to nodes and transactions. Each runs on a simulated chain and on a real node, whose proxy p is.
var faults = []struct {
	name string
	run  func(t *testing.T, n testNode, p *gethtest.Proxy)
}{
	{"dropped transaction", testDropped},
	{"replaced transaction", testReplaced},
	{"out of gas", testOutOfGas},
	{"node down", testNodeDown},
	{"node down under a log", testNodeDownUnderLog},
	{"node that lies", testLyingNode},
	{"node without proofs", testNodeWithoutProofs},
}

func TestFaults(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			n, s := simulatedNode(t)
			p := gethtest.NewProxy(t, s.RPC)
			n.Node = p.RPC
			f.run(t, n, p)
		})
	}
}

// TestFaultsGeth needs a real geth.
func TestFaultsGeth(t *testing.T) {
	t.Parallel()
	g := gethtest.Start(t, nil)
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			p := gethtest.NewProxy(t, g.RPC)
			f.run(t, testNode{p.RPC, Confirmations(1), 20 * time.Millisecond}, p)
		})
	}
}

// openDirect opens a ledger in a new contract.
func openDirect(t *testing.T, n testNode, opt *SenderOptions) *Ledger {
	t.Helper()
	at, _ := n.deploy(t, Direct, 0)
	l, err := Open(t.Context(), n.chain(t), at, testReducer, NewSender(n.chain(t), NewKeySigner(gethtest.Account(0)), opt), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// history returns the operations of a key.
func history(t *testing.T, l *Ledger, key string) (ops []string) {
	t.Helper()
	if err := l.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	for e, err := range l.History(t.Context(), key, 0) {
		if err != nil {
			t.Fatal(err)
		}
		_, op, _ := strings.Cut(string(e.Op), "|")
		ops = append(ops, op)
	}
	return ops
}

func wantHistory(t *testing.T, l *Ledger, key string, want ...string) {
	t.Helper()
	if got := history(t, l, key); strings.Join(got, ",") != strings.Join(want, ",") {
		t.Errorf("history of %s: got %q, want %q", key, got, want)
	}
}

// testDropped: the node says that it has the transaction, and forgets it.
func testDropped(t *testing.T, n testNode, p *gethtest.Proxy) {
	l := openDirect(t, n, nil)
	var dropped atomic.Int32
	p.Do(func(method string, params []json.RawMessage, pass func() (json.RawMessage, error)) (json.RawMessage, error) {
		if method == "eth_sendRawTransaction" && dropped.Add(1) <= 2 {
			return json.RawMessage(`"` + hashOf(t, params[0]) + `"`), nil
		}
		return pass()
	})
	add(t, l, "k1", "one")
	if dropped.Load() < 3 {
		t.Errorf("sent %d times, want 3", dropped.Load())
	}
	wantHistory(t, l, "k1", "one")
}

// hashOf returns the hash of a transaction that is a parameter.
func hashOf(t *testing.T, param json.RawMessage) string {
	var raw hexutil.Bytes
	var tx types.Transaction
	if err := json.Unmarshal(param, &raw); err != nil {
		t.Error(err)
	}
	if err := tx.UnmarshalBinary(raw); err != nil {
		t.Error(err)
	}
	return tx.Hash().Hex()
}

// testReplaced: somebody else sends with the same key, and takes the place.
func testReplaced(t *testing.T, n testNode, p *gethtest.Proxy) {
	l := openDirect(t, n, nil)
	key := gethtest.Account(0)
	var once atomic.Bool
	p.Do(func(method string, params []json.RawMessage, pass func() (json.RawMessage, error)) (json.RawMessage, error) {
		if method != "eth_sendRawTransaction" || once.Swap(true) {
			return pass()
		}
		var raw hexutil.Bytes
		var ours types.Transaction
		if err := errors.Join(json.Unmarshal(params[0], &raw), ours.UnmarshalBinary(raw)); err != nil {
			t.Error(err)
		}
		signer := types.LatestSignerForChainID(big.NewInt(gethtest.ChainID))
		theirs, err := types.SignTx(types.NewTransaction(ours.Nonce(), NewKeySigner(key).Address(), new(big.Int), 21000, big.NewInt(1e11), nil), signer, key)
		if err != nil {
			t.Error(err)
		}
		b, _ := theirs.MarshalBinary()
		var hash json.RawMessage
		if err := p.Node().Call(&hash, "eth_sendRawTransaction", hexutil.Bytes(b)); err != nil {
			t.Error(err)
		}
		return json.RawMessage(`"` + ours.Hash().Hex() + `"`), nil
	})
	op := ledgertest.Op(nil, "one")
	_, err := l.Append(t.Context(), "k1", 0, op)
	if !errors.Is(err, ErrReplaced) || !errors.Is(err, ledger.ErrUnavailable) || errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("got %v, want ErrReplaced, which is ErrUnavailable", err)
	}
	wantHistory(t, l, "k1")
	if _, err := l.Append(t.Context(), "k1", 0, op); err != nil {
		t.Errorf("the same call again: %v", err)
	}
	wantHistory(t, l, "k1", "one")
}

// testOutOfGas: the node's estimates are too low, once, and always.
func testOutOfGas(t *testing.T, n testNode, p *gethtest.Proxy) {
	l := openDirect(t, n, nil)
	var low atomic.Uint64
	p.Do(func(method string, _ []json.RawMessage, pass func() (json.RawMessage, error)) (json.RawMessage, error) {
		if gas := low.Load(); method == "eth_estimateGas" && gas > 0 {
			b, err := json.Marshal(hexutil.Uint64(gas))
			return b, err
		}
		return pass()
	})
	low.Store(30_000)
	add(t, l, "k1", "one")
	low.Store(18_000) // even four times as much does not do for so long an operation
	long := ledgertest.Op(nil, strings.Repeat("long", 3000))
	if _, err := l.Append(t.Context(), "k2", 0, long); !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	wantHistory(t, l, "k2")
	low.Store(0)
	if _, err := l.Append(t.Context(), "k2", 0, long); err != nil {
		t.Errorf("the same call again: %v", err)
	}
	wantHistory(t, l, "k1", "one")
	if got := history(t, l, "k2"); len(got) != 1 {
		t.Errorf("got %d entries, want one", len(got))
	}
}

// testNodeDown: the node cannot be reached, at first at all, then after it has taken the transaction.
func testNodeDown(t *testing.T, n testNode, p *gethtest.Proxy) {
	l := openDirect(t, n, nil)
	add(t, l, "k1", "one")
	p.Down(true)
	state, _, err := l.State(t.Context(), "k1")
	if err != nil {
		t.Fatal(err)
	}
	two := ledgertest.Op(state, "two")
	if _, err := l.Append(t.Context(), "k1", 1, two); !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("down: got %v, want ErrUnavailable", err)
	}
	if got, _, err := l.State(t.Context(), "k1"); err != nil || string(got) != string(state) {
		t.Errorf("what was read stays readable: got %q, %v", got, err)
	}
	p.Down(false)
	var sent atomic.Bool
	p.Do(func(method string, _ []json.RawMessage, pass func() (json.RawMessage, error)) (json.RawMessage, error) {
		if method == "eth_sendRawTransaction" {
			_, _ = pass()
			p.Down(true)
			sent.Store(true)
			return nil, &gethtest.Error{Code: -32000, Message: "connection lost"}
		}
		return pass()
	})
	if _, err := l.Append(t.Context(), "k1", 1, two); !sent.Load() || !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("down behind the transaction: got %v, want ErrUnavailable", err)
	}
	p.Do(nil)
	p.Down(false)
	if e, err := l.Append(t.Context(), "k1", 1, two); err != nil || e.Seq != 1 {
		t.Errorf("the same call again: got %+v, %v", e, err)
	}
	wantHistory(t, l, "k1", "one", "two")
}

// testNodeDownUnderLog: appends to an anchored log do not need the node; what is new is proven when it is back.
func testNodeDownUnderLog(t *testing.T, n testNode, p *gethtest.Proxy) {
	a := newAnchoredWorld(t, n, 2, testReducer)
	add(t, a.proven, "k1", "one")
	prove(t, a.proven, "k1", 1)
	p.Down(true)
	add(t, a.proven, "k1", "two")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if b, err := a.proven.Prove(ctx, "k1", 2); !errors.Is(err, tlog.ErrUnproven) {
		t.Errorf("down: got a proof of %d bytes, %v, want ErrUnproven", len(b), err)
	}
	if v, err := a.trust.VerifyHead("k1", prove(t, a.proven, "k1", 1), time.Now()); err != nil || !v.Latest || v.Epoch.Entries != 1 {
		t.Errorf("what was proven stays so: got %+v, %v", v, err)
	}
	p.Down(false)
	if v, err := a.trust.VerifyHead("k1", prove(t, a.proven, "k1", 2), time.Now()); err != nil || string(v.Head) != headOf(t, a.source, "k1") {
		t.Errorf("back: got %+v, %v", v, err)
	}
}

// testLyingNode: what the node changes in its answers is found out before anybody gets it to see, or by the verifier.
func testLyingNode(t *testing.T, n testNode, p *gethtest.Proxy) {
	w := newDirectWorld(t, n, testReducer)
	a := newAnchoredWorld(t, n, 2, testReducer)
	add(t, w.ledger, "k1", "one")
	add(t, a.proven, "k1", "one")
	for name, prover := range map[string]struct {
		ledger.Prover
		trust *ChainTrust
	}{"direct": {w.proven, w.trust}, "anchored": {a.proven, a.trust}} {
		b := prove(t, prover, "k1", 1)
		if v, err := prover.trust.VerifyHead("k1", b, time.Now()); err != nil || !v.Latest {
			t.Fatalf("%s: before: got %+v, %v", name, v, err)
		}
	}
	final, err := w.ledger.chain.Final(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Every proof is made anew from here on.
	w.proven.opt.Refresh, a.proven.opt.Refresh = 1, 1
	for name, lie := range map[string]struct {
		method string
		change func(answer string) string
	}{
		"state root":    {"eth_getBlockByHash", swap(`"stateRoot":"0x`, 40)},
		"time":          {"eth_getBlockByHash", swap(`"timestamp":"0x`, 3)},
		"account proof": {"eth_getProof", swap(`"accountProof":["0x`, 60)},
		"storage proof": {"eth_getProof", swap(`"proof":["0x`, 30)},
		"no slot":       {"eth_getProof", func(string) string { return `{"accountProof":[],"storageProof":[]}` }},
		"no proof":      {"eth_getProof", func(string) string { return `{"accountProof":[],"storageProof":[{"proof":[]}]}` }},
	} {
		p.Do(func(method string, _ []json.RawMessage, pass func() (json.RawMessage, error)) (json.RawMessage, error) {
			if method == "debug_getRawHeader" {
				return nil, gethtest.NotFound(method)
			}
			b, err := pass()
			if err == nil && method == lie.method {
				b = json.RawMessage(lie.change(string(b)))
			}
			return b, err
		})
		w.proven.made, a.proven.made = nil, nil
		if b, _, err := w.ledger.chain.rawHeader(t.Context(), final.Hash); lie.method == "eth_getBlockByHash" && !errors.Is(err, ErrNoProof) {
			t.Errorf("%s: got a header of %d bytes, %v, want ErrNoProof", name, len(b), err)
		}
		for ledgerName, prover := range map[string]ledger.Prover{"direct": w.proven, "anchored": a.proven} {
			if b, err := prover.Prove(t.Context(), "k1", 1); !errors.Is(err, ledger.ErrUnavailable) && !errors.Is(err, ErrNoProof) {
				t.Errorf("%s, %s: got a proof of %d bytes, %v", name, ledgerName, len(b), err)
			}
		}
	}
	lieAboutAnchors(t, n, p, a)
	// A node that invents events, or keeps them to itself, is found out by the slots.
	for name, change := range map[string]func(answer string) string{
		"event altered":  swap(`"data":"0x`, 64+10),
		"event withheld": func(string) string { return "[]" },
	} {
		p.Do(nil)
		fresh, err := Open(t.Context(), n.chain(t), w.at, testReducer, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		wantHistory(t, fresh, "k1", "one")
		fresh.Close()
		p.Do(func(method string, _ []json.RawMessage, pass func() (json.RawMessage, error)) (json.RawMessage, error) {
			b, err := pass()
			if err == nil && method == "eth_getLogs" {
				b = json.RawMessage(change(string(b)))
			}
			return b, err
		})
		fresh, err = Open(t.Context(), n.chain(t), w.at, testReducer, nil, nil)
		if err != nil {
			continue // found out at once
		}
		if got := history(t, fresh, "k1"); len(got) > 0 {
			t.Errorf("%s: got %q", name, got)
		}
		// Withheld from the beginning, a key is unknown; a proof that it is absent cannot be made.
		lied, err := NewProvenLedger(t.Context(), fresh, nil)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := lied.Prove(t.Context(), "k1", 0); !errors.Is(err, ledger.ErrUnavailable) {
			t.Errorf("%s: a proof of %d bytes, %v, want ErrUnavailable", name, len(b), err)
		}
		fresh.Close()
	}
	p.Do(nil)
}

// lieAboutAnchors: the contract's slot decides, for events and for what the node says about the slot itself.
func lieAboutAnchors(t *testing.T, n testNode, p *gethtest.Proxy, a *anchoredWorld) {
	t.Helper()
	p.Do(func(method string, _ []json.RawMessage, pass func() (json.RawMessage, error)) (json.RawMessage, error) {
		b, err := pass()
		if method == "eth_getLogs" {
			b = json.RawMessage(swap(`"data":"0x`, 64+10)(string(b)))
		}
		return b, err
	})
	witness, err := OpenAnchors(t.Context(), n.chain(t), a.at, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if x, err := witness.final(t.Context()); !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("another digest in the event: got %+v, %v, want ErrUnavailable", x, err)
	}
	p.Do(nil)
	old := a.anchors.known(func(*anchor) bool { return true })
	add(t, a.proven, "k1", "two")
	prove(t, a.proven, "k1", 2)
	a.proven.made = nil
	p.Do(func(method string, _ []json.RawMessage, pass func() (json.RawMessage, error)) (json.RawMessage, error) {
		if method == "eth_getStorageAt" {
			return json.Marshal(old.head())
		}
		return pass()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if b, err := a.proven.Prove(ctx, "k1", 2); !errors.Is(err, ledger.ErrUnavailable) || ctx.Err() != nil {
		t.Errorf("an older slot than it proves: got a proof of %d bytes, %v, want ErrUnavailable", len(b), err)
	}
	p.Do(nil)
}

// swap changes the hexadecimal digit that is n behind the first place of text.
func swap(text string, n int) func(string) string {
	return func(answer string) string {
		i := strings.Index(answer, text)
		if i < 0 || i+len(text)+n >= len(answer) {
			return answer
		}
		i += len(text) + n
		digit := byte('1')
		if answer[i] == digit {
			digit = '2'
		}
		return answer[:i] + string(digit) + answer[i+1:]
	}
}

// testNodeWithoutProofs: what a chain can do whose nodes lack what FISCO BCOS's lack.
func testNodeWithoutProofs(t *testing.T, n testNode, p *gethtest.Proxy) {
	p.Do(gethtest.Without("eth_getProof", "eth_feeHistory", "eth_maxPriorityFeePerGas", "debug_getRawHeader"))
	l := openDirect(t, n, nil)
	add(t, l, "k1", "one")
	wantHistory(t, l, "k1", "one")
	_, err := NewProvenLedger(t.Context(), l, nil)
	if !errors.Is(err, ErrNoProof) || !strings.Contains(err.Error(), "eth_getProof") {
		t.Errorf("direct: got %v, want ErrNoProof that names eth_getProof", err)
	}
	// The log's own proof, with a witness that has looked at its own node, is what there is.
	a := newAnchoredLogOnly(t, n, 2, testReducer)
	add(t, a.log, "k1", "one")
	if _, err := NewAnchoredLog(t.Context(), a.log, a.anchors, nil); !errors.Is(err, ErrNoProof) {
		t.Errorf("anchored: got %v, want ErrNoProof", err)
	}
	latest, err := proof.ParseLatest(prove(t, a.log, "k1", 1))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := latest.Verify(a.trust.Log, "k1", time.Now()); err != nil || !v.Latest {
		t.Errorf("the log's proof: got %+v, %v", v, err)
	}
}
