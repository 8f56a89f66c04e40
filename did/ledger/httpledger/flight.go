package httpledger

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// flights bounds how many requests are being served at once, in all and for one client.
type flights struct {
	most, each int

	mu  sync.Mutex
	all int
	per map[netip.Addr]int // of clients that have any
}

// enter counts a request in; ok is false if there are too many.
func (f *flights) enter(client netip.Addr) (ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all >= f.most || f.per[client] >= f.each {
		return false
	}
	f.all++
	f.per[client]++
	return true
}

func (f *flights) leave(client netip.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all--
	if f.per[client]--; f.per[client] == 0 {
		delete(f.per, client)
	}
}

// gate lets so many appends through at once.
type gate struct {
	slots   chan struct{}
	patient time.Duration // how long one waits for a slot
	waiting atomic.Int64
	took    atomic.Int64 // nanoseconds that an append takes, smoothed
}

// enter waits for a slot; retry says when to come back if there is none.
func (g *gate) enter(ctx context.Context) (retry time.Duration, ok bool) {
	select {
	case g.slots <- struct{}{}:
		return 0, true
	default:
	}
	ahead := g.waiting.Add(1)
	defer g.waiting.Add(-1)
	timer := time.NewTimer(g.patient)
	defer timer.Stop()
	select {
	case g.slots <- struct{}{}:
		return 0, true
	case <-timer.C:
	case <-ctx.Done():
	}
	due := time.Duration(float64(g.took.Load()) * float64(ahead) / float64(cap(g.slots)))
	return min(max(due, time.Second), time.Minute), false
}

func (g *gate) leave(begun time.Time) {
	<-g.slots
	const share = 8
	old := g.took.Load()
	g.took.Store(old + (int64(time.Since(begun))-old)/share)
}

// maxHops is how many entries of X-Forwarded-For are looked at.
const maxHops = 16

// client returns the address that stands for who sent r: the one at the other end of the connection, or, if that is a
// trusted proxy, the last in X-Forwarded-For that is none.
func (h *Handler) client(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	addr := at.Addr().Unmap().WithZone("")
	if err != nil || !h.trusted(addr) {
		return clientAddress(addr)
	}
	lines := r.Header.Values("X-Forwarded-For")
	for i, hops := len(lines)-1, 0; i >= 0; i-- {
		for line, more := lines[i], true; more && hops < maxHops; hops++ {
			var hop string
			if cut := strings.LastIndexByte(line, ','); cut >= 0 {
				line, hop = line[:cut], line[cut+1:]
			} else {
				hop, more = line, false
			}
			next, err := netip.ParseAddr(strings.TrimSpace(hop))
			if err != nil {
				return clientAddress(addr)
			}
			if addr = next.Unmap().WithZone(""); !h.trusted(addr) {
				return clientAddress(addr)
			}
		}
	}
	return clientAddress(addr)
}

func (h *Handler) trusted(addr netip.Addr) bool {
	for _, p := range h.opt.TrustedProxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
