package pebbleledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/pebbleledger"
)

// rising accepts an operation if it is greater than the one before.
type rising struct{}

func (rising) Reduce(_ string, state, op []byte, _ ledger.Anchor) (ledger.Reduced, error) {
	if bytes.Compare(op, state) <= 0 {
		return ledger.Reduced{}, fmt.Errorf("%q is not greater than %q", op, state)
	}
	return ledger.Reduced{State: op}, nil
}

func Example() {
	ctx := context.Background()
	tmp, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(tmp)
	clock := func() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) }

	lg, err := pebbleledger.Open(filepath.Join(tmp, "ledger"), rising{}, &pebbleledger.Options{Clock: clock})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer lg.Close()
	for seq, op := range []string{"apple", "banana", "aubergine"} {
		if _, err := lg.Append(ctx, "fruit", uint64(seq), []byte(op)); err != nil {
			fmt.Println(err, "| final:", errors.Is(err, ledger.ErrInvalid))
		}
	}
	for e, err := range lg.History(ctx, "fruit", 0) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(e.Seq, string(e.Op), e.Anchor.Index, e.Anchor.Time.Format(time.RFC3339))
	}
	// Output:
	// ledger: invalid: "aubergine" is not greater than "banana" | final: true
	// 0 apple 0 2026-05-01T12:00:00Z
	// 1 banana 1 2026-05-01T12:00:00Z
}
