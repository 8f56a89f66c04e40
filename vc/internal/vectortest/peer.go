package vectortest

import (
	"encoding/json"
	"testing"

	"github.com/realdid/realdid/internal/nodepeer"
)

// Peer is another implementation in a node process: peer.mjs in a folder with its packages.
type Peer struct{ *nodepeer.Peer }

// Answer is what a Peer says.
type Answer struct {
	Token   string         `json:"token"`
	Payload map[string]any `json:"payload"`
	Header  map[string]any `json:"header"`
	Error   string         `json:"error"`
}

// NewPeer is nodepeer.Start.
func NewPeer(t *testing.T, dir, packageName string) *Peer {
	t.Helper()
	return &Peer{nodepeer.Start(t, dir, packageName)}
}

// Try sends a request and returns the answer, which may be an error.
func (p *Peer) Try(t *testing.T, request map[string]any) (a Answer) {
	t.Helper()
	p.Peer.Ask(t, request, &a)
	return a
}

// Ask is Try for a request that must succeed.
func (p *Peer) Ask(t *testing.T, request map[string]any) Answer {
	t.Helper()
	a := p.Try(t, request)
	if a.Error != "" {
		t.Fatalf("%v: %s", request["op"], a.Error)
	}
	return a
}

// SameJSON compares two values by their JSON, whatever their Go types.
func SameJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	if errX != nil || errY != nil {
		t.Fatal(errX, errY)
	}
	var u, v any
	if json.Unmarshal(x, &u) != nil || json.Unmarshal(y, &v) != nil {
		return false
	}
	x, _ = json.Marshal(u) // members in one order, numbers in one form
	y, _ = json.Marshal(v)
	return string(x) == string(y)
}
