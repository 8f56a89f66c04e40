package realperson

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
)

// world is an authority with its registry and log, and platforms, all of whom keep everything that they see.
type world struct {
	*office
	keys    resolver.Keys // also of did:key
	persons []*dossier
}

// dossier is all that is known of a person by name: to the authority, and to a platform where the person gave the name.
type dossier struct {
	name       string
	record     string // of the registry
	wallet     *Wallet
	transcript [][]byte // requests and answers of enrolment and activation, entries of the registry
	entropy    []byte
	signature  []byte // of the credential for this epoch, 80 bytes
	commitment []byte // its point
	pseudonym  []byte // at the authority
	known      *view  // at the platform where the person is known

	// What distinguishers keep of it.
	relations *relations
	octets    map[string]bool
}

// view is what a platform keeps of one response, and who computes for it.
type view struct {
	platform *Platform
	context  []byte
	response []byte
	members  map[string]any
	proof    *proofParts
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	signer, err := bbs.Generate()
	fatal(tb, err)
	w := &world{office: newOffice(tb, func(c *AuthorityConfig) { c.Signer, c.Method = signer, methodOfKey(signer.Public()) })}
	w.signer = signer
	w.keys = resolver.Keys{
		Resolver: resolver.Mux{"realdid": w.dids, "key": didkey.Resolver{Now: w.clock}}, Now: w.clock,
	}
	return w
}

// platform makes a platform that keeps its accounts in a ledger of its own.
func (w *world) platform(tb testing.TB) *Platform {
	tb.Helper()
	k := newKey(tb)
	p, err := NewPlatform(&PlatformConfig{
		Method: methodOfKey(k.Public()), Signer: k, Endpoint: "https://platform.example/", Keys: w.keys,
		Authorities: []Parameters{w.authority.Parameters()}, Accounts: memledger.New(nil, &memledger.Options{Clock: w.clock}),
		Policy: PlatformPolicy{Mode: Strict}, Clock: w.clock,
	})
	fatal(tb, err)
	return p
}

// person enrols somebody, and keeps what the authority sees.
func (w *world) person(tb testing.TB, claims map[string]any) *dossier {
	tb.Helper()
	name := fmt.Sprintf("N-%d", len(w.persons))
	s := w.somebody(tb, name)
	if claims != nil {
		s.evidence.Claims = claims
	}
	d := &dossier{name: name, wallet: s.wallet}
	enrolment := w.request(tb, s)
	issued, err := w.authority.Enrol(tb.Context(), enrolment, s.evidence)
	fatal(tb, err)
	fatal(tb, s.wallet.FinishEnrolment(tb.Context(), issued.Response))
	activation, err := s.wallet.ActivationRequest(tb.Context(), s.Citizen, w.authority.Challenge())
	fatal(tb, err)
	fatal(tb, w.authority.Activate(tb.Context(), activation))
	d.record = issued.Record
	d.transcript = [][]byte{enrolment, issued.Response, activation}
	for e, err := range w.registry.History(tb.Context(), registryPrefix+issued.Record, 0) {
		fatal(tb, err)
		d.transcript = append(d.transcript, e.Op)
		m := decodeJSON(tb, e.Op)
		if v, ok := m["entropy"].(string); ok {
			d.entropy, d.commitment = fromBase64(v), fromBase64(m["commitment"].(string))[:48]
		}
		if v, ok := m["pseudonym"].(string); ok {
			d.pseudonym = fromBase64(v)
		}
	}
	base := decodeJSON(tb, s.wallet.credentials[0].base)
	d.signature = openProof(tb, proofOf(base)["proofValue"].(string)).parts[0].([]byte)
	if len(d.entropy) != entropySize || len(d.pseudonym) != pseudonymSize || len(d.signature) != 80 {
		tb.Fatal("the registry does not have what this test looks for")
	}
	w.persons = append(w.persons, d)
	return d
}

func fromBase64(s string) []byte {
	b, _ := base64.RawURLEncoding.DecodeString(s)
	return b
}

// answer makes a person answer, and returns what the platform keeps.
func (w *world) answer(tb testing.TB, d *dossier, p *Platform, scope *Scope) *view {
	tb.Helper()
	a := ActionSignUp
	if scope != nil {
		a = ActionUseScope
	}
	request, err := p.Request(tb.Context(), a, &RequestOptions{Scope: scope})
	fatal(tb, err)
	r, err := d.wallet.Authenticate(tb.Context(), request, w.keys)
	fatal(tb, err)
	b, err := respond(tb.Context(), d.wallet, r, Policy{})
	fatal(tb, err)
	d.wallet.ScopeUsed(r)
	return newView(tb, p, b)
}

func newView(tb testing.TB, p *Platform, response []byte) *view {
	tb.Helper()
	v := &view{platform: p, response: response, members: payload(tb, response)}
	v.proof = openProof(tb, proofOf(credentialOf(v.members))["proofValue"].(string))
	parsed, err := parseResponse(response)
	fatal(tb, err)
	authority := did.MustParse(credentialOf(v.members)["issuer"].(string))
	if v.context = accountContext(authority, p.id); parsed.scope != nil {
		v.context = scopeContext(authority, p.id, parsed.scope, parsed.index)
	}
	return v
}

func (v *view) pseudonym(tb testing.TB) []byte { return v.proof.parts[v.proof.pseudonym(tb)].([]byte) }

// octets are all octets that a text holds once everything in it that is written in base64url, base32 or hexadecimal is decoded: JSON, JWS,
// proof values and DIDs taken apart. What is not encoded is left as it is.
func octets(text []byte) (all [][]byte) {
	if m := any(nil); json.Unmarshal(text, &m) == nil {
		switch m.(type) {
		case map[string]any, []any:
			return octetsOf(m)
		}
	}
	if parts := strings.Split(string(text), "."); len(parts) == 3 { // a JWS, perhaps
		decoded := make([][]byte, 0, 3)
		for _, p := range parts {
			if b := fromBase64(p); len(b) > 0 {
				decoded = append(decoded, b)
			}
		}
		if len(decoded) == 3 {
			return append(append(octets(decoded[0]), octets(decoded[1])...), decoded[2])
		}
	}
	return octetsOfText(string(text))
}

func octetsOf(v any) (all [][]byte) {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			all = append(append(all, []byte(name)), octetsOf(e)...)
		}
	case []any:
		for _, e := range v {
			all = append(all, octetsOf(e)...)
		}
	case string:
		return octets([]byte(v))
	}
	return all
}

func octetsOfText(s string) (all [][]byte) {
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(":#/?", r) }) {
		all = append(all, decodeText(part))
	}
	return all
}

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func decodeText(s string) []byte {
	if len(s) < 16 {
		return []byte(s)
	}
	if b, err := hex.DecodeString(s); err == nil {
		return b
	}
	for _, t := range []string{s, s[1:]} { // after a suite's letter, or the prefix of multibase
		if b, err := base32Lower.DecodeString(t); err == nil && len(t) >= 52 {
			return b
		}
	}
	for _, t := range []string{s, s[1:]} {
		if b, err := base64.RawURLEncoding.DecodeString(t); err == nil {
			return b
		}
	}
	return []byte(s)
}

// grams calls f for every n octets in a row.
func grams(texts [][]byte, n int, f func(gram string)) {
	for _, t := range texts {
		for i := 0; i+n <= len(t); i++ {
			f(string(t[i : i+n]))
		}
	}
}

// TestOctets: what the scans below look at is what is there.
func TestOctets(t *testing.T) {
	h := stranger(t)
	b := forgeAs(t, h, map[string]any{"a": encode([]byte("sixteen octets, or more")), "b": []any{hex.EncodeToString([]byte("hexadecimal digits"))}})
	var all []string
	for _, o := range octets(b) {
		all = append(all, string(o))
	}
	joined := strings.Join(all, "\n")
	for _, want := range []string{"sixteen octets, or more", "hexadecimal digits", string(h.Authentication.Public().Bytes()), string(h.Control.Public().Bytes())} {
		if !strings.Contains(joined, want) {
			t.Error("something is not seen")
		}
	}
	if strings.Contains(joined, encode([]byte("sixteen octets, or more"))) {
		t.Error("something is seen undecoded")
	}
}
