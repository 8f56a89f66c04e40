package strictjson

import (
	"fmt"
	"math"
	"strconv"
)

// AppendNumber appends f as ECMAScript's Number::toString writes it (RFC 8785, section 3.2.2.3). It fails for NaN and the
// infinities, which JSON cannot say.
func AppendNumber(dst []byte, f float64) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, fmt.Errorf("strictjson: %w: a number must be finite", ErrSyntax)
	}
	return appendFloat(dst, f), nil
}

func appendFloat(dst []byte, f float64) []byte {
	abs := math.Abs(f)
	if abs == 0 { // also -0
		return append(dst, '0')
	}
	if abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Go writes at least two digits of exponent, ECMAScript as few as needed.
	if n := len(dst); dst[n-2] == '0' && dst[n-4] == 'e' {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// appendLiteral appends the canonical form of a number literal that Parse would accept.
func appendLiteral(dst []byte, s string) []byte {
	if isShortInteger(s) {
		return append(dst, s...)
	}
	f, _ := strconv.ParseFloat(s, 64)
	return appendFloat(dst, f)
}

// isShortInteger tells integers of at most 15 digits, which a double holds exactly and ECMAScript writes as they stand.
func isShortInteger(s string) bool {
	if s == "-0" || len(s) > 15 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c != '-' || i > 0) {
			return false
		}
	}
	return true
}
