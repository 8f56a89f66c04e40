package didcomm

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
)

// envelope is a JWE of DIDComm Messaging v2.1 (sections "Message Encryption" and "ECDH-1PU key wrapping and common protected headers")
// taken apart. Nothing in it is proven.
type envelope struct {
	agreement
	protected  []byte // as received: what is authenticated beside the content
	cipher     *contentCipher
	ephemeral  keys.PublicKey
	sender     did.URL // zero in anoncrypt
	recipients []recipient
	iv         []byte
	ciphertext []byte // decoded into memory of its own, with room for the tag
}

type recipient struct {
	kid          did.URL
	encryptedKey []byte
}

// Limits of envelopes.
const (
	maxHeader = 16 << 10 // bytes of an encoded protected header
)

var headerLimits = strictjson.Limits{Bytes: maxHeader, Depth: 8, Nodes: 256}

// isEnvelope tells whether a JSON object is meant to be a JWE.
func isEnvelope(v strictjson.Value) bool { return has(v, "ciphertext") && has(v, "protected") }

func has(v strictjson.Value, name string) bool {
	_, ok := v.Get(name)
	return ok
}

// parseEnvelope reads a JWE in the general or the flattened JSON serialization (RFC 7516, section 7.2). Members that are not
// understood are ignored, as that section says; those that could change what is decrypted are refused.
func parseEnvelope(v strictjson.Value) (*envelope, error) {
	const what = "envelope"
	for _, name := range [...]string{"unprotected", "aad"} {
		if has(v, name) {
			return nil, invalid(what, "it has %s, which no DIDComm envelope has", name)
		}
	}
	e := &envelope{}
	var err error
	p, _ := v.Get("protected")
	if e.protected, err = asciiText(p); err != nil || len(e.protected) > maxHeader {
		return nil, invalid(what, "protected: not a string, or longer than %d bytes", maxHeader)
	}
	header, err := e.parseHeader()
	if err != nil {
		return nil, err
	}
	if err := e.parseRecipients(v, header); err != nil {
		return nil, err
	}
	if err := e.checkParties(header); err != nil {
		return nil, err
	}
	if e.iv, err = binaryMember(v, "iv", 0); err != nil {
		return nil, invalidBecause(what, "iv", err)
	}
	if e.tag, err = binaryMember(v, "tag", 0); err != nil {
		return nil, invalidBecause(what, "tag", err)
	}
	if len(e.iv) != e.cipher.ivSize || len(e.tag) != e.cipher.tagSz {
		return nil, invalid(what, "iv or tag is not as long as %s has them", e.cipher.name)
	}
	if e.ciphertext, err = binaryMember(v, "ciphertext", e.cipher.tagSz); err != nil {
		return nil, invalidBecause(what, "ciphertext", err)
	}
	return e, nil
}

// parseHeader reads all of the protected header but the parties.
func (e *envelope) parseHeader() (strictjson.Value, error) {
	const what = "envelope: protected header"
	var none strictjson.Value
	d := jws.NewDecoder(len(e.protected))
	b, err := d.Decode(e.protected)
	if err != nil {
		return none, invalidBecause(what, "", err)
	}
	h, err := strictjson.Parse(b, headerLimits)
	if err != nil {
		return none, invalidBecause(what, "", err)
	}
	for _, name := range [...]string{"zip", "crit", "b64"} {
		if has(h, name) {
			return none, invalid(what, "%s is not allowed", name)
		}
	}
	if typ, ok := stringMember(h, "typ"); !ok || !isMediaType(typ, MediaTypeEncrypted) {
		return none, invalid(what, "typ is not %s", MediaTypeEncrypted)
	}
	if e.alg, _ = stringMember(h, "alg"); e.alg != algAnoncrypt && e.alg != algAuthcrypt {
		return none, invalid(what, "alg is not %s or %s", algAuthcrypt, algAnoncrypt)
	}
	enc, _ := stringMember(h, "enc")
	if e.cipher = cipherByName(ContentEncryption(enc)); e.cipher == nil {
		return none, invalid(what, "enc is not %s, %s or %s", A256CBCHS512, A256GCM, XC20P)
	}
	if e.alg == algAuthcrypt && e.cipher.name != A256CBCHS512 {
		return none, invalid(what, "authcrypt takes %s only, which commits to its key", A256CBCHS512)
	}
	epk, _ := h.Get("epk")
	if e.ephemeral, err = parseEphemeral(epk); err != nil {
		return none, invalidBecause(what, "epk", err)
	}
	return h, nil
}

var (
	errEphemeralUse   = errors.New("alg, use or key_ops forbid key agreement")
	errEphemeralCurve = errors.New("the curve is none of X25519, P-256 and P-384")
)

func parseEphemeral(v strictjson.Value) (keys.PublicKey, error) {
	k, use, err := keys.ParseJWKUse(v.Raw())
	switch {
	case errors.Is(err, keys.ErrUnsupported) || err == nil && !isAgreementCurve(k.Algorithm()):
		return keys.PublicKey{}, errEphemeralCurve
	case err != nil:
		return keys.PublicKey{}, err
	case use&keys.UseAgreement == 0:
		return keys.PublicKey{}, errEphemeralUse
	}
	return k, nil
}

// agreementCurves are the algorithms of keyAgreement keys that envelopes are made for, the preferred ones first. The
// specification deprecates P-256 in favour of P-384.
var agreementCurves = [...]keys.Algorithm{keys.X25519, keys.P384, keys.P256}

func isAgreementCurve(a keys.Algorithm) bool { return slices.Contains(agreementCurves[:], a) }

// parseRecipients reads "recipients", or the members of the flattened form. The parameters of a recipient's own header must not stand
// in the protected header too (RFC 7516, section 7.2.1), nor be any that all recipients have in common.
func (e *envelope) parseRecipients(v, header strictjson.Value) error {
	const what = "envelope: recipients"
	list, general := v.Get("recipients")
	elems := list.Elems()
	switch {
	case general == (has(v, "header") || has(v, "encrypted_key")):
		return invalid(what, "neither or both of the general and the flattened form")
	case !general:
		elems = []strictjson.Value{v}
	case len(elems) == 0:
		return invalid(what, "none")
	case len(elems) > maxRecipients:
		return invalid(what, "%d, at most %d", len(elems), maxRecipients)
	}
	e.recipients = make([]recipient, 0, len(elems))
	for _, r := range elems {
		own, _ := r.Get("header")
		for _, m := range own.Members() {
			if has(header, m.Name) || slices.Contains(common[:], m.Name) {
				return invalid(what, "a parameter of all recipients stands in the header of one")
			}
		}
		kid, ok := keyMember(own, "kid")
		if !ok {
			return invalid(what, "kid is not a DID URL of a key")
		}
		for _, other := range e.recipients {
			if other.kid == kid {
				return invalid(what, "two of one kid")
			}
		}
		key, err := binaryMember(r, "encrypted_key", 0)
		if err != nil || len(key) != e.cipher.keySize+8 {
			return invalid(what, "encrypted_key: not the wrapping of a key for %s", e.cipher.name)
		}
		e.recipients = append(e.recipients, recipient{kid, key})
	}
	return nil
}

// common are the parameters that all recipients have in common, and those that are not allowed at all. A signature has none of them in
// a header that is not protected.
var common = [...]string{"alg", "enc", "epk", "apu", "apv", "skid", "typ", "cty", "zip", "crit", "b64", "iv", "tag"}

// checkParties compares what the header says of the parties with the keys that are named: apv with the recipients, apu with the
// sender, who may be named by apu alone.
func (e *envelope) checkParties(header strictjson.Value) error {
	const what = "envelope: protected header"
	var err error
	if e.apv, err = binaryMember(header, "apv", 0); err != nil || !bytes.Equal(e.apv, partyV(e.recipients)) {
		return invalid(what, "apv is not the digest of the recipients' kids")
	}
	skid, named := stringMember(header, "skid")
	if e.alg == algAnoncrypt {
		if has(header, "skid") || has(header, "apu") {
			return invalid(what, "anoncrypt, and yet skid or apu names a sender")
		}
		return nil
	}
	if e.apu, err = binaryMember(header, "apu", 0); err != nil {
		return invalid(what, "apu is missing or not base64url")
	}
	if !named && !has(header, "skid") {
		skid = string(e.apu)
	}
	if skid != string(e.apu) {
		return invalid(what, "apu is not skid")
	}
	if e.sender, err = did.ParseURL(string(e.apu)); err != nil || !e.sender.IsKeyReference() {
		return invalid(what, "skid is not a DID URL of a key")
	}
	return nil
}

// partyV is the digest of all recipients' kids: sorted, joined by dots, SHA-256.
func partyV(rs []recipient) []byte {
	kids := make([]string, len(rs))
	for i := range rs {
		kids[i] = rs[i].kid.String()
	}
	slices.Sort(kids)
	sum := sha256.Sum256([]byte(strings.Join(kids, ".")))
	return sum[:]
}

// base64url accepts each value in exactly one form: no padding, no spare bits.
var base64url = base64.RawURLEncoding.Strict()

var errNotBinary = errors.New("missing, or not base64url without padding")

// binaryMember decodes a member into memory of its own with room for more bytes.
func binaryMember(v strictjson.Value, name string, room int) ([]byte, error) {
	m, _ := v.Get(name)
	text, err := asciiText(m)
	if err != nil {
		return nil, errNotBinary
	}
	// The decoder skips line ends.
	if bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text, '\r') >= 0 {
		return nil, errNotBinary
	}
	b, err := base64url.AppendDecode(make([]byte, 0, base64url.DecodedLen(len(text))+room), text)
	if err != nil {
		return nil, errNotBinary
	}
	return b, nil
}

// asciiText returns the characters of a string without copying them where JSON wrote them plainly. They must not be changed.
func asciiText(v strictjson.Value) ([]byte, error) {
	s, ok := v.Str()
	if !ok {
		return nil, errNoString
	}
	if raw := v.Raw(); len(raw) == len(s)+2 {
		return raw[1 : len(raw)-1], nil
	}
	return []byte(s), nil
}

// keyMember returns the DID URL of a key in memory of its own: what remembers it, such as a resolver, does not keep the envelope.
func keyMember(v strictjson.Value, name string) (did.URL, bool) {
	s, ok := stringMember(v, name)
	if !ok || len(s) > did.MaxURL {
		return did.URL{}, false
	}
	u, err := did.ParseURL(strings.Clone(s))
	return u, err == nil && u.IsKeyReference()
}

func stringMember(v strictjson.Value, name string) (string, bool) {
	m, _ := v.Get(name)
	return m.Str()
}
