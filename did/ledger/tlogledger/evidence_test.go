package tlogledger

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/mirror"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/ledger/witness"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// A network is a log of Tessera's with a witness and an auditor.
type network struct {
	*testing.T
	dir      string
	clock    *testClock
	signer   *proof.NoteSigner
	trust    *proof.Trust
	red      ledger.HeadReducer
	down     atomic.Bool            // the auditor
	src      atomic.Pointer[Ledger] // where the auditor reads
	witness  *witness.Server
	auditor  *mirror.Mirror
	reported atomic.Int64 // errors
}

// ReadFile is what the auditor sees of the log.
func (n *network) ReadFile(ctx context.Context, path string) ([]byte, error) {
	return n.src.Load().ReadFile(ctx, path)
}

// Name and Cosign are those of an auditor that may be down.
func (n *network) Name() string { return n.auditor.Name() }

func (n *network) Cosign(ctx context.Context, old uint64, path []proof.Hash, note []byte) ([]byte, error) {
	if n.down.Load() {
		return nil, errors.New("not at home")
	}
	return n.auditor.Cosign(ctx, old, path, note)
}

func newNetwork(t *testing.T, red ledger.HeadReducer) *network {
	t.Helper()
	n := &network{T: t, dir: tempDir(t), clock: newClock(), signer: newSigner(t, origin, proof.LogEd25519), red: red}
	seeing, auditing := newSigner(t, "witness.example", proof.CosignatureEd25519), newSigner(t, "auditor.example", proof.CosignatureEd25519)
	n.trust = &proof.Trust{
		Origin: origin, Log: n.signer.Verifier(), Quorum: proof.Quorum{Witnesses: 1, Auditors: 1},
		Cosigners: []proof.Cosigner{{Key: seeing.Verifier(), Role: proof.Witness}, {Key: auditing.Verifier(), Role: proof.Auditor}},
	}
	create := &witness.Options{Create: true, Clock: n.clock.read}
	var err error
	if n.witness, err = witness.NewServer(filepath.Join(n.dir, "witness"), seeing, []witness.Log{{Key: n.trust.Log}}, create); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.witness.Close() })
	n.auditor, err = mirror.Open(filepath.Join(n.dir, "auditor"), n, memledger.New(red, nil), red, n.trust, auditing, &mirror.Options{Cosigner: create, Clock: n.clock.read})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.auditor.Close() })
	return n
}

func (n *network) open() *Ledger {
	n.Helper()
	l := openPOSIX(n, n.dir, n.signer, n.trust, n.red, &Options{
		Clock: n.clock.read, Cosigners: []tlog.Cosigner{n.witness, n}, quiet: true, often: 100 * time.Millisecond,
		OnError: func(error) { n.reported.Add(1) },
	})
	n.src.Store(l)
	return l
}

// TestEvidence: what the method resolves through this ledger is proven to be the newest, or not to be there; the auditor follows the log,
// and proves the same by itself.
func TestEvidence(t *testing.T) {
	n := newNetwork(t, realdid.Reducer())
	l := n.open()
	m, err := realdid.New(l, &realdid.Options{Clock: n.clock.read, Trust: n.trust})
	if err != nil {
		t.Fatal(err)
	}
	generate := func() *keys.PrivateKey {
		k, err := keys.Generate(keys.Ed25519)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	phone, paper := generate(), generate()
	request := func() *realdid.CreateRequest {
		return &realdid.CreateRequest{Control: realdid.OneKey(phone.Public()), Next: realdid.SHA256.Commit(paper.Public())}
	}
	created, err := m.Create(t.Context(), request(), phone)
	if err != nil {
		t.Fatal(err)
	}
	draft, err := realdid.DraftCreate(request())
	if err != nil {
		t.Fatal(err)
	}
	if err := draft.Sign(t.Context(), phone); err != nil {
		t.Fatal(err)
	}
	op, err := draft.Operation()
	if err != nil {
		t.Fatal(err)
	}
	unregistered, err := op.LongForm()
	if err != nil {
		t.Fatal(err)
	}
	var last time.Time
	for round := range 3 {
		n.clock.add(time.Minute)
		newPaper := generate()
		rotated, err := m.Rotate(t.Context(), created.DID, &realdid.RotateRequest{Reveal: []keys.PublicKey{paper.Public()}, Next: realdid.SHA256.Commit(newPaper.Public())}, paper)
		if err != nil {
			t.Fatal(err)
		}
		paper = newPaper
		if err := l.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, d := range []did.DID{created.DID, unregistered} {
			r, err := m.Resolve(t.Context(), d, nil)
			if err != nil {
				t.Fatal(err)
			}
			e := r.Evidence
			absent := d == unregistered
			if e.Latest == absent || e.Absent != absent || !e.Replayed || len(e.Cosigners) != 2 || !e.AsOf.Equal(n.clock.read()) {
				t.Errorf("round %d, %v: evidence %+v", round, d, e)
			}
			if !absent && !r.Metadata.Updated.Equal(n.clock.read()) {
				t.Errorf("round %d: updated %v, after %v", round, r.Metadata.Updated, rotated)
			}
			last = e.AsOf
		}
		if err := n.auditor.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		end, _ := l.Last()
		if theirs, err := realdid.New(n.auditor, &realdid.Options{Clock: n.clock.read, Trust: n.trust}); err != nil {
			t.Fatal(err)
		} else if r, err := theirs.Resolve(t.Context(), created.DID, nil); err != nil || !r.Evidence.Latest || !r.Evidence.AsOf.Equal(last) {
			t.Errorf("round %d, at the auditor, who has %d entries: %+v, %v", round, end.Index+1, r, err)
		}
		if round == 1 { // it goes on from what stands
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			l = n.open()
			if m, err = realdid.New(l, &realdid.Options{Clock: n.clock.read, Trust: n.trust}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestCosignerDown: without a quorum nothing is published, appends go on, and the proofs from before stay what they are, also when the ledger
// is opened anew; an epoch that has grown too old is left in the log, and another sealed, which everybody signs in the end.
func TestCosignerDown(t *testing.T) {
	n := newNetwork(t, heads{})
	l := n.open()
	b := &bench{T: t, clock: n.clock, trust: n.trust}
	b.fill(l, 7)
	b.seal(l)
	before, note := b.wantProof(l, "key-1", 7), l.Checkpoint()
	size := func() uint64 { return l.store.end().size }

	n.down.Store(true)
	b.put(l, "key-1", "changed")
	b.put(l, "new", "x")
	for i, want := range []uint64{11, 11, 13, 13} {
		if i == 2 {
			n.clock.add(DefaultHeartbeat)
			b.put(l, "key-2", "changed")
		}
		if err := l.Seal(t.Context()); !errors.Is(err, proof.ErrQuorum) {
			t.Fatalf("Seal without the auditor: %v, want ErrQuorum", err)
		}
		if size() != want {
			t.Fatalf("attempt %d: the log has %d leaves, want %d", i, size(), want)
		}
		if i == 3 {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			l = n.open()
		}
		if v := b.wantProof(l, "key-1", 7); string(v.Head) != string(before.Head) || !slices.Equal(l.Checkpoint(), note) {
			t.Errorf("attempt %d: the proof from before is one of %q", i, v.Head)
		}
		if v := b.wantProof(l, "new", 0); !v.Absent {
			t.Errorf("attempt %d: %+v is proven and not published", i, v)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if _, err := l.Prove(ctx, "key-1", 8); !errors.Is(err, tlog.ErrUnproven) {
			t.Errorf("Prove of what is not published: %v, want ErrUnproven", err)
		}
		cancel()
	}
	waiting := make(chan error)
	go func() {
		_, err := l.Prove(t.Context(), "key-2", 10)
		waiting <- err
	}()
	n.down.Store(false)
	b.seal(l)
	if err := <-waiting; err != nil {
		t.Errorf("Prove that waited: %v", err)
	}
	if size() != 13 {
		t.Errorf("the log has %d leaves, want 13: the epoch that was sealed was still fresh", size())
	}
	for _, key := range []string{"key-1", "key-2", "new"} {
		state, _, err := l.State(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if v := b.wantProof(l, key, 10); !v.Latest || string(v.Head) != string(state) {
			t.Errorf("%s: %+v, want %s", key, v, state)
		}
	}
}

// badCosigner answers anything.
type badCosigner struct {
	lines []byte
	err   error
}

func (badCosigner) Name() string { return "bad" }

func (c badCosigner) Cosign(context.Context, uint64, []proof.Hash, []byte) ([]byte, error) {
	return c.lines, c.err
}

// TestBadCosigner: an answer that is not a cosignature by a key of the policy over this checkpoint does not count, and is told of.
func TestBadCosigner(t *testing.T) {
	key := newSigner(t, "witness.example", proof.CosignatureEd25519)
	clock := newClock()
	cosigned := func(s *proof.NoteSigner) []byte {
		sig, err := s.Cosign((&proof.Checkpoint{Origin: origin, Size: 77}).Append(nil), clock.read())
		if err != nil {
			t.Fatal(err)
		}
		return sig.Append(nil)
	}
	for name, c := range map[string]badCosigner{
		"garbage":     {lines: []byte("hello\n")},
		"nothing":     {},
		"of another":  {lines: cosigned(key)},
		"a stranger":  {lines: cosigned(newSigner(t, "stranger.example", proof.CosignatureEd25519))},
		"same size":   {err: &tlog.OldSizeError{Size: 0}},
		"larger size": {err: &tlog.OldSizeError{Size: 99}},
		"no answer":   {err: errDisk},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.trust = &proof.Trust{
				Origin: origin, Log: b.signer.Verifier(), Quorum: proof.Quorum{Witnesses: 1},
				Cosigners: []proof.Cosigner{{Key: key.Verifier(), Role: proof.Witness}},
			}
			b.opt.Cosigners = []tlog.Cosigner{c}
			l := b.open()
			b.put(l, "key", "x")
			if err := l.Seal(t.Context()); !errors.Is(err, proof.ErrQuorum) {
				t.Errorf("Seal: %v, want ErrQuorum", err)
			}
			if note := l.Checkpoint(); note != nil {
				t.Errorf("published: %s", note)
			}
		})
	}
}

// hanging is a cosigner that answers nobody until it is told that nobody waits.
type hanging struct{ asked chan struct{} }

func (hanging) Name() string { return "hanging" }

func (c hanging) Cosign(ctx context.Context, _ uint64, _ []proof.Hash, _ []byte) ([]byte, error) {
	c.asked <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestSealEnds: who waits for cosigners can leave, is told when the ledger is closed, and others wait for their turn no longer either.
func TestSealEnds(t *testing.T) {
	b := newBench(t)
	c := hanging{make(chan struct{}, 1)}
	b.trust = &proof.Trust{
		Origin: origin, Log: b.signer.Verifier(), Quorum: proof.Quorum{Witnesses: 1},
		Cosigners: []proof.Cosigner{{Key: newSigner(t, "hanging", proof.CosignatureEd25519).Verifier(), Role: proof.Witness}},
	}
	b.opt.Cosigners = []tlog.Cosigner{c}
	l := b.open()
	b.put(l, "key", "x")
	ctx, cancel := context.WithCancel(t.Context())
	sealed := make(chan error)
	go func() { sealed <- l.Seal(ctx) }()
	<-c.asked
	other, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	if err := l.Seal(other); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Seal while another one is under way: %v", err)
	}
	cancel()
	if err := <-sealed; !errors.Is(err, context.Canceled) {
		t.Errorf("Seal that was cancelled: %v", err)
	}
	go func() { sealed <- l.Seal(context.Background()) }()
	<-c.asked
	b.close(l)
	if err := <-sealed; !errors.Is(err, context.Canceled) && !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("Seal while the ledger is closed: %v", err)
	}
	if err := l.Seal(t.Context()); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("Seal afterwards: %v", err)
	}
	if _, err := l.Prove(t.Context(), "key", 0); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("Prove afterwards: %v", err)
	}
}

// TestBackground: without anybody asking, the first epoch is sealed at once, another after an append, and one without entries when the
// last has grown old; proofs verify at every moment.
func TestBackground(t *testing.T) {
	b := newBench(t)
	b.opt.quiet, b.opt.Interval = false, time.Millisecond
	b.opt.OnError = func(err error) { t.Error(err) }
	l := b.open()
	b.wantProof(l, "key", 0)
	for i := range 200 {
		e := b.put(l, fmt.Sprintf("key-%d", i%7), "x")
		if i%20 > 0 {
			b.wantProof(l, e.Key, 0)
			continue
		}
		if v := b.wantProof(l, e.Key, e.Anchor.Index+1); v.Head == nil {
			t.Fatalf("%+v", v)
		}
	}
	had := l.store.end().entries
	b.clock.add(DefaultHeartbeat)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if v := b.wantProof(l, "key-1", had); v.Epoch.Time == b.clock.read().Unix() {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("there is no heartbeat")
		}
	}
	b.same(l, b.entries(l))
}
