package vcalm

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/status"
)

const (
	listEntries = status.MinEntries
	listFull    = listEntries * 3 / 4
	maxLists    = 64
	maxPurposes = 2
	maxID       = 2048     // bytes
	maxIDs      = 64 << 20 // bytes of all ids
)

// lists are the status lists of all issuers of a handler.
type lists struct {
	base     string
	contexts *jsonld.Contexts
	clock    func() time.Time

	mu      sync.Mutex
	byID    map[string]*list
	open    map[string]*list // by issuer's path and purpose: where new entries go
	entries map[string][]entry
	ids     int // bytes of the names of entries
}

// list is one status list. Its lists' lock guards it.
type list struct {
	id      string
	issuer  *Issuer
	purpose string
	bits    *status.Bits
	used    *status.Bits
	taken   int
	since   time.Time
	changed time.Time
	signed  []byte // nil: has to be signed anew
}

// entry is a place in a list.
type entry struct {
	list  *list
	index uint64
}

func newLists(base string, contexts *jsonld.Contexts, clock func() time.Time) *lists {
	return &lists{
		base: base, contexts: contexts, clock: clock,
		byID: map[string]*list{}, open: map[string]*list{}, entries: map[string][]entry{},
	}
}

func (l *lists) url(x *list) string { return l.base + "/status-lists/" + x.id }

// claim is the credentialStatus that names e.
func (l *lists) claim(e entry) (map[string]any, error) {
	return status.BitstringEntry{List: l.url(e.list), Index: e.index, Purpose: e.list.purpose}.Claim()
}

// reserve takes an entry in a list of the issuer for each purpose and returns the credentialStatus: an object, or a list for several. id
// is by which the credential can be named later, and may be used once. release gives the entries back if no credential comes of it.
func (l *lists) reserve(issuer *Issuer, id string, purposes []string) (claims []byte, release func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(id) > maxID {
		return nil, nil, refuse("the id is too long for a credential with a status")
	}
	if id != "" && len(l.entries[id]) > 0 {
		return nil, nil, fail(http.StatusBadRequest, problem(typesOfVCALM, "DUPLICATE_CREDENTIAL", "a credential with this id has a status already"))
	}
	if l.ids+len(id) > maxIDs {
		return nil, nil, fail(http.StatusServiceUnavailable, problem(typesOfVCALM, "STATUS_LISTS_FULL", "no more ids can be remembered"))
	}
	id = strings.Clone(id) // it is a part of the request
	var entries []entry
	var out []map[string]any
	for _, purpose := range purposes {
		x, err := l.list(issuer, purpose)
		if err != nil {
			return nil, nil, err
		}
		e := entry{x, x.take()}
		claim, err := l.claim(e)
		if err != nil {
			return nil, nil, fmt.Errorf("vcalm: %w", err)
		}
		entries, out = append(entries, e), append(out, claim)
	}
	if id != "" {
		l.entries[id] = entries
		l.ids += len(id)
	}
	var claim any = out
	if len(out) == 1 {
		claim = out[0]
	}
	claims, err = json.Marshal(claim)
	return claims, func() { l.release(id, entries) }, err
}

func (l *lists) release(id string, entries []entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.entries[id]; ok {
		delete(l.entries, id)
		l.ids -= len(id)
	}
	for _, e := range entries {
		_ = e.list.used.Set(e.index, 0)
		e.list.taken--
	}
}

// list returns the list of an issuer that has room.
func (l *lists) list(issuer *Issuer, purpose string) (*list, error) {
	key := issuer.Path() + " " + purpose
	if x := l.open[key]; x != nil && x.taken < listFull {
		return x, nil
	}
	if len(l.byID) >= maxLists {
		return nil, fail(http.StatusServiceUnavailable, problem(typesOfVCALM, "STATUS_LISTS_FULL", "no status list has room"))
	}
	bits, err := status.NewBits(status.MostSignificantFirst, 1, listEntries)
	if err != nil {
		return nil, fmt.Errorf("vcalm: %w", err)
	}
	now := l.clock()
	x := &list{id: strings.ToLower(rand.Text()), issuer: issuer, purpose: purpose, bits: bits, used: bits.Clone(), since: now, changed: now}
	l.byID[x.id], l.open[key] = x, x
	return x, nil
}

// take returns a random index that nobody has. A quarter of the list stays free, so that a few attempts are enough.
func (x *list) take() uint64 {
	for {
		n, _ := rand.Int(rand.Reader, big.NewInt(listEntries)) // crypto/rand does not fail
		i := n.Uint64()
		if used, _ := x.used.Get(i); used == 0 {
			_ = x.used.Set(i, 1)
			x.taken++
			return i
		}
	}
}

// find returns the entries of a credential for a purpose ("" is any), or the entry that is named by its list and index.
func (l *lists) find(id, purpose, uri string, index uint64) (entry, bool) {
	for _, e := range l.entries[id] {
		if (purpose == "" || e.list.purpose == purpose) && (uri == "" || l.url(e.list) == uri && e.index == index) {
			return e, true
		}
	}
	if id != "" || uri == "" {
		return entry{}, false
	}
	x := l.at(uri)
	if x == nil || purpose != "" && x.purpose != purpose {
		return entry{}, false
	}
	used, _ := x.used.Get(index)
	return entry{x, index}, used == 1
}

// at returns the list with a URL, or nil.
func (l *lists) at(uri string) *list {
	id, ok := strings.CutPrefix(uri, l.base+"/status-lists/")
	if !ok {
		return nil
	}
	return l.byID[id]
}

var errRevoked = errors.New("vcalm: a revocation stands")

// set changes an entry. A revocation is for good.
func (l *lists) set(e entry, on bool) error {
	now, _ := e.list.bits.Get(e.index)
	if !on && now == 1 && e.list.purpose == status.Revocation {
		return errRevoked
	}
	value := uint64(0)
	if on {
		value = 1
	}
	e.list.changed, e.list.signed = l.clock(), nil
	return e.list.bits.Set(e.index, value)
}

// credential returns the status list credential, signed by the issuer whose credentials it is about.
func (l *lists) credential(ctx context.Context, id string, anew bool) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x := l.byID[id]
	if x == nil {
		return nil, notFound("there is no such status list")
	}
	if x.signed != nil && !anew {
		return x.signed, nil
	}
	suite := x.issuer.Cryptosuite
	if _, ok := suite.(dataintegrity.Selective); ok {
		suite = nil // everybody reads all of a list
	}
	unsigned, err := (&status.BitstringList{URL: l.url(x), Purposes: []string{x.purpose}, ValidFrom: x.since, Bits: x.bits}).
		Credential(x.issuer.Method.DID().String())
	if err != nil {
		return nil, fmt.Errorf("vcalm: %w", err)
	}
	c, err := dataintegrity.Issue(ctx, dataintegrity.Issuer{Signer: x.issuer.Signer, Method: x.issuer.Method}, unsigned,
		&dataintegrity.IssueOptions{Cryptosuite: suite, Created: l.clock(), Contexts: l.contexts})
	if err != nil {
		return nil, fmt.Errorf("vcalm: %w", err)
	}
	x.signed = c.Bytes()
	return x.signed, nil
}

var errNotOurs = errors.New("the status list is not one that is known here")

// lookup answers for the handler's own lists.
func (l *lists) lookup(q vc.StatusQuery) (vc.StatusEntry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x := l.at(q.Reference.URI)
	switch {
	case q.Reference.Mechanism != vc.BitstringStatusList || x == nil:
		return vc.StatusEntry{}, vc.UnknownBecause("status.list.unavailable", errNotOurs)
	case x.issuer.Method.DID().String() != q.Issuer:
		return vc.StatusEntry{}, vc.Invalid("status.reference", "the status list is another issuer's")
	case x.purpose != q.Reference.Purpose:
		return vc.StatusEntry{}, vc.Invalid("status.purpose", "the status list is for another purpose")
	case q.Reference.Size > 1:
		return vc.StatusEntry{}, vc.Invalid("status.size", "the entries of the status list have one bit")
	}
	value, ok := x.bits.Get(q.Reference.Index)
	if !ok {
		return vc.StatusEntry{}, vc.Invalid("status.index", "the status list has no such entry")
	}
	return vc.StatusEntry{
		Reference: q.Reference, Value: value, Meaning: status.Meaning(q.Reference, value), ListIssuedAt: x.changed, Obtained: q.At,
	}, nil
}
