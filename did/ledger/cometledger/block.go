package cometledger

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// An execution is what becomes of a list of operations on top of what stands: the one place in which the reducer is called. It
// depends on nothing but its arguments, and the order of keys is that in which they come first.
type execution struct {
	reducer ledger.HeadReducer
	steps   []step
	keys    []keyed
	index   map[string]int // into keys

	headless bool // it is not to be committed: without head records

	limit int64        // of units; 0: none
	units atomic.Int64 // that it costs
}

// unit is how many bytes of state and operation, beyond the first so many, cost as much as another operation.
const unit = 4 << 10

// units is what it costs to execute an operation on top of a state: the same on every validator.
func units(state, op []byte) int64 { return 1 + int64(len(state)+len(op))/unit }

// over reports whether x costs more than it may. It is then given up, and its results are worth nothing.
func (x *execution) over() bool { return x.limit > 0 && x.units.Load() > x.limit }

// A step is an operation of the list.
type step struct {
	operation
	tx    int // its transaction
	key   int // into keys
	at    ledger.Anchor
	code  uint32 // codeOK: it stands
	text  string // why not
	state []byte // of the key after it; never nil if it stands, until trim
	head  []byte // record of that state
}

// A keyed is a key of the list.
type keyed struct {
	name  string
	base  ledger.Head
	steps []int
	err   error // base could not be read

	waited bool // base is of what waited in the mempool
}

// newExecution prepares the execution of steps, whose operations and transactions are set. head tells what stands; it is called for many
// keys at once. limit is how many units it may cost, 0 for any number.
func newExecution(reducer ledger.HeadReducer, steps []step, limit int64, head func(key string) (ledger.Head, error)) (*execution, error) {
	x := &execution{reducer: reducer, steps: steps, limit: limit, index: make(map[string]int, len(steps))}
	for i := range steps {
		k, ok := x.index[steps[i].Key]
		if !ok {
			k = len(x.keys)
			x.index[steps[i].Key] = k
			x.keys = append(x.keys, keyed{name: steps[i].Key})
		}
		steps[i].key = k
		x.keys[k].steps = append(x.keys[k].steps, i)
	}
	each(len(x.keys), func(k int) {
		if x.over() {
			return
		}
		key := &x.keys[k]
		key.base, key.err = head(key.name)
		x.units.Add(units(key.base.State, steps[key.steps[0]].Op))
	})
	for k := range x.keys {
		if err := x.keys[k].err; err != nil {
			return nil, err
		}
	}
	return x, nil
}

// each calls f for 0 to n-1, on all processors.
func each(n int, f func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers < 2 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
}

// run executes all steps with the anchors that they have, which are right if all stand.
func (x *execution) run() {
	each(len(x.keys), func(k int) {
		h := x.keys[k].base
		for n, i := range x.keys[k].steps {
			if n > 0 { // the first is counted already
				x.units.Add(units(h.State, x.steps[i].Op))
			}
			if x.over() {
				return
			}
			x.reduce(&x.steps[i], &h)
		}
	})
}

// trim lets go of states and head records that nobody needs any more: all but the last of each key.
func (x *execution) trim() {
	for k := range x.keys {
		last := true
		for _, i := range slices.Backward(x.keys[k].steps) {
			s := &x.steps[i]
			if s.code != codeOK {
				continue
			}
			if !last {
				s.state, s.head = nil, nil
			}
			last = false
		}
	}
}

// refused returns the first step that does not stand, or -1.
func (x *execution) refused() int {
	for i := range x.steps {
		if x.steps[i].code != codeOK {
			return i
		}
	}
	return -1
}

// settle executes again what comes after the first step that was refused, one after the other, because the refused ones take no
// index: those that stand have the indexes from first on.
func (x *execution) settle(first uint64) {
	from := x.refused()
	if from < 0 {
		return
	}
	heads := make([]ledger.Head, len(x.keys))
	for k := range heads {
		heads[k] = x.keys[k].base
	}
	for i := range x.steps[:from] {
		h := &heads[x.steps[i].key]
		h.Length, h.State = h.Length+1, x.steps[i].state
	}
	next := first + uint64(from)
	for i := from; i < len(x.steps); i++ {
		s := &x.steps[i]
		s.at.Index = next
		if x.reduce(s, &heads[s.key]); s.code == codeOK {
			next++
		}
	}
}

// reduce executes s on top of h and moves h on if it stands.
func (x *execution) reduce(s *step, h *ledger.Head) {
	s.code, s.text, s.state, s.head = codeOK, "", nil, nil
	if s.Seq != h.Length {
		s.code = codeConflict
		return
	}
	if s.state, s.head, s.text = x.call(s, h.State); s.text != "" {
		s.code = codeInvalid
		return
	}
	h.Length, h.State = h.Length+1, s.state
}

// call asks the reducer. text says why it refuses.
func (x *execution) call(s *step, before []byte) (state, head []byte, text string) {
	defer func() {
		if p := recover(); p != nil {
			state, head, text = nil, nil, fmt.Sprintf("the reducer panicked: %v", p)
		}
	}()
	r, err := x.reducer.Reduce(s.Key, before, s.Op, s.at)
	if err != nil {
		return nil, nil, reason(err)
	}
	if len(r.State) > ledger.MaxStateSize {
		return nil, nil, fmt.Sprintf("state of %d bytes, over %d", len(r.State), ledger.MaxStateSize)
	}
	if state = r.State; state == nil {
		state = []byte{} // nil means a new key
	}
	if x.headless {
		return state, nil, ""
	}
	if head, err = x.reducer.Head(s.Key, state); err != nil {
		return nil, nil, reason(err)
	}
	if len(head) < 1 || len(head) > ledger.MaxHeadSize {
		return nil, nil, fmt.Sprintf("head record of %d bytes, not 1 to %d", len(head), ledger.MaxHeadSize)
	}
	return state, head, ""
}

// reason is the text of a refusal, never empty.
func reason(err error) string {
	text := err.Error()
	if text == "" {
		text = "refused"
	}
	return text
}

// A block is the transactions of a proposal, executed.
type block struct {
	*execution
	txs     []executed // results; of one that is malformed, no codes and no steps
	bad     []bool     // malformed
	ops     []int      // operations of each
	entries []ledger.Entry
}

// executeBlock executes txs at the time of a block on top of v. Transactions that are malformed add nothing. A
// block that is over its limit of units, 0 for none, has no results.
func executeBlock(reducer ledger.HeadReducer, v *view, txs [][]byte, at time.Time, limit int64) (*block, error) {
	b := &block{txs: make([]executed, len(txs)), bad: make([]bool, len(txs)), ops: make([]int, len(txs))}
	parsed := make([][]operation, len(txs))
	each(len(txs), func(i int) {
		var err error
		parsed[i], err = parseTx(txs[i])
		b.bad[i] = err != nil
	})
	n := 0
	for i := range parsed {
		b.ops[i] = len(parsed[i])
		n += len(parsed[i])
	}
	seconds := max(at.Unix(), v.EpochTime, v.Time)
	anchor := ledger.Anchor{Index: v.Entries, Time: time.Unix(seconds, 0).UTC()}
	steps := make([]step, 0, n)
	for i, ops := range parsed {
		for _, o := range ops {
			steps = append(steps, step{operation: o, tx: i, at: anchor})
			anchor.Index++
		}
	}
	var err error
	if b.execution, err = newExecution(reducer, steps, limit, v.head); err != nil {
		return nil, err
	}
	b.run()
	if b.over() {
		return b, nil
	}
	b.settle(v.Entries)
	b.trim()
	b.results()
	return b, nil
}

// results fills in txs and entries.
func (b *block) results() {
	codes := make([]byte, 0, len(b.steps))
	b.entries = make([]ledger.Entry, 0, len(b.steps))
	i := 0
	for tx := range b.txs {
		start, stand := len(codes), 0
		for ; i < len(b.steps) && b.steps[i].tx == tx; i++ {
			s := &b.steps[i]
			codes = append(codes, byte(s.code))
			if s.code != codeOK {
				continue
			}
			if stand == 0 {
				b.txs[tx].First = s.at.Index
			}
			stand++
			b.entries = append(b.entries, ledger.Entry{Key: s.Key, Seq: s.Seq, Op: s.Op, Anchor: s.at})
		}
		if stand < len(codes)-start {
			b.txs[tx].Codes = codes[start:len(codes):len(codes)]
		}
	}
}

// code returns the code of the result of a transaction.
func (b *block) code(tx int) uint32 {
	if b.bad[tx] {
		return codeMalformed
	}
	for _, c := range b.txs[tx].Codes {
		if c != byte(codeOK) {
			return uint32(c)
		}
	}
	return codeOK
}

// stands reports whether the block is one that may be proposed: all of it stands.
func (b *block) stands() bool {
	for _, bad := range b.bad {
		if bad {
			return false
		}
	}
	return len(b.steps) == len(b.entries)
}

func (s *step) entry() ledger.Entry {
	return ledger.Entry{Key: s.Key, Seq: s.Seq, Op: s.Op, Anchor: s.at}
}
