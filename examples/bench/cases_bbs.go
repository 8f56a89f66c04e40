package main

import (
	"context"
	"fmt"

	"github.com/realdid/realdid/keys/bbs"
)

// bbsScene is a signer with n messages, as the benches of other libraries have them, and a proof that discloses three.
type bbsScene struct {
	key              *bbs.PrivateKey
	public           *bbs.PublicKey
	header, ph       []byte
	messages, shown  [][]byte
	disclosed        []int
	signature, proof []byte
}

func newBBSScene(ctx context.Context, n int) (*bbsScene, error) {
	key, err := bbs.Generate()
	if err != nil {
		return nil, err
	}
	s := &bbsScene{key: key, public: key.PublicKey(), header: []byte("h"), ph: []byte("ph"), disclosed: []int{1, 4, 7}}
	for i := range n {
		s.messages = append(s.messages, fmt.Append(nil, "message number ", i))
	}
	for _, i := range s.disclosed {
		s.shown = append(s.shown, s.messages[i])
	}
	if s.signature, err = key.SignMessages(ctx, bbs.SHA256, s.header, s.messages); err != nil {
		return nil, err
	}
	s.proof, err = s.prove()
	return s, err
}

func (s *bbsScene) prove() ([]byte, error) {
	return bbs.SHA256.ProofGen(s.public, s.signature, s.header, s.ph, s.messages, s.disclosed)
}

func bbsCases() []benchCase {
	ctx := context.Background()
	var cases []benchCase
	for _, n := range []int{10, 50} {
		add := func(name, op string, one func(*bbsScene) error) {
			cases = append(cases, benchCase{
				name: fmt.Sprint("bbs-", name, "-", n), op: fmt.Sprintf("bbs %s, %d messages", op, n), peer: peer, batch: 1,
				setup: each(func() (func() error, error) {
					s, err := newBBSScene(ctx, n)
					return func() error { return one(s) }, err
				}),
			})
		}
		add("sign", "sign", func(s *bbsScene) error {
			_, err := s.key.SignMessages(ctx, bbs.SHA256, s.header, s.messages)
			return err
		})
		add("verify", "verify", func(s *bbsScene) error {
			return bbs.SHA256.Verify(s.public, s.signature, s.header, s.messages)
		})
		add("prove", "proof-gen, 3 disclosed", func(s *bbsScene) error {
			_, err := s.prove()
			return err
		})
		add("pverify", "proof-verify, 3 disclosed", func(s *bbsScene) error {
			return bbs.SHA256.ProofVerify(s.public, s.proof, s.header, s.ph, s.disclosed, s.shown)
		})
	}
	return cases
}
