package realdid

import (
	"cmp"
	"slices"
	"sort"
)

// maxPortable is how many bytes of a state, without a pending recovery, the head record commits to, if it can be made as small as that.
const maxPortable = 8192

// Portable returns the encoded state as the head record commits to it, and as bundles and imports carry it. That is Bytes, but of a state that has
// grown beyond 8,192 bytes (a pending recovery not counted) it leaves out what is dispensable, as little as need be: so nobody's control
// keys can make a state too large to be carried to another ledger. SPEC.md section 8.1.
func (s *State) Portable() ([]byte, error) {
	b, err := s.Bytes()
	if err != nil || len(b) <= maxPortable {
		return b, err
	}
	drops := s.dispensable()
	fits := func(n int) bool {
		if err != nil {
			return true
		}
		c := s.without(drops[:n])
		c.pending = nil
		var small []byte
		small, err = c.Bytes()
		return len(small) <= maxPortable
	}
	n := sort.Search(len(drops), fits)
	if err != nil || n == 0 {
		return b, err
	}
	return s.without(drops[:n]).Bytes()
}

// A drop names a part of a state that can be left out: the place of a turn, of a removed method or of a used key.
type drop struct {
	what dropped
	i    int
}

type dropped uint8

const (
	dropTurn dropped = iota
	dropRemoved
	dropUsed
)

// dispensable lists what can be left out, in the order in which it is.
//
// Methods that stood for a short time go first: a thief of control keys can add and remove as many as an update may, but they stand no
// longer than the theft goes unnoticed. Methods and used keys take turns, so that no excess of one pushes out the other.
func (s *State) dispensable() []drop {
	var drops []drop
	for i := 1; i < len(s.turns)-1; i++ {
		drops = append(drops, drop{dropTurn, i})
	}
	var retired, compromised []int
	for i := range s.removed {
		if s.removed[i].compromised {
			compromised = append(compromised, i)
		} else {
			retired = append(retired, i)
		}
	}
	for _, list := range [][]int{retired, compromised} {
		slices.SortFunc(list, func(a, b int) int {
			x, y := &s.removed[a], &s.removed[b]
			return cmp.Or(cmp.Compare(x.removed-x.added, y.removed-y.added), cmp.Compare(b, a))
		})
	}
	for m, u := 0, 0; m < len(retired) || u < len(s.used); {
		if left := len(retired) - m; left > 0 && 2*left >= len(s.used)-u {
			drops, m = append(drops, drop{dropRemoved, retired[m]}), m+1
		} else {
			drops, u = append(drops, drop{dropUsed, u}), u+1
		}
	}
	for _, i := range compromised {
		drops = append(drops, drop{dropRemoved, i})
	}
	return drops
}

// without returns s without these parts of it.
func (s *State) without(drops []drop) *State {
	gone := make(map[drop]bool, len(drops))
	for _, d := range drops {
		gone[d] = true
	}
	c := *s
	c.turns, _ = left(s.turns, 0, dropTurn, gone)
	c.removed, c.removedBefore = left(s.removed, s.removedBefore, dropRemoved, gone)
	c.used, c.usedBefore = left(s.used, s.usedBefore, dropUsed, gone)
	return &c
}

// left returns what is not gone of a list, and how many of its first n that are.
func left[T any](list []T, n int, what dropped, gone map[drop]bool) (out []T, before int) {
	for i, x := range list {
		if gone[drop{what, i}] {
			continue
		}
		if out = append(out, x); i < n {
			before++
		}
	}
	return out, before
}
