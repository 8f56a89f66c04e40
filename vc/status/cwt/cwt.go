package cwt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/status"
)

// typ is the type in the protected header (RFC 9596).
const typ = "application/" + status.CWTMediaType

// Labels of header parameters (RFC 9052, section 3.1; RFC 9360; RFC 9596) and keys of claims (RFC 8392, section 3.1; draft-20, section
// 14.3).
const (
	labelAlg     = 1
	labelCrit    = 2
	labelKid     = 4
	labelTyp     = 16
	labelX5Chain = 33

	claimIss        = 1
	claimSub        = 2
	claimExp        = 4
	claimNbf        = 5
	claimIat        = 6
	claimStatusList = 65533
	claimTTL        = 65534
)

// tagSign1 is the tag of COSE_Sign1, 18, as it is encoded.
const tagSign1 = 0xd2

// sign1 is a COSE_Sign1 (RFC 9052, section 4.2).
type sign1 struct {
	_           struct{} `cbor:",toarray"`
	Protected   []byte
	Unprotected map[any]any
	Payload     []byte
	Signature   []byte
}

// signed is what a signature covers (RFC 9052, section 4.4).
type signed struct {
	_         struct{} `cbor:",toarray"`
	Context   string
	Protected []byte
	External  []byte
	Payload   []byte
}

func toBeSigned(protected, payload []byte) ([]byte, error) {
	return cbor.Marshal(signed{Context: "Signature1", Protected: protected, External: []byte{}, Payload: payload})
}

var deterministic = func() cbor.EncMode {
	m, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic("cwt: cbor options: " + err.Error())
	}
	return m
}()

var errMethod = errors.New("the issuer has neither a verification method nor a certificate, or both")

// Issue signs l as a CWT. The key must be of an algorithm that COSE has a name for.
func Issue(ctx context.Context, issuer status.Issuer, l *status.TokenList) ([]byte, error) {
	b, err := issue(ctx, issuer, l)
	if err != nil {
		return nil, fmt.Errorf("cwt: issue: %w", err)
	}
	return b, nil
}

func issue(ctx context.Context, issuer status.Issuer, l *status.TokenList) ([]byte, error) {
	if issuer.Method.IsZero() == (len(issuer.Chain) == 0) || !issuer.Method.IsZero() && !issuer.Method.IsKeyReference() {
		return nil, errMethod
	}
	if issuer.Signer == nil {
		return nil, errors.New("no signer")
	}
	l, err := l.Prepare(issuer.Method)
	if err != nil {
		return nil, err
	}
	protected, err := header(issuer)
	if err != nil {
		return nil, err
	}
	payload, err := claims(l)
	if err != nil {
		return nil, err
	}
	tbs, err := toBeSigned(protected, payload)
	if err != nil {
		return nil, err
	}
	sig, err := issuer.Signer.Sign(ctx, tbs)
	if err != nil {
		return nil, err
	}
	if want := issuer.Signer.Public().Algorithm().SignatureSize(); len(sig) != want {
		return nil, fmt.Errorf("the signer returned %d bytes, want %d", len(sig), want)
	}
	b, err := deterministic.Marshal(sign1{Protected: protected, Unprotected: map[any]any{}, Payload: payload, Signature: sig})
	if err != nil {
		return nil, err
	}
	return append([]byte{tagSign1}, b...), nil
}

func header(issuer status.Issuer) ([]byte, error) {
	a := issuer.Signer.Public().Algorithm()
	id, ok := a.COSE()
	if !ok || id.Algorithm == 0 {
		return nil, fmt.Errorf("%w: COSE has no name for signatures of %v", keys.ErrUnsupported, a)
	}
	h := map[int]any{labelAlg: id.Algorithm, labelTyp: typ}
	if !issuer.Method.IsZero() {
		h[labelKid] = []byte(issuer.Method.String())
	}
	switch len(issuer.Chain) {
	case 0:
	case 1:
		h[labelX5Chain] = issuer.Chain[0].Raw
	default:
		chain := make([][]byte, len(issuer.Chain))
		for i, c := range issuer.Chain {
			chain[i] = c.Raw
		}
		h[labelX5Chain] = chain
	}
	return deterministic.Marshal(h)
}

func claims(l *status.TokenList) ([]byte, error) {
	lst, err := status.DeflateTokenList(l.Bits)
	if err != nil {
		return nil, err
	}
	list := map[string]any{"bits": l.Bits.Size(), "lst": lst}
	if l.AggregationURI != "" {
		list["aggregation_uri"] = l.AggregationURI
	}
	m := map[int]any{claimSub: l.URI, claimIat: l.IssuedAt.Unix(), claimStatusList: list}
	if l.Issuer != "" {
		m[claimIss] = l.Issuer
	}
	if !l.NotBefore.IsZero() {
		m[claimNbf] = l.NotBefore.Unix()
	}
	if !l.Expires.IsZero() {
		m[claimExp] = l.Expires.Unix()
	}
	if l.TTL > 0 {
		m[claimTTL] = int64(l.TTL / time.Second)
	}
	return deterministic.Marshal(m)
}
