package publicaddress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// maxAddresses is how many addresses of one host name are tried.
const maxAddresses = 32

// A Dialer connects to hosts that strangers name, at public addresses alone.
type Dialer struct {
	Lookup interface { // nil: net.DefaultResolver
		LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	}
	Allow    []netip.Prefix // addresses that may be connected to beside public ones
	Loopback bool           // those of this machine instead, and no others
	Timeout  time.Duration  // for looking up and connecting; required
	Refused  error          // is in the error for a host with an address that may not be connected to; required
}

// DialContext looks the host up once, checks all its addresses and connects to the first that answers.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.Timeout) // a transport may go on without the request that began it
	defer cancel()
	lookup := d.Lookup
	if lookup == nil {
		lookup = net.DefaultResolver
	}
	addrs, err := lookup.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, errors.New("the host has no address")
	}
	for _, a := range addrs {
		if !d.allows(a) {
			return nil, fmt.Errorf("%w: %v", d.Refused, a)
		}
	}
	var to net.Dialer
	for _, a := range addrs[:min(len(addrs), maxAddresses)] { // as numbers: nothing is looked up again
		var conn net.Conn
		if conn, err = to.DialContext(ctx, network, netip.AddrPortFrom(a.Unmap(), uint16(port)).String()); err == nil {
			return conn, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

func (d *Dialer) allows(a netip.Addr) bool {
	a = a.Unmap()
	if d.Loopback {
		return a.IsLoopback()
	}
	return Is(a) || slices.ContainsFunc(d.Allow, func(p netip.Prefix) bool { return p.Contains(a) })
}
