package status

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/realdid/realdid/vc"
)

const codeIndex = "status.index"

var errWide = errors.New("entries of more than 8 bits are not supported")

// checkReference refuses a reference that no list can answer.
func checkReference(r *vc.StatusReference) error {
	switch {
	case r.Mechanism != vc.TokenStatusList && r.Mechanism != vc.BitstringStatusList:
		return vc.Invalid("status.reference", "the reference is to no kind of list that is known")
	case r.Mechanism == vc.BitstringStatusList && (r.Purpose == "" || r.Size < 0):
		return vc.Invalid("status.reference", "the reference has no purpose, or a size below 1")
	}
	return nil
}

// heldList is a verified and inflated list. It never changes, but for its last view.
type heldList struct {
	mechanism vc.StatusMechanism
	uri       string
	purposes  []string
	size      int // bits of an entry; 0 if it is left to the entries
	messages  map[uint64]string
	issuedAt  time.Time
	notBefore time.Time
	expires   time.Time
	ttl       time.Duration
	hasTTL    bool
	obtained  time.Time
	data      []byte

	last atomic.Pointer[Bits]
}

// age tells how new the list is.
func (h *heldList) age() age {
	if h.issuedAt.IsZero() {
		return age{h.notBefore, h.expires}
	}
	return age{h.issuedAt, h.expires}
}

// own lets go of the document: its texts are parts of it.
func (h *heldList) own() {
	h.uri = strings.Clone(h.uri)
	for i, p := range h.purposes {
		h.purposes[i] = strings.Clone(p)
	}
	for v, m := range h.messages {
		h.messages[v] = strings.Clone(m)
	}
}

// view returns the array with entries of so many bits. It keeps the last one: a list is asked with one size.
func (h *heldList) view(size int) (*Bits, error) {
	if b := h.last.Load(); b != nil && b.Size() == size {
		return b, nil
	}
	order := MostSignificantFirst
	if h.mechanism == vc.TokenStatusList {
		order = LeastSignificantFirst
	}
	b, err := FromBytes(order, size, h.data)
	if err == nil {
		h.last.Store(b)
	}
	return b, err
}

// entry returns the value of an entry, 0 if there is none, and the number of entries. Those that cross bytes are read where they stand:
// the credential says how large they are, and must not decide how much memory the list takes.
func (h *heldList) entry(size int, i uint64) (v, n uint64, err error) {
	if 8%size == 0 {
		b, err := h.view(size)
		if err != nil {
			return 0, 0, err
		}
		v, _ = b.Get(i)
		return v, b.Len(), nil
	}
	n = uint64(len(h.data)) * 8 / uint64(size)
	if i >= n {
		return 0, n, nil
	}
	at := i * uint64(size)
	pair := uint64(h.data[at/8]) << 8
	if at/8+1 < uint64(len(h.data)) {
		pair |= uint64(h.data[at/8+1])
	}
	return pair >> (16 - at%8 - uint64(size)) & (1<<size - 1), n, nil
}

// lookup returns the value of an entry.
func (l *Lists) lookup(list *heldList, r *vc.StatusReference) (uint64, error) {
	if r.Mechanism != list.mechanism {
		return 0, vc.UnknownBecause("status.list.format", errKind)
	}
	size := list.size
	if list.mechanism == vc.BitstringStatusList {
		asked := max(r.Size, 1)
		switch {
		case !slices.Contains(list.purposes, r.Purpose):
			return 0, vc.Invalid("status.purpose", "the list has not the purpose that the credential names")
		case size != 0 && size != asked:
			return 0, vc.Invalid("status.size", "the list has entries of another size than the credential says")
		case asked > MaxEntrySize:
			return 0, vc.UnknownBecause("status.size.unsupported", errWide)
		}
		size = asked
	}
	v, n, err := list.entry(size, r.Index)
	if err != nil {
		return 0, vc.InvalidBecause("status.size", err)
	}
	if list.mechanism == vc.BitstringStatusList && n < l.opt.MinEntries {
		return 0, vc.UnknownBecause("status.list.short", errShort)
	}
	if r.Index >= n {
		return 0, vc.Invalid(codeIndex, "the list has no entry with the index that the credential names")
	}
	return v, nil
}
