package rdf

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strconv"
)

// nDegree is the state of Hash N-Degree Quads (section 4.8). Lists that grow with the depth of the recursion are stacks, and
// an issuer of temporary identifiers is never copied: what it issued since a point is undone, and done again if it was chosen.
type nDegree struct {
	c    *canonizer
	ties bool // whether ties are to be broken

	class     []int32          // class[i]: number of the first-degree hash of blank node i
	predicate []int32          // of each quad: number of its predicate
	numbers   map[string]int32 // by predicate

	hashes []digest         // of related nodes
	hashed map[uint64]int32 // where in hashes, by what was hashed

	temp   []int32 // temp[i]: temporary number of blank node i, -1 if the issuer has none for it
	issued []int32 // the blank nodes in the order of issue

	related      []related // stack
	buf          []byte    // stack: data to hash, then the path being tried
	chosen       []byte    // stack of chosen paths
	chosenIssued []int32   // stack of what the chosen issuers issued
	result       digest

	outcomes []outcome
	outcome  []int32
}

// related is a blank node in the neighbourhood, and which hash relates it.
type related struct{ hash, blank int32 }

// outcome is the hash of a node and, in outcome[from:to], whom its issuer issued.
type outcome struct {
	hash     digest
	from, to int

	surroundings []byte // of them, if there is a tie to break
}

// labelShared is step 5: for every first-degree hash that several nodes share, it hashes the neighbourhood of each, and
// issues canonical numbers in the order of these hashes.
func (c *canonizer) labelShared() bool {
	if c.deep == nil {
		c.deep = &nDegree{numbers: map[string]int32{}, hashed: map[uint64]int32{}}
	}
	s := c.deep
	s.reset(c)
	s.ties = c.open
	for i, j := 0, 0; i < len(c.order); i = j {
		j = c.run(i)
		if j-i == 1 {
			continue
		}
		s.outcomes, s.outcome = s.outcomes[:0], s.outcome[:0]
		for _, n := range c.order[i:j] {
			if c.number[n] >= 0 {
				continue
			}
			s.issue(n)
			if !s.hash(n) {
				return false
			}
			from := len(s.outcome)
			s.outcome = append(s.outcome, s.issued...)
			s.outcomes = append(s.outcomes, outcome{hash: s.result, from: from, to: len(s.outcome)})
			s.undo(0)
		}
		slices.SortStableFunc(s.outcomes, func(a, b outcome) int { return bytes.Compare(a.hash[:], b.hash[:]) })
		if s.ties {
			s.orderTies()
		}
		for _, o := range s.outcomes {
			for _, n := range s.outcome[o.from:o.to] {
				c.issue(n)
			}
		}
	}
	return true
}

func (s *nDegree) reset(c *canonizer) {
	s.c = c
	clear(s.numbers)
	clear(s.hashed)
	s.hashes, s.issued, s.related = s.hashes[:0], s.issued[:0], s.related[:0]
	s.buf, s.chosen, s.chosenIssued = s.buf[:0], s.chosen[:0], s.chosenIssued[:0]
	s.temp = slices.Grow(s.temp[:0], len(c.number))[:len(c.number)]
	s.class = slices.Grow(s.class[:0], len(c.number))[:len(c.number)]
	for i := range s.temp {
		s.temp[i] = -1
	}
	for i, j := 0, 0; i < len(c.order); i = j {
		j = c.run(i)
		for _, n := range c.order[i:j] {
			s.class[n] = int32(i)
		}
	}
	for n := range int32(len(c.number)) {
		c.onlyRelating(n)
	}
	s.predicate = slices.Grow(s.predicate[:0], len(c.lines))[:len(c.lines)]
	for i := range c.lines {
		p := c.predicate(&c.lines[i])
		n, ok := s.numbers[string(p)]
		if !ok {
			n = int32(len(s.numbers))
			s.numbers[string(p)] = n
		}
		s.predicate[i] = n
	}
}

// onlyRelating drops the mentions of node n that mention no other blank node: they relate it to none, and going over them
// would be work that nobody counts.
func (c *canonizer) onlyRelating(n int32) {
	quads := c.mentions.of(n)
	kept := quads[:0]
	for _, q := range quads {
		for _, b := range c.lines[q].blank {
			if b >= 0 && b != n {
				kept = append(kept, q)
				break
			}
		}
	}
	c.mentions.keep(n, len(kept))
}

// predicate returns the predicate of a line with its angle brackets. A subject holds no space, written as it is.
func (t *template) predicate(l *templateLine) []byte {
	b := t.text[l.from:l.to]
	b = b[bytes.IndexByte(b, ' ')+1:]
	return b[:bytes.IndexByte(b, ' ')]
}

func (s *nDegree) issue(n int32) {
	if s.temp[n] < 0 {
		s.temp[n] = int32(len(s.issued))
		s.issued = append(s.issued, n)
	}
}

// undo takes back what the issuer issued after its first count identifiers.
func (s *nDegree) undo(count int) {
	for _, n := range s.issued[count:] {
		s.temp[n] = -1
	}
	s.issued = s.issued[:count]
}

// spend takes units from the work that is left and tells whether there was any.
func (s *nDegree) spend(units int) bool {
	s.c.work -= units
	return s.c.work >= 0
}

// hash is Hash N-Degree Quads of node n: the hash is in result, the issuer has issued what it says. False: the work is used up.
func (s *nDegree) hash(n int32) bool {
	from, data := len(s.related), len(s.buf)
	for _, q := range s.c.mentions.of(n) {
		for component, b := range s.c.lines[q].blank {
			if b < 0 || b == n {
				continue
			}
			h := s.hashRelated(b, q, component)
			s.related = append(s.related, related{h, b})
		}
	}
	to := len(s.related)
	if !s.spend(1 + to - from) {
		return false
	}
	slices.SortFunc(s.related[from:to], func(a, b related) int {
		if a.hash != b.hash {
			return bytes.Compare(s.hashes[a.hash][:], s.hashes[b.hash][:])
		}
		return int(a.blank - b.blank)
	})
	for i, j := from, from; i < to; i = j {
		for j = i + 1; j < to && s.related[j].hash == s.related[i].hash; j++ {
		}
		s.buf = s.appendHex(s.buf, &s.hashes[s.related[i].hash])
		if !s.choosePath(i, j) {
			return false
		}
	}
	s.result = s.c.sum(s.buf[data:])
	ok := s.spend((len(s.buf) - data) / 64)
	s.related, s.buf = s.related[:from], s.buf[:data]
	return ok
}

// hashRelated is Hash Related Blank Node (section 4.7); it returns where in hashes the hash is. Equal inputs are hashed once.
func (s *nDegree) hashRelated(b, quad int32, component int) int32 {
	predicate := s.predicate[quad] + 1
	if component == inGraph {
		predicate = 0
	}
	kind, number := 0, s.class[b]
	if n := s.c.number[b]; n >= 0 {
		kind, number = 1, n
	} else if n := s.temp[b]; n >= 0 {
		kind, number = 2, n
	}
	// 2 bits of component, 2 of kind, 30 of predicate, 30 of number
	key := uint64(component)<<62 | uint64(kind)<<60 | uint64(predicate)<<30 | uint64(number)
	if at, ok := s.hashed[key]; ok {
		return at
	}
	from := len(s.buf)
	s.buf = append(s.buf, "sog"[component])
	if component != inGraph {
		s.buf = append(s.buf, s.c.predicate(&s.c.lines[quad])...)
	}
	if kind == 0 {
		s.buf = s.appendHex(s.buf, &s.c.first[b])
	} else {
		s.buf = s.appendIdentifier(s.buf, b)
	}
	s.hashes = append(s.hashes, s.c.sum(s.buf[from:]))
	s.spend(1 + (len(s.buf)-from)/64)
	s.buf = s.buf[:from]
	at := int32(len(s.hashes) - 1)
	s.hashed[key] = at
	return at
}

// choosePath tries every order of the nodes related[i:j], which share a related hash, and appends the least path to the data
// to hash; the issuer is then the one of that path (step 5).
func (s *nDegree) choosePath(i, j int) bool {
	if j-i == 1 {
		_, ok := s.tryPath(i, j, nil)
		return ok
	}
	path, issued := len(s.buf), len(s.issued)
	chosen, chosenIssued := len(s.chosen), len(s.chosenIssued)
	for {
		order, ok := s.tryPath(i, j, s.chosen[chosen:])
		if !ok {
			return false
		}
		if order < 0 || order == 0 && s.ties && s.firstOfTie(issued, s.chosenIssued[chosenIssued:]) {
			s.chosen = append(s.chosen[:chosen], s.buf[path:]...)
			s.chosenIssued = append(s.chosenIssued[:chosenIssued], s.issued[issued:]...)
		}
		s.buf = s.buf[:path]
		s.undo(issued)
		if !nextPermutation(s.related[i:j]) {
			break
		}
	}
	s.buf = append(s.buf, s.chosen[chosen:]...)
	for _, n := range s.chosenIssued[chosenIssued:] {
		s.issue(n)
	}
	s.chosen, s.chosenIssued = s.chosen[:chosen], s.chosenIssued[:chosenIssued]
	return true
}

// tryPath appends the path of the nodes related[i:j] in their present order and compares it with the chosen one: -1 if it is
// less, or the first. It gives up as soon as it must be greater.
func (s *nDegree) tryPath(i, j int, chosen []byte) (order int, ok bool) {
	path, issued := len(s.buf), len(s.issued)
	if !s.spend(1 + j - i) {
		return 0, false
	}
	for k := i; k < j; k++ {
		b := s.related[k].blank
		if s.c.number[b] < 0 {
			s.issue(b)
		}
		s.buf = s.appendIdentifier(s.buf, b)
	}
	if beyond(s.buf[path:], chosen) {
		return 1, true
	}
	for k, end := issued, len(s.issued); k < end; k++ { // whom this path issued is whom it must go into
		b := s.issued[k]
		if !s.hash(b) {
			return 0, false
		}
		s.buf = s.appendIdentifier(s.buf, b)
		s.buf = append(s.buf, '<')
		s.buf = s.appendHex(s.buf, &s.result)
		s.buf = append(s.buf, '>')
		if beyond(s.buf[path:], chosen) {
			return 1, true
		}
	}
	if len(chosen) == 0 {
		return -1, true
	}
	return bytes.Compare(s.buf[path:], chosen), true
}

// beyond tells whether every path that begins with prefix is greater than the chosen one.
func beyond(prefix, chosen []byte) bool {
	n := min(len(prefix), len(chosen))
	return bytes.Compare(prefix[:n], chosen[:n]) > 0
}

func (s *nDegree) appendIdentifier(dst []byte, b int32) []byte {
	if n := s.c.number[b]; n >= 0 {
		return strconv.AppendInt(append(dst, "_:"+canonicalPrefix...), int64(n), 10)
	}
	return strconv.AppendInt(append(dst, "_:b"...), int64(s.temp[b]), 10)
}

func (s *nDegree) appendHex(dst []byte, d *digest) []byte {
	if s.c.hash384 {
		return hex.AppendEncode(dst, d[:])
	}
	return hex.AppendEncode(dst, d[:32])
}

// nextPermutation brings the nodes into the next order of all, counted from the sorted one, equal nodes being one; false if
// there is none, and then they are in the last order.
func nextPermutation(r []related) bool {
	i := len(r) - 2
	for i >= 0 && r[i].blank >= r[i+1].blank {
		i--
	}
	if i < 0 {
		return false
	}
	j := len(r) - 1
	for r[j].blank <= r[i].blank {
		j--
	}
	r[i], r[j] = r[j], r[i]
	slices.Reverse(r[i+1:])
	return true
}
