package realdid_test

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// testKey returns the n-th key of an algorithm, the same in every run. Such keys are public.
func testKey(a keys.Algorithm, n int) *keys.PrivateKey {
	id := fmt.Sprintf("realdid test key %v %d", a, n)
	if k, ok := testKeys.Load(id); ok {
		return k.(*keys.PrivateKey)
	}
	secret := sha256.Sum256([]byte(id))
	b := append(secret[:], secret[:]...)[:a.SecretSize()]
	k, err := keys.NewPrivateKey(a, b)
	if err != nil {
		panic(err)
	}
	testKeys.Store(id, k)
	return k
}

var testKeys sync.Map

// ed returns the n-th Ed25519 test key.
func ed(n int) *keys.PrivateKey { return testKey(keys.Ed25519, n) }

func pub(ks ...*keys.PrivateKey) []keys.PublicKey {
	out := make([]keys.PublicKey, len(ks))
	for i, k := range ks {
		out[i] = k.Public()
	}
	return out
}

func signers(ks ...*keys.PrivateKey) []keys.Signer {
	out := make([]keys.Signer, len(ks))
	for i, k := range ks {
		out[i] = k
	}
	return out
}

func commit(ks ...*keys.PrivateKey) realdid.Commitments { return realdid.SHA256.Commit(pub(ks...)...) }

// backup is a recovery key with its salt, the same in every run.
func backup(n int) realdid.RecoveryKey {
	return realdid.RecoveryKey{Salt: realdid.RecoverySalt{0xa0, byte(n)}, Key: ed(n).Public()}
}

// tier makes a tier over the recovery keys of these numbers, of which threshold suffice.
func tier(delay time.Duration, vetoable bool, threshold int, ns ...int) realdid.Tier {
	t := realdid.Tier{Delay: delay, Vetoable: vetoable, Keys: realdid.Commitments{Threshold: threshold}}
	for _, n := range ns {
		k := backup(n)
		t.Keys.Digests = append(t.Keys.Digests, realdid.SHA256.CommitRecovery(k.Salt, k.Key))
	}
	return t
}

func content(ms ...realdid.VerificationMethod) realdid.Content {
	return realdid.Content{VerificationMethods: ms}
}

// authKey is a document of one authentication method.
func authKey(fragment string, n int) realdid.Content {
	return content(method(fragment, ed(n).Public(), did.Authentication))
}

// hist is the history of one identifier without a ledger: operations are applied at the time that the test sets.
type hist struct {
	t     testing.TB
	now   time.Time
	state *realdid.State
	index uint64
	first []byte                   // the create
	taken func(*realdid.Operation) // called with every operation after the create that is taken
}

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// newHist creates the identifier that req describes. Its salt, and so its SCID, is another in every run.
func newHist(t testing.TB, req *realdid.CreateRequest, ks ...*keys.PrivateKey) *hist {
	t.Helper()
	h := &hist{t: t, now: start}
	d, err := realdid.DraftCreate(req)
	if err != nil {
		t.Fatal(err)
	}
	h.must(d, nil, ks...)
	return h
}

// simple is an identifier with control key 0, next key 1 and no document.
func simple(t testing.TB, tiers ...realdid.Tier) *hist {
	t.Helper()
	return newHist(t, &realdid.CreateRequest{Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(1)), Recovery: tiers}, ed(0))
}

func (h *hist) wait(d time.Duration) { h.now = h.now.Add(d) }

// at returns the state now.
func (h *hist) at() *realdid.State { return h.state.At(h.now) }

// try signs a draft and applies it; the state stays as it was if it is refused.
func (h *hist) try(d *realdid.Draft, err error, ks ...*keys.PrivateKey) error {
	h.t.Helper()
	if err != nil {
		return err
	}
	if err := d.Sign(h.t.Context(), signers(ks...)...); err != nil {
		return err
	}
	op, err := d.Operation()
	if err != nil {
		return err
	}
	return h.apply(op)
}

func (h *hist) apply(op *realdid.Operation) error {
	s, err := realdid.Apply(h.state, op, ledger.Anchor{Index: h.index, Time: h.now})
	if err == nil {
		if h.state == nil {
			h.first = op.Bytes()
		}
		h.state, h.index = s, h.index+1
		if h.taken != nil {
			h.taken(op)
		}
	}
	return err
}

func (h *hist) must(d *realdid.Draft, err error, ks ...*keys.PrivateKey) {
	h.t.Helper()
	if err := h.try(d, err, ks...); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hist) update(doc realdid.Content, ks ...*keys.PrivateKey) error {
	h.t.Helper()
	d, err := h.at().DraftUpdate(doc)
	return h.try(d, err, ks...)
}

func (h *hist) rotate(req *realdid.RotateRequest, ks ...*keys.PrivateKey) error {
	h.t.Helper()
	d, err := h.at().DraftRotate(req)
	return h.try(d, err, ks...)
}

// rotateTo reveals next key n as the control key and commits to n+1.
func (h *hist) rotateTo(n int) error {
	h.t.Helper()
	return h.rotate(&realdid.RotateRequest{Reveal: pub(ed(n)), Next: commit(ed(n + 1))}, ed(n))
}

// recover files a recovery by one recovery key, with n as control and n+1 as next key.
func (h *hist) recover(by, n int, doc realdid.Content) error {
	h.t.Helper()
	return h.recoverAs(&realdid.RecoverRequest{
		Reveal: []realdid.RecoveryKey{backup(by)}, Control: realdid.OneKey(ed(n).Public()), Next: commit(ed(n + 1)), Document: doc,
	}, ed(by), ed(n))
}

func (h *hist) recoverAs(req *realdid.RecoverRequest, ks ...*keys.PrivateKey) error {
	h.t.Helper()
	d, err := h.at().DraftRecover(req)
	return h.try(d, err, ks...)
}

// cancelByNext reveals next key n and commits to n+1.
func (h *hist) cancelByNext(n int) error {
	h.t.Helper()
	d, err := h.at().DraftCancelByNext(pub(ed(n)), commit(ed(n+1)), false)
	return h.try(d, err, ed(n))
}

func (h *hist) cancelByTier(by int) error {
	h.t.Helper()
	d, err := h.at().DraftCancelByTier([]realdid.RecoveryKey{backup(by)})
	return h.try(d, err, ed(by))
}

func (h *hist) deactivate(n int) error {
	h.t.Helper()
	d, err := h.at().DraftDeactivate(pub(ed(n)))
	return h.try(d, err, ed(n))
}

// migrate announces, revealing next key n and committing to n+1.
func (h *hist) migrate(to string, n int) error {
	h.t.Helper()
	d, err := h.at().DraftMigrate(to, pub(ed(n)), commit(ed(n+1)), false)
	return h.try(d, err, ed(n))
}

func (h *hist) depart(to string, n int) error {
	h.t.Helper()
	d, err := h.at().DraftDepart(to)
	return h.try(d, err, ed(n))
}

// controls says whether a key controls the identifier now.
func (h *hist) controls(n int) bool {
	for _, k := range h.at().Control().Keys {
		if k.Equal(ed(n).Public()) {
			return true
		}
	}
	return false
}

func ok(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
