package realdid_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// draftOf signs a draft for later.
func draftOf(t *testing.T, d *realdid.Draft, err error, ks ...*keys.PrivateKey) *realdid.Operation {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Sign(t.Context(), signers(ks...)...); err != nil {
		t.Fatal(err)
	}
	op, err := d.Operation()
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func recoverDraft(t *testing.T, h *hist, by, n int, overtake bool) *realdid.Operation {
	t.Helper()
	d, err := h.at().DraftRecover(&realdid.RecoverRequest{
		Reveal: []realdid.RecoveryKey{backup(by)}, Control: realdid.OneKey(ed(n).Public()), Next: commit(ed(n + 1)), Overtake: overtake,
	})
	return draftOf(t, d, err, ed(by), ed(n))
}

func rotateDraft(t *testing.T, h *hist, n int, overtake bool) *realdid.Operation {
	t.Helper()
	d, err := h.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(n)), Next: commit(ed(n + 1)), Overtake: overtake})
	return draftOf(t, d, err, ed(n))
}

// TestLesserKeysCannotOutpace is P11: while an owner or guardians collect signatures, a thief with the device writes updates
// and a thief with the next keys rotates, so that the predecessor is another one every second.
func TestLesserKeysCannotOutpace(t *testing.T) {
	h := simple(t, tier(time.Hour, false, 1, 10), tier(2*time.Hour, false, 1, 11))
	ok(t, "update", h.update(authKey("a", 3), ed(0)))
	stale, rotation := rotateDraft(t, h, 1, false), rotateDraft(t, h, 1, true)
	recovery, staleRecovery := recoverDraft(t, h, 11, 20, true), recoverDraft(t, h, 11, 20, false)
	for range 5 {
		h.wait(time.Second)
		ok(t, "thief updates", h.update(authKey("b", 30), ed(0)))
		d, err := h.at().DraftAnchor(realdid.Digest{1})
		ok(t, "thief anchors", h.try(d, err, ed(0)))
	}
	refused(t, "a rotation that names the last operation, outpaced", h.apply(stale))
	refused(t, "a recovery that names the last operation, outpaced", h.apply(staleRecovery))
	before := h.state.Seq()
	ok(t, "a rotation that overtakes", h.apply(rotation))
	if got, want := h.state.Seq(), before+1; got != want || rotation.Seq() >= want {
		t.Errorf("place: got %d, want %d, and the signed sequence is that of before the race (%d)", got, want, rotation.Seq())
	}
	refused(t, "the same rotation again", h.apply(rotation))
	refused(t, "a rotation that overtakes another rotation", h.apply(rotateDraftAfter(t, h, rotation)))

	ok(t, "thief rotates", h.rotateTo(2))
	ok(t, "a recovery that overtakes rotations", h.apply(recovery))
	refused(t, "the same recovery again", h.apply(recovery))
	ok(t, "the tier above cancels", h.cancelByTier(10))
	h.wait(2 * time.Hour) // the cancelled tier has waited
	refused(t, "a cancelled recovery comes back", h.apply(recovery))
	roundTrip(t, h.state)
}

// rotateDraftAfter gives a rotation whose predecessor is that of an earlier one.
func rotateDraftAfter(t *testing.T, h *hist, earlier *realdid.Operation) *realdid.Operation {
	t.Helper()
	p := decodeOp(t, earlier.Bytes()).payload
	next := realdid.SHA256.CommitKey(ed(3).Public())
	p[memberControl] = keySet(1, ed(2).Public().Multicodec())
	p[memberNext] = keySet(1, next[:])
	p[memberReveal] = []any{[]any{0, ed(2).Public().Multicodec()}}
	return mustParse(t, seal(t, p, ed(2)))
}

// TestUpdatesNeverOvertake: what control keys sign names the last operation and nothing else.
func TestUpdatesNeverOvertake(t *testing.T) {
	h := simple(t, tier(time.Hour, false, 1, 10))
	d, err := h.at().DraftUpdate(authKey("a", 3))
	update := draftOf(t, d, err, ed(0))
	d, err = h.at().DraftAnchor(realdid.Digest{1})
	anchor := draftOf(t, d, err, ed(0))
	d, err = h.at().DraftDeactivate(pub(ed(1)))
	deactivation := draftOf(t, d, err, ed(1))
	ok(t, "update", h.update(authKey("b", 4), ed(0)))
	for what, op := range map[string]*realdid.Operation{"update": update, "anchor": anchor, "deactivate": deactivation} {
		refused(t, what+" with a predecessor that is not the last operation", h.apply(op))
	}
}

// TestOwnerWinsTheRaceOnALedger is P11 through a Method: the thief's updates fall between every reading and every append.
func TestOwnerWinsTheRaceOnALedger(t *testing.T) {
	w := newWorld(t)
	p := newPerson(t, w)
	spam := &spammer{Ledger: w.lg, before: func(n int) {
		if n < 5 {
			doc := authKey("thief", 900)
			if n%2 == 1 {
				doc = realdid.Content{}
				doc.AlsoKnownAs = []string{"https://thief.example/"}
				doc.VerificationMethods = authKey("thief", 900).VerificationMethods
			}
			if _, err := w.m.Update(t.Context(), p.id, doc, p.control); err != nil {
				t.Errorf("thief: %v", err)
			}
		}
	}}
	m := must(realdid.New(spam, &realdid.Options{Clock: func() time.Time { return w.now }}))(t)
	_, err := m.Update(t.Context(), p.id, authKey("mine", 901), p.control)
	if !errors.Is(err, realdid.ErrConflict) {
		t.Errorf("an update that is outpaced: got %v, want ErrConflict", err)
	}
	spam.n = 0
	r, err := m.Rotate(t.Context(), p.id, &realdid.RotateRequest{Reveal: pub(p.next(t, 1)), Next: p.commitNext(t, 2)}, p.next(t, 1))
	ok(t, "rotate", err)
	if got := r.State.Control().Keys[0]; !got.Equal(p.next(t, 1).Public()) {
		t.Error("the owner's rotation did not take effect")
	}
	if spam.n < 5 {
		t.Errorf("the race was not run: %d appends", spam.n)
	}
}

// spammer calls before ahead of every append.
type spammer struct {
	ledger.Ledger
	mu     sync.Mutex
	n      int
	before func(n int)
}

func (s *spammer) Append(ctx ctxType, key string, seq uint64, op []byte) (ledger.Entry, error) {
	s.mu.Lock()
	n := s.n
	s.n++
	s.mu.Unlock()
	s.before(n)
	return s.Ledger.Append(ctx, key, seq, op)
}
