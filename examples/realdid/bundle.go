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

// bundleJSON is what did bundle prints.
type bundleJSON struct {
	DID    string  `json:"did"`
	File   string  `json:"file,omitempty"`
	Bytes  int     `json:"bytes"`
	Proof  bool    `json:"proof"`  // that nothing newer exists; absent from a ledger without a log
	Bundle rawJSON `json:"bundle"` // what it says, for people and tools that look; none of it is verified here
}

func newDIDBundle(a *app) *cobra.Command {
	var without bool
	var out string
	var wait time.Duration
	c := &cobra.Command{
		Use:   "bundle [DID|NAME]",
		Short: "Put all that proves the state of an identity into one file",
		Long: `Makes a bundle about an identity (default: that of --as): its operations, and a proof under a cosigned checkpoint that nothing newer
exists. Whoever has the trust domain's descriptor verifies it with did verify-bundle or vc verify --bundle and asks nobody.

The proof needs a ledger that publishes its log (serve ledger): a bundle of a ledger in a folder carries the operations alone.
With --domain the proof carries exactly the signatures that the domain's quorum needs. Of an identity that was never registered, the
bundle proves that the ledger does not have it.`,
		Example: `  realdid did bundle alice --domain ./demo -o alice.bundle
  realdid did bundle did:realdid:qaaaa… --ledger http://127.0.0.1:8470 --without-operations -o small.bundle
  realdid did bundle alice --json`,
		Args: args(0, 1),
	}
	fl := c.Flags()
	fl.BoolVar(&without, "without-operations", false, "carry the state that auditors vouch for in place of the operations; for verifiers who trust them")
	fl.StringVarP(&out, "out", "o", "", "write to a new `FILE` instead of standard output")
	fl.DurationVar(&wait, "wait", time.Minute, "how long to wait for a proof that covers the newest operation")
	c.ValidArgsFunction = a.completeNames
	return verb(c, func(c *cobra.Command, args []string) error {
		id, err := a.bundled(args)
		if err != nil {
			return err
		}
		if (out == "" || out == "-") && !a.flags.json && isTerminal(a.stdout) {
			return usage("-o FILE writes it to a file, --json shows what it says", "a bundle is binary, and this is a terminal")
		}
		b, err := a.makeBundle(c.Context(), id, &realdid.BundleOptions{WithoutOperations: without}, wait)
		if err != nil {
			return err
		}
		return a.deliverBundle(b, out)
	})
}

// bundled is whom a bundle is wanted of: an identity that was never registered is named by its long form, which alone resolves.
func (a *app) bundled(args []string) (did.DID, error) {
	if len(args) == 1 && checkName(args[0]) == nil {
		return a.reachableDID(args[0])
	}
	u, err := a.resolveArgument(args)
	if err != nil {
		return did.DID{}, err
	}
	if u != u.DID().URL() {
		return did.DID{}, usage("give the DID alone: a bundle is about all of it", "%s is the URL of a part", u)
	}
	if len(args) == 0 {
		name, err := a.identityName()
		if err != nil {
			return did.DID{}, err
		}
		return a.reachableDID(name)
	}
	return u.DID(), nil
}

func (a *app) makeBundle(ctx context.Context, id did.DID, opt *realdid.BundleOptions, wait time.Duration) (*realdid.Bundle, error) {
	o, err := a.openLedger(false)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	b, err := o.Bundle(limited, id, opt)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return nil, unknown("the ledger publishes when its cosigners have signed: are they running? --wait sets the patience", "no proof covers the newest operation yet, after %v", wait)
	}
	return b, err
}

func (a *app) deliverBundle(b *realdid.Bundle, out string) error {
	view, err := b.JSON()
	if err != nil {
		return err
	}
	carries, err := carried(b, view)
	if err != nil {
		return err
	}
	toFile := out != "" && out != "-"
	if toFile { // everybody may read it: it is made to be passed on
		if err := createFileMode(out, b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	if a.flags.json {
		j := bundleJSON{DID: b.DID().String(), Bytes: len(b.Bytes()), Proof: b.Origin() != "", Bundle: view}
		if toFile {
			j.File = out
		}
		return a.printJSON(j)
	}
	if !toFile {
		if _, err := a.stdout.Write(b.Bytes()); err != nil {
			return err
		}
	}
	if toFile {
		fmt.Fprintf(a.stdout, "%s  %s\n", a.paint.green("bundled"), a.paint.bold(clean(out)))
		s := sheet{p: a.paint}
		s.add("did", b.DID().String())
		s.add("size", fmt.Sprintf("%d bytes", len(b.Bytes())))
		s.add("carries", carries)
		s.write(a.stdout)
	} else {
		a.note("%d bytes about %s: %s", len(b.Bytes()), b.DID(), carries)
	}
	if b.Origin() == "" {
		a.note("it carries no proof that nothing newer exists: this ledger publishes no log")
	}
	return nil
}

// carried says what is in a bundle.
func carried(b *realdid.Bundle, view []byte) (string, error) {
	ops, err := b.Operations()
	if err != nil {
		return "", err
	}
	var says struct {
		State []byte `json:"state"`
	}
	if err := json.Unmarshal(view, &says); err != nil {
		return "", err
	}
	text := "no operation"
	if len(ops) > 0 {
		text = plural(len(ops), "operation")
	} else if len(says.State) > 0 {
		text = "the state"
	}
	if b.Origin() != "" {
		text += " and a proof from the log " + b.Origin()
	}
	return text, nil
}
