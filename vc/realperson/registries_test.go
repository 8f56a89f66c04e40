//go:build !js

package realperson

import (
	"path/filepath"
	"testing"

	"github.com/realdid/realdid/did/ledger/boltledger"
)

// registries are the ledgers on which enrolments race.
var registries = map[string]func(*testing.T, *AuthorityConfig){
	"memory": func(*testing.T, *AuthorityConfig) {},
	"bolt": func(t *testing.T, c *AuthorityConfig) {
		lg, err := boltledger.Open(filepath.Join(t.TempDir(), "registry"), RegistryReducer(), &boltledger.Options{Clock: c.Clock})
		fatal(t, err)
		t.Cleanup(func() { lg.Close() })
		c.Registry = lg
	},
}
