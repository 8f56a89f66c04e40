// Realdid-engines does with the ledger engines that are modules of their own what the command line of did:realdid, which links none of
// them, does with the embedded one: it serves them, starts validators, and moves whole ledgers from one engine to another.
// README.md beside this file tells the verbs and how ledgers are named.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger"
)

// The exit statuses, which are those of realdid.
const (
	statusDone    = 0
	statusInvalid = 1 // the answer is no
	statusUnknown = 2 // could not check, or could not do: may go away
	statusUsage   = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() { // a second interrupt ends the program at once
		<-ctx.Done()
		stop()
	}()
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// usageError is a fault of the command line.
type usageError struct{ error }

func usage(format string, a ...any) error { return usageError{fmt.Errorf(format, a...)} }

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	root := &cobra.Command{
		Use:           "realdid-engines",
		Short:         "Ledger engines of did:realdid that are modules of their own",
		SilenceErrors: true, SilenceUsage: true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	group := func(name, short string, verbs ...*cobra.Command) {
		c := &cobra.Command{Use: name, Short: short}
		c.AddCommand(verbs...)
		root.AddCommand(c)
	}
	group("ledger", "Whole ledgers", newCopy(), newCompare())
	group("validator", "Files of validators", newInit(), newImport())
	group("serve", "Servers", newServeValidator(), newServeLedger())
	group("evm", "Contracts on Ethereum chains", newDeploy())
	root.AddCommand(newLife())
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return statusDone
	}
	fmt.Fprintf(errs, "realdid-engines: %v\n", err)
	return status(err)
}

func status(err error) int {
	_, different := errors.AsType[*ledger.DifferenceError](err)
	_, wrong := errors.AsType[usageError](err)
	switch {
	case wrong:
		return statusUsage
	case different, errors.Is(err, ledger.ErrInvalid), errors.Is(err, ledger.ErrConflict):
		return statusInvalid
	}
	return statusUnknown
}

// verb makes errors in flags and arguments those of the command line.
func verb(c *cobra.Command, run func(c *cobra.Command, args []string) error) *cobra.Command {
	if args := c.Args; args != nil {
		c.Args = func(c *cobra.Command, a []string) error {
			if err := args(c, a); err != nil {
				return usageError{err}
			}
			return nil
		}
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	c.RunE = run
	return c
}
