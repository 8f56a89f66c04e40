package main

import (
	"time"

	"github.com/realdid/realdid/did"
)

// resolutionJSON is a DID resolution result (DID Resolution 1.0, section 4) with the method's facts, the removed methods and the evidence
// beside the members that it names.
type resolutionJSON struct {
	Context  string         `json:"@context"`
	Document rawJSON        `json:"didDocument"`
	Meta     resolutionMeta `json:"didResolutionMetadata"`
	DocMeta  map[string]any `json:"didDocumentMetadata"`
}

type resolutionMeta struct {
	ContentType string           `json:"contentType,omitempty"`
	Error       *resolutionError `json:"error,omitempty"`
	Evidence    *evidenceJSON    `json:"evidence,omitempty"`
}

// resolutionError is a problem object (RFC 9457).
type resolutionError struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

type evidenceJSON struct {
	Replayed     bool   `json:"replayed"`
	GenesisOnly  bool   `json:"genesisOnly"`
	Included     bool   `json:"included"`
	Latest       bool   `json:"latest"`
	Absent       bool   `json:"absent"`
	OperatorTime bool   `json:"operatorTime"`
	AsOf         string `json:"asOf,omitempty"`
}

type removedJSON struct {
	ID          string  `json:"id"`
	Key         string  `json:"publicKeyMultibase,omitempty"`
	Purposes    string  `json:"purposes"`
	Added       string  `json:"added,omitempty"`
	Removed     string  `json:"removed"`
	Compromised bool    `json:"compromised"`
	Since       *uint64 `json:"compromisedSince,omitempty"`
}

const resolutionContext = "https://w3id.org/did-resolution/v1"

func newResolutionJSON(res *did.Resolution) *resolutionJSON {
	e := res.Evidence
	out := &resolutionJSON{
		Context: resolutionContext, Document: res.Document.Canonical(), DocMeta: map[string]any{},
		Meta: resolutionMeta{ContentType: "application/did", Evidence: &evidenceJSON{
			e.Replayed, e.GenesisOnly, e.Included, e.Latest, e.Absent, e.OperatorTime, timeText(e.AsOf),
		}},
	}
	m := res.Metadata
	for name, v := range map[string]string{
		"created": timeText(m.Created), "updated": timeText(m.Updated), "nextUpdate": timeText(m.NextUpdate), "versionId": m.VersionID,
		"nextVersionId": m.NextVersionID, "canonicalId": m.CanonicalID,
	} {
		if v != "" {
			out.DocMeta[name] = v
		}
	}
	if m.Deactivated {
		out.DocMeta["deactivated"] = true
	}
	if len(m.EquivalentID) > 0 {
		out.DocMeta["equivalentId"] = m.EquivalentID
	}
	for name, v := range m.Extra {
		out.DocMeta[name] = v
	}
	var removed []removedJSON
	for _, r := range res.Removed {
		j := removedJSON{
			ID: r.ID.String(), Key: r.Key.Multikey(), Purposes: r.Purposes.String(), Added: timeText(r.Added), Removed: timeText(r.Removed), Compromised: r.Compromised,
		}
		if r.Compromised {
			j.Since = &r.CompromisedSince
		}
		removed = append(removed, j)
	}
	if removed != nil {
		out.DocMeta["removedVerificationMethod"] = removed
	}
	return out
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
