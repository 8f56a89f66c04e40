package realdid

import (
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
)

// public shows the method as it stands in the document of id.
func (m VerificationMethod) public(id did.DID) did.VerificationMethod {
	return did.VerificationMethod{
		ID: id.WithFragment(m.Fragment), Controller: id, Type: did.TypeMultikey, Key: m.Key, Purposes: m.Purposes,
		Added: unixTime(m.added),
	}
}

// document builds the DID document for id, which is the short or the long form of the state's identifier.
func (s *State) document(id did.DID) (*did.Document, error) {
	d := &did.Document{
		Context: []string{did.ContextV1, did.ContextMultikey}, ID: id, AlsoKnownAs: s.content.AlsoKnownAs,
	}
	if n := len(s.content.VerificationMethods); n > 0 {
		d.VerificationMethod = make([]did.VerificationMethod, 0, n)
	}
	for _, m := range s.content.VerificationMethods {
		d.VerificationMethod = append(d.VerificationMethod, m.public(id))
	}
	for _, svc := range s.content.Services {
		out := did.Service{ID: id.WithFragment(svc.Fragment), Type: svc.Types}
		for _, e := range svc.Endpoints {
			if e.Properties == nil {
				out.Endpoint = append(out.Endpoint, did.Endpoint{URI: e.URI})
				continue
			}
			j, err := strictjson.Canonical(e.Properties)
			if err != nil {
				return nil, err
			}
			out.Endpoint = append(out.Endpoint, did.Endpoint{Object: string(j)})
		}
		d.Service = append(d.Service, out)
	}
	return d, nil
}

// Facts are what DID document metadata says about an identifier beyond the members that DID Resolution names. They stand
// under "realdid".
type Facts struct {
	SingleSecret bool            `json:"singleSecret"`
	Recovery     []TierFacts     `json:"recovery"`
	Pending      *PendingFacts   `json:"pendingRecovery,omitempty"`
	Final        *time.Time      `json:"deactivationFinal,omitempty"`
	Compromised  []CompromiseOf  `json:"compromised,omitempty"`
	Migration    *MigrationFacts `json:"migration,omitempty"`
	Imported     *ImportFacts    `json:"imported,omitempty"`
	Threshold    *ThresholdFacts `json:"control"`
}

// TierFacts describes a tier without its keys.
type TierFacts struct {
	Rank         int        `json:"rank"`
	DelaySeconds int64      `json:"delaySeconds"`
	Vetoable     bool       `json:"vetoable"`
	Threshold    int        `json:"threshold"`
	Keys         int        `json:"keys"`
	UsableUntil  *time.Time `json:"usableUntil,omitempty"` // of a replaced tier
}

// PendingFacts describes a recovery that waits.
type PendingFacts struct {
	Rank      int       `json:"rank"`
	Filed     time.Time `json:"filed"`
	Effective time.Time `json:"effective"`
	Vetoable  bool      `json:"vetoable"`
}

// CompromiseOf says from which sequence on a removed method's signatures do not count.
type CompromiseOf struct {
	Fragment string `json:"fragment"`
	Since    uint64 `json:"since"`
}

// ThresholdFacts describes the control keys without naming them.
type ThresholdFacts struct {
	Threshold int `json:"threshold"`
	Keys      int `json:"keys"`
}

// MigrationFacts describe a migration that was announced.
type MigrationFacts struct {
	To       string    `json:"to"`
	Ready    time.Time `json:"ready"` // end of the notice
	Departed bool      `json:"departed"`
}

// ImportFacts say where the identifier came from.
type ImportFacts struct {
	From string    `json:"from"`
	Time time.Time `json:"time"`
}

// Facts returns the method's facts about the state.
func (s *State) Facts() Facts {
	f := Facts{
		SingleSecret: s.single, Recovery: []TierFacts{},
		Threshold: &ThresholdFacts{s.control.Threshold, len(s.control.Keys)},
	}
	for _, t := range s.Tiers() {
		tf := TierFacts{
			Rank: t.ID.Index, DelaySeconds: int64(t.Delay / time.Second), Vetoable: t.Vetoable,
			Threshold: t.Keys.Threshold, Keys: len(t.Keys.Digests),
		}
		if !t.Until.IsZero() {
			tf.UsableUntil = &t.Until
		}
		f.Recovery = append(f.Recovery, tf)
	}
	if p, ok := s.Pending(); ok {
		f.Pending = &PendingFacts{p.Tier.Index, p.Filed, p.Effective, p.Vetoable}
	}
	if _, final, ok := s.Deactivated(); ok {
		f.Final = &final
	}
	if to, ready, departed, ok := s.Migration(); ok {
		f.Migration = &MigrationFacts{to, ready, departed}
	}
	if from, at, ok := s.Arrived(); ok {
		f.Imported = &ImportFacts{from, at}
	}
	for _, r := range s.removed {
		if r.compromised {
			f.Compromised = append(f.Compromised, CompromiseOf{r.Fragment, r.compromisedSince})
		}
	}
	return f
}
