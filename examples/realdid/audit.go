package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
)

// auditJSON is what did audit prints.
type auditJSON struct {
	Entries     uint64      `json:"entries"`
	Identifiers int         `json:"identifiers"`
	Faults      []faultJSON `json:"faults"`
	Unchecked   []faultJSON `json:"unchecked,omitempty"` // imports from ledgers that nobody is trusted as
}

type faultJSON struct {
	Index  uint64 `json:"ledgerIndex"`
	Key    string `json:"key"`
	Entry  uint64 `json:"entry"`
	Time   string `json:"time"`
	Reason string `json:"reason"`
}

func newDIDAudit(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "audit",
		Short: "Replay the whole ledger and name every faulty entry",
		Long: `Replays every entry of every identity on the ledger, all signatures checked, and names those that do not count or that break the
ledger's own order. Exit status 1 if there are any.`,
		Example: `  realdid did audit
  realdid did audit --ledger /mnt/copy --json`,
	}
	return verb(c, func(c *cobra.Command, _ []string) error {
		o, err := a.openLedger(false)
		if err != nil {
			return err
		}
		defer o.Close()
		tick, end := a.progress("entries checked:")
		preds, err := a.predecessors(o.net)
		if err != nil {
			return err
		}
		report, err := realdid.AuditFrom(c.Context(), &ticking{o.ledger, tick}, o.net, preds, a.now())
		end()
		if err != nil {
			return err
		}
		return a.showAudit(report)
	})
}

// ticking is a Follower that tells how far it is.
type ticking struct {
	ledger.Follower
	tick func(uint64)
}

// Follow implements ledger.Follower.
func (t *ticking) Follow(ctx context.Context, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		n := uint64(0)
		for e, err := range t.Follower.Follow(ctx, from) {
			if n++; n%1024 == 0 {
				t.tick(n)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (a *app) showAudit(r *realdid.AuditReport) error {
	out := auditJSON{Entries: r.Entries, Identifiers: r.Identifiers, Faults: []faultJSON{}}
	named := func(f realdid.Fault) faultJSON {
		return faultJSON{f.Entry.Anchor.Index, f.Entry.Key, f.Entry.Seq, timeText(f.Entry.Anchor.Time), explainLibrary(f.Err).detail}
	}
	for _, f := range r.Faults {
		out.Faults = append(out.Faults, named(f))
	}
	for _, f := range r.Unchecked {
		out.Unchecked = append(out.Unchecked, named(f))
	}
	if a.flags.json {
		if err := a.printJSON(out); err != nil {
			return err
		}
	} else {
		s := sheet{p: a.paint}
		s.add("entries", fmt.Sprint(out.Entries))
		s.add("identifiers", fmt.Sprint(out.Identifiers))
		for i, f := range out.Faults {
			s.add(first(i, "faults"), fmt.Sprintf("index %d", f.Index), f.Key, f.Reason)
		}
		if len(out.Faults) == 0 {
			s.tinted(a.paint.green, "faults", "none")
		}
		for i, f := range out.Unchecked {
			s.add(first(i, "unchecked"), fmt.Sprintf("index %d", f.Index), f.Key, f.Reason)
		}
		s.write(a.stdout)
	}
	if n := len(out.Faults); n > 0 {
		return &failure{status: statusInvalid, quiet: true, detail: plural(n, "faulty entry"), hint: "what the method refuses does not count; what lies in the future means that the ledger's clock was ahead of yours (--at)"}
	}
	if n := len(out.Unchecked); n > 0 {
		return uncheckedFailure(n)
	}
	return nil
}

func uncheckedFailure(n int) error {
	return &failure{
		status: statusUnknown, quiet: true, detail: plural(n, "entry") + " that could not be checked",
		hint: "identities came from a ledger of which nothing is known here: --domain names whom to trust",
	}
}
