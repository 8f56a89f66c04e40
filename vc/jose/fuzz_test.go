package jose_test

import (
	"testing"

	"github.com/realdid/realdid/vc/internal/vectortest"
)

// FuzzJOSE starts with the vectors.
func FuzzJOSE(f *testing.F) {
	for _, s := range vectortest.Inputs(f, vectorDir) {
		f.Add([]byte(s))
	}
	tested.Fuzz(f)
}
