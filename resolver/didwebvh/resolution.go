package didwebvh

import (
	"bytes"
	"slices"
	"strconv"
	"time"

	"github.com/realdid/realdid/did"
)

// Resolution returns the answer for version v of the log, at the time asOf of its fetching.
//
// The document has the implicit services. If the identifier is deactivated, that of the newest version is its id
// alone, and its methods are among the removed ones; Version.Document has it whole. Methods carry since when they
// stand; a method whose key, purposes or other members changed was removed and added. All times are the word of the
// controller, and nothing proves the version to be the newest: Evidence says Replayed and OperatorTime.
//
// Metadata.Extra has versionNumber, versionTime and, as they hold now, scid, portable, ttl and, if set, witness and
// watchers; ttl and threshold as texts of integers. Watchers are reported and never asked: a URL that comes
// from a document is not fetched.
//
// Errors are final: INVALID_DID_DOCUMENT if the version's document is not one, or bears another identifier of the same log
// (*MovedError).
func (l *Log) Resolution(v *Version, asOf time.Time) (*did.Resolution, error) {
	if v.DID != l.id {
		return nil, &did.Error{Code: did.InvalidDIDDocument, Err: &MovedError{v.DID}}
	}
	h := history{}
	for i := range v.Number {
		h.apply(&l.chain.versions[i])
	}
	doc := h.doc
	switch {
	case v.Parameters.Deactivated:
		h.empty(v.Time)
		doc = &did.Document{Context: []string{did.ContextV1}, ID: v.DID}
	case h.err != nil:
		return nil, h.err
	default:
		doc.VerificationMethod = h.standing
		addServices(doc)
	}
	return &did.Resolution{
		Document: doc, Metadata: l.metadata(v), Removed: h.removed,
		Evidence: did.Evidence{Replayed: true, OperatorTime: true, AsOf: asOf.UTC()},
	}, nil
}

func (l *Log) metadata(v *Version) did.DocumentMetadata {
	newest := l.Newest()
	seconds := func(t time.Time) time.Time { return t.Truncate(time.Second) }
	m := did.DocumentMetadata{
		Created:     seconds(l.chain.versions[0].Time),
		Updated:     seconds(v.Time),
		Deactivated: newest.Parameters.Deactivated,
		VersionID:   v.ID,
		Extra: map[string]any{
			"versionNumber": v.Number,
			"versionTime":   formatTime(v.Time),
			"scid":          newest.Parameters.SCID,
			"portable":      newest.Parameters.Portable,
			"ttl":           strconv.FormatUint(uint64(newest.Parameters.TTL), 10),
		},
	}
	if v.Number < newest.Number {
		next := &l.chain.versions[v.Number]
		m.NextUpdate, m.NextVersionID = seconds(next.Time), next.ID
	}
	if newest.DID != l.id {
		m.CanonicalID = newest.DID.String()
	}
	if w := newest.Parameters.Witness; w.Threshold > 0 {
		list := make([]any, 0, len(w.Keys))
		for _, k := range w.Keys {
			list = append(list, map[string]any{"id": "did:key:" + k})
		}
		m.Extra["witness"] = map[string]any{"threshold": strconv.Itoa(w.Threshold), "witnesses": list}
	}
	if w := newest.Parameters.Watchers; len(w) > 0 {
		m.Extra["watchers"] = slices.Clone(w)
	}
	return m
}

// history follows verification methods through the versions.
type history struct {
	state    []byte // of the version before
	doc      *did.Document
	err      error // of the newest version's document
	standing []did.VerificationMethod
	forms    [][]byte // canonical forms of standing
	removed  []did.RemovedMethod
}

// apply adds a version. A document that cannot be read holds no methods: no resolver of this package ever showed one.
func (h *history) apply(v *Version) {
	if h.doc != nil && bytes.Equal(h.state, v.state) {
		return
	}
	h.state = v.state
	if h.doc, h.err = v.Document(); h.err != nil {
		h.empty(v.Time)
		h.doc = nil
		return
	}
	methods := h.doc.VerificationMethod
	standing := make([]did.VerificationMethod, 0, len(methods))
	forms := make([][]byte, 0, len(methods))
	stays := make([]bool, len(h.standing))
	for _, m := range methods {
		form := append(m.Canonical(), byte(m.Purposes))
		m.Added = v.Time.Truncate(time.Second)
		for i := range h.standing {
			if h.standing[i].ID == m.ID && bytes.Equal(h.forms[i], form) {
				m.Added, stays[i] = h.standing[i].Added, true
			}
		}
		standing, forms = append(standing, m), append(forms, form)
	}
	h.remove(v.Time, stays)
	h.standing, h.forms = standing, forms
}

// remove notes as removed what stands and does not stay.
func (h *history) remove(at time.Time, stays []bool) {
	for i, m := range h.standing {
		if !stays[i] {
			h.removed = append(h.removed, did.RemovedMethod{VerificationMethod: m, Removed: at.Truncate(time.Second)})
		}
	}
}

func (h *history) empty(at time.Time) {
	h.remove(at, make([]bool, len(h.standing)))
	h.standing, h.forms = nil, nil
}
