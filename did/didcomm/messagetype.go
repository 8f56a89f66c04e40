package didcomm

import "strings"

// MessageType is a Message Type URI in its parts (DIDComm Messaging v2.1, section "Message Type URI").
type MessageType struct {
	Doc      string // what precedes the protocol's name, with the delimiter
	Protocol string // such as "routing"
	Version  string // such as "2.0"
	Name     string // of the message within the protocol, such as "forward"
}

// ParseType reads a Message Type URI of at most MaxType bytes: a URI that ends in protocol, version and name, such as
// https://didcomm.org/routing/2.0/forward.
func ParseType(s string) (MessageType, error) {
	var t MessageType
	rest, name, ok := cutLast(s)
	if !ok || len(s) > MaxType || !isTypeName(name) {
		return t, messageError("type: not a Message Type URI")
	}
	rest, version, ok := cutLast(rest)
	if !ok || !isVersion(version) {
		return t, messageError("type: not a Message Type URI")
	}
	i := strings.LastIndexAny(rest, "?/&:;=")
	if i <= 0 || !isTypeName(rest[i+1:]) || !strings.Contains(rest[:i+1], ":") || !isURIText(rest) {
		return t, messageError("type: not a Message Type URI")
	}
	return MessageType{Doc: rest[:i+1], Protocol: rest[i+1:], Version: version, Name: name}, nil
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func isTypeName(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}

func isVersion(s string) bool {
	return s != "" && '0' <= s[0] && s[0] <= '9' && isTypeName(s)
}

func isURIText(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte("\"<>\\^`{|}", s[i]) >= 0 {
			return false
		}
	}
	return true
}
