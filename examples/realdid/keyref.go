package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	multibase "github.com/multiformats/go-multibase"

	"github.com/realdid/realdid/keys"
)

// keyForms tells people what parseKeyArgument takes.
const keyForms = "a Multikey (z6Mk…), a did:key, a name in keys/, or a file (PEM, JWK, Multikey)"

// parseKeyArgument reads a public key that a person names: as Multikey, did:key, name of a key in this home, or file. Of a private key in
// a file only the public half is taken.
func (a *app) parseKeyArgument(s, what string) (keys.PublicKey, error) {
	switch {
	case strings.HasPrefix(s, "did:key:"):
		did, _, _ := strings.Cut(s, "#")
		k, err := keys.ParseDIDKey(did)
		return k, keyFailure(what, err)
	case strings.HasPrefix(s, "z") && len(s) > 40 && !strings.ContainsAny(s, "/."):
		k, err := keys.ParseMultikey(s)
		return k, keyFailure(what, err)
	case checkName(s) == nil && a.home.exists(a.home.record(s)):
		r, err := a.home.readRecord(s)
		if err != nil {
			return keys.PublicKey{}, err
		}
		return r.public()
	case s != "-" && !a.home.exists(s):
		return keys.PublicKey{}, usage("give "+keyForms, "%s: %.80q is no key", what, s)
	}
	b, err := a.readInput(s, what)
	if err != nil {
		return keys.PublicKey{}, err
	}
	defer clear(b)
	private, public, err := parseKeyFile(b)
	if err != nil {
		return keys.PublicKey{}, keyFailure(what, err)
	}
	if private != nil {
		public = private.Public()
		private.Wipe()
	}
	return public, nil
}

func keyFailure(what string, err error) error {
	if err == nil {
		return nil
	}
	return invalid("give "+keyForms, "%s: %s", what, strings.TrimPrefix(err.Error(), "keys: "))
}

// parseKeyFile reads one key in any form that is understood, private or public.
func parseKeyFile(b []byte) (privateKey, keys.PublicKey, error) {
	text := bytes.TrimSpace(b)
	switch {
	case bytes.Contains(text, []byte("-----BEGIN PUBLIC KEY-----")):
		k, err := keys.ParsePublicPEM(text)
		return nil, k, err
	case bytes.HasPrefix(text, []byte("-----BEGIN")):
		k, err := keys.ParsePEM(text)
		return k, keys.PublicKey{}, err
	case bytes.HasPrefix(text, []byte("{")):
		k, err := keys.ParseJWK(text)
		if errors.Is(err, keys.ErrPrivateJWK) {
			private, err := keys.ParsePrivateJWK(text)
			return private, keys.PublicKey{}, err
		}
		return nil, k, err
	case bytes.HasPrefix(text, []byte("did:key:")):
		k, err := keys.ParseDIDKey(string(text))
		return nil, k, err
	case bytes.HasPrefix(text, []byte("z")):
		if k, err := keys.ParseMultikey(string(text)); err == nil {
			return nil, k, nil
		}
		k, err := parseSecretMultikey(string(text))
		return k, keys.PublicKey{}, err
	}
	return nil, keys.PublicKey{}, errors.New("neither PEM, JWK, Multikey nor did:key")
}

// secretCodecs are the codes of private keys in the multicodec table, which secretKeyMultibase of a Multikey (Controlled
// Identifiers 1.0, section 2.2.2) carries.
var secretCodecs = map[keys.Algorithm]uint64{
	keys.Ed25519: 0x1300, keys.Secp256k1: 0x1301, keys.X25519: 0x1302, keys.P256: 0x1306, keys.P384: 0x1307, keys.SM2: 0x1310,
	keys.BLS12381G2: 0x130a,
}

func parseSecretMultikey(s string) (privateKey, error) {
	if len(s) > 256 {
		return nil, errors.New("a Multikey is shorter")
	}
	base, b, err := multibase.Decode(s)
	if err != nil || base != multibase.Base58BTC {
		return nil, errors.New("not a Multikey in base58btc")
	}
	defer clear(b)
	code, n := binary.Uvarint(b)
	for a, c := range secretCodecs {
		if n == 2 && c == code {
			return newPrivateKey(a, b[n:])
		}
	}
	return nil, errors.New("not a Multikey of a supported algorithm")
}

func secretMultikey(k privateKey) (string, error) {
	code, ok := secretCodecs[k.Public().Algorithm()]
	if !ok {
		return "", fmt.Errorf("%v has no secret Multikey", k.Public().Algorithm())
	}
	secret := k.Secret()
	defer clear(secret)
	return multibase.Encode(multibase.Base58BTC, append(binary.AppendUvarint(nil, code), secret...))
}

// keyAlgorithms are those of keys that this program makes.
func keyAlgorithms() []keys.Algorithm { return append(keys.Algorithms(), keys.BLS12381G2) }

// parseAlgorithm reads the name of an algorithm, in any case.
func parseAlgorithm(name string) (keys.Algorithm, error) {
	for _, a := range keyAlgorithms() {
		if strings.EqualFold(a.String(), name) {
			return a, nil
		}
	}
	return 0, usage("one of "+strings.Join(algorithmNames(), ", "), "not an algorithm: %.40q", name)
}

func signingAlgorithm(name string) (keys.Algorithm, error) {
	a, err := parseAlgorithm(name)
	switch {
	case err != nil:
	case a == keys.BLS12381G2:
		err = usage("did update --add-method assert-2,assertionMethod,"+a.String()+" adds one to issue bbs-2023 with", "%v signs credentials and nothing else", a)
	case !a.CanSign():
		err = usage("X25519 is for did update --add-method with keyAgreement", "%v does not sign", a)
	}
	return a, err
}

// algorithmNames completes --algorithm.
func algorithmNames() []string {
	var out []string
	for _, a := range keyAlgorithms() {
		out = append(out, a.String())
	}
	return out
}
