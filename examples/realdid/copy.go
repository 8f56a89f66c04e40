package main

import (
	"bytes"
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
)

// copyBatch is how many entries are imported at a time.
const copyBatch = 1024

func newLedgerCopy(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "copy FROM TO",
		Short: "Copy a ledger, here or elsewhere, into a folder",
		Long: `Copies the entries of FROM, a folder or a URL, with their places and times, into the folder TO, and checks each as a ledger does that
admits it. A copy that was interrupted, or that is old, goes on where it ends. Nothing shows that FROM gave all that it has:
"serve mirror --audit" follows a log, which does.`,
		Example: `  realdid ledger copy http://127.0.0.1:8470 ./copy
  realdid ledger copy ./ledger /mnt/usb/ledger`,
		Args: args(2, 2),
	}
	return verb(c, func(c *cobra.Command, args []string) error { return a.ledgerCopy(c.Context(), args[0], args[1]) })
}

func (a *app) ledgerCopy(ctx context.Context, from, to string) error {
	if isURL(to) {
		return usage("a ledger elsewhere dates what it is given; nobody else can", "TO is a URL")
	}
	if !isURL(from) && filepath.Clean(from) == filepath.Clean(to) {
		return usage("name another folder", "FROM and TO are the same")
	}
	a.flags.ledger = from
	o, err := a.openLedger(false)
	if err != nil {
		return err
	}
	defer o.Close()
	red, err := a.reducer(o.net)
	if err != nil {
		return err
	}
	lg, err := boltledger.Open(to, red, &boltledger.Options{Clock: a.now, Wait: lockPatience})
	if err != nil {
		return err
	}
	defer lg.Close()
	tick, end := a.progress("entries copied:")
	out := backupJSON{File: from, Ledger: to}
	out.Bytes, err = copyEntries(ctx, o.ledger, lg, tick)
	end()
	if last, ok := lg.Last(); ok {
		out.Entries = last.Index + 1
	}
	if err != nil {
		return err
	}
	return a.showBackup("copied", out)
}

// copyEntries adds to lg what from has beyond it, and returns how many bytes of operations that is.
func copyEntries(ctx context.Context, from ledger.Follower, lg *boltledger.Ledger, tick func(uint64)) (size int64, err error) {
	next := uint64(0)
	var held *ledger.Entry
	if last, ok := lg.Last(); ok {
		next = last.Index // which both must have
		for e, err := range lg.Follow(ctx, next) {
			if err != nil {
				return 0, err
			}
			held = &e
			break
		}
	}
	var batch []ledger.Entry
	for e, err := range from.Follow(ctx, next) {
		if err != nil {
			return size, err
		}
		if held != nil {
			if !sameEntry(e, *held) {
				break
			}
			held = nil
			continue
		}
		size += int64(len(e.Op))
		if batch = append(batch, e); len(batch) < copyBatch {
			continue
		}
		if err := lg.Import(ctx, batch); err != nil {
			return size, err
		}
		tick(e.Anchor.Index + 1)
		batch = batch[:0]
	}
	if held != nil {
		return 0, invalid("copy into another folder", "TO is no copy of FROM: entry %d is another one, or missing there", held.Anchor.Index)
	}
	if len(batch) == 0 {
		return size, nil
	}
	return size, lg.Import(ctx, batch)
}

func sameEntry(a, b ledger.Entry) bool {
	return a.Key == b.Key && a.Seq == b.Seq && a.Anchor.Index == b.Anchor.Index && a.Anchor.Time.Equal(b.Anchor.Time) && bytes.Equal(a.Op, b.Op)
}
