package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/status"
)

func newStatusShow(a *app) *cobra.Command {
	var contexts contextFlags
	c := &cobra.Command{
		Use:   "show FILE|DIR",
		Short: "Look at a status list, and verify who signed it",
		Long: `Shows a published status list (a FILE, or "-"), or the one in the folder DIR that status build made: its purpose and size, how many entries say what, who
signed it, and when it ends. Which entries they are it never shows. Of a DIR also how many are given away, and whether the published file says what they say.

Exit status: 0 the issuer that it names signed it, and it has not ended, 1 that is not so, 2 could not check.`,
		Example: `  realdid status show lists/person
  realdid status show lists/person/list.jwt --json
  curl -s https://issuer.example/status/1 | realdid status show -`,
		Args: args(1, 1),
	}
	contexts.register(c.Flags())
	return verb(c, func(c *cobra.Command, args []string) error {
		opt, err := contexts.load(a)
		if err != nil {
			return err
		}
		return a.statusShow(c.Context(), args[0], opt)
	})
}

func (a *app) statusShow(ctx context.Context, arg string, opt *dataintegrity.Options) error {
	var d *statusDocument
	var out *statusListJSON
	if isFolder(arg) {
		f, err := a.openStatusFolder(arg)
		if err != nil {
			return err
		}
		defer f.close()
		b, err := os.ReadFile(f.published())
		if errors.Is(err, fs.ErrNotExist) {
			return unknown("realdid status publish "+arg, "%s: there is no published list", arg)
		} else if err != nil {
			return readFailure("the status list", err)
		}
		if d, err = readStatusDocument(b, opt); err != nil {
			return err
		}
		if out, err = f.describe(b); err != nil {
			return err
		}
	} else {
		b, err := a.readInputUpTo(arg, "the status list", status.DefaultMaxDocument)
		if err != nil {
			return err
		}
		if d, err = readStatusDocument(b, opt); err != nil {
			return err
		}
		out = d.describe(arg)
	}
	verdict := a.verifyStatusDocument(ctx, d)
	out.verdict(verdict)
	if a.flags.json {
		if err := a.printJSON(out); err != nil {
			return err
		}
	} else {
		head := a.paint.green("verified")
		if verdict != nil && errors.Is(verdict, vc.ErrInvalid) {
			head = a.paint.red("NOT VERIFIED")
		} else if verdict != nil {
			head = a.paint.yellow("could not check")
		}
		fmt.Fprintln(a.stdout, a.paint.bold(head))
		a.showList(out)
	}
	if verdict != nil {
		return verdictFailure(verdict)
	}
	return nil
}

// verdict writes down whether the list is verified.
func (o *statusListJSON) verdict(err error) {
	yes := err == nil
	switch {
	case yes || errors.Is(err, vc.ErrInvalid):
		o.Verified = yes
	default:
		o.Verified = (*bool)(nil)
	}
	if err != nil {
		o.Reason = withoutPackages(err.Error())
	}
}

var errListIssuer = errors.New("it is signed by none that has a DID, whose keys could be looked up")

// verifyStatusDocument checks that the issuer that a list names signed it, and that it has not ended.
func (a *app) verifyStatusDocument(ctx context.Context, d *statusDocument) error {
	parsed, err := d.shown.Open()
	if err != nil {
		return err
	}
	id, err := did.Parse(parsed.Origin().Issuer)
	if err != nil {
		return vc.UnknownBecause("status.list.issuer", errListIssuer)
	}
	finder, done := a.keyFinder()
	defer done()
	_, _, err = vc.NewVerifier(finder, a.now).Verify(ctx, d.shown, &vc.Expect{
		Issuers: []did.DID{id}, MediaTypes: []string{d.mediaType}, InsecureAnyType: true, InsecureNoHolderBinding: true,
	})
	return err
}
