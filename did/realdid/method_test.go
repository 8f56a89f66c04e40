package realdid_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

func TestNetworks(t *testing.T) {
	for _, name := range []string{"UPPER", "a.b", "a_b", "ä", "0123456789abcdef0123456789abcdef"} {
		for _, net := range []realdid.Network{{Domain: name}, {Home: name}} {
			if _, err := realdid.New(nil, &realdid.Options{Network: net}); !errors.Is(err, realdid.ErrIdentifier) {
				t.Errorf("%+v: got %v, want ErrIdentifier", net, err)
			}
			if _, err := net.Reducer().Reduce("k", nil, nil, ledger.Anchor{}); !errors.Is(err, realdid.ErrIdentifier) {
				t.Errorf("reducer of %+v: got %v, want ErrIdentifier", net, err)
			}
			if _, err := realdid.DraftCreate(&realdid.CreateRequest{Network: net, Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(1))}); !errors.Is(err, realdid.ErrIdentifier) {
				t.Errorf("create on %+v: got %v, want ErrIdentifier", net, err)
			}
		}
	}
	// main is written nowhere, however it is given.
	lg := memledger.New(realdid.Network{Domain: "main", Home: "main"}.Reducer(), nil)
	m := must(realdid.New(lg, &realdid.Options{Network: realdid.Network{Domain: "main", Home: "main"}}))(t)
	r := must(m.Create(t.Context(), &realdid.CreateRequest{Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(1))}, ed(0)))(t)
	if id := must(realdid.ParseIdentifier(r.DID))(t); id.Domain != "" {
		t.Errorf("main is written: %v", r.DID)
	}
	if r.State.Network() != (realdid.Network{}) {
		t.Errorf("network: got %+v", r.State.Network())
	}
}

// TestOperationsOfAnotherNetwork: what was signed for one home ledger or domain is nothing on another.
func TestOperationsOfAnotherNetwork(t *testing.T) {
	p := rawCreate('q')
	p[memberHome] = "other"
	op := mustParse(t, seal(t, p, ed(0)))
	m := must(realdid.New(memledger.New(realdid.Reducer(), nil), nil))(t)
	_, err := m.Submit(t.Context(), op)
	refused(t, "submitted to another home ledger", err)
	key := op.Identifier().Key()
	_, err = realdid.Reducer().Reduce(key, nil, op.Bytes(), ledger.Anchor{Time: start})
	refused(t, "admitted by another home ledger", err)
	if _, err := (realdid.Network{Home: "other"}).Reducer().Reduce(key, nil, op.Bytes(), ledger.Anchor{Time: start}); err != nil {
		t.Errorf("admitted at home: %v", err)
	}
	_, err = (realdid.Network{Domain: "other", Home: "other"}).Reducer().Reduce(key, nil, op.Bytes(), ledger.Anchor{Time: start})
	refused(t, "admitted in another domain", err)
	_, err = (realdid.Network{Home: "other"}).Reducer().Reduce("q"+key[1:52]+"a", nil, op.Bytes(), ledger.Anchor{Time: start})
	refused(t, "admitted at another key", err)
	open := memledger.New(nil, nil)
	if _, err := open.Append(t.Context(), key, 0, op.Bytes()); err != nil {
		t.Fatal(err)
	}
	m = must(realdid.New(open, nil))(t)
	_, err = m.Resolve(t.Context(), op.Identifier().Short(), nil)
	wantCode(t, "resolved on another home ledger", err, did.NotFound)
}

func TestReducerRefusesWhatItCannotRead(t *testing.T) {
	h := fixed(t)
	key := h.state.Identifier().Key()
	if _, err := realdid.Reducer().Reduce(key, []byte{1}, h.first, ledger.Anchor{Time: start}); err == nil {
		t.Error("a state that is none")
	}
	_, err := realdid.Reducer().Reduce(key, nil, []byte{1}, ledger.Anchor{Time: start})
	refused(t, "an operation that is none", err)
}

func TestMethodWithoutALedger(t *testing.T) {
	m := must(realdid.New(nil, nil))(t)
	op := mustParse(t, fixed(t).first)
	if _, err := m.Submit(t.Context(), op); !errors.Is(err, realdid.ErrNotFound) {
		t.Errorf("submit: got %v", err)
	}
	if _, err := m.Update(t.Context(), op.Identifier().Short(), realdid.Content{}, ed(0)); !errors.Is(err, realdid.ErrNotFound) {
		t.Errorf("update: got %v", err)
	}
	if _, err := m.Rotate(t.Context(), op.Identifier().Short(), &realdid.RotateRequest{}); !errors.Is(err, realdid.ErrNotFound) {
		t.Errorf("rotate: got %v", err)
	}
}

// clocks are a ledger and a method whose clocks differ.
func clocks(t *testing.T) (ofLedger, ofMethod *time.Time, m *realdid.Method, id did.DID) {
	t.Helper()
	a, b := start, start
	lg := memledger.New(realdid.Reducer(), &memledger.Options{Clock: func() time.Time { return a }})
	m = must(realdid.New(lg, &realdid.Options{Clock: func() time.Time { return b }}))(t)
	r, err := m.Submit(t.Context(), mustParse(t, fixed(t).first))
	ok(t, "create", err)
	return &a, &b, m, r.DID
}

func TestClockBehindTheLedgers(t *testing.T) {
	ofLedger, _, m, id := clocks(t)
	*ofLedger = start.Add(time.Hour)
	_, err := m.Update(t.Context(), id, authKey("b", 4), ed(0))
	ok(t, "update", err)
	_, err = m.Update(t.Context(), id, authKey("c", 5), ed(0))
	ok(t, "an update by a clock that is earlier than the last entry", err)
}

// TestClockAheadOfTheLedgers: a cancel in the last minute by the ledger's clock, when the device thinks that it is too late.
func TestClockAheadOfTheLedgers(t *testing.T) {
	ofLedger, ofMethod, m, id := clocks(t)
	_, err := m.Recover(t.Context(), id, guardianRequest(500, realdid.Content{}, 11, 12), ed(11), ed(12), ed(500))
	ok(t, "file", err)
	s := must(m.State(t.Context(), id))(t)
	d, err := s.DraftCancelByTier([]realdid.RecoveryKey{backup(10)})
	op := draftOf(t, d, err, ed(10))
	*ofLedger = start.Add(threeDays - time.Minute)
	*ofMethod = start.Add(threeDays + time.Minute)
	r, err := m.Submit(t.Context(), op)
	ok(t, "cancel", err)
	if _, pending := r.State.Pending(); pending || !r.State.Control().Keys[0].Equal(ed(0).Public()) {
		t.Error("the cancel did not count")
	}
}

// stubborn says at every append that somebody else was there.
type stubborn struct {
	*listLedger
	tries int
	err   error
}

func (s *stubborn) Append(context.Context, string, uint64, []byte) (ledger.Entry, error) {
	s.tries++
	return ledger.Entry{}, s.err
}

func TestSubmitEndsAndPassesErrorsOn(t *testing.T) {
	h, lg := kept(t)
	s := &stubborn{listLedger: lg, err: &ledger.ConflictError{Length: 1}}
	m := must(realdid.New(s, &realdid.Options{Clock: func() time.Time { return h.now }}))(t)
	id := h.state.Identifier().Short()
	_, err := m.Update(t.Context(), id, authKey("b", 4), ed(0))
	if !errors.Is(err, realdid.ErrConflict) || s.tries != 16 {
		t.Errorf("got %v after %d tries, want ErrConflict after 16", err, s.tries)
	}
	for _, want := range []error{ledger.ErrClosed, &ledger.ClockError{}, ledger.ErrInvalid} {
		s.err = want
		if _, err := m.Update(t.Context(), id, authKey("b", 4), ed(0)); !errors.Is(err, want) || errors.Is(err, realdid.ErrConflict) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	lg.err = ledger.ErrCorrupt
	if _, err := m.Submit(t.Context(), mustParse(t, h.first)); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("a history that cannot be read: got %v", err)
	}
}

// lateLedger accepts, at a time at which the operation is not valid any more.
type lateLedger struct {
	*listLedger
	at time.Time
}

func (l *lateLedger) Append(_ context.Context, key string, seq uint64, op []byte) (ledger.Entry, error) {
	return ledger.Entry{Key: key, Seq: seq, Op: op, Anchor: ledger.Anchor{Index: seq, Time: l.at}}, nil
}

func TestSubmitJudgesByTheAnchor(t *testing.T) {
	h, lg := kept(t)
	ok(t, "file", h.guardiansFile(20))
	late := &lateLedger{lg, start.Add(threeDays)}
	m := must(realdid.New(late, &realdid.Options{Clock: func() time.Time { return h.now }}))(t)
	_, err := m.CancelByTier(t.Context(), h.state.Identifier().Short(), []realdid.RecoveryKey{backup(10)}, ed(10))
	refused(t, "a cancel that a ledger which does not admit took too late", err)
	late.at = start.Add(time.Hour)
	r, err := m.CancelByTier(t.Context(), h.state.Identifier().Short(), []realdid.RecoveryKey{backup(10)}, ed(10))
	ok(t, "cancel", err)
	if got := r.State.Tiers()[1].NotBefore; !got.Equal(late.at.Add(threeDays)) {
		t.Errorf("the state is not that at the anchor: waits until %v", got)
	}
}

func TestVerbsOnALedger(t *testing.T) {
	w := newWorld(t)
	p := newPerson(t, w)
	ctx := t.Context()
	r, err := w.m.Anchor(ctx, p.id, realdid.Digest{7}, p.control)
	ok(t, "anchor", err)
	if root, is := r.Operation.Root(); !is || root != (realdid.Digest{7}) || r.Operation.Type().String() != "anchor" {
		t.Errorf("root: got %x", root)
	}
	if _, is := must(w.m.History(ctx, p.id))(t)[0].Operation.Root(); is {
		t.Error("a create has a root")
	}
	reveal, guardians := p.guardianKeys(0, 1)
	phone := ed(800)
	file := func() error {
		_, err := w.m.Recover(ctx, p.id, &realdid.RecoverRequest{Reveal: reveal, Control: realdid.OneKey(phone.Public()), Next: commit(ed(801))}, append(guardians, phone)...)
		return err
	}
	ok(t, "recover", file())
	_, err = w.m.CancelByNext(ctx, p.id, pub(p.next(t, 1)), p.commitNext(t, 2), false, p.next(t, 1))
	ok(t, "cancel by next", err)
	w.wait(realdid.DefaultDelay)
	ok(t, "recover again", file())
	own := must(p.seed.Recovery(keys.Ed25519, 0))(t)
	_, err = w.m.CancelByTier(ctx, p.id, []realdid.RecoveryKey{{Salt: must(p.seed.RecoverySalt(0))(t), Key: own.Public()}}, own)
	ok(t, "cancel by the own backup", err)
	_, err = w.m.Deactivate(ctx, p.id, pub(p.next(t, 2)), p.next(t, 2))
	ok(t, "deactivate", err)
	if got := realdid.OperationType(77).String() + realdid.OperationType(0).String(); got != "type 77type 0" {
		t.Errorf("unknown types: got %s", got)
	}
}

// TestNothingInvalidIsWritten: a ledger that does not admit would keep it for good.
func TestNothingInvalidIsWritten(t *testing.T) {
	lg := memledger.New(nil, &memledger.Options{Clock: func() time.Time { return start }})
	m := must(realdid.New(lg, &realdid.Options{Clock: func() time.Time { return start }}))(t)
	r, err := m.Submit(t.Context(), mustParse(t, fixed(t).first))
	ok(t, "create", err)
	p := rawCreate('q')
	p[memberHome] = "other"
	foreign := mustParse(t, seal(t, p, ed(0)))
	_, err = m.Submit(t.Context(), foreign)
	refused(t, "an operation of another home ledger", err)
	d, err := r.State.DraftUpdate(authKey("a", 4))
	_, err = m.Submit(t.Context(), draftOf(t, d, err, ed(0)))
	refused(t, "an update that is not allowed", err)
	for _, key := range []string{r.DID.ID(), foreign.Identifier().Key()} {
		if got, want := count(t, lg, key), uint64(1); got > want || key != r.DID.ID() && got > 0 {
			t.Errorf("entries of %s: got %d", key, got)
		}
	}
	if _, err := m.Update(t.Context(), r.DID, authKey("b", 4), failingSigner{ed(0)}); !errors.Is(err, errSigner) {
		t.Errorf("a signer that fails: got %v", err)
	}
	_, err = m.Update(t.Context(), r.DID, authKey("b", 4))
	refused(t, "an update that nobody signs", err)
}

// TestCreateOnTheNetworkOfTheMethod: a request without a network is for that of the method.
func TestCreateOnTheNetworkOfTheMethod(t *testing.T) {
	net := realdid.Network{Domain: "example", Home: "second"}
	m := must(realdid.New(memledger.New(net.Reducer(), nil), &realdid.Options{Network: net}))(t)
	r, err := m.Create(t.Context(), &realdid.CreateRequest{Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(1))}, ed(0))
	ok(t, "create", err)
	if r.State.Network() != net || r.DID.String()[:20] != "did:realdid:example:" {
		t.Errorf("got %v on %+v", r.DID, r.State.Network())
	}
	_, err = m.Create(t.Context(), &realdid.CreateRequest{Network: realdid.Network{Domain: "other"}, Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(1))}, ed(0))
	refused(t, "a create for another network", err)
}
