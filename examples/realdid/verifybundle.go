package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
)

// bundleVerdictJSON is what did verify-bundle prints, whatever it says.
type bundleVerdictJSON struct {
	Valid      *bool          `json:"valid"` // null: could not check
	Reason     string         `json:"reason,omitempty"`
	DID        string         `json:"did,omitempty"`
	At         string         `json:"at"`
	AsOf       string         `json:"asOf,omitempty"`
	Replayed   int            `json:"replayedOperations"`
	Latest     bool           `json:"latest"`
	Absent     bool           `json:"absent"`
	Log        string         `json:"log,omitempty"`
	Cosigners  []cosignedJSON `json:"cosigners"`
	Resolution rawJSON        `json:"resolution,omitempty"`
}

// cosignedJSON is somebody who signed a checkpoint.
type cosignedJSON struct {
	Name string `json:"name"`
	Role string `json:"role"`
	Time string `json:"time"`
}

func cosignedBy(list []did.Cosigner) []cosignedJSON {
	out := []cosignedJSON{}
	for _, c := range list {
		out = append(out, cosignedJSON{c.Name, c.Role, timeText(c.Time)})
	}
	return out
}

type verifyBundleFlags struct {
	id, maxAge string
	notLatest  bool
}

func newDIDVerifyBundle(a *app) *cobra.Command {
	var f verifyBundleFlags
	c := &cobra.Command{
		Use:   "verify-bundle FILE",
		Short: "Check what a bundle proves, with no network",
		Long: `Checks a bundle that did bundle made: replays its operations, verifies every signature in it, and that enough of the cosigners whom the
trust domain's descriptor names vouch that nothing newer existed. Nobody is asked. What is needed is the descriptor (--domain).

The proof must not be older than --max-age (default: what the descriptor says). This home remembers the newest checkpoint that it saw of
each log: one that is older than that by more than the age, or that contradicts it, is not believed.

--json prints the verdict: {"valid":true|false|null,…}. Exit status: 0 it proves the newest state, 1 it does not hold, or the identity is
deactivated, 2 could not check: too old, no proof, or another trust domain.`,
		Example: `  realdid did verify-bundle alice.bundle --domain ./demo
  realdid did verify-bundle alice.bundle --domain descriptor.json --did did:realdid:qaaaa… --max-age 10m --json
  realdid did verify-bundle local.bundle --insecure-not-latest`,
		Args: args(1, 1),
	}
	fl := c.Flags()
	fl.StringVar(&f.id, "did", "", "the bundle must be about this `DID`, or name of an identity in this home")
	fl.StringVar(&f.maxAge, "max-age", "", "how old the proof may be (default: what the descriptor says)")
	fl.BoolVar(&f.notLatest, "insecure-not-latest", false, "accept operations without a proof that nothing newer exists")
	return verb(c, func(c *cobra.Command, args []string) error { return a.verifyBundle(c.Context(), args[0], &f) })
}

// bundleTrust makes a verifier of the trust domain, if one is given. Lag says how far behind the newest checkpoint that this home saw
// a bundle may be.
func (a *app) bundleTrust(d *domainFolder, lag time.Duration) (*realdid.Verifier, error) {
	opt := &realdid.VerifierOptions{Clock: a.now, Lag: lag}
	if d == nil {
		return realdid.NewVerifier(nil, opt)
	}
	var err error
	if opt.Memory, err = a.memory(); err != nil {
		return nil, err
	}
	return realdid.NewVerifier(d.Trusted(), opt)
}

func (a *app) verifyBundle(ctx context.Context, path string, f *verifyBundleFlags) error {
	d, err := a.domain()
	if err != nil {
		return err
	}
	if d == nil && !f.notLatest {
		return usage("--domain DIR|FILE names the trust domain's descriptor; it says whom to believe", "no --domain")
	}
	var maxAge time.Duration
	if d != nil {
		maxAge = time.Duration(d.Limits.MaxAge) * time.Second
	}
	if f.maxAge != "" {
		if maxAge, err = parseDelay(f.maxAge, "--max-age"); err != nil {
			return err
		}
	}
	raw, err := a.readInput(path, "the bundle")
	if err != nil {
		return err
	}
	out := &bundleVerdictJSON{At: timeText(a.now()), Cosigners: []cosignedJSON{}}
	b, err := realdid.ParseBundle(raw)
	if err != nil {
		return a.bundleRefused(out, &did.Error{Code: did.InvalidDIDDocument, Err: err})
	}
	id := b.DID()
	if f.id != "" {
		if id, err = a.reachableDID(f.id); err != nil {
			return err
		}
	}
	out.DID, out.Log = id.String(), b.Origin()
	v, err := a.bundleTrust(d, maxAge)
	if err != nil {
		return err
	}
	res, err := v.Verify(ctx, id, raw, nil)
	if err != nil {
		return a.bundleRefused(out, err)
	}
	return a.bundleHolds(out, b, res, maxAge, f)
}

// bundleRefused reports a bundle that proves nothing.
func (a *app) bundleRefused(out *bundleVerdictJSON, err error) error {
	f := explainLibrary(err)
	f.detail = withoutPackages(strings.TrimPrefix(f.detail, string(did.InvalidDIDDocument)+": "))
	switch {
	case errors.Is(err, realdid.ErrNotFound):
		out.Absent, f.hint = true, "a long form (did create --unregistered prints it) carries its first state in itself"
	case f.status == statusInvalid:
		f.hint = "it was changed, or it is not of this trust domain's cosigners: ask for another"
	case strings.Contains(f.detail, "no trust was given"):
		f.hint = "--domain names the descriptor of another trust domain than the one of the bundle"
	}
	if _, ok := errors.AsType[*realdid.RollbackError](err); ok {
		f.hint = "this home has seen a newer state of the log: ask for a fresh bundle, or allow its age with --max-age"
	}
	return a.bundleVerdict(out, f, nil)
}

// bundleHolds reports a bundle that proves something, and judges whether it is enough.
func (a *app) bundleHolds(out *bundleVerdictJSON, b *realdid.Bundle, res *did.Resolution, maxAge time.Duration, f *verifyBundleFlags) error {
	e := res.Evidence
	out.AsOf, out.Latest, out.Absent, out.Cosigners = timeText(e.AsOf), e.Latest, e.Absent, cosignedBy(e.Cosigners)
	var err error
	if out.Resolution, err = res.AppendJSON(nil, nil); err != nil {
		return err
	}
	if e.Replayed {
		ops, err := b.Operations()
		if err != nil {
			return err
		}
		out.Replayed = max(len(ops), 1) // that of a long form is in the identifier
	}
	var fail *failure
	switch age := a.now().Sub(e.AsOf); {
	case !e.Latest && !e.Absent && !f.notLatest:
		fail = unknown("--insecure-not-latest accepts that; a ledger with a log (serve ledger) makes bundles with a proof", "nothing in it proves that this is the newest state")
	case (e.Latest || e.Absent) && age > maxAge:
		fail = unknown("ask for a fresh bundle, or allow its age with --max-age", "the proof is of %s, %v old", when(e.AsOf), age.Round(time.Second))
	case res.Metadata.Deactivated:
		fail = invalid(deactivatedHint(res), "%s is deactivated", out.DID)
	}
	return a.bundleVerdict(out, fail, res)
}

// bundleVerdict prints what was found; fail is nil if all is well.
func (a *app) bundleVerdict(out *bundleVerdictJSON, fail *failure, res *did.Resolution) error {
	yes, no := true, false
	switch {
	case fail == nil || res != nil && fail.status == statusInvalid: // deactivated, which is proven
		out.Valid = &yes
	case fail.status == statusInvalid:
		out.Valid = &no
	}
	if fail != nil {
		out.Reason = fail.detail
		fail.quiet = true
	}
	var err error
	if a.flags.json {
		err = a.printJSON(out)
	} else {
		a.showBundleVerdict(out, res)
	}
	if err == nil && fail != nil { // a nil *failure is no error
		err = fail
	}
	return err
}

func (a *app) showBundleVerdict(out *bundleVerdictJSON, res *did.Resolution) {
	switch {
	case out.Valid == nil:
		fmt.Fprintln(a.stdout, a.paint.bold(a.paint.yellow("could not check")))
	case *out.Valid:
		fmt.Fprintln(a.stdout, a.paint.bold(a.paint.green("valid")))
	default:
		fmt.Fprintln(a.stdout, a.paint.bold(a.paint.red("INVALID")))
	}
	s := sheet{p: a.paint}
	if out.DID != "" && res == nil { // else it stands below
		s.add("did", out.DID)
	}
	if out.Reason != "" {
		s.tinted(a.paint.yellow, "but", out.Reason)
	}
	if res != nil {
		for i, line := range bundleProof(out, res) {
			s.add(first(i, "proven"), line)
		}
	}
	s.write(a.stdout)
	if res != nil {
		a.showResolution(did.MustParse(out.DID), res)
	}
}

// bundleProof says in words what was proven.
func bundleProof(out *bundleVerdictJSON, res *did.Resolution) []string {
	e := res.Evidence
	var lines []string
	switch {
	case e.GenesisOnly:
		lines = append(lines, "the identifier carries its first operation; its signatures verify")
	case e.Replayed:
		lines = append(lines, plural(out.Replayed, "operation")+" replayed from the genesis that the DID names, every signature checked")
	default:
		lines = append(lines, "the state that the auditors below computed; its operations are not here")
	}
	switch {
	case e.Latest:
		lines = append(lines, "nothing newer stood on the log "+out.Log+" at "+when(e.AsOf))
	case e.Absent:
		lines = append(lines, "the log "+out.Log+" had no operation of it at "+when(e.AsOf))
	default:
		lines = append(lines, "NOT that this is the newest state: nobody vouches for it")
	}
	return append(lines, "nobody was asked: no ledger, no network")
}
