package evmledger

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	confirmations = iota + 1
	safe
	finalized
)

// Finality is the rule by which a block of a chain is final. There is no default: the zero Finality is refused wherever
// one is asked for.
type Finality struct {
	kind  int
	depth uint64 // of confirmations
}

// Finalized takes the node's word for it: its block tag "finalized", on Ethereum two epochs, 13 minutes, behind, which
// cannot be undone unless a third of the stake is lost.
func Finalized() Finality { return Finality{kind: finalized} }

// Safe takes the node's block tag "safe": on Ethereum an epoch behind, which is undone only under attack.
func Safe() Finality { return Finality{kind: safe} }

// Confirmations takes a block as final when n others stand on it. On a chain that is never reorganised, such as FISCO
// BCOS and other chains with Byzantine agreement, 0 is right. Elsewhere a reorganisation that is deeper than n undoes what
// was acknowledged; a reader finds that out, and stops.
func Confirmations(n uint64) Finality { return Finality{kind: confirmations, depth: n} }

// ParseFinality reads what String writes: "finalized", "safe" or "latest+N", with N in decimal digits.
func ParseFinality(s string) (Finality, error) {
	switch depth, ok := strings.CutPrefix(s, "latest+"); {
	case s == "finalized":
		return Finalized(), nil
	case s == "safe":
		return Safe(), nil
	case ok:
		n, err := strconv.ParseUint(depth, 10, 32)
		if err == nil && strconv.FormatUint(n, 10) == depth {
			return Confirmations(n), nil
		}
	}
	return Finality{}, fmt.Errorf("evmledger: finality %q is not finalized, safe or latest+N", s)
}

func (f Finality) String() string {
	if f.kind == confirmations {
		return "latest+" + strconv.FormatUint(f.depth, 10)
	}
	return f.tag()
}

func (f Finality) tag() string {
	switch f.kind {
	case safe:
		return "safe"
	case finalized:
		return "finalized"
	}
	return "none"
}
