package witness

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"

	"github.com/realdid/realdid/did/ledger/proof"
)

// maxAccusations bounds what a log can make a witness store.
const maxAccusations = 64

// WriteAccusation stores evidence in dir, in a file accusation-<hash>, unless it is there or there is much of it already.
func WriteAccusation(dir string, a *proof.Accusation) error {
	b, err := a.Bytes()
	if err != nil {
		return err
	}
	names, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	n := 0
	for _, name := range names {
		if strings.HasPrefix(name.Name(), "accusation-") {
			n++
		}
	}
	sum := sha256.Sum256(b)
	name := "accusation-" + hex.EncodeToString(sum[:8])
	if _, err := os.Lstat(filepath.Join(dir, name)); err == nil || n >= maxAccusations {
		return nil
	}
	return writeFile(dir, name, b)
}
