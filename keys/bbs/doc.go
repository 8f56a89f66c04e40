// Package bbs makes and checks BBS signatures over BLS12-381.
package bbs

import (
	_ "github.com/cloudflare/circl/ecc/bls12381"
	_ "github.com/consensys/gnark-crypto/ecc/bls12-381"
)
