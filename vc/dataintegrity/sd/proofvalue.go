package sd

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxStatements is how many statements a document with selective disclosure has at most, and so the entries of each list
// in a proof value.
const MaxStatements = 10_000

const maxProofValue = 1 << 20

// ErrHeader is in the error of a proof value that starts with another header than the one asked for: it is of another
// cryptosuite, or a base proof where a derived proof should be, or the reverse.
var ErrHeader = errors.New("another header")

// Header is the three bytes that a proof value starts with: the head of a CBOR tag that names suite and kind of proof.
type Header [3]byte

// Components reads the CBOR array (RFC 8949) in a proof value, component by component. Only definite lengths in their shortest form
// and the types asked for are accepted: no tags, no names given twice. The first error stays, and Close returns it.
type Components struct {
	b    []byte
	left int // components that were not read
	err  error
}

// OpenProofValue starts reading s: "u", and in base64url without padding the header and an array of n components.
func OpenProofValue(s string, h Header, n int) *Components {
	c := &Components{left: n}
	if len(s) > maxProofValue {
		return c.fail(fmt.Errorf("%d bytes, at most %d", len(s), maxProofValue))
	}
	b, err := decodeMultibase(s)
	if err != nil {
		return c.fail(err)
	}
	if len(b) < len(h) || Header(b[:len(h)]) != h {
		return c.fail(ErrHeader)
	}
	c.b = b[len(h):]
	if got := c.head(majorArray); got != uint64(n) {
		return c.fail(fmt.Errorf("%d components, want %d", got, n))
	}
	return c
}

// ProofHeader returns the header of a proof value, without a look at what follows.
func ProofHeader(s string) (Header, error) {
	if len(s) > maxProofValue {
		return Header{}, fmt.Errorf("sd: proof value: %d bytes, at most %d", len(s), maxProofValue)
	}
	b, err := decodeMultibase(s)
	if err != nil || len(b) < 3 {
		return Header{}, fmt.Errorf("sd: proof value: not base64url multibase with a header")
	}
	return Header(b[:3]), nil
}

// decodeMultibase reads "u" and base64url without padding, in its only form.
func decodeMultibase(s string) ([]byte, error) {
	// The library skips line breaks.
	if s == "" || s[0] != 'u' || strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("not base64url multibase")
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s[1:])
	if err != nil {
		return nil, errors.New("not base64url multibase")
	}
	return b, nil
}

const (
	majorUint  = 0
	majorBytes = 2
	majorText  = 3
	majorArray = 4
	majorMap   = 5
)

func (c *Components) fail(err error) *Components {
	if c.err == nil {
		c.err = err
		c.b = nil
	}
	return c
}

// head reads the head of an item of the given major type and returns its argument.
func (c *Components) head(major byte) uint64 {
	if c.err != nil {
		return 0
	}
	if len(c.b) == 0 {
		c.fail(errors.New("ends too early"))
		return 0
	}
	first := c.b[0]
	if first>>5 != major {
		c.fail(errors.New("an item of another type"))
		return 0
	}
	info := first & 31
	if info < 24 {
		c.b = c.b[1:]
		return uint64(info)
	}
	size := 1 << (info - 24)
	if info > 27 || len(c.b) < 1+size {
		c.fail(errors.New("a malformed or indefinite length"))
		return 0
	}
	var wide [8]byte
	copy(wide[8-size:], c.b[1:])
	n := binary.BigEndian.Uint64(wide[:])
	if n < 24 || size > 1 && n>>(4*size) == 0 {
		c.fail(errors.New("a length or number that is not in its shortest form"))
		return 0
	}
	c.b = c.b[1+size:]
	return n
}

// list reads the head of an array or map.
func (c *Components) list(major byte) int {
	n := c.head(major)
	if n > MaxStatements {
		c.fail(fmt.Errorf("%d entries, at most %d", n, MaxStatements))
		return 0
	}
	if n > uint64(len(c.b)) { // an entry takes a byte at least
		c.fail(errors.New("ends too early"))
		return 0
	}
	return int(n)
}

func (c *Components) raw(major byte) []byte {
	n := c.head(major)
	if n > uint64(len(c.b)) {
		c.fail(errors.New("ends too early"))
	}
	if c.err != nil {
		return nil
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

func (c *Components) sized(size int) []byte {
	b := c.raw(majorBytes)
	if c.err == nil && size >= 0 && len(b) != size {
		c.fail(fmt.Errorf("a byte string of %d bytes, want %d", len(b), size))
		return nil
	}
	return b
}

// Bytes reads a byte string of size bytes, any number if size is negative.
func (c *Components) Bytes(size int) []byte {
	c.left--
	return c.sized(size)
}

// ByteStrings reads an array of byte strings of size bytes each.
func (c *Components) ByteStrings(size int) [][]byte {
	c.left--
	out := make([][]byte, c.list(majorArray))
	for i := range out {
		out[i] = c.sized(size)
	}
	return out
}

// Texts reads an array of text strings.
func (c *Components) Texts() []string {
	c.left--
	out := make([]string, c.list(majorArray))
	for i := range out {
		b := c.raw(majorText)
		if !utf8.Valid(b) {
			c.fail(errors.New("text that is not UTF-8"))
		}
		out[i] = string(b)
	}
	return out
}

// Number reads a number of at most MaxStatements.
func (c *Components) Number() int {
	c.left--
	n := c.head(majorUint)
	if n > MaxStatements {
		c.fail(fmt.Errorf("a number above %d", MaxStatements))
		return 0
	}
	return int(n)
}

// Indexes reads an array of numbers, each greater than the one before.
func (c *Components) Indexes() []int {
	c.left--
	out := make([]int, c.list(majorArray))
	for i := range out {
		n := c.head(majorUint)
		if c.err != nil {
			return nil
		}
		if n >= MaxStatements {
			c.fail(fmt.Errorf("an index of %d or more", MaxStatements))
			return nil
		}
		if i > 0 && int(n) <= out[i-1] {
			c.fail(errors.New("indexes that are not in ascending order"))
			return nil
		}
		out[i] = int(n)
	}
	return out
}

// labelMap reads a map from numbers to labels, which value reads. The numbers are 0 to one less than the entries, in
// any order: that of the canonical form of CBOR has no meaning here, and some write another.
func (c *Components) labelMap(value func() string) LabelMap {
	c.left--
	n := c.list(majorMap)
	out := make(LabelMap, n)
	for range n {
		key := c.head(majorUint)
		label := value()
		if c.err != nil {
			return nil
		}
		if key >= uint64(n) || out[key] != "" {
			c.fail(errors.New("a label map whose numbers are not 0, 1, 2, …, each once"))
			return nil
		}
		out[key] = label
	}
	if c.err != nil {
		return nil
	}
	if err := out.distinct(); err != nil {
		c.fail(errors.New("a label map with a label twice"))
		return nil
	}
	return out
}

// DigestLabels reads the label map of ecdsa-sd-2023: from numbers to digests of size bytes, which become labels.
func (c *Components) DigestLabels(size int) LabelMap {
	return c.labelMap(func() string {
		b := c.sized(size)
		if c.err != nil {
			return ""
		}
		return EncodeLabel(b)
	})
}

// NumberLabels reads the label map of bbs-2023: from numbers to numbers, which become labels "b0", "b1", ….
func (c *Components) NumberLabels() LabelMap {
	return c.labelMap(func() string {
		n := c.head(majorUint)
		if n > MaxStatements {
			c.fail(fmt.Errorf("a label above %d", MaxStatements))
			return ""
		}
		return fmt.Sprintf("b%d", n)
	})
}

// Close checks that all was read and returns the first error.
func (c *Components) Close() error {
	if c.err == nil && (c.left != 0 || len(c.b) != 0) {
		c.err = errors.New("more than the components asked for")
	}
	if c.err != nil {
		return fmt.Errorf("sd: proof value: %w", c.err)
	}
	return nil
}
