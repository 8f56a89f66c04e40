package did

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
)

// Media types of DID Resolution 1.0 and DID 1.1.
const (
	MediaType              = "application/did"
	ResolutionMediaType    = "application/did-resolution"
	DereferencingMediaType = "application/did-url-dereferencing"
)

// ResolutionContext is the JSON-LD context that resolution results had before DID Resolution 1.0 left it out.
const ResolutionContext = "https://w3id.org/did-resolution/v1"

// A MethodProof is what a Prover of a method gave for an answer. In a resolution result it is an item of the set
// didDocumentMetadata.proof: {"method": NAME, "proofValue": TEXT, "type": "MethodProof"}, TEXT being multibase base64url.
type MethodProof struct {
	Method string // name of the DID method whose Verifier reads the proof
	Value  []byte
}

// methodProofType is the "type" of a MethodProof in JSON.
const methodProofType = "MethodProof"

// ResultOptions are what a resolution result says beside the Resolution. The zero value is for application/did-resolution.
type ResultOptions struct {
	Context     string // "@context" of the result; empty: none
	ContentType string // of the document; empty: MediaType
	Proof       []MethodProof
}

// AppendJSON appends the DID resolution result (DID Resolution 1.0, section 9) that says what r says, with sorted members.
// Beside the members of the text, didResolutionMetadata has "evidence", and didDocumentMetadata the method's facts under
// their names, "removedVerificationMethod" (verification methods with "purposes", "added", "removed", "compromised" and
// "compromisedSince") and "addedVerificationMethod" (since when a method stands, if the DID method can tell). Anchored is
// left out: it counts only where the history itself was checked. The error is that of encoding/json for Metadata.Extra.
func (r *Resolution) AppendJSON(dst []byte, opt *ResultOptions) ([]byte, error) {
	if opt == nil {
		opt = &ResultOptions{}
	}
	meta, err := r.documentMetadata(opt.Proof)
	if err != nil {
		return nil, err
	}
	contentType := opt.ContentType
	if contentType == "" {
		contentType = MediaType
	}
	w := objectWriter{dst: dst}
	w.open(nil)
	if opt.Context != "" {
		w.string("@context", opt.Context)
	}
	w.name("didDocument")
	w.dst = append(w.dst, r.Document.Canonical()...)
	w.name("didDocumentMetadata")
	w.dst = append(w.dst, meta...)
	w.name("didResolutionMetadata")
	inner := objectWriter{dst: w.dst}
	inner.open(nil)
	inner.string("contentType", contentType)
	if e := r.Evidence; !e.isZero() {
		inner.name("evidence")
		inner.dst = e.appendJSON(inner.dst)
	}
	w.dst = inner.close()
	return w.close(), nil
}

// MarshalJSON returns the result of AppendJSON without options.
func (r *Resolution) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil, nil) }

// AppendDocumentMetadata appends the didDocumentMetadata of AppendJSON.
func (r *Resolution) AppendDocumentMetadata(dst []byte, proof []MethodProof) ([]byte, error) {
	b, err := r.documentMetadata(proof)
	return append(dst, b...), err
}

func (r *Resolution) documentMetadata(proof []MethodProof) ([]byte, error) {
	m := &r.Metadata
	extra := make([]Member, 0, len(m.Extra)+10)
	add := func(name string, value []byte) { extra = append(extra, Member{name, string(value)}) }
	text := func(name, s string) {
		if s != "" {
			add(name, strictjson.AppendString(nil, s))
		}
	}
	text("created", wholeSeconds(m.Created))
	text("updated", wholeSeconds(m.Updated))
	text("nextUpdate", wholeSeconds(m.NextUpdate))
	text("versionId", m.VersionID)
	text("nextVersionId", m.NextVersionID)
	text("canonicalId", m.CanonicalID)
	if m.Deactivated {
		add("deactivated", []byte("true"))
	}
	if len(m.EquivalentID) > 0 {
		b, err := strictjson.Canonical(m.EquivalentID)
		if err != nil {
			return nil, err
		}
		add("equivalentId", b)
	}
	if len(proof) > 0 {
		add("proof", appendProofs(nil, proof))
	}
	if list := r.appendRemoved(nil); list != nil {
		add("removedVerificationMethod", list)
	}
	if list := r.appendAdded(nil); list != nil {
		add("addedVerificationMethod", list)
	}
	for name, v := range m.Extra {
		if slices.Contains(metadataMembers, name) {
			continue // the members of the text say what the fields say
		}
		b, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		parsed, err := strictjson.Parse(b, strictjson.Limits{})
		if err != nil {
			return nil, err
		}
		add(name, strictjson.AppendCanonical(nil, parsed))
	}
	w := objectWriter{}
	w.open(extra)
	return w.close(), nil
}

// metadataMembers are the members of didDocumentMetadata that this package reads and writes.
var metadataMembers = []string{
	"created", "updated", "nextUpdate", "versionId", "nextVersionId", "canonicalId", "equivalentId", "deactivated", "proof",
	"removedVerificationMethod", "addedVerificationMethod",
}

func appendProofs(dst []byte, proof []MethodProof) []byte {
	dst = append(dst, '[')
	for i, p := range proof {
		if i > 0 {
			dst = append(dst, ',')
		}
		w := objectWriter{dst: dst}
		w.open(nil)
		w.string("method", p.Method)
		w.string("proofValue", "u"+base64.RawURLEncoding.EncodeToString(p.Value))
		w.string("type", methodProofType)
		dst = w.close()
	}
	return append(dst, ']')
}

// removedMembers are the members of an entry of removedVerificationMethod that are no members of a verification method.
var removedMembers = []string{"added", "compromised", "compromisedSince", "purposes", "removed"}

func (r *Resolution) appendRemoved(dst []byte) []byte {
	for i := range r.Removed {
		m := r.Removed[i]
		if i == 0 {
			dst = append(dst, '[')
		} else {
			dst = append(dst, ',')
		}
		extra := slices.Clone(m.Extra)
		add := func(name, json string) { extra = append(extra, Member{name, json}) }
		if !m.Added.IsZero() {
			add("added", `"`+wholeSeconds(m.Added)+`"`)
		}
		add("compromised", strconv.FormatBool(m.Compromised))
		if m.Compromised {
			add("compromisedSince", strconv.FormatUint(m.CompromisedSince, 10))
		}
		add("purposes", `"`+m.Purposes.String()+`"`)
		add("removed", `"`+wholeSeconds(m.Removed)+`"`)
		m.Extra = extra
		dst = m.appendCanonical(dst)
	}
	if dst != nil {
		dst = append(dst, ']')
	}
	return dst
}

func (r *Resolution) appendAdded(dst []byte) []byte {
	for i := range r.Document.VerificationMethod {
		m := &r.Document.VerificationMethod[i]
		if m.Added.IsZero() {
			continue
		}
		if dst == nil {
			dst = append(dst, '[')
		} else {
			dst = append(dst, ',')
		}
		w := objectWriter{dst: dst}
		w.open(nil)
		w.string("added", wholeSeconds(m.Added))
		w.string("id", m.ID.s)
		dst = w.close()
	}
	if dst != nil {
		dst = append(dst, ']')
	}
	return dst
}

func (e *Evidence) isZero() bool {
	return !e.Replayed && !e.GenesisOnly && !e.Included && !e.Latest && !e.Absent && !e.OperatorTime && e.AsOf.IsZero() && len(e.Cosigners) == 0
}

func (e *Evidence) appendJSON(dst []byte) []byte {
	w := objectWriter{dst: dst}
	w.open(nil)
	flag := func(name string, on bool) {
		w.name(name)
		w.dst = strconv.AppendBool(w.dst, on)
	}
	flag("absent", e.Absent)
	if !e.AsOf.IsZero() {
		w.string("asOf", wholeSeconds(e.AsOf))
	}
	if len(e.Cosigners) > 0 {
		w.name("cosigners")
		w.list()
		for _, c := range e.Cosigners {
			w.item()
			inner := objectWriter{dst: w.dst}
			inner.open(nil)
			inner.string("name", c.Name)
			inner.string("role", c.Role)
			inner.string("time", wholeSeconds(c.Time))
			w.dst = inner.close()
		}
		w.dst = append(w.dst, ']')
	}
	flag("genesisOnly", e.GenesisOnly)
	flag("included", e.Included)
	flag("latest", e.Latest)
	flag("operatorTime", e.OperatorTime)
	flag("replayed", e.Replayed)
	return w.close()
}

func wholeSeconds(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(versionTimeLayout)
}
