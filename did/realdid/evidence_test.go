package realdid_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// resolve answers or fails the test.
func (w *proving) resolve(id did.DID, opt *did.ResolveOptions) *did.Resolution {
	w.t.Helper()
	return must(w.m.Resolve(w.t.Context(), id, opt))(w.t)
}

func TestResolveLatest(t *testing.T) {
	w := newProvingWorld(t)
	p := newPerson(t, w.world)
	w.wait(time.Minute)
	r := w.resolve(p.id, nil)
	if ev := r.Evidence; !ev.Latest || !ev.Included || !ev.Replayed || ev.Absent || ev.OperatorTime || ev.GenesisOnly || !ev.AsOf.Equal(w.now) {
		t.Errorf("got %+v", ev)
	}
	want := []did.Cosigner{
		{Name: "cosigner-0.example", Role: "witness", Time: w.now},
		{Name: "cosigner-1.example", Role: "witness", Time: w.now},
		{Name: "cosigner-2.example", Role: "auditor", Time: w.now},
	}
	if len(r.Evidence.Cosigners) != 3 || r.Evidence.Cosigners[0] != want[0] || r.Evidence.Cosigners[2] != want[2] {
		t.Errorf("got %+v, want %+v", r.Evidence.Cosigners, want)
	}
	sealed := w.now
	w.wait(time.Hour)
	if got := w.resolve(p.id, nil).Evidence; !got.Latest || !got.AsOf.Equal(sealed) {
		t.Errorf("an hour later: got %+v, want as of %v", got, sealed)
	}
	// An operation that no epoch covers yet: the answer shows it, and is not proven.
	_, err := w.m.Anchor(t.Context(), p.id, realdid.Digest{1}, p.control)
	ok(t, "anchor", err)
	r = w.resolve(p.id, nil)
	if ev := r.Evidence; ev.Latest || ev.Included || !ev.OperatorTime || ev.Cosigners != nil || !ev.AsOf.Equal(w.now) || len(r.Anchored) != 1 {
		t.Errorf("before the epoch: got %+v", ev)
	}
	if ev := w.resolve(p.id, &did.ResolveOptions{NoCache: true}).Evidence; !ev.Latest || !ev.AsOf.Equal(w.now) {
		t.Errorf("NoCache: got %+v", ev)
	}
	r = w.resolve(p.id, &did.ResolveOptions{VersionTime: start})
	if ev := r.Evidence; ev.Latest || !ev.Included || len(ev.Cosigners) != 3 {
		t.Errorf("a past version is not the latest state: got %+v", ev)
	}
	if ev := w.resolve(p.id, &did.ResolveOptions{VersionID: w.resolve(p.id, nil).Metadata.VersionID}).Evidence; !ev.Latest {
		t.Errorf("the newest version by its ID: got %+v", ev)
	}
}

// TestResolveAsOf: the earliest of the epoch's time and the cosigners'.
func TestResolveAsOf(t *testing.T) {
	w := newProvingWorld(t)
	p := newPerson(t, w.world)
	w.wait(time.Hour)
	w.lg.late = 30 * time.Minute
	if got, want := w.resolve(p.id, nil).Evidence.AsOf, w.now.Add(-30*time.Minute); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// silent is a ledger that has proven nothing yet.
type silent struct{ ledger.Ledger }

func (silent) Prove(ctx context.Context, _ string, _ uint64) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestResolveUnproven: who does not ask for a proof of the newest is not made to wait for the ledger's first one.
func TestResolveUnproven(t *testing.T) {
	w := newProvingWorld(t)
	p := newPerson(t, w.world)
	m := must(realdid.New(silent{w.lg}, &realdid.Options{Clock: func() time.Time { return w.now }, Trust: w.lg.trust}))(t)
	synctest.Test(t, func(t *testing.T) {
		if ev := must(m.Resolve(t.Context(), p.id, nil))(t).Evidence; ev.Latest || !ev.Replayed || !ev.OperatorTime {
			t.Errorf("got %+v", ev)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := m.Resolve(ctx, p.id, &did.ResolveOptions{NoCache: true}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("NoCache: got %v, want to have waited", err)
		}
	})
}

// TestResolveWithoutAuditors: under witnesses alone nothing is Latest, but a ledger that contradicts itself is still found out.
func TestResolveWithoutAuditors(t *testing.T) {
	w := newProvingWorld(t)
	p := newPerson(t, w.world)
	w.lg.trust.Quorum.Auditors = 0
	if ev := w.resolve(p.id, nil).Evidence; ev.Latest || ev.Included || !ev.OperatorTime || ev.Cosigners != nil || !ev.Replayed {
		t.Errorf("got %+v", ev)
	}
	_, long := unregistered(t)
	if ev := w.resolve(long, nil).Evidence; ev.Absent || !ev.GenesisOnly {
		t.Errorf("absent: got %+v", ev)
	}
	w.lg.forge = func(heads map[string][]byte) { delete(heads, p.id.ID()) }
	w.lg.seal()
	if _, err := w.m.Resolve(t.Context(), p.id, nil); !errors.Is(err, realdid.ErrContradiction) {
		t.Errorf("a head that is missing from the map: got %v", err)
	}
}

// unregistered is a long form that is on no ledger.
func unregistered(t *testing.T) (*realdid.Operation, did.DID) {
	t.Helper()
	p := rawCreate('q')
	p[memberSalt] = []byte("unregistered one")
	op := mustParse(t, seal(t, p, ed(0)))
	return op, must(op.LongForm())(t)
}

func TestResolveAbsent(t *testing.T) {
	w := newProvingWorld(t)
	newPerson(t, w.world)
	op, long := unregistered(t)
	w.wait(time.Minute)
	ev := w.resolve(long, nil).Evidence
	if !ev.Absent || !ev.GenesisOnly || !ev.Replayed || ev.Latest || ev.Included || ev.OperatorTime || !ev.AsOf.Equal(w.now) || len(ev.Cosigners) != 3 {
		t.Errorf("got %+v", ev)
	}
	if _, err := w.m.Resolve(t.Context(), long, &did.ResolveOptions{VersionTime: start}); did.AsError(err).Code != did.NotFound {
		t.Errorf("a genesis alone has no time: got %v", err)
	}
	// Once registered, the old proof of absence counts for nothing.
	if _, err := w.m.Submit(t.Context(), op); err != nil {
		t.Fatal(err)
	}
	if ev := w.resolve(long, nil).Evidence; ev.Absent || ev.GenesisOnly || ev.Latest {
		t.Errorf("registered: got %+v", ev)
	}
	if ev := w.resolve(long, &did.ResolveOptions{NoCache: true}).Evidence; ev.Absent || !ev.Latest {
		t.Errorf("registered and sealed: got %+v", ev)
	}
	other := rawCreate('q')
	other[memberHome] = "elsewhere"
	foreign := must(mustParse(t, seal(t, other, ed(0))).LongForm())(t)
	if ev := w.resolve(foreign, nil).Evidence; ev.Absent || !ev.GenesisOnly {
		t.Errorf("absence from another ledger than the home: got %+v", ev)
	}
}

// TestPendingRecoveryAndProof: what is shown is the state as of the proof; beyond it the answer is unknown.
func TestPendingRecoveryAndProof(t *testing.T) {
	w := newProvingWorld(t)
	p := newPerson(t, w.world)
	reveal, guardians := p.guardianKeys(0, 1)
	phone := ed(800)
	_, err := w.m.Recover(t.Context(), p.id, &realdid.RecoverRequest{Reveal: reveal, Control: realdid.OneKey(phone.Public()), Next: commit(ed(801))}, append(guardians, phone)...)
	ok(t, "recover", err)
	w.wait(realdid.DefaultDelay - time.Second)
	w.lg.seal()
	sealed := w.now
	w.wait(time.Minute)
	r := w.resolve(p.id, nil)
	if f := r.Metadata.Extra["realdid"].(realdid.Facts); f.Pending == nil || !r.Evidence.Latest || !r.Evidence.AsOf.Equal(sealed) {
		t.Errorf("as of the proof the recovery is pending: got %+v, %+v", f, r.Evidence)
	}
	_, err = w.m.Resolve(t.Context(), p.id, &did.ResolveOptions{VersionTime: w.now})
	wantCode(t, "now, a minute after the proof", err, did.InternalError)
	for _, at := range []time.Time{sealed, start} {
		w.resolve(p.id, &did.ResolveOptions{VersionTime: at})
	}
	w.lg.seal()
	r = w.resolve(p.id, nil)
	if f := r.Metadata.Extra["realdid"].(realdid.Facts); f.Pending != nil || !r.Evidence.Latest || len(r.Document.VerificationMethod) != 0 {
		t.Errorf("as of a later epoch the recovery has taken effect: got %+v, %+v", f, r.Evidence)
	}
	if got, want := r.Metadata.Updated, start.Add(realdid.DefaultDelay); !got.Equal(want) {
		t.Errorf("updated: got %v, want %v", got, want)
	}
}

// TestLedgerThatContradictsItself: its proofs and its history differ, so there is no answer.
func TestLedgerThatContradictsItself(t *testing.T) {
	for name, play := range map[string]func(w *proving, p *person, key string){
		"planted head": func(w *proving, p *person, key string) {
			other := newPerson(t, w.world)
			w.lg.forge = func(heads map[string][]byte) { heads[key] = heads[other.id.ID()] }
			w.lg.seal()
		},
		"head that is none": func(w *proving, _ *person, key string) {
			w.lg.forge = func(heads map[string][]byte) { heads[key] = []byte{1} }
			w.lg.seal()
		},
		"old head under a new epoch": func(w *proving, p *person, key string) {
			w.lg.seal()
			old := w.lg.heads[key]
			_, err := w.m.Anchor(t.Context(), p.id, realdid.Digest{1}, p.control)
			ok(t, "anchor", err)
			w.lg.forge = func(heads map[string][]byte) { heads[key] = old }
			w.lg.seal()
		},
		"operations that the history lacks": func(w *proving, _ *person, key string) {
			w.lg.forge = func(heads map[string][]byte) {
				h := must(realdid.ParseHead(heads[key]))(t)
				h.Seq++
				heads[key] = must(h.Bytes())(t)
			}
			w.lg.seal()
		},
		"another state": func(w *proving, _ *person, key string) {
			w.lg.forge = func(heads map[string][]byte) {
				h := must(realdid.ParseHead(heads[key]))(t)
				h.State[0]++
				heads[key] = must(h.Bytes())(t)
			}
			w.lg.seal()
		},
		"another time": func(w *proving, _ *person, key string) {
			w.lg.forge = func(heads map[string][]byte) {
				h := must(realdid.ParseHead(heads[key]))(t)
				h.Time = h.Time.Add(time.Second)
				heads[key] = must(h.Bytes())(t)
			}
			w.lg.seal()
		},
		"another history, and an operation after it": func(w *proving, p *person, key string) {
			w.lg.forge = func(heads map[string][]byte) {
				h := must(realdid.ParseHead(heads[key]))(t)
				h.History[0]++
				heads[key] = must(h.Bytes())(t)
			}
			w.lg.seal()
			_, err := w.m.Anchor(t.Context(), p.id, realdid.Digest{1}, p.control)
			ok(t, "anchor", err)
		},
		"denied": func(w *proving, _ *person, key string) {
			w.lg.forge = func(heads map[string][]byte) { delete(heads, key) }
			w.lg.seal()
		},
		"a proof for another key": func(w *proving, _ *person, _ string) {
			w.lg.answer = func(_ string, l *proof.Latest) { l.Map = proof.MapProof{}; l.Head = nil }
		},
		"an old epoch under a fresh checkpoint": func(w *proving, p *person, _ string) {
			w.lg.seal()
			old, size := w.lg.epoch, w.lg.size()
			path := must(proof.InclusionPath(w.lg, size-1, size))(t)
			w.lg.seal()
			w.lg.answer = func(_ string, l *proof.Latest) { l.Epoch, l.EpochPath = old, path }
		},
		"an epoch of another size": func(w *proving, _ *person, _ string) {
			w.lg.skew = func(leaf *proof.EpochLeaf, _ uint64) { leaf.Size++ }
		},
		"an epoch from the future": func(w *proving, _ *person, _ string) {
			w.lg.skew = func(leaf *proof.EpochLeaf, _ uint64) { leaf.Time += 3600 }
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newProvingWorld(t)
			p := newPerson(t, w.world)
			newPerson(t, w.world)
			play(w, p, p.id.ID())
			_, err := w.m.Resolve(t.Context(), p.id, nil)
			if !errors.Is(err, realdid.ErrContradiction) || did.AsError(err).Code != did.InternalError {
				t.Errorf("got %v, want ErrContradiction", err)
			}
		})
	}
}

// TestLedgerThatCannotProve: answers go on, and have no such evidence.
func TestLedgerThatCannotProve(t *testing.T) {
	for name, play := range map[string]func(w *proving){
		"no proof now": func(w *proving) { w.lg.err = errors.New("no epoch yet") },
		"cosigners are away": func(w *proving) {
			w.lg.cosigners = w.lg.cosigners[:2]
			w.lg.note = nil
		},
	} {
		w := newProvingWorld(t)
		p := newPerson(t, w.world)
		play(w)
		if ev := w.resolve(p.id, nil).Evidence; ev.Latest || ev.Included || !ev.Replayed || !ev.AsOf.Equal(w.now) {
			t.Errorf("%s: got %+v", name, ev)
		}
	}
	w := newProvingWorld(t)
	p := newPerson(t, w.world)
	ctx, cancel := context.WithCancel(t.Context())
	w.lg.before, w.lg.err = cancel, context.Canceled
	if _, err := w.m.Resolve(ctx, p.id, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// TestResolveWhileOperationsComeIn: the history is read again until it and the proof are of one moment.
func TestResolveWhileOperationsComeIn(t *testing.T) {
	w := newProvingWorld(t)
	p := newPerson(t, w.world)
	n := 0
	w.lg.before = func() {
		if n++; n < 3 {
			_, err := w.m.Anchor(t.Context(), p.id, realdid.Digest{byte(n)}, p.control)
			ok(t, "anchor", err)
			w.lg.seal()
		}
	}
	if r := w.resolve(p.id, nil); !r.Evidence.Latest || len(r.Anchored) != 2 {
		t.Errorf("got %+v with %d anchors", r.Evidence, len(r.Anchored))
	}
}

func TestTrustIsChecked(t *testing.T) {
	for name, opt := range map[string]*realdid.Options{"empty trust": {Trust: &proof.Trust{}}, "memory without trust": {Memory: realdid.NewMemory()}} {
		if _, err := realdid.New(nil, opt); !errors.Is(err, proof.ErrTrust) {
			t.Errorf("%s: got %v, want ErrTrust", name, err)
		}
	}
}
