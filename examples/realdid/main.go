// Realdid is the command line of did:realdid: identities on a ledger, and credentials that their holders show in part.
// README.md beside this file tells the verbs, the files of a home and every JSON object that --json prints.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() { // a second interrupt ends the program at once
		<-ctx.Done()
		stop()
	}()
	status := newApp(os.Stdin, os.Stdout, os.Stderr).run(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}

// run executes one command line and returns its exit status.
func (a *app) run(ctx context.Context, args []string) int {
	a.interrupted = ctx.Done()
	defer a.passphrases.wipe()
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return statusDone
	}
	f := explain(err)
	a.report(f)
	return f.status
}
