package memledger_test

import (
	"context"
	"fmt"
	"time"

	"github.com/realdid/realdid/did/ledger/memledger"
)

func Example() {
	ctx := context.Background()
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	lg := memledger.New(nil, &memledger.Options{Clock: func() time.Time { return noon }})

	for seq, op := range []string{"first", "second"} {
		if _, err := lg.Append(ctx, "some-key", uint64(seq), []byte(op)); err != nil {
			fmt.Println(err)
		}
	}
	_, err := lg.Append(ctx, "some-key", 1, []byte("other"))
	fmt.Println(err)

	for e, err := range lg.History(ctx, "some-key", 0) {
		fmt.Println(e.Seq, string(e.Op), e.Anchor.Index, e.Anchor.Time.Format(time.RFC3339), err)
	}
	// Output:
	// ledger: append: conflict: another entry stands at seq 1 of 2
	// 0 first 0 2026-05-01T12:00:00Z <nil>
	// 1 second 1 2026-05-01T12:00:00Z <nil>
}
