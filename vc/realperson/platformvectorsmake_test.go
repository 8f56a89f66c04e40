package realperson

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
)

// makePlatformVectors makes vectors anew, of new keys.
func makePlatformVectors(t *testing.T) *platformVectors {
	t.Helper()
	city := newTown(t)
	secret := []byte("thirty-two octets, not a secret.")
	p := city.platform(t, func(c *PlatformConfig) {
		c.NonceSecret, c.Spent = secret, newSpentSet(1024, city.now)
		c.Policy.Claims = []Requirement{{Claim: "ageOver18", OneOf: []any{true}}}
	})
	params, err := json.Marshal(city.public)
	fatal(t, err)
	all := &platformVectors{platformSetting: platformSetting{
		Time: formatTime(city.clock), Parameters: params, Method: p.method.String(), NonceSecret: hex.EncodeToString(secret), Claims: []string{"ageOver18"},
	}}
	all.makeValues(t)
	all.makeRequests(t, city)
	all.makeResponses(t, city, p)
	return all
}

func (all *platformVectors) makeValues(t *testing.T) {
	authority, platform, holder := keyNamed("authority"), keyNamed("platform"), keyNamed("holder")
	scopes := []*Scope{nil, {Name: "vote", Period: "2026", Limit: 3}, {Name: "vote", Limit: 3}}
	for i, s := range scopes {
		pseudonym := []byte(strings.Repeat("p", pseudonymSize-1) + string(rune('a'+i)))
		name := "account"
		if s != nil {
			name = "scope " + s.Name + ", period " + cmp.Or(s.Period, "none")
		}
		v := platformContext{
			Name: name, Authority: authority.String(), Platform: platform.String(), Scope: s, Index: i, ContextID: hex.EncodeToString(accountContext(authority, platform)),
			Pseudonym: hex.EncodeToString(pseudonym), Account: accountID(authority, pseudonym),
		}
		if s != nil {
			v.ContextID = hex.EncodeToString(scopeContext(authority, platform, s, i))
		}
		all.Contexts = append(all.Contexts, v)
		r := &response{nonce: "nonce", issued: day(1), action: ActionSignUp, holder: holder, scope: s, index: i}
		session := ""
		if i == 1 {
			session = "value of a cookie"
			r.session = sessionHash([]byte(session))
		}
		all.Headers = append(all.Headers, platformHeader{
			Name: name, Platform: platform.String(), Nonce: r.nonce, Issued: r.issued.Unix(), Action: string(r.action), Holder: holder.String(), Scope: s, Index: i,
			Session: session, Header: hex.EncodeToString(r.presentationHeader(platform)),
		})
	}
	for _, k := range []int{1, 2, 10, 300} {
		var secret [scopeSecretSize]byte
		for i := range secret {
			secret[i] = byte(i)
		}
		s := Scope{Name: "vote", Period: "2026", Limit: k}
		all.Permutations = append(all.Permutations, scopeOrder{
			Name: fmt.Sprintf("limit %d", k), Secret: hex.EncodeToString(secret[:]), Platform: platform.String(), Scope: s, Order: s.permutation(&secret, platform),
		})
	}
}

func (all *platformVectors) makeRequests(t *testing.T, city *town) {
	s, other := newSite(t), newSite(t)
	add := func(fault string, b []byte) {
		all.Requests = append(all.Requests, platformRequest{Name: fault, Valid: strings.HasPrefix(fault, "none"), JWS: string(b)})
	}
	for i, a := range actions {
		m := s.request(city, a)
		if a == ActionUseScope {
			m["scope"] = map[string]any{"name": "vote", "period": "2026", "limit": 3}
		}
		add(ordinal("none", i), forge(t, requestType, s.key, s.method, m))
	}
	faults := map[string]func(m map[string]any){
		"a member that is not known":    func(m map[string]any) { m["x"] = 1 },
		"no endpoint":                   func(m map[string]any) { delete(m, "endpoint") },
		"an endpoint without https":     func(m map[string]any) { m["endpoint"] = "http://site.example/" },
		"escrowed":                      func(m map[string]any) { m["mode"] = "escrowed" },
		"no mode":                       func(m map[string]any) { delete(m, "mode") },
		"an action that does not exist": func(m map[string]any) { m["action"] = "SIGNUP" },
		"over":                          func(m map[string]any) { m["iat"], m["exp"] = city.clock.Unix()-60, city.clock.Unix() },
		"in the future":                 func(m map[string]any) { m["iat"], m["exp"] = city.clock.Unix()+61, city.clock.Unix()+100 },
		"a life of more than an hour":   func(m map[string]any) { m["exp"] = m["iat"].(int64) + 3601 },
		"another authority":             func(m map[string]any) { m["authorities"] = []any{"did:example:a"} },
		"no authorities":                func(m map[string]any) { delete(m, "authorities") },
		"reveals the subject":           func(m map[string]any) { m["reveal"] = []any{"/credentialSubject"} },
		"reveals a part of a claim":     func(m map[string]any) { m["reveal"] = []any{subjectPointer + "ageOver18/0"} },
		"reveals a claim twice":         func(m map[string]any) { m["reveal"] = []any{PointerGeneration, PointerGeneration} },
		"a scope and another action":    func(m map[string]any) { m["scope"] = map[string]any{"name": "vote", "period": "", "limit": 1} },
		"a scope with a limit of 0": func(m map[string]any) {
			m["action"], m["scope"] = "scope", map[string]any{"name": "vote", "period": "", "limit": 0}
		},
		"a session that is not a hash":   func(m map[string]any) { m["session"] = "Y29va2ll" },
		"a nonce that is too long":       func(m map[string]any) { m["nonce"] = strings.Repeat("a", maxNonce+1) },
		"another issuer than the signer": func(m map[string]any) { m["iss"] = other.method.DID().String() },
	}
	for _, fault := range slices.Sorted(maps.Keys(faults)) {
		m := s.request(city, ActionSignUp)
		faults[fault](m)
		add(fault, forge(t, requestType, s.key, s.method, m))
	}
	good := s.request(city, ActionSignUp)
	add("another key than the one it names", forge(t, requestType, other.key, s.method, good))
	add("another type", forge(t, responseType, s.key, s.method, good))
	add("a payload that was not signed", replacePayload(t, forge(t, requestType, s.key, s.method, good), func(m map[string]any) {
		m["endpoint"] = "https://evil.example/"
	}))
	add("a member twice", duplicate(t, forge(t, requestType, s.key, s.method, good)))
}

// ordinal tells vectors of one name apart.
func ordinal(name string, i int) string {
	if i == 0 {
		return name
	}
	return fmt.Sprintf("%s, %d", name, i+1)
}

func (all *platformVectors) makeResponses(t *testing.T, city *town, p *Platform) {
	const session = "value of a cookie"
	alice, bob := city.wallet(t), city.wallet(t)
	policy := Policy{RevealToAll: []string{subjectPointer + "ageOver18"}}
	request := func(c *citizen) *VerifierRequest {
		return city.ask(t, c.wallet, p, ActionSignUp, &RequestOptions{Session: []byte(session)})
	}
	make := func(c *citizen) []byte {
		b, err := c.wallet.SignUp(t.Context(), request(c), policy)
		fatal(t, err)
		return b
	}
	add := func(fault string, b []byte) *platformResponse {
		all.Responses = append(all.Responses, platformResponse{Name: fault, Valid: strings.HasPrefix(fault, "none"), Action: string(ActionSignUp), Session: session, JWS: string(b)})
		return &all.Responses[len(all.Responses)-1]
	}
	for i, c := range []*citizen{alice, bob} {
		b := make(c)
		fresh := all.platform(t, city.keys, &city.public, city.now)
		a, _, err := fresh.SignUp(t.Context(), b, []byte(session))
		fatal(t, err)
		add(ordinal("none", i), b).Account = a.ID
	}
	add("for another session", make(alice)).Session = "another cookie"
	add("for no session", make(alice)).Session = ""
	add("for another action", make(alice)).Action = string(ActionReportTheft)
	h, err := alice.wallet.holder(t.Context(), p.DID(), 0)
	fatal(t, err)
	stolen := stranger(t)
	faults := map[string]func(m map[string]any){
		"a member that is not known":      func(m map[string]any) { m["x"] = 1 },
		"no credential":                   func(m map[string]any) { delete(m, "credential") },
		"another time than the request's": func(m map[string]any) { m["iat"] = city.clock.Unix() + 1 },
		"another nonce":                   func(m map[string]any) { m["nonce"] = p.nonces.make([32]byte{}, city.clock.Add(time.Minute)) },
		"another platform":                func(m map[string]any) { m["aud"] = keyNamed("platform").String() },
		"a claim that was not proven":     func(m map[string]any) { subject(credentialOf(m))["residentOf"] = "FR" },
		"a claim with another value":      func(m map[string]any) { subject(credentialOf(m))["ageOver18"] = "true" },
		"a claim that is missing":         func(m map[string]any) { delete(subject(credentialOf(m)), "ageOver18") },
		"an end that is no boundary":      func(m map[string]any) { credentialOf(m)["validUntil"] = "2026-11-23T00:00:01Z" },
		"another epoch": func(m map[string]any) {
			credentialOf(m)["validFrom"], credentialOf(m)["validUntil"] = "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"
		},
		"an id of its own":            func(m map[string]any) { credentialOf(m)["id"] = "urn:uuid:7cd5ec98-0dcd-4f2c-b1a5-8a4e7f3a2c11" },
		"a status":                    func(m map[string]any) { credentialOf(m)["credentialStatus"] = map[string]any{"type": "x"} },
		"escrowed":                    func(m map[string]any) { subject(credentialOf(m))["openingMode"] = "escrowed" },
		"a proof with a date":         func(m map[string]any) { proofOf(credentialOf(m))["created"] = "2026-11-18T12:00:00Z" },
		"another issuer":              func(m map[string]any) { credentialOf(m)["issuer"] = keyNamed("authority").String() },
		"another verification method": func(m map[string]any) { proofOf(credentialOf(m))["verificationMethod"] = p.method.String() },
		"another person's pseudonym":  func(m map[string]any) { all.mix(t, m, payload(t, make(bob)), "pseudonym") },

		"another person's proof and one's own name": func(m map[string]any) { all.mix(t, m, payload(t, make(bob)), "proof") },
		"a proof of another request":                func(m map[string]any) { m["credential"] = payload(t, make(alice))["credential"] },
		"a proof with a point that is none":         func(m map[string]any) { all.damage(t, m, func(b []byte) { b[47] ^= 1 }) },
		"a proof with the point at infinity": func(m map[string]any) {
			all.damage(t, m, func(b []byte) { b[0] = 0xc0; clear(b[1:48]) })
		},
		"a proof with a scalar that is not reduced":  func(m map[string]any) { all.damage(t, m, func(b []byte) { copy(b[144:], strings.Repeat("\xff", 32)) }) },
		"a base proof in the place of a derived one": func(m map[string]any) { proofOf(credentialOf(m))["proofValue"] = baseProof(t, alice) },
		"a proof value that is cut off": func(m map[string]any) {
			v := proofOf(credentialOf(m))
			v["proofValue"] = v["proofValue"].(string)[:1000]
		},
		"a credential that says it is another's subject": func(m map[string]any) { subject(credentialOf(m))["id"] = "did:example:alice" },
	}
	for _, fault := range slices.Sorted(maps.Keys(faults)) {
		m := payload(t, make(alice))
		faults[fault](m)
		add(fault, forgeAs(t, h, m))
	}
	add("signed by another key than that of the proof", forgeAs(t, stolen, payload(t, make(alice))))
	m := payload(t, make(alice))
	add("signed by another key than that of the DID", forge(t, responseType, stolen.Authentication, h.DID.WithFragment(realdid.PairwiseFragment), m))
	id, err := realdid.ParseIdentifier(h.DID)
	fatal(t, err)
	m["iss"] = id.Short().String()
	add("a pairwise DID in its short form", forge(t, responseType, h.Authentication, id.Short().WithFragment(realdid.PairwiseFragment), m))
	changed := did.MustParse(h.DID.String()[:len(h.DID.String())-4] + "AAAA")
	m["iss"] = changed.String()
	add("a pairwise DID whose operation was changed", forge(t, responseType, h.Authentication, changed.WithFragment(realdid.PairwiseFragment), m))
}

// mix puts a part of another person's proof into a response.
func (all *platformVectors) mix(t *testing.T, m, others map[string]any, what string) {
	own, other := openProof(t, proofOf(credentialOf(m))["proofValue"].(string)), openProof(t, proofOf(credentialOf(others))["proofValue"].(string))
	if what == "pseudonym" {
		own.parts[own.pseudonym(t)] = other.parts[other.pseudonym(t)]
	} else {
		own.parts[0] = other.parts[0]
	}
	proofOf(credentialOf(m))["proofValue"] = own.value(t)
}

func (all *platformVectors) damage(t *testing.T, m map[string]any, change func(proof []byte)) {
	own := openProof(t, proofOf(credentialOf(m))["proofValue"].(string))
	change(own.parts[0].([]byte))
	proofOf(credentialOf(m))["proofValue"] = own.value(t)
}

func baseProof(t *testing.T, c *citizen) string {
	return proofOf(decodeJSON(t, c.wallet.credentials[0].base))["proofValue"].(string)
}
