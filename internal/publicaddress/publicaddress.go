// Package publicaddress tells addresses of the public Internet from others, for software that connects to where a stranger says.
package publicaddress

import (
	"net/netip"
	"slices"
)

// refused are the address blocks that are not the public Internet: those that the IANA special-purpose registries call
// not globally reachable, those that lead into another address space (6to4, Teredo, NAT64), and one that a cloud serves its own
// machines at. Of IPv6, all outside 2000::/3 is refused as well.
var refused = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),        // this network
	netip.MustParsePrefix("10.0.0.0/8"),       // private
	netip.MustParsePrefix("100.64.0.0/10"),    // shared by carriers
	netip.MustParsePrefix("127.0.0.0/8"),      // loopback
	netip.MustParsePrefix("168.63.129.16/32"), // a cloud's platform (Azure), reached from inside alone
	netip.MustParsePrefix("169.254.0.0/16"),   // link-local, clouds' metadata
	netip.MustParsePrefix("172.16.0.0/12"),    // private
	netip.MustParsePrefix("192.0.0.0/24"),     // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),     // documentation
	netip.MustParsePrefix("192.88.99.0/24"),   // 6to4 relays
	netip.MustParsePrefix("192.168.0.0/16"),   // private
	netip.MustParsePrefix("198.18.0.0/15"),    // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"),  // documentation
	netip.MustParsePrefix("203.0.113.0/24"),   // documentation
	netip.MustParsePrefix("224.0.0.0/4"),      // multicast
	netip.MustParsePrefix("240.0.0.0/4"),      // reserved, broadcast
	netip.MustParsePrefix("2001::/23"),        // protocol assignments, Teredo
	netip.MustParsePrefix("2001:db8::/32"),    // documentation
	netip.MustParsePrefix("2002::/16"),        // 6to4
	netip.MustParsePrefix("3fff::/20"),        // documentation
}

var globalUnicast = netip.MustParsePrefix("2000::/3")

// Is tells whether a is an address of the public Internet. An IPv4-mapped IPv6 address is judged as the IPv4 address
// that it holds, which is what the system would connect to.
func Is(a netip.Addr) bool {
	a = a.Unmap()
	// A prefix contains no address with a zone.
	if !a.IsValid() || a.Is6() && !globalUnicast.Contains(a) {
		return false
	}
	return !slices.ContainsFunc(refused, func(p netip.Prefix) bool { return p.Contains(a) })
}
