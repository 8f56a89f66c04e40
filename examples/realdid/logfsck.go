package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
)

// fsckJSON is what log fsck prints.
type fsckJSON struct {
	Dir        string         `json:"dir"`
	Log        string         `json:"log,omitempty"`
	Signatures bool           `json:"signaturesChecked"` // with --domain
	Entries    string         `json:"comparedWith,omitempty"`
	Faults     []logFaultJSON `json:"logFaults"`
}

type logFaultJSON struct {
	Code   string `json:"code"`
	Path   string `json:"path,omitempty"`
	Detail string `json:"detail"`
}

func newLogFsck(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "fsck DIR",
		Short: "Compute a log and its map anew, and name every fault",
		Long: `Checks the folder in which serve ledger or serve mirror --audit keeps a log: computes the tree anew from the entries, the map from its
leaves, and compares tiles, epochs, roots and the checkpoint; each fault is one line. If the ledger's folder lies beside it, or --ledger DIR
names it, entries and head records are compared as well; with --domain, the checkpoint's signatures. Nothing is changed. Nobody may have
the folder open.

Exit status: 0 all is well, 1 there are faults, 2 could not check.`,
		Example: `  realdid log fsck ./demo/state/log --domain ./demo
  realdid log fsck /srv/copy/tlog --ledger /srv/copy/ledger --json`,
		Args: args(1, 1),
	}
	return verb(c, func(c *cobra.Command, args []string) error { return a.logFsck(c.Context(), args[0]) })
}

func (a *app) logFsck(ctx context.Context, arg string) error {
	dir := arg
	if sub := filepath.Join(arg, tlogDir); a.home.exists(sub) {
		dir = sub
	}
	if !a.home.exists(dir) {
		return unknown("check the path", "there is no folder %s", dir)
	}
	opt := &tlog.FsckOptions{Clock: a.now}
	out := &fsckJSON{Dir: dir, Faults: []logFaultJSON{}}
	out.Log, _ = originIn(dir) // a log without a checkpoint is checked as well
	if err := a.fsckTrust(opt, out); err != nil {
		return err
	}
	done, err := a.fsckLedger(opt, out, filepath.Dir(dir))
	if err != nil {
		return err
	}
	defer done()
	err = tlog.Fsck(ctx, dir, opt, func(f tlog.Fault) {
		out.Faults = append(out.Faults, logFaultJSON{string(f.Code), f.Path, f.Detail})
		if !a.flags.json {
			fmt.Fprintln(a.stdout, a.paint.red(clean(string(f.Code)))+"  "+clean(f.Path)+"  "+clean(f.Detail))
		}
	})
	if err != nil {
		return err
	}
	if a.flags.json {
		if err := a.printJSON(out); err != nil {
			return err
		}
	} else if len(out.Faults) == 0 {
		a.showSound(out)
	}
	if n := len(out.Faults); n > 0 {
		return &failure{
			status: statusInvalid, quiet: true, detail: plural(n, "fault"),
			hint: "log and map are made of the ledger: with the ledger sound, restore the log's folder from a copy, never make it anew for a key that has signed",
		}
	}
	return nil
}

// fsckTrust takes the policy for the signatures from the trust domain, if there is one.
func (a *app) fsckTrust(opt *tlog.FsckOptions, out *fsckJSON) error {
	d, err := a.domain()
	if err != nil || d == nil {
		return err
	}
	if out.Log == "" { // nothing to compare signatures with: the checker says what is missing
		var trusted []*proof.Trust
		for _, l := range d.Trusted() {
			trusted = append(trusted, l.Trust)
		}
		if len(trusted) == 1 {
			opt.Trust, out.Signatures = trusted[0], true
		}
		return nil
	}
	if opt.Trust, err = d.trustOf(out.Log); err == nil {
		out.Signatures = true
	}
	return err
}

// fsckLedger opens the ledger to compare with: --ledger DIR, or the one beside the log.
func (a *app) fsckLedger(opt *tlog.FsckOptions, out *fsckJSON, beside string) (func(), error) {
	dir := a.flags.ledger
	switch sub := filepath.Join(beside, entriesDir); {
	case isURL(dir):
		return nil, usage("--ledger DIR", "the ledger's folder is needed, not a URL")
	case dir == "" && a.home.exists(sub):
		dir = sub
	case dir == "":
		return func() {}, nil
	case !a.home.exists(dir):
		return nil, unknown("check the path", "there is no ledger at %s", dir)
	}
	net, err := a.network()
	if err != nil {
		return nil, err
	}
	red, err := a.reducer(net)
	if err != nil {
		return nil, err
	}
	lg, err := boltledger.Open(dir, red, &boltledger.Options{Clock: a.now, Wait: lockPatience})
	if err != nil {
		return nil, err
	}
	opt.Ledger, opt.Reducer, out.Entries = lg, red, dir
	return func() { lg.Close() }, nil
}

func (a *app) showSound(out *fsckJSON) {
	fmt.Fprintln(a.stdout, a.paint.bold(a.paint.green("no faults"))+"  "+clean(out.Dir))
	s := sheet{p: a.paint}
	if out.Log != "" {
		s.add("log", out.Log)
	}
	s.add("computed anew", "tiles, tree, epochs, map")
	if out.Entries != "" {
		s.add("compared with", out.Entries)
	}
	if out.Signatures {
		s.add("signatures", "the log's, and a quorum's")
	} else {
		s.add("signatures", "not checked: --domain says whose")
	}
	s.write(a.stdout)
}
