package authmap

import (
	"context"
	"testing"

	"github.com/realdid/realdid/did/ledger/proof"
)

func mustOpen(t testing.TB, dir string) *Map {
	t.Helper()
	m, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func TestSmoke(t *testing.T) {
	dir := t.TempDir()
	m := mustOpen(t, dir)
	want := model{}
	for v := range uint64(20) {
		var cs []Change
		for i := range uint64(500) {
			cs = append(cs, numbered(v*300+i, v, 128))
		}
		s, err := m.Stage(cs)
		if err != nil {
			t.Fatal(err)
		}
		want.put(cs)
		if s.Root() != want.root() {
			t.Fatal(v, "root")
		}
		if err := s.Commit(v + 1); err != nil {
			t.Fatal(err)
		}
		if err := m.Check(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	for p, h := range want {
		head, pr, err := m.Prove(p)
		if err != nil || string(head) != string(h) {
			t.Fatal(err)
		}
		if err := pr.VerifyPresent(m.Root(), p, head); err != nil {
			t.Fatal(err)
		}
		q := proof.MapPath(string(p[:]))
		head, pr, err = m.Prove(q)
		if err != nil || head != nil {
			t.Fatal(err)
		}
		if err := pr.VerifyAbsent(m.Root(), q); err != nil {
			t.Fatal(err)
		}
	}
	m.Close()
	m = mustOpen(t, dir)
	if m.Root() != want.root() || m.Len() != uint64(len(want)) || m.Version() != 20 {
		t.Fatal("reopen")
	}
	if err := m.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
}
