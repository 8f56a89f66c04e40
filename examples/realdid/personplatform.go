package main

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc/realperson"
	"github.com/realdid/realdid/vc/realperson/realpersonhttp"
)

// meetFlags are those of every verb that answers a platform.
type meetFlags struct {
	reveal   []string
	platform string
}

// meetVerb makes a verb that answers one kind of request of a platform.
func (a *app) meetVerb(c *cobra.Command, action realperson.Action) *cobra.Command {
	var f meetFlags
	scoped := action == realperson.ActionUseScope
	n := 1
	if scoped {
		n = 2
	}
	c.Args = args(n, n)
	fl := c.Flags()
	fl.StringVar(&f.platform, "platform", "", "`DID` or name that the platform must have; nothing is shown to another")
	if action == realperson.ActionSignUp || scoped {
		fl.StringArrayVar(&f.reveal, "reveal", nil, "`PATH` of a claim that this platform may see, such as /credentialSubject/ageOver18; repeat")
	}
	return verb(c, func(c *cobra.Command, args []string) error {
		asked := &realpersonhttp.Asked{Action: action, Session: make([]byte, 32)}
		if scoped {
			asked.Scope = args[0]
		}
		rand.Read(asked.Session)
		return a.meet(c.Context(), args[n-1], asked, &f)
	})
}

func newPersonSignUp(a *app) *cobra.Command {
	return a.meetVerb(&cobra.Command{
		Use:   "signup URL",
		Short: "Open an account at a platform: the only one that you can have there",
		Long: `Opens an account at the platform at URL. The platform signs what it asks for, and who it is decides under which pseudonym it sees you: a site
that only looks like another gets its own. It learns the pseudonym, a DID for it alone, your authority, and the claims of --reveal; what it asks for
beyond these is refused here.`,
		Example: `  realdid person signup http://127.0.0.1:8482 --as alice --reveal /credentialSubject/ageOver18
  realdid person signup http://127.0.0.1:8482 --as alice --platform did:realdid:qaaaa…`,
	}, realperson.ActionSignUp)
}

func newPersonLogIn(a *app) *cobra.Command {
	return a.meetVerb(&cobra.Command{
		Use:     "login URL",
		Short:   "Log in to your account at a platform",
		Long:    `Logs in to the account at the platform at URL, by a signature of the key that you have there and nowhere else.`,
		Example: `  realdid person login http://127.0.0.1:8482 --as alice`,
	}, realperson.ActionLogIn)
}

func newPersonUse(a *app) *cobra.Command {
	return a.meetVerb(&cobra.Command{
		Use:   "use SCOPE URL",
		Short: "Do something at a platform that everybody may do so many times",
		Long: `Uses the scope SCOPE of the platform at URL once, such as a vote that everybody has one of. No account is needed, and a use links neither to
your account nor to another use. When all are used up, the wallet says so; were it to forget, the platform would.`,
		Example: `  realdid person use vote http://127.0.0.1:8482 --as alice`,
	}, realperson.ActionUseScope)
}

func newPersonRebind(a *app) *cobra.Command {
	return a.meetVerb(&cobra.Command{
		Use:     "rebind URL",
		Short:   "Give your account at a platform another key, with the consent of the present one",
		Long:    `Binds the account at the platform at URL to the wallet's next key there, at once, because the present key signs as well.`,
		Example: `  realdid person rebind http://127.0.0.1:8482 --as alice`,
	}, realperson.ActionRebind)
}

func newPersonReportTheft(a *app) *cobra.Command {
	return a.meetVerb(&cobra.Command{
		Use:   "report-theft URL",
		Short: "Tell a platform that the key of your account is lost",
		Long: `Reports that the key of your account at the platform at URL is lost or stolen, and proposes another. After the platform's delay (72 hours unless
it says otherwise) and a renewal in an epoch that began since, complete-rebind binds the account to it, unless the present key vetoes.`,
		Example: `  realdid person report-theft http://127.0.0.1:8482 --as alice`,
	}, realperson.ActionReportTheft)
}

func newPersonCompleteRebind(a *app) *cobra.Command {
	return a.meetVerb(&cobra.Command{
		Use:     "complete-rebind URL",
		Short:   "Complete what report-theft began, after the delay",
		Long:    `Binds the account at the platform at URL to the key that report-theft proposed, with credentials that were renewed since.`,
		Example: `  realdid person complete-rebind http://127.0.0.1:8482 --as alice`,
	}, realperson.ActionCompleteRebind)
}

func newPersonVeto(a *app) *cobra.Command {
	return a.meetVerb(&cobra.Command{
		Use:     "veto URL",
		Short:   "Strike out theft reports against your account that are not yours",
		Long:    `Strikes out the theft reports of others against your account at the platform at URL. Renew first: who shows the later credential is believed.`,
		Example: `  realdid person veto http://127.0.0.1:8482 --as alice`,
	}, realperson.ActionVeto)
}

// metJSON is what the verbs print that answer a platform.
type metJSON struct {
	Action   string    `json:"action"`
	Platform string    `json:"platform"`
	Account  string    `json:"account,omitempty"`
	Created  string    `json:"created,omitempty"`
	Holder   string    `json:"holder,omitempty"` // the pairwise DID
	Reports  []string  `json:"reports,omitempty"`
	Scope    string    `json:"scope,omitempty"`
	Index    *int      `json:"index,omitempty"`
	Learned  []learned `json:"learned"` // by the platform
}

type learned struct {
	Pointer string `json:"pointer,omitempty"`
	Says    string `json:"says"`
}

// meet asks a platform, answers it and sends the answer to where the platform, which signed that, wants it.
func (a *app) meet(ctx context.Context, url string, asked *realpersonhttp.Asked, f *meetFlags) error {
	client, err := a.platformClient(url)
	if err != nil {
		return err
	}
	w, err := a.openPerson()
	if err != nil {
		return err
	}
	defer w.wipe()
	for ahead := uint32(0); ; {
		r, err := w.ask(ctx, client, asked, f)
		if err != nil {
			return err
		}
		result, err := w.answer(ctx, client, r, asked, f)
		if errors.Is(err, realperson.ErrScopeUsed) {
			// This wallet, or its copy, has forgotten, or the platform wants to see one index after the other in one sitting, which would link
			// all uses: whether to show the next one is for the person to say.
			w.ScopeUsed(r)
			if err := w.save(); err != nil {
				return err
			}
			return meetFailure(err, url)
		}
		if errors.Is(err, realperson.ErrNotHolder) && asked.Action == realperson.ActionLogIn { // a backup from before a rebinding: the key after
			if ahead < maxAhead {
				ahead++
				err = w.tryKey(r.Platform(), 1)
			} else {
				err = errors.Join(err, w.tryKey(r.Platform(), -int64(ahead)))
			}
			if err == nil {
				continue
			}
		}
		if err != nil {
			return meetFailure(err, url)
		}
		w.ScopeUsed(r)
		w.Rebound(r)
		if err := w.save(); err != nil {
			return err
		}
		return w.showMet(ctx, r, result)
	}
}

// maxAhead is how many rebindings a backup may have missed.
const maxAhead = 4

// tryKey goes on to another of the wallet's keys for a platform.
func (w *personWallet) tryKey(platform did.DID, by int64) error {
	n, err := w.KeyNumber(platform)
	if err != nil {
		return err
	}
	if err := w.UseKey(platform, uint32(int64(n)+by)); err != nil {
		return err
	}
	return w.save()
}

// ask gets a request and finds out who made it. The ledger is let go of before anybody else needs it.
func (w *personWallet) ask(ctx context.Context, client *realpersonhttp.PlatformClient, asked *realpersonhttp.Asked, f *meetFlags) (*realperson.VerifierRequest, error) {
	b, err := client.Request(ctx, asked)
	if err != nil {
		return nil, err
	}
	finder, done := w.app.keyFinder()
	defer done()
	r, err := w.Authenticate(ctx, b, finder)
	if err != nil {
		return nil, err
	}
	if f.platform != "" {
		want, err := w.app.parseDID(f.platform)
		if err != nil {
			return nil, err
		}
		if !sameIdentity(r.Platform(), want) {
			return nil, invalid("is this the site that you meant?", "the platform is %s, not %s", r.Platform(), want)
		}
	}
	if scope, _ := r.Scope(); r.Action() != asked.Action || scope.Name != asked.Scope {
		return nil, invalid("", "the platform asks for something else: %s %s", r.Action(), scope.Name)
	}
	return r, nil
}

func (w *personWallet) answer(ctx context.Context, client *realpersonhttp.PlatformClient, r *realperson.VerifierRequest, asked *realpersonhttp.Asked, f *meetFlags) (*realpersonhttp.Result, error) {
	policy := realperson.Policy{Reveal: map[did.DID][]string{r.Platform(): f.reveal}}
	var response []byte
	var err error
	switch r.Action() {
	case realperson.ActionSignUp:
		response, err = w.SignUp(ctx, r, policy)
	case realperson.ActionLogIn:
		response, err = w.LogIn(ctx, r)
	case realperson.ActionUseScope:
		response, err = w.UseScope(ctx, r, policy)
	case realperson.ActionRebind:
		response, err = w.Rebind(ctx, r)
	case realperson.ActionReportTheft:
		response, err = w.ReportTheft(ctx, r)
	case realperson.ActionCompleteRebind:
		response, err = w.CompleteRebind(ctx, r)
	default:
		response, err = w.Veto(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	if err := w.save(); err != nil { // what was shown is not forgotten, whatever comes back
		return nil, err
	}
	return client.Respond(ctx, r, asked, response)
}

func (w *personWallet) showMet(ctx context.Context, r *realperson.VerifierRequest, result *realpersonhttp.Result) error {
	a := w.app
	out := metJSON{Action: string(r.Action()), Platform: r.Platform().String(), Account: result.Account, Created: timeText(result.Created), Scope: result.Scope}
	if result.Scope != "" {
		out.Index = &result.Index
	} else {
		holder, err := w.Holder(ctx, r.Platform())
		if err != nil {
			return err
		}
		out.Holder = holder.String()
	}
	for _, t := range result.Reports {
		out.Reports = append(out.Reports, timeText(t))
	}
	for _, ask := range r.Asks() {
		out.Learned = append(out.Learned, learned{ask.Pointer, ask.Says})
	}
	if a.flags.json {
		return a.printJSON(out)
	}
	s := sheet{p: a.paint}
	s.tinted(a.paint.green, "done", out.Action)
	s.add("platform", out.Platform)
	if out.Account != "" {
		s.add("account", out.Account, out.Created)
	}
	if out.Index != nil {
		s.add("scope", out.Scope, "use number "+strconv.Itoa(*out.Index)+", of an order that is yours")
	}
	for i, l := range out.Learned {
		s.add(first(i, "it learned"), l.Says, l.Pointer)
	}
	for i, t := range out.Reports {
		s.tinted(a.paint.yellow, first(i, "theft reports"), t)
	}
	s.write(a.stdout)
	if len(out.Reports) > 0 && !slices.Contains([]realperson.Action{realperson.ActionReportTheft, realperson.ActionCompleteRebind}, r.Action()) {
		a.note("somebody says that your key there is lost; if it was not you: realdid person renew, then realdid person veto URL")
	}
	return nil
}
