package vc

import (
	"encoding/json"
	"time"
)

// Result is the result of a check or of a whole verification.
type Result uint8

// The results. Unknown is the zero value: what was not checked is not known.
const (
	Unknown Result = iota
	Pass
	Fail
)

// String returns "pass", "fail" or "unknown".
func (r Result) String() string {
	switch r {
	case Pass:
		return "pass"
	case Fail:
		return "fail"
	}
	return "unknown"
}

// Check is one line of a [Report].
type Check struct {
	Code   string // see CODES.md
	Result Result
	Detail string // for people; holds no claim, salt, disclosure or key
}

// Report says what was checked, with which result, and what the result rests on. The checks that passed stand first; the last
// one, if it did not pass, is why the verification ended.
type Report struct {
	Result Result
	At     time.Time // the verifier's clock
	Checks []Check
	Issuer *Basis // the issuer's key, of the first signature if there are several; nil if the verification did not get that far
	// IssuerKeys are the keys of all the issuer's signatures, Issuer's first.
	IssuerKeys []Basis
	Holder     *Basis // the holder's key; nil if there was none, or it was not reached
	// Status is what the status lists say that were looked at.
	Status []StatusEntry
}

// Fault returns the check that was not passed, or false if all were.
func (r *Report) Fault() (Check, bool) {
	for _, c := range r.Checks {
		if c.Result == Fail {
			return c, true
		}
	}
	for _, c := range r.Checks {
		if c.Result == Unknown {
			return c, true
		}
	}
	return Check{}, false
}

// MarshalJSON writes {"valid":true|false|null,"checks":[{"code","result","detail"}],"at","issuer","holder"}, with
// "issuerKeys" if the issuer signed more than once and "status" if status lists were looked at. Members may be added;
// those that stand here keep their names and meanings.
func (r *Report) MarshalJSON() ([]byte, error) {
	type check struct {
		Code   string `json:"code"`
		Result string `json:"result"`
		Detail string `json:"detail"`
	}
	out := struct {
		Valid  *bool      `json:"valid"`
		Checks []check    `json:"checks"`
		At     string     `json:"at"`
		Issuer *basisJSON `json:"issuer,omitempty"`
		Holder *basisJSON `json:"holder,omitempty"`

		IssuerKeys []*basisJSON `json:"issuerKeys,omitempty"`
		Status     []statusJSON `json:"status,omitempty"`
	}{Checks: []check{}, At: r.At.UTC().Format(time.RFC3339)}
	if r.Result != Unknown {
		valid := r.Result == Pass
		out.Valid = &valid
	}
	for _, c := range r.Checks {
		out.Checks = append(out.Checks, check{c.Code, c.Result.String(), c.Detail})
	}
	out.Issuer, out.Holder = r.Issuer.json(), r.Holder.json()
	if len(r.IssuerKeys) > 1 {
		for i := range r.IssuerKeys {
			out.IssuerKeys = append(out.IssuerKeys, r.IssuerKeys[i].json())
		}
	}
	for i := range r.Status {
		out.Status = append(out.Status, r.Status[i].json())
	}
	return json.Marshal(out)
}

// basisJSON is the JSON form of a Basis.
type basisJSON struct {
	Kind      string        `json:"kind"`
	Key       string        `json:"key"`
	Status    string        `json:"status"`
	Rotatable bool          `json:"rotatable"`
	VersionID string        `json:"versionId,omitempty"`
	Evidence  *evidenceJSON `json:"evidence,omitempty"`
}

// statusJSON is the JSON form of a StatusEntry. It leaves out the list and the place in it, which tell one credential from another.
type statusJSON struct {
	Mechanism string `json:"mechanism"`
	Purpose   string `json:"purpose,omitempty"`
	Meaning   string `json:"meaning"`
	Value     uint64 `json:"value"`
	Message   string `json:"message,omitempty"`
	IssuedAt  string `json:"issuedAt,omitempty"`
	Obtained  string `json:"obtained"`
	Expires   string `json:"expires,omitempty"`
}

func (e *StatusEntry) json() statusJSON {
	date := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	return statusJSON{
		Mechanism: e.Reference.Mechanism.String(), Purpose: e.Reference.Purpose, Meaning: e.Meaning.String(), Value: e.Value, Message: e.Message,
		IssuedAt: date(e.ListIssuedAt), Obtained: date(e.Obtained), Expires: date(e.Expires),
	}
}

type evidenceJSON struct {
	Replayed     bool   `json:"replayed"`
	GenesisOnly  bool   `json:"genesisOnly"`
	Included     bool   `json:"included"`
	Latest       bool   `json:"latest"`
	Absent       bool   `json:"absent"`
	OperatorTime bool   `json:"operatorTime"`
	AsOf         string `json:"asOf,omitempty"`

	Cosigners []cosignerJSON `json:"cosigners,omitempty"`
}

type cosignerJSON struct {
	Name string `json:"name"`
	Role string `json:"role"`
	Time string `json:"time"`
}

func (b *Basis) json() *basisJSON {
	if b == nil {
		return nil
	}
	out := &basisJSON{Kind: b.Kind.String(), Key: b.KeyID, Status: b.Status.String(), Rotatable: b.Rotatable, VersionID: b.VersionID}
	if b.Kind == FromDID {
		e := b.Evidence
		out.Evidence = &evidenceJSON{
			Replayed: e.Replayed, GenesisOnly: e.GenesisOnly, Included: e.Included, Latest: e.Latest, Absent: e.Absent,
			OperatorTime: e.OperatorTime,
		}
		if !e.AsOf.IsZero() {
			out.Evidence.AsOf = e.AsOf.UTC().Format(time.RFC3339)
		}
		for _, c := range e.Cosigners {
			out.Evidence.Cosigners = append(out.Evidence.Cosigners, cosignerJSON{c.Name, c.Role, c.Time.UTC().Format(time.RFC3339)})
		}
	}
	return out
}
