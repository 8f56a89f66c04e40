package cometledger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cometbft/cometbft/types"

	"github.com/realdid/realdid/did/ledger"
)

// Defaults of [ClientOptions].
const (
	DefaultPatience = time.Minute
	DefaultTimeout  = 10 * time.Second
	DefaultGather   = 2 * time.Millisecond
)

// ClientOptions of [Dial]; nil means the defaults.
type ClientOptions struct {
	// Reducer is that of the validators. With it, the error of a refused operation wraps the error that this Reducer gives, which callers can
	// compare; without it, it has the text of the node's. It decides nothing.
	Reducer ledger.Reducer

	// Trust is the policy that proofs of [Client.Prove] are to satisfy: they lead from one of its pins to the newest header. nil: a proof has the newest
	// header alone, which satisfies a policy that pins the present validators.
	Trust *LightTrust

	// Patience is how long a call goes on trying and waiting, if its context does not end before. Default: [DefaultPatience].
	Patience time.Duration

	// Timeout is how long one request to a node may take before another node is asked. Default: [DefaultTimeout].
	Timeout time.Duration

	// Gather is how long an append waits for others, to go in one transaction with them. A block takes so much longer that it
	// costs nothing. Default: [DefaultGather].
	Gather time.Duration

	// Transport makes the requests. Default: a transport with connections of its own and without a proxy. Notices of blocks come over WebSocket
	// connections, which it does not make.
	Transport http.RoundTripper

	// Clock is what pins are judged by when a proof is put together. Default: time.Now.
	Clock ledger.Clock
}

// A Client is a ledger that validators keep: [ledger.Ledger], [ledger.Follower], [ledger.Stater] and [ledger.Prover]. It is safe for
// concurrent use, and many appends at once are what it is made for: they share transactions of up to [MaxTxOps] operations.
//
// A Client believes the nodes that it is given: what they refuse is refused, and what they say stands, stands. They should be the operator's
// own. Who must not believe them asks for proofs, which no node can forge. Nodes are tried in the order given; the one that answered last is
// asked next. A node that lags behind what the Client has seen is not believed, so that what was appended is always read;
// one that is up to date is, though another claims to be more than a hundred blocks ahead of it.
//
// An append is sent to one node, which checks it and passes it on to the others. The client hears of blocks over a WebSocket, or else asks
// every quarter of a second, and then asks what stands at the places it waits for. What a node lost on the way is sent again, through another node. An
// append that is not confirmed within the patience is [ledger.ErrUnavailable]: the operation may still come to stand, and
// repeating the call settles it.
type Client struct {
	opt       ClientOptions
	http      *http.Client
	endpoints []string // base URLs
	pageLimit uint64   // entries on a page

	at       atomic.Uint32 // number of the endpoint that is asked first
	told     atomic.Uint64 // blocks heard of
	took     atomic.Int64  // nanoseconds that an append takes, smoothed
	patience atomic.Int64
	resend   time.Duration // after which, at the earliest, what does not stand is sent again

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu      sync.Mutex
	queue   []*pending                 // to be sent
	waiting []*pending                 // sent
	awaken  map[chan struct{}]struct{} // told of every block
	closed  bool

	kick   chan struct{} // there is something in queue
	block  chan struct{} // there was a block
	hints  chan struct{} // somebody waits for blocks: the WebSocket is needed
	blocks lightCache

	heights claimed // of answers
}

// Dial returns a client of the nodes whose RPC addresses are given, as http://host:port or https://host:port. It does not connect; a call does. The client is
// to be closed. Errors: of addresses and of options.Trust.
func Dial(_ context.Context, endpoints []string, options *ClientOptions) (*Client, error) {
	c := &Client{
		pageLimit: maxPage, resend: 3 * time.Second, awaken: make(map[chan struct{}]struct{}),
		kick: make(chan struct{}, 1), block: make(chan struct{}, 1), hints: make(chan struct{}, 1),
	}
	if options != nil {
		c.opt = *options
	}
	c.blocks.most, c.blocks.held = 64, make(map[lightKey]*types.LightBlock)
	if c.opt.Patience <= 0 {
		c.opt.Patience = DefaultPatience
	}
	if c.opt.Timeout <= 0 {
		c.opt.Timeout = DefaultTimeout
	}
	if c.opt.Gather <= 0 {
		c.opt.Gather = DefaultGather
	}
	if c.opt.Clock == nil {
		c.opt.Clock = time.Now
	}
	if c.opt.Trust != nil {
		if err := c.opt.Trust.Check(); err != nil {
			return nil, err
		}
	}
	if c.opt.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.Proxy, t.MaxIdleConnsPerHost, t.DisableCompression = nil, 64, true
		c.opt.Transport = t
	}
	c.http = &http.Client{
		Transport:     c.opt.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c.patience.Store(int64(c.opt.Patience))
	if len(endpoints) == 0 {
		return nil, errors.New("cometledger: no endpoints")
	}
	for _, e := range endpoints {
		base, err := endpoint(e)
		if err != nil {
			return nil, err
		}
		c.endpoints = append(c.endpoints, base)
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.work.Go(c.sending)
	c.work.Go(c.settling)
	c.work.Go(c.listening)
	return c, nil
}

// Close ends the client. Calls under way end with [ledger.ErrClosed]; an append among them may or may not stand. The result is nil.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.work.Wait()
	c.http.CloseIdleConnections()
	return nil
}

// ready returns the error of a call that must not begin.
func (c *Client) ready(ctx context.Context, what string) error {
	if c.ctx.Err() != nil {
		return ledger.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("cometledger: %s: %w", what, err)
	}
	return nil
}

// ended returns why a call could not go on, or nil if neither its context nor the client has ended.
func (c *Client) ended(ctx context.Context, what string) error {
	if c.ctx.Err() != nil {
		return ledger.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("cometledger: %s: not waited for the end: %w", what, err)
	}
	return nil
}

// until returns a context that also ends with the client.
func (c *Client) until(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(c.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// pause waits for d or until ctx or the client ends.
func (c *Client) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-c.ctx.Done():
	}
}

// unavailable is the error of a call that gave up because of err.
func unavailable(what string, err error) error {
	if errors.Is(err, ledger.ErrUnavailable) {
		return fmt.Errorf("cometledger: %s: %w", what, err)
	}
	return fmt.Errorf("%w: cometledger: %s: %w", ledger.ErrUnavailable, what, err)
}
