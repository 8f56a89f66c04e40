package main

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/sdjwt"
)

// presentFlags are the flags of vc present.
type presentFlags struct {
	reveal                                  []string
	audience, nonce, method, key, form, out string

	contexts contextFlags
}

// presentedJSON is what vc present prints.
type presentedJSON struct {
	Presentation any      `json:"presentation"`
	Revealed     []string `json:"revealed"`
	Withheld     []string `json:"withheld"`
	Audience     string   `json:"audience"`
	Nonce        string   `json:"nonce"`
	Key          string   `json:"key,omitempty"`
	Bytes        int      `json:"bytes"`
	File         string   `json:"file,omitempty"`
}

func newVCPresent(a *app) *cobra.Command {
	var f presentFlags
	c := &cobra.Command{
		Use:   "present CREDENTIAL",
		Short: "Show some claims of a credential to one verifier",
		Long: `Makes a presentation of CREDENTIAL (a FILE, "-", or a name in HOME/credentials) that reveals the claims of --reveal and no other that
can be withheld, signed by the holder's key for one --audience and one --nonce, both of which the verifier names. The presentation is
of the credential's own format: an SD-JWT with key binding, or a W3C verifiable presentation with a proof, as a JWT or in COSE.`,
		Example: `  realdid vc present person.sdjwt --as alice --reveal /age_over_18 --audience https://shop.example --nonce n-123
  realdid vc present - --as alice --reveal /address/locality --audience https://shop.example --nonce n-123 --out shown.sdjwt < person.sdjwt`,
		Args: args(1, 1),
	}
	fl := c.Flags()
	fl.StringArrayVar(&f.reveal, "reveal", nil, "`PATH` of a claim to reveal: a JSON Pointer such as /address/locality, or a DCQL path; repeat")
	fl.StringVar(&f.audience, "audience", "", "the verifier's identifier, as `TEXT` that it named")
	fl.StringVar(&f.nonce, "nonce", "", "the verifier's `TEXT` for this one presentation")
	fl.StringVar(&f.method, "method", "", "`FRAGMENT` of the authentication key to sign with (default: the newest that this home holds)")
	fl.StringVar(&f.key, "key", "", "`NAME` of an imported key to sign with, for a credential that is bound to a key")
	fl.StringVar(&f.form, "serialization", "compact", "compact, flattened or general")
	fl.StringVar(&f.out, "out", "", "write to a new `FILE` instead of standard output")
	f.contexts.register(fl)
	_ = c.RegisterFlagCompletionFunc("serialization", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp))
	return verb(c, func(c *cobra.Command, args []string) error { return a.vcPresent(c.Context(), args[0], &f) })
}

// readCredential reads a file, standard input, or a name in credentials/.
func (a *app) readCredential(arg string) ([]byte, error) {
	if checkName(arg) == nil && !a.home.exists(arg) && a.home.exists(a.home.credential(arg)) {
		arg = a.home.credential(arg)
	}
	b, err := a.readInput(arg, "the credential")
	if isCOSE(b) {
		return b, err
	}
	b = bytes.TrimSpace(b)
	if bin, err := base64url.DecodeString(string(b)); err == nil && isCOSE(bin) { // as it is printed
		return bin, nil
	}
	return b, err
}

// writeCredential writes a credential as text with a newline. COSE, which is binary, stands in a file as it is and is printed in
// base64url.
func (a *app) writeCredential(out string, raw []byte) error {
	if !isCOSE(raw) {
		return a.writeOutput(out, append(slices.Clone(raw), '\n'))
	}
	if out == "" || out == "-" {
		raw = append(base64url.AppendEncode(nil, raw), '\n')
	}
	return a.writeOutput(out, raw)
}

func (a *app) vcPresent(ctx context.Context, arg string, f *presentFlags) error {
	if f.audience == "" || f.nonce == "" {
		return usage("the verifier names both; the presentation is for nobody else and for no other time", "--audience and --nonce are needed")
	}
	raw, err := a.readCredential(arg)
	if err != nil {
		return err
	}
	known, err := f.contexts.load(a)
	if err != nil {
		return err
	}
	any, err := parseHeld(raw, known)
	if err != nil {
		return err
	}
	cred, ok := any.(*sdjwt.Credential)
	if !ok {
		if f.form != forms[0] {
			return usage("leave it out", "--serialization is for SD-JWTs")
		}
		return a.presentW3C(ctx, any, f)
	}
	opt := &sdjwt.PresentOptions{Reveal: f.reveal, Audience: f.audience, Nonce: f.nonce, IssuedAt: a.now()}
	if opt.Serialization, err = parseForm(f.form); err != nil {
		return err
	}
	signer, method, wipe, err := a.holder(ctx, cred, f)
	if err != nil {
		return err
	}
	defer wipe()
	opt.Method = method
	pres, err := cred.Present(ctx, signer, opt)
	if err != nil {
		return revealFailure(cred, err)
	}
	return a.deliverPresentation(cred, pres, f, method)
}

// holder finds the key that the credential is bound to.
func (a *app) holder(ctx context.Context, cred held, f *presentFlags) (keys.Signer, did.URL, func(), error) {
	keyID, key, err := cred.Holder()
	if err != nil {
		return nil, did.URL{}, nil, err
	}
	if keyID == "" && key.IsZero() {
		return nil, did.URL{}, nil, invalid("whoever has a copy can show it as it is", "the credential is bound to no holder")
	}
	if keyID == "" {
		k, err := a.boundKey(key, f.key)
		if err != nil {
			return nil, did.URL{}, nil, err
		}
		return k, did.URL{}, k.Wipe, nil
	}
	u, err := did.ParseURL(keyID)
	if err != nil {
		return nil, did.URL{}, nil, err
	}
	fragment := strings.TrimPrefix(f.method, "#")
	if u.Fragment() != "" {
		fragment = u.Fragment()
	}
	id, err := a.identity()
	if err != nil {
		return nil, did.URL{}, nil, err
	}
	if !sameIdentity(u.DID(), id.id) {
		return nil, did.URL{}, nil, invalid("another --as NAME?", "the credential is bound to %s, and %s is another identity", u.DID(), id.Name)
	}
	return a.authenticationKey(ctx, id, u.DID(), fragment)
}

// sameIdentity compares DIDs of which one may be the long form of the other.
func sameIdentity(a, b did.DID) bool {
	x, errX := realdid.ParseIdentifier(a)
	y, errY := realdid.ParseIdentifier(b)
	if errX != nil || errY != nil {
		return a == b
	}
	return x.Key() == y.Key()
}

// authenticationKey finds a key for authentication of bound, which is id's DID in the form that the credential has. A phone without the
// ledger takes the newest that it has.
func (a *app) authenticationKey(ctx context.Context, id *identity, bound did.DID, fragment string) (keys.Signer, did.URL, func(), error) {
	mux, done := a.resolvers()
	defer done()
	m, k, wipe, err := a.signingMethod(ctx, mux, id, bound, did.Authentication, fragment)
	if err == nil {
		return k, bound.WithFragment(m.ID.Fragment()), wipe, nil
	}
	if explainLibrary(err).status != statusUnknown || a.hasLedger() {
		return nil, did.URL{}, nil, err
	}
	chain, err := a.openKeychain(id)
	if err != nil {
		return nil, did.URL{}, nil, err
	}
	for _, e := range slices.Backward(id.Keys) {
		if !slices.Contains(strings.Split(e.For, ","), did.Authentication.String()) || fragment != "" && e.Label != "#"+fragment {
			continue
		}
		public, err := keys.ParseMultikey(e.Key)
		if err != nil {
			return nil, did.URL{}, nil, unknown("", "%s: damaged: %v", a.home.record(id.Name), err)
		}
		k, err := chain.find(public)
		if err != nil {
			return nil, did.URL{}, nil, err
		}
		if k != nil {
			return k, bound.WithFragment(strings.TrimPrefix(e.Label, "#")), chain.wipe, nil
		}
	}
	chain.wipe()
	return nil, did.URL{}, nil, invalid("", "this home holds no such authentication key of %s", id.Name)
}

// boundKey finds the key that a credential carries itself, among the keys of this home.
func (a *app) boundKey(key keys.PublicKey, name string) (privateKey, error) {
	candidates := []string{name}
	if name == "" {
		candidates = a.home.names(false)
	}
	for _, n := range candidates {
		r, err := a.home.readRecord(n)
		if err != nil {
			return nil, err
		}
		e := r.find(key)
		if e == nil || e.Known {
			continue
		}
		from := n
		if e.From != "" {
			from = e.From
		}
		sealed, err := a.openRing(a.home.sealed(from))
		if err != nil {
			return nil, err
		}
		if k := sealed.find(key); k != nil {
			return k, nil
		}
	}
	return nil, invalid("key import brings it here", "the credential is bound to a key that is not in this home")
}

func (a *app) deliverPresentation(cred *sdjwt.Credential, pres *sdjwt.Presentation, f *presentFlags, method did.URL) error {
	raw := append(slices.Clone(pres.Bytes()), '\n')
	parts, err := takeApart(pres.Bytes())
	if err != nil {
		return err
	}
	shown, err := parts.disclosed()
	if err != nil {
		return err
	}
	if !a.flags.json {
		if err := a.writeOutput(f.out, raw); err != nil {
			return err
		}
		a.note("reveals %s to %s; withheld: %s", listOr(shown, "nothing that can be withheld"), f.audience, listOr(without(cred, shown), "nothing"))
		return nil
	}
	if f.out != "" && f.out != "-" {
		if err := createFile(f.out, raw); err != nil {
			return err
		}
	}
	return a.printJSON(presentedJSON{jsonOrText(pres.Bytes()), orEmpty(shown), orEmpty(without(cred, shown)), f.audience, f.nonce, method.String(), len(pres.Bytes()), f.out})
}

// without lists what cred could reveal beyond shown.
func without(cred *sdjwt.Credential, shown []string) []string {
	list, _ := cred.Disclosable()
	slices.Sort(list)
	return slices.DeleteFunc(list, func(s string) bool { return slices.Contains(shown, s) })
}

func listOr(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return strings.Join(list, " ")
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
