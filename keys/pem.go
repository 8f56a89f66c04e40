package keys

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
)

// maxPEM bounds the length of a PEM text in bytes.
const maxPEM = 16 << 10

const (
	pemPKCS8     = "PRIVATE KEY"
	pemSEC1      = "EC PRIVATE KEY"
	pemSPKI      = "PUBLIC KEY"
	pemParams    = "EC PARAMETERS" // openssl ecparam writes it before pemSEC1; the key repeats what it says
	pemEncrypted = "ENCRYPTED PRIVATE KEY"
)

var errEncrypted = errors.New("keys: PEM: encrypted private key: decrypt it first, e.g. with openssl pkey")

// ParsePEM reads one private key of Ed25519, X25519, P-256 or P-384 in PEM (RFC 7468): PKCS#8 (RFC 5958; "openssl genpkey"), or SEC 1
// (RFC 5915; "openssl ecparam -genkey", with or without its parameters block). It refuses encrypted keys, text around the
// blocks, several keys, trailing data and a public key inside that does not belong to the private one. Errors are final.
func ParsePEM(b []byte) (*PrivateKey, error) {
	block, err := onePEM(b)
	if err != nil {
		return nil, err
	}
	defer clear(block.Bytes)
	if err := oneDER(block.Bytes); err != nil {
		return nil, err
	}
	var key any
	switch block.Type {
	case pemPKCS8:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case pemSEC1:
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case pemEncrypted:
		return nil, errEncrypted
	case pemSPKI:
		return nil, errors.New("keys: PEM: a public key where a private key is expected")
	default:
		return nil, fmt.Errorf("keys: PEM: %w: block type %.32q", ErrUnsupported, block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("keys: PEM: %w", err)
	}
	k, err := fromStandard(key)
	if err != nil {
		return nil, err
	}
	if point := embeddedPoint(block); point != nil && !k.Public().isPoint(point) {
		return nil, errors.New("keys: PEM: public key inside does not belong to the private key")
	}
	return k, nil
}

// ParsePublicPEM reads one public key of Ed25519, X25519, P-256 or P-384 as SubjectPublicKeyInfo in PEM (RFC 7468, section 13). It refuses
// text around the block, several blocks and trailing data. Errors are final.
func ParsePublicPEM(b []byte) (PublicKey, error) {
	block, err := onePEM(b)
	if err != nil {
		return PublicKey{}, err
	}
	switch block.Type {
	case pemSPKI:
	case pemPKCS8, pemSEC1, pemEncrypted:
		return PublicKey{}, errors.New("keys: PEM: a private key where a public key is expected")
	default:
		return PublicKey{}, fmt.Errorf("keys: PEM: %w: block type %.32q", ErrUnsupported, block.Type)
	}
	if err := oneDER(block.Bytes); err != nil {
		return PublicKey{}, err
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return PublicKey{}, fmt.Errorf("keys: PEM: %w", err)
	}
	return FromStandard(key)
}

// FromStandard returns the key of the standard library's form: ed25519.PublicKey, *ecdsa.PublicKey on P-256 or P-384, *ecdh.PublicKey
// of X25519, P-256 or P-384, such as a certificate holds. Errors are final: ErrUnsupported for any other type or curve.
func FromStandard(key any) (PublicKey, error) {
	switch key := key.(type) {
	case ed25519.PublicKey:
		return NewPublicKey(Ed25519, key)
	case *ecdsa.PublicKey:
		a, err := curveAlgorithm(key.Curve)
		if err != nil {
			return PublicKey{}, err
		}
		full, err := key.Bytes()
		if err != nil {
			return PublicKey{}, fmt.Errorf("keys: public key: %v: %w", a, errOffCurve)
		}
		return newAffine(a, full)
	case *ecdh.PublicKey:
		switch key.Curve() {
		case ecdh.X25519():
			return NewPublicKey(X25519, key.Bytes())
		case ecdh.P256():
			return newAffine(P256, key.Bytes())
		case ecdh.P384():
			return newAffine(P384, key.Bytes())
		}
	}
	return PublicKey{}, fmt.Errorf("keys: public key: %w: %T", ErrUnsupported, key)
}

func fromStandard(key any) (*PrivateKey, error) {
	switch key := key.(type) {
	case ed25519.PrivateKey:
		defer clear(key)
		return NewPrivateKey(Ed25519, key[:ed25519.SeedSize])
	case *ecdsa.PrivateKey:
		a, err := curveAlgorithm(key.Curve)
		if err != nil {
			return nil, err
		}
		d, err := key.Bytes()
		if err != nil {
			return nil, fmt.Errorf("keys: private key: %v: %w", a, errRange)
		}
		defer clear(d)
		return NewPrivateKey(a, d)
	case *ecdh.PrivateKey:
		if key.Curve() == ecdh.X25519() {
			secret := key.Bytes()
			defer clear(secret)
			return NewPrivateKey(X25519, secret)
		}
	}
	return nil, fmt.Errorf("keys: private key: %w: %T", ErrUnsupported, key)
}

func curveAlgorithm(c elliptic.Curve) (Algorithm, error) {
	switch c {
	case elliptic.P256():
		return P256, nil
	case elliptic.P384():
		return P384, nil
	}
	return 0, fmt.Errorf("keys: elliptic curve: %w", ErrUnsupported)
}

// isPoint reports whether point is the uncompressed or compressed form of k, or its raw form.
func (k PublicKey) isPoint(point []byte) bool {
	if len(point) > 0 && point[0] == 4 && k.Algorithm() != Ed25519 && k.Algorithm() != X25519 && len(point) == 2*k.Algorithm().KeySize()-1 {
		n := k.Algorithm().KeySize() - 1
		return bytes.Equal(point[1:1+n], k.bytes()[1:]) && bytes.Equal(point[1+n:], k.p.y[:n])
	}
	return bytes.Equal(point, k.bytes())
}

// MarshalPEM returns k as PKCS#8 in PEM, as openssl writes it. The caller should clear the result. Errors: ErrUnsupported for
// secp256k1 and SM2; another for no key or a wiped one.
func (k *PrivateKey) MarshalPEM() ([]byte, error) {
	s := k.get()
	if s == nil {
		return nil, fmt.Errorf("keys: PEM: %w", errNoKey)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.secret == nil {
		return nil, fmt.Errorf("keys: PEM: %w", errNoKey)
	}
	var key any
	switch a := s.pub.p.alg; a {
	case Ed25519:
		key = s.ed
	case P256, P384:
		key = s.ec
	case X25519:
		key = s.dh
	default:
		return nil, fmt.Errorf("keys: PEM: %w: %v", ErrUnsupported, a)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("keys: PEM: %w", err)
	}
	defer clear(der)
	return pem.EncodeToMemory(&pem.Block{Type: pemPKCS8, Bytes: der}), nil
}

// MarshalPublicPEM returns k as SubjectPublicKeyInfo in PEM. Errors: ErrUnsupported for secp256k1, SM2 and the zero value.
func (k PublicKey) MarshalPublicPEM() ([]byte, error) {
	var key any
	switch a := k.Algorithm(); a {
	case Ed25519:
		key = ed25519.PublicKey(k.bytes())
	case P256, P384:
		key = k.p.ec
	case X25519:
		dh, err := ecdh.X25519().NewPublicKey(k.bytes())
		if err != nil {
			return nil, fmt.Errorf("keys: PEM: %w", err)
		}
		key = dh
	default:
		return nil, fmt.Errorf("keys: PEM: %w: %v", ErrUnsupported, a)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("keys: PEM: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemSPKI, Bytes: der}), nil
}

// onePEM returns the only block of b, without headers and with nothing but white space around it. A block of EC parameters before a
// SEC 1 key is passed over.
func onePEM(b []byte) (*pem.Block, error) {
	if len(b) > maxPEM {
		return nil, fmt.Errorf("keys: PEM: over %d bytes", maxPEM)
	}
	block, rest, err := nextPEM(b)
	if err != nil {
		return nil, err
	}
	if block.Type == pemParams {
		if block, rest, err = nextPEM(rest); err != nil {
			return nil, err
		}
		if block.Type != pemSEC1 {
			return nil, errors.New("keys: PEM: EC parameters without a SEC 1 key")
		}
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("keys: PEM: data after the key")
	}
	return block, nil
}

// nextPEM reads the block with which b begins, in the strict form of RFC 7468 (lines of 64 characters), with either line ending.
// What the decoder would skip or repair does not encode to the same text again.
func nextPEM(b []byte) (*pem.Block, []byte, error) {
	b = bytes.TrimSpace(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")))
	b = append(b, '\n')
	block, rest := pem.Decode(b)
	if block == nil {
		return nil, nil, errors.New("keys: PEM: no PEM block")
	}
	if block.Headers["Proc-Type"] != "" {
		return nil, nil, errEncrypted
	}
	if len(block.Headers) > 0 {
		return nil, nil, errors.New("keys: PEM: headers in the block")
	}
	again := pem.EncodeToMemory(block)
	defer clear(again)
	if !bytes.Equal(again, b[:len(b)-len(rest)]) {
		return nil, nil, errors.New("keys: PEM: text around the block, or a malformed block")
	}
	return block, rest, nil
}

// oneDER refuses bytes after the first DER value: the parsers of private keys in crypto/x509 would overlook them.
func oneDER(der []byte) error {
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(der, &v)
	if err != nil {
		return errors.New("keys: PEM: not DER")
	}
	if len(rest) > 0 {
		return errors.New("keys: PEM: trailing data")
	}
	return nil
}

// embeddedPoint returns the public key that block, a private key that x509 has accepted, states; nil if it states none.
func embeddedPoint(block *pem.Block) []byte {
	der := block.Bytes
	if block.Type == pemPKCS8 {
		var outer struct {
			Version   int
			Algorithm asn1.RawValue
			Key       []byte
			Attrs     asn1.RawValue  `asn1:"optional,tag:0"`
			Public    asn1.BitString `asn1:"optional,tag:1"`
		}
		if _, err := asn1.Unmarshal(der, &outer); err != nil {
			return nil
		}
		if outer.Public.BitLength > 0 {
			return outer.Public.RightAlign()
		}
		der = outer.Key
	}
	var sec1 struct {
		Version int
		Key     []byte
		Curve   asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
		Public  asn1.BitString        `asn1:"optional,explicit,tag:1"`
	}
	if _, err := asn1.Unmarshal(der, &sec1); err != nil {
		return nil
	}
	return sec1.Public.RightAlign()
}
