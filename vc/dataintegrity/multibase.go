package dataintegrity

import (
	"github.com/multiformats/go-multibase"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
)

// maxSignatureText is longer than a signature of 96 bytes in base58btc, whose decoding takes time with the square of the length.
const maxSignatureText = 140

func errProofValue(detail string) error {
	return vc.Invalid("dataintegrity.proof.value", detail)
}

// decodeSignature reads a proofValue that is a signature in base58btc (Multibase "z").
func decodeSignature(value string) ([]byte, error) {
	if len(value) < 2 || value[0] != 'z' {
		return nil, errProofValue("proofValue is not in base58btc (Multibase z)")
	}
	if len(value) > maxSignatureText {
		return nil, errProofValue("proofValue is too long")
	}
	_, sig, err := multibase.Decode(value)
	if err != nil {
		return nil, errProofValue("proofValue is not in base58btc (Multibase z)")
	}
	return sig, nil
}

func encodeSignature(sig []byte) (string, error) { return multibase.Encode(multibase.Base58BTC, sig) }

// algorithmOf returns the one of algs whose signatures have the length of this one.
func algorithmOf(value string, algs []keys.Algorithm) (keys.Algorithm, error) {
	sig, err := decodeSignature(value)
	if err != nil {
		return 0, err
	}
	for _, a := range algs {
		if len(sig) == a.SignatureSize() {
			return a, nil
		}
	}
	return 0, errProofValue("proofValue does not have the length of a signature of its cryptosuite")
}
