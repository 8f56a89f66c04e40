package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/status"
)

// statusBuildFlags are the flags of status build.
type statusBuildFlags struct {
	format, purpose, uri, ttl, expires, suite string
	entries                                   uint64
	bits                                      int
	messages                                  []string
}

// statusSuites are how a Bitstring Status List can be signed; the first that fits the key is the default.
var statusSuites = []string{"eddsa-rdfc-2022", "ecdsa-rdfc-2019", "eddsa-jcs-2022", "ecdsa-jcs-2019", jose.MediaType}

var statusPurposes = []string{status.Revocation, status.Suspension, status.Message, status.Refresh}

func newStatusBuild(a *app) *cobra.Command {
	var f statusBuildFlags
	c := &cobra.Command{
		Use:   "build DIR",
		Short: "Make a status list, and publish it for the first time",
		Long: `Makes a status list of --as NAME in a new folder DIR, signs it and writes it to DIR/list.jwt, list.cwt or list.json: that file is to be
served at --uri by any web server, and nothing else in DIR. vc issue --status-list DIR gives entries to credentials, status set changes them and
publishes.

For SD-JWT credentials (dc+sd-jwt) and JWTs: --format token-jwt or token-cwt (IETF Token Status List). With --bits 2 a credential can be
suspended as well as revoked. For W3C credentials: --format bitstring (W3C Bitstring Status List), which has one --purpose; make two lists, and give
vc issue both, to suspend and to revoke.

Signing ends after --expires: publish again (status publish) before that, whether something changed or not, or verifiers can no longer tell. One list for
all credentials hides best which one somebody asks about; begin a new one when half of the entries are given away. Put no old copy of DIR back: it does
not know what was given away and revoked since.`,
		Example: `  realdid status build lists/person --format token-jwt --bits 2 --uri https://issuer.example/status/1 --as authority
  realdid status build lists/degree --format bitstring --purpose revocation --uri https://issuer.example/status/2 --as authority
  realdid status build lists/order --format bitstring --purpose message --bits 2 --message 0=made --message 1=sent --message 2=there --message 3=lost --suite vc+jwt --uri https://issuer.example/status/3`,
		Args: args(1, 1),
	}
	fl := c.Flags()
	fl.StringVar(&f.format, "format", "", "`FORMAT`: "+strings.Join(statusFormats, ", "))
	fl.StringVar(&f.uri, "uri", "", "https `URL` where the list will be served; it stands in every credential, and never changes")
	fl.Uint64Var(&f.entries, "entries", status.MinEntries, "room for `N` credentials; a Bitstring Status List has at least 131072")
	fl.IntVar(&f.bits, "bits", 1, "bits of an entry, `N`: 1, 2, 4 or 8")
	fl.StringVar(&f.purpose, "purpose", status.Revocation, "`WHAT` a Bitstring Status List says: "+strings.Join(statusPurposes, ", "))
	fl.StringArrayVar(&f.messages, "message", nil, "what a value says, as `VALUE=TEXT`, for every value; with --purpose message or several --bits; repeat")
	fl.StringVar(&f.ttl, "ttl", "15m", "after how long verifiers should ask for a newer copy")
	fl.StringVar(&f.expires, "expires", "7d", "how long each published list counts")
	fl.StringVar(&f.suite, "suite", "", "how a Bitstring Status List is signed, `NAME`: "+strings.Join(statusSuites, ", ")+" (default: by the newest key)")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(statusFormats, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("purpose", cobra.FixedCompletions(statusPurposes, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("suite", cobra.FixedCompletions(statusSuites, cobra.ShellCompDirectiveNoFileComp))
	return verb(c, func(c *cobra.Command, args []string) error {
		return a.statusBuild(c.Context(), filepath.Clean(args[0]), &f, fl.Changed("purpose"))
	})
}

func (a *app) statusBuild(ctx context.Context, dir string, f *statusBuildFlags, purpose bool) error {
	conf, opt, err := f.check(purpose)
	if err != nil {
		return err
	}
	if a.home.exists(dir) {
		return existsFailure(dir)
	}
	id, err := a.identity()
	if err != nil {
		return err
	}
	conf.As, conf.Issuer = id.Name, id.id.String()
	signer, err := a.statusSigner(ctx, conf)
	if err != nil {
		return err
	}
	defer signer.wipe()
	// Everything is made under another name, so that a folder that has its name is whole.
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return unknown("", "%s", pathless(err))
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-*")
	if err != nil {
		return unknown("", "%s", pathless(err))
	}
	defer os.RemoveAll(temp)
	d := &statusFolder{dir: temp, conf: *conf}
	out, err := d.create(ctx, a, opt, signer)
	if err != nil {
		return err
	}
	if err := os.Rename(temp, dir); err != nil {
		if errors.Is(err, fs.ErrExist) || a.home.exists(dir) {
			return existsFailure(dir)
		}
		return unknown("", "%s", err)
	}
	if err := syncFolder(dir); err != nil { // an entry of a list that a power failure takes away could be given again
		return err
	}
	d.dir = dir
	out.File = d.published()
	return a.showPublished("made", out)
}

// create fills a folder.
func (f *statusFolder) create(ctx context.Context, a *app, opt *status.ListOptions, s *statusSigner) (*statusListJSON, error) {
	if err := os.Chmod(f.dir, 0o755); err != nil { // a web server may read it; the entries have 0600
		return nil, unknown("", "%s", pathless(err))
	}
	b, err := json.MarshalIndent(&f.conf, "", "  ")
	if err == nil {
		err = createFileMode(statusConfigFile(f.dir), append(b, '\n'), 0o644)
	}
	if err != nil {
		return nil, err
	}
	if f.list, err = status.CreateList(statusEntriesFile(f.dir), *opt); err != nil {
		return nil, unknown("is the disk full?", "%s", withoutPackages(err.Error()))
	}
	defer f.close()
	return f.publish(ctx, a, s)
}

// check makes of the flags what a folder is made of.
func (f *statusBuildFlags) check(purpose bool) (*statusConfig, *status.ListOptions, error) {
	c := &statusConfig{Version: 1, Format: f.format, URI: f.uri, Suite: f.suite, TTL: f.ttl, Expires: f.expires}
	opt := &status.ListOptions{Mechanism: c.mechanism(), Entries: f.entries, Size: f.bits}
	if !slices.Contains(statusFormats, f.format) {
		return nil, nil, usage("one of "+strings.Join(statusFormats, ", ")+"; bitstring is for W3C credentials, the others for SD-JWTs", "--format: %.20q", f.format)
	}
	if err := checkListURL(f.uri); err != nil {
		return nil, nil, err
	}
	for _, t := range []struct{ text, flag string }{{f.ttl, "--ttl"}, {f.expires, "--expires"}} {
		switch d, err := parseDelay(t.text, t.flag); {
		case err != nil:
			return nil, nil, err
		case d <= 0:
			return nil, nil, usage("for example 15m or 7d", "%s: not a positive time span", t.flag)
		}
	}
	if !slices.Contains([]int{1, 2, 4, 8}, f.bits) {
		return nil, nil, usage("1, 2, 4 or 8", "--bits: %d", f.bits)
	}
	if f.entries == 0 || f.entries > status.MaxIssuerEntries {
		return nil, nil, usage("for example 131072; at most "+strconv.Itoa(status.MaxIssuerEntries), "--entries: %d", f.entries)
	}
	if f.format != bitstring {
		if purpose || f.suite != "" || len(f.messages) > 0 {
			return nil, nil, usage("--format "+bitstring, "--purpose, --suite and --message are for Bitstring Status Lists")
		}
		return c, opt, nil
	}
	opt.Purpose = f.purpose
	switch {
	case f.entries < status.MinEntries:
		return nil, nil, usage("so many that each has a crowd to hide in", "--entries: a Bitstring Status List has at least %d", status.MinEntries)
	case !slices.Contains(statusPurposes, f.purpose):
		return nil, nil, usage("one of "+strings.Join(statusPurposes, ", "), "--purpose: %.30q", f.purpose)
	case f.suite != "" && !slices.Contains(statusSuites, f.suite):
		return nil, nil, usage("one of "+strings.Join(statusSuites, ", "), "--suite: %.30q", f.suite)
	}
	return c, opt, f.readMessages(c)
}

func (f *statusBuildFlags) readMessages(c *statusConfig) error {
	wanted := f.purpose == status.Message || f.bits > 1
	if wanted != (len(f.messages) > 0) {
		return usage("--message 0=TEXT --message 1=TEXT …, for every value", "--message goes with --purpose message and with several --bits, and these with it")
	}
	c.Messages = map[string]string{}
	for _, m := range f.messages {
		value, text, ok := strings.Cut(m, "=")
		v, err := strconv.ParseUint(value, 10, 8)
		if !ok || text == "" || err != nil || v >= 1<<f.bits {
			return usage("for example --message 1=sent; values go from 0 to "+strconv.Itoa(1<<f.bits-1), "--message: %.40q", m)
		}
		c.Messages[strconv.FormatUint(v, 10)] = text
	}
	if wanted && len(c.Messages) != 1<<f.bits {
		return usage("values go from 0 to "+strconv.Itoa(1<<f.bits-1), "--message: %d of %d values have one", len(c.Messages), 1<<f.bits)
	}
	return nil
}

// checkListURL wants what verifiers fetch.
func checkListURL(s string) error {
	if !strings.HasPrefix(s, "https://") || strings.ContainsAny(s, "# \t\n") || len(s) > status.MaxURI {
		return usage("for example --uri https://issuer.example/status/1", "--uri: not an https URL without a fragment: %.80q", s)
	}
	return nil
}

// lifetimes are how long a published list counts, and how long copies are kept.
func (c *statusConfig) lifetimes() (expires, ttl time.Duration, err error) {
	if expires, err = parseDelay(c.Expires, "expires"); err == nil {
		ttl, err = parseDelay(c.TTL, "ttl")
	}
	if err != nil || expires <= 0 || ttl <= 0 {
		return 0, 0, unknown("it was changed by hand, or by a newer realdid", "config.json: expires and ttl are not time spans")
	}
	return expires, ttl, nil
}
