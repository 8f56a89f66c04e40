package authmap_test

import (
	"fmt"
	"os"

	"github.com/realdid/realdid/did/ledger/authmap"
	"github.com/realdid/realdid/did/ledger/proof"
)

func Example() {
	dir, err := os.MkdirTemp("", "map")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	m, err := authmap.Open(dir, nil)
	if err != nil {
		panic(err)
	}
	defer m.Close()

	alice, bob := proof.MapPath("alice"), proof.MapPath("bob")
	s, err := m.Stage([]authmap.Change{{Path: alice, Head: []byte("her newest state")}})
	if err != nil {
		panic(err)
	}
	root := s.Root() // to be signed and published, by which others verify
	if err := s.Commit(1); err != nil {
		panic(err)
	}

	head, p, err := m.Prove(alice)
	fmt.Printf("%s: %v, %v\n", head, err, p.VerifyPresent(root, alice, head))
	head, p, err = m.Prove(bob)
	fmt.Printf("absent: %v, %v, %v\n", head == nil, err, p.VerifyAbsent(root, bob))
	// Output:
	// her newest state: <nil>, <nil>
	// absent: true, <nil>, <nil>
}
