package didcommhttp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/realdid/realdid/internal/publicaddress"
)

// ErrAddress is in the error of a Send that connected to nobody because the host has an address outside the public Internet.
var ErrAddress = errors.New("address is not public")

// Lookup finds the addresses of a host name. *net.Resolver is one.
type Lookup interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

const maxAddresses = 32 // of one host name, that are tried

// dial looks the host up, checks all its addresses and connects to the first that answers.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.opt.Timeout) // the transport may go on without the message that began it
	defer cancel()
	lookup := c.opt.Lookup
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
		if !c.allowed(a) {
			return nil, fmt.Errorf("%w: %v", ErrAddress, a)
		}
	}
	var d net.Dialer
	for _, a := range addrs[:min(len(addrs), maxAddresses)] { // as numbers: nothing is looked up again
		var conn net.Conn
		if conn, err = d.DialContext(ctx, network, netip.AddrPortFrom(a.Unmap(), uint16(port)).String()); err == nil {
			return conn, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

func (c *Client) allowed(a netip.Addr) bool {
	a = a.Unmap()
	if c.opt.InsecureLoopbackHTTP {
		return a.IsLoopback()
	}
	return publicaddress.Is(a) || slices.ContainsFunc(c.opt.InsecureAllow, func(p netip.Prefix) bool { return p.Contains(a) })
}
