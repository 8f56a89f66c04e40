package realperson

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
)

// dump returns everything that a ledger holds: keys, entries and their times.
func dump(tb testing.TB, lg ledger.Ledger) string {
	tb.Helper()
	f, ok := lg.(ledger.Follower)
	if !ok {
		tb.Fatal("the ledger has no feed")
	}
	var b bytes.Buffer
	for e, err := range f.Follow(tb.Context(), 0) {
		fatal(tb, err)
		fmt.Fprintf(&b, "%s %d %s %v\n", e.Key, e.Seq, e.Op, e.Anchor.Time)
	}
	return b.String()
}

// Whoever gets the registry and the log finds no number, no claim, no platform and nothing that a platform sees (P8).
func TestRegistryHoldsNothingOfThePerson(t *testing.T) {
	o := newOffice(t, func(c *AuthorityConfig) { c.MinGenerationInterval = time.Hour })
	s := o.somebody(t, "19900131XYZ7")
	s.evidence.Country, s.evidence.Document = "QZX", "register-of-quux"
	s.evidence.Claims = map[string]any{"ageOver18": true, "residentOf": "QUUXLAND-5"}
	issued := o.enrol(t, s)
	o.nextEpoch()
	again, err := o.renew(t, s.wallet, s.Citizen, s.claims)
	fatal(t, err)
	fatal(t, s.wallet.FinishRenewal(t.Context(), again.Response))
	w := o.wallet(t)
	_, err = o.reenrol(t, w, s)
	fatal(t, err)
	_, err = o.authority.Refuse(t.Context(), issued.Record, ReasonDeath)
	fatal(t, err)

	stolen := strings.ToLower(dump(t, o.registry) + dump(t, o.log))
	secret := s.wallet.nyms.Secret()
	for what, found := range map[string]string{
		"number": s.evidence.Number, "kind of document": s.evidence.Document, "claim": "quuxland",
		"name of a claim": "ageover", "platform": somePlatform, "first nym secret": encode(secret[:32]), "last nym secret": encode(secret[len(secret)-32:]),
		"pseudonym": encode([]byte(pseudonym(t, s.wallet, somePlatform))), "credential": CredentialID,
	} {
		if strings.Contains(stolen, strings.ToLower(found)) {
			t.Errorf("the authority's stores hold the %s", what)
		}
	}
	// So short a code stands in random texts too, but not alone.
	if regexp.MustCompile(`(?i)(^|[^a-z0-9_-])` + s.evidence.Country + `($|[^a-z0-9_-])`).MatchString(stolen) {
		t.Error("the authority's stores hold the country")
	}
	if public := dump(t, o.log); strings.Contains(public, issued.Record) || strings.Contains(public, s.Method.DID().String()) {
		t.Error("the public log tells whose entry it is")
	}
	for _, h := range s.wallet.credentials { // nor anything of a credential that could be recognised
		if strings.Contains(stolen, strings.ToLower(string(h.base[len(h.base)-64:]))) {
			t.Error("the authority keeps credentials")
		}
	}
}

// The numbers that there are can all be tried, but not without the pepper (P1).
func TestNumbersCannotBeTriedWithoutPepper(t *testing.T) {
	o := newOffice(t)
	const number = 3133
	s := o.somebody(t, fmt.Sprint(number))
	o.enrol(t, s)
	stolen := dump(t, o.registry)
	search := func(p Pepper) (found int) {
		for n := range 1 << 12 {
			e := *s.evidence
			e.Number = fmt.Sprint(n)
			key, err := personKey(t.Context(), p, o.config.Salt, &e)
			fatal(t, err)
			if strings.Contains(stolen, key) {
				found++
			}
		}
		return found
	}
	wrong, err := NewPepper(bytes.Repeat([]byte{8}, minPepper))
	fatal(t, err)
	for name, p := range map[string]Pepper{
		"another pepper": wrong,
		"an empty key":   pepper(func(m []byte) []byte { return hmac.New(sha256.New, nil).Sum(m)[:sha256.Size] }),
		"a plain hash":   pepper(func(m []byte) []byte { h := sha256.Sum256(m); return h[:] }),
	} {
		if n := search(p); n != 0 {
			t.Errorf("%s: a number was found", name)
		}
	}
	if n := search(o.config.Pepper); n != 1 {
		t.Errorf("with the pepper %d numbers were found, want 1", n)
	}
}

// Parts of the evidence cannot run into each other, and salt and country count.
func TestPersonKeySeparatesParts(t *testing.T) {
	o := newOffice(t)
	seen := map[string]string{}
	for _, e := range []Evidence{
		{Country: "FR", Document: "a", Number: "BC"},
		{Country: "FR", Document: "ab", Number: "C"},
		{Country: "FRA", Document: "a", Number: "BC"},
		{Country: "DE", Document: "a", Number: "BC"},
		{Country: "FR", Document: "a", Number: "BCD"},
	} {
		for _, salt := range [][]byte{bytes.Repeat([]byte{1}, minSalt), bytes.Repeat([]byte{2}, minSalt)} {
			key, err := personKey(t.Context(), o.config.Pepper, salt, &e)
			fatal(t, err)
			is := e.Country + "/" + e.Document + "/" + e.Number + "/" + hex.EncodeToString(salt)
			if other, ok := seen[key]; ok || !isPersonKey(key) {
				t.Errorf("%s has the key of %s, or none", is, other)
			}
			seen[key] = is
		}
	}
}

type shortPepper struct{}

func (shortPepper) MAC(context.Context, []byte) ([]byte, error) { return make([]byte, 31), nil }

func TestPepperLength(t *testing.T) {
	if _, err := personKey(t.Context(), shortPepper{}, nil, &Evidence{Country: "FR", Document: "a", Number: "1"}); err == nil {
		t.Error("a MAC of 31 bytes is taken")
	}
}

// The authority's own context gives a pseudonym that no platform has, not even one that has the authority's DID.
func TestAuthorityContextIsItsOwn(t *testing.T) {
	authority := did.MustParse("did:example:authority")
	own := authorityContext(authority)
	if bytes.Equal(own, accountContext(authority, authority)) || bytes.Equal(own, scopeContext(authority, authority, &Scope{Name: "authority"}, 0)) {
		t.Error("a platform with the authority's DID sees the authority's pseudonym")
	}
}

// Nothing prints what it should not.
func TestNothingPrints(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "19900131XYZ7")
	o.enrol(t, s)
	p, err := NewPepper([]byte("a pepper that is at least 32 bytes long"))
	fatal(t, err)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if got := fmt.Sprintf(format, *s.evidence); got != "realperson.Evidence" {
			t.Errorf("evidence prints %q", got)
		}
		if got := fmt.Sprintf(format, s.wallet); got != "realperson.Wallet" {
			t.Errorf("a wallet prints %q", got)
		}
		if got := fmt.Sprintf(format, p); strings.Contains(got, "pepper that") {
			t.Errorf("a pepper prints %q", got)
		}
	}
	if _, err := s.evidence.MarshalJSON(); err == nil {
		t.Error("evidence is encoded as JSON")
	}
	if _, err := s.wallet.MarshalJSON(); err == nil {
		t.Error("a wallet is encoded as JSON")
	}
}
