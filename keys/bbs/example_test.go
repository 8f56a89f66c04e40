package bbs_test

import (
	"context"
	"fmt"

	"github.com/realdid/realdid/keys/bbs"
)

func ExamplePrivateKey_SignMessages() {
	issuer, err := bbs.Generate()
	if err != nil {
		fmt.Println(err)
		return
	}
	header := []byte("library card, valid until 2027")
	messages := [][]byte{[]byte("name: Ada"), []byte("city: London"), []byte("over 18: yes")}
	signature, err := issuer.SignMessages(context.Background(), bbs.SHA256, header, messages)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(signature), bbs.SHA256.Verify(issuer.PublicKey(), signature, header, messages))
	messages[1] = []byte("city: Paris")
	fmt.Println(bbs.SHA256.Verify(issuer.PublicKey(), signature, header, messages))
	// Output:
	// 80 <nil>
	// bbs: verify: invalid: the pairing equation does not hold
}

// The holder of a signature shows one message of three. The verifier learns it, the header, and how many there are.
func ExampleCiphersuite_ProofGen() {
	issuer, err := bbs.Generate()
	if err != nil {
		fmt.Println(err)
		return
	}
	header := []byte("library card, valid until 2027")
	messages := [][]byte{[]byte("name: Ada"), []byte("city: London"), []byte("over 18: yes")}
	signature, err := issuer.SignMessages(context.Background(), bbs.SHA256, header, messages)
	if err != nil {
		fmt.Println(err)
		return
	}

	nonce := []byte("cinema.example, 9d2b7c1f")
	proof, err := bbs.SHA256.ProofGen(issuer.PublicKey(), signature, header, nonce, messages, []int{2})
	if err != nil {
		fmt.Println(err)
		return
	}

	shown := [][]byte{[]byte("over 18: yes")}
	fmt.Println(bbs.SHA256.ProofVerify(issuer.PublicKey(), proof, header, nonce, []int{2}, shown))
	fmt.Println(bbs.SHA256.ProofVerify(issuer.PublicKey(), proof, header, []byte("another nonce"), []int{2}, shown))
	// Output:
	// <nil>
	// bbs: proof: invalid: the challenge does not match
}
