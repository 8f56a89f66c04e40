package vcalm

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/realdid/realdid/vc/dataintegrity"
)

// credentialJSON is the answer of issuing and deriving.
type credentialJSON struct {
	VerifiableCredential json.RawMessage `json:"verifiableCredential"`
}

var deriveOptions = []string{"selectivePointers"}

// serveDerive makes a credential that says less from one with a base proof. It does not verify the base proof: only its issuer and its
// holder ever see it, and what is derived from a bad one does not verify.
func (h *Handler) serveDerive(w http.ResponseWriter, r *http.Request) error {
	b, err := h.read(r)
	if err != nil {
		return err
	}
	v, err := b.document("verifiableCredential")
	if err != nil {
		return err
	}
	if name, ok := b.unknown(deriveOptions); ok {
		return unknownOption(name)
	}
	reveal, err := b.texts("selectivePointers", false)
	if err != nil {
		return err
	}
	c, err := dataintegrity.ParseCredential(v.Raw(), h.integrity())
	if err != nil {
		return fail(http.StatusBadRequest, problemOf(err, problem(typesOfModel, "PARSING_ERROR", "")))
	}
	d, err := c.Derive(r.Context(), reveal, nil)
	switch {
	case errors.Is(err, dataintegrity.ErrNotSelective):
		return fail(http.StatusUnprocessableEntity, problem(typesOfIntegrity, "PROOF_GENERATION_ERROR", "no proof of the credential allows to disclose a part of it"))
	case err != nil:
		return fail(http.StatusBadRequest, problemOf(err, problem(typesOfIntegrity, "PROOF_GENERATION_ERROR", withoutPackage(err))))
	}
	writeJSON(w, http.StatusCreated, "application/json", credentialJSON{d.Bytes()})
	return nil
}

// integrity is what the packages below know.
func (h *Handler) integrity() *dataintegrity.Options {
	return &dataintegrity.Options{Contexts: h.opt.Contexts, Cryptosuites: h.opt.Cryptosuites, InsecureRewritable: h.opt.InsecureRewritable}
}
