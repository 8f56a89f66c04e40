package publicaddress

import (
	"net/netip"
	"testing"
)

func TestIs(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true,
		"0.0.0.0": false, "10.1.2.3": false, "100.64.0.1": false, "127.0.0.1": false, "169.254.169.254": false, "172.31.0.1": false,
		"192.168.1.1": false, "168.63.129.16": false, "168.63.129.17": true, "224.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::ffff:127.0.0.1": false, "64:ff9b::7f00:1": false, "fe80::1": false, "fd00::1": false, "2001:db8::1": false,
		"2002:7f00:1::": false, "ff02::1": false, "2606:4700::1111%eth0": false,
	} {
		if got := Is(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
	if Is(netip.Addr{}) {
		t.Error("no address: got public")
	}
}
