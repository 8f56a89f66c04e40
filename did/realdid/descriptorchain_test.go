package realdid_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/internal/strictjson"
)

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func canonicalText(t *testing.T, x any) string {
	t.Helper()
	v := must(strictjson.Parse(must(json.Marshal(x))(t), strictjson.Limits{}))(t)
	return string(strictjson.AppendCanonical(nil, v))
}

// domainLedger is a proving ledger that is run as a descriptor says.
func domainLedger(t *testing.T, d *realdid.Descriptor, clock func() time.Time) *provingLedger {
	t.Helper()
	lg := newProving(t, realdid.Network{}, clock)
	lg.cosigners = nil
	for _, c := range d.Cosigners {
		lg.cosigners = append(lg.cosigners, noteSigner(t, c.Key.Name(), proof.CosignatureEd25519))
	}
	lg.trust = must(d.Trust("main"))(t)
	return lg
}

// publish logs a descriptor and returns the proof.
func publish(t *testing.T, d *realdid.Descriptor, lg *provingLedger) []byte {
	t.Helper()
	e, err := d.Publish(t.Context(), lg)
	ok(t, "publish", err)
	return must(d.Logged(t.Context(), lg, e))(t)
}

func TestDescriptorRotation(t *testing.T) {
	now := start
	first := signDescriptor(t, domain(t), 0, 1)
	lg := domainLedger(t, first, func() time.Time { return now })
	publish(t, first, lg)
	second := signDescriptor(t, rotated(t, first), 0, 1, 3)
	now = now.Add(time.Hour)
	logged := publish(t, second, lg)

	got, err := first.Next(second.Bytes(), logged, now)
	ok(t, "next", err)
	if got.Digest() != second.Digest() || got.Sequence != 1 || got.ChainID() != first.ChainID() || got.Key() != first.Key() {
		t.Errorf("got %d %s", got.Sequence, got.ChainID())
	}
	if _, err := second.Publish(t.Context(), lg); err != nil {
		t.Errorf("published again: %v", err)
	}
	// The cosigners of the second descriptor prove that it is the newest, until there is a third.
	lg.cosigners = append(lg.cosigners, noteSigner(t, "mirror.example", proof.CosignatureEd25519))
	now = now.Add(time.Hour)
	lg.seal()
	latest := must(lg.Prove(t.Context(), first.Key(), 0))(t)
	if asOf, err := second.Current(latest, now); err != nil || !asOf.Equal(now) {
		t.Errorf("current: got %v %v", asOf, err)
	}
	if _, err := first.Current(logged, now); !errors.Is(err, realdid.ErrDescriptor) {
		t.Errorf("the first is not the newest any more: got %v", err)
	}
	lg.cosigners = lg.cosigners[:5]
	third := signDescriptor(t, second.Successor(), 1, 2)
	thirdLogged := publish(t, third, lg)
	steps := []realdid.DescriptorStep{{File: second.Bytes(), Logged: logged}, {File: third.Bytes(), Logged: thirdLogged}}
	steps = must(realdid.ParseDescriptorSteps(must(realdid.EncodeDescriptorSteps(steps))(t)))(t)
	for i, from := range []*realdid.Descriptor{first, second, third} {
		if got, err := from.Follow(steps, now); err != nil || got.Digest() != third.Digest() {
			t.Errorf("from %d: %v", i, err)
		}
	}
	if _, err := first.Follow(steps[1:], now); !errors.Is(err, realdid.ErrDescriptor) {
		t.Errorf("a step left out: got %v", err)
	}
	if got, err := first.Follow(nil, now); err != nil || got != first {
		t.Errorf("no steps: %v", err)
	}
}

// TestDescriptorFork: with root keys that were replaced since, a chain can go on from an old descriptor on a ledger that has not heard
// of the new one, and honest cosigners vouch for that ledger. Only the first ledger of a descriptor counts.
func TestDescriptorFork(t *testing.T) {
	now := start
	for _, counts := range []bool{true, false} {
		body := domain(t)
		other := realdid.LedgerEntry{Home: "other", Origin: "other.example/log", Log: noteSigner(t, "other.example/log", proof.LogEd25519).Verifier()}
		if body.Ledgers = append(body.Ledgers, other); !counts {
			slices.Reverse(body.Ledgers)
		}
		first := signDescriptor(t, body, 0, 1)
		lg := domainLedger(t, first, func() time.Time { return now })
		latest := publish(t, first, lg)
		if _, err := first.Current(latest, now); (err == nil) != counts {
			t.Errorf("first ledger: %v: the newest by its proof: got %v", counts, err)
		}
		second := signDescriptor(t, rotated(t, first), 0, 1, 3)
		if _, err := first.Next(second.Bytes(), publish(t, second, lg), now); (err == nil) != counts {
			t.Errorf("first ledger: %v: the next by its proof: got %v", counts, err)
		}
	}
}

func TestDescriptorRotationRefused(t *testing.T) {
	now := start
	clock := func() time.Time { return now }
	first := signDescriptor(t, domain(t), 0, 1)
	lg := domainLedger(t, first, clock)
	before := publish(t, first, lg)
	good := signDescriptor(t, rotated(t, first), 0, 1, 3)
	refusedNext := func(what, text string, file, logged []byte) {
		t.Helper()
		if _, err := first.Next(file, logged, now); !errors.Is(err, realdid.ErrDescriptor) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v, want %q", what, err, text)
		}
	}
	refusedNext("not logged", "number 0", good.Bytes(), before)
	refusedNext("no proof", "proof: invalid", good.Bytes(), nil)
	refusedNext("no descriptor", "descriptor", nil, before)

	step := func(change func(b *realdid.DescriptorBody), roots ...int) []byte {
		b := rotated(t, first)
		change(b)
		return signDescriptor(t, b, roots...).Bytes()
	}
	same := func(*realdid.DescriptorBody) {}
	refusedNext("too few of the old root keys", "weight 1 signed, threshold 2", step(same, 1, 3), before)
	refusedNext("a signature by somebody else", "no root key", step(same, 0, 1, 2, 4), before)
	refusedNext("a number left out", "does not follow", step(func(b *realdid.DescriptorBody) { b.Sequence = 2 }, 0, 1, 2), before)
	refusedNext("another predecessor", "does not follow", step(func(b *realdid.DescriptorBody) { b.Previous = strings.Repeat("a", 52) }, 0, 1, 2), before)
	refusedNext("another chain", "does not follow", step(func(b *realdid.DescriptorBody) { b.ID = strings.Repeat("a", 52) }, 0, 1, 2), before)
	refusedNext("another trust domain", "does not follow", step(func(b *realdid.DescriptorBody) { b.Domain = "other" }, 0, 1, 2), before)

	other := signDescriptor(t, first.Successor(), 0, 1)
	logged := publish(t, other, lg)
	refusedNext("another one is logged in its place", "and another", good.Bytes(), logged)
	lg.cosigners = lg.cosigners[1:]
	lg.cosigners = lg.cosigners[:3]
	lg.seal()
	few := must(lg.Prove(t.Context(), first.Key(), 0))(t)
	refusedNext("under too few cosigners", "quorum", other.Bytes(), few)
}

// TestDescriptorsOnALedger: what a ledger admits at the key of a chain.
func TestDescriptorsOnALedger(t *testing.T) {
	now := start
	lg := newChainLedger(func() time.Time { return now })
	first := signDescriptor(t, domain(t), 0, 1)
	second := signDescriptor(t, rotated(t, first), 0, 1, 3)
	rogue := rotated(t, first)
	rogue.Limits.MaxAge = 1
	refuse := func(what, key string, seq uint64, file []byte) {
		t.Helper()
		if _, err := lg.Append(t.Context(), key, seq, file); !errors.Is(err, ledger.ErrInvalid) || !errors.Is(err, realdid.ErrDescriptor) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	refuse("the second first", second.Key(), 0, second.Bytes())
	refuse("at another key", strings.Repeat("a", 52)+":descriptor", 0, first.Bytes())
	refuse("no descriptor", first.Key(), 0, []byte("x"))
	elsewhere := domain(t)
	elsewhere.Domain = "other"
	d := signDescriptor(t, elsewhere, 0, 1)
	refuse("of another trust domain", d.Key(), 0, d.Bytes())
	stranger := signDescriptor(t, domain(t), 0, 1, 4)
	refuse("signed by somebody else besides", stranger.Key(), 0, stranger.Bytes())
	_, err := first.Publish(t.Context(), lg)
	ok(t, "first", err)
	refuse("the first again", first.Key(), 1, first.Bytes())
	unsigned := signDescriptor(t, rogue, 1, 3)
	refuse("signed by too few of the old root keys", unsigned.Key(), 1, unsigned.Bytes())
	_, err = second.Publish(t.Context(), lg)
	ok(t, "second", err)
	if _, err := signDescriptor(t, rogue, 0, 1, 2).Publish(t.Context(), lg); !errors.Is(err, realdid.ErrDescriptor) {
		t.Errorf("another second: got %v", err)
	}
	w := &world{t: t, lg: lg, now: now}
	w.m = must(realdid.New(lg, &realdid.Options{Clock: func() time.Time { return now }}))(t)
	newPerson(t, w)
	report := must(realdid.Audit(t.Context(), lg, realdid.Network{}, now))(t)
	if len(report.Faults) != 0 || report.Entries != 3 || report.Identifiers != 1 {
		t.Errorf("audit: got %+v", report)
	}
	bad := &listLedger{entries: []ledger.Entry{{Key: first.Key(), Op: second.Bytes(), Anchor: ledger.Anchor{Time: now}}}}
	if report := must(realdid.Audit(t.Context(), bad, realdid.Network{}, now))(t); len(report.Faults) != 1 {
		t.Errorf("audit of a chain without its beginning: got %+v", report)
	}
	red := realdid.Reducer()
	state, _, err := lg.State(t.Context(), first.Key())
	ok(t, "state", err)
	if h := must(realdid.ParseHead(must(red.Head(first.Key(), state))(t)))(t); h.Seq != 1 || h.Operation != second.Digest() || h.Status != realdid.StatusActive {
		t.Errorf("head: got %+v", h)
	}
	if _, err := red.Head(strings.Repeat("a", 52)+":descriptor", state); err == nil {
		t.Error("head of another chain")
	}
	for _, b := range [][]byte{nil, {1}, state[1:]} {
		if _, err := red.Head(first.Key(), b); err == nil {
			t.Error("head of no state")
		}
		if _, err := red.Reduce(first.Key(), append([]byte{0}, b...), second.Bytes(), ledger.Anchor{Time: now}); err == nil {
			t.Error("a step from no state")
		}
	}
	if _, err := red.Reduce(first.Key(), state, signDescriptor(t, second.Successor(), 1, 2).Bytes(), ledger.Anchor{Time: now.Add(-time.Hour)}); err == nil {
		t.Error("a step back in time")
	}
}

func TestDescriptorSteps(t *testing.T) {
	if _, err := realdid.EncodeDescriptorSteps(make([]realdid.DescriptorStep, 65)); !errors.Is(err, realdid.ErrDescriptor) {
		t.Errorf("65 steps: got %v", err)
	}
	for name, v := range map[string]any{"version": []any{2, []any{}}, "null": []any{1, nil}, "shape": []any{1}, "too many": []any{1, make([][2][]byte, 65)}} {
		if _, err := realdid.ParseDescriptorSteps(cborBytes(t, v)); !errors.Is(err, realdid.ErrDescriptor) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
