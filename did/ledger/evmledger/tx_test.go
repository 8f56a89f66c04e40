package evmledger

import (
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/realdid/realdid/did/ledger"
)

// nodeError is what a node answers.
type nodeError struct {
	code int
	text string
}

func (e nodeError) Error() string { return e.text }

func (e nodeError) ErrorCode() int { return e.code }

// txWorld is a contract and what its sender hands to the node.
type txWorld struct {
	*simChain
	chain *Chain
	at    Deployment
	sent  []*types.Transaction
	// onSend decides about the transaction that was sent last; nil passes everything on and makes a block of it.
	onSend func(n int) (swallow, commit bool)
}

func newTxWorld(t *testing.T) *txWorld {
	w := &txWorld{simChain: newSimChain(t)}
	w.chain = w.simChain.chain(t, Confirmations(0))
	w.at, _ = w.deploy(t, w.chain, Direct)
	return w
}

func (w *txWorld) sender(opt *SenderOptions) *Sender {
	return NewSender(w.chain, NewKeySigner(w.key), opt)
}

// watch notes what is sent, and has other asked about everything else.
func (w *txWorld) watch(t *testing.T, other func(method string, result any) (bool, error)) {
	w.manual.Store(true)
	w.answer(func(method string, args []any, result any) (bool, error) {
		if method != "eth_sendRawTransaction" {
			if other == nil {
				return false, nil
			}
			return other(method, result)
		}
		tx := new(types.Transaction)
		if err := tx.UnmarshalBinary(args[0].(hexutil.Bytes)); err != nil {
			t.Error(err)
		}
		w.sent = append(w.sent, tx)
		swallow, commit := false, true
		if w.onSend != nil {
			swallow, commit = w.onSend(len(w.sent))
		}
		if swallow {
			return true, nil
		}
		err := w.client.CallContext(context.Background(), result, method, args...)
		if err == nil && commit {
			w.Commit()
		}
		return true, err
	})
}

func (w *txWorld) send(t *testing.T, s *Sender, name string) (*Receipt, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	return s.Send(ctx, &w.at.Address, appendCall(appendRecord(nil, record{name: name, op: []byte("operation")})))
}

// TestSendRaises: what waits too long is sent again with a higher fee at the same nonce.
func TestSendRaises(t *testing.T) {
	w := newTxWorld(t)
	w.onSend = func(n int) (bool, bool) { return false, n == 3 }
	w.watch(t, nil)
	r, err := w.send(t, w.sender(&SenderOptions{Replace: time.Millisecond}), "a")
	if err != nil {
		t.Fatal(err)
	}
	if len(w.sent) < 3 || r.Hash != w.sent[2].Hash() {
		t.Fatalf("%d transactions", len(w.sent))
	}
	for i := 1; i < 3; i++ {
		a, b := w.sent[i-1], w.sent[i]
		if a.Nonce() != b.Nonce() || b.GasFeeCap().Cmp(a.GasFeeCap()) <= 0 || b.GasTipCap().Cmp(a.GasTipCap()) <= 0 || string(a.Data()) != string(b.Data()) {
			t.Errorf("transaction %d does not replace the one before", i)
		}
	}
}

// TestSendAgain: what the node forgot is handed to it again, unchanged.
func TestSendAgain(t *testing.T) {
	w := newTxWorld(t)
	w.onSend = func(n int) (bool, bool) { return n < 3, true }
	w.watch(t, nil)
	if _, err := w.send(t, w.sender(nil), "a"); err != nil {
		t.Fatal(err)
	}
	if len(w.sent) != 3 || w.sent[0].Hash() != w.sent[2].Hash() {
		t.Errorf("%d transactions, or not the same", len(w.sent))
	}
}

// TestSendReplaced: a nonce that another transaction took is reported, as an error after which nothing stands.
func TestSendReplaced(t *testing.T) {
	w := newTxWorld(t)
	w.onSend = func(n int) (bool, bool) {
		if n == 1 { // the account's other user is faster
			tx := types.NewTx(&types.LegacyTx{Nonce: w.sent[0].Nonce(), GasPrice: big.NewInt(1e12), Gas: 21000, To: &common.Address{1}})
			signed, err := types.SignTx(tx, types.LatestSignerForChainID(big.NewInt(1337)), w.key)
			if err != nil {
				t.Error(err)
			}
			raw, _ := signed.MarshalBinary()
			if err := w.client.CallContext(context.Background(), new(common.Hash), "eth_sendRawTransaction", hexutil.Bytes(raw)); err != nil {
				t.Error(err)
			}
			w.Commit()
			return true, false
		}
		return false, true
	}
	w.watch(t, nil)
	s := w.sender(nil)
	if _, err := w.send(t, s, "a"); !errors.Is(err, ErrReplaced) || !errors.Is(err, ledger.ErrUnavailable) {
		t.Fatalf("got error %v, want ErrReplaced", err)
	}
	if _, err := w.send(t, s, "a"); err != nil {
		t.Errorf("again: %v", err)
	}
}

// TestSendOutbids: a transaction that was given up and still waits is replaced by the next one, also by a sender that does
// not know of it.
func TestSendOutbids(t *testing.T) {
	w := newTxWorld(t)
	w.onSend = func(n int) (bool, bool) { return false, false }
	w.watch(t, nil)
	for i, s := range []*Sender{w.sender(nil), w.sender(nil)} {
		ctx, cancel := context.WithCancel(t.Context())
		w.onSend = func(n int) (bool, bool) { cancel(); return false, false }
		_, err := s.Send(ctx, &w.at.Address, appendCall(appendRecord(nil, record{name: "given up " + string(rune('a'+i)), op: []byte("x")})))
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("got error %v, want context.Canceled", err)
		}
		next := s
		if i == 1 {
			next = w.sender(nil)
		}
		w.onSend = func(n int) (bool, bool) { return false, true }
		r, err := w.send(t, next, "outbids "+string(rune('a'+i)))
		if err != nil || len(r.Logs) != 1 || r.Hash != w.sent[len(w.sent)-1].Hash() {
			t.Fatalf("sender %d: %v", i, err)
		}
	}
}

// TestSendOutOfGas: a transaction that runs out of gas gets more, but not for ever.
func TestSendOutOfGas(t *testing.T) {
	for name, test := range map[string]struct {
		estimate uint64
		tries    int
		ok       bool
	}{"a little": {30_000, 2, true}, "too little": {19_000, 3, true}, "never": {22_000, 3, false}} {
		t.Run(name, func(t *testing.T) {
			w := newTxWorld(t)
			w.watch(t, func(method string, result any) (bool, error) {
				if method == "eth_estimateGas" {
					*result.(*hexutil.Uint64) = hexutil.Uint64(test.estimate)
					return true, nil
				}
				return false, nil
			})
			data := appendRecord(nil, record{name: "a", op: []byte("x")})
			for name := 'b'; name < 'e' && !test.ok; name++ {
				data = appendRecord(data, record{name: string(name), op: []byte("x")})
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			_, err := w.sender(nil).Send(ctx, &w.at.Address, appendCall(data))
			if len(w.sent) != test.tries {
				t.Errorf("%d tries, want %d", len(w.sent), test.tries)
			}
			if (err == nil) != test.ok || err != nil && (!errors.Is(err, ErrOutOfGas) || !errors.Is(err, ledger.ErrUnavailable)) {
				t.Errorf("got error %v", err)
			}
		})
	}
}

// TestSendLegacy: without eth_feeHistory, or without base fees, a transaction has a gas price; where only the tip is not
// suggested, it is found by itself.
func TestSendLegacy(t *testing.T) {
	missing := nodeError{-32601, "the method does not exist"}
	for name, test := range map[string]struct {
		answer func(method string, result any) (bool, error)
		want   byte
	}{
		"no eth_feeHistory": {func(method string, _ any) (bool, error) {
			if method == "eth_feeHistory" || method == "eth_maxPriorityFeePerGas" {
				return true, missing
			}
			return false, nil
		}, types.LegacyTxType},
		"no base fee": {func(method string, result any) (bool, error) {
			if method == "eth_feeHistory" {
				return true, json.Unmarshal([]byte(`{"baseFeePerGas":["0x0","0x0"],"reward":[["0x0"]]}`), result)
			}
			return false, nil
		}, types.LegacyTxType},
		"no suggested tip": {func(method string, _ any) (bool, error) {
			return method == "eth_maxPriorityFeePerGas", missing
		}, types.DynamicFeeTxType},
		"everything": {nil, types.DynamicFeeTxType},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTxWorld(t)
			answer := test.answer
			if answer != nil {
				answer = func(method string, result any) (bool, error) {
					done, err := test.answer(method, result)
					if !done {
						err = nil
					}
					return done, err
				}
			}
			w.watch(t, answer)
			if _, err := w.send(t, w.sender(nil), "a"); err != nil {
				t.Fatal(err)
			}
			if got := w.sent[0]; got.Type() != test.want || got.ChainId().Uint64() != 1337 || !got.Protected() {
				t.Errorf("transaction of type %d for chain %s, want type %d", got.Type(), got.ChainId(), test.want)
			}
		})
	}
}

// TestSendRefused: what must not be sent is not sent.
func TestSendRefused(t *testing.T) {
	w := newTxWorld(t)
	w.watch(t, nil)
	_, err := w.send(t, w.sender(&SenderOptions{MaxFee: big.NewInt(1000)}), "a")
	if !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("above MaxFee: got error %v, want ErrUnavailable", err)
	}
	var reverted *RevertError
	_, err = w.sender(nil).Send(t.Context(), &w.at.Address, appendCall([]byte("malformed")))
	if !errors.As(err, &reverted) || len(reverted.Data) != 4 || errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("refused by the contract: got error %v, want a RevertError", err)
	}
	other, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, sign := range map[string]func(tx *types.Transaction, id *big.Int) (*types.Transaction, error){
		"another account": func(tx *types.Transaction, id *big.Int) (*types.Transaction, error) {
			return types.SignTx(tx, types.LatestSignerForChainID(id), other)
		},
		"another chain": func(tx *types.Transaction, id *big.Int) (*types.Transaction, error) {
			tx = types.NewTx(&types.DynamicFeeTx{
				ChainID: big.NewInt(1), Nonce: tx.Nonce(), GasTipCap: tx.GasTipCap(), GasFeeCap: tx.GasFeeCap(), Gas: tx.Gas(), To: tx.To(), Data: tx.Data(),
			})
			return types.SignTx(tx, types.LatestSignerForChainID(big.NewInt(1)), w.key)
		},
		"any chain": func(tx *types.Transaction, _ *big.Int) (*types.Transaction, error) {
			tx = types.NewTx(&types.LegacyTx{Nonce: tx.Nonce(), GasPrice: tx.GasPrice(), Gas: tx.Gas(), To: tx.To(), Data: tx.Data()})
			return types.SignTx(tx, types.HomesteadSigner{}, w.key)
		},
		"other data": func(tx *types.Transaction, id *big.Int) (*types.Transaction, error) {
			tx = types.NewTx(&types.DynamicFeeTx{
				ChainID: id, Nonce: tx.Nonce(), GasTipCap: tx.GasTipCap(), GasFeeCap: tx.GasFeeCap(), Gas: tx.Gas(), To: tx.To(), Data: []byte("x"),
			})
			return types.SignTx(tx, types.LatestSignerForChainID(id), w.key)
		},
		"no signature": func(tx *types.Transaction, _ *big.Int) (*types.Transaction, error) { return tx, nil },
		"error":        func(*types.Transaction, *big.Int) (*types.Transaction, error) { return nil, errors.New("locked") },
	} {
		s := NewSender(w.chain, signFunc{w.sender(nil).Address(), sign}, nil)
		if _, err := w.send(t, s, "a"); err == nil {
			t.Errorf("a signer that signs with %s: accepted", name)
		}
	}
	if len(w.sent) != 0 {
		t.Errorf("%d transactions were sent", len(w.sent))
	}
}

type signFunc struct {
	address common.Address
	sign    func(tx *types.Transaction, id *big.Int) (*types.Transaction, error)
}

func (s signFunc) Address() common.Address { return s.address }

func (s signFunc) SignTx(_ context.Context, tx *types.Transaction, id *big.Int) (*types.Transaction, error) {
	return s.sign(tx, id)
}

// TestSendNodeDown: whatever cannot be asked is unavailable, and the connection's error can be read.
func TestSendNodeDown(t *testing.T) {
	down := errors.New("connection refused")
	for _, method := range []string{"eth_estimateGas", "eth_feeHistory", "eth_maxPriorityFeePerGas", "eth_getTransactionCount", "eth_sendRawTransaction"} {
		w := newTxWorld(t)
		w.answer(func(m string, _ []any, _ any) (bool, error) { return m == method, down })
		var reverted *RevertError
		if _, err := w.send(t, w.sender(nil), "a"); !errors.Is(err, ledger.ErrUnavailable) || !errors.Is(err, down) || errors.As(err, &reverted) {
			t.Errorf("%s: got error %v", method, err)
		}
	}
}
