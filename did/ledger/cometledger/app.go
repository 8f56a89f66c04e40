package cometledger

import (
	_ "github.com/cometbft/cometbft/abci/types"
	_ "github.com/cometbft/cometbft/light"
	_ "github.com/cometbft/cometbft/node"
	_ "github.com/cometbft/cometbft/rpc/client/http"
	_ "github.com/syndtr/goleveldb/leveldb"
)
