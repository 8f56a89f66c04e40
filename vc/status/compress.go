package status

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// DefaultMaxBytes is how large an array may be that a compressed list inflates to: 4 MiB hold 33.5 million entries of one bit, or 16.8
// million of two.
const DefaultMaxBytes = 4 << 20

// Why a compressed list cannot be read.
var (
	ErrTooLarge   = errors.New("inflates to more than the limit")
	ErrCompressed = errors.New("the compressed list is damaged, cut off, or followed by something else")
	errEncoding   = errors.New("the list is not base64url without padding")
)

// Readers are kept because each has a window of 32 KiB, more than the usual list.
var (
	gzipReaders = sync.Pool{New: func() any { return new(gzip.Reader) }}
	zlibReaders sync.Pool
)

// inflateGzip returns what one gzip member (RFC 1952) holds that is all of b: at most limit bytes.
func inflateGzip(b []byte, limit int) ([]byte, error) {
	hint := 0
	if len(b) >= 4 { // ISIZE, which the reader checks; what is cut off ends in something else
		if n := binary.LittleEndian.Uint32(b[len(b)-4:]); uint64(n) <= uint64(limit) {
			hint = int(n)
		}
	}
	src := bytes.NewReader(b)
	z := gzipReaders.Get().(*gzip.Reader)
	defer gzipReaders.Put(z)
	if err := z.Reset(src); err != nil {
		return nil, ErrCompressed
	}
	z.Multistream(false)
	out, err := inflate(z, hint, limit)
	if err == nil && src.Len() > 0 {
		return nil, ErrCompressed
	}
	return out, err
}

// inflateZlib is inflateGzip for RFC 1950. A dictionary is refused, also an empty one.
func inflateZlib(b []byte, limit int) ([]byte, error) {
	if len(b) < 2 || b[1]&0x20 != 0 {
		return nil, ErrCompressed
	}
	src := bytes.NewReader(b)
	z, ok := zlibReaders.Get().(io.ReadCloser)
	var err error
	if ok {
		err = z.(zlib.Resetter).Reset(src, nil)
	} else {
		z, err = zlib.NewReader(src)
	}
	if z != nil {
		defer zlibReaders.Put(z)
	}
	if err != nil {
		return nil, ErrCompressed
	}
	out, err := inflate(z, 4*len(b), limit)
	if err == nil && src.Len() > 0 {
		return nil, ErrCompressed
	}
	return out, err
}

// inflate reads r to its end, which it has checked then, into a buffer that is likely to be large enough at once.
func inflate(r io.Reader, hint, limit int) ([]byte, error) {
	buf := make([]byte, 0, min(max(hint, 512)+1, limit+1)) // one more, to see the end
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > limit:
			return nil, ErrTooLarge
		case err == io.EOF:
			if len(buf) < cap(buf)/2 { // it may be kept for long
				buf = bytes.Clone(buf)
			}
			return buf, nil
		case err != nil:
			return nil, ErrCompressed
		}
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(2*cap(buf), limit+1))
			copy(grown, buf)
			buf = grown
		}
	}
}

// level of compression. draft-20 recommends the highest, 9: with one entry in a hundred set that takes fifty times as long, for six
// bytes in a hundred less.
const level = 7

func deflateGzip(b []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, level)
	return deflate(w, &out, b)
}

func deflateZlib(b []byte) []byte {
	var out bytes.Buffer
	w, _ := zlib.NewWriterLevel(&out, level)
	return deflate(w, &out, b)
}

func deflate(w io.WriteCloser, out *bytes.Buffer, b []byte) []byte {
	w.Write(b) // a bytes.Buffer returns no errors
	w.Close()
	return out.Bytes()
}

// base64url accepts each value in exactly one form: no padding, no spare bits.
var base64url = base64.RawURLEncoding.Strict()

func decodeBase64(s string) ([]byte, error) {
	if strings.IndexByte(s, '\n') >= 0 || strings.IndexByte(s, '\r') >= 0 { // which the standard library skips
		return nil, errEncoding
	}
	b, err := base64url.DecodeString(s)
	if err != nil {
		return nil, errEncoding
	}
	return b, nil
}

// orDefaultBytes turns a caller's limit into the one that counts.
func orDefaultBytes(limit int) int {
	if limit <= 0 {
		return DefaultMaxBytes
	}
	return limit
}

// EncodeBitstring returns b, which must be MostSignificantFirst, as encodedList of a Bitstring Status List: "u", then gzip in
// base64url.
func EncodeBitstring(b *Bits) (string, error) {
	if b.Order() != MostSignificantFirst {
		return "", errors.New("status: encode bitstring: entries stand with the least significant bit first")
	}
	return "u" + base64.RawURLEncoding.EncodeToString(deflateGzip(b.Bytes())), nil
}

// DecodeBitstring reads an encodedList with entries of so many bits. It refuses what inflates to more than maxBytes (0 means
// DefaultMaxBytes), a second gzip member, and bytes after the first. Short lists it takes.
func DecodeBitstring(encoded string, size, maxBytes int) (*Bits, error) {
	if len(encoded) == 0 || encoded[0] != 'u' {
		return nil, fmt.Errorf("status: decode bitstring: %w", errMultibase)
	}
	b, err := decodeBase64(encoded[1:])
	if err == nil {
		b, err = inflateGzip(b, orDefaultBytes(maxBytes))
	}
	if err != nil {
		return nil, fmt.Errorf("status: decode bitstring: %w", err)
	}
	return FromBytes(MostSignificantFirst, size, b)
}

var errMultibase = errors.New("encodedList does not start with u, the sign of base64url")

// DeflateTokenList returns b, which must be LeastSignificantFirst, as lst of a Token Status List: zlib, for CBOR as it is, for JSON
// in base64url.
func DeflateTokenList(b *Bits) ([]byte, error) {
	if b.Order() != LeastSignificantFirst {
		return nil, errors.New("status: deflate token list: entries stand with the most significant bit first")
	}
	return deflateZlib(b.Bytes()), nil
}

// InflateTokenList reads lst with entries of 1, 2, 4 or 8 bits. It refuses what inflates to more than maxBytes (0 means
// DefaultMaxBytes) and bytes after the end.
func InflateTokenList(lst []byte, size, maxBytes int) (*Bits, error) {
	b, err := inflateZlib(lst, orDefaultBytes(maxBytes))
	if err != nil {
		return nil, fmt.Errorf("status: inflate token list: %w", err)
	}
	return FromBytes(LeastSignificantFirst, size, b)
}
