package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
)

// monitorEventJSON is a line that log monitor prints.
type monitorEventJSON struct {
	Event     string  `json:"event"` // "watching", "change", "rewritten", "equivocation" or "unchecked"
	DID       string  `json:"did"`
	Name      string  `json:"name,omitempty"` // in this home
	At        string  `json:"at"`
	Sequence  *uint64 `json:"sequence,omitempty"` // of the operation
	Operation string  `json:"operation,omitempty"`
	VersionID string  `json:"versionId,omitempty"`
	Time      string  `json:"time,omitempty"` // that the ledger gave the operation
	Index     *uint64 `json:"ledgerIndex,omitempty"`
	Detail    string  `json:"detail,omitempty"`
}

// alarming tells whether somebody has to look.
func (e *monitorEventJSON) alarming() bool {
	return e.Event == "change" || e.Event == "rewritten" || e.Event == "equivocation"
}

type monitorFlags struct {
	mine, once     bool
	interval, wait time.Duration
	command        string
}

func newLogMonitor(a *app) *cobra.Command {
	var f monitorFlags
	c := &cobra.Command{
		Use:   "monitor [DID|NAME…]",
		Short: "Watch identities, and alert on every change that this home did not make",
		Long: `Asks the ledger at intervals for the proven history of identities, --mine for all of this home, and prints a line for each operation that
this home did not make: a thief's, a recovery that guardians file, or your own from another device. A history that was replaced, and a log
that signed two histories, are reported as well, and so is what could not be checked, which a watcher must not take for silence. An identity that
this home did not create is watched from the first look on. What was reported is remembered, and not reported again.

--once looks once: exit status 1 if something was reported, 2 if something could not be checked, else 0. --exec CMD runs a command of the shell
for each alert, with its JSON on standard input and REALDID_EVENT and REALDID_DID in its environment; an alert whose command fails comes again.`,
		Example: `  realdid log monitor --mine --domain ./demo --once
  realdid log monitor did:realdid:qaaaa… --domain ./demo --interval 5m --json
  realdid log monitor --mine --domain ./demo --exec ./alert.sh`,
		Args: args(0, 1000),
	}
	fl := c.Flags()
	fl.BoolVar(&f.mine, "mine", false, "watch every identity of this home")
	fl.BoolVar(&f.once, "once", false, "look once, and tell by the exit status")
	fl.DurationVar(&f.interval, "interval", time.Minute, "between looks")
	fl.DurationVar(&f.wait, "wait", 30*time.Second, "how long to wait for a proof that covers the newest operation")
	fl.StringVar(&f.command, "exec", "", "run `CMD` for each alert")
	c.ValidArgsFunction = a.completeIdentities
	return verb(c, func(c *cobra.Command, args []string) error { return a.logMonitor(c.Context(), args, &f) })
}

// A watch is an identity that is watched.
type watch struct {
	id   did.DID
	name string
}

func (a *app) watches(args []string, mine bool) ([]watch, error) {
	if mine {
		args = append(args, a.home.names(true)...)
	}
	var out []watch
	seen := map[string]bool{}
	for _, arg := range args {
		id, err := a.reachableDID(arg)
		if err != nil {
			return nil, err
		}
		parsed, err := realdid.ParseIdentifier(id)
		if err != nil {
			return nil, usage("other methods have no ledger to watch", "%s is no did:realdid", arg)
		}
		if seen[parsed.Key()] {
			continue
		}
		seen[parsed.Key()] = true
		w := watch{id: id}
		if checkName(arg) == nil {
			w.name = arg
		}
		out = append(out, w)
	}
	if out == nil {
		return nil, usage("name a DID or an identity of this home, or give --mine", "nobody to watch")
	}
	return out, nil
}

func (a *app) logMonitor(ctx context.Context, args []string, f *monitorFlags) error {
	if f.interval <= 0 {
		return usage("for example --interval 5m", "--interval: not a span of time")
	}
	a.ticking()
	list, err := a.watches(args, f.mine)
	if err != nil {
		return err
	}
	place, err := a.ledgerPlace()
	if err != nil {
		return err
	}
	if isURL(place) {
		if err := a.offline("the ledger at " + place); err != nil {
			return err
		}
	}
	m := &monitor{app: a, flags: f, quiet: map[string]string{}}
	if m.domain, err = a.domain(); err != nil {
		return err
	}
	if m.domain == nil {
		a.note("no trust domain (--domain): what the ledger shows is replayed, and nothing proves that it shows everything")
	}
	if f.once {
		if err := m.look(ctx, list); err != nil {
			return err
		}
		switch {
		case m.alarms > 0:
			return &failure{status: statusInvalid, quiet: true, detail: plural(m.alarms, "alert"), hint: "if it was not you: did history shows what happened, did rotate --compromised and did recover take it back"}
		case m.unchecked > 0:
			return &failure{status: statusUnknown, quiet: true, detail: fmt.Sprintf("%s could not be checked", plural(m.unchecked, "identity"))}
		}
		return nil
	}
	for {
		if err := m.look(ctx, list); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(f.interval):
		}
	}
}

// A monitor looks at identities again and again.
type monitor struct {
	app       *app
	flags     *monitorFlags
	domain    *domainFolder
	quiet     map[string]string // what could not be checked, by DID, so that it is told once while it lasts
	alarms    int
	unchecked int
}

// look looks at each identity once. Only a fault of this home is an error.
func (m *monitor) look(ctx context.Context, list []watch) error {
	for _, w := range list {
		err := m.lookAt(ctx, w)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			delete(m.quiet, w.id.String())
			continue
		}
		e := m.event("unchecked", w)
		if isEquivocation(err) {
			e.Event = "equivocation"
		} else {
			m.unchecked++
		}
		f := explainLibrary(err)
		if e.Detail = f.detail; m.quiet[w.id.String()] == e.Detail {
			continue
		}
		if err := m.tell(ctx, e); err != nil {
			return err
		}
		m.quiet[w.id.String()] = e.Detail
	}
	return nil
}

// lookAt compares the history of one identity with what this home has made and reported.
func (m *monitor) lookAt(ctx context.Context, w watch) error {
	ops, err := m.history(ctx, w)
	if err != nil {
		return err
	}
	home := m.app.home
	state, err := home.readWatched()
	if err != nil {
		return err
	}
	made, err := home.madeHere()
	if err != nil {
		return err
	}
	key := w.id.String()
	if parsed, err := realdid.ParseIdentifier(w.id); err == nil {
		key = parsed.Short().String()
	}
	seen, known := state.Watched[key]
	next := 0
	switch {
	case known && (seen.Sequence >= uint64(len(ops)) || ops[seen.Sequence].Operation.VersionID() != seen.VersionID):
		e := m.event("rewritten", w)
		e.Sequence, e.VersionID = &seen.Sequence, seen.VersionID
		e.Detail = "an operation that stood in its history is not there any more"
		if err := m.tell(ctx, e); err != nil {
			return err
		}
	case known:
		next = int(seen.Sequence) + 1
	case len(ops) > 0 && !made[ops[0].Operation.VersionID()]: // somebody else's, or from before this home took notes
		next = len(ops)
		if err := m.tell(ctx, m.operation("watching", w, ops, next-1)); err != nil {
			return err
		}
	}
	for ; next < len(ops); next++ {
		if !made[ops[next].Operation.VersionID()] {
			if err := m.tell(ctx, m.operation("change", w, ops, next)); err != nil {
				return err
			}
		}
	}
	if len(ops) == 0 {
		return nil
	}
	last := watchedJSON{uint64(len(ops) - 1), ops[len(ops)-1].Operation.VersionID()}
	if known && last == seen {
		return nil
	}
	return home.setWatched(key, last)
}

// history is the identity's, by a bundle that was verified.
func (m *monitor) history(ctx context.Context, w watch) ([]realdid.AnchoredOperation, error) {
	b, err := m.app.makeBundle(ctx, w.id, nil, m.flags.wait)
	if err != nil {
		return nil, err
	}
	var maxAge time.Duration
	if m.domain != nil {
		maxAge = time.Duration(m.domain.Limits.MaxAge) * time.Second
	}
	v, err := m.app.bundleTrust(m.domain, maxAge)
	if err != nil {
		return nil, err
	}
	if m.domain == nil && b.Origin() != "" {
		return nil, unknown("--domain says whose proofs count", "the ledger proves what it says, and no trust domain was given")
	}
	res, err := v.Verify(ctx, w.id, b.Bytes(), nil)
	if err != nil {
		return nil, err
	}
	if e := res.Evidence; m.domain != nil {
		switch {
		case !e.Latest && !e.Absent:
			return nil, unknown("", "nothing proves that this is the newest state")
		case m.app.now().Sub(e.AsOf) > maxAge:
			return nil, unknown("", "the newest proof is of %s", when(e.AsOf))
		}
	}
	return b.Operations()
}

func (m *monitor) event(kind string, w watch) *monitorEventJSON {
	return &monitorEventJSON{Event: kind, DID: w.id.String(), Name: w.name, At: timeText(m.app.now())}
}

func (m *monitor) operation(kind string, w watch, ops []realdid.AnchoredOperation, i int) *monitorEventJSON {
	e, seq, op := m.event(kind, w), uint64(i), ops[i]
	e.Sequence, e.Operation, e.VersionID, e.Time, e.Index = &seq, op.Operation.Type().String(), op.Operation.VersionID(), timeText(op.Anchor.Time), &op.Anchor.Index
	return e
}

// tell prints an event and runs the command for an alert.
func (m *monitor) tell(ctx context.Context, e *monitorEventJSON) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if e.alarming() {
		m.alarms++
	}
	if m.app.flags.json {
		_, err = fmt.Fprintf(m.app.stdout, "%s\n", line)
	} else {
		_, err = fmt.Fprintln(m.app.stdout, m.sentence(e))
	}
	if err != nil || m.flags.command == "" || !e.alarming() {
		return err
	}
	if err := m.app.runCommand(ctx, m.flags.command, e, line); err != nil {
		return unknown("it is reported again", "--exec: %v", err)
	}
	return nil
}

func (m *monitor) sentence(e *monitorEventJSON) string {
	p := m.app.paint
	who := e.DID
	if e.Name != "" {
		who = e.Name + " (" + e.DID + ")"
	}
	switch e.Event {
	case "watching":
		return clean(fmt.Sprintf("%s  watching %s from operation %d on", e.At, who, *e.Sequence))
	case "change":
		return p.red("CHANGE") + clean(fmt.Sprintf("  %s  %s: operation %d, %s, of %s was not made here", e.At, who, *e.Sequence, e.Operation, e.Time))
	case "rewritten":
		return p.red("REWRITTEN") + clean(fmt.Sprintf("  %s  %s: operation %d: %s", e.At, who, *e.Sequence, e.Detail))
	case "equivocation":
		return p.red("TWO HISTORIES") + clean(fmt.Sprintf("  %s  %s: %s", e.At, who, e.Detail))
	}
	return p.yellow("unchecked") + clean(fmt.Sprintf("  %s  %s: %s", e.At, who, e.Detail))
}
