package keys

import (
	"encoding/hex"
	"errors"
	"math/bits"
)

// order is the order n of a curve's group, big endian, as long as r and s; half is floor(n/2), nil when s has no low form.
type order struct{ n, half []byte }

var (
	orderP256      = newOrder("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", true)
	orderP384      = newOrder("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", true)
	orderSecp256k1 = newOrder("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", true)
	orderSM2       = newOrder("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123", false)
)

func newOrder(n string, lowS bool) *order {
	b, err := hex.DecodeString(n)
	if err != nil {
		return &order{} // unreachable: the literals above are hexadecimal; an empty order refuses every signature
	}
	o := &order{n: b}
	if lowS {
		o.half = make([]byte, len(b))
		carry := byte(0)
		for i, v := range b {
			o.half[i] = v>>1 | carry<<7
			carry = v & 1
		}
	}
	return o
}

// order returns the group order against which r and s of a are checked, nil when signatures of a are not r‖s.
func (a Algorithm) order() *order {
	switch a {
	case P256:
		return orderP256
	case P384:
		return orderP384
	case Secp256k1:
		return orderSecp256k1
	case SM2:
		return orderSM2
	}
	return nil
}

func isZero(b []byte) bool {
	var or byte
	for _, v := range b {
		or |= v
	}
	return or == 0
}

// makeLowS replaces the s of sig by n-s when s is above half the order.
func (o *order) makeLowS(sig []byte) {
	s := sig[len(sig)/2:]
	if o.half == nil || !above(s, o.half) {
		return
	}
	var borrow uint64
	for i := len(s) - 1; i >= 0; i-- {
		d, b := bits.Sub64(uint64(o.n[i]), uint64(s[i]), borrow)
		s[i], borrow = byte(d), b
	}
}

func above(a, b []byte) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] > b[i]
		}
	}
	return false
}

// maxDER is the longest ECDSA-Sig-Value that appendDER writes: two integers of 48 bytes and a sign byte each.
const maxDER = 2 + 2*(2+49)

// appendDER appends the ECDSA-Sig-Value (RFC 3279, 2.2.3) of r‖s, neither of them zero. The libraries take signatures in this form
// without a detour over math/big.
func appendDER(dst, sig []byte) []byte {
	start := len(dst)
	dst = append(dst, 0x30, 0)
	dst = appendInteger(dst, sig[:len(sig)/2])
	dst = appendInteger(dst, sig[len(sig)/2:])
	dst[start+1] = byte(len(dst) - start - 2) // at most 102: one length byte
	return dst
}

func appendInteger(dst, b []byte) []byte {
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	if b[0]&0x80 != 0 {
		dst = append(dst, 2, byte(len(b)+1), 0)
	} else {
		dst = append(dst, 2, byte(len(b)))
	}
	return append(dst, b...)
}

var errDER = errors.New("library returned a malformed signature")

// rawFromDER returns the ECDSA-Sig-Value der, made by one of the libraries, as r‖s of size bytes.
func rawFromDER(der []byte, size int) ([]byte, error) {
	if len(der) < 2 || der[0] != 0x30 || int(der[1]) != len(der)-2 {
		return nil, errDER
	}
	sig := make([]byte, size)
	rest, ok := readInteger(sig[:size/2], der[2:])
	if !ok {
		return nil, errDER
	}
	if rest, ok = readInteger(sig[size/2:], rest); !ok || len(rest) > 0 {
		return nil, errDER
	}
	return sig, nil
}

func readInteger(dst, b []byte) (rest []byte, ok bool) {
	if len(b) < 3 || b[0] != 2 || b[1] == 0 || int(b[1]) > len(b)-2 {
		return nil, false
	}
	v, rest := b[2:2+int(b[1])], b[2+int(b[1]):]
	if v[0] == 0 {
		v = v[1:]
	}
	if len(v) > len(dst) {
		return nil, false
	}
	copy(dst[len(dst)-len(v):], v)
	return rest, true
}
