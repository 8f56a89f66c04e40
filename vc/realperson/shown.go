package realperson

import (
	"maps"
	"slices"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

// shown is a derived credential, which has just the members that everybody's has beside what was asked for. It is not verified.
type shown struct {
	issuer     did.DID
	from       time.Time
	until      time.Time
	mode       OpeningMode
	method     string
	subject    []string // names of the members of the subject, but for its id and the mode, in ascending order
	proofValue string
}

// acceptedContexts is the one list of contexts.
var acceptedContexts = [][]string{{credentialsContext, ContextURL}}

// readShown refuses every member that is not one of this profile, every value of the constant ones that differs, and dates that are
// not written in the one form: what is not the same for everybody identifies. Errors are ErrMessage.
func readShown(b []byte) (*shown, error) {
	o, err := parseObject(b, messageLimits, "@context", "id", "type", "issuer", "validFrom", "validUntil", "credentialSubject", "proof")
	if err != nil {
		return nil, messageFault(err)
	}
	o.exactly("id", CredentialID)
	c := &shown{issuer: o.did("issuer"), from: o.time("validFrom"), until: o.time("validUntil")}
	if !isList(o.get("@context"), acceptedContexts[0]) || !isList(o.get("type"), []string{"VerifiableCredential", CredentialType}) {
		return nil, refuse(ErrMessage, "the credential has other contexts or types")
	}
	subject := o.get("credentialSubject")
	for _, m := range subject.Members() {
		switch m.Name {
		case "id", memberOpeningMode:
		default:
			if _, ok := claimOf(subjectPointer + m.Name); !ok {
				return nil, refuse(ErrMessage, "the credential has a claim of another kind of credential")
			}
			switch m.Value.Kind() {
			case strictjson.Bool, strictjson.Number, strictjson.String:
			default:
				return nil, refuse(ErrMessage, "a claim is not one value")
			}
			c.subject = append(c.subject, m.Name)
		}
	}
	slices.Sort(c.subject)
	s := &object{value: subject}
	s.exactly("id", HolderID)
	c.mode = OpeningMode(s.text(memberOpeningMode, 16))
	if s.err != nil {
		return nil, messageFault(s.err)
	}
	proof, err := readObject(o.get("proof"), "type", "cryptosuite", "verificationMethod", "proofPurpose", "proofValue")
	if err != nil {
		return nil, messageFault(err)
	}
	proof.exactly("type", "DataIntegrityProof")
	proof.exactly("cryptosuite", bbs2023.Name)
	proof.exactly("proofPurpose", "assertionMethod")
	c.method = proof.text("verificationMethod", did.MaxURL)
	c.proofValue = proof.text("proofValue", MaxResponseSize)
	if proof.err != nil {
		return nil, messageFault(proof.err)
	}
	if o.err != nil {
		return nil, messageFault(o.err)
	}
	return c, nil
}

// isList tells whether v is just this list of strings.
func isList(v strictjson.Value, want []string) bool {
	return v.Kind() == strictjson.Array && slices.EqualFunc(v.Elems(), want, func(e strictjson.Value, s string) bool {
		got, ok := e.Str()
		return ok && got == s
	})
}

// shows tells whether the subject has just the claims that were asked for.
func (c *shown) shows(reveal []string) bool {
	return slices.EqualFunc(c.subject, reveal, func(name, pointer string) bool { return subjectPointer+name == pointer })
}

// inEpoch tells whether the credential is of one whole epoch.
func (c *shown) inEpoch(e Epochs) bool { return e.IsBoundary(c.from) && e.End(c.from).Equal(c.until) }

// suiteOptions are the options to read a credential of this profile with.
func suiteOptions(s bbs2023.Suite) *dataintegrity.Options {
	return &dataintegrity.Options{
		Contexts: Contexts(), AcceptedContexts: acceptedContexts, Cryptosuites: []dataintegrity.Cryptosuite{s},
	}
}

// subjectOf returns a copy of the claims of a verified credential's subject, without what every one has.
func subjectOf(claims map[string]any) map[string]any {
	s, _ := claims["credentialSubject"].(map[string]any)
	s = maps.Clone(s)
	delete(s, "id")
	delete(s, memberOpeningMode)
	return s
}
