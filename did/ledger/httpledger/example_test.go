package httpledger_test

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/realdid/realdid/did/ledger/httpledger"
	"github.com/realdid/realdid/did/ledger/memledger"
)

func Example() {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	lg := memledger.New(nil, &memledger.Options{Clock: func() time.Time { return noon }}) // with the method's reducer, if others can write

	handler, err := httpledger.NewHandler(lg, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httpledger.NewServer(handler, nil)
	go func() { _ = server.Serve(listener) }()
	defer server.Close()

	client, err := httpledger.NewClient("http://"+listener.Addr().String(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	ctx := context.Background()
	for range 2 { // the second time the answer is the same
		e, err := client.Append(ctx, "some-key", 0, []byte("first"))
		fmt.Println(e.Anchor.Index, e.Anchor.Time.Format(time.RFC3339), err)
	}
	_, err = client.Append(ctx, "some-key", 0, []byte("other"))
	fmt.Println(err)
	for e, err := range client.History(ctx, "some-key", 0) {
		fmt.Println(e.Seq, string(e.Op), err)
	}
	// Output:
	// 0 2026-05-01T12:00:00Z <nil>
	// 0 2026-05-01T12:00:00Z <nil>
	// ledger: append: conflict: another entry stands at seq 0 of 1
	// 0 first <nil>
}
