package dataintegrity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// ProofOptions are the members of a proof that [AddProof] makes.
type ProofOptions struct {
	// Method is the DID URL of the signer's verification method. Required.
	Method did.URL
	// Purpose is one verification relationship, which becomes proofPurpose. Required.
	Purpose did.Purpose
	// Cryptosuite signs; nil means eddsa-rdfc-2022 for keys of Ed25519 and ecdsa-rdfc-2019 for P-256 and P-384.
	Cryptosuite Cryptosuite

	ID        string    // a URL by which a later proof may refer to this one; "" leaves it out
	Created   time.Time // whole seconds; zero means now, and none for an [Unlinkable] suite
	Undated   bool      // leaves created out
	Expires   time.Time // zero leaves it out
	Domain    []string
	Challenge string
	Nonce     string

	// PreviousProof are the ids of proofs of the document that this one covers too, which makes a proof chain.
	PreviousProof []string

	// Contexts are the JSON-LD contexts that are known; nil means jsonld.Embedded().
	Contexts *jsonld.Contexts
}

// AddProof adds a proof to a JSON object, whatever it says: to a credential, see [IssueJSON], which checks it. All other bytes stay as they
// are, but for @context: if the document has one and it does not explain proofs, the context of Data Integrity is added (section 2.4.1),
// and for a suite over JSON-LD also if it has none. A proof that is there makes a proof set, in which the new one is the last, and must be
// well-formed. The document must be at most MaxSize bytes.
func AddProof(ctx context.Context, signer keys.Signer, document []byte, opt *ProofOptions) ([]byte, error) {
	b, err := addProof(ctx, signer, document, opt)
	if err != nil {
		return nil, fmt.Errorf("dataintegrity: add proof: %w", err)
	}
	return b, nil
}

func addProof(ctx context.Context, signer keys.Signer, document []byte, opt *ProofOptions) ([]byte, error) {
	if signer == nil || opt == nil {
		return nil, errors.New("a signer and options are required")
	}
	suite := opt.Cryptosuite
	if suite == nil {
		var err error
		if suite, err = suiteFor(signer); err != nil {
			return nil, err
		}
	}
	document, v, err := injectContext(document, suite)
	if err != nil {
		return nil, err
	}
	options, err := opt.append(nil, v, suite)
	if err != nil {
		return nil, err
	}
	draft, end, err := insertProof(document, v, options)
	if err != nil {
		return nil, err
	}
	// What is signed is read back from the bytes that others will read.
	if v, err = parseJSON(draft); err != nil {
		return nil, err
	}
	s, err := readSecured(v, true)
	if err != nil {
		return nil, err
	}
	value, err := suite.CreateProof(ctx, s.input(len(s.proofs)-1, (&Options{Contexts: opt.Contexts}).contexts()), signer)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(draft)+len(value)+20)
	out = append(append(out, draft[:end]...), `,"proofValue":`...)
	out = strictjson.AppendString(out, value)
	out = append(out, draft[end:]...)
	if len(out) > MaxSize {
		return nil, fmt.Errorf("the document becomes larger than %d bytes", MaxSize)
	}
	return out, nil
}

// append writes the proof without its value.
func (o *ProofOptions) append(dst []byte, document strictjson.Value, suite Cryptosuite) ([]byte, error) {
	purpose := ""
	for p, term := range o.Purpose.Each() {
		if p == o.Purpose {
			purpose = term
		}
	}
	switch {
	case !o.Method.IsKeyReference():
		return nil, errors.New("the verification method is not a DID with a fragment")
	case purpose == "":
		return nil, errors.New("the purpose is not one verification relationship")
	case o.ID != "" && !isURL(o.ID):
		return nil, errors.New("the id of the proof is not a URL")
	case o.Undated && !o.Created.IsZero():
		return nil, errors.New("a time of creation for a proof that states none")
	}
	created := o.Created
	if _, unlinkable := suite.(Unlinkable); created.IsZero() && !o.Undated && !unlinkable {
		created = time.Now()
	}
	dst = slices.Grow(dst, 512)
	dst = append(dst, `{"type":"`+proofType+`"`...)
	dst = appendText(dst, "id", o.ID)
	dst = appendText(dst, "cryptosuite", suite.Name())
	for _, d := range [...]struct {
		name string
		at   time.Time
	}{{"created", created}, {"expires", o.Expires}} {
		if d.at.IsZero() {
			continue
		}
		if y := d.at.UTC().Year(); y < 1 || y > 9999 {
			return nil, errors.New(d.name + " is out of range")
		}
		dst = appendText(dst, d.name, d.at.UTC().Format(time.RFC3339))
	}
	dst = appendText(dst, "verificationMethod", o.Method.String())
	dst = appendText(dst, "proofPurpose", purpose)
	dst = appendTexts(dst, "domain", o.Domain)
	dst = appendText(dst, "challenge", o.Challenge)
	dst = appendText(dst, "nonce", o.Nonce)
	dst = appendTexts(dst, "previousProof", o.PreviousProof)
	if overJSON(suite) {
		if c, ok := document.Get(memberContext); ok {
			dst = append(dst, `,"@context":`...)
			dst = strictjson.AppendJSON(dst, c)
		}
	}
	return append(dst, '}'), nil
}

func appendText(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(append(append(dst, `,"`...), name...), `":`...)
	return strictjson.AppendString(dst, value)
}

// appendTexts writes one string as itself and several as a list.
func appendTexts(dst []byte, name string, values []string) []byte {
	switch len(values) {
	case 0:
		return dst
	case 1:
		return appendText(dst, name, values[0])
	}
	dst = append(append(append(dst, `,"`...), name...), `":[`...)
	for i, s := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strictjson.AppendString(dst, s)
	}
	return append(dst, ']')
}

// insertProof writes proof into the text b of v, behind the proofs that stand there. end is where the new proof's closing brace
// stands.
func insertProof(b []byte, v strictjson.Value, proof []byte) (out []byte, end int, err error) {
	before, open, shut, after := b, "", "", []byte(nil)
	old, ok := v.Get(memberProof)
	switch {
	case !ok:
		last := bytes.LastIndexByte(b, '}')
		before, after = bytes.TrimRight(b[:last], " \t\r\n"), b[last:]
		open = `"` + memberProof + `":`
		if len(v.Members()) > 0 {
			open = "," + open
		}
	case old.Kind() == strictjson.Object:
		from := old.Offset()
		to := from + len(old.Raw())
		before = append(append(bytes.Clone(b[:from]), '['), b[from:to]...)
		open, shut, after = ",", "]", b[to:]
	case old.Kind() == strictjson.Array && len(old.Elems()) > 0:
		to := old.Offset() + len(old.Raw()) - 1
		before, open, after = bytes.TrimRight(b[:to], " \t\r\n"), ",", b[to:]
	default:
		return nil, 0, malformed("proof is neither an object nor a list of them")
	}
	out = make([]byte, 0, len(b)+len(proof)+16)
	out = append(append(append(out, before...), open...), proof...)
	end = len(out) - 1
	return append(append(out, shut...), after...), end, nil
}
