package strictjson

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Canonical returns the canonical form (RFC 8785) of a Go value made of nil, bool, string, float64, the integer types,
// json.Number, Value, map[string]any, []any, map[string]string and []string. It refuses other types, strings that are not
// UTF-8, numbers that are not finite, Go integers beyond ±(2^53-1) (the canonical form would change them) and nesting
// deeper than 1,000. A json.Number is read as Parse reads it.
func Canonical(x any) ([]byte, error) {
	return appendAny(nil, x, maxDepth)
}

func appendAny(dst []byte, x any, depth int) ([]byte, error) {
	if depth < 0 {
		return nil, fmt.Errorf("strictjson: %w: nested too deeply", ErrLimit)
	}
	switch x := x.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, x), nil
	case string:
		return appendText(dst, x)
	case json.Number:
		end, _, ok := scanNumber(string(x), 0)
		f, err := strconv.ParseFloat(string(x), 64)
		if !ok || end != len(x) || err != nil {
			return nil, fmt.Errorf("strictjson: %w: malformed json.Number", ErrSyntax)
		}
		return appendFloat(dst, f), nil
	case float64:
		return AppendNumber(dst, x)
	case int:
		return appendInt(dst, int64(x))
	case int8:
		return appendInt(dst, int64(x))
	case int16:
		return appendInt(dst, int64(x))
	case int32:
		return appendInt(dst, int64(x))
	case int64:
		return appendInt(dst, x)
	case uint:
		return appendUint(dst, uint64(x))
	case uint8:
		return appendUint(dst, uint64(x))
	case uint16:
		return appendUint(dst, uint64(x))
	case uint32:
		return appendUint(dst, uint64(x))
	case uint64:
		return appendUint(dst, x)
	case Value:
		return AppendCanonical(dst, x), nil
	case []any:
		return appendList(dst, x, depth)
	case []string:
		return appendList(dst, x, depth)
	case map[string]any:
		return appendMap(dst, x, depth)
	case map[string]string:
		return appendMap(dst, x, depth)
	}
	return nil, fmt.Errorf("strictjson: %w: Go type %T has no JSON form here", ErrSyntax, x)
}

func appendText(dst []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("strictjson: %w: invalid UTF-8", ErrSyntax)
	}
	return AppendString(dst, s), nil
}

const maxExact = 1<<53 - 1

func appendInt(dst []byte, n int64) ([]byte, error) {
	if n > maxExact || n < -maxExact {
		return nil, fmt.Errorf("strictjson: %w: integer beyond 53 bits", ErrLimit)
	}
	return strconv.AppendInt(dst, n, 10), nil
}

func appendUint(dst []byte, n uint64) ([]byte, error) {
	if n > maxExact {
		return nil, fmt.Errorf("strictjson: %w: integer beyond 53 bits", ErrLimit)
	}
	return strconv.AppendUint(dst, n, 10), nil
}

func appendList[T any](dst []byte, list []T, depth int) ([]byte, error) {
	var err error
	dst = append(dst, '[')
	for i, e := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendAny(dst, e, depth-1); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

func appendMap[T any](dst []byte, m map[string]T, depth int) ([]byte, error) {
	var err error
	dst = append(dst, '{')
	for i, name := range slices.SortedFunc(maps.Keys(m), CompareNames) {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendText(dst, name); err != nil {
			return nil, err
		}
		dst = append(dst, ':')
		if dst, err = appendAny(dst, m[name], depth-1); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}
