package main

import (
	"context"
	"database/sql"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/cometledger"
	"github.com/realdid/realdid/did/ledger/evmledger"
	"github.com/realdid/realdid/did/ledger/pebbleledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/sqlledger"
	"github.com/realdid/realdid/did/ledger/tlogledger"
	"github.com/realdid/realdid/did/realdid"
)

// Each way to open a ledger, as the READMEs show it.
var (
	_ = func(dir string) ledger.Ledger {
		lg, _ := boltledger.Open(dir, realdid.Reducer(), nil)
		return lg
	}
	_ = func(dir string) ledger.Ledger {
		lg, _ := pebbleledger.Open(dir, realdid.Reducer(), nil)
		return lg
	}
	_ = func(ctx context.Context, db *sql.DB) ledger.Ledger {
		lg, _ := sqlledger.Open(ctx, db, realdid.Reducer(), nil)
		return lg
	}
	_ = func(ctx context.Context) ledger.Ledger {
		lg, _ := cometledger.Dial(ctx, []string{"http://127.0.0.1:26657"}, nil)
		return lg
	}
	_ = func(ctx context.Context, chain *evmledger.Chain, contract evmledger.Deployment, sender *evmledger.Sender) ledger.Ledger {
		lg, _ := evmledger.Open(ctx, chain, contract, realdid.Reducer(), sender, nil)
		return lg
	}
	_ = func(ctx context.Context, logDir, dir string, key *proof.NoteSigner, trust *proof.Trust) ledger.Ledger {
		lg, _ := tlogledger.OpenPOSIX(ctx, logDir, dir, key, trust, realdid.Reducer(), nil)
		return lg
	}
)

// TestOneLine: the lines that the READMEs show are those that compile above.
func TestOneLine(t *testing.T) {
	source, err := os.ReadFile("oneline_test.go")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^lg, _ := .*?\)(?:\s*//.*)?$`)
	for _, file := range []string{"../../README.md", "../../did/ledger/README.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		shown := 0
		for _, l := range line.FindAllString(string(text), -1) {
			code, _, _ := strings.Cut(l, " //")
			if !strings.Contains(string(source), "\t\t"+strings.TrimSpace(code)+"\n") {
				t.Errorf("%s shows a line that is not compiled here: %s", file, code)
			}
			shown++
		}
		if shown < 6 {
			t.Errorf("%s shows %d lines that open a ledger, want one for each engine", file, shown)
		}
	}
}
