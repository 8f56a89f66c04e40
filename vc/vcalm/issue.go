package vcalm

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/vcdm"
)

// issueOptions are understood. type, cryptosuite, proofPurpose and verificationMethod, which older clients send, must say what the
// issuer does.
var issueOptions = []string{
	"mandatoryPointers", "credentialId", "credentialStatus", "created", "type", "cryptosuite", "proofPurpose", "verificationMethod",
}

func unknownOption(name string) *failure {
	return fail(http.StatusBadRequest, problem(typesOfVCALM, "UNKNOWN_OPTION_PROVIDED", "an option that is not known: "+shorten(name)))
}

func shorten(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "") + "…"
	}
	return s
}

// issuance is one request to issue.
type issuance struct {
	issuer    *Issuer
	mandatory []string
	id        string // by which the status can be changed; "" if the credential cannot be referred to
	created   time.Time
	purposes  []string // of the status entries that were asked for
}

func (h *Handler) serveIssue(w http.ResponseWriter, r *http.Request) error {
	i, err := h.issuer(r)
	if err != nil {
		return err
	}
	b, err := h.read(r)
	if err != nil {
		return err
	}
	v, err := b.document("credential")
	if err != nil {
		return err
	}
	in := &issuance{issuer: i}
	if err := in.readOptions(b); err != nil {
		return err
	}
	out, err := h.issue(r.Context(), v, in)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, "application/json", credentialJSON{out})
	return nil
}

func (in *issuance) readOptions(b *body) error {
	if name, ok := b.unknown(issueOptions); ok {
		return unknownOption(name)
	}
	for _, want := range [...]struct{ name, value string }{
		{"type", "DataIntegrityProof"},
		{"cryptosuite", in.issuer.Cryptosuite.Name()},
		{"proofPurpose", "assertionMethod"},
		{"verificationMethod", in.issuer.Method.String()},
	} {
		if s, err := b.text(want.name); err != nil {
			return err
		} else if s != "" && s != want.value {
			return fail(http.StatusBadRequest, problem(typesOfIntegrity, "PROOF_GENERATION_ERROR", "this issuer has another "+want.name))
		}
	}
	var err error
	if in.mandatory, err = b.texts("mandatoryPointers", false); err != nil {
		return err
	}
	if in.id, err = b.text("credentialId"); err != nil {
		return err
	}
	created, err := b.text("created")
	if err != nil {
		return err
	}
	if created != "" {
		if in.created, err = time.Parse(time.RFC3339, created); err != nil {
			return fail(http.StatusBadRequest, problem(typesOfIntegrity, "PROOF_GENERATION_ERROR", "options.created is not a time with a zone"))
		}
	}
	in.purposes, err = statusPurposes(b.options)
	return err
}

// issue validates a credential and secures it.
func (h *Handler) issue(ctx context.Context, v strictjson.Value, in *issuance) (issued []byte, err error) {
	c, err := vcdm.ParseCredential(withoutMember(v, "proof"))
	if err != nil {
		return nil, fail(http.StatusBadRequest, problemOf(err, problem(typesOfModel, "MALFORMED_VALUE_ERROR", "")))
	}
	if c.Issuer != in.issuer.Method.DID().String() {
		return nil, fail(http.StatusBadRequest, problem(typesOfModel, "MALFORMED_VALUE_ERROR", "the credential names another issuer"))
	}
	if err := h.checkRelated(c); err != nil {
		return nil, err
	}
	if in.id == "" {
		in.id = c.ID
	}
	document := v.Raw()
	purposes, err := h.entriesFor(c, in)
	if err != nil {
		return nil, err
	}
	if len(purposes) > 0 {
		if len(c.Status) > 0 || hasMember(v, "credentialStatus") {
			return nil, fail(http.StatusBadRequest, problem(typesOfModel, "MALFORMED_VALUE_ERROR", "the credential has a credentialStatus, and another was asked for"))
		}
		entries, release, err := h.lists.reserve(in.issuer, in.id, purposes)
		if err != nil {
			return nil, err
		}
		defer func() {
			if issued == nil {
				release()
			}
		}()
		document = appendMember(document, "credentialStatus", entries)
	}
	created := in.created
	if _, unlinkable := in.issuer.Cryptosuite.(dataintegrity.Unlinkable); created.IsZero() && !unlinkable {
		created = h.opt.Clock()
	}
	secured, err := dataintegrity.IssueJSON(ctx, dataintegrity.Issuer{Signer: in.issuer.Signer, Method: in.issuer.Method}, document,
		&dataintegrity.IssueOptions{Cryptosuite: in.cryptosuite(), Created: created, Contexts: h.opt.Contexts})
	if err == nil {
		_, err = h.opt.Contexts.ToRDF(secured.Bytes()) // also for cryptosuites that process no JSON-LD
	}
	if err != nil {
		return nil, fail(http.StatusBadRequest, problemOf(err, problem(typesOfIntegrity, "PROOF_GENERATION_ERROR", withoutPackage(err))))
	}
	return secured.Bytes(), nil
}

// cryptosuite is the issuer's, with the pointers of the request. What no holder may leave out is added where it signs.
func (in *issuance) cryptosuite() dataintegrity.Cryptosuite {
	suite, ok := in.issuer.Cryptosuite.(dataintegrity.MandatorySuite)
	if !ok {
		return in.issuer.Cryptosuite // everything is disclosed
	}
	return suite.WithMandatory(in.mandatory)
}

func hasMember(v strictjson.Value, name string) bool {
	_, ok := v.Get(name)
	return ok
}

func withoutMember(v strictjson.Value, name string) strictjson.Value {
	if !hasMember(v, name) {
		return v
	}
	return v.WithMembers(slices.DeleteFunc(slices.Clone(v.Members()), func(m strictjson.Member) bool { return m.Name == name }))
}

// appendMember adds a member to the text of an object that has members.
func appendMember(object []byte, name string, value []byte) []byte {
	head := bytes.TrimRight(object[:len(object)-1], " \t\r\n")
	return slices.Concat(head, []byte(`,"`+name+`":`), value, []byte("}"))
}

// withoutPackage is the text of an error without the names of packages in front of it.
func withoutPackage(err error) string {
	s := err.Error()
	for {
		name, rest, ok := strings.Cut(s, ": ")
		if !ok || strings.ContainsAny(name, " \"") {
			return s
		}
		s = rest
	}
}
