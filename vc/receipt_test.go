package vc_test

import (
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc"
)

// issuance is a document whose credential can have a receipt.
type issuance struct {
	*document
	digest [32]byte
}

func (d issuance) Open() (vc.Parsed, error) {
	_, err := d.document.Open()
	return d, err
}
func (d issuance) IssuanceDigest() [32]byte { return d.digest }

func newBatch(t *testing.T, height int, digests ...[32]byte) (*vc.ReceiptBatch, []*vc.Receipt) {
	t.Helper()
	b, err := vc.NewReceiptBatch(height)
	if err != nil {
		t.Fatal(err)
	}
	var places []int
	for _, d := range digests {
		place, err := b.Add(d)
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, place)
	}
	root := b.Root()
	var out []*vc.Receipt
	for i, place := range places {
		r, err := b.Receipt(place)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Root(digests[i]); got != root {
			t.Errorf("receipt %d: got root %x, want %x", i, got, root)
		}
		out = append(out, r)
	}
	return b, out
}

func TestReceiptBatch(t *testing.T) {
	var digests [][32]byte
	for range 4 {
		var d [32]byte
		rand.Read(d[:])
		digests = append(digests, d)
	}
	b, receipts := newBatch(t, 2, digests...)
	if _, err := b.Add(digests[0]); !errors.Is(err, vc.ErrReceiptBatch) {
		t.Errorf("Add after Root: got %v, want ErrReceiptBatch", err)
	}
	for i, r := range receipts {
		back, err := vc.ParseReceipt(r.String())
		if err != nil || back.String() != r.String() {
			t.Fatalf("receipt %d: got %v, %v", i, back, err)
		}
		if other := digests[(i+1)%len(digests)]; r.Root(other) == b.Root() {
			t.Errorf("receipt %d serves another credential", i)
		}
	}
	full, _ := vc.NewReceiptBatch(1)
	for range 2 {
		if _, err := full.Add(digests[0]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := full.Add(digests[0]); !errors.Is(err, vc.ErrReceiptBatch) {
		t.Errorf("Add beyond the height: got %v, want ErrReceiptBatch", err)
	}
	if _, err := full.Receipt(0); err == nil {
		t.Error("got a receipt before the root was made")
	}
	if _, err := vc.NewReceiptBatch(vc.MaxReceiptHeight + 1); err == nil {
		t.Error("got a batch over the greatest height")
	}
	// A batch of one looks like a full one.
	one, rs := newBatch(t, 0, digests[0])
	if len(rs[0].String()) != 456 || one.Root() == ([32]byte{}) {
		t.Errorf("got a receipt of %d characters, want 456", len(rs[0].String()))
	}
	unused := 0
	for place := range 1 << vc.DefaultReceiptHeight {
		if _, err := one.Receipt(place); err != nil {
			unused++
		}
	}
	if want := 1<<vc.DefaultReceiptHeight - 1; unused != want {
		t.Errorf("got no receipt at %d places, want %d", unused, want)
	}
}

func TestParseReceiptRefuses(t *testing.T) {
	_, rs := newBatch(t, 3, [32]byte{1})
	good := rs[0].String()
	for name, text := range map[string]string{
		"empty":           "",
		"short":           good[:len(good)-4],
		"long":            good + "AAAA",
		"version":         "A" + "g" + good[2:],
		"height":          good[:1] + "R" + good[2:],
		"place":           good[:4] + "_" + good[5:],
		"line break":      good[:8] + "\n" + good[8:],
		"padding":         good + "=",
		"over the height": strings.Repeat("A", 2000),
	} {
		if _, err := vc.ParseReceipt(text); !errors.Is(err, vc.ErrReceipt) {
			t.Errorf("%s: got %v, want ErrReceipt", name, err)
		}
	}
}

// TestReceiptChangesWithEveryByte flips each byte of a receipt: it never again leads to the root.
func TestReceiptChangesWithEveryByte(t *testing.T) {
	digest := [32]byte{7}
	b, rs := newBatch(t, 4, digest)
	good := []byte(rs[0].String())
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range good {
		for _, c := range []byte(alphabet) {
			if c == good[i] {
				continue
			}
			text := slices.Clone(good)
			text[i] = c
			if r, err := vc.ParseReceipt(string(text)); err == nil && r.Root(digest) == b.Root() {
				t.Fatalf("character %d as %c: still leads to the root", i, c)
			}
		}
	}
}

// TestReceiptPolicy has a key that was retired or compromised, and a thief who writes any date with it.
func TestReceiptPolicy(t *testing.T) {
	digest := [32]byte{9}
	b, rs := newBatch(t, 2, digest)
	_, foreign := newBatch(t, 2, digest)
	added, removed := now.AddDate(0, -2, 0), now.Add(-time.Hour)
	anchor := func(seq uint64, at time.Time) []did.Anchored {
		return []did.Anchored{{Root: [32]byte{1}, Seq: 0, Time: added}, {Root: b.Root(), Seq: seq, Time: at}}
	}
	before, after := now.Add(-20*time.Hour), now.Add(-time.Minute)
	for _, c := range []struct {
		name     string
		status   did.KeyStatus
		policy   vc.RetiredKeys
		receipt  *vc.Receipt
		anchored []did.Anchored
		change   func(s *scene, k *did.ResolvedKey)
		want     string
	}{
		{name: "retired, no receipt asked", status: did.KeyRetired},
		{name: "retired, refused", status: did.KeyRetired, policy: vc.RefuseRetiredKeys, receipt: rs[0], anchored: anchor(3, before), want: "vc.issuer.key.retired"},
		{name: "retired, receipt", status: did.KeyRetired, policy: vc.RetiredKeysWithReceipt, receipt: rs[0], anchored: anchor(3, before)},
		{name: "retired, none", status: did.KeyRetired, policy: vc.RetiredKeysWithReceipt, anchored: anchor(3, before), want: "vc.receipt.missing"},
		{name: "retired, not anchored", status: did.KeyRetired, policy: vc.RetiredKeysWithReceipt, receipt: foreign[0], anchored: anchor(3, before), want: "vc.receipt.root"},
		{name: "retired, nothing anchored", status: did.KeyRetired, policy: vc.RetiredKeysWithReceipt, receipt: rs[0], want: "vc.receipt.root"},
		{name: "retired, anchored too late", status: did.KeyRetired, policy: vc.RetiredKeysWithReceipt, receipt: rs[0], anchored: anchor(3, removed), want: "vc.receipt.late"},
		{name: "retired, anchored before the key", status: did.KeyRetired, policy: vc.RetiredKeysWithReceipt, receipt: rs[0], anchored: anchor(3, added.Add(-time.Hour)), want: "vc.receipt.early"},
		{
			name: "retired, issued after the anchor", status: did.KeyRetired, policy: vc.RetiredKeysWithReceipt, receipt: rs[0], anchored: anchor(3, before.Add(-6*time.Hour)),
			want: "vc.receipt.early",
		},
		{
			name: "retired, another format", status: did.KeyRetired, policy: vc.RetiredKeysWithReceipt, receipt: rs[0], anchored: anchor(3, before),
			change: func(s *scene, _ *did.ResolvedKey) { s.keys.asked = []question{} }, want: "vc.receipt.format",
		},
		{
			name: "method ended by its own date", status: did.KeyActive, policy: vc.RetiredKeysWithReceipt, receipt: rs[0], anchored: anchor(3, after),
			change: func(_ *scene, k *did.ResolvedKey) { k.Removed, k.Method.Expires = time.Time{}, removed }, want: "vc.receipt.late",
		},
		{name: "compromised, receipt from before", status: did.KeyCompromised, receipt: rs[0], anchored: anchor(4, before)},
		{name: "compromised, none", status: did.KeyCompromised, anchored: anchor(4, before), want: "vc.issuer.key.compromised"},
		{name: "compromised, the thief's own anchor", status: did.KeyCompromised, receipt: rs[0], anchored: anchor(5, before), want: "vc.receipt.late"},
		{name: "compromised, anchored after removal", status: did.KeyCompromised, receipt: rs[0], anchored: anchor(4, after), want: "vc.receipt.late"},
		{
			name: "compromised, date before the key", status: did.KeyCompromised, receipt: rs[0], anchored: anchor(4, before),
			change: func(s *scene, _ *did.ResolvedKey) { s.doc.origin.IssuedAt = added.Add(-time.Hour) }, want: "vc.receipt.early",
		},
		{name: "unknown status", status: 0, receipt: rs[0], anchored: anchor(3, before), want: "vc.issuer.key.compromised"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			k := s.keys.answers[authorityKey]
			k.Status, k.Added, k.Removed, k.Anchored, k.CompromisedSince = c.status, added, removed, c.anchored, 5
			s.expect.RetiredKeys = c.policy
			var p vc.Presentation = issuance{s.doc, digest}
			if c.change != nil {
				if c.change(s, k); s.keys.asked != nil {
					p = s.doc
				}
			}
			if c.receipt != nil {
				p = vc.WithReceipt(p, c.receipt)
			}
			_, report, err := vc.NewVerifier(s.keys, func() time.Time { return now }).Verify(t.Context(), p, s.expect)
			if got := vc.Code(err); got != c.want {
				t.Fatalf("got %q (%v), want %q", got, err, c.want)
			}
			if c.want == "" && c.receipt != nil && !strings.Contains(report.Checks[4].Detail, "committed to the credential on 2026-10-31") {
				t.Errorf("the report says %q of the receipt", report.Checks[4].Detail)
			}
		})
	}
}

func TestEvidenceNeeds(t *testing.T) {
	for _, c := range []struct {
		name     string
		evidence did.Evidence
		needs    vc.EvidenceNeeds
		want     string
	}{
		{"replayed", did.Evidence{Replayed: true, OperatorTime: true}, vc.EvidenceNeeds{}, ""},
		{"not latest", did.Evidence{Replayed: true}, vc.EvidenceNeeds{Latest: true}, "evidence.notlatest"},
		{"latest", did.Evidence{Replayed: true, Latest: true}, vc.EvidenceNeeds{Latest: true, NoOperatorTime: true}, ""},
		{"operator's time", did.Evidence{Replayed: true, Latest: true, OperatorTime: true}, vc.EvidenceNeeds{NoOperatorTime: true}, "evidence.operatortime"},
		{"auditors not trusted", did.Evidence{Latest: true}, vc.EvidenceNeeds{Latest: true}, "evidence.none"},
		{"auditors trusted", did.Evidence{Latest: true}, vc.EvidenceNeeds{TrustAuditors: true}, ""},
		{"auditors trusted, nothing proven", did.Evidence{Included: true}, vc.EvidenceNeeds{TrustAuditors: true}, "evidence.none"},
		{"genesis", did.Evidence{Replayed: true, GenesisOnly: true}, vc.EvidenceNeeds{}, "evidence.genesis"},
		{"genesis, absent", did.Evidence{Replayed: true, GenesisOnly: true, Absent: true}, vc.EvidenceNeeds{Latest: true}, ""},
	} {
		for _, who := range []string{"issuer", "holder"} {
			t.Run(c.name+", "+who, func(t *testing.T) {
				s := newScene(t)
				url, needs := authorityKey, &s.expect.IssuerEvidence
				if who == "holder" {
					url, needs = citizenKey, &s.expect.HolderEvidence
				}
				c.evidence.AsOf, *needs = now, c.needs
				s.keys.answers[url].Evidence = c.evidence
				_, _, err := s.verify(t)
				want := c.want
				if want != "" {
					want = "vc." + who + "." + want
				}
				if got := vc.Code(err); got != want {
					t.Errorf("got %q (%v), want %q", got, err, want)
				}
			})
		}
	}
}

func FuzzParseReceipt(f *testing.F) {
	b, _ := vc.NewReceiptBatch(2)
	place, _ := b.Add([32]byte{1})
	b.Root()
	r, _ := b.Receipt(place)
	f.Add(r.String())
	f.Add("AQA")
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := vc.ParseReceipt(text); err == nil && r.String() != text {
			t.Errorf("got %q back for %q", r.String(), text)
		}
	})
}
