package realdid_test

import (
	"slices"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// history makes a create and three rotations, each with one Ed25519 signature.
func history(b *testing.B) (*realdid.Method, did.DID, []*realdid.Operation) {
	b.Helper()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	opt := &realdid.Options{Clock: func() time.Time { return now }}
	m, err := realdid.New(memledger.New(realdid.Reducer(), &memledger.Options{Clock: opt.Clock}), opt)
	if err != nil {
		b.Fatal(err)
	}
	seed := realdid.NewSeed()
	control := func(n uint32) *keys.PrivateKey {
		k, err := seed.Control(keys.Ed25519, n)
		if err != nil {
			b.Fatal(err)
		}
		return k
	}
	auth, err := keys.Generate(keys.Ed25519)
	if err != nil {
		b.Fatal(err)
	}
	r, err := m.Create(b.Context(), &realdid.CreateRequest{
		Control: realdid.OneKey(control(0).Public()), Next: realdid.SHA256.Commit(control(1).Public()),
		Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{method("key-1", auth.Public(), did.AssertionMethod)}},
	}, control(0))
	if err != nil {
		b.Fatal(err)
	}
	ops := []*realdid.Operation{r.Operation}
	for n := range uint32(3) {
		r, err := m.Rotate(b.Context(), r.DID, &realdid.RotateRequest{
			Reveal: []keys.PublicKey{control(n + 1).Public()}, Next: realdid.SHA256.Commit(control(n + 2).Public()),
		}, control(n+1))
		if err != nil {
			b.Fatal(err)
		}
		ops = append(ops, r.Operation)
	}
	return m, r.DID, ops
}

// signatureCheck returns the bare signature check that an operation of this size needs.
func signatureCheck(b *testing.B, size int) func() {
	b.Helper()
	k, err := keys.Generate(keys.Ed25519)
	if err != nil {
		b.Fatal(err)
	}
	msg := make([]byte, size)
	sig, err := k.Sign(b.Context(), msg)
	if err != nil {
		b.Fatal(err)
	}
	pub := k.Public()
	return func() {
		if err := pub.Verify(msg, sig); err != nil {
			b.Fatal(err)
		}
	}
}

// beside runs work and floor in turn, so that both see the same machine, and reports the ratio of their median times.
func beside(b *testing.B, unit string, work, floor func()) {
	b.Helper()
	var works, floors []time.Duration
	for b.Loop() {
		t0 := time.Now()
		work()
		t1 := time.Now()
		floor()
		works, floors = append(works, t1.Sub(t0)), append(floors, time.Since(t1))
	}
	median := func(ds []time.Duration) float64 {
		slices.Sort(ds)
		return float64(ds[len(ds)/2].Nanoseconds())
	}
	b.ReportMetric(median(works), "work-ns/op")
	b.ReportMetric(median(works)/median(floors), unit)
}

// BenchmarkResolve replays a create and three rotations from the ledger, beside the four signature checks alone.
func BenchmarkResolve(b *testing.B) {
	m, id, _ := history(b)
	check := signatureCheck(b, 250)
	beside(b, "x-signatures", func() {
		if _, err := m.Resolve(b.Context(), id, nil); err != nil {
			b.Fatal(err)
		}
	}, func() {
		for range 4 {
			check()
		}
	})
}

// BenchmarkApply parses, verifies and applies one operation, beside its signature check alone.
func BenchmarkApply(b *testing.B) {
	_, _, ops := history(b)
	create, err := realdid.Apply(nil, ops[0], ledger.Anchor{Time: time.Unix(1, 0)})
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		state *realdid.State
		op    *realdid.Operation
	}{{"create", nil, ops[0]}, {"rotate", create, ops[1]}} {
		b.Run(c.name, func(b *testing.B) {
			beside(b, "x-signature", func() {
				op, err := realdid.ParseOperation(c.op.Bytes())
				if err != nil {
					b.Fatal(err)
				}
				if _, err := realdid.Apply(c.state, op, ledger.Anchor{Time: time.Unix(2, 0)}); err != nil {
					b.Fatal(err)
				}
			}, signatureCheck(b, len(c.op.Bytes())))
			b.ReportMetric(float64(len(c.op.Bytes())), "op-bytes")
		})
	}
}
