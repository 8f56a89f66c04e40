package envelope

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
)

// registered are the claims that this package reads: they come from the issuer's options, and not from the document.
var registered = [...]string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "cnf", "vc", "vp"}

// Writer writes a document with claims behind its members.
type Writer struct{ json []byte }

// NewWriter starts with the object v, which must have none of the registered claims.
func NewWriter(v strictjson.Value) (*Writer, error) {
	for _, name := range registered {
		if _, ok := v.Get(name); ok {
			return nil, fmt.Errorf("member %s is set by the issuer and the options", name)
		}
	}
	b := strictjson.AppendJSON(make([]byte, 0, len(v.Raw())+256), v)
	return &Writer{b[:len(b)-1]}, nil
}

func (w *Writer) name(name string) {
	if w.json[len(w.json)-1] != '{' {
		w.json = append(w.json, ',')
	}
	w.json = append(strictjson.AppendString(w.json, name), ':')
}

// Text writes a claim that is a string, if it is not empty.
func (w *Writer) Text(name, value string) {
	if value != "" {
		w.name(name)
		w.json = strictjson.AppendString(w.json, value)
	}
}

// Dates writes iat, for which zero means now, and exp, if it is not zero.
func (w *Writer) Dates(issued, expires time.Time) error {
	if issued.IsZero() {
		issued = time.Now()
	}
	for _, d := range [...]struct {
		name string
		at   time.Time
	}{{"iat", issued}, {"exp", expires}} {
		if d.at.IsZero() {
			continue
		}
		n := d.at.Unix()
		if n < 0 || n > jws.Latest {
			return fmt.Errorf("%s is not between 1970 and 9999", d.name)
		}
		w.name(d.name)
		w.json = strconv.AppendInt(w.json, n, 10)
	}
	return nil
}

// Confirmation writes cnf, if there is a holder.
func (w *Writer) Confirmation(holder did.URL, key keys.PublicKey) error {
	if err := CheckBound(holder, key); err != nil {
		return err
	}
	switch {
	case !holder.IsZero():
		w.name("cnf")
		w.json = strictjson.AppendString(append(w.json, `{"kid":`...), holder.String())
		w.json = append(w.json, '}')
	case !key.IsZero():
		w.name("cnf")
		w.json = append(append(append(w.json, `{"jwk":`...), key.JWK()...), '}')
	}
	return nil
}

// CheckBound tells whether a credential can be bound to this holder or key; both zero is nobody.
func CheckBound(holder did.URL, key keys.PublicKey) error {
	switch {
	case !holder.IsZero() && !key.IsZero():
		return errors.New("a credential is bound to a DID URL or to a key, not to both")
	case !holder.IsZero() && !holder.IsKeyReference() && holder != holder.DID().URL():
		return errors.New("the holder is not a DID, with a fragment or without")
	case !key.IsZero() && (!key.Algorithm().CanSign() || key.JWK() == nil):
		return fmt.Errorf("the holder's key: %w", keys.ErrUnsupported)
	}
	return nil
}

// Bytes returns the document.
func (w *Writer) Bytes() []byte { return append(w.json, '}') }

// CheckHolder tells why a presentation, signed by a key with the name method, would not be accepted for a credential that is bound
// to boundID or boundKey; "" if it would.
func CheckHolder(boundID string, boundKey, key keys.PublicKey, method did.URL) string {
	switch {
	case boundID == "" && boundKey.IsZero():
		return "the credential is bound to nobody"
	case boundID == "" && !boundKey.Equal(key):
		return "the credential is bound to another key"
	case boundID == "":
		return ""
	}
	bound, err := did.ParseURL(boundID)
	switch {
	case err != nil:
		return "the credential is bound to something that is not a DID"
	case bound.IsKeyReference() && (method.IsZero() || method == bound):
		return ""
	case bound.IsKeyReference():
		return "the credential is bound to another verification method"
	case !method.IsKeyReference() || method.DID() != bound.DID():
		return "the credential is bound to a DID, and the method is not one of its"
	}
	return ""
}
