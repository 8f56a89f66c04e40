package cometledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/cometbft/cometbft/config"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/proof"
)

// trustOf returns the policy that believes the validators in the genesis of a home.
func trustOf(tb testing.TB, home string) *LightTrust {
	tb.Helper()
	trust, err := GenesisTrust(read(tb, config.DefaultConfig().SetRoot(home).GenesisFile()), time.Hour)
	if err != nil {
		tb.Fatal(err)
	}
	return trust
}

// TestProve: what a client gets from a validator, somebody who knows the genesis alone believes; of what was there at the time, all.
func TestProve(t *testing.T) {
	home := filepath.Join(quickDir(t), "validator")
	n := startOne(t, home)
	defer n.Close()
	trust := trustOf(t, home)
	for name, opt := range map[string]*ClientOptions{"no policy": nil, "a policy": {Trust: trust}} {
		t.Run(name, func(t *testing.T) {
			c, err := Dial(t.Context(), []string{n.RPC()}, opt)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			verify := func(key string, entries uint64) *proof.VerifiedHead {
				t.Helper()
				b, err := c.Prove(t.Context(), key, entries)
				if err != nil {
					t.Fatalf("Prove(%s): %v", key, err)
				}
				v, err := trust.VerifyHead(key, b, time.Now())
				if err != nil {
					t.Fatalf("VerifyHead(%s): %v", key, err)
				}
				if v.Epoch.Entries < entries {
					t.Fatalf("the proof covers %d entries, and %d were asked for", v.Epoch.Entries, entries)
				}
				return v
			}
			if v := verify("nobody", 0); !v.Absent || v.Latest || v.Head != nil {
				t.Errorf("a key without entries: %+v", v)
			}
			for i := range 3 {
				key := fmt.Sprintf("key-%d-%d", len(name), i)
				var state []byte
				for round := range 2 {
					e, err := c.Append(t.Context(), key, uint64(round), ledgertest.Op(state, "x"))
					if err != nil {
						t.Fatal(err)
					}
					state, _, err = c.State(t.Context(), key)
					if err != nil {
						t.Fatal(err)
					}
					v := verify(key, e.Anchor.Index+1)
					want, _ := headed{}.Head(key, state)
					if !v.Latest || v.Absent || !bytes.Equal(v.Head, want) {
						t.Errorf("%s: head %q, latest %v; want %q", key, v.Head, v.Latest, want)
					}
					if v.AsOf.Before(e.Anchor.Time) || v.Checkpoint.Origin != trust.ChainID || len(v.Validators) != 1 {
						t.Errorf("as of %v, origin %q, validators %v; the entry is of %v", v.AsOf, v.Checkpoint.Origin, v.Validators, e.Anchor.Time)
					}
				}
			}
			again, err := trust.Renew(mustProve(t, c, "nobody"), time.Now())
			if err != nil || len(again.Pins) != 1 || !again.Pins[0].Time.After(trust.Pins[0].Time) {
				t.Errorf("Renew: %v, %v", again, err)
			}
		})
	}
}

func mustProve(tb testing.TB, c *Client, key string) []byte {
	tb.Helper()
	b, err := c.Prove(tb.Context(), key, 0)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// TestProveWaits: a proof of entries that are yet to come waits for them, as long as its context lets it.
func TestProveWaits(t *testing.T) {
	n := startOne(t, filepath.Join(quickDir(t), "validator"))
	defer n.Close()
	c, err := Dial(t.Context(), []string{n.RPC()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if b, err := c.Prove(ctx, "key", 1); b != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Prove of an entry that does not come: %d bytes, %v", len(b), err)
	}
	result := make(chan error)
	go func() {
		_, err := c.Prove(t.Context(), "key", 1)
		result <- err
	}()
	if _, err := c.Append(t.Context(), "key", 0, ledgertest.Op(nil, "x")); err != nil {
		t.Fatal(err)
	}
	if err := <-result; err != nil {
		t.Errorf("Prove of an entry that came: %v", err)
	}
	if _, err := c.Prove(t.Context(), "BAD KEY", 0); !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("Prove of a bad key: %v", err)
	}
}
