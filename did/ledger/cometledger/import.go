package cometledger

import (
	"fmt"

	"github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/types"
)

func readGenesis(home string) (*types.GenesisDoc, error) {
	doc, err := types.GenesisDocFromFile(config.DefaultConfig().SetRoot(home).GenesisFile())
	if err != nil {
		return nil, fmt.Errorf("cometledger: %w", err)
	}
	return doc, nil
}
