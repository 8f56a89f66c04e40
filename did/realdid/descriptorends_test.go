package realdid_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// threeLedgers has the ledgers main, second and third, of which second has ended, and main succeeds it.
func threeLedgers(t *testing.T) *realdid.DescriptorBody {
	t.Helper()
	b := endedDomain(t)
	b.Ledgers = append(b.Ledgers, realdid.LedgerEntry{
		Home: "third", Origin: "third.example", Log: noteSigner(t, "third.example", proof.LogEd25519).Verifier(),
	})
	return b
}

// TestDescriptorKeepsLedgers: what a descriptor says of ledgers for good, those that follow it cannot take back.
func TestDescriptorKeepsLedgers(t *testing.T) {
	now := start
	first := signDescriptor(t, threeLedgers(t), 0, 1)
	try := func(change func(b *realdid.DescriptorBody)) error {
		lg := newChainLedger(func() time.Time { return now })
		_, err := first.Publish(t.Context(), lg)
		ok(t, "first", err)
		b := first.Successor()
		change(b)
		_, err = signDescriptor(t, b, 0, 1).Publish(t.Context(), lg)
		return err
	}
	for what, change := range map[string]func(b *realdid.DescriptorBody){
		"the same":        func(*realdid.DescriptorBody) {},
		"other addresses": func(b *realdid.DescriptorBody) { b.Ledgers[2].URLs = []string{"https://third.example/"} },
		"another order":   func(b *realdid.DescriptorBody) { slices.Reverse(b.Ledgers) },
		"one ends": func(b *realdid.DescriptorBody) {
			b.Ledgers[2].Final, b.Ledgers[2].Successor = &realdid.FinalCheckpoint{Size: 3}, "main"
		},
		"a successor ends": func(b *realdid.DescriptorBody) {
			b.Ledgers[0], b.Ledgers[2] = b.Ledgers[2], b.Ledgers[0]
			b.Ledgers[2].Final, b.Ledgers[2].Successor = &realdid.FinalCheckpoint{Size: 3}, "third"
		},
	} {
		ok(t, what, try(change))
	}
	for what, c := range map[string]struct {
		text   string
		change func(b *realdid.DescriptorBody)
	}{
		"the successor ends, and another one is named": {"another successor", func(b *realdid.DescriptorBody) {
			b.Ledgers[0], b.Ledgers[2] = b.Ledgers[2], b.Ledgers[0]
			b.Ledgers[2].Final, b.Ledgers[2].Successor = &realdid.FinalCheckpoint{Size: 3}, "third"
			b.Ledgers[1].Successor = "third"
		}},
		"no successor any more":    {"another successor", func(b *realdid.DescriptorBody) { b.Ledgers[1].Successor = "" }},
		"no end any more":          {"another end", func(b *realdid.DescriptorBody) { b.Ledgers[1].Final, b.Ledgers[1].Successor = nil, "" }},
		"a later end":              {"another end", func(b *realdid.DescriptorBody) { b.Ledgers[1].Final.Size++ }},
		"an end with another root": {"another end", func(b *realdid.DescriptorBody) { b.Ledgers[1].Final.Root[0] ^= 1 }},
		"an ended ledger left out": {"left out", func(b *realdid.DescriptorBody) { b.Ledgers = slices.Delete(b.Ledgers, 1, 2) }},
		"a living ledger left out": {"left out", func(b *realdid.DescriptorBody) { b.Ledgers = b.Ledgers[:2] }},
		"a name on another origin": {"another origin or log key", func(b *realdid.DescriptorBody) { b.Ledgers[2].Origin = "fourth.example" }},
		"a name under another key": {"another origin or log key", func(b *realdid.DescriptorBody) {
			b.Ledgers[2].Log = noteSigner(t, "fourth.example", proof.LogEd25519).Verifier()
		}},
		"an ended ledger succeeds": {"the successor has ended", func(b *realdid.DescriptorBody) {
			b.Ledgers[2].Final, b.Ledgers[2].Successor = &realdid.FinalCheckpoint{Size: 3}, "second"
		}},
	} {
		if err := try(c.change); !errors.Is(err, ledger.ErrInvalid) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v, want %q", what, err, c.text)
		}
	}
	b := threeLedgers(t)
	b.Ledgers[2].Final, b.Ledgers[2].Successor = &realdid.FinalCheckpoint{Size: 3}, "second"
	if _, err := signDescriptor(t, b, 0, 1).Publish(t.Context(), newChainLedger(time.Now)); !errors.Is(err, ledger.ErrInvalid) || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("a first descriptor with a successor that has ended: got %v", err)
	}
}
