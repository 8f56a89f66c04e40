package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger/httpledger"
	"github.com/realdid/realdid/did/realdid"
)

const patience = 10 * time.Second // for requests under way at the end

func newServeLedger() *cobra.Command {
	var network networkFlags
	var addr string
	var free bool
	c := &cobra.Command{
		Use:   "ledger LEDGER",
		Short: "Serve a ledger of any engine over HTTP",
		Long: `Serves LEDGER for "realdid --ledger http://…" and for everybody who uses package httpledger: appending and reading, below
/ledger/v1/. It asks nobody who they are and speaks no TLS, which belongs before it where others than this machine reach it.

` + placeHelp,
		Args:    cobra.ExactArgs(1),
		Example: "  realdid-engines serve ledger comet:http://127.0.0.1:26657 --addr 127.0.0.1:8470",
	}
	network.register(c)
	c.Flags().StringVar(&addr, "addr", "127.0.0.1:8470", "`ADDRESS` to listen on")
	c.Flags().BoolVar(&free, "insecure-no-limits", false, "let each client and each identity append as often as they want")
	return verb(c, func(c *cobra.Command, args []string) (err error) {
		lg, err := open(c.Context(), args[0], network.reducer())
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, lg.close()) }()
		h, err := httpledger.NewHandler(lg.Readable, &httpledger.Options{InsecureNoLimits: free, Overrules: realdid.Overrules})
		if err != nil {
			return err
		}
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			return err
		}
		s := httpledger.NewServer(h, nil)
		fmt.Fprintf(c.OutOrStdout(), "%s at http://%s\n", kindOf(args[0]), ln.Addr())
		done := make(chan error, 1)
		go func() { done <- s.Serve(ln) }()
		select {
		case err := <-done:
			return err
		case <-c.Context().Done():
		}
		end, cancel := context.WithTimeout(context.WithoutCancel(c.Context()), patience)
		defer cancel()
		if err := s.Shutdown(end); err != nil {
			return err
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
}

// kindOf is the part of a place that holds no secrets.
func kindOf(place string) string {
	kind, _, _ := strings.Cut(place, ":")
	return kind
}
