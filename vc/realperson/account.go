package realperson

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/internal/strictjson"
)

// Account is what a platform knows of one person.
type Account struct {
	// ID names the account: 52 characters of a-z and 2-7. It derives from the pseudonym, and says nothing at another platform.
	ID string
	// Holder is the pairwise DID, in its long form, whose key logs in.
	Holder  did.DID
	Created time.Time
	// Reports are when theft reports that stand were made, in their order: the platform may want to ask for more before it lets
	// anybody do much, and should tell the holder.
	Reports []time.Time
	// Authority and Claims are who vouched for the person, and what the policy asked for; both only as the answer of SignUp, for the
	// platform to keep if it needs to.
	Authority did.DID
	Claims    map[string]any
}

// String names the type and nothing of the person.
func (a *Account) String() string { return "realperson.Account" }

// GoString is String.
func (a *Account) GoString() string { return a.String() }

// The size of an account's ID: SHA-256 in base32.
const accountIDSize = (sha256.Size*8 + 4) / 5

var accountEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// accountID is the name of what belongs to a pseudonym.
func accountID(authority did.DID, pseudonym []byte) string {
	h := hashOf("realperson/account/v1", []byte(authority.String()), pseudonym)
	return accountEncoding.EncodeToString(h[:])
}

// isAccountID tells what accountID can return from what could not be the key of a ledger.
func isAccountID(s string) bool {
	b, err := accountEncoding.DecodeString(s)
	return err == nil && len(b) == sha256.Size && accountEncoding.EncodeToString(b) == s
}

// The keys of a platform's ledger.
const (
	accountPrefix = "account:"
	usePrefix     = "use:"
)

// accountStore keeps accounts in a ledger: each event is an entry that holds the state after it, so that the last says all.
type accountStore struct{ ledger ledger.Ledger }

var recordLimits = strictjson.Limits{Bytes: ledger.MaxOpSize, Depth: 6, Nodes: 256}

// load returns the state of an account and the number of its entries; nil and 0 if there is none.
func (s accountStore) load(ctx context.Context, id string) (*accountState, uint64, error) {
	var last []byte
	n := uint64(0)
	for e, err := range s.ledger.History(ctx, accountPrefix+id, 0) {
		if err != nil {
			return nil, 0, fmt.Errorf("the store of accounts: %w", err)
		}
		last, n = e.Op, e.Seq+1
	}
	if n == 0 {
		return nil, 0, nil
	}
	state, err := parseAccountState(last)
	if err != nil {
		return nil, 0, fmt.Errorf("the store of accounts: %w", errors.Join(ledger.ErrCorrupt, err))
	}
	return state, n, nil
}

// apply makes an event happen. Somebody else's event at the same moment is looked at, and then this one again.
func (s accountStore) apply(ctx context.Context, id string, e *accountEvent, nonce string, now time.Time, rules accountRules) (*accountState, error) {
	for range maxRaces {
		state, n, err := s.load(ctx, id)
		if err != nil {
			return nil, err
		}
		next, err := state.after(e, now, rules)
		if err != nil || next == state {
			return state, err
		}
		op, err := next.encode(e.action, nonce)
		if err != nil {
			return nil, err
		}
		_, err = s.ledger.Append(ctx, accountPrefix+id, n, op)
		if err == nil {
			return next, nil
		}
		if !errors.Is(err, ledger.ErrConflict) {
			return nil, fmt.Errorf("the store of accounts: %w", err)
		}
	}
	return nil, fmt.Errorf("the store of accounts: %w", ErrBusy)
}

// maxRaces is how often an event is tried again that others came before.
const maxRaces = 8

// use records a use of a scope. Of all uses of one pseudonym, one succeeds: the nonce makes every record another.
func (s accountStore) use(ctx context.Context, id string, u *Use, nonce string, now time.Time) error {
	spent := nonceID(nonce)
	op, err := strictjson.Canonical(map[string]any{
		"v": 1, "scope": u.Scope.members(), "index": u.Index, "at": formatTime(now), "nonce": encode(spent[:]),
	})
	if err != nil {
		return err
	}
	_, err = s.ledger.Append(ctx, usePrefix+id, 0, op)
	if errors.Is(err, ledger.ErrConflict) {
		return ErrScopeUsed
	}
	if err != nil {
		return fmt.Errorf("the store of accounts: %w", err)
	}
	return nil
}

// encode writes a state as an entry. The nonce of the message that led to it tells it from every other.
func (s *accountState) encode(a Action, nonce string) ([]byte, error) {
	spent := nonceID(nonce)
	m := map[string]any{
		"v": 1, "event": string(a), "nonce": encode(spent[:]), "holder": s.holder.String(), "created": formatTime(s.created), "updated": formatTime(s.updated),
	}
	if !s.highest.IsZero() {
		m["highest"] = formatTime(s.highest)
	}
	if !s.vetoed.IsZero() {
		m["vetoed"] = formatTime(s.vetoed)
	}
	if len(s.reports) > 0 {
		var all []any
		for _, r := range s.reports {
			all = append(all, map[string]any{"holder": r.holder.String(), "at": formatTime(r.at), "issued": formatTime(r.issued)})
		}
		m["reports"] = all
	}
	return strictjson.Canonical(m)
}

// parseAccountState reads what encode wrote.
func parseAccountState(b []byte) (*accountState, error) {
	o, err := parseObject(b, recordLimits, "v", "event", "nonce", "holder", "created", "updated", "highest?", "vetoed?", "reports?")
	if err != nil {
		return nil, err
	}
	o.integer("v", 1, 1)
	o.text("event", 32)
	o.octets("nonce", sha256.Size, sha256.Size)
	s := &accountState{holder: o.did("holder"), created: o.time("created"), updated: o.time("updated")}
	if o.has("highest") {
		s.highest = o.time("highest")
	}
	if o.has("vetoed") {
		s.vetoed = o.time("vetoed")
	}
	reports := o.get("reports")
	if k := reports.Kind(); k != strictjson.Invalid && k != strictjson.Array || len(reports.Elems()) > MaxReports {
		o.fail("reports", "not a list of at most 4")
	}
	for _, v := range reports.Elems() {
		one, err := readObject(v, "holder", "at", "issued")
		if err != nil {
			return nil, err
		}
		s.reports = append(s.reports, theftReport{holder: one.did("holder"), at: one.time("at"), issued: one.time("issued")})
		if one.err != nil {
			return nil, one.err
		}
	}
	if o.err != nil {
		return nil, o.err
	}
	return s, nil
}

// view returns what a platform sees of a state.
func (s *accountState) view(id string) *Account {
	a := &Account{ID: id, Holder: s.holder, Created: s.created}
	for _, r := range s.reports {
		a.Reports = append(a.Reports, r.at)
	}
	return a
}
