package realdid_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// world is a ledger with a clock that tests set, and the method on it.
type world struct {
	t   *testing.T
	now time.Time
	lg  *memledger.Ledger
	m   *realdid.Method
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	w.lg = memledger.New(realdid.Reducer(), &memledger.Options{Clock: func() time.Time { return w.now }})
	m, err := realdid.New(w.lg, &realdid.Options{Clock: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	w.m = m
	return w
}

func (w *world) wait(d time.Duration) { w.now = w.now.Add(d) }

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func refused(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, realdid.ErrOperation) {
		t.Errorf("%s: got %v, want ErrOperation", what, err)
	}
}

// person is a holder with everything that the scheme of SPEC.md section 9 gives one: a seed on paper, a phone that holds
// its control key and device seed, an own backup as tier 0 and three guardians, two of whom suffice, as tier 1.
type person struct {
	seed       *realdid.Seed
	generation uint32
	control    *keys.PrivateKey
	auth       *keys.PrivateKey
	guardians  []*keys.PrivateKey
	salts      []realdid.RecoverySalt
	id         did.DID
}

func (p *person) next(t *testing.T, n uint32) *keys.PrivateKey {
	t.Helper()
	return must(p.seed.Control(keys.Ed25519, p.generation+n))(t)
}

func (p *person) commitNext(t *testing.T, n uint32) realdid.Commitments {
	t.Helper()
	return realdid.SHA256.Commit(p.next(t, n).Public())
}

func (p *person) ownBackup(t *testing.T, generation uint32) realdid.Tier {
	t.Helper()
	k := must(p.seed.Recovery(keys.Ed25519, generation))(t)
	salt := must(p.seed.RecoverySalt(generation))(t)
	return realdid.Tier{Delay: realdid.DefaultDelay, Keys: realdid.Commitments{
		Threshold: 1, Digests: []realdid.Digest{realdid.SHA256.CommitRecovery(salt, k.Public())},
	}}
}

func (p *person) guardianTier() realdid.Tier {
	t := realdid.Tier{Delay: realdid.DefaultDelay, Vetoable: true, Keys: realdid.Commitments{Threshold: 2}}
	for i, g := range p.guardians {
		t.Keys.Digests = append(t.Keys.Digests, realdid.SHA256.CommitRecovery(p.salts[i], g.Public()))
	}
	return t
}

func (p *person) guardianKeys(is ...int) (out []realdid.RecoveryKey, signers []keys.Signer) {
	for _, i := range is {
		out = append(out, realdid.RecoveryKey{Salt: p.salts[i], Key: p.guardians[i].Public()})
		signers = append(signers, p.guardians[i])
	}
	return out, signers
}

func method(fragment string, k keys.PublicKey, p did.Purpose) realdid.VerificationMethod {
	return realdid.VerificationMethod{Fragment: fragment, Key: k, Purposes: p}
}

func newPerson(t *testing.T, w *world) *person {
	t.Helper()
	p := &person{seed: realdid.NewSeed()}
	p.control = must(p.seed.Control(keys.Ed25519, 0))(t)
	p.auth = must(must(p.seed.Device(0))(t).Authentication(keys.Ed25519))(t)
	for i := range 3 {
		p.guardians = append(p.guardians, must(keys.Generate(keys.Ed25519))(t))
		p.salts = append(p.salts, realdid.RecoverySalt{byte(i + 1)})
	}
	r := must(w.m.Create(t.Context(), &realdid.CreateRequest{
		Control: realdid.OneKey(p.control.Public()), Next: p.commitNext(t, 1),
		Recovery: []realdid.Tier{p.ownBackup(t, 0), p.guardianTier()},
		Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{method("auth-0", p.auth.Public(), did.Authentication)}},
	}, p.control))(t)
	p.id = r.DID
	return p
}

// rotate brings the paper out: the next key becomes control, and the document is replaced if doc is given.
func (p *person) rotate(t *testing.T, w *world, doc *realdid.Content) error {
	t.Helper()
	next := p.next(t, 1)
	_, err := w.m.Rotate(t.Context(), p.id, &realdid.RotateRequest{
		Reveal: []keys.PublicKey{next.Public()}, Next: p.commitNext(t, 2), Document: doc,
	}, next)
	if err == nil {
		p.generation, p.control = p.generation+1, next
	}
	return err
}

func TestLifeOfAnIdentity(t *testing.T) {
	w := newWorld(t)
	p := newPerson(t, w)
	ctx := t.Context()

	res := must(w.m.Resolve(ctx, p.id, nil))(t)
	if got, want := res.Document.ID, p.id; got != want {
		t.Errorf("id: got %v, want %v", got, want)
	}
	if !res.Evidence.Replayed || res.Evidence.GenesisOnly || !res.Evidence.AsOf.Equal(w.now) {
		t.Errorf("evidence: got %+v", res.Evidence)
	}
	first := res.Metadata.VersionID

	w.wait(time.Hour)
	newAuth := must(keys.Generate(keys.P256))(t)
	doc := realdid.Content{VerificationMethods: []realdid.VerificationMethod{method("auth-1", newAuth.Public(), did.Authentication)}}
	if err := p.rotate(t, w, &doc); err != nil {
		t.Fatal(err)
	}
	res = must(w.m.Resolve(ctx, p.id, nil))(t)
	if _, ok := res.Document.Method(p.id.WithFragment("auth-0")); ok {
		t.Error("the removed method still stands in the document")
	}
	if len(res.Removed) != 1 || res.Removed[0].ID != p.id.WithFragment("auth-0") || !res.Removed[0].Removed.Equal(w.now) {
		t.Errorf("removed: got %+v", res.Removed)
	}
	if got, want := res.Metadata.Updated, w.now; !got.Equal(want) {
		t.Errorf("updated: got %v, want %v", got, want)
	}
	old := must(w.m.Resolve(ctx, p.id, &did.ResolveOptions{VersionID: first}))(t)
	if _, ok := old.Document.Method(p.id.WithFragment("auth-0")); !ok {
		t.Error("versionId: the first version lost its method")
	}
	if old.Metadata.NextVersionID != res.Metadata.VersionID || !old.Metadata.NextUpdate.Equal(w.now) {
		t.Errorf("versionId: next: got %+v", old.Metadata)
	}
	byTime := must(w.m.Resolve(ctx, p.id, &did.ResolveOptions{VersionTime: w.now.Add(-time.Second)}))(t)
	if got, want := byTime.Metadata.VersionID, first; got != want {
		t.Errorf("versionTime: got %v, want %v", got, want)
	}

	// A fragment never names another key, and what is removed never returns.
	_, err := w.m.Update(ctx, p.id, realdid.Content{VerificationMethods: []realdid.VerificationMethod{method("auth-0", newAuth.Public(), did.Authentication)}}, p.control)
	refused(t, "removed fragment", err)
	_, err = w.m.Update(ctx, p.id, realdid.Content{VerificationMethods: []realdid.VerificationMethod{method("auth-2", p.auth.Public(), did.Authentication)}}, p.control)
	refused(t, "removed key", err)

	w.wait(time.Hour)
	if _, err := w.m.Deactivate(ctx, p.id, []keys.PublicKey{p.next(t, 1).Public()}, p.next(t, 1)); err != nil {
		t.Fatal(err)
	}
	res = must(w.m.Resolve(ctx, p.id, nil))(t)
	if !res.Metadata.Deactivated || len(res.Document.VerificationMethod) != 0 {
		t.Errorf("deactivated: got %+v with %d methods", res.Metadata, len(res.Document.VerificationMethod))
	}
}

// TestThiefWithThePhone is P11: the thief has everything that the phone stores and can do nothing about the owner's return.
func TestThiefWithThePhone(t *testing.T) {
	w := newWorld(t)
	p := newPerson(t, w)
	ctx := t.Context()
	control, device := p.control, must(p.seed.Device(0))(t)

	thief := must(keys.Generate(keys.Ed25519))(t)
	_, err := w.m.Rotate(ctx, p.id, &realdid.RotateRequest{
		Reveal: []keys.PublicKey{control.Public()}, Next: realdid.SHA256.Commit(thief.Public()),
	}, control)
	refused(t, "thief rotates with the control key", err)
	for n := range uint32(3) {
		k := must(device.Control(keys.Ed25519, n))(t)
		_, err := w.m.Deactivate(ctx, p.id, []keys.PublicKey{k.Public()}, k)
		refused(t, "thief deactivates with what derives from the device seed", err)
	}

	reveal, guardians := p.guardianKeys(0, 2)
	phone := must(keys.Generate(keys.Ed25519))(t)
	auth := must(keys.Generate(keys.Ed25519))(t)
	next := must(keys.Generate(keys.Ed25519))(t)
	if _, err := w.m.Recover(ctx, p.id, &realdid.RecoverRequest{
		Reveal: reveal, Control: realdid.OneKey(phone.Public()), Next: realdid.SHA256.Commit(next.Public()),
		Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{method("auth-9", auth.Public(), did.Authentication)}},
	}, append(guardians, phone)...); err != nil {
		t.Fatal(err)
	}
	_, err = w.m.Update(ctx, p.id, realdid.Content{}, control)
	refused(t, "thief updates while a recovery is pending", err)
	_, err = w.m.CancelByNext(ctx, p.id, []keys.PublicKey{control.Public()}, realdid.SHA256.Commit(thief.Public()), false, control)
	refused(t, "thief cancels with the control key", err)

	res := must(w.m.Resolve(ctx, p.id, nil))(t)
	if _, ok := res.Document.Method(p.id.WithFragment("auth-0")); !ok {
		t.Error("before the delay is over the document must not change")
	}
	if _, err := w.m.Resolve(ctx, p.id, &did.ResolveOptions{VersionTime: w.now.Add(time.Hour * 100)}); err == nil || !did.AsError(err).Temporary() {
		t.Errorf("a time beyond a pending recovery: got %v, want a temporary error", err)
	}
	w.wait(realdid.DefaultDelay)
	res = must(w.m.Resolve(ctx, p.id, nil))(t)
	if _, ok := res.Document.Method(p.id.WithFragment("auth-9")); !ok || len(res.Document.VerificationMethod) != 1 {
		t.Errorf("after the delay: got %d methods, want auth-9 alone", len(res.Document.VerificationMethod))
	}
	_, err = w.m.Update(ctx, p.id, realdid.Content{}, control)
	refused(t, "thief updates after the recovery", err)
	if _, err := w.m.Update(ctx, p.id, realdid.Content{}, phone); err != nil {
		t.Errorf("owner updates after the recovery: %v", err)
	}
}

func TestLongFormNeedsNoLedger(t *testing.T) {
	w := newWorld(t)
	p := newPerson(t, w)
	hist := must(w.m.History(t.Context(), p.id))(t)
	long := must(hist[0].Operation.LongForm())(t)
	offline := must(realdid.New(nil, nil))(t)
	res := must(offline.Resolve(t.Context(), long, nil))(t)
	if !res.Evidence.GenesisOnly || !res.Evidence.Replayed {
		t.Errorf("evidence: got %+v, want a replayed genesis", res.Evidence)
	}
	if got, want := res.Metadata.CanonicalID, p.id.String(); got != want || res.Document.ID != long {
		t.Errorf("canonicalId: got %v, want %v", got, want)
	}
	if _, err := offline.Resolve(t.Context(), p.id, nil); did.AsError(err).Code != did.NotFound {
		t.Errorf("short form without a ledger: got %v, want NOT_FOUND", err)
	}
	if got := must(w.m.Resolve(t.Context(), long, nil))(t); got.Evidence.GenesisOnly {
		t.Error("the long form of a registered identifier is answered from the ledger")
	}
}

func TestPairwiseIdentitiesShareNothing(t *testing.T) {
	device := must(realdid.NewSeed().Device(0))(t)
	ctx := context.Background()
	a := must(device.Pairwise(ctx, realdid.Network{}, "https://bank.example"))(t)
	b := must(device.Pairwise(ctx, realdid.Network{}, "https://shop.example"))(t)
	again := must(device.Pairwise(ctx, realdid.Network{}, "https://bank.example"))(t)
	if a.DID != again.DID {
		t.Error("the same platform must give the same DID")
	}
	if a.DID == b.DID || a.Authentication.Public().Equal(b.Authentication.Public()) || a.Control.Public().Equal(b.Control.Public()) {
		t.Error("two platforms share a key")
	}
	if n := len(a.DID.String()); n > realdid.MaxLongForm {
		t.Errorf("length %d", n)
	}
	m := must(realdid.New(nil, nil))(t)
	res := must(m.Resolve(ctx, a.DID, nil))(t)
	if facts := res.Metadata.Extra["realdid"].(realdid.Facts); !facts.SingleSecret {
		t.Error("single-secret mode is not shown")
	}
}
