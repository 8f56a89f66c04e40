package cometledger

import (
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// Paths of queries (ABCI Query; RPC abci_query). The data of a query and the value of an answer with code 0 are deterministic CBOR. The
// height of a query must be 0: a node answers for the last block that it has executed, and names its height. Another code
// comes with a log for people and no value: codeMalformed is final, codeUnavailable is not.
const (
	pathLast    = "/last"    // no data -> lastAnswer
	pathState   = "/state"   // a key as text -> stateAnswer
	pathEntries = "/entries" // entriesQuery -> pageAnswer: entries of one key
	pathFeed    = "/feed"    // feedQuery -> pageAnswer: entries of all keys
	pathStands  = "/stands"  // list of 1 to MaxTxOps places -> standsAnswer
	pathProof   = "/proof"   // proofQuery -> proofAnswer
)

// Limits of queries and answers.
const (
	maxQuery    = 64 << 10  // bytes of the data of a query
	maxAnswer   = 1 << 20   // bytes of a value
	maxPage     = 1000      // entries on a page
	maxPageSize = 512 << 10 // bytes after which a page ends
)

// A stored entry is an entry of the ledger on the wire.
type wireEntry struct {
	_     struct{} `cbor:",toarray"`
	Key   string
	Seq   uint64
	Op    []byte
	Index uint64
	Time  int64 // seconds since 1970
}

func toWire(e ledger.Entry) wireEntry {
	return wireEntry{Key: e.Key, Seq: e.Seq, Op: e.Op, Index: e.Anchor.Index, Time: e.Anchor.Time.Unix()}
}

func (e *wireEntry) entry() ledger.Entry {
	return ledger.Entry{
		Key: e.Key, Seq: e.Seq, Op: e.Op,
		Anchor: ledger.Anchor{Index: e.Index, Time: time.Unix(e.Time, 0).UTC()},
	}
}

func (e *wireEntry) check() error {
	o := operation{Key: e.Key, Op: e.Op}
	if err := o.check(); err != nil || e.Time < 0 || e.Time > proof.MaxTime {
		return malformed("entry %d", e.Index)
	}
	return nil
}

type lastAnswer struct {
	_       struct{} `cbor:",toarray"`
	Height  int64    // of the last block executed
	Changed int64    // of the block that made AppHash, the last one with entries, or 0 for the genesis
	Entries uint64   // of the whole ledger
	Time    int64    // of the last entry's anchor; 0 while there is none
	AppHash []byte   // proof.Checkpoint.Digest after the block; the header of block Height+1 has it, as do all from Changed+1 on
}

type stateAnswer struct {
	_      struct{} `cbor:",toarray"`
	Height int64
	Length uint64 // entries of the key
	State  []byte // nil if Length is 0
}

type entriesQuery struct {
	_     struct{} `cbor:",toarray"`
	Key   string
	From  uint64 // seq of the first
	Limit uint64 // 1 to maxPage
}

type feedQuery struct {
	_     struct{} `cbor:",toarray"`
	From  uint64   // index of the first
	Limit uint64   // 1 to maxPage
}

type pageAnswer struct {
	_       struct{} `cbor:",toarray"`
	Height  int64
	Entries []wireEntry
	More    bool // there are more; then there is at least one here
}

// A place is where an operation was to stand.
type place struct {
	_   struct{} `cbor:",toarray"`
	Key string
	Seq uint64
}

// A standing tells what stands at a place.
type standing struct {
	_      struct{} `cbor:",toarray"`
	Length uint64   // entries of the key. If it is not above the place's seq, nothing stands there, and the rest is empty
	Index  uint64
	Time   int64
	Sum    []byte // SHA-256 of the operation's bytes
}

type standsAnswer struct {
	_      struct{} `cbor:",toarray"`
	Height int64
	Places []standing // as many as were asked for, in their order
}

type proofQuery struct {
	_       struct{} `cbor:",toarray"`
	Key     string
	Entries uint64 // the proof is to cover so many; codeUnavailable until it does
}

type proofAnswer struct {
	_       struct{} `cbor:",toarray"`
	Height  int64    // of the last block executed
	Changed int64    // of the block that made what is proven
	// Latest is a proof.Latest whose Checkpoint is the bare text, without signatures. Its origin is the chain ID, and its digest is
	// the app hash of the headers of the blocks Changed+1 to Height+1, the last of which may be yet to come.
	Latest []byte
}

// parseQuery reads the data of a query into q, one of the types above or *string or *[]place, and checks it.
func parseQuery(b []byte, q any) error {
	if err := decode("query", maxQuery, b, q); err != nil {
		return err
	}
	switch q := q.(type) {
	case *string:
		return checkKey(*q)
	case *entriesQuery:
		if q.Limit < 1 || q.Limit > maxPage {
			return malformed("query: limit %d", q.Limit)
		}
		return checkKey(q.Key)
	case *feedQuery:
		if q.Limit < 1 || q.Limit > maxPage {
			return malformed("query: limit %d", q.Limit)
		}
	case *proofQuery:
		return checkKey(q.Key)
	case *[]place:
		if len(*q) < 1 || len(*q) > MaxTxOps {
			return malformed("query: %d places", len(*q))
		}
		for _, p := range *q {
			if err := checkKey(p.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkKey(key string) error {
	if err := ledger.CheckKey(key); err != nil {
		return malformed("query: %v", err)
	}
	return nil
}

// parseAnswer reads the value of an answer into a, one of the types above, and checks what can be without the query.
func parseAnswer(b []byte, a any) error {
	if err := decode("answer", maxAnswer, b, a); err != nil {
		return err
	}
	height := int64(0)
	switch a := a.(type) {
	case *lastAnswer:
		height = a.Height
		if a.Changed < 0 || a.Changed > a.Height || a.Time < 0 || a.Time > proof.MaxTime || len(a.AppHash) != proof.HashSize {
			return malformed("answer: last")
		}
	case *stateAnswer:
		height = a.Height
		if len(a.State) > ledger.MaxStateSize || (a.Length == 0) != (a.State == nil) {
			return malformed("answer: state of %d entries in %d bytes", a.Length, len(a.State))
		}
	case *pageAnswer:
		height = a.Height
		if len(a.Entries) > maxPage || a.More && len(a.Entries) == 0 {
			return malformed("answer: page of %d entries", len(a.Entries))
		}
		for i := range a.Entries {
			if err := a.Entries[i].check(); err != nil {
				return err
			}
		}
	case *standsAnswer:
		height = a.Height
		for _, s := range a.Places {
			if len(s.Sum) != 0 && len(s.Sum) != proof.HashSize || s.Time < 0 || s.Time > proof.MaxTime {
				return malformed("answer: what stands at a place")
			}
		}
	case *proofAnswer:
		height = a.Height
		if a.Changed < 0 || a.Changed > a.Height || len(a.Latest) == 0 || len(a.Latest) > proof.MaxLatestSize {
			return malformed("answer: proof")
		}
	}
	if height < 0 {
		return malformed("answer: height %d", height)
	}
	return nil
}
