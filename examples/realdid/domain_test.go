package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/realdid"
)

// TestRotateDomain replaces a witness and the root key, while the network is up. Who has pinned the first descriptor follows.
func TestRotateDomain(t *testing.T) {
	n := startNetwork(t, 2)
	n.create("alice")
	n.must("domain", "pin", "demo")
	first := n.at("first")
	first.must("domain", "pin", "demo")
	for _, file := range []string{descriptorFile, filepath.Join("keys", "root.key")} {
		b, err := os.ReadFile(filepath.Join(n.path("demo"), file))
		if err == nil {
			err = createFile(filepath.Join(n.path("old"), file), b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	vkey := strings.TrimSpace(n.must("log", "key", "--name", "witness-3", "--out", "w3.key"))
	var rotated domainJSON
	n.json(&rotated, "domain", "rotate", "--domain", "demo", "--ledger", n.url(), "--cosigner", "witness="+vkey, "--drop", "witness-2", "--new-root")
	if rotated.Sequence != 1 || rotated.Quorum.Witnesses.Need != 2 || len(rotated.Cosigners) != 3 {
		t.Errorf("got %+v", rotated)
	}
	again := []string{"domain", "rotate", "--domain", "demo", "--ledger", n.url(), "--max-age", "2h"}
	if status, _, errs := n.run(again...); status != statusInvalid || !strings.Contains(errs, "hint: the servers") {
		t.Errorf("before the servers know of the first: got exit status %d, want 1\n%s", status, errs)
	}

	// a thief of the first root key comes too late, and a copy of an old descriptor does not come back
	if status, _, errs := n.at("thief").run("domain", "rotate", "--domain", "old", "--ledger", n.url(), "--drop", "witness-1", "--need", "witness=1"); status != statusInvalid {
		t.Errorf("a thief: got exit status %d, want 1\n%s", status, errs)
	}
	if status, _, errs := n.run("domain", "pin", filepath.Join("demo", descriptorFile), "--steps", "nowhere"); status != statusInvalid {
		t.Errorf("without the steps: got exit status %d, want 1\n%s", status, errs)
	}
	n.must("domain", "pin", "demo")
	if status, _, errs := n.run("domain", "pin", "old"); status != statusInvalid {
		t.Errorf("back to an old one: got exit status %d, want 1\n%s", status, errs)
	}

	// the servers at their next start
	n.ledger.stop()
	n.cosigners["witness-2"].stop()
	delete(n.cosigners, "witness-2")
	n.cosigners["witness-1"].stop()
	n.restartCosigner("witness-1")
	n.cosigners["witness-3"] = n.start("serve", "witness", "--domain", "demo", "--as", "witness-3", "--key", "w3.key", "--ledger", n.url(), "--addr", "127.0.0.1:0", "--create")
	n.cosigners["auditor-1"].stop()
	n.restartCosigner("auditor-1")
	n.ledger = n.start(n.ledgerArgs()...)
	n.create("bob")
	r := n.latest("bob", 2)
	if names := fmt.Sprint(r.Meta.Evidence.Cosigners); !strings.Contains(names, "witness-3") || strings.Contains(names, "witness-2") {
		t.Errorf("got cosigners %s, want the new witness in place of the old one", names)
	}
	n.json(&rotated, again...)
	if rotated.Sequence != 2 || rotated.Limits.MaxAge != 7200 {
		t.Errorf("got %+v", rotated)
	}
	n.must("domain", "pin", "demo")
	if status, _, errs := first.run("domain", "pin", "demo"); status != statusDone {
		t.Errorf("who has the first descriptor: got exit status %d, want 0\n%s", status, errs)
	}
	late := n.at("late")
	late.must("domain", "pin", "demo")

	// all of them know the policies of the past, to a second, and a folder without the first descriptor those of the present alone
	policies := func(dir string) realdid.Predecessors {
		t.Helper()
		d, err := openDomain(dir)
		if err != nil {
			t.Fatal(err)
		}
		preds, err := d.predecessorsOf("another", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return preds
	}
	want := policies(n.path("demo"))
	if len(want) != 3 || !want[0].Until.IsZero() || want[1].Until.IsZero() || want[2].Until.Before(want[1].Until) {
		t.Errorf("got policies %+v, want those of three descriptors", want)
	}
	for _, who := range []string{n.path("home/domain.json"), n.path("first/domain.json"), n.path("late/domain.json")} {
		got := policies(who)
		if len(got) != len(want) || !got[1].Until.Equal(want[1].Until) || !got[2].Until.Equal(want[2].Until) {
			t.Errorf("%s: got policies %+v, want %+v", who, got, want)
		}
	}
	if err := os.Remove(filepath.Join(n.path("demo"), chainFile)); err != nil {
		t.Fatal(err)
	}
	if got := policies(n.path("demo")); len(got) != 1 {
		t.Errorf("without the first descriptor: got %d policies, want 1", len(got))
	}
}
