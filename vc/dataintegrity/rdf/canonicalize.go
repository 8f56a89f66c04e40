package rdf

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
)

// ErrWork is the error of a dataset whose canonicalization takes more work than Options.MaxWork allows: a poison graph, or
// one with too many like nodes. It says nothing about whether the dataset is well-formed.
var ErrWork = errors.New("rdf: canonicalization takes more work than allowed")

// DefaultMaxWork is the limit that canonicalization has unless Options say otherwise: a few milliseconds.
const DefaultMaxWork = 120_000

// Options of Canonicalize; nil means the zero value.
type Options struct {
	Hash crypto.Hash // crypto.SHA256 (also 0) or crypto.SHA384

	// MaxWork bounds what comes after the hashes of first degree, whose cost is linear in the dataset: the steps of Hash
	// N-Degree Quads, which are exponential in the worst case. A unit is one related blank node, one label on a path, or one
	// block of 64 bytes hashed: some 30 to 100 ns. How much a dataset takes depends a little on the order of its quads.
	// 0 means DefaultMaxWork.
	MaxWork int
}

// Canonical is a dataset in canonical form. Nothing in it may be modified.
type Canonical struct {
	Lines  [][]byte // canonical N-Quads sorted by code point, each with its newline, none twice
	Labels []string // Labels[i] is the canonical label of blank node i, like "c14n3", without "_:"
	Order  []int    // Lines[i] was written from Quads[Order[i]], the first of equal quads
	LineOf []int    // Quads[q] was written as Lines[LineOf[q]]

	text []byte
}

// NQuads returns the canonical document: all lines as one, without copying.
func (c *Canonical) NQuads() []byte {
	if c.text == nil && len(c.Lines) > 0 { // not made in here
		return bytes.Join(c.Lines, nil)
	}
	return c.text
}

// Canonicalize gives a dataset its canonical form and its blank nodes their canonical labels (RDFC-1.0 section 4.4). A blank
// node that occurs in no quad gets the label "". Literals must be UTF-8, as ParseNQuads sees to. Errors: ErrWork; ErrQuad
// if a quad is no statement (a literal as subject, a blank node out of range, a relative IRI); a hash that is not one of the two.
func Canonicalize(d *Dataset, opt *Options) (*Canonical, error) {
	if opt == nil {
		opt = &Options{}
	}
	if opt.Hash != 0 && opt.Hash != crypto.SHA256 && opt.Hash != crypto.SHA384 {
		return nil, fmt.Errorf("rdf: canonicalize: hash %v is neither SHA-256 nor SHA-384", opt.Hash)
	}
	c := pool.Get().(*canonizer)
	defer c.release()
	c.hash384 = opt.Hash == crypto.SHA384
	c.work = opt.MaxWork
	if c.work <= 0 {
		c.work = DefaultMaxWork
	}
	if err := c.template.write(d); err != nil {
		return nil, err
	}
	c.mentions.write(c.lines, len(d.Blanks))
	c.firstDegree()
	c.open = severalGraphs(d)
	if !c.label() {
		return nil, ErrWork
	}
	labels := make([]string, len(c.number))
	for i, n := range c.number {
		if n >= 0 {
			labels[i] = canonicalLabel(n)
		}
	}
	return c.sorted(labels, &c.sort), nil
}

// Relabel writes the dataset with labels of the caller's choice (of blank node i without "_:"), sorted and without
// duplicates like a canonical form. Errors: ErrQuad; a label that is missing, is not made of letters, digits, "_" and "-",
// or stands for two nodes.
func (d *Dataset) Relabel(labels []string) (*Canonical, error) {
	if len(labels) != len(d.Blanks) {
		return nil, fmt.Errorf("rdf: relabel: %d labels for %d blank nodes", len(labels), len(d.Blanks))
	}
	c := pool.Get().(*canonizer)
	defer c.release()
	if err := c.template.write(d); err != nil {
		return nil, err
	}
	c.mentions.write(c.lines, len(labels))
	seen := make(map[string]bool, len(labels))
	for i, l := range labels {
		switch {
		case len(c.mentions.of(int32(i))) == 0: // is not written
		case !plainLabel(l):
			return nil, fmt.Errorf("rdf: relabel: blank node %d has no label, or one with other characters than letters, digits, _ and -", i)
		case seen[l]:
			return nil, fmt.Errorf("rdf: relabel: blank node %d has the label of another", i)
		default:
			seen[l] = true
		}
	}
	return c.sorted(slices.Clone(labels), &c.sort), nil
}

func plainLabel(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-' && i > 0) {
			return false
		}
	}
	return s != ""
}

// canonizer is the canonicalization state; its buffers live on from one dataset to the next.
type canonizer struct {
	template
	mentions mentions
	hash384  bool
	work     int
	open     bool // see ties.go

	first  []digest // first[i]: first-degree hash of blank node i
	order  []int32  // the blank nodes that occur, by first-degree hash
	number []int32  // number[i]: canonical number of blank node i, -1 before it is issued
	issued int32

	concat []byte // what is hashed for the first degree
	sort   sortScratch
	deep   *nDegree // made when first needed
}

var pool = sync.Pool{New: func() any { return new(canonizer) }}

// release keeps the buffers for the next dataset, unless this one made them so large that the next would pay for it.
func (c *canonizer) release() {
	if c.deep != nil && len(c.deep.hashes) > 4096 {
		c.deep = nil
	}
	if cap(c.text)+cap(c.sort.buf) < 1<<20 {
		pool.Put(c)
	}
}

// digest holds a hash of 32 or 48 bytes. The order of digests is that of their hexadecimal texts.
type digest [sha512.Size384]byte

func (c *canonizer) sum(b []byte) (d digest) {
	if c.hash384 {
		return sha512.Sum384(b)
	}
	h := sha256.Sum256(b)
	copy(d[:], h[:])
	return d
}

// label issues all canonical numbers: nodes of unique first-degree hash in the order of the hashes, then the others by Hash
// N-Degree Quads (steps 4 and 5). It tells whether the work sufficed.
func (c *canonizer) label() bool {
	c.issued = 0
	shared := false
	for i, j := 0, 0; i < len(c.order); i = j {
		j = c.run(i)
		if j-i == 1 {
			c.issue(c.order[i])
		} else {
			shared = true
		}
	}
	return !shared || c.labelShared()
}

// run returns the end of the run of equal first-degree hashes in order that begins at i.
func (c *canonizer) run(i int) int {
	j := i + 1
	for j < len(c.order) && c.first[c.order[j]] == c.first[c.order[i]] {
		j++
	}
	return j
}

func (c *canonizer) issue(blank int32) {
	if c.number[blank] < 0 {
		c.number[blank] = c.issued
		c.issued++
	}
}

const canonicalPrefix = "c14n"

// fewLabels are the labels that nearly every dataset needs, made once.
var fewLabels = func() (l [128]string) {
	for i := range l {
		l[i] = canonicalPrefix + strconv.Itoa(i)
	}
	return l
}()

func canonicalLabel(n int32) string {
	if int(n) < len(fewLabels) {
		return fewLabels[n]
	}
	return canonicalPrefix + strconv.Itoa(int(n))
}

// firstDegree computes the first-degree hash of every blank node that occurs, and the order of the nodes by it. Mentions of
// a quad that the dataset states twice are dropped on the way.
func (c *canonizer) firstDegree() {
	blanks := len(c.mentions.start) - 1
	c.first = slices.Grow(c.first[:0], blanks)[:blanks]
	c.number = slices.Grow(c.number[:0], blanks)[:blanks]
	c.order = c.order[:0]
	for n := range int32(blanks) {
		c.number[n] = -1
		if len(c.mentions.of(n)) > 0 {
			c.first[n] = c.hashFirstDegree(n)
			c.order = append(c.order, n)
		}
	}
	slices.SortFunc(c.order, func(a, b int32) int { return bytes.Compare(c.first[a][:], c.first[b][:]) })
}

// hashFirstDegree is Hash First Degree Quads (section 4.6): the lines that mention the node, with "a" for itself and "z" for
// every other, sorted, as one hash.
func (c *canonizer) hashFirstDegree(n int32) digest {
	quads := c.mentions.of(n)
	for _, q := range quads {
		c.mark(q, n, 'a')
	}
	slices.SortFunc(quads, func(a, b int32) int {
		la, lb := &c.lines[a], &c.lines[b]
		if o := bytes.Compare(c.text[la.from:la.to], c.text[lb.from:lb.to]); o != 0 {
			return o
		}
		return slices.Compare(la.blank[:], lb.blank[:])
	})
	c.concat = c.concat[:0]
	kept := quads[:0]
	for i, q := range quads {
		l := &c.lines[q]
		if i > 0 {
			before := &c.lines[kept[len(kept)-1]]
			if l.blank == before.blank && bytes.Equal(c.text[l.from:l.to], c.text[before.from:before.to]) {
				c.mark(q, n, 'z')
				continue
			}
		}
		kept = append(kept, q)
		c.concat = append(c.concat, c.text[l.from:l.to]...)
	}
	for _, q := range kept {
		c.mark(q, n, 'z')
	}
	c.mentions.keep(n, len(kept))
	return c.sum(c.concat)
}

// mark writes label where the quad mentions the node.
func (c *canonizer) mark(quad, n int32, label byte) {
	l := &c.lines[quad]
	for i, b := range l.blank {
		if b == n {
			c.text[l.at[i]] = label
		}
	}
}

// mentions lists, for each blank node, the quads that it is a component of; each once.
type mentions struct {
	start []int32 // quads of node n: list[start[n]:end[n]]
	end   []int32
	list  []int32
}

func (m *mentions) of(n int32) []int32 { return m.list[m.start[n]:m.end[n]] }

func (m *mentions) keep(n int32, count int) { m.end[n] = m.start[n] + int32(count) }

func (m *mentions) write(lines []templateLine, blanks int) {
	m.start = slices.Grow(m.start[:0], blanks+1)[:blanks+1]
	m.end = slices.Grow(m.end[:0], blanks)[:blanks]
	clear(m.start)
	for i := range lines {
		b := &lines[i].blank
		for c, n := range b {
			if n >= 0 && !among(n, b[:c]) {
				m.start[n+1]++
			}
		}
	}
	for n := range blanks {
		m.start[n+1] += m.start[n]
		m.end[n] = m.start[n]
	}
	m.list = slices.Grow(m.list[:0], int(m.start[blanks]))[:m.start[blanks]]
	for i := range lines {
		b := &lines[i].blank
		for c, n := range b {
			if n >= 0 && !among(n, b[:c]) {
				m.list[m.end[n]] = int32(i)
				m.end[n]++
			}
		}
	}
}

func among(n int32, before []int32) bool {
	for _, b := range before {
		if b == n {
			return true
		}
	}
	return false
}
