package main

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestCases runs every case for an instant on two threads: each gives one whole row, and right results.
func TestCases(t *testing.T) {
	var names bytes.Buffer
	if got := run([]string{"list"}, &names, io.Discard); got != 0 {
		t.Fatalf("list: got exit status %d, want 0", got)
	}
	seen := map[string]bool{}
	for name := range strings.Lines(names.String()) {
		name = strings.TrimSpace(name)
		if seen[name] {
			t.Errorf("%s: two cases have this name", name)
		}
		seen[name] = true
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if got := run([]string{name, "2", "0.001", "2"}, &out, &errs); got != 0 {
				t.Fatalf("got exit status %d, want 0: %s", got, errs.String())
			}
			columns := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\t")
			if len(columns) != 11 {
				t.Fatalf("got %d columns, want 11: %q", len(columns), out.String())
			}
			for i, c := range columns[2:] {
				if _, err := strconv.ParseFloat(c, 64); err != nil && c != "-" {
					t.Errorf("column %d: got %q, want a number", i+3, c)
				}
			}
			if columns[5] != "2" {
				t.Errorf("threads: got %s, want 2", columns[5])
			}
		})
	}
}

// TestPeerNames holds the names under which rows of other libraries line up with ours.
func TestPeerNames(t *testing.T) {
	ops := map[string]string{}
	for _, c := range allCases() {
		ops[c.name] = c.op
	}
	for name, op := range map[string]string{
		"ed25519-verify":   "floor: ed25519 verify, 64-byte message",
		"ed25519-sign":     "floor: ed25519 sign",
		"p256-verify":      "floor: P-256 verify, 64-byte message",
		"p256-sign":        "floor: P-256 sign",
		"secp256k1-verify": "floor: secp256k1 verify, 64-byte message",
		"sdjwt-issue":      "sd-jwt issue 10 claims",
		"didkey-plain":     "did:key resolve",
		"didkey-cached":    "did:key resolve, cached",
		"sdjwt-present":    "sd-jwt present 3/10 + KB",
		"sdjwt-verify":     "sd-jwt verify 3/10 + KB",
		"webvh-10":         "did:webvh verify log of 10 entries (whole log)",

		"eddsa-rdfc-sign-10":   "eddsa-rdfc-2022 sign, 10 claims",
		"eddsa-rdfc-verify-10": "eddsa-rdfc-2022 verify, 10 claims",
		"eddsa-rdfc-sign-100":  "eddsa-rdfc-2022 sign, 100 claims",
		"ecdsa-sd-2023-base":   "ecdsa-sd-2023 base sign, 10 claims",
		"ecdsa-sd-2023-derive": "ecdsa-sd-2023 derive 3/10",
		"ecdsa-sd-2023-verify": "ecdsa-sd-2023 verify derived 3/10",
		"bbs-sign-10":          "bbs sign, 10 messages",
		"bbs-verify-50":        "bbs verify, 50 messages",
		"bbs-prove-10":         "bbs proof-gen, 3 disclosed, 10 messages",
		"bbs-pverify-50":       "bbs proof-verify, 3 disclosed, 50 messages",
		"bbs-2023-base":        "bbs-2023 base sign, 10 claims",
		"bbs-2023-derive":      "bbs-2023 derive 3/10",
		"bbs-2023-verify":      "bbs-2023 verify derived 3/10",
		"rdfc-full-10":         "RDFC-1.0 of a VC, 10 claims (JSON-LD in, N-Quads out)",
		"rdfc-full-100":        "RDFC-1.0 of a VC, 100 claims (JSON-LD in, N-Quads out)",
		"rdfc-raw-100bn":       "RDFC-1.0 of a VC, 100 claims as blank nodes (dataset in, N-Quads out)",
		"bsl-131072-decode":    "status list 131,072 entries, decode + lookup (1% set)",
		"bsl-16777216-cached":  "status list 16.8M entries, lookup in decoded list (1% set)",
	} {
		if ops[name] != op {
			t.Errorf("%s: got operation %q, want %q", name, ops[name], op)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"no-such-case"}, {"ed25519-sign", "0"}, {"ed25519-sign", "1", "-1"}, {"ed25519-sign", "1", "NaN"}, {"ed25519-sign", "1", "1", "0"}, {"ed25519-sign", "1", "1", "1", "1"}, {"scale"}, {"scale", "0"}, {"scale", "many"}, {"scale", "1", "a", "b"}} {
		var out, errs bytes.Buffer
		if got := run(args, &out, &errs); got != 3 || out.Len() != 0 || errs.Len() == 0 {
			t.Errorf("%q: got exit status %d, output %q, errors %q, want 3, nothing, a reason", args, got, out.String(), errs.String())
		}
	}
}

// TestScale builds a small ledger, three in four of whose identities are fillers, and asks it everything.
func TestScale(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	s := &scale{n: 400, signed: 100, questions: 20, more: 100, out: &out, errs: io.Discard, dir: dir}
	if err := s.run(); err != nil {
		t.Fatal(err)
	}
	if len(s.asked) != 100 {
		t.Errorf("%d identities can be asked for, want 100", len(s.asked))
	}
	for _, want := range []string{
		"import, of which one in 4", "log and map", "bytes an identity: log/map", "resolve, replayed and proved\tp50", "bundle verified", "until proven",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestWrongResultFails(t *testing.T) {
	c := benchCase{name: "x", op: "x", peer: peer, batch: 1, setup: each(func() (func() error, error) {
		return func() error { return right(false) }, nil
	})}
	if row, err := c.measure(plan{threads: 1, seconds: 0.001, rounds: 1}); err == nil {
		t.Errorf("got row %q, want an error", row)
	}
}

// TestBatch shows that figures are per operation, not per call.
func TestBatch(t *testing.T) {
	c := benchCase{name: "x", op: "x", peer: peer, batch: 10, setup: each(func() (func() error, error) {
		return func() error { // busy, so that no timer's coarseness counts
			for start := time.Now(); time.Since(start) < time.Millisecond; {
			}
			return nil
		}, nil
	})}
	row, err := c.measure(plan{threads: 1, seconds: 0.02, rounds: 1})
	if err != nil {
		t.Fatal(err)
	}
	columns := strings.Split(row, "\t")
	p50, err := strconv.ParseFloat(columns[3], 64)
	if err != nil || p50 < 90 || p50 > 1000 {
		t.Errorf("median latency: got %s µs, want about 100", columns[3])
	}
}

func TestFigure(t *testing.T) {
	for _, c := range []struct {
		in   float64
		want string
	}{{0, "0"}, {0.0456, "0.0456"}, {0.5, "0.500"}, {1.234, "1.23"}, {12.34, "12.3"}, {99.96, "100"}, {123.6, "124"}, {1234567, "1234567"}} {
		if got := figure(c.in); got != c.want {
			t.Errorf("%v: got %s, want %s", c.in, got, c.want)
		}
	}
}
