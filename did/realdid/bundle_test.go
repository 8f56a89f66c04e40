package realdid_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/resolver"
)

// fixedLife puts an identifier on the ledger whose every byte is the same in every run: a create, an update, a rotation, an anchor.
func fixedLife(t *testing.T, w *world) did.DID {
	t.Helper()
	p := rawCreate('q')
	p[memberDocument] = object{0: []any{[]any{"auth-0", multicodec(3), 1}, []any{"sign-0", multicodec(4), 2}}}
	p[memberTiers] = []any{object{0: 259200, 2: keySet(1, commitBackup(10))}}
	r, err := w.m.Submit(t.Context(), mustParse(t, seal(t, p, ed(0))))
	ok(t, "create", err)
	w.wait(time.Hour)
	doc := r.State.Content()
	doc.AlsoKnownAs = []string{"https://person.example/"}
	_, err = w.m.Update(t.Context(), r.DID, doc, ed(0))
	ok(t, "update", err)
	w.wait(time.Hour)
	doc.VerificationMethods = doc.VerificationMethods[1:]
	_, err = w.m.Rotate(t.Context(), r.DID, &realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Document: &doc}, ed(1))
	ok(t, "rotate", err)
	_, err = w.m.Anchor(t.Context(), r.DID, realdid.Digest{7}, ed(1))
	ok(t, "anchor", err)
	w.wait(time.Minute)
	return r.DID
}

// bundle returns the bytes of a bundle.
func (w *proving) bundle(id did.DID, without bool) []byte {
	w.t.Helper()
	return must(w.m.Bundle(w.t.Context(), id, &realdid.BundleOptions{WithoutOperations: without}))(w.t).Bytes()
}

func (w *proving) verify(id did.DID, b []byte, opt *did.ResolveOptions) *did.Resolution {
	w.t.Helper()
	return must(w.v.Verify(w.t.Context(), id, b, opt))(w.t)
}

// sameAnswer compares two answers but for what they rest on and, without operations, the roots that only operations show.
func sameAnswer(t *testing.T, what string, got, want *did.Resolution, anchored bool) {
	t.Helper()
	if !bytes.Equal(got.Document.Canonical(), want.Document.Canonical()) {
		t.Errorf("%s: document: got %s, want %s", what, got.Document.Canonical(), want.Document.Canonical())
	}
	if !reflect.DeepEqual(got.Metadata, want.Metadata) || !reflect.DeepEqual(got.Removed, want.Removed) {
		t.Errorf("%s: metadata: got %+v %+v, want %+v %+v", what, got.Metadata, got.Removed, want.Metadata, want.Removed)
	}
	if anchored && !reflect.DeepEqual(got.Anchored, want.Anchored) || !anchored && got.Anchored != nil {
		t.Errorf("%s: anchored: got %+v, want %+v", what, got.Anchored, want.Anchored)
	}
}

func TestBundleAnswersLikeTheLedger(t *testing.T) {
	w := newProvingWorld(t)
	id := fixedLife(t, w.world)
	with := must(w.m.Prove(t.Context(), id, nil))(t)
	want := w.resolve(id, nil)
	r := w.verify(id, with, nil)
	sameAnswer(t, "with operations", r, want, true)
	if !reflect.DeepEqual(r.Evidence, want.Evidence) || !r.Evidence.Latest || !r.Evidence.Replayed {
		t.Errorf("with operations: got %+v, want %+v", r.Evidence, want.Evidence)
	}
	without := w.bundle(id, true)
	r = w.verify(id, without, nil)
	sameAnswer(t, "without operations", r, want, false)
	replayed := want.Evidence
	replayed.Replayed = false
	if !reflect.DeepEqual(r.Evidence, replayed) {
		t.Errorf("without operations: got %+v, want %+v", r.Evidence, replayed)
	}
	if len(without) >= len(with) {
		t.Errorf("without operations %d bytes, with %d", len(without), len(with))
	}
	for _, opt := range []*did.ResolveOptions{
		{VersionTime: start}, {VersionTime: start.Add(90 * time.Minute)}, {VersionTime: w.now.Add(day)}, {VersionID: want.Metadata.VersionID},
	} {
		past := w.resolve(id, opt)
		sameAnswer(t, "a version", w.verify(id, with, opt), past, true)
		sameAnswer(t, "a version", w.verify(id, must(w.m.Prove(t.Context(), id, opt))(t), opt), past, true)
	}
	for _, opt := range []*did.ResolveOptions{{VersionTime: w.now.Add(day)}, {VersionID: want.Metadata.VersionID}} {
		sameAnswer(t, "the newest version, without operations", w.verify(id, without, opt), want, false)
	}
	for _, opt := range []*did.ResolveOptions{{VersionTime: start}, {VersionID: "x"}} {
		_, err := w.v.Verify(t.Context(), id, without, opt)
		wantCode(t, "a past version without operations", err, did.FeatureNotSupported)
	}
	for _, opt := range []*did.ResolveOptions{{VersionTime: start.Add(-time.Second)}, {VersionID: "x"}} {
		_, err := w.v.Verify(t.Context(), id, with, opt)
		wantCode(t, "a version that there is not", err, did.NotFound)
		_, err = w.m.Prove(t.Context(), id, opt)
		wantCode(t, "a proof of a version that there is not", err, did.NotFound)
	}
	_, err := w.v.Verify(t.Context(), id, with, &did.ResolveOptions{VersionID: "x", VersionTime: start})
	wantCode(t, "two options", err, did.InvalidOptions)
	_, err = w.m.Prove(t.Context(), id, &did.ResolveOptions{VersionID: "x", VersionTime: start})
	wantCode(t, "two options", err, did.InvalidOptions)
	b := must(realdid.ParseBundle(with))(t)
	if b.DID() != id || b.Network() != (realdid.Network{}) || b.Origin() != testOrigin {
		t.Errorf("got %v %+v %q", b.DID(), b.Network(), b.Origin())
	}
}

// TestBundleOfALongForm: presence answers a long form as it does the short one, absence only the long one.
func TestBundleOfALongForm(t *testing.T) {
	w := newProvingWorld(t)
	op, long := unregistered(t)
	short := op.Identifier().Short()
	newPerson(t, w.world)
	w.wait(time.Minute)
	absent := w.bundle(long, false)
	want := w.resolve(long, nil)
	r := w.verify(long, absent, nil)
	sameAnswer(t, "absent", r, want, true)
	if !reflect.DeepEqual(r.Evidence, want.Evidence) || !r.Evidence.Absent || !r.Evidence.GenesisOnly {
		t.Errorf("absent: got %+v, want %+v", r.Evidence, want.Evidence)
	}
	_, err := w.v.Verify(t.Context(), short, absent, nil)
	wantCode(t, "the short form of an absent identifier", err, did.NotFound)
	_, err = w.m.Prove(t.Context(), short, nil)
	wantCode(t, "a proof for an absent short form", err, did.NotFound)
	_, err = w.v.Verify(t.Context(), long, absent, &did.ResolveOptions{VersionTime: start})
	wantCode(t, "a time of a genesis alone", err, did.NotFound)
	several := must(realdid.NewVerifier([]realdid.TrustedLedger{
		{Trust: w.lg.trust}, {Network: realdid.Network{Home: "second"}, Trust: otherTrust(w.lg.trust)},
	}, &realdid.VerifierOptions{Clock: w.lg.clock}))(t)
	_, err = several.Verify(t.Context(), short, absent, nil)
	wantCode(t, "absent from one ledger of two", err, did.InternalError)

	_, err = w.m.Submit(t.Context(), op)
	ok(t, "submit", err)
	present := w.bundle(long, false)
	for _, id := range []did.DID{short, long} {
		if r := w.verify(id, present, nil); !r.Evidence.Latest || r.Document.ID != id || r.Metadata.CanonicalID != short.String() {
			t.Errorf("present: got %v, %+v", r.Document.ID, r.Evidence)
		}
	}
	_, err = w.v.Verify(t.Context(), did.MustParse(long.String()[:len(long.String())-4]+"AAAA"), present, nil)
	wantCode(t, "another long form", err, did.InvalidDID)
}

// otherTrust is the trust in a log of another name with the same keys.
func otherTrust(t *proof.Trust) *proof.Trust {
	c := *t
	c.Origin = "other.example"
	return &c
}

func TestBundleOfALedgerWithoutProofs(t *testing.T) {
	w := newWorld(t)
	id := fixedLife(t, w)
	b := must(w.m.Prove(t.Context(), id, nil))(t)
	v := must(realdid.NewVerifier(nil, nil))(t)
	r := must(v.Verify(t.Context(), id, b, nil))(t)
	sameAnswer(t, "replayed", r, must(w.m.Resolve(t.Context(), id, nil))(t), true)
	if want := (did.Evidence{Replayed: true, OperatorTime: true}); !reflect.DeepEqual(r.Evidence, want) {
		t.Errorf("got %+v, want %+v", r.Evidence, want)
	}
	_, err := w.m.Bundle(t.Context(), id, &realdid.BundleOptions{WithoutOperations: true})
	wantCode(t, "a state that nothing vouches for", err, did.FeatureNotSupported)
	_, long := unregistered(t)
	empty := must(w.m.Prove(t.Context(), long, nil))(t)
	if r := must(v.Verify(t.Context(), long, empty, nil))(t); !r.Evidence.GenesisOnly || r.Evidence.Absent {
		t.Errorf("an empty bundle: got %+v", r.Evidence)
	}
	short := must(realdid.ParseIdentifier(long))(t).Short()
	if _, err := v.Verify(t.Context(), short, empty, nil); !errors.Is(err, realdid.ErrBundle) {
		t.Errorf("an empty bundle for a short form: got %v", err)
	}
}

// TestBundleUnderWitnessesAlone: the operations count, and the map counts for nothing.
func TestBundleUnderWitnessesAlone(t *testing.T) {
	w := newProvingWorld(t)
	w.lg.trust.Quorum.Auditors, w.lg.cosigners = 0, w.lg.cosigners[:2]
	id := fixedLife(t, w.world)
	with, without := w.bundle(id, false), w.bundle(id, true)
	if ev := w.verify(id, with, nil).Evidence; ev.Latest || ev.Included || !ev.OperatorTime || ev.Cosigners != nil || !ev.Replayed || !ev.AsOf.Equal(w.now) {
		t.Errorf("got %+v", ev)
	}
	_, err := w.v.Verify(t.Context(), id, without, nil)
	if wantCode(t, "without operations", err, did.InvalidDIDDocument); !errors.Is(err, realdid.ErrBundle) {
		t.Errorf("got %v", err)
	}
	_, long := unregistered(t)
	if ev := w.verify(long, w.bundle(long, false), nil).Evidence; ev.Absent || !ev.GenesisOnly {
		t.Errorf("absence: got %+v", ev)
	}
	_, err = w.v.Verify(t.Context(), must(realdid.ParseIdentifier(long))(t).Short(), w.bundle(long, false), nil)
	if wantCode(t, "the short form", err, did.InvalidDIDDocument); err == nil {
		t.Error("an operator's word proves absence")
	}
}

// TestBundleWhileARecoveryWaits: with and without operations the bundle says the same, before and after it takes effect.
func TestBundleWhileARecoveryWaits(t *testing.T) {
	w := newProvingWorld(t)
	id := fixedLife(t, w.world)
	_, err := w.m.Recover(t.Context(), id, &realdid.RecoverRequest{
		Reveal: []realdid.RecoveryKey{backup(10)}, Control: realdid.OneKey(ed(20).Public()), Next: commit(ed(21)), Document: authKey("auth-9", 9),
	}, ed(10), ed(20))
	ok(t, "recover", err)
	for _, wait := range []time.Duration{0, threeDays - time.Second, time.Second, day} {
		w.wait(wait)
		w.lg.seal()
		with, without := w.bundle(id, false), w.bundle(id, true)
		want := w.resolve(id, nil)
		sameAnswer(t, "with operations", w.verify(id, with, nil), want, true)
		sameAnswer(t, "without operations", w.verify(id, without, nil), want, false)
		later := &did.ResolveOptions{VersionTime: w.now.Add(time.Second)}
		for _, b := range [][]byte{with, without} {
			_, err := w.v.Verify(t.Context(), id, b, later)
			if _, pending := must(w.m.State(t.Context(), id))(t).Pending(); pending {
				wantCode(t, "after the time that the proof is about", err, did.InternalError)
			} else {
				ok(t, "with nothing pending", err)
			}
		}
	}
	_, err = w.v.Verify(t.Context(), id, w.bundle(id, true), &did.ResolveOptions{VersionTime: w.now.Add(-2 * day)})
	wantCode(t, "the version that stood meanwhile, from the state", err, did.FeatureNotSupported)
}

// TestBundlesFindKeysOffline: what a credential's verification asks, with no ledger at all.
func TestBundlesFindKeysOffline(t *testing.T) {
	w := newProvingWorld(t)
	id := fixedLife(t, w.world)
	_, long := unregistered(t)
	rs := must(w.v.Bundles(w.bundle(id, false)))(t)
	ks := resolver.Keys{Resolver: rs, Now: func() time.Time { return w.now }}
	k, err := ks.Key(t.Context(), id.WithFragment("sign-0"), did.AssertionMethod, w.now)
	ok(t, "key", err)
	if !k.Key().Equal(ed(4).Public()) || !k.Evidence.Latest || len(k.Anchored) != 1 {
		t.Errorf("got %+v", k)
	}
	k, err = ks.Key(t.Context(), id.WithFragment("auth-0"), did.Authentication, start.Add(time.Minute))
	ok(t, "retired key", err)
	if k.Status != did.KeyRetired {
		t.Errorf("got %v, want retired", k.Status)
	}
	if r := must(rs.Resolve(t.Context(), long, nil))(t); !r.Evidence.GenesisOnly || r.Evidence.Absent {
		t.Errorf("a long form without a bundle: got %+v", r.Evidence)
	}
	_, err = rs.Resolve(t.Context(), must(realdid.ParseIdentifier(long))(t).Short(), nil)
	wantCode(t, "a DID without a bundle", err, did.InternalError)
	_, err = rs.Resolve(t.Context(), did.MustParse("did:example:123"), nil)
	wantCode(t, "another method", err, did.InvalidDID)
	_, err = rs.Resolve(t.Context(), id, &did.ResolveOptions{VersionID: "x", VersionTime: start})
	wantCode(t, "two options", err, did.InvalidOptions)
	for name, set := range map[string][][]byte{"twice": {w.bundle(id, false), w.bundle(id, true)}, "no bundle": {{1}}} {
		if _, err := w.v.Bundles(set...); !errors.Is(err, realdid.ErrBundle) {
			t.Errorf("%s: got %v, want ErrBundle", name, err)
		}
	}
}
