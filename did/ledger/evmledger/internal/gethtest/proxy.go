package gethtest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/rpc"
)

// A Proxy passes JSON-RPC over HTTP on to a node, except for what the test has it do otherwise.
type Proxy struct {
	URL string      // of JSON-RPC over HTTP
	RPC *rpc.Client // connected to URL

	node *rpc.Client
	mu   sync.Mutex
	act  Act
	down bool
}

// An Act decides about a call. It may call pass, which asks the node, or not, and return what it wants.
type Act func(method string, params []json.RawMessage, pass func() (json.RawMessage, error)) (json.RawMessage, error)

// An Error is what a node answers in place of a result.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

func (e *Error) Error() string { return e.Message }

// NotFound is how nodes refuse a method that they do not have.
func NotFound(method string) error {
	return &Error{Code: -32601, Message: "the method " + method + " does not exist/is not available"}
}

// NewProxy starts a proxy that ends with the test.
func NewProxy(tb testing.TB, node *rpc.Client) *Proxy {
	tb.Helper()
	p := &Proxy{node: node}
	server := httptest.NewServer(p)
	tb.Cleanup(server.Close)
	p.URL = server.URL
	var err error
	if p.RPC, err = rpc.Dial(server.URL); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.RPC.Close)
	return p
}

// Node returns the connection to the node.
func (p *Proxy) Node() *rpc.Client { return p.node }

// Do has act decide about every call from now on; nil passes everything on.
func (p *Proxy) Do(act Act) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.act = act
}

// Down has the proxy break off every connection, or no longer.
func (p *Proxy) Down(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// Without is an Act of a node that lacks methods.
func Without(methods ...string) Act {
	return func(method string, _ []json.RawMessage, pass func() (json.RawMessage, error)) (json.RawMessage, error) {
		for _, m := range methods {
			if m == method {
				return nil, NotFound(method)
			}
		}
		return pass()
	}
}

type call struct {
	Version string            `json:"jsonrpc"`
	ID      json.RawMessage   `json:"id"`
	Method  string            `json:"method"`
	Params  []json.RawMessage `json:"params"`
}

type answer struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *Error          `json:"error,omitempty"`
}

// ServeHTTP implements http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	act, down := p.act, p.down
	p.mu.Unlock()
	if down {
		panic(http.ErrAbortHandler)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 32<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	var out any
	var batch []call
	if err := json.Unmarshal(body, &batch); err == nil {
		answers := make([]answer, len(batch))
		for i := range batch {
			answers[i] = p.answer(ctx, act, &batch[i])
		}
		out = answers
	} else {
		var c call
		if err := json.Unmarshal(body, &c); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		out = p.answer(ctx, act, &c)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out)
}

func (p *Proxy) answer(ctx context.Context, act Act, c *call) answer {
	pass := func() (json.RawMessage, error) {
		args := make([]any, len(c.Params))
		for i := range args {
			args[i] = c.Params[i]
		}
		var raw json.RawMessage
		err := p.node.CallContext(ctx, &raw, c.Method, args...)
		return raw, err
	}
	var result json.RawMessage
	var err error
	if act == nil {
		result, err = pass()
	} else {
		result, err = act(c.Method, c.Params, pass)
	}
	a := answer{Version: "2.0", ID: c.ID, Result: result}
	if err != nil {
		a.Result, a.Error = nil, toError(err)
	} else if len(result) == 0 {
		a.Result = json.RawMessage("null")
	}
	return a
}

func toError(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	e := &Error{Code: -32000, Message: err.Error()}
	var coded rpc.Error
	if errors.As(err, &coded) {
		e.Code = coded.ErrorCode()
	}
	var with rpc.DataError
	if errors.As(err, &with) {
		e.Data = with.ErrorData()
	}
	return e
}
