package main

import (
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger/cometledger"
	"github.com/realdid/realdid/did/realdid"
)

func newInit() *cobra.Command {
	var chain, host string
	var count, port int
	c := &cobra.Command{
		Use:   "init FOLDER",
		Short: "Make keys, genesis and addresses of the validators of a new chain",
		Long: `Makes FOLDER/0, FOLDER/1 and so on, a home for each validator, which "serve validator" runs. On one machine they listen on ports from
--port on, two each: for one another, and for clients. A chain of n validators goes on while fewer than a third are gone.`,
		Args: cobra.ExactArgs(1),
	}
	f := c.Flags()
	f.StringVar(&chain, "chain", "realdid", "`ID` of the chain, which checkpoints have as their origin")
	f.IntVar(&count, "validators", 4, "`NUMBER` of validators")
	f.StringVar(&host, "host", "127.0.0.1", "`ADDRESS` of this machine, for all of them")
	f.IntVar(&port, "port", 26656, "first `PORT`")
	return verb(c, func(c *cobra.Command, args []string) error {
		if count < 1 || count > 100 || port < 1 || port+2*count > 1<<16 {
			return usage("1 to 100 validators, on ports below 65536")
		}
		var all []cometledger.Validator
		at := func(i int) string { return net.JoinHostPort(host, strconv.Itoa(port+i)) }
		for i := range count {
			all = append(all, cometledger.Validator{Home: filepath.Join(args[0], strconv.Itoa(i)), P2P: at(2 * i), RPC: at(2*i + 1)})
		}
		if err := cometledger.InitFiles(chain, time.Time{}, all); err != nil {
			return err
		}
		for _, v := range all {
			fmt.Fprintf(c.OutOrStdout(), "%s  comet:http://%s\n", v.Home, v.RPC)
		}
		return nil
	})
}

func newImport() *cobra.Command {
	var net networkFlags
	c := &cobra.Command{
		Use:   "import HOME LEDGER",
		Short: "Make a chain begin with a ledger, anchors and all",
		Long: `Takes every entry of LEDGER over into the validator's home, which has not run yet, and writes into its genesis what the ledger begins
with. The same import into the homes of the others, with that genesis, comes to the same; a validator that imported something else is
refused when it starts.

` + placeHelp,
		Args: cobra.ExactArgs(2),
	}
	net.register(c)
	return verb(c, func(c *cobra.Command, args []string) error {
		from, err := open(c.Context(), args[1], net.reducer())
		if err != nil {
			return err
		}
		err = cometledger.ImportGenesis(c.Context(), args[0], net.reducer(), from.Follow(c.Context(), 0))
		if closed := from.close(); err == nil {
			err = closed
		}
		return err
	})
}

func newServeValidator() *cobra.Command {
	var network networkFlags
	var n cometledger.NodeConfig
	var verbose bool
	c := &cobra.Command{
		Use:   "validator HOME",
		Short: "Run a validator of a chain",
		Long: `Runs the validator whose home "validator init" made. Prints one line when it answers. SIGTERM or an interrupt ends it; what it has
executed is durable. --rpc on an address that others reach belongs behind something that limits who may ask: CometBFT asks nobody who
they are.`,
		Args: cobra.ExactArgs(1),
	}
	network.register(c)
	f := c.Flags()
	f.StringVar(&n.P2P, "p2p", "", "`ADDRESS` to listen on for other validators (default: that of the home)")
	f.StringVar(&n.RPC, "rpc", "", "`ADDRESS` to listen on for clients (default: that of the home)")
	f.Int64Var(&n.Retain, "retain", 0, "`BLOCKS` to keep at least (default all)")
	f.Int64Var(&n.Snapshots, "snapshots", 1000, "`BLOCKS` between snapshots for validators that join; 0: none")
	f.BoolVar(&n.Check, "check", false, "read the whole ledger and compute its hashes before joining")
	f.BoolVarP(&verbose, "verbose", "v", false, "write CometBFT's log to standard error")
	return verb(c, func(c *cobra.Command, args []string) error {
		n.Home, n.Reducer = args[0], realdid.Remembering(network.reducer(), 1<<16) // asked when an operation comes, and again in its block
		if verbose {
			n.Logger = slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil))
		}
		node, err := cometledger.StartNode(c.Context(), n)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "validator %s at block %d with %d entries: comet:%s\n", node.Peer(), node.Height(), node.Entries(), node.RPC())
		select {
		case <-node.Done():
			if err := node.Err(); err != nil {
				return err
			}
			return fmt.Errorf("the validator stopped; its log, with --verbose, tells why")
		case <-c.Context().Done():
			return node.Close()
		}
	})
}
