package realdid_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/internal/vectors"
)

// A step from a descriptor that is trusted to the next one, with the proof that this is the newest on the ledger of the former.
type descriptorStepVector struct {
	Name   string   `json:"name"`
	Before string   `json:"before"`
	File   string   `json:"file"`
	Proof  hexBytes `json:"proof"`
	Now    string   `json:"now"`
	Valid  bool     `json:"valid"`
}

// descriptorSteps makes the vectors. The ledger proves whatever it is told, so that a step is refused for its own fault alone.
func descriptorSteps(t *testing.T) (made []descriptorStepVector) {
	first := signDescriptor(t, threeLedgers(t), 0, 1)
	lg := domainLedger(t, first, func() time.Time { return start })
	proven := func(sequence uint64, digest realdid.Digest) []byte {
		lg.forge = func(heads map[string][]byte) {
			root := make([]byte, 32)
			heads[first.Key()] = cborBytes(t, object{0: 1, 1: sequence, 2: digest[:], 3: root, 4: root, 5: 1, 6: start.Unix()})
		}
		lg.seal()
		return must(lg.Prove(t.Context(), first.Key(), 0))(t)
	}
	put := func(name string, valid bool, before, next *realdid.Descriptor, logged []byte) {
		v := descriptorStepVector{name, string(before.Bytes()), string(next.Bytes()), logged, start.Format(time.RFC3339), valid}
		if _, err := before.Next([]byte(v.File), logged, start); (err == nil) != valid {
			t.Fatalf("%s: got %v, want valid %v", name, err, valid)
		}
		made = append(made, v)
	}
	step := func(name string, valid bool, change func(b *realdid.DescriptorBody), roots ...int) {
		b := rotated(t, first)
		change(b)
		next := signDescriptor(t, b, roots...)
		put(name, valid, first, next, proven(next.Sequence, next.Digest()))
	}
	type body = realdid.DescriptorBody
	step("the root keys are rotated", true, func(*body) {}, 0, 1, 2, 3)
	step("signed by enough of both", true, func(*body) {}, 1, 2)
	step("too few of the old root keys", false, func(*body) {}, 1, 3)
	step("a signature by somebody else", false, func(*body) {}, 0, 1, 2, 4)
	step("a number left out", false, func(b *body) { b.Sequence = 2 }, 0, 1, 2)
	step("another predecessor", false, func(b *body) { b.Previous = strings.Repeat("a", 52) }, 0, 1, 2)
	step("another chain", false, func(b *body) { b.ID = strings.Repeat("a", 52) }, 0, 1, 2)
	step("another trust domain", false, func(b *body) { b.Domain = "other" }, 0, 1, 2)
	ledgers := func(name string, valid bool, change func(l []realdid.LedgerEntry) []realdid.LedgerEntry) {
		step(name, valid, func(b *body) { b.Ledgers = change(b.Ledgers) }, 0, 1, 2)
	}
	each := func(name string, valid bool, change func(l []realdid.LedgerEntry)) {
		ledgers(name, valid, func(l []realdid.LedgerEntry) []realdid.LedgerEntry { change(l); return l })
	}
	each("other addresses of a ledger", true, func(l []realdid.LedgerEntry) { l[2].URLs = []string{"https://third.example/"} })
	each("another ledger first", true, func(l []realdid.LedgerEntry) { l[0], l[2] = l[2], l[0] })
	each("a ledger ends", true, func(l []realdid.LedgerEntry) { l[2].Final, l[2].Successor = &realdid.FinalCheckpoint{Size: 3}, "main" })
	each("a ledger ends without a successor", true, func(l []realdid.LedgerEntry) { l[2].Final = &realdid.FinalCheckpoint{Size: 3} })
	each("a successor ends", true, func(l []realdid.LedgerEntry) {
		l[0], l[2] = l[2], l[0]
		l[2].Final, l[2].Successor = &realdid.FinalCheckpoint{Size: 3}, "third"
	})
	each("no successor any more", false, func(l []realdid.LedgerEntry) { l[1].Successor = "" })
	each("another successor", false, func(l []realdid.LedgerEntry) { l[1].Successor = "third" })
	each("no end any more", false, func(l []realdid.LedgerEntry) { l[1].Final, l[1].Successor = nil, "" })
	each("a later end", false, func(l []realdid.LedgerEntry) { l[1].Final.Size++ })
	each("an end with another root", false, func(l []realdid.LedgerEntry) { l[1].Final.Root[0] ^= 1 })
	ledgers("an ended ledger left out", false, func(l []realdid.LedgerEntry) []realdid.LedgerEntry { return slices.Delete(l, 1, 2) })
	ledgers("a living ledger left out", false, func(l []realdid.LedgerEntry) []realdid.LedgerEntry { return l[:2] })
	each("a name on another origin", false, func(l []realdid.LedgerEntry) { l[2].Origin = "fourth.example" })
	each("a name under another key", false, func(l []realdid.LedgerEntry) {
		l[2].Log = noteSigner(t, "fourth.example", proof.LogEd25519).Verifier()
	})
	each("an ended ledger succeeds", false, func(l []realdid.LedgerEntry) {
		l[2].Final, l[2].Successor = &realdid.FinalCheckpoint{Size: 3}, "second"
	})

	next := signDescriptor(t, rotated(t, first), 0, 1, 2)
	put("not logged", false, first, next, proven(0, first.Digest()))
	put("another one is logged in its place", false, first, next, proven(1, signDescriptor(t, first.Successor(), 0, 1).Digest()))
	put("logged at another place", false, first, next, proven(2, next.Digest()))
	put("the proof is of another key", false, first, next, must(lg.Prove(t.Context(), "another", 0))(t))
	good := proven(1, next.Digest())
	lg.cosigners = lg.cosigners[2:]
	put("under too few cosigners", false, first, next, proven(1, next.Digest()))
	put("a step further than the proof", false, next, signDescriptor(t, next.Successor(), 1, 2), good)
	return made
}

func TestDescriptorStepVectors(t *testing.T) {
	compareVectors(t, "descriptor-steps", descriptorSteps(t))
	for _, v := range vectors.Read[vectors.None, descriptorStepVector](t, "realdid/descriptor-steps").Vectors {
		now := must(time.Parse(time.RFC3339, v.Now))(t)
		before := must(realdid.ParseDescriptor([]byte(v.Before)))(t)
		if _, err := before.Next([]byte(v.File), v.Proof, now); (err == nil) != v.Valid {
			t.Errorf("%s: got %v, want valid %v", v.Name, err, v.Valid)
		}
	}
}
