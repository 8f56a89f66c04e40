package keys

import (
	"bytes"
	"errors"
)

// primeBLS is the prime of BLS12-381, big endian (draft-irtf-cfrg-pairing-friendly-curves-11, section 4.2.1).
var primeBLS = [48]byte{
	0x1a, 0x01, 0x11, 0xea, 0x39, 0x7f, 0xe6, 0x9a, 0x4b, 0x1b, 0xa7, 0xb6, 0x43, 0x4b, 0xac, 0xd7,
	0x64, 0x77, 0x4b, 0x84, 0xf3, 0x85, 0x12, 0xbf, 0x67, 0x30, 0xd2, 0xa0, 0xf6, 0xb0, 0xf6, 0x24,
	0x1e, 0xab, 0xff, 0xfe, 0xb1, 0x53, 0xff, 0xff, 0xb9, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xaa, 0xab,
}

// The flags in the first byte of a point of BLS12-381 (the same draft, appendix C).
const (
	flagCompressed = 0x80
	flagIdentity   = 0x40
	flagSign       = 0x20
)

// checkBLS checks the form of a compressed point of G2: two coordinates of 48 bytes, big endian, with the flags in the first byte.
func checkBLS(raw []byte) error {
	x := [48]byte(raw)
	x[0] &^= flagCompressed | flagIdentity | flagSign
	switch {
	case raw[0]&flagCompressed == 0:
		return errors.New("not a compressed point")
	case raw[0]&flagIdentity != 0:
		return errors.New("the identity")
	case bytes.Compare(x[:], primeBLS[:]) >= 0, bytes.Compare(raw[48:], primeBLS[:]) >= 0:
		return errNonCanonical
	}
	return nil
}
