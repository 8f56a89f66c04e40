package cometledger

import (
	"fmt"
	"runtime"

	"github.com/realdid/realdid/did/ledger"
)

// lockThread keeps the calling goroutine on its thread.
func lockThread() { runtime.LockOSThread() }

// reducers are those that a validator in a process of its own can be started with.
func reducers() map[string]ledger.HeadReducer {
	return map[string]ledger.HeadReducer{"kit": headed{}}
}

// behave makes a validator one that does not do as it should.
func behave(_ *NodeConfig, behavior string) error {
	if behavior == "" {
		return nil
	}
	return fmt.Errorf("no behavior %q", behavior)
}
