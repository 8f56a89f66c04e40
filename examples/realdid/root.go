package main

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/keys/keyfile"
	"github.com/realdid/realdid/resolver/webfetch"
)

// An app is one run of the program: its streams, the global flags and what follows from them.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	paint          paint // for standard output
	errPaint       paint // for standard error

	flags struct {
		home, ledger, domain, as, passphraseFile, at string
		json, offline                                bool
	}
	now         func() time.Time
	cost        keyfile.Cost      // of sealing a file; zero is the default of package keyfile
	patience    time.Duration     // with a ledger elsewhere that does not answer; zero is the default
	web         *webfetch.Options // of fetching from the web; nil is the default
	home        home
	stdinUse    string // what has taken standard input
	passphrases passphrases
	interrupted <-chan struct{} // closed when the person wants out
	opened      *domainFolder   // the trust domain of openedFrom, once it has been read
	openedFrom  string
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	return &app{
		stdin: stdin, stdout: stdout, stderr: stderr, paint: newPaint(stdout), errPaint: newPaint(stderr), now: time.Now,
	}
}

// newRoot builds the whole tree of commands. Nothing is read or written before a verb runs.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "realdid",
		Short: "Identities that their holders alone control, and credentials that they show in part",
		Long: `realdid makes and resolves identities of the DID method did:realdid on a ledger, here or elsewhere, and issues, shows and
verifies SD-JWT credentials. It also serves ledgers, those who watch them, resolution, and the HTTP interface of W3C credentials.

A home folder holds keys/ (sealed by a passphrase), ledger/, credentials/ and config.json.
Arguments called FILE read standard input for "-".

Exit status: 0 valid or done, 1 invalid, 2 could not check, 3 usage.`,
		Example: `  export REALDID_HOME=~/realdid-demo
  realdid did create --as authority
  realdid did create --as alice
  realdid vc issue --as authority --holder alice --type https://example.org/person --claims claims.json > person.sdjwt
  realdid vc present person.sdjwt --as alice --reveal /age_over_18 --audience https://shop.example --nonce n-123 > shown.sdjwt
  realdid vc verify shown.sdjwt --issuer authority --type https://example.org/person --audience https://shop.example --nonce n-123`,
		Version:           version(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.setUp() },
	}
	f := root.PersistentFlags()
	f.StringVar(&a.flags.home, "home", "", "`DIR` with keys, ledger, credentials (default $REALDID_HOME, else the user's data folder)")
	f.StringVar(&a.flags.ledger, "ledger", "", "ledger `DIR|URL` (default that of the trust domain, else HOME/ledger)")
	f.StringVar(&a.flags.domain, "domain", "", "trust domain: `DIR` that domain new made, or a descriptor's file (default the one that this home has pinned)")
	f.StringVar(&a.flags.as, "as", "", "identity `NAME` to act as (default: the first one created)")
	f.StringVar(&a.flags.passphraseFile, "passphrase-file", "", "`FILE` with the passphrase; with several lines, each is tried (default $REALDID_PASSPHRASE, else a prompt)")
	f.BoolVar(&a.flags.json, "json", false, "print one JSON object on standard output")
	f.StringVar(&a.flags.at, "at", "", "act as if it were `TIME` (RFC 3339): the clock of ledger and verifier")
	f.BoolVar(&a.flags.offline, "offline", false, "never use the network")
	_ = root.RegisterFlagCompletionFunc("as", a.completeIdentities)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage(fmt.Sprintf("%q lists the flags", c.CommandPath()+" --help"), "%s", firstLine(err.Error()))
	})
	root.AddCommand(
		group("key", "Make, import and show keys", newKeyNew(a), newKeyImport(a), newKeyShow(a)),
		group("did", "Create identities, change them, resolve them", newDIDCreate(a), newDIDResolve(a), newDIDUpdate(a), newDIDRotate(a),
			newDIDRecover(a), newDIDCancel(a), newDIDDeactivate(a), newDIDMigrate(a), newDIDImport(a), newDIDHistory(a), newDIDAudit(a), newDIDBundle(a), newDIDVerifyBundle(a), newDIDExportConformance(a)),
		group("vc", "Issue credentials, look at them, show and verify them", newVCIssue(a), newVCInspect(a), newVCDerive(a), newVCPresent(a), newVCVerify(a), newVCReceipt(a)),
		newStatus(a),
		newPerson(a),
		group("ledger", "Back up, restore and copy a ledger", newLedgerBackup(a), newLedgerRestore(a), newLedgerCopy(a)),
		group("domain", "Make a trust domain, look at it, pin it, change it", newDomainNew(a), newDomainShow(a), newDomainPin(a), newDomainRotate(a)),
		group("serve", "Serve a ledger, those who watch it, resolution, credentials, and real persons", newServeLedger(a), newServeWitness(a), newServeMirror(a), newServeResolver(a), newServeVCALM(a), newServeAuthority(a), newServePlatform(a)),
		group("log", "Work with the log of a ledger", newLogKey(a), newLogProve(a), newLogVerify(a), newLogFsck(a), newLogAccuse(a), newLogMonitor(a)),
	)
	root.SetUsageTemplate(strings.NewReplacer(
		".LocalFlags.FlagUsages", ".LocalFlags.FlagUsagesWrapped 100", ".InheritedFlags.FlagUsages", ".InheritedFlags.FlagUsagesWrapped 100",
	).Replace(root.UsageTemplate()))
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			addCompletionExamples(c)
		}
	}
	return root
}

// version is that of the module, as the build recorded it.
func version() string {
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
		return b.Main.Version
	}
	return "(devel)"
}

// addCompletionExamples says what cobra's own command leaves to be guessed.
func addCompletionExamples(c *cobra.Command) {
	examples := map[string]string{
		"bash":       "  source <(realdid completion bash)",
		"zsh":        `  realdid completion zsh > "${fpath[1]}/_realdid"`,
		"fish":       "  realdid completion fish > ~/.config/fish/completions/realdid.fish",
		"powershell": "  realdid completion powershell | Out-String | Invoke-Expression",
	}
	c.Example = examples["bash"]
	for _, shell := range c.Commands() {
		shell.Example = examples[shell.Name()]
	}
}

// group is a command that only holds others; without a verb it is a usage error that lists them.
func group(name, short string, verbs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: name, Short: short}
	var names, examples []string
	for _, v := range verbs {
		names = append(names, v.Name())
		first, _, _ := strings.Cut(v.Example, "\n")
		examples = append(examples, first)
	}
	c.Example = strings.Join(examples, "\n")
	c.RunE = func(_ *cobra.Command, args []string) error {
		hint := "verbs: " + strings.Join(names, ", ")
		if len(args) == 0 {
			return usage(hint, "%s: no verb", name)
		}
		return usage(hint, "%s: no verb %q", name, args[0])
	}
	c.AddCommand(verbs...)
	return c
}

// verb wraps what a command does, so that each of its errors is a failure that names the command.
func verb(c *cobra.Command, do func(c *cobra.Command, args []string) error) *cobra.Command {
	c.RunE = func(c *cobra.Command, args []string) error {
		err := do(c, args)
		if err == nil {
			return nil
		}
		f := explainLibrary(err)
		if f.what == "" {
			f.what = strings.TrimPrefix(c.CommandPath(), "realdid ")
		}
		return f
	}
	if c.Args == nil {
		c.Args = args(0, 0)
	}
	c.Long = wrap(c.Long, 92)
	return c
}

// wrap breaks paragraphs, which empty lines part, into lines of at most width characters.
func wrap(text string, width int) string {
	var out []string
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
				out, line = append(out, line), ""
			}
			line = strings.TrimPrefix(line+" "+word, " ")
		}
		out = append(out, line, "")
	}
	return strings.Join(out[:len(out)-1], "\n")
}

// args is cobra's count of arguments with an error that names what is wanted.
func args(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		if len(given) < least || len(given) > most {
			return usage("usage: "+c.UseLine(), "%s: %d arguments", strings.TrimPrefix(c.CommandPath(), "realdid "), len(given))
		}
		return nil
	}
}

// setUp makes of the global flags what every verb needs.
func (a *app) setUp() error {
	if a.flags.at != "" {
		t, err := time.Parse(time.RFC3339, a.flags.at)
		if err != nil {
			return usage("for example --at 2027-01-31T12:00:00Z", "--at: not a time in RFC 3339")
		}
		a.now = func() time.Time { return t }
	}
	if strings.Contains(a.flags.ledger, "://") && !isURL(a.flags.ledger) {
		return usage("a folder, or a URL of http or https", "--ledger: not a ledger: %.80q", a.flags.ledger)
	}
	dir := a.flags.home
	if dir == "" {
		dir = os.Getenv("REALDID_HOME")
	}
	if dir == "" {
		var err error
		if dir, err = userDataFolder(); err != nil {
			return usage("give --home DIR", "--home: %v", err)
		}
	}
	a.home = home(dir)
	return nil
}
