package boltledger

import (
	"context"
	"fmt"
	"testing"
)

func TestSmoke(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	l, err := Open(dir, nil, &Options{InsecureNoReducer: true})
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		for i := range 3000 {
			if _, err := l.Append(ctx, fmt.Sprintf("key-%d", i), uint64(round), []byte("hello")); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Check(ctx); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l, err = Open(dir, nil, &Options{InsecureNoReducer: true})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Check(ctx); err != nil {
		t.Fatal(err)
	}
	n := 0
	for i := range 3000 {
		for e, err := range l.History(ctx, fmt.Sprintf("key-%d", i), 1) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			_ = e
		}
	}
	t.Log(n)
	n = 0
	for _, err := range l.Follow(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	t.Log(n)
}
