package realdid_test

import (
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

// verifyNs measures the bare signature check that an operation needs, to state the others as ratios.
func verifyNs(b *testing.B, size int) float64 {
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
	pub, n := k.Public(), 4000
	t0 := time.Now()
	for range n {
		if err := pub.Verify(msg, sig); err != nil {
			b.Fatal(err)
		}
	}
	return float64(time.Since(t0).Nanoseconds()) / float64(n)
}

func BenchmarkResolve(b *testing.B) {
	m, id, _ := history(b)
	floor := 4 * verifyNs(b, 250)
	for b.Loop() {
		if _, err := m.Resolve(b.Context(), id, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/floor, "x-signatures")
}

// BenchmarkApply parses, verifies and applies one operation.
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
			floor := verifyNs(b, len(c.op.Bytes()))
			for b.Loop() {
				op, err := realdid.ParseOperation(c.op.Bytes())
				if err != nil {
					b.Fatal(err)
				}
				if _, err := realdid.Apply(c.state, op, ledger.Anchor{Time: time.Unix(2, 0)}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/floor, "x-signature")
			b.ReportMetric(float64(len(c.op.Bytes())), "op-bytes")
		})
	}
}
