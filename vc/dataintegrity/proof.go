package dataintegrity

import (
	"slices"
	"strings"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// Names of members.
const (
	memberContext = "@context"
	memberProof   = "proof"
	memberValue   = "proofValue"
)

const proofType = "DataIntegrityProof"

// Proof is a well-formed DataIntegrityProof (Data Integrity 1.0, section 2.1), or Ed25519Signature2020, that nothing was checked of. A
// zero field is absent.
type Proof struct {
	ID                 string
	Type               string
	Cryptosuite        string // "" in an Ed25519Signature2020
	VerificationMethod string
	Purpose            string // proofPurpose, such as "assertionMethod"
	Created, Expires   time.Time
	Domain             []string
	Challenge          string
	PreviousProof      []string
	Nonce              string
	Value              string // proofValue, as written

	object  strictjson.Value
	unknown bool // there are other members than these and @context
}

// Options returns the proof as received without its proofValue. For packages of this module.
func (p *Proof) Options() strictjson.Value { return without(p.object, memberValue) }

// without returns a view of an object that lacks one member, or the object itself if it has no such member.
func without(v strictjson.Value, name string) strictjson.Value {
	members := v.Members()
	i := slices.IndexFunc(members, func(m strictjson.Member) bool { return m.Name == name })
	if i < 0 {
		return v
	}
	rest := make([]strictjson.Member, 0, len(members)-1)
	return v.WithMembers(append(append(rest, members[:i]...), members[i+1:]...))
}

// checkPlain refuses members that are not known, in a proof over RDF: expires by another name (a context's, or its IRI) would say the
// same in RDF, and not be seen here.
func (p *Proof) checkPlain() error {
	if p.unknown {
		return rewritable("a member of a proof is not known, and could be a known one by another name")
	}
	return nil
}

func malformed(detail string) *vc.Fault { return vc.Invalid("dataintegrity.proof.malformed", detail) }

// parseProof reads one proof. A proof that is being made has no proofValue yet.
func parseProof(v strictjson.Value, making bool) (*Proof, error) {
	if v.Kind() != strictjson.Object {
		return nil, malformed("a proof is not an object")
	}
	p := &Proof{object: v}
	valued := false
	for _, m := range v.Members() {
		var err error
		switch m.Name {
		case "type":
			p.Type, _ = m.Value.Str()
			if p.Type != proofType && p.Type != typeEd25519Signature2020 {
				return nil, vc.Invalid("dataintegrity.proof.type", "the type of a proof is not DataIntegrityProof")
			}
		case "id":
			p.ID, err = text(m)
			if err == nil && !isURL(p.ID) {
				err = malformed("the id of a proof is not a URL")
			}
		case "cryptosuite":
			p.Cryptosuite, err = text(m)
		case "verificationMethod":
			p.VerificationMethod, err = text(m)
		case "proofPurpose":
			p.Purpose, err = text(m)
		case "created":
			p.Created, err = dateTime(m)
		case "expires":
			p.Expires, err = dateTime(m)
		case "domain":
			p.Domain, err = texts(m)
		case "challenge":
			p.Challenge, err = text(m)
		case "previousProof":
			p.PreviousProof, err = texts(m)
		case "nonce":
			p.Nonce, err = text(m)
		case memberValue:
			p.Value, err = text(m)
			valued = true
		case memberContext:
		default:
			p.unknown = true
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case p.Type == "":
		return nil, vc.Invalid("dataintegrity.proof.type", "a proof has no type")
	case p.Type == typeEd25519Signature2020 && (p.Cryptosuite != "" || p.Created.IsZero()):
		return nil, malformed("an Ed25519Signature2020 has a cryptosuite, or no time of creation")
	case p.Type == proofType && p.Cryptosuite == "":
		return nil, malformed("a proof has no cryptosuite")
	case p.VerificationMethod == "":
		return nil, malformed("a proof has no verificationMethod")
	case p.Purpose == "":
		return nil, malformed("a proof has no proofPurpose")
	case valued == making:
		return nil, malformed("a proof has no proofValue")
	case !p.Created.IsZero() && !p.Expires.IsZero() && p.Expires.Before(p.Created):
		return nil, malformed("a proof ends before it was created")
	}
	return p, nil
}

// text returns a member that must be a string, and not an empty one.
func text(m strictjson.Member) (string, error) {
	s, _ := m.Value.Str()
	if s == "" {
		return "", malformed(m.Name + " of a proof is not a string, or is empty")
	}
	return s, nil
}

// texts returns a member that must be a string or a set of strings.
func texts(m strictjson.Member) ([]string, error) {
	if m.Value.Kind() != strictjson.Array {
		s, err := text(m)
		return []string{s}, err
	}
	list := make([]string, 0, len(m.Value.Elems()))
	for _, e := range m.Value.Elems() {
		s, err := text(strictjson.Member{Name: m.Name, Value: e})
		if err != nil {
			return nil, err
		}
		if slices.Contains(list, s) {
			return nil, malformed(m.Name + " of a proof has a value twice")
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, malformed(m.Name + " of a proof is an empty list")
	}
	return list, nil
}

// dateTime reads an XML Schema dateTimeStamp with a year of four digits. The zone is required: Data Integrity 1.0, section 2.1,
// leaves it to a reader whether to take a time without one.
func dateTime(m strictjson.Member) (time.Time, error) {
	s, _ := m.Value.Str()
	var t time.Time
	if err := t.UnmarshalText([]byte(s)); err != nil || t.IsZero() {
		return time.Time{}, malformed(m.Name + " of a proof is not a date and time with a zone")
	}
	return t.UTC(), nil
}

// isURL tells whether s starts with a scheme (RFC 3986, section 3.1), goes on, and has no character that no URL has.
func isURL(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || scheme == "" || rest == "" || scheme[0]|0x20 < 'a' || scheme[0]|0x20 > 'z' {
		return false
	}
	for i := range len(scheme) {
		c := scheme[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.' {
			continue
		}
		return false
	}
	return strings.IndexFunc(rest, func(r rune) bool { return r <= ' ' || strings.ContainsRune("\"<>\\^`{|}\x7f", r) }) < 0
}
