package jose

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc/internal/envelope"
	"github.com/realdid/realdid/vc/vcdm"
)

// PresentOptions say to whom a presentation is made.
type PresentOptions struct {
	// Audience and Nonce are the verifier's; both are required with a holder's key, and must be empty without.
	Audience string
	Nonce    string
	// Method is the DID URL of the holder's key; it becomes kid, and its DID holder. It is required if the credential is bound to a
	// DID, and must be the bound key if it is bound to that.
	Method did.URL
	// IssuedAt is when the holder signs; zero means now. Expires is exp; zero leaves it out.
	IssuedAt time.Time
	Expires  time.Time
	// ID is the presentation's id, a URL; empty leaves it out.
	ID string
}

// ErrHolder says that the credential is not bound to the key that should sign, or to any.
var ErrHolder = errors.New("jose: not the holder's key")

// Enveloped is a credential of any format that a presentation can hold.
type Enveloped interface{ Envelope() *vcdm.Envelope }

// Present makes a presentation (vp+jwt) of c, signed by holder. Without a holder it is c as it stands.
func (c *Credential) Present(ctx context.Context, holder keys.Signer, opt *PresentOptions) (*Presentation, error) {
	if opt == nil {
		opt = &PresentOptions{}
	}
	if holder == nil {
		if opt.Audience != "" || opt.Nonce != "" {
			return nil, errors.New("jose: present: an audience or a nonce without a holder's key to sign them")
		}
		return Received(c.raw, nil), nil
	}
	keyID, key, err := c.Holder()
	if err != nil {
		return nil, fmt.Errorf("jose: present: %w", err)
	}
	if detail := envelope.CheckHolder(keyID, key, holder.Public(), opt.Method); detail != "" {
		return nil, fmt.Errorf("%w: %s", ErrHolder, detail)
	}
	return PresentAll(ctx, holder, []Enveloped{c}, opt)
}

// PresentAll makes a presentation of several credentials, of any format. Whether they are bound to the holder is not checked.
func PresentAll(ctx context.Context, holder keys.Signer, credentials []Enveloped, opt *PresentOptions) (*Presentation, error) {
	if opt == nil {
		opt = &PresentOptions{}
	}
	b, err := envelope.WritePresentation(credentials, opt.Method, opt.ID)
	if err != nil {
		return nil, fmt.Errorf("jose: present: %w", err)
	}
	if opt.Audience == "" || opt.Nonce == "" {
		return nil, errors.New("jose: present: a holder's key signs for one audience and one nonce")
	}
	return SignPresentation(ctx, holder, b, &SignOptions{
		Method: opt.Method, Audience: opt.Audience, Nonce: opt.Nonce, IssuedAt: opt.IssuedAt, Expires: opt.Expires,
	})
}

// SignOptions are for [SignPresentation].
type SignOptions struct {
	// Method is the DID URL of the holder's key; it becomes kid, and its DID must be the presentation's holder, if that names one.
	Method did.URL
	// KeyID becomes kid of a holder that is not a DID.
	KeyID string
	// Audience and Nonce are the verifier's. Without them the presentation shows no verifier that its holder made it just now.
	Audience string
	Nonce    string
	// IssuedAt is iat; zero means now. Expires is exp; zero leaves it out.
	IssuedAt time.Time
	Expires  time.Time
}

// SignPresentation signs a presentation of the data model 2.0 that the caller wrote, as JSON. Its credentials must be in envelopes,
// whose content is not looked at. Registered claims must not be among its members.
func SignPresentation(ctx context.Context, holder keys.Signer, presentation []byte, opt *SignOptions) (*Presentation, error) {
	if opt == nil {
		opt = &SignOptions{}
	}
	raw, err := signPresentation(ctx, holder, presentation, opt)
	if err != nil {
		return nil, fmt.Errorf("jose: sign presentation: %w", err)
	}
	return Received(raw, nil), nil
}

func signPresentation(ctx context.Context, holder keys.Signer, presentation []byte, opt *SignOptions) ([]byte, error) {
	v, kid, err := format.UnsignedPresentation(presentation, opt.Method, opt.KeyID)
	if err != nil {
		return nil, err
	}
	w, err := envelope.NewWriter(v)
	if err != nil {
		return nil, err
	}
	w.Text("aud", opt.Audience)
	w.Text("nonce", opt.Nonce)
	if err := w.Dates(opt.IssuedAt, opt.Expires); err != nil {
		return nil, err
	}
	return sign(ctx, holder, &jws.Parameters{Type: PresentationMediaType, ContentType: "vp", KeyID: kid}, w.Bytes())
}
