package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/sdjwt"
)

// issueFlags are the flags of vc issue.
type issueFlags struct {
	typ, claims, holder, holderKey, subject, method string
	disclosable, inClear                            []string
	decoys                                          int
	expires, notBefore, form, out, save             string

	format             string
	context, mandatory []string
	status             statusListFlag
	contexts           contextFlags
}

// issuedJSON is what vc issue prints.
type issuedJSON struct {
	Credential  any      `json:"credential"` // text, or an object if it is JSON
	Format      string   `json:"format"`
	Issuer      string   `json:"issuer"`
	Key         string   `json:"key"`
	Type        string   `json:"type"`
	Holder      string   `json:"holder,omitempty"`
	IssuedAt    string   `json:"issuedAt"`
	Expires     string   `json:"expires,omitempty"`
	Disclosable []string `json:"disclosable"`
	Bytes       int      `json:"bytes"`
	File        string   `json:"file,omitempty"`
}

func newVCIssue(a *app) *cobra.Command {
	var f issueFlags
	c := &cobra.Command{
		Use:   "issue",
		Short: "Issue a credential",
		Long: `Signs the claims of a JSON object with the assertion key of --as NAME and prints the credential: an SD-JWT VC (dc+sd-jwt), or in another
--format.

Of an SD-JWT, the holder can later reveal each claim or not: by default every top-level claim of the file, else those of --disclosable, which are
JSON Pointers and reach any depth. --holder binds the credential to a DID: it can be presented with whatever key that DID then has for
authentication, and by nobody else.

All other formats are credentials of the W3C data model 2.0: --claims is then a whole one, with an @context, or the claims of its
subject, of type --type, whose terms the contexts of --context define. With a cryptosuite as --format the proof stands in the credential
(Data Integrity): eddsa-jcs-2022, eddsa-rdfc-2022, ecdsa-jcs-2019, ecdsa-rdfc-2019, and ecdsa-sd-2023 and bbs-2023, whose holders can leave out whatever is
not --mandatory; showings in bbs-2023 cannot be linked by their proofs. vc+jwt, vc+cose and vc+sd-jwt are JOSE and COSE. The holder becomes the
subject's id.`,
		Example: `  realdid vc issue --as authority --holder alice --type https://example.org/person --claims claims.json > person.sdjwt
  realdid vc issue --as authority --holder did:realdid:qaaaa… --type https://example.org/person --claims - --expires 365d --out person.sdjwt
  realdid vc issue --as authority --holder alice --type t --claims c.json --disclosable /address --disclosable /address/locality
  realdid vc issue --as authority --holder alice --format eddsa-rdfc-2022 --claims credential.json --out credential.signed.json
  realdid vc issue --as authority --holder alice --format ecdsa-sd-2023 --type Person --context https://example.org/v1 --context-file https://example.org/v1=v1.json --claims c.json`,
	}
	fl := c.Flags()
	fl.StringVar(&f.format, "format", formatSDJWT, "`FORMAT`: "+strings.Join(formatNames, ", "))
	fl.StringVar(&f.typ, "type", "", "credential `TYPE` (vct, or type of a W3C credential)")
	fl.StringArrayVar(&f.context, "context", nil, "`URL` of a JSON-LD context of a W3C credential; repeat")
	f.contexts.register(fl)
	f.status.register(fl)
	fl.StringArrayVar(&f.mandatory, "mandatory", nil, "`PATH` that no holder can leave out (ecdsa-sd-2023, bbs-2023); repeat")
	fl.StringVar(&f.claims, "claims", "", "`FILE` with the claims, a JSON object")
	fl.StringVar(&f.holder, "holder", "", "bind to this `DID`, DID URL of one key, or name of an identity in this home")
	fl.StringVar(&f.holderKey, "holder-key", "", "bind to this `KEY` for good; it cannot be rotated")
	fl.StringVar(&f.subject, "subject", "", "`DID` or name that the claims are about (sub); the holder need not be named here")
	fl.StringArrayVar(&f.disclosable, "disclosable", nil, "`PATH` of a claim that the holder may reveal or not (default: each top-level claim); repeat")
	fl.StringArrayVar(&f.inClear, "in-clear", nil, "top-level `CLAIM` that is always visible; repeat")
	fl.IntVar(&f.decoys, "decoys", 0, "add `N` digests of nothing, to hide how many claims there are")
	fl.StringVar(&f.expires, "expires", "", "end of validity: a `TIME` (RFC 3339) or a span such as 365d")
	fl.StringVar(&f.notBefore, "not-before", "", "beginning of validity: a `TIME` (RFC 3339) or a span from now")
	fl.StringVar(&f.method, "method", "", "`FRAGMENT` of the assertion key to sign with (default: the newest that this home holds)")
	fl.StringVar(&f.form, "serialization", "compact", "compact, flattened or general")
	fl.StringVar(&f.out, "out", "", "write to a new `FILE` instead of standard output")
	fl.StringVar(&f.save, "save", "", "keep it in HOME/credentials as `NAME` as well")
	_ = c.RegisterFlagCompletionFunc("holder", a.completeIdentities)
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formatNames, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("serialization", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp))
	return verb(c, func(c *cobra.Command, _ []string) error { return a.vcIssue(c.Context(), &f) })
}

var forms = []string{"compact", "flattened", "general"}

func parseForm(s string) (sdjwt.Serialization, error) {
	i := slices.Index(forms, s)
	if i < 0 {
		return 0, usage("one of "+strings.Join(forms, ", "), "--serialization: %.20q", s)
	}
	return sdjwt.Serialization(i), nil
}

// alwaysClear are the claims that an SD-JWT VC has in the clear.
var alwaysClear = []string{"iss", "iat", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"}

func (a *app) vcIssue(ctx context.Context, f *issueFlags) error {
	switch {
	case w3cFormats[f.format] != nil:
		return a.issueW3C(ctx, f)
	case f.format != formatSDJWT:
		return usage("one of "+strings.Join(formatNames, ", "), "--format: %.30q", f.format)
	case len(f.context)+len(f.mandatory)+len(f.contexts.files) > 0:
		return usage("--format", "--context, --context-file and --mandatory are for W3C credentials")
	}
	if f.claims == "" {
		return usage("--claims FILE, or --claims - for standard input", "no claims")
	}
	claims, err := a.readClaims(f)
	if err != nil {
		return err
	}
	opt := &sdjwt.IssueOptions{Disclosable: f.disclosable, IssuedAt: a.now()}
	if len(f.disclosable) == 0 {
		opt.Disclosable = topLevel(claims, f.inClear)
	} else if len(f.inClear) > 0 {
		return usage("choose one", "--in-clear with --disclosable: what --disclosable does not name is in the clear")
	}
	if f.decoys > 0 {
		opt.Decoys = []sdjwt.Decoys{{Count: f.decoys}}
	}
	if opt.Serialization, err = parseForm(f.form); err != nil {
		return err
	}
	if opt.Expires, err = a.parseMoment(f.expires, "--expires"); err != nil {
		return err
	}
	if opt.NotBefore, err = a.parseMoment(f.notBefore, "--not-before"); err != nil {
		return err
	}
	mux, done := a.resolvers()
	defer done()
	if err := a.bindHolder(ctx, f, mux, claims, opt); err != nil {
		return err
	}
	issuer, wipe, err := a.issuer(ctx, mux, f.method)
	if err != nil {
		return err
	}
	defer wipe()
	entry, err := f.status.take(a, f.format)
	if err != nil {
		return err
	}
	if err := addEntry(claims, entry); err != nil {
		return err
	}
	cred, err := sdjwt.Issue(ctx, issuer, claims, opt)
	if err != nil {
		return issueFailure(err)
	}
	return a.deliverCredential(cred, issuer, claims, opt, f)
}

func issueFailure(err error) error {
	text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "sdjwt: issue: "), "sdjwt: ")
	if errors.Is(err, sdjwt.ErrNoSuchClaim) {
		return usage("paths are JSON Pointers such as /address/locality", "--disclosable: a path selects no claim")
	}
	return invalid("", "%s", text)
}

// readClaims reads the claims and adds the type and the subject.
func (a *app) readClaims(f *issueFlags) (map[string]any, error) {
	b, err := a.readInput(f.claims, "the claims")
	if err != nil {
		return nil, err
	}
	v, err := strictjson.Parse(b, strictjson.Limits{})
	if err != nil {
		return nil, invalid("", "the claims: %s", firstLine(err.Error()))
	}
	claims, ok := v.Interface().(map[string]any)
	if !ok {
		return nil, invalid(`for example {"given_name":"Alice","age_over_18":true}`, "the claims are not a JSON object")
	}
	if old, ok := claims["vct"]; ok && f.typ != "" && old != f.typ {
		return nil, usage("leave one out", "--type and the claim vct differ")
	}
	if f.typ != "" {
		claims["vct"] = f.typ
	}
	if claims["vct"] == nil {
		return nil, usage("--type TYPE, for example https://example.org/person", "no type")
	}
	if f.subject != "" {
		id, err := a.parseDID(f.subject)
		if err != nil {
			return nil, err
		}
		claims["sub"] = id.String()
	}
	return claims, nil
}

// topLevel returns the paths of the claims that a holder may reveal by default.
func topLevel(claims map[string]any, inClear []string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if !slices.Contains(alwaysClear, name) && !slices.Contains(inClear, name) && !slices.Contains(inClear, "/"+name) {
			out = append(out, "/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
		}
	}
	return out
}

// parseMoment reads a time, or a span from now.
func (a *app) parseMoment(s, flag string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	d, err := parseDelay(s, flag)
	if err != nil {
		return time.Time{}, usage("for example 2027-01-31T12:00:00Z or 365d", "%s: neither a time in RFC 3339 nor a span: %.40q", flag, s)
	}
	return a.now().Add(d), nil
}

// bindHolder sets the holder after a look whether anybody could present the credential.
func (a *app) bindHolder(ctx context.Context, f *issueFlags, r did.Resolver, claims map[string]any, opt *sdjwt.IssueOptions) error {
	switch {
	case f.holder != "" && f.holderKey != "":
		return usage("choose one", "--holder and --holder-key")
	case f.holderKey != "":
		k, err := a.parseKeyArgument(f.holderKey, "--holder-key")
		opt.HolderKey = k
		return err
	case f.holder == "":
		a.note("bound to no holder: everybody who has a copy can present this credential")
		return nil
	}
	u, err := a.holderURL(f.holder)
	if err != nil {
		return err
	}
	opt.Holder = u
	res, err := r.Resolve(ctx, u.DID(), nil)
	if err != nil {
		return err
	}
	for _, m := range res.Document.VerificationMethod {
		if m.Purposes.Has(did.Authentication) && (u.Fragment() == "" || m.ID == u) {
			return nil
		}
	}
	return invalid("nobody could ever present this credential", "--holder: %s has no such key for authentication", u.DID())
}

func (a *app) holderURL(s string) (did.URL, error) {
	if !strings.HasPrefix(s, "did:") {
		name, fragment, _ := strings.Cut(s, "#")
		id, err := a.reachableDID(name)
		if err != nil || fragment == "" {
			return id.URL(), err
		}
		return id.WithFragment(fragment), nil
	}
	u, err := did.ParseURL(s)
	if err == nil && !u.IsKeyReference() && u != u.DID().URL() {
		err = usage("a DID, or a DID with the fragment of one key", "--holder: %s has more than a fragment", s)
	}
	return u, err
}

// reachableDID reads a name or DID. Of an identity that was never registered it is the long form, which alone resolves.
func (a *app) reachableDID(s string) (did.DID, error) {
	id, err := a.parseDID(s)
	if err != nil || strings.HasPrefix(s, "did:") {
		return id, err
	}
	r, err := a.home.readRecord(s)
	if err != nil || !r.Unregistered {
		return id, err
	}
	op, err := r.operation()
	if err != nil {
		return id, err
	}
	return op.LongForm()
}

// issuer finds the assertion key of the identity: one that stands in the document and is here.
func (a *app) issuer(ctx context.Context, r did.Resolver, fragment string) (sdjwt.Issuer, func(), error) {
	id, err := a.identity()
	if err != nil {
		return sdjwt.Issuer{}, nil, err
	}
	reachable, err := a.reachableDID(id.Name)
	if err != nil {
		return sdjwt.Issuer{}, nil, err
	}
	m, signer, wipe, err := a.signingMethod(ctx, r, id, reachable, did.AssertionMethod, strings.TrimPrefix(fragment, "#"))
	if err != nil {
		return sdjwt.Issuer{}, nil, err
	}
	return sdjwt.Issuer{Signer: signer, Method: m.ID}, wipe, nil
}

// signingMethod finds a method of id's document for a purpose whose private key is here and signs single messages, the newest first.
func (a *app) signingMethod(ctx context.Context, r did.Resolver, id *identity, reachable did.DID, p did.Purpose, fragment string) (did.VerificationMethod, privateKey, func(), error) {
	return a.signingMethodThat(ctx, r, id, reachable, p, fragment, func(m did.VerificationMethod) bool { return m.Key.Algorithm().CanSign() })
}

// signingMethodThat is signingMethod among the methods that fit.
func (a *app) signingMethodThat(ctx context.Context, r did.Resolver, id *identity, reachable did.DID, p did.Purpose, fragment string, fits func(did.VerificationMethod) bool) (did.VerificationMethod, privateKey, func(), error) {
	none := did.VerificationMethod{}
	res, err := r.Resolve(ctx, reachable, nil)
	if errors.Is(err, realdid.ErrNotFound) {
		return none, nil, nil, invalid("realdid did create --register --as "+id.Name+" puts it there", "%s is not on this ledger", id.Name)
	}
	if err != nil {
		return none, nil, nil, err
	}
	if res.Metadata.Deactivated {
		return none, nil, nil, invalid("", "%s is deactivated", id.Name)
	}
	chain, err := a.openKeychain(id)
	if err != nil {
		return none, nil, nil, err
	}
	for _, m := range slices.Backward(res.Document.VerificationMethod) {
		if !m.Purposes.Has(p) || fragment != "" && m.ID.Fragment() != fragment || !fits(m) {
			continue
		}
		k, err := chain.find(m.Key)
		if err != nil {
			return none, nil, nil, err
		}
		if k != nil {
			return m, k, chain.wipe, nil
		}
	}
	chain.wipe()
	return none, nil, nil, invalid("did resolve shows the document; did rotate puts new keys into it", "this home holds no key of %s for %v that stands in its document", id.Name, p)
}

// deliverCredential prints and keeps what was issued.
func (a *app) deliverCredential(cred *sdjwt.Credential, issuer sdjwt.Issuer, claims map[string]any, opt *sdjwt.IssueOptions, f *issueFlags) error {
	raw := cred.Bytes()
	if f.save != "" {
		if err := a.saveCredential(f.save, raw); err != nil {
			return err
		}
	}
	disclosable, err := cred.Disclosable()
	if err != nil {
		return err
	}
	slices.Sort(disclosable)
	if !a.flags.json {
		if err := a.writeOutput(f.out, append(slices.Clone(raw), '\n')); err != nil {
			return err
		}
		a.note("%s of %d bytes, signed by %s; the holder chooses among %s", claims["vct"], len(raw), issuer.Method, strings.Join(disclosable, " "))
		return nil
	}
	if f.out != "" && f.out != "-" {
		if err := createFile(f.out, append(slices.Clone(raw), '\n')); err != nil {
			return err
		}
	}
	return a.printJSON(issuedJSON{
		Credential: jsonOrText(raw), Format: formatSDJWT, Issuer: issuer.Method.DID().String(), Key: issuer.Method.String(), Type: fmt.Sprint(claims["vct"]),
		Holder: opt.Holder.String(), IssuedAt: timeText(opt.IssuedAt), Expires: timeText(opt.Expires), Disclosable: disclosable, Bytes: len(raw), File: f.out,
	})
}

// jsonOrText embeds a JSON serialization as it is, and a compact one as a string.
func jsonOrText(raw []byte) any {
	if isCOSE(raw) {
		return base64url.EncodeToString(raw)
	}
	if len(raw) > 0 && raw[0] == '{' {
		return rawJSON(raw)
	}
	return string(raw)
}

func (a *app) saveCredential(name string, raw []byte) error {
	if err := checkName(name); err != nil {
		return err
	}
	if isCOSE(raw) {
		return createFile(a.home.credential(name), raw)
	}
	return createFile(a.home.credential(name), append(slices.Clone(raw), '\n'))
}
