package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
)

// networkFlags say which network's operations a ledger admits.
type networkFlags struct{ domain, home string }

func (f *networkFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.domain, "trust-domain", "", "`NAME` of the trust domain (default main)")
	c.Flags().StringVar(&f.home, "home-ledger", "", "`NAME` of the home ledger (default main)")
}

func (f *networkFlags) reducer() ledger.HeadReducer {
	return realdid.Network{Domain: f.domain, Home: f.home}.Reducer()
}

func newCopy() *cobra.Command {
	var net networkFlags
	var chunk int
	c := &cobra.Command{
		Use:   "copy SRC DST",
		Short: "Copy a whole ledger to another engine, with its anchors, and compare",
		Long: `Copies every entry of ledger SRC into ledger DST, with index and time, checked by the method like any append. A copy that was
interrupted goes on where it ended. At the end both are read and compared: each entry, and for each identifier its number of operations
and its state. Nobody may append to DST meanwhile; what SRC gains during the copy is copied by calling the verb again.

DST must be an engine that takes anchors from elsewhere: mem, bolt, pebble, sqlite, postgres or tessera. A chain gives anchors of its own:
"validator import" makes one begin with a ledger, and identifiers move one by one with "realdid did migrate".

` + placeHelp,
		Args:    cobra.ExactArgs(2),
		Example: "  realdid-engines ledger copy bolt:$HOME/.realdid/ledger postgres://realdid@localhost/realdid",
	}
	net.register(c)
	c.Flags().IntVar(&chunk, "chunk", ledger.DefaultChunk, "`ENTRIES` that are stored at once")
	return verb(c, func(c *cobra.Command, args []string) error {
		opt := &ledger.CopyOptions{Chunk: chunk, Progress: progress(c.ErrOrStderr(), "copied")}
		return withTwo(c.Context(), args, &net, func(src, dst *opened) error {
			to, ok := dst.replica()
			if !ok {
				return usage("%s cannot take over a ledger: it gives entries anchors of its own", args[1])
			}
			begun := time.Now()
			had := uint64(0)
			if last, ok := to.Last(); ok {
				had = last.Index + 1
			}
			n, err := ledger.Copy(c.Context(), to, src, opt)
			if err != nil {
				return err
			}
			took := time.Since(begun)
			fmt.Fprintf(c.OutOrStdout(), "copied     %d entries, %d of them now, in %s (%.0f a second)\n", n, n-had, took.Round(time.Millisecond), float64(n-had)/took.Seconds())
			return compare(c, src, dst, chunk)
		})
	})
}

func newCompare() *cobra.Command {
	var net networkFlags
	c := &cobra.Command{
		Use:   "compare A B",
		Short: "Compare two ledgers, entry by entry and state by state",
		Long:  "Reads both ledgers and says whether they are the same, as far as the shorter one goes. Exit status 1: they are not.\n\n" + placeHelp,
		Args:  cobra.ExactArgs(2),
	}
	net.register(c)
	return verb(c, func(c *cobra.Command, args []string) error {
		return withTwo(c.Context(), args, &net, func(a, b *opened) error { return compare(c, a, b, ledger.DefaultChunk) })
	})
}

func compare(c *cobra.Command, a, b *opened, chunk int) error {
	opt := &ledger.CopyOptions{Chunk: chunk, Progress: progress(c.ErrOrStderr(), "compared")}
	same, err := ledger.Compare(c.Context(), a, b, opt)
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	fmt.Fprintf(out, "same       %d entries, SHA-256 %x\n", same.Entries, same.Digest)
	fmt.Fprintf(out, "same       %d identifiers and their states\n", same.Keys)
	if same.Later > 0 {
		fmt.Fprintf(out, "later      %d identifiers have more operations in one of the two\n", same.Later)
	}
	return nil
}

func withTwo(ctx context.Context, places []string, net *networkFlags, do func(a, b *opened) error) (err error) {
	a, err := open(ctx, places[0], net.reducer())
	if err != nil {
		return fmt.Errorf("%s: %w", kindOf(places[0]), err)
	}
	defer func() { err = errors.Join(err, a.close()) }()
	b, err := open(ctx, places[1], net.reducer())
	if err != nil {
		return fmt.Errorf("%s: %w", kindOf(places[1]), err)
	}
	defer func() { err = errors.Join(err, b.close()) }()
	return do(a, b)
}

// progress writes a line at most every second.
func progress(out io.Writer, what string) func(done uint64) {
	last := time.Now()
	return func(done uint64) {
		if now := time.Now(); now.Sub(last) >= time.Second {
			last = now
			fmt.Fprintf(out, "%s %d\n", what, done)
		}
	}
}
