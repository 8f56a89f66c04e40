package pgtest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
)

// A Moment is when a [Proxy] cuts the connection on which a statement goes.
type Moment int

// The moments of a cut.
const (
	// BeforeSent cuts before the server has seen the statement.
	BeforeSent Moment = iota
	// AfterSent cuts as soon as the statement was handed to the server: nobody knows what becomes of it.
	AfterSent
	// AfterDone cuts when the server has said that it is done, committed, and before the client hears of it.
	AfterDone
)

// A Proxy stands between clients and a server, on a loopback port of its own. It understands as much of PostgreSQL's
// protocol (version 3, in the clear) as is needed to cut a connection at a chosen moment of a chosen statement.
type Proxy struct {
	listener net.Listener

	mu       sync.Mutex
	target   string
	conns    map[net.Conn]struct{}
	match    func(sql string) bool
	at       Moment
	left     int           // cuts still to be made
	open     chan struct{} // closed while bytes may pass
	cuts     int
	closed   bool
	handlers sync.WaitGroup
}

// NewProxy starts a proxy to the server at target. It ends with the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: listener, target: target, conns: make(map[net.Conn]struct{}), open: make(chan struct{})}
	close(p.open)
	p.handlers.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// Addr is the proxy's address.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Cut makes the proxy cut the connections of the next n statements whose text match accepts.
func (p *Proxy) Cut(n int, at Moment, match func(sql string) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.at, p.match = n, at, match
}

// Cuts tells how many connections were cut at a chosen statement.
func (p *Proxy) Cuts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// CutAll cuts every connection there is.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

// Hold lets no byte pass until Release: a network that swallows everything, without an error for anybody.
func (p *Proxy) Hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
		p.open = make(chan struct{})
	default:
	}
}

// Release ends Hold. What was held up arrives.
func (p *Proxy) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
	default:
		close(p.open)
	}
}

// SetTarget sends connections from now on to another server.
func (p *Proxy) SetTarget(addr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = addr
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.Release()
	p.CutAll()
	p.handlers.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		target := p.target
		p.mu.Unlock()
		server, err := net.Dial("tcp", target)
		if err != nil {
			_ = client.Close()
			continue
		}
		l := &link{proxy: p, client: client, server: server, prepared: make(map[string]string)}
		if !p.add(client, server) {
			return
		}
		var both sync.WaitGroup
		both.Go(l.forward)
		both.Go(l.back)
		p.handlers.Go(func() {
			both.Wait()
			p.remove(client, server)
		})
	}
}

func (p *Proxy) add(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		if p.closed {
			_ = c.Close()
			continue
		}
		p.conns[c] = struct{}{}
	}
	return !p.closed
}

func (p *Proxy) remove(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.conns, c)
	}
}

// pass waits while the proxy holds bytes up.
func (p *Proxy) pass() {
	p.mu.Lock()
	open := p.open
	p.mu.Unlock()
	<-open
}

// take says whether the statement is one to cut at, and uses up a cut.
func (p *Proxy) take(sql string) (Moment, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left == 0 || !p.match(sql) {
		return 0, false
	}
	p.left--
	p.cuts++
	return p.at, true
}

// A link is one client's connection and its continuation to the server.
type link struct {
	proxy          *Proxy
	client, server net.Conn
	prepared       map[string]string // statement name to text

	mu     sync.Mutex
	doomed bool // cut at the next ReadyForQuery
}

func (l *link) cut() {
	_ = l.client.Close()
	_ = l.server.Close()
}

var errTooLong = errors.New("pgtest: message over 64 MiB")

// message reads a message: its type (0 for the first one of a connection, which has none), and all its bytes.
func message(r io.Reader, first bool) (kind byte, whole []byte, err error) {
	header := make([]byte, 4, 5)
	if !first {
		header = header[:5]
	}
	if _, err := io.ReadFull(r, header); err != nil {
		return 0, nil, err
	}
	if !first {
		kind = header[0]
	}
	n := binary.BigEndian.Uint32(header[len(header)-4:])
	if n < 4 || n > 64<<20 {
		return 0, nil, errTooLong
	}
	whole = make([]byte, len(header)+int(n)-4)
	copy(whole, header)
	_, err = io.ReadFull(r, whole[len(header):])
	return kind, whole, err
}

// forward carries messages from the client to the server.
func (l *link) forward() {
	defer l.cut()
	for first := true; ; {
		kind, whole, err := message(l.client, first)
		if err != nil {
			return
		}
		// The connection has begun with the StartupMessage; before it there may be requests for encryption, refused.
		if first {
			first = len(whole) >= 8 && binary.BigEndian.Uint32(whole[4:]) != 3<<16
		}
		l.proxy.pass()
		at, chosen := Moment(0), false
		if sql, ok := l.statement(kind, whole); ok {
			at, chosen = l.proxy.take(sql)
		}
		if chosen && at == BeforeSent {
			return
		}
		if chosen && at == AfterDone {
			l.mu.Lock()
			l.doomed = true
			l.mu.Unlock()
		}
		if _, err := l.server.Write(whole); err != nil {
			return
		}
		if chosen && at == AfterSent {
			l.finishSending(kind)
			return
		}
	}
}

// finishSending hands the server the rest of a statement, up to the Sync that makes it run and commit.
func (l *link) finishSending(kind byte) {
	for kind != 'Q' && kind != 'S' {
		var whole []byte
		var err error
		if kind, whole, err = message(l.client, false); err != nil {
			return
		}
		if _, err := l.server.Write(whole); err != nil {
			return
		}
	}
}

// statement returns the text of the statement that a message executes: that of a Query, or what a Bind was prepared as.
func (l *link) statement(kind byte, whole []byte) (string, bool) {
	switch kind {
	case 'Q':
		sql, _, _ := bytes.Cut(whole[5:], []byte{0})
		return string(sql), true
	case 'P': // name, text
		name, rest, _ := bytes.Cut(whole[5:], []byte{0})
		sql, _, _ := bytes.Cut(rest, []byte{0})
		l.prepared[string(name)] = string(sql)
	case 'B': // portal, name
		_, rest, _ := bytes.Cut(whole[5:], []byte{0})
		name, _, _ := bytes.Cut(rest, []byte{0})
		sql, ok := l.prepared[string(name)]
		return sql, ok
	}
	return "", false
}

// back carries the answers.
func (l *link) back() {
	defer l.cut()
	for {
		kind, whole, err := message(l.server, false)
		if err != nil {
			return
		}
		l.mu.Lock()
		doomed := l.doomed
		l.mu.Unlock()
		if doomed && (kind == 'Z' || kind == 'C') {
			if kind == 'Z' { // the transaction has ended
				return
			}
			continue
		}
		l.proxy.pass()
		if _, err := l.client.Write(whole); err != nil {
			return
		}
	}
}
