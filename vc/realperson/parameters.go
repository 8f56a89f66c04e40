package realperson

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
)

// NymCount is the number of nym secrets in everybody's vector. The pseudonyms of a person at up to NymCount-1 contexts are
// unlinkable even for one who computes without bound; another number would say who somebody is, so there is one for all.
const NymCount = 8

// Limits of Parameters.
const (
	publicKeySize = 96 // of BLS12-381 in G2, compressed
	maxParameters = 16 << 10
)

// Parameters are what everybody knows of an authority: wallets, platforms, anybody. They are taken from where the authority
// publishes them and pinned: a wallet and a platform with other parameters do not understand each other.
type Parameters struct {
	Authority did.DID // the issuer
	Method    did.URL // its verification method for assertions
	Key       []byte  // the public key of Method: BLS12-381 in G2, compressed, 96 bytes
	Epochs    Epochs
	NymCount  int // must be NymCount
	// Claims are those that every credential states, some of Claims() in alphabetical order, each with one value for everybody: who
	// has none gets a value that says so. A credential with other claims than all others would identify its holder by its shape.
	Claims []string
}

// Check says whether the parameters are complete and within their limits.
func (p *Parameters) Check() error {
	if err := p.check(); err != nil {
		return fmt.Errorf("realperson: parameters: %w", err)
	}
	return nil
}

func (p *Parameters) check() error {
	switch {
	case p.Authority.IsZero() || p.Method.DID() != p.Authority || !p.Method.IsKeyReference():
		return errors.New("the verification method is not one of the authority's DID")
	case !isCanonical(p.Authority):
		return errors.New("the authority is not named by its short form")
	case len(p.Key) != publicKeySize:
		return errors.New("the key does not have 96 bytes")
	case p.NymCount != NymCount:
		return fmt.Errorf("the number of nym secrets is not %d", NymCount)
	}
	for i, name := range p.Claims {
		if !slices.Contains(Claims(), name) || i > 0 && p.Claims[i-1] >= name {
			return errors.New("a claim is not one that the context knows, or not in alphabetical order")
		}
	}
	return p.Epochs.check()
}

func isCanonical(d did.DID) bool {
	c, err := canonicalDID(d)
	return err == nil && c == d
}

// Equal reports whether p and q mean the same.
func (p *Parameters) Equal(q *Parameters) bool {
	return p.Authority == q.Authority && p.Method == q.Method && string(p.Key) == string(q.Key) && p.Epochs.equal(q.Epochs) &&
		p.NymCount == q.NymCount && slices.Equal(p.Claims, q.Claims)
}

// Fingerprint returns SHA-256 over the parameters as MarshalJSON writes them, in hexadecimal, for people and programs to compare: an
// authority that gave each wallet other parameters would know the wallets again.
func (p *Parameters) Fingerprint() (string, error) {
	b, err := p.MarshalJSON()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// CheckMethod makes sure that the key is the one that the authority's DID has now for assertions, as everybody sees it. Errors: ErrIssuer
// if it is not; a *vc.Fault that is vc.ErrUnknown if that could not be found out.
func (p *Parameters) CheckMethod(ctx context.Context, k vc.Keys) error {
	found, err := k.Key(ctx, p.Method, did.AssertionMethod, time.Time{})
	switch {
	case err != nil && (ctx.Err() != nil || did.AsError(err).Temporary()):
		return vc.UnknownBecause("realperson.authority.unavailable", err)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrIssuer, err)
	case found == nil || found.Method.ID != p.Method || found.Method.Controller != p.Authority || !found.Method.Allows(did.AssertionMethod) ||
		found.Status != did.KeyActive || found.Deactivated || found.Method.Key.Algorithm() != keys.BLS12381G2 ||
		!bytes.Equal(found.Method.Key.Bytes(), p.Key):
		return refuse(ErrIssuer, "the key of the parameters is not the one of the authority's DID")
	}
	return nil
}

func (p *Parameters) clone() Parameters {
	c := *p
	c.Key, c.Claims = slices.Clone(p.Key), slices.Clone(p.Claims)
	return c
}

func (p *Parameters) members() map[string]any {
	claims := make([]any, len(p.Claims))
	for i, c := range p.Claims {
		claims[i] = c
	}
	return map[string]any{
		"authority": p.Authority.String(), "method": p.Method.String(), "key": encode(p.Key), "epochs": p.Epochs.members(),
		"nyms": p.NymCount, "claims": claims,
	}
}

// MarshalJSON writes the form that ParseParameters reads (SPEC.md, section "Parameters").
func (p Parameters) MarshalJSON() ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	return strictjson.Canonical(p.members())
}

// ParseParameters reads parameters, at most 16 KiB, strictly. That they are the authority's is for the caller to know.
func ParseParameters(b []byte) (*Parameters, error) {
	v, err := strictjson.Parse(b, strictjson.Limits{Bytes: maxParameters, Depth: 4, Nodes: 256})
	if err != nil {
		return nil, fmt.Errorf("realperson: parameters: %w", err)
	}
	p, err := readParameters(v)
	if err != nil {
		return nil, fmt.Errorf("realperson: parameters: %w", err)
	}
	return p, nil
}

// UnmarshalJSON is ParseParameters.
func (p *Parameters) UnmarshalJSON(b []byte) error {
	q, err := ParseParameters(b)
	if err == nil {
		*p = *q
	}
	return err
}

func readParameters(v strictjson.Value) (*Parameters, error) {
	o, err := readObject(v, "authority", "method", "key", "epochs", "nyms", "claims")
	if err != nil {
		return nil, err
	}
	p := &Parameters{
		Authority: o.did("authority"), Key: o.octets("key", publicKeySize, publicKeySize),
		NymCount: int(o.integer("nyms", 1, 1<<20)),
	}
	if p.Method, err = did.ParseURL(o.text("method", did.MaxURL)); err != nil && o.err == nil {
		o.fail("method", "not a DID URL")
	}
	if p.Epochs, err = parseEpochs(o.get("epochs")); err != nil && o.err == nil {
		o.fail("epochs", err.Error())
	}
	claims := o.get("claims")
	if claims.Kind() != strictjson.Array {
		o.fail("claims", "not an array")
	}
	for _, e := range claims.Elems() {
		s, ok := e.Str()
		if !ok {
			o.fail("claims", "not strings")
		}
		p.Claims = append(p.Claims, s)
	}
	if o.err != nil {
		return nil, o.err
	}
	return p, p.check()
}
