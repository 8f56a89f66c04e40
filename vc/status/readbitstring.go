package status

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/realdid/realdid/vc"
)

// bitstringClaims are those of a status list credential.
type bitstringClaims struct {
	url      string // "" if the credential does not say which list it is
	purposes []string
	encoded  string
	ttl      time.Duration
	hasTTL   bool
	size     int // 0 if it is left to the entries
	messages map[uint64]string
}

func readBitstring(claims map[string]any) (l *bitstringClaims, err error) {
	if !contains(claims["type"], bitstringCredentialType) {
		return nil, listFault("type is not BitstringStatusListCredential")
	}
	l = &bitstringClaims{}
	if id, ok := claims["id"]; ok {
		if l.url, ok = id.(string); !ok {
			return nil, listFault("id is not a string")
		}
	}
	subject, ok := claims["credentialSubject"].(map[string]any)
	if list, is := claims["credentialSubject"].([]any); is && len(list) == 1 {
		subject, ok = list[0].(map[string]any)
	}
	if !ok || !contains(subject["type"], bitstringListType) {
		return nil, listFault("the subject is not one BitstringStatusList")
	}
	if l.purposes, ok = stringsOf(subject["statusPurpose"]); !ok {
		return nil, listFault("statusPurpose is not one or more strings")
	}
	if l.encoded, ok = subject["encodedList"].(string); !ok {
		return nil, listFault("encodedList is not a string")
	}
	if m, has := subject["ttl"]; has {
		ms, ok := integer(m)
		if !ok || ms < 0 {
			return nil, listFault("ttl is not a number of milliseconds")
		}
		const century = 100 * 366 * 24 * 60 * 60 * 1000
		l.ttl, l.hasTTL = time.Duration(min(ms, century))*time.Millisecond, true
	}
	if m, has := subject["statusSize"]; has {
		n, ok := integer(m)
		if !ok || n < 1 || n > MaxEntrySize {
			return nil, listFault("statusSize is not a number of bits from 1 to 8")
		}
		l.size = int(n)
	}
	if m, has := subject["statusMessages"]; has {
		if l.messages, err = readMessages(m, max(l.size, 1)); err != nil {
			return nil, listFault("statusMessages is not a list of all values and their messages")
		}
	}
	return l, nil
}

func listFault(what string) error { return vc.Invalid("status.bitstring.claims", what) }

// contains reports whether v is the string s or a list that has it.
func contains(v any, s string) bool {
	list, ok := stringsOf(v)
	return ok && slices.Contains(list, s)
}

// stringsOf reads one string or a list of them, none empty.
func stringsOf(v any) ([]string, bool) {
	if s, ok := v.(string); ok {
		return []string{s}, s != ""
	}
	list, _ := v.([]any)
	out := make([]string, 0, len(list))
	for _, e := range list {
		s, ok := e.(string)
		if !ok || s == "" {
			return nil, false
		}
		out = append(out, s)
	}
	return out, len(out) > 0
}

func integer(v any) (int64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := strconv.ParseInt(n.String(), 10, 64)
	return i, err == nil
}

func readMessages(v any, size int) (map[uint64]string, error) {
	list, _ := v.([]any)
	out := make(map[uint64]string, len(list))
	for _, e := range list {
		m, _ := e.(map[string]any)
		value, _ := m["status"].(string)
		message, ok := m["message"].(string)
		n, err := parseHex(value)
		if !ok || err != nil {
			return nil, errors.New("not a status and its message")
		}
		if _, twice := out[n]; twice {
			return nil, errors.New("a status twice")
		}
		out[n] = message
	}
	return out, checkMessages(out, size)
}

// parseHex reads the hexadecimal value of a status, "0x1f".
func parseHex(s string) (uint64, error) {
	if len(s) < 3 || s[:2] != "0x" {
		return 0, errors.New("not hexadecimal")
	}
	return strconv.ParseUint(s[2:], 16, 64)
}
