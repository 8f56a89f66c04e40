package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// A testNetwork is a trust domain whose servers are processes: a ledger, witnesses and an auditing mirror.
type testNetwork struct {
	*station
	addr      string // of the ledger, which stays the same over its restarts
	ledger    *process
	cosigners map[string]*process
}

// resolved is what did resolve --json prints, as far as tests look at it.
type resolved struct {
	Document struct {
		ID string `json:"id"`
	} `json:"didDocument"`
	Meta struct {
		Evidence struct {
			Replayed, Latest, Included, OperatorTime bool
			AsOf                                     string
			Cosigners                                []struct{ Name, Role, Time string }
		} `json:"evidence"`
	} `json:"didResolutionMetadata"`
}

func (r *resolved) roles() string {
	var out []string
	for _, c := range r.Meta.Evidence.Cosigners {
		out = append(out, c.Role)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func startNetwork(t *testing.T, witnesses int) *testNetwork {
	t.Helper()
	if testing.Short() {
		t.Skip("takes seconds")
	}
	if runtime.GOOS == "windows" {
		t.Skip("there are no signals to end a server by")
	}
	t.Parallel()
	n := &testNetwork{station: newStation(t), cosigners: map[string]*process{}}
	args := []string{"domain", "new", "--dir", "demo", "--auditor", "http://127.0.0.1:9"} // no server is where the descriptor says
	for range witnesses {
		args = append(args, "--witness", "http://127.0.0.1:9")
	}
	n.must(args...)
	for try := 0; ; try++ { // somebody else may take the place meanwhile
		n.addr = freeAddr(t)
		for i := range witnesses {
			n.startCosigner(fmt.Sprintf("witness-%d", i+1), "127.0.0.1:0")
		}
		n.startCosigner("auditor-1", "127.0.0.1:0")
		n.ledger = n.tryStart(n.ledgerArgs()...)
		if n.ledger.ready.URL != "" {
			return n
		}
		if try == 3 || !strings.Contains(n.ledger.stderr.String(), "in use") {
			t.Fatalf("the ledger does not start:\n%s", n.ledger.stderr.String())
		}
		for _, p := range n.cosigners {
			p.stop()
		}
	}
}

func (n *testNetwork) url() string { return "http://" + n.addr }

func (n *testNetwork) startCosigner(name, addr string) {
	n.t.Helper()
	args := []string{"serve", "witness", "--domain", "demo", "--as", name, "--addr", addr, "--ledger", n.url()}
	if strings.HasPrefix(name, "auditor") {
		args[1] = "mirror"
		args = append(args, "--audit", "--interval", "50ms")
	}
	n.cosigners[name] = n.start(args...)
}

// restartCosigner starts it where it was, because the ledger asks it there.
func (n *testNetwork) restartCosigner(name string) {
	n.t.Helper()
	n.startCosigner(name, strings.TrimPrefix(n.cosigners[name].ready.URL, "http://"))
}

func (n *testNetwork) ledgerArgs() []string {
	args := []string{"serve", "ledger", "--domain", "demo", "--addr", n.addr, "--interval", "50ms", "--heartbeat", "2s"}
	for name, p := range n.cosigners {
		args = append(args, "--cosigner-url", name+"="+p.ready.URL)
	}
	return args
}

func (n *testNetwork) create(name string) {
	n.t.Helper()
	n.must("did", "create", "--as", name, "--domain", "demo", "--ledger", n.url())
}

func (n *testNetwork) resolve(name string, more ...string) *resolved {
	n.t.Helper()
	var r resolved
	n.json(&r, append([]string{"did", "resolve", name, "--domain", "demo", "--ledger", n.url(), "--wait", patience.String()}, more...)...)
	return &r
}

// latest wants an answer that is proven to be the newest, by a quorum.
func (n *testNetwork) latest(name string, witnesses int, more ...string) *resolved {
	n.t.Helper()
	r := n.resolve(name, more...)
	if e := r.Meta.Evidence; !e.Latest || !e.Included || !e.Replayed || e.OperatorTime || e.AsOf == "" {
		n.t.Errorf("%s: got evidence %+v, want one that is latest", name, e)
	}
	roles := r.roles()
	if strings.Count(roles, "witness") < witnesses || strings.Count(roles, "auditor") != 1 {
		n.t.Errorf("%s: got cosigners %q, want %d witnesses and an auditor", name, roles, witnesses)
	}
	return r
}

// TestServe is the life of a trust domain: an identity on a ledger elsewhere, proven to be the newest; a ledger that is killed; and
// servers that end when they are asked to.
func TestServe(t *testing.T) {
	n := startNetwork(t, 2)
	n.create("alice")
	r := n.latest("alice", 2)
	if want := n.did("alice"); r.Document.ID != want {
		t.Errorf("got %s, want %s", r.Document.ID, want)
	}
	for _, path := range []string{"/healthz", "/checkpoint", "/tile/0/000.p/1", "/1.0/methods", "/1.0/identifiers/" + n.did("alice")} {
		if status, body := get(t, n.url()+path); status != 200 && !strings.HasPrefix(path, "/tile") {
			t.Errorf("%s: got %d\n%s", path, status, body)
		}
	}
	for name, p := range n.cosigners {
		if status, _ := get(t, p.ready.URL+"/healthz"); status != 200 {
			t.Errorf("%s: /healthz: got %d", name, status)
		}
	}

	// a second client, who has nothing but the descriptor
	stranger := *n
	stranger.station = n.at("stranger")
	stranger.latest(n.did("alice"), 2)
	stranger.must("domain", "pin", filepath.Join("demo", descriptorFile))
	var pinned resolved
	stranger.json(&pinned, "did", "resolve", n.did("alice"), "--ledger", n.url(), "--wait", patience.String())
	if !pinned.Meta.Evidence.Latest {
		t.Errorf("with a pinned descriptor: got evidence %+v, want one that is latest", pinned.Meta.Evidence)
	}
	var alone resolved
	n.at("nobody").json(&alone, "did", "resolve", n.did("alice"), "--ledger", n.url())
	if e := alone.Meta.Evidence; e.Latest || !e.Replayed || len(e.Cosigners) > 0 {
		t.Errorf("without a trust domain: got evidence %+v, want one that is replayed and no more", e)
	}

	// killed, and started again: it goes on from where it was
	n.ledger.kill()
	if status, _, errs := n.run("did", "resolve", "alice", "--domain", "demo", "--ledger", n.url()); status != statusUnknown || !strings.Contains(errs, "hint: ") {
		t.Errorf("the ledger is away: got exit status %d, want 2\n%s", status, errs)
	}
	auditor := n.cosigners["auditor-1"].ready.URL
	n.latest("alice", 2, "--ledger", auditor, "--wait", "0s")
	n.ledger = n.start(n.ledgerArgs()...)
	n.must("did", "update", "--as", "alice", "--add-also-known-as", "https://alice.example", "--domain", "demo", "--ledger", n.url())
	n.create("bob")
	n.latest("alice", 2)
	n.latest("bob", 2)
	n.latest("bob", 2, "--ledger", auditor)
	if status, _, errs := n.run("did", "create", "--as", "eve", "--domain", "demo", "--ledger", auditor); status != statusInvalid || !strings.Contains(errs, "read-only") {
		t.Errorf("appending to a mirror: got exit status %d, want 1\n%s", status, errs)
	}
	var audit auditJSON
	n.json(&audit, "did", "audit", "--domain", "demo", "--ledger", n.url())
	if audit.Entries != 4 || audit.Identifiers != 2 || len(audit.Faults) > 0 { // the descriptor is an entry, too
		t.Errorf("audit: got %+v", audit)
	}

	var copied backupJSON
	n.json(&copied, "ledger", "copy", n.url(), "copied", "--domain", "demo")
	n.must("did", "update", "--as", "bob", "--add-also-known-as", "https://bob.example", "--domain", "demo", "--ledger", n.url())
	n.json(&copied, "ledger", "copy", n.url(), "copied", "--domain", "demo")
	if copied.Entries != 5 {
		t.Errorf("copy: got %d entries, want 5", copied.Entries)
	}

	for _, p := range n.cosigners {
		p.stop()
	}
	n.ledger.stop()
	for _, p := range append([]*process{n.ledger}, n.all()...) {
		for _, secret := range []string{n.did("alice"), n.did("bob"), "correct horse"} {
			if strings.Contains(p.stderr.String(), secret) {
				t.Errorf("%s: its log has %q", p.name, secret)
			}
		}
	}
	n.must("did", "audit", "--domain", "demo", "--ledger", filepath.Join("demo", "state", "log", entriesDir))
	n.must("did", "audit", "--ledger", "copied")
}

func TestTroubles(t *testing.T) {
	var b bytes.Buffer
	tell := troubles(slog.New(slog.NewTextHandler(&b, nil)))
	for range 3 {
		tell(errors.New("tlog: entry 3 of q" + strings.Repeat("a", 52) + " is refused"))
	}
	tell(errors.New("tlog: cosigner witness-1: refused"))
	tell(context.Canceled)
	if got := strings.Count(b.String(), "\n"); got != 2 || strings.Contains(b.String(), "aaaa") || !strings.Contains(b.String(), "witness-1") {
		t.Errorf("got %s", b.String())
	}
}

func (n *testNetwork) all() []*process {
	var out []*process
	for _, p := range n.cosigners {
		out = append(out, p)
	}
	return out
}

func (n *testNetwork) did(name string) string {
	n.t.Helper()
	var out struct{ DID string }
	n.json(&out, "key", "show", name)
	return out.DID
}

// TestQuorum takes witnesses away: two of three are enough, and with one of them nothing new is proven, until another comes back.
func TestQuorum(t *testing.T) {
	n := startNetwork(t, 3)
	n.cosigners["witness-3"].kill()
	n.create("alice")
	n.latest("alice", 2)

	n.cosigners["witness-2"].stop()
	n.create("bob") // the ledger goes on; what it says of the newest is its own word
	r := n.resolve("bob", "--wait", "500ms")
	if e := r.Meta.Evidence; e.Latest || e.Included || !e.Replayed || !e.OperatorTime {
		t.Errorf("without a quorum: got evidence %+v, want the operator's word", e)
	}
	n.latest("alice", 2) // as of before

	n.restartCosigner("witness-2")
	n.latest("bob", 2)
	n.restartCosigner("witness-3") // it had missed some
	eventually(t, "all three witnesses again", func() bool {
		_, note := get(t, n.url()+"/checkpoint")
		return strings.Count(note, "\n— witness-") == 3
	})
}

// TestServeMirrors follows a log with keys that were made elsewhere: a mirror that holds its bytes, and a replica without a key. Both
// start again where they were, and do not share their state.
func TestServeMirrors(t *testing.T) {
	if testing.Short() || runtime.GOOS == "windows" {
		t.Skip("takes seconds, and signals")
	}
	t.Parallel()
	s := newStation(t)
	vkey := map[string]string{}
	for _, name := range []string{"witness", "auditor", "mirror"} {
		vkey[name] = strings.TrimSpace(s.must("log", "key", "--name", name+".example", "--out", name+".key"))
	}
	s.must("domain", "new", "--dir", "demo", "--name", "acme", "--cosigner", "witness="+vkey["witness"], "--cosigner", "auditor="+vkey["auditor"],
		"--cosigner", "mirror="+vkey["mirror"])
	n := &testNetwork{station: s, cosigners: map[string]*process{}}
	mirror := func(name string, more ...string) []string {
		return append([]string{
			"serve", "mirror", "--domain", filepath.Join("demo", descriptorFile), "--key", name + ".key", "--as", name + ".example", "--ledger", n.url(),
			"--dir", name + "-state", "--interval", "50ms",
		}, more...)
	}
	for try := 0; ; try++ {
		n.addr = freeAddr(t)
		create := []string{"--create", "--addr", "127.0.0.1:0"}
		if try > 0 {
			create = create[1:]
		}
		n.cosigners["witness.example"] = n.start(append([]string{
			"serve", "witness", "--domain", "demo", "--key", "witness.key", "--ledger", n.url(), "--dir", "witness-state",
		}, create...)...)
		n.cosigners["auditor.example"] = n.start(mirror("auditor", append(create, "--audit")...)...)
		n.cosigners["mirror.example"] = n.start(mirror("mirror", create...)...)
		n.ledger = n.tryStart(n.ledgerArgs()...)
		if n.ledger.ready.URL != "" {
			break
		}
		if try == 3 || !strings.Contains(n.ledger.stderr.String(), "in use") {
			t.Fatalf("the ledger does not start:\n%s", n.ledger.stderr.String())
		}
		for _, p := range n.cosigners {
			p.stop()
		}
	}
	n.create("alice")
	r := n.latest("alice", 1)
	if got := r.roles(); got != "auditor mirror witness" || !strings.HasPrefix(r.Document.ID, "did:realdid:acme:q") {
		t.Errorf("%s: got cosigners %q, want one in each role", r.Document.ID, got)
	}
	_, note := get(t, n.url()+"/checkpoint")
	archive := n.cosigners["mirror.example"].ready.URL
	eventually(t, "the mirror publishes what the log does", func() bool {
		_, copied := get(t, archive+"/checkpoint")
		return strings.HasPrefix(copied, note[:strings.Index(note, "\n\n")])
	})
	if status, _ := get(t, archive+"/1.0/methods"); status != 404 {
		t.Errorf("a mirror that executes nothing resolves: got %d, want 404", status)
	}

	replica := []string{"serve", "mirror", "--domain", "demo", "--audit", "--unsigned", "--ledger", archive, "--interval", "50ms", "--addr", "127.0.0.1:0"}
	p := n.start(append(replica, "--create")...)
	eventually(t, "the replica, which follows the mirror, has alice", func() bool {
		var r resolved
		status, out, _ := n.run("did", "resolve", "alice", "--domain", "demo", "--ledger", p.ready.URL, "--wait", "0s", "--json")
		return status == statusDone && json.Unmarshal([]byte(out), &r) == nil && r.Meta.Evidence.Latest
	})
	if status, _, errs := n.run(append(replica, "--create")...); status != statusUnknown || !strings.Contains(errs, "is in use") {
		t.Errorf("a second one with the same state: got exit status %d, want 2\n%s", status, errs)
	}
	p.stop()
	p = n.start(replica...)
	n.latest("alice", 1, "--ledger", p.ready.URL, "--wait", "0s")
	p.stop()

	again := mirror("mirror", "--addr", strings.TrimPrefix(archive, "http://"))
	n.cosigners["mirror.example"].kill()
	n.cosigners["mirror.example"] = n.start(again...)
	n.create("bob")
	n.latest("bob", 1)
	n.ledger.stop()
	for _, p := range n.all() {
		p.stop()
	}
}

// TestServeResolver resolves over HTTP what a ledger elsewhere has, with its proof, and methods that ask nobody.
func TestServeResolver(t *testing.T) {
	n := startNetwork(t, 1)
	n.create("alice")
	n.latest("alice", 1)
	p := n.start("serve", "resolver", "--domain", "demo", "--ledger", n.url(), "--addr", "127.0.0.1:0", "--verbose")
	alice := n.did("alice")
	eventually(t, "an answer with a proof of the newest", func() bool {
		status, body := get(t, p.ready.URL+"/1.0/identifiers/"+alice)
		return status == 200 && strings.Contains(body, `"MethodProof"`) && strings.Contains(body, `"latest":true`)
	})
	status, body := get(t, p.ready.URL+"/1.0/identifiers/did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK")
	if status != 200 || !strings.Contains(body, "#z6Mkha") {
		t.Errorf("did:key: got %d\n%s", status, body)
	}
	status, body = get(t, p.ready.URL+"/1.0/identifiers/did:web:localhost")
	if status == 200 {
		t.Errorf("did:web on this machine: got %d\n%s", status, body)
	}
	if _, body := get(t, p.ready.URL+"/1.0/methods"); body != `["jwk","key","realdid","web","webvh"]` {
		t.Errorf("methods: got %s", body)
	}
	p.stop()
	if log := p.stderr.String(); !strings.Contains(log, `"route":"/1.0/","status":200`) || strings.Contains(log, "did:") || strings.Contains(log, "127.0.0.1") {
		t.Errorf("got the log\n%s", log)
	}
}
