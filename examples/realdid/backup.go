package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/realdid"
)

// backupJSON is what the ledger verbs print.
type backupJSON struct {
	File        string `json:"file,omitempty"`
	Ledger      string `json:"ledger"`
	Bytes       int64  `json:"bytes"`
	Entries     uint64 `json:"entries"`
	Identifiers *int   `json:"identifiers,omitempty"` // after a restore, which replays everything
}

func newLedgerBackup(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a consistent copy of the ledger",
		Long:  `Writes the ledger as it is now to a new FILE, or to standard output for "-". The copy holds no secrets: keys and seeds are in keys/.`,
		Example: `  realdid ledger backup /media/usb/ledger.backup
  realdid ledger backup - | gzip > ledger.backup.gz`,
		Args: args(1, 1),
	}
	return verb(c, func(c *cobra.Command, args []string) error { return a.ledgerBackup(c.Context(), args[0]) })
}

func newLedgerRestore(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a ledger from a backup",
		Long: `Makes the ledger in --ledger DIR (default HOME/ledger), which must be empty or missing, from a backup; "-" reads standard input.
Afterwards everything is replayed, every signature checked.`,
		Example: `  realdid ledger restore /media/usb/ledger.backup --home /new/home
  gunzip < ledger.backup.gz | realdid ledger restore - --ledger /srv/ledger`,
		Args: args(1, 1),
	}
	return verb(c, func(c *cobra.Command, args []string) error { return a.ledgerRestore(c.Context(), args[0]) })
}

// counter counts what passes.
type counter struct {
	w    io.Writer
	n    int64
	tick func(uint64)
}

// Write implements io.Writer.
func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	c.tick(uint64(c.n))
	return n, err
}

func (a *app) ledgerBackup(ctx context.Context, path string) (err error) {
	if path == "-" && (a.flags.json || isTerminal(a.stdout)) {
		return usage("give a file", "standard output is not for a backup here")
	}
	if _, err := a.ledgerDir(); err != nil {
		return err
	}
	o, err := a.openLedger(false)
	if err != nil {
		return err
	}
	defer o.Close()
	tick, end := a.progress("bytes written:")
	out := &counter{w: a.stdout, tick: tick}
	if path == "-" {
		return o.local.Backup(ctx, out)
	}
	if a.home.exists(path) {
		return existsFailure(path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return unknown("", "%s", pathless(err))
	}
	defer os.Remove(f.Name())
	out.w = f
	err = o.local.Backup(ctx, out)
	end()
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := placeFile(f.Name(), path); err != nil {
		return err
	}
	res := backupJSON{File: path, Ledger: o.place, Bytes: out.n}
	if last, ok := o.local.Last(); ok {
		res.Entries = last.Index + 1
	}
	return a.showBackup("backed up", res)
}

func (a *app) ledgerRestore(ctx context.Context, path string) error {
	dir, err := a.ledgerDir()
	if err != nil {
		return err
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return invalid("nothing is overwritten: name a folder that is empty or missing with --ledger DIR", "%s is not empty", dir)
	}
	r := a.stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return readFailure("backup", err)
		}
		defer f.Close()
		r = f
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return unknown("", "%s", pathless(err))
	}
	tick, end := a.progress("bytes read:")
	in := &counter{w: io.Discard, tick: tick}
	err = boltledger.Restore(ctx, dir, io.TeeReader(r, in))
	end()
	if err != nil {
		return restoreFailure(err)
	}
	o, err := a.openLedger(false)
	if err != nil {
		return err
	}
	defer o.Close()
	preds, err := a.predecessors(o.net)
	if err != nil {
		return err
	}
	report, err := realdid.AuditFrom(ctx, o.ledger, o.net, preds, a.now())
	if err != nil {
		return err
	}
	if err := a.showBackup("restored", backupJSON{File: path, Ledger: dir, Bytes: in.n, Entries: report.Entries, Identifiers: &report.Identifiers}); err != nil {
		return err
	}
	if n := len(report.Faults); n > 0 {
		return &failure{status: statusInvalid, quiet: true, detail: plural(n, "faulty entry") + " in the backup", hint: "the ledger is restored; did audit names them"}
	}
	if n := len(report.Unchecked); n > 0 {
		return uncheckedFailure(n)
	}
	return nil
}

func restoreFailure(err error) error {
	f := explainLibrary(err)
	if errors.Is(err, boltledger.ErrFormat) || errors.Is(err, ledger.ErrCorrupt) {
		f.status, f.hint = statusInvalid, "a backup is what ledger backup wrote, whole and unchanged; nothing was restored"
	}
	return f
}

func (a *app) showBackup(how string, b backupJSON) error {
	if a.flags.json {
		return a.printJSON(b)
	}
	fmt.Fprintf(a.stdout, "%s  %s\n", a.paint.green(how), a.paint.bold(clean(b.File)))
	s := sheet{p: a.paint}
	s.add("ledger", b.Ledger)
	s.add("bytes", fmt.Sprint(b.Bytes))
	s.add("entries", fmt.Sprint(b.Entries))
	if b.Identifiers != nil {
		s.add("identifiers", fmt.Sprint(*b.Identifiers))
	}
	s.write(a.stdout)
	return nil
}
