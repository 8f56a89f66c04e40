package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/realdid"
)

// historyEntryJSON is an entry of did history.
type historyEntryJSON struct {
	Entry     uint64  `json:"entry"` // place among the entries of the identity
	Index     uint64  `json:"ledgerIndex"`
	Time      string  `json:"time"`
	Operation string  `json:"operation,omitempty"` // absent if the entry is not one
	Sequence  *uint64 `json:"sequence,omitempty"`  // among the valid operations
	VersionID string  `json:"versionId,omitempty"`
	Valid     bool    `json:"valid"`
	Reason    string  `json:"reason,omitempty"` // why it does not count
	Effective string  `json:"effective,omitempty"`
	Status    string  `json:"status"` // "valid", "pending", "set aside", "refused"
}

func newDIDHistory(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "history [DID|NAME]",
		Short: "Show every operation of an identity, refused ones included",
		Long:  `Replays the history of an identity (default: that of --as) and shows every entry with what became of it.`,
		Example: `  realdid did history alice
  realdid did history did:realdid:qaaaa… --json`,
		Args: args(0, 1),
	}
	c.ValidArgsFunction = a.completeNames
	return verb(c, func(c *cobra.Command, args []string) error {
		u, err := a.resolveArgument(args)
		if err != nil {
			return err
		}
		o, err := a.openLedger(false)
		if err != nil {
			return err
		}
		defer o.Close()
		entries, err := o.History(c.Context(), u.DID())
		if err != nil {
			return err
		}
		out := make([]historyEntryJSON, len(entries))
		valid := uint64(0)
		for i, e := range entries {
			out[i] = describeEntry(e, a.now())
			if e.Err == nil {
				seq := valid
				out[i].Sequence = &seq
				valid++
			}
		}
		if a.flags.json {
			return a.printJSON(map[string]any{"did": u.DID().String(), "entries": out})
		}
		a.showHistory(u.DID().String(), out)
		return nil
	})
}

func describeEntry(e realdid.HistoryEntry, now time.Time) historyEntryJSON {
	h := historyEntryJSON{
		Entry: e.Entry.Seq, Index: e.Entry.Anchor.Index, Time: timeText(e.Entry.Anchor.Time), Valid: e.Err == nil, Effective: timeText(e.Effective),
	}
	if e.Operation != nil {
		h.Operation, h.VersionID = e.Operation.Type().String(), e.Operation.VersionID()
	}
	switch {
	case e.Err != nil:
		h.Status, h.Reason = "refused", strings.TrimPrefix(firstLine(e.Err.Error()), "realdid: ")
	case e.Effective.IsZero():
		h.Status = "set aside"
	case e.Effective.After(now):
		h.Status = "pending"
	default:
		h.Status = "valid"
	}
	return h
}

func (a *app) showHistory(did string, entries []historyEntryJSON) {
	fmt.Fprintln(a.stdout, a.paint.bold(clean(did)))
	s := sheet{p: a.paint}
	s.add("#", "operation", "time", "status", "version")
	for _, e := range entries {
		op, status := e.Operation, e.Status
		if op == "" {
			op = "?"
		}
		t, _ := time.Parse(time.RFC3339, e.Time)
		tint := a.paint.green
		switch e.Status {
		case "refused":
			status, tint = "refused: "+e.Reason, a.paint.red
		case "pending":
			effective, _ := time.Parse(time.RFC3339, e.Effective)
			status, tint = "pending until "+when(effective), a.paint.yellow
		case "set aside":
			tint = a.paint.yellow
		}
		s.tinted(tint, fmt.Sprint(e.Entry), op, when(t), status, e.VersionID)
	}
	s.write(a.stdout)
}
