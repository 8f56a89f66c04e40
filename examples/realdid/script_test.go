package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/keys/keyfile"
)

// TestMain lets scripts run the program as a process of its own. Sealing costs the least that package keyfile allows.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"realdid": func() {
		endWithParent()
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		a := newApp(os.Stdin, os.Stdout, os.Stderr)
		a.cost, a.patience = keyfile.Cost{Passes: 2, MemoryKiB: 19 << 10, Lanes: 1}, 2*time.Second
		a.now = shifted()
		status := a.run(ctx, os.Args[1:])
		stop()
		os.Exit(status)
	}})
}

// TestScript runs what a user would type. Beside the commands of testscript there are:
//
//	status N COMMAND…      runs the command and wants exit status N
//	json FILE PATH VALUE   the value at PATH (members joined by dots) of a JSON file, or of stdout, is VALUE; "-" for VALUE: is absent
//	setjson VAR FILE PATH  sets an environment variable from it
//	mode PERM FILE…        the files have these permissions
//	nosecret FILE…         none of the secrets in key files under $WORK stands in these files, nor in stdout and stderr
//	hold DIR               holds the ledger in DIR open from here on, as another process would
//	occupy VAR             listens at a place on this machine from here on, and sets VAR to it
//	flip FILE N            changes the Nth byte of a file, from the end if N is negative
//	prove …                stands in for the servers of a domain with two ledgers, see scriptProve
//	append DIR KEY TEXT    appends an entry to the ledger in DIR that no method would accept
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("REALDID_HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("REALDID_PASSPHRASE", "correct horse")
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			env.Setenv("NOBODY", "did:realdid:q"+strings.Repeat("a", 52))
			for days := range 60 {
				at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, days)
				env.Setenv(fmt.Sprintf("T%d", days), at.Format(time.RFC3339))
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": scriptStatus, "json": scriptJSON, "setjson": scriptSetJSON, "mode": scriptMode, "nosecret": scriptNoSecret,
			"hold": scriptHold, "occupy": scriptOccupy, "append": scriptAppend, "flip": scriptFlip, "prove": scriptProve,
		},
	})
}

func scriptStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command…")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		n, ok := strings.CutPrefix(err.Error(), "exit status ")
		if !ok {
			ts.Fatalf("%v", err)
		}
		_, _ = fmt.Sscan(n, &got)
	}
	if want := args[0]; fmt.Sprint(got) != want {
		ts.Fatalf("exit status: got %d, want %s", got, want)
	}
}

func lookup(ts *testscript.TestScript, file, path string) (any, bool) {
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile(file)), &v); err != nil {
		ts.Fatalf("%s: not one JSON value: %v", file, err)
	}
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			m, ok := x[step]
			if !ok {
				return nil, false
			}
			v = m
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(x) {
				return nil, false
			}
			v = x[i]
		default:
			return nil, false
		}
	}
	return v, true
}

func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: json file path value")
	}
	v, ok := lookup(ts, args[0], args[1])
	got := "-"
	if ok {
		got = fmt.Sprint(v)
	}
	if (got == args[2]) == neg {
		ts.Fatalf("%s: got %q, want %q (negated: %v)", args[1], got, args[2], neg)
	}
}

func scriptSetJSON(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: setjson VAR file path")
	}
	v, ok := lookup(ts, args[1], args[2])
	if !ok {
		ts.Fatalf("%s: absent", args[2])
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}

func scriptMode(ts *testscript.TestScript, _ bool, args []string) {
	for _, file := range args[1:] {
		st, err := os.Stat(ts.MkAbs(file))
		ts.Check(err)
		if got := fmt.Sprintf("%03o", st.Mode().Perm()); got != args[0] {
			ts.Fatalf("%s: got mode %s, want %s", file, got, args[0])
		}
	}
}

// scriptNoSecret looks for every secret that lies sealed in the homes, in the forms that a careless program would print.
func scriptNoSecret(ts *testscript.TestScript, _ bool, args []string) {
	var texts []string
	for _, file := range append(args, "stdout", "stderr") {
		texts = append(texts, ts.ReadFile(file))
	}
	found := 0
	err := filepath.WalkDir(ts.Getenv("WORK"), func(path string, _ os.DirEntry, err error) error {
		if err != nil || !regexp.MustCompile(`\.(key|seed)$`).MatchString(path) {
			return err
		}
		file, err := keyfile.Read(path)
		if err != nil {
			return err
		}
		var entries []keyfile.Entry
		for _, pass := range []string{"correct horse", "one", "two"} {
			if entries, err = keyfile.Open([]byte(pass), file); err == nil {
				break
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, e := range entries {
			secret := e.Seed.Bytes()
			if e.Key != nil {
				secret = e.Key.Secret()
			}
			found++
			for _, form := range secretForms(secret) {
				for i, text := range texts {
					if strings.Contains(text, form) {
						ts.Fatalf("a secret of %s stands in %s", path, append(args, "stdout", "stderr")[i])
					}
				}
			}
		}
		return nil
	})
	ts.Check(err)
	if found == 0 {
		ts.Fatalf("no secrets to look for")
	}
}

func scriptHold(ts *testscript.TestScript, _ bool, args []string) {
	lg, err := boltledger.Open(ts.MkAbs(args[0]), nil, &boltledger.Options{InsecureNoReducer: true})
	ts.Check(err)
	ts.Defer(func() { lg.Close() })
}

func scriptOccupy(ts *testscript.TestScript, _ bool, args []string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { ln.Close() })
	ts.Setenv(args[0], ln.Addr().String())
}

func scriptAppend(ts *testscript.TestScript, _ bool, args []string) {
	at := func() time.Time { return time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC) }
	lg, err := boltledger.Open(ts.MkAbs(args[0]), nil, &boltledger.Options{InsecureNoReducer: true, Clock: at})
	ts.Check(err)
	defer lg.Close()
	n := uint64(0)
	for _, err := range lg.History(context.Background(), args[1], 0) {
		ts.Check(err)
		n++
	}
	_, err = lg.Append(context.Background(), args[1], n, []byte(args[2]))
	ts.Check(err)
}
