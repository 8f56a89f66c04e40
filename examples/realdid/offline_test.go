package main

import (
	"bytes"
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/keys/keyfile"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc/realperson"
)

// offlineVerbs says of every verb how it would connect or listen, with the words that make it do so; nil is for those that have no
// way to. URL, DOMAIN and HOME stand for a ledger's URL, a trust domain there, and a folder; every call has --home and --offline.
var offlineVerbs = map[string][][]string{
	"completion bash": nil, "completion fish": nil, "completion powershell": nil, "completion zsh": nil, "help": nil,
	"key new": nil, "key import": nil, "key show": nil, "log key": nil, "vc inspect": {{"HOME/x.sdjwt", "--save", "x", "--domain", "DOMAIN"}},
	"domain new": nil, "domain show": nil, "domain pin": nil, "domain rotate": {{"--domain", "DOMAIN", "--max-age", "1h"}},

	"did create":     {{"--as", "new", "--ledger", "URL"}, {"--as", "new", "--domain", "DOMAIN"}},
	"did resolve":    {{"alice", "--ledger", "URL"}, {"alice", "--domain", "DOMAIN"}, {"did:web:example.com"}, {"did:webvh:QmfGEUAcMpzo25kF2Rhn8L5FAXysfGnkzjwdKoNPi615XQ:example.com"}},
	"did update":     {{"--as", "alice", "--add-also-known-as", "https://a.example", "--ledger", "URL"}},
	"did rotate":     {{"--as", "alice", "--ledger", "URL"}},
	"did recover":    {{"--as", "alice", "--ledger", "URL"}},
	"did cancel":     {{"--as", "alice", "--ledger", "URL"}},
	"did migrate":    {{"--as", "alice", "--to", "second", "--ledger", "URL"}},
	"did import":     {{"HOME/alice.bundle", "--ledger", "URL"}},
	"did deactivate": {{"--as", "alice", "--yes", "--ledger", "URL"}},
	"did history":    {{"alice", "--ledger", "URL"}},
	"did audit":      {{"--ledger", "URL"}, {"--domain", "DOMAIN"}},
	"did bundle":     {{"alice", "--ledger", "URL"}, {"alice", "--domain", "DOMAIN"}},
	"ledger backup":  nil, "ledger restore": nil,
	"ledger copy":       {{"URL", "HOME/copy"}},
	"did verify-bundle": nil, "log verify": nil, "log fsck": nil, "log accuse": nil, "vc derive": nil,

	"did export-conformance": {{"alice", "--ledger", "URL"}},
	"log prove":              {{"0", "--domain", "DOMAIN"}},
	"log monitor":            {{"alice", "--once", "--domain", "DOMAIN"}},
	"vc receipt":             {{"HOME/x.sdjwt", "--as", "alice", "--out-dir", "HOME/receipts", "--ledger", "URL"}},

	"vc issue":   {{"--as", "alice", "--type", "t", "--claims", "HOME/claims.json", "--ledger", "URL"}},
	"vc present": {{"HOME/x.sdjwt", "--as", "alice", "--reveal", "/a", "--audience", "a", "--nonce", "n", "--ledger", "URL"}},
	"vc verify": {
		{"HOME/x.sdjwt", "--issuer", "alice", "--type", "t", "--insecure-no-holder-binding", "--ledger", "URL"},
		{"HOME/status.sdjwt", "--issuer", "alice", "--type", "t", "--insecure-no-holder-binding"},
	},

	"status build":   {{"HOME/another", "--format", "token-jwt", "--uri", "https://lists.example/2", "--as", "alice", "--ledger", "URL"}},
	"status publish": {{"HOME/list", "--ledger", "URL"}},
	"status set":     {{"HOME/list", "0", "revoked", "--ledger", "URL"}},
	"status show":    {{"HOME/list", "--ledger", "URL"}, {"HOME/list/list.jwt", "--domain", "DOMAIN"}},
	"status check":   {{"HOME/status.sdjwt"}, {"HOME/status.sdjwt", "--status-file", "https://lists.example/1=HOME/list/list.jwt", "--ledger", "URL"}},

	"person enrol": {{"--as", "alice", "--authority", "URL", "--evidence", "HOME/claims.json"}},
	"person renew": {{"--as", "alice", "--authority", "URL"}},
	"person show":  nil, "person backup": nil, "person restore": nil,
	"person signup":          {{"URL", "--as", "alice"}},
	"person login":           {{"URL", "--as", "alice"}},
	"person use":             {{"vote", "URL", "--as", "alice"}},
	"person rebind":          {{"URL", "--as", "alice"}},
	"person report-theft":    {{"URL", "--as", "alice"}},
	"person complete-rebind": {{"URL", "--as", "alice"}},
	"person veto":            {{"URL", "--as", "alice"}},

	"serve authority": {{"--as", "issuer", "--people", "HOME/people.json", "--addr", "127.0.0.1:0", "--create"}, {"--as", "issuer", "--people", "HOME/people.json", "--ledger", "URL", "--addr", "127.0.0.1:0"}},
	"serve platform":  {{"--as", "alice", "--authority", "URL"}, {"--as", "alice", "--authority", "HOME/authority.json", "--addr", "127.0.0.1:0", "--create"}},
	"serve ledger":    {{"--domain", "DOMAIN", "--addr", "127.0.0.1:0"}},
	"serve witness":   {{"--domain", "DOMAIN", "--as", "witness-1", "--addr", "127.0.0.1:0"}},
	"serve mirror":    {{"--domain", "DOMAIN", "--as", "auditor-1", "--audit", "--addr", "127.0.0.1:0"}},
	"serve resolver":  {{"--addr", "127.0.0.1:0"}, {"--ledger", "URL", "--addr", "127.0.0.1:0"}},
	"serve vcalm":     {{"--addr", "127.0.0.1:0"}, {"--addr", "127.0.0.1:0", "--tls-addr", "127.0.0.1:0"}},
}

// mayAnswerOffline are verbs that go on without what they cannot ask.
var mayAnswerOffline = []string{"vc present"}

// trap listens, and counts who comes.
func trap(t *testing.T) (url string, came *atomic.Int64) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	came = &atomic.Int64{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			came.Add(1)
			c.Close()
		}
	}()
	t.Cleanup(func() { ln.Close(); <-done })
	return "http://" + ln.Addr().String(), came
}

// TestOffline calls every verb that could connect or listen, with --offline. Nothing is connected to, exit status 2 says so, and
// why. A verb that has no line above fails.
func TestOffline(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("REALDID_PASSPHRASE", "correct horse")
	var out, errs bytes.Buffer
	run := func(args ...string) int {
		out.Reset()
		errs.Reset()
		a := newApp(strings.NewReader(""), &out, &errs)
		a.cost, a.patience = keyfile.Cost{Passes: 2, MemoryKiB: 19 << 10, Lanes: 1}, 100*time.Millisecond
		return a.run(context.Background(), append(args, "--home", dir))
	}
	must := func(args ...string) {
		t.Helper()
		if got := run(args...); got != statusDone {
			t.Fatalf("realdid %s: exit status %d\n%s", strings.Join(args, " "), got, errs.String())
		}
	}
	url, came := trap(t)
	domain := filepath.Join(dir, "demo")
	must("did", "create", "--as", "alice", "--single-secret", "--offline") // nothing here needs a network
	must("did", "bundle", "alice", "--out", filepath.Join(dir, "alice.bundle"), "--offline")
	if err := os.WriteFile(filepath.Join(dir, "claims.json"), []byte(`{"a":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	must("vc", "issue", "--as", "alice", "--holder", "alice", "--type", "t", "--claims", filepath.Join(dir, "claims.json"), "--out", filepath.Join(dir, "x.sdjwt"), "--offline")
	must("status", "build", filepath.Join(dir, "list"), "--format", "token-jwt", "--uri", "https://lists.example/1", "--as", "alice", "--offline")
	withStatus := filepath.Join(dir, "status.json")
	if err := os.WriteFile(withStatus, []byte(`{"status":{"status_list":{"idx":0,"uri":"https://lists.example/1"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	must("vc", "issue", "--as", "alice", "--type", "t", "--claims", withStatus, "--out", filepath.Join(dir, "status.sdjwt"), "--offline")
	must("did", "create", "--as", "issuer", "--offline")
	must("did", "update", "--as", "issuer", "--add-method", "assert-2,assertionMethod,BLS12-381-G2", "--offline")
	writeAuthority(t, dir)
	must("domain", "new", "--dir", domain, "--ledger", url, "--witness", url, "--auditor", url, "--offline")

	for _, c := range commands(newRoot(newApp(nil, &out, &errs))) {
		path := strings.TrimPrefix(c.CommandPath(), "realdid ")
		if len(c.Commands()) > 0 {
			continue
		}
		calls, known := offlineVerbs[path]
		if !known {
			t.Errorf("%s: say in offlineVerbs how it would connect, if it can", path)
		}
		for _, call := range calls {
			args := append(strings.Fields(path), call...)
			for i, s := range args {
				args[i] = strings.NewReplacer("URL", url, "DOMAIN", domain, "HOME", dir).Replace(s)
			}
			status := run(append(args, "--offline")...)
			if n := came.Swap(0); n > 0 {
				t.Errorf("%v: connected %d times", args, n)
			}
			if slices.Contains(mayAnswerOffline, path) {
				continue
			}
			if status != statusUnknown || !strings.Contains(errs.String(), "--offline forbids the network") || !strings.Contains(errs.String(), "hint: ") {
				t.Errorf("%v: got exit status %d, want 2 and the reason\n%s%s", args, status, out.String(), errs.String())
			}
		}
	}
	if status := run("did", "resolve", "alice", "--ledger", url); status != statusUnknown || came.Load() == 0 {
		t.Errorf("without --offline: exit status %d, connected %d times: the trap does not work", status, came.Load())
	}
}

// writeAuthority writes what servers of real persons read.
func writeAuthority(t *testing.T, dir string) {
	t.Helper()
	k, err := bbs.Generate()
	if err != nil {
		t.Fatal(err)
	}
	method := didkey.URL(k.Public())
	parameters, err := json.Marshal(realperson.Parameters{Authority: method.DID(), Method: method, Key: k.Public().Bytes(), NymCount: realperson.NymCount})
	if err != nil {
		t.Fatal(err)
	}
	people := []byte(`[{"country":"FR","document":"id","number":"A1","code":"counter-a1","claims":{"ageOver18":true}}]`)
	for name, b := range map[string][]byte{"authority.json": parameters, "people.json": people} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOnePlaceForConnections keeps everything that connects or listens in network.go, where --offline is obeyed. What the libraries
// would connect with by themselves counts as well.
func TestOnePlaceForConnections(t *testing.T) {
	connects := map[string][]string{
		"net":          {"Dial", "DialTimeout", "Dialer", "Listen", "ListenTCP", "ListenConfig", "ListenPacket"},
		"http":         {"Client", "DefaultClient", "DefaultTransport", "Transport", "Get", "Post", "Head", "PostForm", "ListenAndServe"},
		"httpledger":   {"NewClient"},
		"witness":      {"NewClient", "NewHTTPSource"},
		"webfetch":     {"NewClient"},
		"httpresolver": {"New"},
		"tls":          {"Dial", "Listen"},

		"realpersonhttp": {"NewAuthorityClient", "NewPlatformClient"},
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := s.X.(*ast.Ident); ok && slices.Contains(connects[x.Name], s.Sel.Name) {
				if seen++; e.Name() != "network.go" {
					t.Errorf("%s uses %s.%s, which belongs into network.go", e.Name(), x.Name, s.Sel.Name)
				}
			}
			return true
		})
	}
	if seen < 5 {
		t.Errorf("found %d connections in network.go: this test looks for the wrong names", seen)
	}
}
