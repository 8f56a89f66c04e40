package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc"
)

// verifyFlags are the policy of vc verify.
type verifyFlags struct {
	issuers, types                            []string
	roots, mediaTypes                         []string
	audience, nonce, issuerKey                string
	maxAge, claimsOut                         string
	refuseRetired                             bool
	anyIssuer, anyType, noHolder, unrotatable bool
	genesisOnly, ignoreStatus, proofsOnly     bool
	purpose                                   string

	evidence evidenceFlags
	contexts contextFlags
	header   headerFlag
	status   statusFlags
}

func newVCVerify(a *app) *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify PRESENTATION",
		Short: "Verify a presentation under a policy that you state",
		Long: `Verifies PRESENTATION (a FILE or "-"): who issued it, with which key, who holds it, for whom it was made and when, and shows the
claims that are signed and disclosed. You say what you are ready to believe: --issuer and --type, and the --audience and --nonce that
you gave the holder. The format is recognised: SD-JWT, or W3C credential or presentation with Data Integrity, as a JWT or in COSE. Flags that start with --insecure take a check away.

With --bundle the DIDs are known from files of did bundle, and no ledger and no network is used: give those of issuer and holder, and
--domain for whom to believe. The status list that a credential refers to is fetched, for everybody in it and not for one, or read from
--status-file. With --receipt a credential counts though its key is compromised by now, if the issuer's history commits to
it from before that; --receipts required wants one for retired keys as well, instead of the date that the signer wrote.

--json prints the report: {"valid":true|false|null,"checks":[{"code","result","detail"}],…}; its codes never change.
Exit status: 0 valid, 1 invalid, 2 could not check, 3 the policy is incomplete.`,
		Example: `  realdid vc verify shown.sdjwt --issuer did:realdid:qaaaa… --type https://example.org/person --audience https://shop.example --nonce n-123
  realdid vc verify - --issuer authority --type https://example.org/person --audience https://shop.example --nonce n-123 --json < shown.sdjwt
  realdid vc verify person.sdjwt --issuer authority --type https://example.org/person --insecure-no-holder-binding
  realdid vc verify shown.sdjwt --bundle authority.bundle --bundle alice.bundle --require-latest --domain ./demo --issuer did:realdid:qaaaa… --type t --audience a --nonce n
  realdid vc verify shown.sdjwt --issuer authority --receipt person.sdjwt.receipt --receipts required --type t --audience a --nonce n
  realdid vc verify shown.sdjwt --issuer https://issuer.example --issuer-key issuer.jwk --type t --audience a --nonce n`,
		Args: args(1, 1),
	}
	fl := c.Flags()
	fl.StringArrayVar(&f.issuers, "issuer", nil, "accepted issuer: `DID`, name of an identity in this home, or URL; repeat")
	fl.StringVar(&f.issuerKey, "issuer-key", "", "public `KEY` of an issuer that is a URL")
	fl.StringArrayVar(&f.roots, "x5c-root", nil, "`FILE` (PEM) with a root certificate for issuers that are URLs; repeat")
	fl.StringArrayVar(&f.mediaTypes, "media-type", nil, "accepted media `TYPE` (default dc+sd-jwt, vc, vc+jwt, vc+cose); repeat")
	fl.StringArrayVar(&f.types, "type", nil, "accepted credential `TYPE`: vct of an SD-JWT VC, or one of the types of a W3C credential; repeat")
	fl.StringVar(&f.audience, "audience", "", "your identifier, as `TEXT` that the holder must have signed")
	fl.StringVar(&f.nonce, "nonce", "", "the `TEXT` that you made for this one presentation")
	fl.StringVar(&f.maxAge, "max-presentation-age", "", "how long ago the holder may have signed (default 5m)")
	f.evidence.register(fl)
	f.contexts.register(fl)
	f.header.register(fl, "`TEXT` that a proof in bbs-2023 must be bound to")
	f.status.register(fl)
	fl.BoolVar(&f.refuseRetired, "refuse-retired-keys", false, "refuse signatures by keys that the issuer has since retired: their date is the signer's word")
	fl.StringVar(&f.claimsOut, "claims-out", "", "write the verified claims as JSON to a new `FILE`, if valid")
	fl.BoolVar(&f.anyIssuer, "insecure-any-issuer", false, "accept every DID as issuer")
	fl.BoolVar(&f.anyType, "insecure-any-type", false, "accept every type")
	fl.BoolVar(&f.noHolder, "insecure-no-holder-binding", false, "accept a credential from anybody who has a copy")
	fl.BoolVar(&f.unrotatable, "insecure-unrotatable-holder-key", false, "accept a holder's key that cannot be rotated")
	fl.BoolVar(&f.genesisOnly, "insecure-genesis-only", false, "accept a DID of which only the first state is known")
	fl.BoolVar(&f.ignoreStatus, "insecure-ignore-status", false, "do not look at the status list that a credential refers to")
	fl.BoolVar(&f.proofsOnly, "insecure-proofs-only", false, "check the Data Integrity proofs of a JSON object and nothing else: no data model, no issuer, no status, no policy")
	fl.StringVar(&f.purpose, "purpose", did.AssertionMethod.String(), "proofPurpose as a `TERM`, with --insecure-proofs-only")
	_ = c.RegisterFlagCompletionFunc("issuer", a.completeIdentities)
	return verb(c, func(c *cobra.Command, args []string) error { return a.vcVerify(c.Context(), args[0], &f) })
}

// expect makes the policy, or says what is missing from it.
func (a *app) expect(f *verifyFlags) (*vc.Expect, error) {
	e := &vc.Expect{
		Types: f.types, Audience: f.audience, Nonce: f.nonce, InsecureAnyIssuer: f.anyIssuer, InsecureAnyType: f.anyType,
		InsecureNoHolderBinding: f.noHolder, InsecureUnrotatableHolderKey: f.unrotatable, InsecureGenesisOnly: f.genesisOnly,
		InsecureIgnoreStatus: f.ignoreStatus, MediaTypes: f.mediaTypes,
	}
	var missing []string
	if len(f.issuers) == 0 && !f.anyIssuer {
		missing = append(missing, "--issuer")
	}
	if len(f.types) == 0 && !f.anyType {
		missing = append(missing, "--type")
	}
	if !f.noHolder && f.audience == "" {
		missing = append(missing, "--audience")
	}
	if !f.noHolder && f.nonce == "" {
		missing = append(missing, "--nonce")
	}
	if missing != nil {
		return nil, usage("say what you are ready to believe; nothing is accepted by default", "the policy lacks %s", strings.Join(missing, ", "))
	}
	if f.noHolder && (f.audience != "" || f.nonce != "") {
		return nil, usage("choose one", "--audience and --nonce with --insecure-no-holder-binding")
	}
	if f.refuseRetired {
		e.RetiredKeys = vc.RefuseRetiredKeys
	}
	if err := a.acceptIssuers(e, f); err != nil {
		return nil, err
	}
	if f.maxAge != "" {
		var err error
		if e.MaxPresentationAge, err = parseDelay(f.maxAge, "--max-presentation-age"); err != nil {
			return nil, err
		}
	}
	return e, f.evidence.apply(e)
}

func (a *app) vcVerify(ctx context.Context, arg string, f *verifyFlags) error {
	switch {
	case f.proofsOnly:
		return a.verifyProofsOnly(ctx, arg, f)
	case f.purpose != did.AssertionMethod.String():
		return usage("leave it out", "--purpose is for --insecure-proofs-only")
	}
	expect, err := a.expect(f)
	if err != nil {
		return err
	}
	raw, err := a.readCredential(arg)
	if err != nil {
		return err
	}
	known, err := f.contexts.load(a)
	if err != nil {
		return err
	}
	if err := f.header.expect(raw, known); err != nil {
		return err
	}
	shown, err := a.accompany(received(raw, known), &f.evidence)
	if err != nil {
		return err
	}
	finder, done, err := a.keys(&f.evidence, expect)
	if err != nil {
		return err
	}
	defer done()
	if err := f.status.lists(a, finder, expect, known); err != nil {
		return err
	}
	got, report, verdict := vc.NewVerifier(finder, a.now).Verify(ctx, shown, expect)
	if a.flags.json {
		err = a.printJSON(report)
	} else {
		a.showReport(got, report)
	}
	if err != nil {
		return err
	}
	if verdict != nil {
		return verdictFailure(verdict)
	}
	if f.claimsOut == "" {
		return nil
	}
	b, err := json.MarshalIndent(got.Claims(), "", "  ")
	if err != nil {
		return err
	}
	return createFile(f.claimsOut, append(b, '\n'))
}

func verdictFailure(err error) *failure {
	f := &failure{status: statusUnknown, quiet: true, detail: strings.TrimPrefix(err.Error(), "vc: ")}
	if errors.Is(err, vc.ErrInvalid) {
		f.status = statusInvalid
	}
	f.hint = verdictHint(err)
	return f
}

// verdictHint says what the person can do about the commonest faults.
func verdictHint(err error) string {
	if inner, ok := errors.AsType[*failure](err); ok && inner.hint != "" {
		return inner.hint
	}
	fault, ok := errors.AsType[*vc.Fault](err)
	if !ok {
		return ""
	}
	if hint, ok := statusHints[fault.Code]; ok {
		return hint
	}
	return map[string]string{
		"vc.issuer.notaccepted":        "--issuer names whom you accept",
		"vc.type.notaccepted":          "--type names what you accept",
		"vc.issuer.key.compromised":    "the issuer has to issue it again with its new key; or is there a receipt from before (--receipt)?",
		"vc.receipt.missing":           "--receipt FILE is what the issuer gave the holder with the credential",
		"vc.receipt.root":              "is it the receipt of another credential?",
		"vc.receipt.late":              "anchored after the key had ceased to count, it shows nothing",
		"vc.issuer.evidence.stale":     "a fresh bundle of the issuer (did bundle), or --max-issuer-evidence-age",
		"vc.holder.evidence.stale":     "a fresh bundle of the holder (did bundle), or --max-evidence-age",
		"vc.issuer.evidence.none":      "--trust-auditors accepts a bundle without operations",
		"vc.holder.evidence.none":      "--trust-auditors accepts a bundle without operations",
		"vc.issuer.evidence.notlatest": "only a ledger with a log proves that: a bundle of it, or --domain DIR",
		"vc.holder.evidence.notlatest": "only a ledger with a log proves that: a bundle of it, or --domain DIR",
		"vc.issuer.key.notfound":       "is the issuer on another ledger? --ledger DIR",
		"vc.holder.key.notfound":       "the holder's key was never on this ledger: another --ledger DIR?",
		"vc.holder.key.inactive":       "the holder has rotated this key away: a stolen device, or the holder should present again with the new key",
		"vc.holder.key.time":           "the holder has rotated this key away: a stolen device, or the holder should present again with the new key",
		"vc.holder.time.old":           "ask for a new presentation with a new nonce; --max-presentation-age sets the limit",
		"vc.holder.missing":            "ask for a presentation (vc present); a bare credential proves nothing about who shows it",
		"vc.holder.audience":           "it was made for somebody else, and may have been passed on",
		"vc.holder.nonce":              "it was made for another request, and may be a replay",
		"vc.time.expired":              "the issuer has to issue it again",
	}[fault.Code]
}

// showReport prints a verification for people.
func (a *app) showReport(got *vc.Verified, r *vc.Report) {
	verdict := map[vc.Result]string{
		vc.Pass: a.paint.green("valid"), vc.Fail: a.paint.red("INVALID"), vc.Unknown: a.paint.yellow("could not check"),
	}[r.Result]
	fmt.Fprintln(a.stdout, a.paint.bold(verdict))
	s := sheet{p: a.paint}
	if got != nil {
		s.add("type", strings.Join(got.Types, " "))
		s.add("issued", when(got.IssuedAt))
		if !got.Expires.IsZero() {
			s.add("expires", when(got.Expires))
		}
	}
	addBasis(&s, "issuer", r.Issuer)
	addBasis(&s, "holder", r.Holder)
	if got != nil {
		claims := got.Claims()
		if subject, ok := claims["credentialSubject"].(map[string]any); ok {
			claims = subject
		}
		i := 0
		for _, name := range slices.Sorted(maps.Keys(claims)) {
			if slices.Contains(alwaysClear, name) {
				continue
			}
			s.add(first(i, "claims"), name, short(claims[name]))
			i++
		}
	}
	for i, c := range r.Checks {
		tint := map[vc.Result]func(string) string{vc.Pass: a.paint.green, vc.Fail: a.paint.red, vc.Unknown: a.paint.yellow}[c.Result]
		s.tinted(tint, first(i, "checks"), c.Result.String(), c.Code, c.Detail)
	}
	s.write(a.stdout)
}

func addBasis(s *sheet, label string, b *vc.Basis) {
	if b == nil {
		return
	}
	name := b.KeyID
	if name == "" {
		name = "a key in the credential"
	}
	detail := b.Status.String()
	if !b.Rotatable {
		detail += ", cannot be rotated"
	}
	if b.Kind == vc.FromDID {
		if words := evidenceWords(b.Evidence); len(words) > 0 {
			detail += "; " + strings.Join(words, ", ")
		}
	}
	s.add(label, name)
	s.add("", detail)
}
