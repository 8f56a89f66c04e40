package bbs

import "testing"

// TestLimitsAreExact gives what is just allowed, and one more.
func TestLimitsAreExact(t *testing.T) {
	for _, c := range []struct {
		name                     string
		messages, message, bytes int
		ok                       bool
	}{
		{"at the limits", MaxMessages, MaxMessageSize, MaxHeaderSize, true},
		{"a message too many", MaxMessages + 1, 0, 0, false},
		{"a message too long", 1, MaxMessageSize + 1, 0, false},
		{"a header too long", 0, 0, MaxHeaderSize + 1, false},
	} {
		messages := make([][]byte, c.messages)
		if len(messages) > 0 {
			messages[len(messages)-1] = make([]byte, c.message)
		}
		if err := checkSizes(messages, nil, make([]byte, c.bytes)); (err == nil) != c.ok {
			t.Errorf("%s: got %v, want accepted %v", c.name, err, c.ok)
		}
	}
}
