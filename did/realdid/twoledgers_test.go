package realdid_test

import (
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// two is a trust domain with two ledgers that prove, main and second, each of which admits what departed from the other.
type two struct {
	*testing.T
	now            time.Time
	main, second   *provingLedger
	atMain, there  *realdid.Method
	toMain, toThat realdid.Predecessors // of each
}

const secondOrigin = "second.example/realdid"

var secondNet = realdid.Network{Home: "second"}

func newTwo(t *testing.T) *two {
	t.Helper()
	w := &two{T: t, now: start}
	w.toThat = realdid.Predecessors{{Home: "main", Trust: newProving(t, realdid.Network{}, w.clock).trust}}
	w.second = newProvingAt(t, secondOrigin, secondNet.ReducerFrom(w.toThat), w.clock)
	w.toMain = realdid.Predecessors{{Home: "second", Trust: w.second.trust}}
	w.main = newProvingAt(t, testOrigin, realdid.Network{}.ReducerFrom(w.toMain), w.clock)
	w.atMain = must(realdid.New(w.main, &realdid.Options{Clock: w.clock, Trust: w.main.trust, Predecessors: w.toMain}))(t)
	w.there = must(realdid.New(w.second, &realdid.Options{Network: secondNet, Clock: w.clock, Trust: w.second.trust, Predecessors: w.toThat}))(t)
	return w
}

func (w *two) clock() time.Time { return w.now }

func (w *two) wait(d time.Duration) { w.now = w.now.Add(d) }

// born registers the identifier of fixed on main.
func (w *two) born() did.DID {
	w.Helper()
	return must(w.atMain.Submit(w.Context(), mustParse(w, fixed(w).first)))(w.T).DID
}

// announce reveals next key n, commits to n+1 and waits until the notice is over.
func (w *two) announce(m *realdid.Method, id did.DID, to string, n int) {
	w.Helper()
	r := must(m.Migrate(w.Context(), id, &realdid.MigrateRequest{To: to, Reveal: pub(ed(n)), Next: commit(ed(n + 1))}, ed(n)))(w.T)
	_, ready, _, _ := r.State.Migration()
	w.now = ready
}

// moved takes an identifier of control key 0 and next key n away.
func (w *two) moved(m *realdid.Method, id did.DID, to string, n int) {
	w.Helper()
	w.announce(m, id, to, n)
	must(m.Depart(w.Context(), id, to, ed(0)))(w.T)
}

// carried is the bundle that is imported.
func (w *two) carried(m *realdid.Method, id did.DID) *realdid.Bundle {
	w.Helper()
	return must(m.Bundle(w.Context(), id, &realdid.BundleOptions{WithoutOperations: true}))(w.T)
}

// trusted are both ledgers, for a verifier.
func (w *two) trusted() []realdid.TrustedLedger {
	return []realdid.TrustedLedger{{Trust: w.main.trust}, {Network: secondNet, Trust: w.second.trust}}
}

func (w *two) verifier(ledgers ...realdid.TrustedLedger) *realdid.Verifier {
	w.Helper()
	return must(realdid.NewVerifier(ledgers, &realdid.VerifierOptions{Clock: w.clock}))(w.T)
}

// ended is how main ends now.
func (w *two) ended() *realdid.Final {
	w.Helper()
	w.main.seal()
	return &realdid.Final{Size: w.main.size(), Root: must(proof.Root(w.main, w.main.size()))(w.T), Successor: "second"}
}

// withoutAuditors is a policy under which nothing is the newest.
func withoutAuditors(t *proof.Trust) *proof.Trust {
	c := *t
	c.Quorum.Auditors = 0
	return &c
}
