package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/realdid"
)

// updateFlags are the flags of did update.
type updateFlags struct {
	addMethods, removeMethods   []string
	addServices, removeServices []string
	addAliases, removeAliases   []string
}

func (f *updateFlags) empty() bool {
	return len(f.addMethods)+len(f.removeMethods)+len(f.addServices)+len(f.removeServices)+len(f.addAliases)+len(f.removeAliases) == 0
}

func newDIDUpdate(a *app) *cobra.Command {
	var f updateFlags
	c := &cobra.Command{
		Use:   "update",
		Short: "Change the document: verification methods, services, aliases",
		Long: `Changes the document of --as NAME, signed by its control keys. A fragment never names another key later, and a removed key never
returns. A method that is removed here is retired: what it signed before counts. Only did rotate can declare one compromised.`,
		Example: `  realdid did update --as alice --add-service 'site,LinkedDomains,https://alice.example/'
  realdid did update --as alice --add-method agree-1,keyAgreement,X25519
  realdid did update --as alice --add-method tablet,authentication,z6Mk… --remove-method old-phone
  realdid did update --as alice --remove-service site --add-also-known-as https://social.example/@alice`,
	}
	fl := c.Flags()
	fl.StringArrayVar(&f.addMethods, "add-method", nil, "add `FRAGMENT,PURPOSES,KEY`; purposes are joined by +; KEY is a public key, or an algorithm for a new key")
	fl.StringArrayVar(&f.removeMethods, "remove-method", nil, "retire the method with this `FRAGMENT`")
	fl.StringArrayVar(&f.addServices, "add-service", nil, "add a service `FRAGMENT,TYPE,URI`")
	fl.StringArrayVar(&f.removeServices, "remove-service", nil, "remove the service with this `FRAGMENT`")
	fl.StringArrayVar(&f.addAliases, "add-also-known-as", nil, "add another `URI` of the subject")
	fl.StringArrayVar(&f.removeAliases, "remove-also-known-as", nil, "remove this `URI`")
	return verb(c, func(c *cobra.Command, _ []string) error {
		if f.empty() {
			return usage("see realdid did update --help", "nothing to change")
		}
		return a.didUpdate(c.Context(), &f)
	})
}

func (a *app) didUpdate(ctx context.Context, f *updateFlags) error {
	c, err := a.begin(ctx)
	if err != nil {
		return err
	}
	defer c.end()
	if err := c.settled(); err != nil {
		return err
	}
	doc := copyContent(c.state.Content())
	fresh := &ring{}
	if err := a.applyUpdate(&doc, f, fresh); err != nil {
		return err
	}
	draft, err := c.state.DraftUpdate(doc)
	if err != nil {
		return err
	}
	signers, err := c.controlSigners()
	if err != nil {
		return err
	}
	res, err := c.commit(ctx, draft, signers, fresh)
	if err != nil {
		return err
	}
	return c.show("updated", res, doc)
}

// applyUpdate changes doc as the flags say; keys made on the way are added to fresh.
func (a *app) applyUpdate(doc *realdid.Content, f *updateFlags, fresh *ring) error {
	for _, s := range f.removeMethods {
		if _, err := removeMethod(doc, s, "--remove-method"); err != nil {
			return err
		}
	}
	for _, s := range f.addMethods {
		m, k, err := a.parseMethod(s)
		if err != nil {
			return err
		}
		if k != nil {
			fresh.addMethod(m.Fragment, m.Purposes, k)
		}
		doc.VerificationMethods = append(doc.VerificationMethods, m)
	}
	for _, s := range f.removeServices {
		s = strings.TrimPrefix(s, "#")
		n := len(doc.Services)
		doc.Services = slices.DeleteFunc(doc.Services, func(v realdid.Service) bool { return v.Fragment == s })
		if len(doc.Services) == n {
			return usage("", "--remove-service: the document has no service #%.40s", s)
		}
	}
	for _, s := range f.addServices {
		v, err := parseService(s, "--add-service")
		if err != nil {
			return err
		}
		doc.Services = append(doc.Services, v)
	}
	for _, u := range f.removeAliases {
		i := slices.Index(doc.AlsoKnownAs, u)
		if i < 0 {
			return usage("", "--remove-also-known-as: the document has no %.200s", u)
		}
		doc.AlsoKnownAs = slices.Delete(doc.AlsoKnownAs, i, i+1)
	}
	doc.AlsoKnownAs = append(doc.AlsoKnownAs, f.addAliases...)
	return nil
}

// show prints an operation with the methods that it added and removed; doc is the document as of it.
func (c *change) show(how string, res *realdid.Result, doc realdid.Content, more ...func(*operationJSON)) error {
	added, removed := compare(c.state.Content(), doc)
	return c.app.showOperation(c.id.Name, how, res, func(out *operationJSON) {
		out.Added, out.Removed = added, removed
		if c.app.flags.json {
			out.Added, out.Removed = fragments(c.id.id, added), fragments(c.id.id, removed)
		}
		for _, f := range more {
			f(out)
		}
	})
}
