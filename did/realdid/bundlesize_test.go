package realdid_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// largeLog makes paths as long as those of a log of 2^26 leaves and a map of as many keys: 10 million identifiers, each with a create and
// three rotations, and an epoch a second for nine months. A map of 10 million has 24 to 26 siblings on most paths.
const largeLog = 26

// largeWorld has an identifier with a create, three rotations and a document of 600 bytes (in operations; in JSON it has more) on a ledger that is, as far as proofs can
// tell, large. Three cosigners sign, all of whom are needed.
func largeWorld(t testing.TB) (*realdid.Method, *realdid.Verifier, did.DID) {
	t.Helper()
	now := start
	clock := func() time.Time { return now }
	lg := newProving(t, realdid.Network{}, clock)
	lg.depth = largeLog
	opt := &realdid.Options{Clock: clock, Trust: lg.trust}
	m, err := realdid.New(lg, opt)
	ok(t, "method", err)
	doc := content(method("auth-1", ed(3).Public(), did.Authentication), method("sign-1", ed(4).Public(), did.AssertionMethod))
	doc.Services = []realdid.Service{{Fragment: "inbox", Types: []string{"DIDCommMessaging"}, Endpoints: []realdid.Endpoint{{URI: "https://relay.example/in"}}}}
	doc.AlsoKnownAs = []string{"https://" + strings.Repeat("a", 433) + ".example/"}
	r, err := m.Create(t.Context(), &realdid.CreateRequest{Control: realdid.OneKey(ed(100).Public()), Next: commit(ed(101)), Document: doc}, ed(100))
	ok(t, "create", err)
	if n := len(cborBytes(t, decodeOp(t, r.Operation.Bytes()).payload[memberDocument])); n < 600 || n > 620 {
		t.Fatalf("a document of %d bytes, want 600", n)
	}
	now = now.Add(time.Hour)
	for n := 101; n <= 103; n++ {
		_, err := m.Rotate(t.Context(), r.DID, &realdid.RotateRequest{Reveal: pub(ed(n)), Next: commit(ed(n + 1))}, ed(n))
		ok(t, "rotate", err)
	}
	now = now.Add(time.Minute)
	v, err := realdid.NewVerifier([]realdid.TrustedLedger{{Trust: lg.trust}}, &realdid.VerifierOptions{Clock: clock})
	ok(t, "verifier", err)
	return m, v, r.DID
}

func TestBundleSize(t *testing.T) {
	m, v, id := largeWorld(t)
	for _, c := range []struct {
		without bool
		limit   int
	}{{true, 4 << 10}, {false, 6 << 10}} {
		b := must(m.Bundle(t.Context(), id, &realdid.BundleOptions{WithoutOperations: c.without}))(t)
		r := must(v.Verify(t.Context(), id, b.Bytes(), nil))(t)
		l := must(proof.ParseLatest(decodeObject(t, b.Bytes())[6].([]byte)))(t)
		if !r.Evidence.Latest || len(r.Evidence.Cosigners) != 3 || len(l.EpochPath) != largeLog || len(l.Map.Siblings) != largeLog {
			t.Errorf("%+v, paths of %d and %d", r.Evidence, len(l.EpochPath), len(l.Map.Siblings))
		}
		t.Logf("without operations %v: %d bytes (proof %d, document %d)", c.without, len(b.Bytes()), len(decodeObject(t, b.Bytes())[6].([]byte)), len(r.Document.Canonical()))
		if len(b.Bytes()) > c.limit {
			t.Errorf("without operations %v: %d bytes, limit %d", c.without, len(b.Bytes()), c.limit)
		}
	}
}

// signatureFloor verifies as many Ed25519 signatures as a bundle has, over messages of the same sizes, by the same calls.
func signatureFloor(b *testing.B, bundle []byte) (floor func(), n int) {
	b.Helper()
	var o object
	ok(b, "decode", decodeInto(bundle, &o))
	l, err := proof.ParseLatest(o[6].([]byte))
	ok(b, "proof", err)
	note, err := proof.ParseNote(l.Checkpoint)
	ok(b, "note", err)
	sizes := []int{len(note.Text)}
	for range note.Signatures[1:] {
		sizes = append(sizes, len(note.Text)+40)
	}
	if ops, has := o[3].([]any); has {
		for _, op := range ops {
			sizes = append(sizes, len(op.([]any)[0].([]byte))-70)
		}
	}
	type signed struct {
		key      keys.PublicKey
		msg, sig []byte
	}
	var all []signed
	for _, size := range sizes {
		msg := []byte(strings.Repeat("m", size))
		sig, err := ed(5).Sign(b.Context(), msg)
		ok(b, "sign", err)
		all = append(all, signed{ed(5).Public(), msg, sig})
	}
	return func() {
		for _, s := range all {
			if err := s.key.VerifyLowS(s.msg, s.sig); err != nil {
				b.Fatal(err)
			}
		}
	}, len(all)
}

// BenchmarkVerifyBundle checks bundles of a large ledger, beside the signature checks alone that they contain.
func BenchmarkVerifyBundle(b *testing.B) {
	m, v, id := largeWorld(b)
	for _, without := range []bool{false, true} {
		bundle, err := m.Bundle(b.Context(), id, &realdid.BundleOptions{WithoutOperations: without})
		ok(b, "bundle", err)
		floor, n := signatureFloor(b, bundle.Bytes())
		b.Run(fmt.Sprintf("operations=%v", !without), func(b *testing.B) {
			b.ReportAllocs()
			beside(b, "x-signatures", func() {
				if _, err := v.Verify(b.Context(), id, bundle.Bytes(), nil); err != nil {
					b.Fatal(err)
				}
			}, floor)
			b.ReportMetric(float64(n), "signatures")
			b.ReportMetric(float64(len(bundle.Bytes())), "bundle-bytes")
		})
	}
}

// BenchmarkHead makes a head record of an encoded state, which a ledger does once for each key in an epoch.
func BenchmarkHead(b *testing.B) {
	h := fixed(b)
	s := stateBytes(b, h.state)
	key := h.state.Identifier().Key()
	var red ledger.HeadReducer = realdid.Reducer()
	for b.Loop() {
		if _, err := red.Head(key, s); err != nil {
			b.Fatal(err)
		}
	}
}
