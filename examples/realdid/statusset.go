package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/cose"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/sdjwt"
	"github.com/realdid/realdid/vc/status"
)

func newStatusSet(a *app) *cobra.Command {
	var contexts contextFlags
	c := &cobra.Command{
		Use:   "set DIR INDEX|CREDENTIAL VALUE",
		Short: "Revoke or suspend a credential, or bring it back, and publish",
		Long: `Gives the entry of a credential a VALUE, valid, revoked, suspended or a number, signs the list in DIR and puts it in place of DIR/list.*. The entry is that
which CREDENTIAL (a FILE, "-", or a name in HOME/credentials) refers to; it must be one that the list's issuer signed. Or it is INDEX, which vc issue told.

Revoked is for good: nothing brings such a credential back. What may come back is suspended.`,
		Example: `  realdid status set lists/person person.sdjwt revoked
  realdid status set lists/person 40713 suspended
  realdid status set lists/person 40713 valid --json`,
		Args: args(3, 3),
	}
	contexts.register(c.Flags())
	return verb(c, func(c *cobra.Command, args []string) error {
		opt, err := contexts.load(a)
		if err != nil {
			return err
		}
		return a.statusSet(c.Context(), args[0], args[1], args[2], opt)
	})
}

func (a *app) statusSet(ctx context.Context, dir, which, word string, opt *dataintegrity.Options) error {
	d, err := a.openStatusFolder(dir)
	if err != nil {
		return err
	}
	defer d.close()
	value, err := d.value(word)
	if err != nil {
		return err
	}
	index, err := d.entry(ctx, a, which, opt)
	if err != nil {
		return err
	}
	signer, err := a.statusSigner(ctx, &d.conf) // before anything changes
	if err != nil {
		return err
	}
	defer signer.wipe()
	was, _ := d.list.Value(index)
	if err := d.list.Set(value, index); err != nil {
		return statusListFailure(err)
	}
	out, err := d.publish(ctx, a, signer)
	if err != nil {
		f := explainLibrary(err)
		f.detail = "the entry is set, and not published yet: " + f.detail
		if f.hint == "" {
			f.hint = "realdid status publish " + dir
		}
		return f
	}
	out.Set = &statusSetJSON{Index: index, Was: was, Value: value}
	return a.showPublished("published", out)
}

// value reads what an entry of the list is to say.
func (f *statusFolder) value(word string) (uint64, error) {
	opt := f.list.Options()
	of := map[string]uint64{"valid": status.Valid}
	switch {
	case opt.Mechanism == vc.TokenStatusList:
		of["revoked"] = status.Invalid
		of["suspended"] = status.Suspended
	case opt.Size > 1: // the messages say which is which
	case opt.Purpose == status.Revocation:
		of["revoked"] = 1
	case opt.Purpose == status.Suspension:
		of["suspended"] = 1
	}
	v, ok := of[word]
	if !ok {
		var err error
		if v, err = strconv.ParseUint(word, 10, 64); err != nil {
			words := make([]string, 0, len(of))
			for w := range of {
				words = append(words, w)
			}
			slices.Sort(words)
			return 0, usage("VALUE is "+strings.Join(words, ", ")+" or a number", "%.30q is nothing that an entry of this list can say (%s)", word, strings.TrimSpace(opt.Mechanism.String()+" "+opt.Purpose))
		}
	}
	if v >= 1<<opt.Size {
		return 0, usage("the number of bits is chosen with status build --bits", "%s: an entry of %s goes from 0 to %d", word, plural(opt.Size, "bit"), 1<<opt.Size-1)
	}
	return v, nil
}

// entry finds the entry that is meant.
func (f *statusFolder) entry(ctx context.Context, a *app, which string, opt *dataintegrity.Options) (uint64, error) {
	if i, err := strconv.ParseUint(which, 10, 64); err == nil {
		return i, nil
	}
	raw, err := a.readCredential(which)
	if err != nil {
		return 0, err
	}
	// Whoever can make somebody set an entry by a credential of their own making could have any credential revoked.
	shown := heldOrShown(raw, opt)
	if err := a.issuedBy(ctx, shown, f.conf.Issuer); err != nil {
		return 0, err
	}
	refs, err := statusReferences(shown)
	if err != nil {
		return 0, err
	}
	purpose := f.list.Options().Purpose
	var elsewhere []string
	for _, r := range refs {
		if r.Mechanism == f.conf.mechanism() && r.URI == f.conf.URI && r.Purpose == purpose {
			return r.Index, nil
		}
		elsewhere = append(elsewhere, strings.TrimSpace(r.URI+" "+r.Purpose))
	}
	if elsewhere == nil {
		return 0, invalid("vc issue --status-list gives a credential one", "the credential has no status")
	}
	return 0, invalid("name the folder of that list", "the credential has its status in another list: %s", strings.Join(elsewhere, ", "))
}

// heldOrShown is a credential as its holder has it, or if it is none, what a holder shows.
func heldOrShown(raw []byte, opt *dataintegrity.Options) vc.Presentation {
	if c, err := parseHeld(raw, opt); err == nil {
		return c
	}
	return received(raw, opt)
}

// everyMediaType are the formats of credentials, by name, so that the one that a policy has to name is among them.
var everyMediaType = []string{sdjwt.MediaType, dataintegrity.MediaType, jose.MediaType, cose.MediaType, sdjwt.W3CMediaType}

// issuedBy checks that the issuer signed a credential.
func (a *app) issuedBy(ctx context.Context, shown vc.Presentation, issuer string) error {
	id, err := did.Parse(issuer)
	if err != nil {
		return err
	}
	finder, done := a.keyFinder()
	defer done()
	_, _, err = vc.NewVerifier(finder, a.now).Verify(ctx, shown, &vc.Expect{
		Issuers: []did.DID{id}, MediaTypes: everyMediaType, InsecureAnyType: true, InsecureNoHolderBinding: true, InsecureGenesisOnly: true, InsecureIgnoreStatus: true,
	})
	if err == nil {
		return nil
	}
	f := explainLibrary(verdictFailure(err))
	f.quiet, f.hint = false, "an entry is set by a credential that the list's issuer signed, or by its INDEX"
	return f
}

// statusReferences are the entries that a credential refers to, whoever signed it.
func statusReferences(p vc.Presentation) ([]vc.StatusReference, error) {
	parsed, err := p.Open()
	if err != nil {
		return nil, err
	}
	d, err := parsed.Disclose()
	if err != nil {
		return nil, err
	}
	if d.HasStatus && len(d.Status) == 0 {
		return []vc.StatusReference{{}}, nil
	}
	return d.Status, nil
}
