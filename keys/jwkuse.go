package keys

import (
	"fmt"

	"github.com/realdid/realdid/internal/strictjson"
)

// readUse returns what "use", "alg" and "key_ops" allow of what a can do, an error when nothing is left. signOp is the operation
// ("sign" or "verify") that this half of the key pair performs.
func readUse(v strictjson.Value, a Algorithm, signOp string) (Use, error) {
	use := a.uses()
	if _, ok := v.Get("use"); ok {
		s, err := readString(v, "use")
		if err != nil {
			return 0, err
		}
		switch s {
		case "sig":
			use &= UseSignature
		case "enc":
			use &= UseAgreement
		default:
			return 0, fmt.Errorf("keys: JWK: use: unknown value %.32q", s)
		}
	}
	if _, ok := v.Get("alg"); ok {
		s, err := readString(v, "alg")
		if err != nil {
			return 0, err
		}
		use &= useOfAlg(s, a)
	}
	if m, ok := v.Get("key_ops"); ok {
		ops, err := readOps(m, signOp)
		if err != nil {
			return 0, err
		}
		use &= ops
	}
	if use == 0 {
		return 0, fmt.Errorf("keys: JWK: %v: alg, use and key_ops leave no use of the key", a)
	}
	return use, nil
}

// uses returns what keys of a can do. ECDH is registered for JOSE on these curves only (RFC 7518, 4.6; RFC 8037, 3.2).
func (a Algorithm) uses() Use {
	switch a {
	case P256, P384:
		return UseSignature | UseAgreement
	case X25519:
		return UseAgreement
	case Ed25519, Secp256k1, SM2:
		return UseSignature
	}
	return 0
}

// useOfAlg returns what a JWK with "alg" name allows a key of a to do: nothing if the name belongs to another curve.
func useOfAlg(name string, a Algorithm) Use {
	switch name {
	case "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW":
		return UseAgreement
	}
	if got, ok := AlgorithmByJOSE(name); ok && got == a {
		return UseSignature
	}
	return 0
}

// readOps returns what "key_ops" (RFC 7517, 4.3) allows. An empty list is what Web Cryptography writes for the public half of an
// agreement key; it allows no signature.
func readOps(m strictjson.Value, signOp string) (Use, error) {
	if m.Kind() != strictjson.Array {
		return 0, fmt.Errorf("keys: JWK: key_ops: not an array")
	}
	use := Use(0)
	if len(m.Elems()) == 0 {
		use = UseAgreement
	}
	seen := map[string]bool{}
	for _, e := range m.Elems() {
		op, ok := e.Str()
		if !ok {
			return 0, fmt.Errorf("keys: JWK: key_ops: not strings")
		}
		if seen[op] {
			return 0, fmt.Errorf("keys: JWK: key_ops: duplicate value")
		}
		seen[op] = true
		switch op {
		case signOp:
			use |= UseSignature
		case "deriveKey", "deriveBits":
			use |= UseAgreement
		}
	}
	return use, nil
}
