package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/status"
	"github.com/realdid/realdid/vc/status/cwt"
)

func newStatusPublish(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "publish DIR",
		Short: "Sign a status list anew, with what its entries say now",
		Long: `Signs the list in DIR with the newest key of its issuer that fits, and puts it in place of DIR/list.* in one step. Do so from time to time, before the
list ends (status build --expires), also if nothing changed. After a status set that was interrupted, it publishes what was set.`,
		Example: `  realdid status publish lists/person
  realdid status publish lists/person --json`,
		Args: args(1, 1),
	}
	return verb(c, func(c *cobra.Command, args []string) error {
		d, err := a.openStatusFolder(args[0])
		if err != nil {
			return err
		}
		defer d.close()
		signer, err := a.statusSigner(c.Context(), &d.conf)
		if err != nil {
			return err
		}
		defer signer.wipe()
		out, err := d.publish(c.Context(), a, signer)
		if err != nil {
			return err
		}
		return a.showPublished("published", out)
	})
}

// A statusSigner signs lists.
type statusSigner struct {
	key    keys.Signer
	method did.URL
	suite  string // of a Bitstring Status List
	wipe   func()
}

var (
	tokenKeys  = []keys.Algorithm{keys.Ed25519, keys.P256, keys.P384, keys.Secp256k1}
	eddsaKeys  = []keys.Algorithm{keys.Ed25519}
	ecdsaKeys  = []keys.Algorithm{keys.P256, keys.P384}
	eitherKeys = []keys.Algorithm{keys.Ed25519, keys.P256, keys.P384}
)

// algorithms are those of keys that sign the list.
func (c *statusConfig) algorithms() []keys.Algorithm {
	switch {
	case c.Format != bitstring || c.Suite == jose.MediaType:
		return tokenKeys
	case strings.HasPrefix(c.Suite, "eddsa-"):
		return eddsaKeys
	case strings.HasPrefix(c.Suite, "ecdsa-"):
		return ecdsaKeys
	}
	return eitherKeys
}

// statusSigner finds the newest assertion key of the list's issuer that fits.
func (a *app) statusSigner(ctx context.Context, c *statusConfig) (*statusSigner, error) {
	if a.flags.as == "" {
		a.flags.as = c.As
	}
	id, err := a.identity()
	if err != nil {
		return nil, err
	}
	if id.id.String() != c.Issuer {
		return nil, invalid("leave --as out", "the list is issued by %s, and %s is another", c.Issuer, id.Name)
	}
	reachable, err := a.reachableDID(id.Name)
	if err != nil {
		return nil, err
	}
	mux, done := a.resolvers()
	defer done()
	fits := c.algorithms()
	m, key, wipe, err := a.signingMethodThat(ctx, mux, id, reachable, did.AssertionMethod, "", func(m did.VerificationMethod) bool {
		return slices.Contains(fits, m.Key.Algorithm())
	})
	if err != nil {
		if f := explainLibrary(err); f.status == statusInvalid && strings.Contains(f.detail, "holds no key") {
			f.hint = fmt.Sprintf("it takes a key of %v: realdid did update --as %s --add-method assert-2,assertionMethod,%v", fits, id.Name, fits[0])
			return nil, f
		}
		return nil, err
	}
	s := &statusSigner{key: key, method: m.ID, suite: c.Suite, wipe: wipe}
	if c.Format == bitstring && s.suite == "" {
		s.suite = statusSuites[0]
		if m.Key.Algorithm() != keys.Ed25519 {
			s.suite = statusSuites[1]
		}
	}
	return s, nil
}

// publish signs the list as it stands and puts it in place of the last one.
func (f *statusFolder) publish(ctx context.Context, a *app, s *statusSigner) (*statusListJSON, error) {
	expires, ttl, err := f.conf.lifetimes()
	if err != nil {
		return nil, err
	}
	now := a.now().UTC().Truncate(time.Second)
	if last, err := f.readPublished(); err == nil && last.issuedAt.After(now) {
		return nil, unknown("set the clock forward with --at TIME, or wait: verifiers keep to the copy that was signed last", "the published list was signed at %s, which is in the future", when(last.issuedAt))
	}
	var b bytes.Buffer
	token := status.TokenList{URI: f.conf.URI, IssuedAt: now, Expires: now.Add(expires), TTL: ttl}
	switch f.conf.Format {
	case tokenJWT:
		err = f.list.PublishToken(ctx, &b, status.Issuer{Signer: s.key, Method: s.method}, token)
	case tokenCWT:
		err = f.publishCWT(ctx, &b, s, token)
	default:
		err = f.publishBitstring(ctx, &b, s, token)
	}
	if err != nil {
		return nil, statusListFailure(err)
	}
	if err := replaceFile(f.published(), b.Bytes(), 0o644); err != nil {
		return nil, err
	}
	out, err := f.describe(b.Bytes())
	if err != nil {
		return nil, err
	}
	out.Key = s.method.String()
	return out, nil
}

func (f *statusFolder) publishCWT(ctx context.Context, b *bytes.Buffer, s *statusSigner, t status.TokenList) error {
	var err error
	if t.Bits, err = f.list.Bits(); err != nil {
		return err
	}
	signed, err := cwt.Issue(ctx, status.Issuer{Signer: s.key, Method: s.method}, &t)
	b.Write(signed)
	return err
}

func (f *statusFolder) publishBitstring(ctx context.Context, b *bytes.Buffer, s *statusSigner, t status.TokenList) error {
	l := status.BitstringList{URL: t.URI, ValidFrom: t.IssuedAt, ValidUntil: t.Expires, TTL: t.TTL}
	if f.list.Options().Purpose == status.Message {
		var err error
		if l.Messages, err = f.conf.messages(); err != nil {
			return err
		}
	}
	return f.list.PublishBitstring(ctx, b, s.method.DID().String(), l, func(ctx context.Context, m map[string]any) ([]byte, error) {
		if s.suite == jose.MediaType {
			c, err := jose.Issue(ctx, jose.Issuer{Signer: s.key, Method: s.method}, m, &jose.IssueOptions{IssuedAt: t.IssuedAt})
			if err != nil {
				return nil, err
			}
			return c.Bytes(), nil
		}
		c, err := dataintegrity.Issue(ctx, dataintegrity.Issuer{Signer: s.key, Method: s.method}, m, &dataintegrity.IssueOptions{Cryptosuite: suites[s.suite], Created: t.IssuedAt})
		if err != nil {
			return nil, err
		}
		return c.Bytes(), nil
	})
}

// readPublished reads the file that is served.
func (f *statusFolder) readPublished() (*statusDocument, error) {
	b, err := os.ReadFile(f.published())
	if err != nil {
		return nil, err
	}
	return readStatusDocument(b, nil)
}

// describe says what stands in a published list and in the entries behind it.
func (f *statusFolder) describe(published []byte) (*statusListJSON, error) {
	d, err := readStatusDocument(published, nil)
	if err != nil {
		return nil, err
	}
	out := d.describe(f.published())
	opt := f.list.Options()
	values, err := f.list.Bits()
	if err != nil {
		return nil, statusListFailure(err)
	}
	free := f.list.Free()
	allocated := opt.Entries - free
	same := d.uri == f.conf.URI && d.mechanism == opt.Mechanism && bytes.Equal(d.bits.Bytes(), values.Bytes())
	out.Allocated, out.Free, out.Published = &allocated, &free, &same
	out.Bits, out.Values = opt.Size, countValues(values) // of a Bitstring Status List the document need not say
	if out.Entries = opt.Entries; opt.Purpose != "" {
		out.Purposes = []string{opt.Purpose}
	}
	return out, nil
}

// showPublished says what was published, and what to do with it.
func (a *app) showPublished(how string, out *statusListJSON) error {
	if a.flags.json {
		return a.printJSON(out)
	}
	fmt.Fprintf(a.stdout, "%s  %s\n", a.paint.bold(how), clean(out.File))
	a.showList(out)
	a.note("serve %s at %s as %s, and publish again before %s", out.File, out.URI, out.MediaType, out.Expires)
	return nil
}

// showList prints a list for people.
func (a *app) showList(out *statusListJSON) {
	s := sheet{p: a.paint}
	s.add("list", out.URI)
	s.add("format", strings.Join(append([]string{out.Format}, out.Purposes...), " "), plural(int(out.Entries), "entry")+" of "+plural(out.Bits, "bit"))
	s.add("issuer", out.Issuer)
	if out.Key != "" {
		s.add("signed by", out.Key)
	}
	if out.Set != nil {
		s.add("entry "+strconv.FormatUint(out.Set.Index, 10), out.word(out.Set.Value), "was "+out.word(out.Set.Was))
	}
	i := 0
	for v := range uint64(256) {
		if n := out.Values[strconv.FormatUint(v, 10)]; n > 0 {
			s.add(first(i, "entries"), strconv.FormatUint(n, 10), out.word(v))
			i++
		}
	}
	if i == 0 {
		s.add("entries", "none says anything")
	}
	if out.Allocated != nil {
		s.add("given away", strconv.FormatUint(*out.Allocated, 10), strconv.FormatUint(*out.Free, 10)+" free")
		if *out.Allocated > *out.Free {
			s.tinted(a.paint.yellow, "", "more than half: time for another list")
		}
	}
	s.add("signed", out.IssuedAt)
	s.add("ends", out.Expires)
	if out.TTL > 0 {
		s.add("ask again", "after "+(time.Duration(out.TTL)*time.Second).String())
	}
	s.add("file", out.File, out.MediaType, plural(out.Bytes, "byte"))
	if out.Published != nil && !*out.Published {
		s.tinted(a.paint.red, "", "behind its entries: realdid status publish "+filepath.Dir(out.File))
	}
	s.write(a.stdout)
}

func (o *statusListJSON) word(v uint64) string {
	m, purpose := vc.TokenStatusList, ""
	if o.Format == bitstring && len(o.Purposes) > 0 {
		m, purpose = vc.BitstringStatusList, o.Purposes[0]
	}
	return valueWord(m, purpose, v)
}

func isFolder(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode()&fs.ModeDir != 0
}
