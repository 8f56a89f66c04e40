package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/realdid"
)

// secretForms are the texts in which a secret could leak.
func secretForms(b []byte) []string {
	return []string{
		string(b), hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)), base64.RawURLEncoding.EncodeToString(b),
		base64.RawStdEncoding.EncodeToString(b), seedEncoding.EncodeToString(b)[:40],
	}
}

func commands(c *cobra.Command) []*cobra.Command {
	out := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		out = append(out, commands(sub)...)
	}
	return out
}

func TestEveryCommandHasHelp(t *testing.T) {
	root := newRoot(newApp(nil, &bytes.Buffer{}, &bytes.Buffer{}))
	for _, c := range commands(root) {
		if c.Example == "" || c.Short == "" {
			t.Errorf("%s: no example or no summary", c.CommandPath())
		}
		for line := range strings.SplitSeq(c.Example, "\n") {
			if !strings.Contains(line, "realdid") && !strings.Contains(line, "REALDID_HOME") {
				t.Errorf("%s: example %q does not call the program", c.CommandPath(), line)
			}
		}
	}
}

// TestExamplesParse runs the argument and flag parser over every example, without running the verbs.
func TestExamplesParse(t *testing.T) {
	for _, c := range commands(newRoot(newApp(nil, &bytes.Buffer{}, &bytes.Buffer{}))) {
		for line := range strings.SplitSeq(c.Example, "\n") {
			_, line, ok := strings.Cut(line, "realdid ")
			if !ok || strings.HasPrefix(line, "completion") {
				continue
			}
			line, _, _ = strings.Cut(line, " | ")
			line, _, _ = strings.Cut(line, " > ")
			line, _, _ = strings.Cut(line, " < ")
			root := newRoot(newApp(nil, &bytes.Buffer{}, &bytes.Buffer{}))
			for _, sub := range commands(root) {
				if sub.RunE != nil && len(sub.Commands()) == 0 {
					sub.RunE = func(*cobra.Command, []string) error { return nil }
				}
			}
			root.SetArgs(strings.Fields(strings.ReplaceAll(line, "'", "")))
			root.SetOut(&bytes.Buffer{})
			if err := root.Execute(); err != nil {
				t.Errorf("realdid %s: %v", line, err)
			}
		}
	}
}

// TestSurface pins the names that others rely on.
func TestSurface(t *testing.T) {
	root := newRoot(newApp(nil, &bytes.Buffer{}, &bytes.Buffer{}))
	for _, flag := range []string{"home", "ledger", "domain", "as", "passphrase-file", "json", "at", "offline"} {
		if root.PersistentFlags().Lookup(flag) == nil {
			t.Errorf("no global flag --%s", flag)
		}
	}
	for _, path := range []string{
		"key new", "key import", "key show",
		"did create", "did resolve", "did update", "did rotate", "did recover", "did cancel", "did deactivate", "did history", "did audit",
		"did bundle", "did verify-bundle", "did export-conformance",
		"vc issue", "vc inspect", "vc present", "vc verify", "vc receipt", "ledger backup", "ledger restore", "ledger copy", "completion bash",
		"domain new", "domain show", "domain pin", "domain rotate", "serve ledger", "serve witness", "serve mirror", "serve resolver", "log key", "log prove", "log verify", "log fsck", "log accuse", "log monitor",
		"person enrol", "person renew", "person show", "person signup", "person login", "person use", "person rebind", "person report-theft",
		"person complete-rebind", "person veto", "person backup", "person restore", "serve authority", "serve platform", "serve vcalm", "vc derive",
		"status build", "status publish", "status set", "status show", "status check",
	} {
		c, rest, err := root.Find(strings.Fields(path))
		if err != nil || len(rest) > 0 || c.RunE == nil && c.Run == nil {
			t.Errorf("no verb %q (found %q, %v)", path, c.CommandPath(), err)
		}
	}
}

// TestReadme wants every member of every object that --json prints in the README.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{
		createdJSON{},
		operationJSON{},
		pendingJSON{},
		requestJSON{},
		request{},
		keyJSON{},
		historyEntryJSON{},
		auditJSON{},
		faultJSON{},
		issuedJSON{},
		inspectedJSON{},
		inspectedProof{},
		derivedJSON{},
		proofsJSON{},
		proofResultJSON{},
		presentedJSON{},
		partSizes{},
		backupJSON{},
		bundleJSON{},
		receiptJSON{},
		proofJSON{},
		proofVerdictJSON{},
		fsckJSON{},
		logFaultJSON{},
		accusedJSON{},
		accusedKey{},
		monitorEventJSON{},
		bundleVerdictJSON{},
		cosignedJSON{},
		domainJSON{},
		cosignerJSON{},
		serviceJSON{},
		signerJSON{},
		card{},
		cardGuardian{},
		statusListJSON{},
		statusSetJSON{},
		personJSON{},
		metJSON{},
		learned{},
		backedUpJSON{},
		registeredPerson{},
	} {
		for f := range reflect.TypeOf(v).Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !bytes.Contains(readme, []byte(`"`+name+`"`)) && !bytes.Contains(readme, []byte("."+name+"`")) && !bytes.Contains(readme, []byte("."+name+" ")) {
				t.Errorf("%T: member %q is not in the README", v, name)
			}
		}
	}
	for _, c := range commands(newRoot(newApp(nil, &bytes.Buffer{}, &bytes.Buffer{}))) {
		if c.HasParent() && c.Parent().HasParent() && c.Parent().Name() != "completion" && !bytes.Contains(readme, []byte(c.Parent().Name()+" "+c.Name())) &&
			!bytes.Contains(readme, []byte("`"+c.Name()+"`")) {
			t.Errorf("%s is not in the README", c.CommandPath())
		}
	}
}

func TestSeedText(t *testing.T) {
	s := realdid.NewSeed()
	text := seedText(s)
	rest := strings.TrimPrefix(text, seedTextPrefix)
	back, err := parseSeedText([]byte(strings.ToUpper(seedTextPrefix + strings.ReplaceAll(rest, " ", "\n "))))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(back.Secret(), s.Secret()) {
		t.Error("another seed came back")
	}
	for i := len(seedTextPrefix) + 1; i < len(text)-1; i++ {
		b := []byte(text)
		if b[i] == ' ' {
			continue
		}
		if b[i]++; b[i] > 'z' || b[i] == '8' {
			b[i] = 'a'
		}
		if _, err := parseSeedText(b); err == nil {
			t.Errorf("slip at %d: got no error", i)
		}
	}
}

func TestClean(t *testing.T) {
	if got, want := clean("a\x1b[2Jb\u202ec\n"), "a\ufffd[2Jb\ufffdc\ufffd"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCheckName(t *testing.T) {
	for name, ok := range map[string]bool{
		"alice": true, "a-1_b": true, "": false, "Alice": false, "../x": false, "a/b": false, "a.b": false, "-a": false, "a-": false,
		strings.Repeat("a", 65): false, "did:realdid:q": false,
	} {
		if got := checkName(name) == nil; got != ok {
			t.Errorf("%q: got %v, want %v", name, got, ok)
		}
	}
}
