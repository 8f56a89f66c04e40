package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

func newStatusCheck(a *app) *cobra.Command {
	var f statusFlags
	var contexts contextFlags
	c := &cobra.Command{
		Use:   "check CREDENTIAL",
		Short: "Look up the status of a credential, and nothing else",
		Long: `Looks up every status list entry that CREDENTIAL (a FILE, "-", or a name in HOME/credentials) refers to. The list is verified: signed by the credential's
issuer or by one of --status-issuer, not ended, and no other list. The credential is not verified at all: that is what vc verify does, which looks at the
status as well.

Lists are fetched from where the credential says, over https, unless --status-file has them; with --offline nothing is fetched. Whoever serves a list learns
that somebody asked for it, and not for which credential.

--json prints a report like that of vc verify. Exit status: 0 valid, or without a status; 1 revoked, suspended, or a reference that is wrong; 2 could not check.`,
		Example: `  realdid status check person.sdjwt
  realdid status check person.sdjwt --status-file lists/person/list.jwt --offline
  realdid status check degree.json --status-file https://issuer.example/status/2=copy.json --max-status-age 1h --json`,
		Args: args(1, 1),
	}
	f.registerLists(c.Flags())
	contexts.register(c.Flags())
	return verb(c, func(c *cobra.Command, args []string) error {
		opt, err := contexts.load(a)
		if err != nil {
			return err
		}
		return a.statusCheck(c.Context(), args[0], &f, opt)
	})
}

func (a *app) statusCheck(ctx context.Context, arg string, f *statusFlags, opt *dataintegrity.Options) error {
	raw, err := a.readCredential(arg)
	if err != nil {
		return err
	}
	finder, done := a.keyFinder()
	defer done()
	expect := &vc.Expect{}
	if err := f.lists(a, finder, expect, opt); err != nil {
		return err
	}
	shown := heldOrShown(raw, opt)
	refs, err := statusReferences(shown)
	if err != nil {
		return err
	}
	parsed, err := shown.Open()
	if err != nil {
		return err
	}
	report := &vc.Report{Result: vc.Pass, At: a.now()}
	verdict := a.lookUp(ctx, expect, parsed.Origin().Issuer, refs, report)
	if a.flags.json {
		err = a.printJSON(report)
	} else {
		a.showStatus(report)
	}
	if err != nil || verdict == nil {
		return err
	}
	fail := explainLibrary(verdictFailure(verdict))
	if fail.hint == "" {
		fail.hint = statusHints[vc.Code(verdict)]
	}
	return fail
}

var errStatusKind = errors.New("the credential has a status of a kind that is not known")

// lookUp asks for every entry, also after one could not be had: what is revoked is revoked whatever the others say.
func (a *app) lookUp(ctx context.Context, expect *vc.Expect, issuer string, refs []vc.StatusReference, report *vc.Report) (verdict error) {
	age := expect.MaxStatusAge
	if age == 0 {
		age = vc.DefaultMaxStatusAge
	}
	for _, r := range refs {
		err := error(vc.UnknownBecause("vc.status.unchecked", errStatusKind))
		if r.Mechanism != 0 {
			var e vc.StatusEntry
			if e, err = expect.StatusLists.Status(ctx, vc.StatusQuery{Reference: r, Issuer: issuer, At: report.At, MaxAge: age}); err == nil {
				report.Status = append(report.Status, e)
				err = statusFault(e.Meaning)
			}
		}
		result := vc.Unknown
		switch {
		case err == nil:
			report.Checks = append(report.Checks, vc.Check{Code: "vc.status", Result: vc.Pass})
			continue
		case errors.Is(err, vc.ErrInvalid):
			result = vc.Fail
		}
		report.Checks = append(report.Checks, vc.Check{Code: vc.Code(err), Result: result, Detail: faultDetail(err)})
		if verdict == nil || result == vc.Fail && !errors.Is(verdict, vc.ErrInvalid) {
			report.Result, verdict = result, err
		}
	}
	if len(refs) == 0 {
		report.Checks = append(report.Checks, vc.Check{Code: "vc.status", Result: vc.Pass, Detail: "the credential has no status"})
	}
	return verdict
}

// statusFault is what a meaning says against a credential, as a vc.Verifier has it.
func statusFault(m vc.StatusMeaning) error {
	switch m {
	case vc.StatusValid, vc.StatusMessage:
		return nil
	case vc.StatusRevoked:
		return vc.Invalid("vc.status.revoked", "the credential is revoked")
	case vc.StatusSuspended:
		return vc.Invalid("vc.status.suspended", "the credential is suspended")
	}
	return vc.Invalid("vc.status.other", "the status is a value whose meaning is not known")
}

func faultDetail(err error) string {
	if f, ok := errors.AsType[*vc.Fault](err); ok {
		return f.Detail
	}
	return withoutPackages(err.Error())
}

// showStatus prints a look-up for people.
func (a *app) showStatus(r *vc.Report) {
	head := map[vc.Result]string{vc.Pass: a.paint.green("valid"), vc.Fail: a.paint.red("INVALID"), vc.Unknown: a.paint.yellow("could not check")}[r.Result]
	fmt.Fprintln(a.stdout, a.paint.bold(head))
	s := sheet{p: a.paint}
	for i, e := range r.Status {
		words := e.Meaning.String()
		if e.Message != "" {
			words += ": " + e.Message
		}
		s.add(first(i, "status"), words, e.Reference.Mechanism.String(), e.Reference.Purpose, "signed "+when(e.ListIssuedAt), "ends "+when(e.Expires))
	}
	for i, c := range r.Checks {
		tint := map[vc.Result]func(string) string{vc.Pass: a.paint.green, vc.Fail: a.paint.red, vc.Unknown: a.paint.yellow}[c.Result]
		s.tinted(tint, first(i, "checks"), c.Result.String(), c.Code, c.Detail)
	}
	s.write(a.stdout)
}
