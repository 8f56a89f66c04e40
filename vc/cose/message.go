package cose

import (
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
	"github.com/veraison/go-cose"
)

// message is a parsed COSE_Sign1. It implements envelope.Token.
type message struct {
	cose.Sign1Message
	algorithm keys.Algorithm
	keyID     string // "" if absent, or not text
	typ       string
	chain     [][]byte
}

// parseMessage reads a COSE_Sign1 and its headers.
func parseMessage(b []byte) (envelope.Token, error) {
	if len(b) > MaxSize {
		return nil, vc.InvalidBecause(codes.Size, errSize)
	}
	m := new(message)
	if err := m.UnmarshalCBOR(b); err != nil {
		return nil, vc.Invalid("cose.syntax", "not a tagged COSE_Sign1 and nothing else, or its headers are malformed")
	}
	if m.Payload == nil {
		return nil, vc.Invalid("cose.payload", "the payload is detached")
	}
	if err := m.readHeaders(); err != nil {
		return nil, err
	}
	return m, nil
}

// IsPresentation goes by typ.
func (m *message) IsPresentation() bool { return m.typ == "application/"+PresentationMediaType }

// Read wants a typ and, if it is there, a content type.
func (m *message) Read(presentation bool, c *envelope.Content) (err error) {
	typ, contentType := "application/"+MediaType, "application/vc"
	if presentation {
		typ, contentType = "application/"+PresentationMediaType, "application/vp"
	}
	if m.typ != typ {
		return vc.Invalid("cose.header.typ", "typ is not "+typ)
	}
	if ct, ok := m.Headers.Protected[cose.HeaderLabelContentType]; ok && ct != contentType {
		return vc.Invalid("cose.header.contenttype", "the content type is not "+contentType)
	}
	if claims, ok := m.Headers.Protected[cose.HeaderLabelCWTClaims]; ok {
		if c.Claims, err = readClaims(claims); err != nil {
			return err
		}
	}
	if c.Payload, err = strictjson.Parse(m.Payload, limits); err != nil {
		return codes.JSONFault(err)
	}
	if c.Payload.Kind() != strictjson.Object {
		return vc.Invalid("cose.payload", "the payload is not an object")
	}
	return nil
}

// CheckReplicated finds nothing to compare: the claims stand in the header, and only there.
func (m *message) CheckReplicated(string) error { return nil }

// Key returns kid, alg and x5chain.
func (m *message) Key() envelope.Key {
	return envelope.Key{ID: m.keyID, Algorithm: m.algorithm, Chain: m.chain}
}

func (m *message) PayloadBytes() []byte { return m.Payload }

// readHeaders reads the parameters that this package understands. Others are ignored.
func (m *message) readHeaders() error {
	protected, loose := m.Headers.Protected, m.Headers.Unprotected
	for label := range loose {
		if _, both := protected[label]; both {
			return vc.Invalid("cose.header.unprotected", "a parameter stands in both headers")
		}
		switch label {
		case cose.HeaderLabelAlgorithm, cose.HeaderLabelCritical, cose.HeaderLabelContentType, cose.HeaderLabelCWTClaims, cose.HeaderLabelType:
			return vc.Invalid("cose.header.unprotected", "a parameter that must be signed stands in the unprotected header")
		}
	}
	if _, ok := protected[cose.HeaderLabelCritical]; ok {
		return vc.Invalid("cose.header.crit", "crit names parameters that must be understood, and none is")
	}
	alg, err := protected.Algorithm()
	if err == nil {
		m.algorithm = algorithm(alg)
	}
	if m.algorithm == 0 {
		return vc.Invalid("cose.header.alg", "alg is absent or not one of ES256, ES384, ES256K, EdDSA")
	}
	m.typ, _ = protected[cose.HeaderLabelType].(string)
	kid, _ := m.either(cose.HeaderLabelKeyID)
	if b, _ := kid.([]byte); utf8.Valid(b) { // go-cose refuses a kid that is not a byte string
		m.keyID = string(b)
	}
	return m.readChain()
}

// either returns a parameter that may stand in one header or the other.
func (m *message) either(label int64) (any, bool) {
	if v, ok := m.Headers.Protected[label]; ok {
		return v, true
	}
	v, ok := m.Headers.Unprotected[label]
	return v, ok
}

// readChain reads x5chain (RFC 9360, section 2): one certificate, or a list of them.
func (m *message) readChain() error {
	v, ok := m.either(cose.HeaderLabelX5Chain)
	if !ok {
		return nil
	}
	if der, one := v.([]byte); one {
		m.chain = [][]byte{der}
		return nil
	}
	list, _ := v.([]any)
	for _, e := range list {
		der, isBytes := e.([]byte)
		if !isBytes {
			return vc.Invalid("cose.header.x5chain", "x5chain is not made of certificates")
		}
		m.chain = append(m.chain, der)
	}
	if len(m.chain) == 0 {
		return vc.Invalid("cose.header.x5chain", "x5chain is not made of certificates")
	}
	return nil
}

// algorithm returns what an identifier in "COSE Algorithms" stands for; those of RFC 9864 say the curve as well. 0 is refused.
func algorithm(a cose.Algorithm) keys.Algorithm {
	switch a {
	case cose.AlgorithmES256, -9:
		return keys.P256
	case cose.AlgorithmES384, -51:
		return keys.P384
	case -47:
		return keys.Secp256k1
	case cose.AlgorithmEdDSA, -19:
		return keys.Ed25519
	}
	return 0
}

// CheckSignature checks alg against the key too.
func (m *message) CheckSignature(key keys.PublicKey) error {
	if key.Algorithm() != m.algorithm {
		return errors.New("alg is not that of the key")
	}
	alg, err := m.Headers.Protected.Algorithm()
	if err != nil {
		return err
	}
	return m.Verify(nil, &verifier{alg, key.Verify})
}

// SignedBytes returns the Sig_structure of RFC 9052, section 4.4.
func (m *message) SignedBytes() (tbs []byte) {
	alg, err := m.Headers.Protected.Algorithm()
	if err != nil {
		return nil
	}
	if m.Verify(nil, &verifier{alg, func(b, _ []byte) error { tbs = b; return nil }}) != nil {
		return nil
	}
	return tbs
}

// verifier is a cose.Verifier.
type verifier struct {
	alg   cose.Algorithm
	check func(msg, sig []byte) error
}

func (v *verifier) Algorithm() cose.Algorithm { return v.alg }

func (v *verifier) Verify(content, signature []byte) error { return v.check(content, signature) }

// signer is a cose.Signer for one signature.
type signer struct {
	ctx context.Context
	keys.Signer
	alg cose.Algorithm
}

func (s *signer) Algorithm() cose.Algorithm { return s.alg }

func (s *signer) Sign(_ io.Reader, content []byte) ([]byte, error) {
	sig, err := s.Signer.Sign(s.ctx, content)
	if err != nil {
		return nil, err
	}
	if want := s.Public().Algorithm().SignatureSize(); len(sig) != want {
		return nil, fmt.Errorf("the signer returned %d bytes, want %d", len(sig), want)
	}
	return sig, nil
}

// sign makes a COSE_Sign1. headers lacks alg.
func sign(ctx context.Context, s keys.Signer, headers cose.Headers, payload []byte) ([]byte, error) {
	if s == nil {
		return nil, errors.New("no signer")
	}
	a := s.Public().Algorithm()
	id, ok := a.COSE()
	if !ok || id.Algorithm == 0 {
		return nil, fmt.Errorf("%w: COSE has no number for signatures of %v", keys.ErrUnsupported, a)
	}
	alg := cose.Algorithm(id.Algorithm)
	headers.Protected.SetAlgorithm(alg)
	b, err := cose.Sign1(nil, &signer{ctx, s, alg}, headers, payload, nil)
	if err != nil {
		return nil, err
	}
	if len(b) > MaxSize {
		return nil, errSize
	}
	return b, nil
}
