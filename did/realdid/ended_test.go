package realdid_test

import (
	"testing"
	"time"

	"github.com/realdid/realdid/did/realdid"
)

// TestAbsentAfterTheEnd: a ledger that has ended proves no more that it has nothing, except by the checkpoint with which it did.
func TestAbsentAfterTheEnd(t *testing.T) {
	w := newTwo(t)
	w.born()
	_, long := unregistered(t)
	final := w.ended()
	for _, goesOn := range []bool{false, true} {
		if goesOn {
			w.wait(time.Hour)
			w.main.seal()
		}
		ended := must(realdid.New(w.main, &realdid.Options{Clock: w.clock, Trust: w.main.trust, Final: final}))(t)
		if r := must(ended.Resolve(t.Context(), long, nil))(t); !r.Evidence.GenesisOnly || r.Evidence.Absent == goesOn {
			t.Errorf("after the final checkpoint: %v: got %+v", goesOn, r.Evidence)
		}
	}
}
