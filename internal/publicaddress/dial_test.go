package publicaddress

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"
)

type names map[string][]netip.Addr

func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return n[host], nil
}

// TestDialer: nobody is connected to by a name of which any address is refused.
func TestDialer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	here, public, refused := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("93.184.215.14"), errors.New("refused")
	d := Dialer{Refused: refused, Timeout: time.Minute, Lookup: names{
		"here": {here}, "mapped": {netip.MustParseAddr("::ffff:127.0.0.1")}, "mixed": {here, public}, "public": {public},
		"last": append(slices.Repeat([]netip.Addr{public}, 2*maxAddresses), here),
	}}
	for _, c := range []struct {
		host     string
		allow    []netip.Prefix
		loopback bool
		want     error
	}{
		{host: "here", want: refused},
		{host: "mapped", want: refused},
		{host: "mixed", want: refused},
		{host: "last", want: refused},
		{host: "here", allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		{host: "mapped", allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		{host: "here", allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, want: refused},
		{host: "here", loopback: true},
		{host: "public", loopback: true, want: refused},
		{host: "mixed", loopback: true, want: refused},
	} {
		d.Allow, d.Loopback = c.allow, c.loopback
		conn, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort(c.host, port))
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s, %v, %v: got %v, want %v", c.host, c.allow, c.loopback, err, c.want)
		}
		if err == nil {
			conn.Close()
		}
	}
	for _, address := range []string{"none:1", "here", "here:65536", "here:http"} {
		if _, err := d.DialContext(t.Context(), "tcp", address); err == nil {
			t.Errorf("%s: got no error", address)
		}
	}
}
