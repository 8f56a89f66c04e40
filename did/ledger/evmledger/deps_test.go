package evmledger

import (
	_ "github.com/ethereum/go-ethereum/accounts/keystore"
	_ "github.com/ethereum/go-ethereum/ethclient/simulated"
	_ "github.com/realdid/realdid/did/ledger/boltledger"
)
