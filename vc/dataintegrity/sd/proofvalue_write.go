package sd

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
)

// ProofValue is a proof value in the making. Append its components in their order, as many as were said; the CBOR is that
// of RFC 8949, section 4.2.1.
type ProofValue []byte

// NewProofValue starts a proof value of n components; size is a guess at its length in bytes.
func NewProofValue(h Header, n, size int) ProofValue {
	p := append(make(ProofValue, 0, size+8), h[:]...)
	return p.head(majorArray, n)
}

func (p ProofValue) head(major byte, n int) ProofValue {
	switch {
	case n < 24:
		return append(p, major<<5|byte(n))
	case n < 1<<8:
		return append(p, major<<5|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(p, major<<5|25), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(p, major<<5|26), uint32(n))
}

// Bytes appends a byte string.
func (p ProofValue) Bytes(b []byte) ProofValue {
	return append(p.head(majorBytes, len(b)), b...)
}

// ByteStrings appends an array of byte strings.
func (p ProofValue) ByteStrings(list [][]byte) ProofValue {
	p = p.head(majorArray, len(list))
	for _, b := range list {
		p = p.Bytes(b)
	}
	return p
}

// Texts appends an array of text strings.
func (p ProofValue) Texts(list []string) ProofValue {
	p = p.head(majorArray, len(list))
	for _, s := range list {
		p = append(p.head(majorText, len(s)), s...)
	}
	return p
}

// Number appends a number that is not negative.
func (p ProofValue) Number(n int) ProofValue { return p.head(majorUint, n) }

// Indexes appends an array of numbers that are not negative.
func (p ProofValue) Indexes(list []int) ProofValue {
	p = p.head(majorArray, len(list))
	for _, n := range list {
		p = p.head(majorUint, n)
	}
	return p
}

// DigestLabels appends a map from numbers to the digests of the labels, which EncodeLabel made.
func (p ProofValue) DigestLabels(m LabelMap) (ProofValue, error) {
	p = p.head(majorMap, len(m))
	for n, label := range m {
		digest, err := DecodeLabel(label)
		if err != nil {
			return nil, err
		}
		p = p.head(majorUint, n).Bytes(digest)
	}
	return p, nil
}

// NumberLabels appends a map from numbers to the numbers in the labels, which ShuffledLabels made.
func (p ProofValue) NumberLabels(m LabelMap) (ProofValue, error) {
	p = p.head(majorMap, len(m))
	for n, label := range m {
		digits, ok := strings.CutPrefix(label, "b")
		number, err := strconv.Atoi(digits)
		if !ok || err != nil || number < 0 {
			return nil, errors.New("sd: label map: not a label of ShuffledLabels")
		}
		p = p.head(majorUint, n).head(majorUint, number)
	}
	return p, nil
}

// String returns the proof value in multibase: "u" and base64url without padding.
func (p ProofValue) String() string {
	b := append(make([]byte, 0, 1+base64.RawURLEncoding.EncodedLen(len(p))), 'u')
	return string(base64.RawURLEncoding.AppendEncode(b, p))
}
