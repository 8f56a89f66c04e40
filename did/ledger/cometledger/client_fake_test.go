package cometledger

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	cmtjson "github.com/cometbft/cometbft/libs/json"
	ctypes "github.com/cometbft/cometbft/rpc/core/types"
	"github.com/cometbft/cometbft/types"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/proof"
)

// A fakeChain is what several fake nodes agree on: entries, and blocks that come when the test says so.
type fakeChain struct {
	mu      sync.Mutex
	height  int64
	entries []wireEntry
	lengths map[string]uint64
	pool    []operation // sent, and not in a block yet
	blocks  map[int64]*types.LightBlock
	latest  func(key string) (*proof.Latest, int64) // and the height that made it
}

func newFakeChain() *fakeChain {
	return &fakeChain{height: 1, lengths: make(map[string]uint64), blocks: make(map[int64]*types.LightBlock)}
}

// commit makes a block of what stands of the pool.
func (f *fakeChain) commit() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.height++
	for _, o := range f.pool {
		if f.lengths[o.Key] == o.Seq {
			f.lengths[o.Key]++
			f.entries = append(f.entries, wireEntry{Key: o.Key, Seq: o.Seq, Op: o.Op, Index: uint64(len(f.entries)), Time: 1000 + f.height})
		}
	}
	f.pool = nil
}

// forever makes blocks until the test ends.
func (f *fakeChain) forever(tb testing.TB) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for tick := time.NewTicker(5 * time.Millisecond); ; {
			select {
			case <-tick.C:
				f.commit()
			case <-stop:
				tick.Stop()
				return
			}
		}
	})
	tb.Cleanup(func() { close(stop); wg.Wait() })
}

// A fakeNode answers for a chain, in its own way where the test says so.
type fakeNode struct {
	chain  *fakeChain
	server *httptest.Server

	mu        sync.Mutex
	behind    int64                                                   // blocks that it has not got
	catching  bool                                                    // and says so
	judge     func(o operation) uint32                                // code for an operation; nil: all are good
	send      func(ops []operation) (refused string, lose, done bool) // done: the answer is refused, an RPC error if not empty; lose: nothing comes of it
	blockTime time.Time                                               // of its last block
	boast     int64                                                   // by how much its answers are higher
	garble    func(method string, w http.ResponseWriter) bool         // writes the response itself
	calls     map[string]int
	sent      [][]operation
}

func newFakeNode(tb testing.TB, chain *fakeChain) *fakeNode {
	n := &fakeNode{chain: chain, calls: make(map[string]int)}
	n.server = httptest.NewServer(n)
	tb.Cleanup(n.server.Close)
	return n
}

func (n *fakeNode) count(method string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.calls[method]
}

func (n *fakeNode) set(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
}

func (n *fakeNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.NotFound(w, r) // no WebSocket here: the client has to ask
		return
	}
	b, _ := io.ReadAll(r.Body)
	var req struct {
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(b, &req); err != nil {
		http.Error(w, "no request", http.StatusBadRequest)
		return
	}
	n.mu.Lock()
	n.calls[req.Method]++
	garble := n.garble
	n.mu.Unlock()
	if garble != nil && garble(req.Method, w) {
		return
	}
	result, err := n.answer(req.Method, req.Params)
	if err != nil {
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Internal error","data":%q}}`, err.Error())
		return
	}
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":1,"result":%s}`, result)
}

func (n *fakeNode) answer(method string, params json.RawMessage) ([]byte, error) {
	var p struct {
		Path   string `json:"path"`
		Data   string `json:"data"`
		Tx     []byte `json:"tx"`
		Height string `json:"height"`
		Page   string `json:"page"`
	}
	if err := json.Unmarshal(params, &p); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.chain.mu.Lock()
	defer n.chain.mu.Unlock()
	switch method {
	case "status":
		return fmt.Appendf(nil, `{"sync_info":{"catching_up":%v,"latest_block_time":%q}}`, n.catching, n.blockTime.Format(time.RFC3339Nano)), nil
	case "broadcast_tx_sync":
		return n.broadcast(p.Tx)
	case "abci_query":
		data, err := hex.DecodeString(p.Data)
		if err != nil {
			return nil, err
		}
		value, code := n.query(p.Path, data)
		return json.Marshal(map[string]any{"response": map[string]any{"code": code, "log": "a fake", "value": value, "height": "1"}})
	case "commit", "validators":
		height, err := strconv.ParseInt(p.Height, 10, 64)
		b := n.chain.blocks[height]
		if err != nil || b == nil || height > n.chain.height {
			return nil, fmt.Errorf("no block %q", p.Height)
		}
		if method == "commit" {
			return cmtjson.Marshal(&ctypes.ResultCommit{SignedHeader: *b.SignedHeader})
		}
		vals, page := b.ValidatorSet.Validators, 0
		if page, err = strconv.Atoi(p.Page); err != nil || page < 1 {
			return nil, fmt.Errorf("page %q", p.Page)
		}
		const perPage = 3 // few, so that there are several pages
		from := min((page-1)*perPage, len(vals))
		part := vals[from:min(from+perPage, len(vals))]
		return cmtjson.Marshal(&ctypes.ResultValidators{BlockHeight: height, Validators: part, Count: len(part), Total: len(vals)})
	}
	return nil, fmt.Errorf("no method %q", method)
}

func (n *fakeNode) broadcast(tx []byte) ([]byte, error) {
	ops, err := parseTx(tx)
	if err != nil {
		return nil, err
	}
	n.sent = append(n.sent, ops)
	if n.send != nil {
		if refused, lose, done := n.send(ops); refused != "" {
			return nil, fmt.Errorf("%s", refused)
		} else if lose || done {
			return []byte(`{"code":0,"data":"","log":""}`), nil
		}
	}
	c := checked{Height: n.chain.height - n.behind, Refusals: []refusal{}}
	for i, o := range ops {
		r := refusal{Op: uint64(i), Length: n.chain.lengths[o.Key]}
		switch {
		case n.behind > 0 && o.Seq > 0:
			r.Code, r.Length = codeConflict, 0
		case o.Seq < r.Length:
			r.Code = codeConflict
			for _, e := range n.chain.entries {
				if e.Key == o.Key && e.Seq == o.Seq && string(e.Op) == string(o.Op) {
					r.Code = codeStands
				}
			}
		case o.Seq > r.Length:
			r.Code = codeConflict
		case n.judge != nil:
			r.Code = n.judge(o)
			r.Text = "so judges the fake"
		}
		if r.Code != codeOK {
			c.Refusals = append(c.Refusals, r)
		}
	}
	if len(c.Refusals) > 0 {
		return json.Marshal(map[string]any{"code": c.Refusals[0].Code, "data": hex.EncodeToString(c.bytes()), "log": "refused"})
	}
	n.chain.pool = append(n.chain.pool, ops...)
	return []byte(`{"code":0,"data":"","log":""}`), nil
}

// query answers as the application does.
func (n *fakeNode) query(path string, data []byte) ([]byte, uint32) {
	f := n.chain
	height := f.height - n.behind + n.boast
	entries := f.entries
	if n.behind > 0 {
		entries = nil
	}
	length := func(key string) (l uint64) {
		for _, e := range entries {
			if e.Key == key {
				l++
			}
		}
		return l
	}
	switch path {
	case pathLast:
		a := &lastAnswer{Height: height, Entries: uint64(len(entries)), AppHash: make([]byte, 32)}
		return mustEncode(a), codeOK
	case pathState:
		var key string
		if parseQuery(data, &key) != nil {
			return nil, codeMalformed
		}
		a := &stateAnswer{Height: height, Length: length(key)}
		if a.Length > 0 {
			a.State = fmt.Appendf(nil, "state %d", a.Length)
		}
		return mustEncode(a), codeOK
	case pathStands:
		var places []place
		if parseQuery(data, &places) != nil {
			return nil, codeMalformed
		}
		a := &standsAnswer{Height: height, Places: []standing{}}
		for _, p := range places {
			s := standing{Length: length(p.Key), Sum: []byte{}}
			for _, e := range entries {
				if e.Key == p.Key && e.Seq == p.Seq {
					sum := sha256.Sum256(e.Op)
					s.Index, s.Time, s.Sum = e.Index, e.Time, sum[:]
				}
			}
			a.Places = append(a.Places, s)
		}
		return mustEncode(a), codeOK
	case pathEntries:
		var q entriesQuery
		if parseQuery(data, &q) != nil {
			return nil, codeMalformed
		}
		a := &pageAnswer{Height: height, Entries: []wireEntry{}}
		for _, e := range entries {
			if e.Key == q.Key && e.Seq >= q.From && uint64(len(a.Entries)) < q.Limit {
				a.Entries = append(a.Entries, e)
			}
		}
		return mustEncode(a), codeOK
	case pathProof:
		var q proofQuery
		if parseQuery(data, &q) != nil {
			return nil, codeMalformed
		}
		latest, changed := f.latest(q.Key)
		b, err := latest.Bytes()
		if err != nil {
			return nil, codeMalformed
		}
		return mustEncode(&proofAnswer{Height: height, Changed: changed, Latest: b}), codeOK
	}
	return nil, codeMalformed
}

// fakeClient returns an impatient client of fake nodes.
func fakeClient(tb testing.TB, opt *ClientOptions, nodes ...*fakeNode) *Client {
	tb.Helper()
	var list []string
	for _, n := range nodes {
		list = append(list, n.server.URL)
	}
	if opt == nil {
		opt = &ClientOptions{}
	}
	if opt.Patience == 0 {
		opt.Patience = 20 * time.Second
	}
	if opt.Timeout == 0 {
		opt.Timeout = 2 * time.Second
	}
	c, err := Dial(tb.Context(), list, opt)
	if err != nil {
		tb.Fatal(err)
	}
	c.resend = 200 * time.Millisecond
	tb.Cleanup(func() { c.Close() })
	return c
}

// mustAppend appends as entry seq of key.
func mustAppend(tb testing.TB, c *Client, key string, seq uint64, op string) ledger.Entry {
	tb.Helper()
	e, err := c.Append(tb.Context(), key, seq, []byte(op))
	if err != nil {
		tb.Fatalf("Append(%s, %d): %v", key, seq, err)
	}
	if e.Key != key || e.Seq != seq || string(e.Op) != op {
		tb.Fatalf("Append(%s, %d, %s) = %v", key, seq, op, e)
	}
	return e
}

// refusing is a reducer that refuses what has the word bad in it.
type refusing struct{}

func (refusing) Reduce(_ string, _, op []byte, _ ledger.Anchor) (ledger.Reduced, error) {
	if strings.Contains(string(op), "bad") {
		return ledger.Reduced{}, ledgertest.ErrRefused
	}
	return ledger.Reduced{State: op}, nil
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
