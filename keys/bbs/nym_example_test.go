package bbs_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/realdid/realdid/keys/bbs"
)

// A holder has a signature over a secret that the signer never sees, and shows one of the signer's messages.
func Example_blindIssuance() {
	ctx, suite := context.Background(), bbs.SHA256
	signer, err := bbs.Generate()
	if err != nil {
		panic(err)
	}

	// The holder commits to its secret; the commitment goes to the signer, the blind stays.
	secret := [][]byte{[]byte("a secret of the holder")}
	commitment, blind, err := suite.Commit(secret)
	if err != nil {
		panic(err)
	}

	// The signer signs its own messages and what it does not see.
	header, messages := []byte("library card"), [][]byte{[]byte("adult"), []byte("until 2027")}
	signature, err := signer.BlindSignMessages(ctx, suite, commitment, header, messages)
	if err != nil {
		panic(err)
	}
	if err := suite.BlindVerify(signer.PublicKey(), signature, header, messages, secret, blind); err != nil {
		panic(err)
	}

	// The holder proves the first message to a verifier, which chose the nonce.
	nonce := []byte("nonce of the verifier")
	held := &bbs.BlindSigned{Signature: signature, Header: header, Messages: messages, Committed: secret, Blind: blind}
	proof, err := suite.BlindProofGen(signer.PublicKey(), held, nonce, &bbs.Disclose{Messages: []int{0}})
	if err != nil {
		panic(err)
	}
	err = suite.BlindProofVerify(signer.PublicKey(), proof, &bbs.BlindStatement{
		Header: header, PresentationHeader: nonce, MessageCount: 2, CommittedCount: 1,
		Disclosed: []int{0}, Messages: [][]byte{[]byte("adult")},
	})
	fmt.Println(err)
	// Output: <nil>
}

// A person has one pseudonym at each platform, and no two platforms find out that they know the same person.
func Example_pseudonyms() {
	ctx, suite := context.Background(), bbs.SHA256
	authority, err := bbs.Generate()
	if err != nil {
		panic(err)
	}

	// Every holder has eight secrets: with another number one would stand out.
	const n = 8
	prover, err := bbs.NewNymSecrets(n)
	if err != nil {
		panic(err)
	}
	commitment, blind, err := suite.NymCommit(nil, prover)
	if err != nil {
		panic(err)
	}

	// The authority adds entropy that it stores, so that nobody is issued secrets that were stolen from another.
	entropy, header, messages := bbs.NewNymEntropy(), []byte("person"), [][]byte{[]byte("over 18")}
	signature, err := authority.NymSignMessages(ctx, suite, commitment, n, entropy, header, messages)
	if err != nil {
		panic(err)
	}
	nyms, err := suite.NymFinalize(authority.PublicKey(), signature, header, messages, nil, prover, entropy, blind)
	if err != nil {
		panic(err)
	}

	held := &bbs.NymSigned{Signature: signature, Header: header, Messages: messages, Blind: blind, Nyms: nyms}
	show := func(platform, nonce string) []byte {
		proof, pseudonym, err := suite.NymProofGen(authority.PublicKey(), held, []byte(platform), []byte(nonce), nil)
		if err != nil {
			panic(err)
		}
		err = suite.NymProofVerify(authority.PublicKey(), proof, pseudonym, &bbs.NymStatement{
			Header: header, PresentationHeader: []byte(nonce), ContextID: []byte(platform), NymCount: n, MessageCount: 1,
		})
		if err != nil {
			panic(err)
		}
		return pseudonym
	}
	first, again, elsewhere := show("platform A", "nonce 1"), show("platform A", "nonce 2"), show("platform B", "nonce 3")
	fmt.Println("known again at A:", bytes.Equal(first, again))
	fmt.Println("known at B:", bytes.Equal(first, elsewhere))

	// A new credential for the same secrets, without showing them: the authority compares with the commitment that it stored.
	nonce := []byte("nonce of the authority")
	renewed, _, same, err := suite.NymRecommit(commitment, blind, nil, prover, nonce)
	if err != nil {
		panic(err)
	}
	fmt.Println("same secrets:", suite.VerifySameNyms(commitment, renewed, same, nonce) == nil)
	// Output:
	// known again at A: true
	// known at B: false
	// same secrets: true
}
