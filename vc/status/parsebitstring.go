package status

import "time"

// ParseBitstringList reads a Bitstring Status List from the claims of the credential that holds it: whoever signed that, so nothing
// may rest on it unless they are those of a vc.Verified. It refuses what inflates to more than maxBytes (0 means DefaultMaxBytes). Without
// statusSize, which is left to the entries then, Bits has entries of one bit. Errors are a *vc.Fault, and those of DecodeBitstring.
func ParseBitstringList(claims map[string]any, maxBytes int) (*BitstringList, error) {
	b, err := readBitstring(claims)
	if err != nil {
		return nil, err
	}
	l := &BitstringList{URL: b.url, Purposes: b.purposes, TTL: b.ttl, Messages: b.messages}
	for name, t := range map[string]*time.Time{"validFrom": &l.ValidFrom, "validUntil": &l.ValidUntil} {
		s, ok := claims[name].(string)
		if _, has := claims[name]; !has {
			continue
		}
		if *t, err = time.Parse(time.RFC3339, s); !ok || err != nil {
			return nil, listFault(name + " is not a date-time")
		}
	}
	if l.Bits, err = DecodeBitstring(b.encoded, max(b.size, 1), maxBytes); err != nil {
		return nil, err
	}
	return l, nil
}
