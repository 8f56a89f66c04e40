package schema

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/realdid/realdid/vc"
)

const (
	maxNumber   = 400 // characters
	maxExponent = 400 // either way; a double has 308
)

// checkNumbers refuses numbers that take long to compare: schemas are evaluated with fractions of any size.
func checkNumbers(v any) error {
	switch v := v.(type) {
	case json.Number:
		if !isShort(string(v)) {
			return vc.Invalid("vcdm.schema.number", "a number has too many digits or too great an exponent")
		}
	case map[string]any:
		for _, e := range v {
			if err := checkNumbers(e); err != nil {
				return err
			}
		}
	case []any:
		for _, e := range v {
			if err := checkNumbers(e); err != nil {
				return err
			}
		}
	}
	return nil
}

func isShort(s string) bool {
	if len(s) > maxNumber {
		return false
	}
	i := strings.IndexAny(s, "eE")
	if i < 0 {
		return true
	}
	n, err := strconv.Atoi(s[i+1:])
	return err == nil && -maxExponent <= n && n <= maxExponent
}
