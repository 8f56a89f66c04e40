package evmledger

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
)

// A Signer holds the key of an account that pays for transactions: a key store, a hardware wallet, a key service. It has
// no power over identities, whose operations sign themselves; the operator's account of a contract alone decides what is
// written to that contract.
type Signer interface {
	// Address is that of the account.
	Address() common.Address
	// SignTx returns tx with a signature for the chain with the given identity, by EIP-155 or a later rule.
	SignTx(ctx context.Context, tx *types.Transaction, chainID *big.Int) (*types.Transaction, error)
}

// NewKeySigner returns a Signer with a key in memory.
func NewKeySigner(key *ecdsa.PrivateKey) Signer {
	return &keySigner{key: key, address: crypto.PubkeyToAddress(key.PublicKey)}
}

type keySigner struct {
	key     *ecdsa.PrivateKey
	address common.Address
}

func (s *keySigner) Address() common.Address { return s.address }

// String and GoString show the address alone.
func (s *keySigner) String() string { return "key of " + s.address.Hex() }

func (s *keySigner) GoString() string { return s.String() }

func (s *keySigner) SignTx(_ context.Context, tx *types.Transaction, chainID *big.Int) (*types.Transaction, error) {
	return types.SignTx(tx, types.LatestSignerForChainID(chainID), s.key)
}

// checkSigned says why signed is not tx signed by address for the chain.
func checkSigned(signed, tx *types.Transaction, address common.Address, chainID *big.Int) error {
	rule := types.LatestSignerForChainID(chainID)
	if rule.Hash(signed) != rule.Hash(tx) || !signed.Protected() {
		return errors.New("evmledger: signer: it signed another transaction, or one that counts on every chain")
	}
	if from, err := types.Sender(rule, signed); err != nil || from != address {
		return errors.New("evmledger: signer: the signature is not that of its account")
	}
	return nil
}
