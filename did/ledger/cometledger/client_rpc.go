package cometledger

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// maxResponse is the size limit of a response in bytes: that of an answer, in base64 and JSON.
const maxResponse = 4 << 20

// endpoint returns the base URL of a node.
func endpoint(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("cometledger: %q is not the address of a node, http://host:port", s)
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}

// An rpcError is what a node answers instead of a result.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    string `json:"data"`
}

func (e *rpcError) Error() string {
	return fmt.Sprintf("the node says: %s: %s (%d)", shorten(e.Message, maxText), shorten(e.Data, maxText), e.Code)
}

// request makes one JSON-RPC request to one node. Requests are never put together into JSON-RPC batches: a node silently drops
// one of more than ten.
func (c *Client) request(ctx context.Context, base, method string, params, result any) error {
	ctx, cancel := context.WithTimeout(ctx, c.opt.Timeout)
	defer cancel()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse+1))
	if err != nil {
		return err
	}
	if len(b) > maxResponse {
		return fmt.Errorf("%s: a response of more than %d bytes", method, maxResponse)
	}
	var w struct {
		Result json.RawMessage `json:"result"`
		Error  *rpcError       `json:"error"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return fmt.Errorf("%s: status %d, and no JSON-RPC response", method, resp.StatusCode)
	}
	if w.Error != nil {
		return w.Error
	}
	if len(w.Result) == 0 {
		return fmt.Errorf("%s: status %d without a result", method, resp.StatusCode)
	}
	if raw, ok := result.(*json.RawMessage); ok {
		*raw = w.Result
		return nil
	}
	if err := json.Unmarshal(w.Result, result); err != nil {
		return fmt.Errorf("%s: malformed result: %w", method, err)
	}
	return nil
}

// Pauses between tries: up to firstPause, doubling up to lastPause.
const (
	firstPause = 20 * time.Millisecond
	lastPause  = time.Second
)

// try calls f with one endpoint after the other until it succeeds or its error is final, which finalError says. The endpoint that succeeds is asked first
// by the next call.
func (c *Client) try(ctx context.Context, what string, f func(ctx context.Context, base string) error) error {
	if err := c.ready(ctx, what); err != nil {
		return err
	}
	ctx, cancel := c.until(ctx)
	defer cancel()
	end := time.Now().Add(time.Duration(c.patience.Load()))
	pause := firstPause
	for n := 1; ; n++ {
		at := c.at.Load()
		err := f(ctx, c.endpoints[at])
		if err == nil {
			return nil
		}
		if final, ok := errors.AsType[*finalError](err); ok {
			return final.err
		}
		if ended := c.ended(ctx, what); ended != nil {
			return ended
		}
		if !errors.Is(err, errLags) || n%3 == 0 {
			c.leave(at)
		}
		if !time.Now().Add(pause).Before(end) {
			return unavailable(what, err)
		}
		if n%len(c.endpoints) == 0 || errors.Is(err, errLags) {
			c.pause(ctx, pause)
			if ended := c.ended(ctx, what); ended != nil {
				return ended
			}
			pause = min(2*pause, lastPause)
		}
	}
}

// leave makes the endpoint after number at the first, if at is that now.
func (c *Client) leave(at uint32) { c.at.CompareAndSwap(at, (at+1)%uint32(len(c.endpoints))) }

// A finalError is one that no other node would not give.
type finalError struct{ err error }

func (e *finalError) Error() string { return e.err.Error() }

// errLags says that a node has not got as far as another, or not as far as is asked for.
var errLags = errors.New("the node is behind")

// query asks the application, and reads the value into answer, whose height is height().
func (c *Client) query(ctx context.Context, what, path string, data []byte, answer any, height func() int64) error {
	return c.try(ctx, what, func(ctx context.Context, base string) error {
		return c.queryAt(ctx, base, path, data, answer, height)
	})
}

func (c *Client) queryAt(ctx context.Context, base, path string, data []byte, answer any, height func() int64) error {
	seen := c.heights.floor()
	var result struct {
		Response struct {
			Code  uint32 `json:"code"`
			Log   string `json:"log"`
			Value []byte `json:"value"`
		} `json:"response"`
	}
	params := map[string]any{"path": path, "data": hex.EncodeToString(data), "height": "0", "prove": false}
	if err := c.request(ctx, base, "abci_query", params, &result); err != nil {
		return err
	}
	switch r := &result.Response; r.Code {
	case codeOK:
	case codeUnavailable:
		return fmt.Errorf("%w: %s", errLags, shorten(r.Log, maxText))
	default:
		return &finalError{fmt.Errorf("cometledger: the node does not read the query %s: code %d: %s", path, r.Code, shorten(r.Log, maxText))}
	}
	if err := parseAnswer(result.Response.Value, answer); err != nil {
		return err
	}
	return c.observe(ctx, base, height(), seen)
}

// broadcast hands a transaction of n operations to a node. It returns nil if it is in the mempool now.
func (c *Client) broadcast(ctx context.Context, base string, tx []byte, n int) (*checked, error) {
	var result struct {
		Code uint32 `json:"code"`
		Data string `json:"data"` // hexadecimal
		Log  string `json:"log"`
	}
	err := c.request(ctx, base, "broadcast_tx_sync", map[string]any{"tx": tx}, &result)
	if r, ok := errors.AsType[*rpcError](err); ok && strings.Contains(r.Data, "already exists in cache") {
		return nil, nil // it waits there, or was in a block a moment ago
	}
	if err != nil {
		return nil, err
	}
	switch result.Code {
	case codeOK:
		return nil, nil
	case codeInvalid, codeConflict, codeStands, codeWaiting, codeCrowded:
		data, err := hex.DecodeString(result.Data)
		if err != nil {
			return nil, err
		}
		answer, err := parseChecked(data, n)
		if err == nil && len(answer.Refusals) == 0 {
			err = errors.New("a transaction refused, and no operation of it")
		}
		return answer, err
	}
	return nil, fmt.Errorf("transaction refused with code %d: %s", result.Code, shorten(result.Log, maxText))
}

// Last returns the anchor of the last entry; ok is false while there is none.
func (c *Client) Last(ctx context.Context) (last ledger.Anchor, ok bool, err error) {
	var a lastAnswer
	if err := c.query(ctx, "last", pathLast, nil, &a, func() int64 { return a.Height }); err != nil || a.Entries == 0 {
		return ledger.Anchor{}, false, err
	}
	return ledger.Anchor{Index: a.Entries - 1, Time: time.Unix(a.Time, 0).UTC()}, true, nil
}
