package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
)

func newDIDResolve(a *app) *cobra.Command {
	var versionID, versionTime string
	var wait time.Duration
	c := &cobra.Command{
		Use:   "resolve [DID|NAME]",
		Short: "Resolve a DID or DID URL to its document",
		Long: `Resolves a DID, a DID URL, or the name of an identity in this home (default: that of --as), and shows the document, what is known
about it, and what the answer rests on. Of did:realdid the whole history is replayed, every signature checked; in a trust domain (--domain)
the ledger's proof is checked as well, that nothing newer exists and who vouches for it. did:key and did:jwk need no ledger; nor does a
long-form did:realdid. did:web and did:webvh are fetched from where they point to.

--json prints the DID resolution result; of a DID URL with a fragment or a service parameter, what it names.
Exit status 1 also if the identity is deactivated: the answer is then printed all the same.`,
		Example: `  realdid did resolve alice
  realdid did resolve alice --domain ./demo
  realdid did resolve did:realdid:qaaaa… --version-time 2027-01-31T12:00:00Z
  realdid did resolve 'did:realdid:qaaaa…#auth-1' --json`,
		Args: args(0, 1),
	}
	c.Flags().StringVar(&versionID, "version-id", "", "the document as of the operation with this `ID`")
	c.Flags().StringVar(&versionTime, "version-time", "", "the document as of this `TIME` (RFC 3339)")
	c.Flags().DurationVar(&wait, "wait", 15*time.Second, "how long to wait for a proof that covers the newest operation, in a trust domain")
	c.ValidArgsFunction = a.completeNames
	return verb(c, func(c *cobra.Command, args []string) error {
		u, err := a.resolveArgument(args)
		if err != nil {
			return a.resolveFailed(err)
		}
		opt, err := resolveOptions(u, versionID, versionTime)
		if err != nil {
			return a.resolveFailed(err)
		}
		return a.didResolve(c.Context(), u, opt, wait)
	})
}

func (a *app) completeNames(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 || a.setUp() != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.home.names(true), cobra.ShellCompDirectiveNoFileComp
}

// resolveArgument reads the DID URL that is to be resolved.
func (a *app) resolveArgument(args []string) (did.URL, error) {
	if len(args) == 0 {
		id, err := a.identity()
		if err != nil {
			return did.URL{}, err
		}
		return id.id.URL(), nil
	}
	text := args[0]
	if !strings.HasPrefix(text, "did:") {
		name := text
		if i := strings.IndexAny(text, "#?/"); i >= 0 {
			name = text[:i]
		}
		if checkName(name) == nil && a.home.exists(a.home.record(name)) {
			id, err := a.parseDID(name)
			if err != nil {
				return did.URL{}, err
			}
			text = id.String() + text[len(name):]
		}
	}
	if strings.ContainsAny(text, "#?/") {
		return did.ParseURL(text)
	}
	id, err := did.Parse(text)
	return id.URL(), err
}

func resolveOptions(u did.URL, versionID, versionTime string) (*did.ResolveOptions, error) {
	opt, err := u.ResolveOptions()
	if err != nil {
		return nil, err
	}
	if versionID == "" && versionTime == "" {
		return opt, nil
	}
	if opt != nil {
		return nil, usage("give it in one place", "the version is in the DID URL already")
	}
	opt = &did.ResolveOptions{VersionID: versionID}
	if versionTime != "" {
		if opt.VersionTime, err = time.Parse(time.RFC3339, versionTime); err != nil {
			return nil, usage("for example --version-time 2027-01-31T12:00:00Z", "--version-time: not a time in RFC 3339")
		}
		opt.VersionTime = opt.VersionTime.UTC()
	}
	return opt, opt.Check()
}

// resolveFailed prints the resolution result of an error, which is an answer too, for --json.
func (a *app) resolveFailed(err error) error {
	f := explainLibrary(err)
	d, ok := err.(*did.Error)
	if !ok || !a.flags.json {
		return f
	}
	f.quiet = true
	out := &did.Error{Code: d.Code, Detail: f.detail} // also of causes that a server would keep to itself
	if err := a.printJSON(rawJSON(out.AppendJSON(nil))); err != nil {
		return err
	}
	return f
}

func (a *app) didResolve(ctx context.Context, u did.URL, opt *did.ResolveOptions, wait time.Duration) error {
	mux, done := a.resolvers()
	defer done()
	res, err := a.resolveProven(ctx, mux, u.DID(), opt, wait)
	if err != nil {
		return a.resolveFailed(did.AsError(err))
	}
	var end error
	if res.Metadata.Deactivated {
		end = &failure{
			status: statusInvalid, quiet: true, detail: u.DID().String() + " is deactivated", hint: deactivatedHint(res),
		}
	}
	if u.Fragment() != "" || u.Query() != "" && !onlyVersion(u) || u.Path() != "" {
		d, err := res.Document.Dereference(u)
		if err != nil {
			return a.resolveFailed(did.AsError(err))
		}
		if err := a.showDereferenced(d); err != nil {
			return err
		}
		return end
	}
	if a.flags.json {
		var b []byte
		if b, err = res.AppendJSON(nil, nil); err == nil {
			err = a.printJSON(rawJSON(b))
		}
	} else {
		a.showResolution(u.DID(), res)
	}
	if err != nil {
		return err
	}
	return end
}

// resolveProven asks for an answer that a proof covers, where there is a trust domain whose ledger gives one. If it does not come
// within the time, the answer comes without.
func (a *app) resolveProven(ctx context.Context, mux did.Resolver, id did.DID, opt *did.ResolveOptions, wait time.Duration) (*did.Resolution, error) {
	place, err := a.ledgerPlace()
	if err != nil {
		return nil, err
	}
	d, err := a.domain()
	if err != nil {
		return nil, err
	}
	if d == nil || !isURL(place) || id.Method() != realdid.MethodName || wait <= 0 {
		return mux.Resolve(ctx, id, opt)
	}
	covered := did.ResolveOptions{NoCache: true}
	if opt != nil {
		covered = *opt
		covered.NoCache = true
	}
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	res, err := mux.Resolve(limited, id, &covered)
	if err == nil || limited.Err() == nil || ctx.Err() != nil {
		return res, err
	}
	a.note("no proof covers the newest operation yet; the answer is what the ledger shows")
	return mux.Resolve(ctx, id, opt)
}

func onlyVersion(u did.URL) bool {
	_, service, _ := u.Param("service")
	return !service && u.Fragment() == ""
}

func deactivatedHint(res *did.Resolution) string {
	if f, ok := res.Metadata.Extra[realdid.MethodName].(realdid.Facts); ok && f.Final != nil {
		return "a recovery can revive it until " + when(*f.Final)
	}
	return ""
}

func (a *app) showDereferenced(d *did.Dereferenced) error {
	var b []byte
	switch {
	case d.Endpoint != nil:
		if !a.flags.json {
			for _, e := range d.Endpoint {
				fmt.Fprintln(a.stdout, clean(e))
			}
			return nil
		}
		return a.printJSON(map[string]any{"serviceEndpoint": d.Endpoint})
	case d.Method != nil:
		b = d.Method.Canonical()
	case d.Service != nil:
		b = d.Service.Canonical()
	default:
		b = d.Document.Canonical()
	}
	return a.printJSON(rawJSON(b))
}

// showResolution prints a resolution for people.
func (a *app) showResolution(id did.DID, res *did.Resolution) {
	fmt.Fprintln(a.stdout, a.paint.bold(clean(id.String())))
	s := sheet{p: a.paint}
	m := res.Metadata
	facts, _ := m.Extra[realdid.MethodName].(realdid.Facts)
	switch {
	case m.Deactivated:
		s.tinted(a.paint.red, "status", "deactivated (410)")
	case facts.Pending != nil:
		s.tinted(a.paint.yellow, "status", "recovery pending, takes effect "+when(facts.Pending.Effective))
	default:
		s.tinted(a.paint.green, "status", "active")
	}
	if f := facts.Migration; f != nil {
		s.tinted(a.paint.yellow, "moves to", f.To, "at the earliest "+when(f.Ready))
	}
	if f := facts.Imported; f != nil {
		s.add("came from", f.From, when(f.Time))
	}
	if m.CanonicalID != "" && m.CanonicalID != id.String() {
		s.add("canonical", m.CanonicalID)
	}
	if !m.Created.IsZero() {
		s.add("created", when(m.Created))
	}
	if !m.Updated.IsZero() {
		s.add("updated", when(m.Updated))
	}
	if m.VersionID != "" {
		s.add("version", m.VersionID)
	}
	if !m.NextUpdate.IsZero() {
		s.tinted(a.paint.yellow, "superseded", when(m.NextUpdate)+" by "+m.NextVersionID)
	}
	for i, v := range res.Document.VerificationMethod {
		s.add(first(i, "key"), "#"+v.ID.Fragment(), v.Key.Algorithm().String(), v.Purposes.String(), v.Key.Multikey())
	}
	for i, v := range res.Document.Service {
		s.add(first(i, "service"), "#"+v.ID.Fragment(), strings.Join(v.Type, "+"), endpoints(v))
	}
	for i, u := range res.Document.AlsoKnownAs {
		s.add(first(i, "also known as"), u)
	}
	for i, r := range res.Removed {
		how := "retired"
		if r.Compromised {
			how = fmt.Sprintf("compromised since operation %d", r.CompromisedSince)
		}
		s.add(first(i, "removed"), "#"+r.ID.Fragment(), how, when(r.Removed))
	}
	a.addFacts(&s, facts)
	s.add("rests on", strings.Join(restsOn(id.Method(), res.Evidence), ", "))
	for i, c := range res.Evidence.Cosigners {
		s.add(first(i, "vouched for"), c.Name, c.Role, when(c.Time))
	}
	s.write(a.stdout)
}

func first(i int, label string) string {
	if i == 0 {
		return label
	}
	return ""
}

func (a *app) addFacts(s *sheet, f realdid.Facts) {
	if f.Threshold == nil {
		return
	}
	s.add("control", fmt.Sprintf("weight %d of %s", f.Threshold.Threshold, plural(f.Threshold.Keys, "key")))
	for i, t := range f.Recovery {
		how := "a tier above it can cancel"
		switch {
		case t.Vetoable:
			how = "the next key can cancel"
		case t.Rank == 0:
			how = "nobody can cancel"
		}
		if t.UsableUntil != nil {
			how = "replaced, usable until " + when(*t.UsableUntil)
		}
		delay := (time.Duration(t.DelaySeconds) * time.Second).String()
		s.add(first(i, "recovery"), fmt.Sprintf("tier %d", t.Rank), fmt.Sprintf("%d of %s", t.Threshold, plural(t.Keys, "key")), "after "+strings.TrimSuffix(delay, "0m0s"), how)
	}
	if len(f.Recovery) == 0 {
		s.add("recovery", "none")
	}
	if f.SingleSecret {
		s.tinted(a.paint.yellow, "single secret", "the daily device holds what the next keys derive from")
	}
	if f.Final != nil {
		s.add("final after", when(*f.Final))
	}
}

func endpoints(v did.Service) string {
	var out []string
	for _, e := range v.Endpoint {
		out = append(out, e.URI+e.Object)
	}
	return strings.Join(out, " ")
}

// restsOn is evidenceWords for an answer that may come from another method.
func restsOn(method string, e did.Evidence) []string {
	if method == "web" {
		return []string{"what the web server showed", "as of " + when(e.AsOf)}
	}
	return evidenceWords(e)
}

func evidenceWords(e did.Evidence) []string {
	var out []string
	for _, x := range []struct {
		is   bool
		word string
	}{
		{e.Replayed, "every operation replayed"},
		{e.GenesisOnly, "the genesis alone: later operations may exist"},
		{e.Included, "inclusion proof"},
		{e.Latest, "proof of latest state"},
		{e.Absent, "proof of absence"},
		{e.OperatorTime, "times are the ledger operator's word"},
	} {
		if x.is {
			out = append(out, x.word)
		}
	}
	if len(out) == 0 {
		out = append(out, "the identifier itself")
	}
	return append(out, "as of "+when(e.AsOf))
}
