package vcalm

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/status"
	"github.com/realdid/realdid/vc/vcdm"
)

const entryType = "BitstringStatusListEntry"

// statusPurposes reads options.credentialStatus: an object {"type": "BitstringStatusListEntry", "statusPurpose": …} or a list of them.
func statusPurposes(options strictjson.Value) ([]string, error) {
	v, ok := options.Get("credentialStatus")
	if !ok || v.Kind() == strictjson.Null {
		return nil, nil
	}
	all := []strictjson.Value{v}
	if v.Kind() == strictjson.Array {
		all = v.Elems()
	}
	if len(all) == 0 || len(all) > maxPurposes {
		return nil, refuse("options.credentialStatus is neither an object nor a short list of them")
	}
	var out []string
	for _, e := range all {
		purpose, err := readEntry(e, "options.credentialStatus")
		if err != nil {
			return nil, err
		}
		if purpose == "" {
			purpose = status.Revocation
		}
		if slices.Contains(out, purpose) {
			return nil, refuse("options.credentialStatus has a purpose twice")
		}
		out = append(out, purpose)
	}
	return out, nil
}

// readEntry reads type and statusPurpose of a status entry; "" if it has no purpose.
func readEntry(v strictjson.Value, called string) (string, error) {
	if v.Kind() != strictjson.Object {
		return "", refuse(called + " is not an object")
	}
	if t, err := text(v, "type", called+".type"); err != nil {
		return "", err
	} else if t != entryType {
		return "", refuse(called + ".type is not " + entryType)
	}
	purpose, err := text(v, "statusPurpose", called+".statusPurpose")
	if err != nil {
		return "", err
	}
	if purpose != "" && purpose != status.Revocation && purpose != status.Suspension {
		return "", fail(http.StatusUnprocessableEntity, problem(typesOfStatus, "STATUS_RETRIEVAL_ERROR", "lists are kept for revocation and suspension only"))
	}
	return purpose, nil
}

// entriesFor says for which purposes a credential gets an entry.
func (h *Handler) entriesFor(c *vcdm.Credential, in *issuance) ([]string, error) {
	_, unlinkable := in.issuer.Cryptosuite.(dataintegrity.Unlinkable) // an index in a list would tell the holder's showings apart
	canHave := h.lists != nil && c.Version == vcdm.V2 && !unlinkable
	switch {
	case len(in.purposes) > 0 && !canHave:
		return nil, fail(http.StatusUnprocessableEntity, problem(typesOfStatus, "STATUS_RETRIEVAL_ERROR", "the credential cannot have an entry in a status list: it is of version 1.1, its showings must not be linked, or no lists are kept here"))
	case len(in.purposes) > 0:
		return in.purposes, nil
	case !canHave || hasMember(c.Value, "credentialStatus"):
		return nil, nil
	case h.opt.Status.Entries == EntriesAlways, h.opt.Status.Entries == EntriesForBare && bare(c):
		return []string{status.Revocation}, nil
	}
	return nil, nil
}

// bare tells whether a credential says nothing of its subjects but who they are.
func bare(c *vcdm.Credential) bool {
	return c.ID != "" && len(c.Types) == 1 && !slices.ContainsFunc(c.Subjects, func(s vcdm.Subject) bool {
		return s.ID == "" || len(s.Value.Members()) != 1
	})
}

// statusJSON is the answer to a change of status.
type statusJSON struct {
	CredentialID string         `json:"credentialId,omitempty"`
	Entry        map[string]any `json:"credentialStatus"`
	Status       bool           `json:"status"`
}

// serveStatus changes the status of a credential, at once: it is named by credentialId, or by list and index of its entry.
func (h *Handler) serveStatus(w http.ResponseWriter, r *http.Request) error {
	b, err := h.read(r)
	if err != nil {
		return err
	}
	id, err := text(b.object, "credentialId", "credentialId")
	if err != nil {
		return err
	}
	v, ok := b.object.Get("credentialStatus")
	if !ok {
		return refuse("credentialStatus is missing")
	}
	purpose, err := readEntry(v, "credentialStatus")
	if err != nil {
		return err
	}
	uri, index, err := readPlace(v)
	if err != nil {
		return err
	}
	on := true
	if s, ok := b.object.Get("status"); ok {
		if on, ok = s.Bool(); !ok {
			return refuse("status is not a boolean")
		}
	}
	if h.lists == nil {
		return notFound("no status lists are kept here")
	}
	h.lists.mu.Lock()
	defer h.lists.mu.Unlock()
	e, ok := h.lists.find(id, purpose, uri, index)
	if !ok {
		return notFound("no credential with this status is known here")
	}
	if err := h.lists.set(e, on); errors.Is(err, errRevoked) {
		return fail(http.StatusUnprocessableEntity, problem(typesOfVCALM, "REVOKED", "a revocation is for good"))
	} else if err != nil {
		return err
	}
	claim, err := h.lists.claim(e)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", statusJSON{id, claim, on})
	return nil
}

// readPlace reads the list and the index of an entry, which go together.
func readPlace(v strictjson.Value) (uri string, index uint64, err error) {
	if uri, err = text(v, "statusListCredential", "credentialStatus.statusListCredential"); err != nil {
		return "", 0, err
	}
	place, err := text(v, "statusListIndex", "credentialStatus.statusListIndex")
	if err != nil {
		return "", 0, err
	}
	if (uri == "") != (place == "") {
		return "", 0, refuse("credentialStatus names a list or an index and not both")
	}
	if place != "" {
		if index, err = strconv.ParseUint(place, 10, 64); err != nil {
			return "", 0, refuse("credentialStatus.statusListIndex is not a number")
		}
	}
	return uri, index, nil
}

// serveList publishes a list.
func (h *Handler) serveList(w http.ResponseWriter, r *http.Request) error {
	if h.lists == nil {
		return notFound("no status lists are kept here")
	}
	b, err := h.lists.credential(r.Context(), r.PathValue("id"), false)
	if err != nil {
		return err
	}
	mediaType := "application/json"
	if strings.Contains(r.Header.Get("Accept"), "application/vc") {
		mediaType = "application/vc"
	}
	header := w.Header()
	header.Set("Content-Type", mediaType)
	header.Set("Vary", "Accept")
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(b)
	return nil
}

// servePublish signs a list anew. Changes are published at once; this is for clients that think in two steps.
func (h *Handler) servePublish(w http.ResponseWriter, r *http.Request) error {
	if h.lists == nil {
		return notFound("no status lists are kept here")
	}
	if _, err := h.lists.credential(r.Context(), r.PathValue("id"), true); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// entryStatus looks an entry up: in the handler's own lists, then in those of others.
func (h *Handler) entryStatus(ctx context.Context, q vc.StatusQuery) (vc.StatusEntry, error) {
	var err error = vc.UnknownBecause("status.list.unavailable", errNotOurs)
	if q.Reference.Mechanism == 0 { // of a kind that is not known, which is nothing against the credential
		return vc.StatusEntry{}, err
	}
	if h.lists != nil {
		var e vc.StatusEntry
		if e, err = h.lists.lookup(q); err == nil || !couldNotCheck(err) {
			return e, err
		}
	}
	if h.opt.StatusLists != nil {
		return h.opt.StatusLists.Status(ctx, q)
	}
	return vc.StatusEntry{}, err
}
