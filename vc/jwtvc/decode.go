package jwtvc

import (
	"slices"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// The members of a credential that a registered claim stands for, each with the name of the claim (VCDM 1.1, section 6.3.1).
const (
	memberIssuer  = "issuer"            // iss
	memberIssued  = "issuanceDate"      // nbf
	memberExpires = "expirationDate"    // exp
	memberID      = "id"                // jti
	memberSubject = "credentialSubject" // sub is its id
)

// decode returns the credential with what the claims say in the place of members that are absent. A member that says something else is
// refused.
func (t *token) decode() (strictjson.Value, error) {
	c := &t.claims
	members := t.value.Members()
	out := make([]strictjson.Member, 0, len(members)+4)
	said := map[string]bool{}
	for _, m := range members {
		var err error
		switch m.Name {
		case memberIssuer:
			m.Value, err = withIssuer(m.Value, c.Issuer)
		case memberID:
			m.Value, err = sameText(m.Value, c.ID, m.Name)
		case memberIssued:
			m.Value, err = sameTime(m.Value, c.NotBefore, m.Name)
		case memberExpires:
			m.Value, err = sameTime(m.Value, c.Expires, m.Name)
		case memberSubject:
			m.Value, err = withSubject(m.Value, c.Subject)
		}
		if err != nil {
			return strictjson.Value{}, err
		}
		said[m.Name] = true
		out = append(out, m)
	}
	if c.Subject != "" && !said[memberSubject] {
		return strictjson.Value{}, conflict(memberSubject)
	}
	for _, m := range [...]struct{ name, value string }{
		{memberIssuer, c.Issuer}, {memberID, c.ID}, {memberIssued, timeText(c.NotBefore)}, {memberExpires, timeText(c.Expires)},
	} {
		if m.value != "" && !said[m.name] {
			out = append(out, strictjson.Member{Name: m.name, Value: textValue(m.value)})
		}
	}
	// The members come from several texts: one text has them all.
	v, err := strictjson.Parse(strictjson.AppendJSON(nil, t.value.WithMembers(out)), limits)
	if err != nil {
		return v, codes.JSONFault(err)
	}
	return v, nil
}

func conflict(member string) error {
	return vc.Invalid(codes.Conflict, "a claim and "+member+" of the credential say different things")
}

// sameText wants a string, and that of the claim if there is one.
func sameText(v strictjson.Value, claim, member string) (strictjson.Value, error) {
	if s, _ := v.Str(); claim != "" && s != claim {
		return v, conflict(member)
	}
	return v, nil
}

// withID is sameText for something that is an id, or an object with one, or, if the claim says it, without.
func withID(v strictjson.Value, claim, member string) (strictjson.Value, error) {
	if v.Kind() != strictjson.Object || claim == "" {
		return sameText(v, claim, member)
	}
	if id, ok := v.Get(memberID); ok {
		if s, _ := id.Str(); s != claim {
			return v, conflict(member)
		}
		return v, nil
	}
	return v.WithMembers(append([]strictjson.Member{{Name: memberID, Value: textValue(claim)}}, v.Members()...)), nil
}

// withIssuer is withID, where an empty text counts as absent: Aries writes it when it leaves the issuer to iss.
func withIssuer(v strictjson.Value, claim string) (strictjson.Value, error) {
	if s, ok := v.Str(); ok && s == "" && claim != "" {
		return textValue(claim), nil
	}
	if id, _ := v.Get(memberID); claim != "" && id.Kind() == strictjson.String {
		if s, _ := id.Str(); s == "" {
			members := slices.DeleteFunc(slices.Clone(v.Members()), func(m strictjson.Member) bool { return m.Name == memberID })
			v = v.WithMembers(members)
		}
	}
	return withID(v, claim, memberIssuer)
}

// withSubject is withID for one subject, which may stand in a list. sub cannot stand for one of several.
func withSubject(v strictjson.Value, claim string) (strictjson.Value, error) {
	switch {
	case claim == "":
		return v, nil
	case v.Kind() == strictjson.Object:
		return withID(v, claim, memberSubject)
	case v.Kind() != strictjson.Array || len(v.Elems()) != 1 || v.Elems()[0].Kind() != strictjson.Object:
		return v, conflict(memberSubject)
	}
	one, err := withID(v.Elems()[0], claim, memberSubject)
	return v.WithElems([]strictjson.Value{one}), err
}

// sameTime wants the time of the claim, of which it may have a fraction of a second more.
func sameTime(v strictjson.Value, claim time.Time, member string) (strictjson.Value, error) {
	if claim.IsZero() {
		return v, nil
	}
	s, _ := v.Str()
	if t, err := time.Parse(time.RFC3339, s); err != nil || t.Unix() != claim.Unix() {
		return v, conflict(member)
	}
	return v, nil
}

// timeText is a time as members have it; "" is none.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func textValue(s string) strictjson.Value {
	v, _ := strictjson.Parse(strictjson.AppendString(nil, s), limits)
	return v
}
