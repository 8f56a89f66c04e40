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

// nymScene is a holder of nym secrets with a signature over n messages that the signer knows.
type nymScene struct {
	key              *bbs.PrivateKey
	held             bbs.NymSigned
	says             bbs.NymStatement
	proof, pseudonym []byte
}

// nymCount is how many nym secrets a holder has: those of vc/realperson.
const nymCount = 8

func newNymScene(ctx context.Context, n int) (*nymScene, error) {
	base, err := newBBSScene(ctx, n)
	if err != nil {
		return nil, err
	}
	nyms, err := bbs.NewNymSecrets(nymCount)
	if err != nil {
		return nil, err
	}
	commitment, blind, err := bbs.SHA256.NymCommit(nil, nyms)
	if err != nil {
		return nil, err
	}
	entropy := bbs.NewNymEntropy()
	s := &nymScene{
		key:  base.key,
		held: bbs.NymSigned{Header: base.header, Messages: base.messages, Blind: blind},
		says: bbs.NymStatement{
			Header: base.header, PresentationHeader: base.ph, ContextID: []byte("context"), NymCount: nymCount,
			MessageCount: n, Disclosed: base.disclosed, Messages: base.shown,
		},
	}
	if s.held.Signature, err = s.key.NymSignMessages(ctx, bbs.SHA256, commitment, nymCount, entropy, base.header, base.messages); err != nil {
		return nil, err
	}
	s.held.Nyms, err = bbs.SHA256.NymFinalize(s.key.PublicKey(), s.held.Signature, base.header, base.messages, nil, nyms, entropy, blind)
	if err != nil {
		return nil, err
	}
	s.proof, s.pseudonym, err = s.prove()
	return s, err
}

func (s *nymScene) prove() (proof, pseudonym []byte, err error) {
	return bbs.SHA256.NymProofGen(s.key.PublicKey(), &s.held, s.says.ContextID, s.says.PresentationHeader, &bbs.Disclose{Messages: s.says.Disclosed})
}

func nymCases() []benchCase {
	ctx := context.Background()
	nym := func(name, op string, one func(*nymScene) error) benchCase {
		return benchCase{
			name: "bbs-nym-" + name + "-10", op: fmt.Sprintf("bbs %s with pseudonym, 3 disclosed, 10 messages, %d nyms", op, nymCount), peer: peer, batch: 1,
			setup: each(func() (func() error, error) {
				s, err := newNymScene(ctx, 10)
				return func() error { return one(s) }, err
			}),
		}
	}
	return []benchCase{
		nym("prove", "proof-gen", func(s *nymScene) error {
			_, _, err := s.prove()
			return err
		}),
		nym("pverify", "proof-verify", func(s *nymScene) error {
			return bbs.SHA256.NymProofVerify(s.key.PublicKey(), s.proof, s.pseudonym, &s.says)
		}),
	}
}

func bbsCases() []benchCase {
	ctx := context.Background()
	cases := nymCases()
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
