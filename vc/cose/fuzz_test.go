package cose_test

import (
	"encoding/hex"
	"testing"

	"github.com/realdid/realdid/vc/internal/vectortest"
)

// FuzzCOSE starts with the vectors.
func FuzzCOSE(f *testing.F) {
	for _, s := range vectortest.Inputs(f, vectorDir) {
		b, err := hex.DecodeString(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	tested.Fuzz(f)
}
