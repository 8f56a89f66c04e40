package dataintegrity

import (
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
)

// exactNumbers tells whether every number of a value is what its canonical form says. Proofs cover the nearest double (RFC 8785, section
// 3.2.2.3; JSON-LD 1.1 API, section 8.2.2), and claims keep the digits: 9007199254740993 would be read where 9007199254740992 is signed.
func exactNumbers(v strictjson.Value) bool {
	if s, ok := v.Number(); ok {
		return len(s) <= 15 && strings.Trim(s, "-0123456789") == "" || decimal(s) == decimal(string(strictjson.AppendCanonical(nil, v)))
	}
	for _, m := range v.Members() {
		if !exactNumbers(m.Value) {
			return false
		}
	}
	for _, e := range v.Elems() {
		if !exactNumbers(e) {
			return false
		}
	}
	return true
}

// number is 0.DIGITS times ten to an exponent.
type number struct {
	negative bool
	digits   string // without zeros at either end; "" for zero
	exponent int
}

// decimal reads a number as JSON has it. An exponent of more than six digits, with which only zero is a double, is read as some such.
func decimal(s string) (n number) {
	s, n.negative = strings.CutPrefix(s, "-")
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		power := strings.TrimPrefix(s[i+1:], "+")
		power, below := strings.CutPrefix(power, "-")
		power = strings.TrimLeft(power, "0")
		for _, c := range power[:min(len(power), 7)] {
			n.exponent = 10*n.exponent + int(c-'0')
		}
		if below {
			n.exponent = -n.exponent
		}
		s = s[:i]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	n.exponent += len(whole)
	all := whole + fraction
	n.digits = strings.TrimLeft(all, "0")
	n.exponent -= len(all) - len(n.digits)
	n.digits = strings.TrimRight(n.digits, "0")
	if n.digits == "" {
		return number{}
	}
	return n
}
