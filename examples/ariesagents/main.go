// Ariesagents runs two agents of Hyperledger Aries Framework Go that know each other by did:realdid alone: they register
// identifiers whose keys rest in their own key managers, make a DIDComm connection, exchange messages over HTTP on loopback,
// and go on after one of them has changed all of its keys. README.md beside this file says what is to be seen.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	arieslog "github.com/hyperledger/aries-framework-go/pkg/common/log"
	spilog "github.com/hyperledger/aries-framework-go/spi/log"
)

// outOfBand is the service of Aries that logs an error for each connection that needed no invitation.
const outOfBand = "aries-framework/out-of-band/service"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run returns the exit status: 0 done, 1 failed, 3 usage.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("ariesagents", flag.ContinueOnError)
	flags.SetOutput(errs)
	timeout := flags.Duration("timeout", time.Minute, "how long the whole story may take")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 3
	case flags.NArg() > 0:
		fmt.Fprintln(errs, "ariesagents: takes no arguments")
		return 3
	}
	arieslog.SetLevel(outOfBand, spilog.CRITICAL)
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	if err := story(ctx, out); err != nil {
		fmt.Fprintln(errs, err)
		return 1
	}
	return 0
}
