package cometledger

import (
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// harness is a chain of one validator and a client of it. The chain is new for each ledger of the kit.
type harness struct {
	text    bool // refusals arrive as text
	home    string
	node    *Node
	client  *Client
	failing atomic.Pointer[error]
}

func (*harness) OwnClock() bool      { return true }
func (*harness) Slow() bool          { return true }
func (h *harness) RefusalText() bool { return h.text }

func (h *harness) Open(tb testing.TB, _ ledger.Reducer, _ ledger.Clock) ledgertest.Ledger {
	h.home = filepath.Join(quickDir(tb), "validator")
	return h.start(tb)
}

func (h *harness) start(tb testing.TB) ledgertest.Ledger {
	h.node = startOne(tb, h.home)
	opt := &ClientOptions{Reducer: headed{}, Transport: h}
	if h.text {
		opt.Reducer = nil
	}
	return h.dial(tb, h.node.RPC(), opt)
}

func (h *harness) dial(tb testing.TB, rpc string, opt *ClientOptions) ledgertest.Ledger {
	c, err := Dial(tb.Context(), []string{rpc}, opt)
	if err != nil {
		tb.Fatal(err)
	}
	c.pageLimit = 100
	h.client = c
	node := h.node
	tb.Cleanup(func() {
		c.Close()
		if node != nil {
			node.Close()
		}
	})
	return c
}

// Restart lets the node end where it is. TestConformanceKilled kills it.
func (h *harness) Restart(tb testing.TB) ledgertest.Ledger {
	if err := h.node.Close(); err != nil {
		tb.Fatal(err)
	}
	return h.start(tb)
}

// Fail implements ledgertest.Faulter: transactions do not reach the validator, and clients are impatient.
func (h *harness) Fail(err error) {
	if err == nil {
		h.failing.Store(nil)
		h.client.patience.Store(int64(DefaultPatience))
		return
	}
	h.failing.Store(&err)
	h.client.patience.Store(int64(50 * time.Millisecond))
}

func (h *harness) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := h.failing.Load(); err != nil && r.GetBody != nil {
		body, berr := r.GetBody()
		if berr != nil {
			return nil, berr
		}
		var head [512]byte
		n, _ := body.Read(head[:])
		if strings.Contains(string(head[:n]), `"broadcast_tx_sync"`) {
			return nil, *err
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestConformance(t *testing.T) {
	ledgertest.Run(t, func(testing.TB) ledgertest.Harness { return &harness{} })
}

// TestConformanceText: the same with a client that does not have the reducer.
func TestConformanceText(t *testing.T) {
	engines(t)
	ledgertest.Run(t, func(testing.TB) ledgertest.Harness { return &harness{text: true} })
}

// killed is a chain of one validator in a process of its own, which a restart kills.
type killed struct {
	harness
	v *validatorProcess
}

func (k *killed) Open(tb testing.TB, _ ledger.Reducer, _ ledger.Clock) ledgertest.Ledger {
	k.v = newNetwork(tb, 1, "kit", nil).validators[0]
	return k.Restart(tb)
}

func (k *killed) Restart(tb testing.TB) ledgertest.Ledger {
	if k.v.proc != nil {
		k.v.proc.kill()
	}
	k.v.mustStart(tb)
	return k.dial(tb, k.v.rpc, &ClientOptions{Reducer: headed{}, Transport: k})
}

// TestConformanceKilled: the whole kit against a process that is killed with kill -9 wherever the kit restarts.
func TestConformanceKilled(t *testing.T) {
	engines(t)
	ledgertest.Run(t, func(testing.TB) ledgertest.Harness { return &killed{} })
}

var _ interface {
	ledger.Ledger
	ledger.Follower
	ledger.Stater
	ledger.Prover
} = (*Client)(nil)

func TestDialRefuses(t *testing.T) {
	for _, list := range [][]string{nil, {"127.0.0.1:26657"}, {"ftp://127.0.0.1:1"}, {"http://"}, {"http://127.0.0.1:1?x=1"}, {"http://127.0.0.1:1", ""}} {
		if c, err := Dial(t.Context(), list, nil); err == nil {
			c.Close()
			t.Errorf("Dial(%q) gave a client", list)
		}
	}
	if c, err := Dial(t.Context(), []string{"http://127.0.0.1:1"}, &ClientOptions{Trust: &LightTrust{}}); err == nil {
		c.Close()
		t.Error("Dial with an empty policy gave a client")
	}
}

// TestNobodyThere: what cannot be reached is unavailable, within the patience, and nothing else.
func TestNobodyThere(t *testing.T) {
	c, err := Dial(t.Context(), []string{"http://" + freePorts(t, 1)[0], "http://" + freePorts(t, 1)[0]}, &ClientOptions{Patience: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	check := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, ledger.ErrUnavailable) || errors.Is(err, ledger.ErrInvalid) || errors.Is(err, ledger.ErrConflict) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err = c.Append(t.Context(), "key", 0, []byte("x"))
	check("Append", err)
	_, _, err = c.State(t.Context(), "key")
	check("State", err)
	_, _, err = c.Last(t.Context())
	check("Last", err)
	_, err = c.Prove(t.Context(), "key", 0)
	check("Prove", err)
	for _, err := range c.Follow(t.Context(), 0) {
		check("Follow", err)
	}
	for _, err := range c.History(t.Context(), "key", 0) {
		check("History", err)
	}
}
