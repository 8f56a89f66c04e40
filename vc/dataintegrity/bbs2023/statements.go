package bbs2023

import (
	"crypto/sha256"
	"slices"

	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// bbsHeader returns the header that is signed: the hash of the proof's other members, and that of the mandatory statements.
func bbsHeader(in *dataintegrity.Input, mandatory [sha256.Size]byte) ([]byte, error) {
	options, err := in.HashOptions()
	if err != nil {
		return nil, err
	}
	return slices.Concat(options[:], mandatory[:]), nil
}

// pick returns the statements with these numbers: messages to be signed.
func pick(d *sd.Document, numbers []int) [][]byte {
	out := make([][]byte, len(numbers))
	for i, n := range numbers {
		out[i] = d.Lines[n]
	}
	return out
}
