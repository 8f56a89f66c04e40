package realdid_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/internal/vectors"
)

// everyBundle has a bundle of each shape, with who asks.
func everyBundle(t *testing.T, w *proving) map[string]struct {
	id     did.DID
	bundle []byte
} {
	t.Helper()
	id := fixedLife(t, w.world)
	_, long := unregistered(t)
	plain := must(realdid.New(w.lg.Ledger, &realdid.Options{Clock: w.lg.clock}))(t)
	type asked = struct {
		id     did.DID
		bundle []byte
	}
	return map[string]asked{
		"operations":         {id, w.bundle(id, false)},
		"state":              {id, w.bundle(id, true)},
		"absent":             {long, w.bundle(long, false)},
		"no proof":           {id, must(plain.Prove(t.Context(), id, nil))(t)},
		"nothing but itself": {long, must(plain.Prove(t.Context(), long, nil))(t)},
	}
}

// TestEveryMutantIsRefused flips every byte of a bundle, one at a time, in two ways (in every way with REALDID_MUTANTS set, and every
// seventh byte under the race detector), and cuts and lengthens it. There is not one byte that does not count.
func TestEveryMutantIsRefused(t *testing.T) {
	w := newProvingWorld(t)
	flips := []byte{0x01, 0xff}
	if os.Getenv("REALDID_MUTANTS") != "" {
		flips = nil
		for x := range 255 {
			flips = append(flips, byte(x+1))
		}
	}
	for name, b := range everyBundle(t, w) {
		w.verify(b.id, b.bundle, nil)
		refuse := func(how string, i int, mutant []byte) {
			if _, err := w.v.Verify(t.Context(), b.id, mutant, nil); err == nil {
				t.Errorf("%s: %s at %d of %d is accepted", name, how, i, len(b.bundle))
			}
		}
		for i := range b.bundle {
			if raceEnabled && i%7 != 0 {
				continue
			}
			for _, flip := range flips {
				mutant := bytes.Clone(b.bundle)
				mutant[i] ^= flip
				refuse("a flip", i, mutant)
			}
			refuse("a cut", i, b.bundle[:i])
		}
		refuse("one byte more", len(b.bundle), append(bytes.Clone(b.bundle), 0))
	}
}

// bundleObject reads a bundle with a general library.
func changeBundle(t *testing.T, b []byte, change func(o object)) []byte {
	t.Helper()
	o := decodeObject(t, b)
	change(o)
	return cborBytes(t, o)
}

// changeLatest changes the proof in a bundle.
func changeLatest(t *testing.T, b []byte, change func(l *proof.Latest)) []byte {
	t.Helper()
	return changeBundle(t, b, func(o object) {
		l := must(proof.ParseLatest(o[6].([]byte)))(t)
		change(l)
		o[6] = must(l.Bytes())(t)
	})
}

func FuzzParseBundle(f *testing.F) {
	for _, v := range vectors.Read[bundleSetting, bundleVector](f, "realdid/bundles").Vectors {
		f.Add([]byte(v.Bundle))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := realdid.ParseBundle(b)
		if err != nil {
			return
		}
		if !bytes.Equal(p.Bytes(), b) || p.DID().IsZero() {
			t.Fatalf("got %x, want %x", p.Bytes(), b)
		}
		p.Origin()
		_, _ = p.JSON()
		v, err := realdid.NewVerifier(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := v.Verify(t.Context(), p.DID(), b, nil); err == nil && (r.Evidence.Latest || r.Evidence.Included || r.Evidence.Absent) {
			t.Fatalf("without any trust: %+v", r.Evidence)
		}
	})
}
