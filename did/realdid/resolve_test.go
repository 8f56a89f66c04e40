package realdid_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// onList puts the operations of a history on a list ledger and returns a method on it, whose clock is that of h.
func onList(t *testing.T, h *hist, lg *listLedger) (*realdid.Method, did.DID) {
	t.Helper()
	m := must(realdid.New(lg, &realdid.Options{Clock: func() time.Time { return h.now }}))(t)
	return m, h.state.Identifier().Short()
}

// kept is fixed with every operation that it takes kept on a list ledger.
func kept(t *testing.T) (*hist, *listLedger) {
	t.Helper()
	h, lg := fixed(t), &listLedger{}
	keep := func(op *realdid.Operation) {
		lg.entries = append(lg.entries, ledger.Entry{
			Key: h.state.Identifier().Key(), Seq: uint64(len(lg.entries)), Op: op.Bytes(), Anchor: ledger.Anchor{Index: uint64(len(lg.entries)), Time: h.now},
		})
	}
	keep(mustParse(t, h.first))
	h.taken = keep
	return h, lg
}

func wantCode(t *testing.T, what string, err error, code did.ErrorCode) {
	t.Helper()
	e, ok := errors.AsType[*did.Error](err)
	if !ok || e.Code != code || e.Temporary() != (code == did.InternalError) {
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

func TestResolveErrors(t *testing.T) {
	h, lg := kept(t)
	m, id := onList(t, h, lg)
	get := func(d did.DID, opt *did.ResolveOptions) error {
		_, err := m.Resolve(t.Context(), d, opt)
		return err
	}
	wantCode(t, "two options", get(id, &did.ResolveOptions{VersionID: "x", VersionTime: start}), did.InvalidOptions)
	wantCode(t, "another method", get(did.MustParse("did:example:123"), nil), did.InvalidDID)
	wantCode(t, "an unknown identifier", get(did.MustParse("did:realdid:qaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), nil), did.NotFound)
	wantCode(t, "another trust domain", get(did.MustParse("did:realdid:other:"+h.state.Identifier().Key()), nil), did.NotFound)
	wantCode(t, "an unknown version", get(id, &did.ResolveOptions{VersionID: "x"}), did.NotFound)
	if err := get(id, &did.ResolveOptions{VersionID: "x"}); !strings.Contains(err.Error(), "no version has this id") {
		t.Errorf("an unknown version: got %v", err)
	}
	wantCode(t, "before the create", get(id, &did.ResolveOptions{VersionTime: start.Add(-time.Second)}), did.NotFound)
	ok(t, "at the create", get(id, &did.ResolveOptions{VersionTime: start}))
	ok(t, "in the future, with nothing pending", get(id, &did.ResolveOptions{VersionTime: start.Add(day)}))
	ok(t, "file", h.guardiansFile(20))
	filed := mustParse(t, lg.entries[1].Op).VersionID()
	wantCode(t, "a version that is pending", get(id, &did.ResolveOptions{VersionID: filed}), did.NotFound)
	wantCode(t, "in the future of a pending recovery", get(id, &did.ResolveOptions{VersionTime: h.now.Add(time.Second)}), did.InternalError)
	ok(t, "now, with one pending", get(id, &did.ResolveOptions{VersionTime: h.now}))
	for _, opt := range []*did.ResolveOptions{{VersionTime: h.now}, {VersionID: mustParse(t, h.first).VersionID()}} {
		r := must(m.Resolve(t.Context(), id, opt))(t)
		if r.Metadata.Extra["realdid"].(realdid.Facts).Pending == nil {
			t.Error("the newest version, asked for by time or ID, does not show what is pending")
		}
	}
	h.wait(threeDays)
	ok(t, "the version when it has taken effect", get(id, &did.ResolveOptions{VersionID: filed}))
	lg.err = ledger.ErrCorrupt
	wantCode(t, "a ledger that fails", get(id, nil), did.InternalError)
	if err := get(id, nil); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("the cause is lost: %v", err)
	}
	if _, err := m.State(t.Context(), id); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("state of a ledger that fails: got %v", err)
	}
	if _, err := m.History(t.Context(), id); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("history of a ledger that fails: got %v", err)
	}
	if _, err := m.State(t.Context(), did.MustParse("did:example:123")); !errors.Is(err, realdid.ErrIdentifier) {
		t.Errorf("state of another method's DID: got %v", err)
	}
	if _, err := m.History(t.Context(), did.MustParse("did:example:123")); !errors.Is(err, realdid.ErrIdentifier) {
		t.Errorf("history of another method's DID: got %v", err)
	}
}

func TestCancelledRecoveriesAreNoVersions(t *testing.T) {
	h, lg := kept(t)
	m, id := onList(t, h, lg)
	ok(t, "file", h.guardiansFile(20))
	ok(t, "cancel", h.cancelByTier(10))
	h.wait(10 * day)
	filed := mustParse(t, lg.entries[1].Op).VersionID()
	_, err := m.Resolve(t.Context(), id, &did.ResolveOptions{VersionID: filed})
	wantCode(t, "a cancelled recovery", err, did.NotFound)
	hist := must(m.History(t.Context(), id))(t)
	if len(hist) != 3 || hist[1].Err != nil || !hist[1].Effective.IsZero() || hist[2].Effective.IsZero() {
		t.Errorf("history: got %+v", hist)
	}
}

func TestHistoryOfAPendingRecovery(t *testing.T) {
	h, lg := kept(t)
	m, id := onList(t, h, lg)
	ok(t, "file", h.guardiansFile(20))
	filed := h.now
	for range 2 { // while it is pending, and when it has taken effect
		hist := must(m.History(t.Context(), id))(t)
		if len(hist) != 2 || !hist[1].Effective.Equal(filed.Add(threeDays)) || !hist[0].Effective.Equal(start) {
			t.Errorf("history: got %+v", hist)
		}
		h.wait(4 * day)
	}
}

func TestMetadata(t *testing.T) {
	h, lg := kept(t)
	m, id := onList(t, h, lg)
	get := func(opt *did.ResolveOptions) *did.Resolution { return must(m.Resolve(t.Context(), id, opt))(t) }
	r := get(nil)
	if meta := r.Metadata; !meta.Created.Equal(start) || !meta.Updated.IsZero() || !meta.NextUpdate.IsZero() || meta.NextVersionID != "" || meta.Deactivated ||
		meta.CanonicalID != id.String() || meta.EquivalentID != nil || meta.VersionID != mustParse(t, h.first).VersionID() {
		t.Errorf("of a create: got %+v", meta)
	}
	if e := r.Evidence; !e.Replayed || e.GenesisOnly || !e.OperatorTime || !e.AsOf.Equal(h.now) || e.Latest || e.Included || e.Absent {
		t.Errorf("evidence: got %+v", e)
	}
	if m := r.Document.VerificationMethod[0]; !m.Added.Equal(start) || m.Type != did.TypeMultikey || m.Controller != id || m.Purposes != did.Authentication {
		t.Errorf("method: got %+v", m)
	}
	h.wait(time.Hour)
	doc := content(method("b", ed(4).Public(), did.AssertionMethod))
	ok(t, "rotate", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Document: &doc, Compromised: map[string]uint64{"a": 1}, SingleSecret: true}, ed(1)))
	ok(t, "an update in the same second", h.update(content(append(doc.VerificationMethods, method("c", ed(5).Public(), did.Authentication))...), ed(1)))
	h.wait(time.Hour)
	ok(t, "guardians file", h.guardiansFile(20))
	r = get(nil)
	if meta := r.Metadata; !meta.Updated.Equal(start.Add(time.Hour)) || meta.VersionID != mustParse(t, lg.entries[2].Op).VersionID() || !meta.Created.Equal(start) {
		t.Errorf("of an update: got %+v", meta)
	}
	if len(r.Removed) != 1 || r.Removed[0].ID != id.WithFragment("a") || !r.Removed[0].Compromised || r.Removed[0].CompromisedSince != 1 ||
		!r.Removed[0].Removed.Equal(start.Add(time.Hour)) || !r.Removed[0].Added.Equal(start) {
		t.Errorf("removed: got %+v", r.Removed)
	}
	facts, err := json.Marshal(r.Metadata.Extra["realdid"])
	if want := `{"singleSecret":true,"recovery":[{"rank":0,"delaySeconds":259200,"vetoable":false,"threshold":1,"keys":1},` +
		`{"rank":1,"delaySeconds":259200,"vetoable":true,"threshold":2,"keys":3}],` +
		`"pendingRecovery":{"rank":1,"filed":"2026-01-01T02:00:00Z","effective":"2026-01-04T02:00:00Z","vetoable":true},` +
		`"compromised":[{"fragment":"a","since":1}],"control":{"threshold":1,"keys":1}}`; err != nil || string(facts) != want {
		t.Errorf("facts: got %s, want %s", facts, want)
	}
	byTime := get(&did.ResolveOptions{VersionTime: start.Add(time.Hour + time.Millisecond)})
	if byTime.Metadata.VersionID != mustParse(t, lg.entries[2].Op).VersionID() {
		t.Error("of two operations in one second the last counts")
	}
	old := get(&did.ResolveOptions{VersionID: mustParse(t, lg.entries[1].Op).VersionID()})
	if old.Metadata.NextVersionID != mustParse(t, lg.entries[2].Op).VersionID() || !old.Metadata.NextUpdate.Equal(start.Add(time.Hour)) || len(old.Document.VerificationMethod) != 1 {
		t.Errorf("of a past version: got %+v", old.Metadata)
	}
	if old.Metadata.Extra["realdid"].(realdid.Facts).Pending != nil {
		t.Error("a past version shows what is pending now")
	}
	ok(t, "cancel", h.cancelByTier(10))
	ok(t, "deactivate", h.deactivate(2))
	r = get(nil)
	if f := r.Metadata.Extra["realdid"].(realdid.Facts); !r.Metadata.Deactivated || len(r.Document.VerificationMethod) != 0 || f.Final == nil || !f.Final.Equal(h.now.Add(30*day)) {
		t.Errorf("of a deactivated identifier: got %+v, %+v", r.Metadata, f)
	}
	old = get(&did.ResolveOptions{VersionTime: start})
	if !old.Metadata.Deactivated || len(old.Document.VerificationMethod) != 1 {
		t.Error("a past version of a deactivated identifier has its document, and says that it is deactivated now")
	}
}

func TestFactsOfReplacedTiers(t *testing.T) {
	h, lg := kept(t)
	m, id := onList(t, h, lg)
	ok(t, "rotate", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Recovery: []realdid.Tier{tier(time.Hour, true, 1, 14)}}, ed(1)))
	facts := must(m.Resolve(t.Context(), id, nil))(t).Metadata.Extra["realdid"].(realdid.Facts).Recovery
	if len(facts) != 3 || facts[0].UsableUntil != nil || facts[2].UsableUntil == nil || !facts[2].UsableUntil.Equal(h.now.Add(7*day)) || facts[2].Rank != 1 {
		t.Errorf("got %+v", facts)
	}
}

func TestGenesisAlone(t *testing.T) {
	h := fixed(t)
	op := mustParse(t, h.first)
	long := must(op.LongForm())(t)
	m := must(realdid.New(nil, nil))(t)
	r := must(m.Resolve(t.Context(), long, nil))(t)
	if e := r.Evidence; !e.Replayed || !e.GenesisOnly || e.OperatorTime {
		t.Errorf("evidence: got %+v", e)
	}
	if meta := r.Metadata; !meta.Created.IsZero() || meta.CanonicalID != op.Identifier().Short().String() || len(meta.EquivalentID) != 1 || meta.EquivalentID[0] != meta.CanonicalID {
		t.Errorf("metadata: got %+v", meta)
	}
	if vm := r.Document.VerificationMethod[0]; !vm.Added.IsZero() || vm.ID != long.WithFragment("a") || r.Document.ID != long {
		t.Errorf("method: got %+v", vm)
	}
	r = must(m.Resolve(t.Context(), long, &did.ResolveOptions{VersionID: op.VersionID()}))(t)
	if len(r.Document.VerificationMethod) != 1 {
		t.Error("the genesis by its version")
	}
	_, err := m.Resolve(t.Context(), long, &did.ResolveOptions{VersionID: "x"})
	wantCode(t, "another version", err, did.NotFound)
	_, err = m.Resolve(t.Context(), long, &did.ResolveOptions{VersionTime: start})
	wantCode(t, "a time", err, did.NotFound)
	lg := &listLedger{err: ledger.ErrClosed}
	m, _ = onList(t, h, lg)
	_, err = m.Resolve(t.Context(), long, nil)
	wantCode(t, "a ledger that fails is no ledger without the identifier", err, did.InternalError)
}

// TestHostileLedger: what an operator makes up changes nothing; what it withholds is missing.
func TestHostileLedger(t *testing.T) {
	for name, c := range map[string]struct {
		act  func(l *listLedger)
		want string // fragment of the one method
	}{
		"shows everything":     {func(*listLedger) {}, "c"},
		"withholds the end":    {func(l *listLedger) { l.entries = l.entries[:2] }, "b"},
		"withholds the middle": {func(l *listLedger) { l.entries = append(l.entries[:1:1], l.entries[2:]...) }, "a"},
		"swaps two":            {func(l *listLedger) { l.entries[1], l.entries[2] = l.entries[2], l.entries[1] }, "b"},
		"repeats":              {func(l *listLedger) { l.entries = append(l.entries[:2:2], l.entries[1:]...) }, "c"},
		"dates backwards":      {func(l *listLedger) { l.entries[1].Anchor.Time = start.Add(-time.Second) }, "a"},
		"dates before 1970":    {func(l *listLedger) { l.entries[1].Anchor.Time = time.Time{} }, "a"},
		"changes a byte":       {func(l *listLedger) { l.entries[1].Op = flip(l.entries[1].Op) }, "a"},
		"mixes in another identifier": {func(l *listLedger) {
			p := rawCreate('q')
			l.entries = append([]ledger.Entry{{Key: l.entries[0].Key, Op: seal(t, p, ed(0)), Anchor: l.entries[0].Anchor}}, l.entries...)
		}, "c"},
	} {
		t.Run(name, func(t *testing.T) {
			h, lg := kept(t)
			h.wait(time.Hour)
			ok(t, "update", h.update(authKey("b", 4), ed(0)))
			ok(t, "update", h.update(authKey("c", 5), ed(0)))
			m, id := onList(t, h, lg)
			c.act(lg)
			r := must(m.Resolve(t.Context(), id, nil))(t)
			if got := r.Document.VerificationMethod; len(got) != 1 || got[0].ID != id.WithFragment(c.want) {
				t.Errorf("got %+v, want the method %s", got, c.want)
			}
		})
	}
}

// TestResolveAnchored: every valid anchor of the history is listed, whichever version is asked for.
func TestResolveAnchored(t *testing.T) {
	h, lg := kept(t)
	m, id := onList(t, h, lg)
	anchor := func(root realdid.Digest, control int) did.Anchored {
		t.Helper()
		d, err := h.at().DraftAnchor(root)
		ok(t, "anchor", h.try(d, err, ed(control)))
		return did.Anchored{Root: root, Seq: h.state.Seq(), Time: h.now}
	}
	h.wait(time.Hour)
	want := []did.Anchored{anchor(realdid.Digest{1}, 0)}
	ok(t, "rotate", h.rotateTo(1))
	forged := h.state
	d, err := h.at().DraftAnchor(realdid.Digest{66})
	ok(t, "draft", err)
	lg.entries = append(lg.entries, ledger.Entry{ // signed by nobody who may
		Key: h.state.Identifier().Key(), Seq: 3, Op: signedBy(t, d, ed(1), ed(0)), Anchor: ledger.Anchor{Index: 3, Time: h.now},
	})
	h.state = forged
	h.wait(time.Hour)
	want = append(want, anchor(realdid.Digest{2}, 1), anchor(realdid.Digest{1}, 1))
	for _, opt := range []*did.ResolveOptions{nil, {VersionTime: start}} {
		r := must(m.Resolve(t.Context(), id, opt))(t)
		if !slices.Equal(r.Anchored, want) {
			t.Errorf("got %+v, want %+v", r.Anchored, want)
		}
	}
}

// signedBy signs a draft's message with another key than the draft's signer.
func signedBy(t *testing.T, d *realdid.Draft, signer, by *keys.PrivateKey) []byte {
	t.Helper()
	ok(t, "sign", d.Sign(t.Context(), signer))
	op := must(d.Operation())(t)
	raw := decodeOp(t, op.Bytes())
	return seal(t, raw.payload, by)
}
