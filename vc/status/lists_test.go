package status_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/status"
	"github.com/realdid/realdid/vc/status/cwt"
)

func TestTokenStatus(t *testing.T) {
	s := newScene(t)
	s.serveToken(nil)
	for i, want := range []vc.StatusMeaning{vc.StatusValid, vc.StatusRevoked, vc.StatusSuspended, vc.StatusOther, vc.StatusValid} {
		e, err := s.askToken(uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		if e.Meaning != want || i < 4 && e.Value != uint64(i) {
			t.Errorf("entry %d: got %d, %v, want %v", i, e.Value, e.Meaning, want)
		}
		if !e.ListIssuedAt.Equal(now.Add(-time.Hour)) || !e.Expires.Equal(now.Add(24*time.Hour)) || !e.Obtained.Equal(now) {
			t.Errorf("got an age of %+v", e)
		}
	}
	_, err := s.askToken(16)
	want(t, "after the last", err, "status.index")
	_, err = s.askToken(1<<63 | 1)
	want(t, "far after the last", err, "status.index")
	if n := s.fetches.Load(); n != 1 {
		t.Errorf("got %d fetches, want 1", n)
	}
}

func TestBitstringStatus(t *testing.T) {
	s := newScene(t)
	s.serveBitstring(func(l *status.BitstringList) { l.Purposes = []string{status.Revocation, status.Suspension, "lost"} }, nil)
	for _, c := range []struct {
		index   uint64
		purpose string
		want    vc.StatusMeaning
	}{
		{6, status.Revocation, vc.StatusValid},
		{7, status.Revocation, vc.StatusRevoked},
		{7, status.Suspension, vc.StatusSuspended},
		{8, status.Suspension, vc.StatusValid},
		{7, "lost", vc.StatusOther},
		{8, "lost", vc.StatusValid},
		{131071, status.Revocation, vc.StatusValid},
	} {
		e, err := s.askBitstring(c.index, c.purpose)
		if err != nil || e.Meaning != c.want {
			t.Errorf("entry %d, %s: got %v, %v, want %v", c.index, c.purpose, e.Meaning, err, c.want)
		}
	}
	_, err := s.askBitstring(131072, status.Revocation)
	want(t, "after the last", err, "status.index")
	for _, purpose := range []string{status.Message, "Revocation", "revocatio"} {
		_, err = s.askBitstring(6, purpose)
		want(t, "purpose "+purpose, err, "status.purpose")
	}
	if n := s.fetches.Load(); n != 1 {
		t.Errorf("got %d fetches, want 1", n)
	}
}

func TestMessages(t *testing.T) {
	s := newScene(t)
	words := map[uint64]string{0: "pending", 1: "accepted", 2: "rejected", 3: "undefined"}
	s.serveBitstring(func(l *status.BitstringList) {
		b, err := status.NewBits(msb, 2, status.MinEntries)
		if err != nil {
			t.Fatal(err)
		}
		b.Set(5, 2)
		l.Purposes, l.Messages, l.Bits = []string{status.Message}, words, b
	}, nil)
	ref := vc.StatusReference{Mechanism: vc.BitstringStatusList, Purpose: status.Message, Index: 5, Size: 2, Messages: map[uint64]string{2: "no"}}
	e, err := s.ask(vc.StatusQuery{Reference: ref})
	if err != nil || e.Meaning != vc.StatusMessage || e.Value != 2 || e.Message != "no" {
		t.Errorf("got %+v, %v, want what the credential calls it", e, err)
	}
	ref.Messages = nil
	if e, err = s.ask(vc.StatusQuery{Reference: ref}); err != nil || e.Message != "rejected" {
		t.Errorf("got %q, %v, want what the list calls it", e.Message, err)
	}
	ref.Index = 4
	if e, err = s.ask(vc.StatusQuery{Reference: ref}); err != nil || e.Meaning != vc.StatusMessage || e.Message != "pending" {
		t.Errorf("got %v %q, %v: 0 is a message too", e.Meaning, e.Message, err)
	}
	ref.Size = 1
	_, err = s.ask(vc.StatusQuery{Reference: ref})
	want(t, "another size", err, "status.size")
	ref.Size = 0 // 1
	_, err = s.ask(vc.StatusQuery{Reference: ref})
	want(t, "another size", err, "status.size")
}

// TestSizes: a list that leaves the size to the entries is read as they say.
func TestSizes(t *testing.T) {
	s := newScene(t)
	s.serveBitstring(func(l *status.BitstringList) {
		b, err := status.NewBits(msb, 3, status.MinEntries)
		if err != nil {
			t.Fatal(err)
		}
		b.Set(1, 5) // bits 3 to 5
		l.Bits = b
	}, nil)
	for _, c := range []struct {
		size  int
		index uint64
		want  uint64
	}{{3, 1, 5}, {1, 3, 1}, {1, 4, 0}, {0, 5, 1}, {2, 1, 1}, {3, 0, 0}} {
		e, err := s.ask(vc.StatusQuery{Reference: vc.StatusReference{Mechanism: vc.BitstringStatusList, Purpose: status.Revocation, Size: c.size, Index: c.index}})
		if err != nil || e.Value != c.want || (e.Meaning == vc.StatusValid) != (c.want == 0) {
			t.Errorf("%d bits, entry %d: got %d, %v, want %d", c.size, c.index, e.Value, err, c.want)
		}
	}
	ref := vc.StatusReference{Mechanism: vc.BitstringStatusList, Purpose: status.Revocation, Size: 4}
	_, err := s.ask(vc.StatusQuery{Reference: ref})
	want(t, "too short for 4 bits", err, "status.list.short")
	ref.Size = 9
	_, err = s.ask(vc.StatusQuery{Reference: ref})
	want(t, "9 bits", err, "status.size.unsupported")
}

func TestReferences(t *testing.T) {
	s := newScene(t)
	for name, r := range map[string]vc.StatusReference{
		"no mechanism":    {URI: listURI},
		"no purpose":      {Mechanism: vc.BitstringStatusList, URI: listURI, Size: 1},
		"size below 1":    {Mechanism: vc.BitstringStatusList, URI: listURI, Purpose: "x", Size: -1},
		"relative":        {Mechanism: vc.TokenStatusList, URI: "/lists/1"},
		"no path":         {Mechanism: vc.TokenStatusList, URI: "https:"},
		"a line end":      {Mechanism: vc.TokenStatusList, URI: "https://lists.example/\n1"},
		"a space":         {Mechanism: vc.TokenStatusList, URI: "https://lists.example/ 1"},
		"not ASCII":       {Mechanism: vc.TokenStatusList, URI: "https://lists.example/ü"},
		"too long":        {Mechanism: vc.TokenStatusList, URI: "https://lists.example/" + strings.Repeat("x", status.MaxURI)},
		"nothing at all.": {Mechanism: vc.TokenStatusList, URI: " "},
	} {
		_, err := s.ask(vc.StatusQuery{Reference: r})
		want(t, name, err, "status.reference")
	}
	if n := s.fetches.Load(); n != 0 {
		t.Errorf("got %d fetches, want none", n)
	}
}

// TestRefused: whatever can be wrong with a list, it is never final.
func TestRefused(t *testing.T) {
	token := func(change func(*status.TokenList)) func(s *scene) status.Document {
		return func(s *scene) status.Document {
			return status.Document{MediaType: "statuslist+jwt", Bytes: s.token(change)}
		}
	}
	bitstring := func(change func(*status.BitstringList), claims func(map[string]any)) func(s *scene) status.Document {
		return func(s *scene) status.Document {
			return status.Document{MediaType: "vc+jwt", Bytes: s.bitstring(change, claims)}
		}
	}
	subject := func(m map[string]any) map[string]any { return m["credentialSubject"].(map[string]any) }
	for _, c := range []struct {
		name, code, detail string
		doc                func(s *scene) status.Document
	}{
		{"not there", "status.list.unavailable", "404", nil},
		{"empty", "status.list.format", "", func(*scene) status.Document { return status.Document{} }},
		{"unknown media type", "status.list.format", "", func(s *scene) status.Document { return status.Document{MediaType: "text/html", Bytes: s.token(nil)} }},
		{"nonsense", "status.list.refused", "status.token.syntax", func(*scene) status.Document { return status.Document{Bytes: []byte("<html>")} }},
		{"too large", "status.list.size", "", func(*scene) status.Document {
			return status.Document{MediaType: "statuslist+jwt", Bytes: make([]byte, status.DefaultMaxDocument+1)}
		}},
		{"signature changed", "status.list.refused", "vc.signature.invalid", func(s *scene) status.Document {
			b := s.token(nil)
			changeLetter(b[len(b)-10:])
			return status.Document{MediaType: "statuslist+jwt", Bytes: b}
		}},
		{"a credential with the signature changed", "status.list.refused", "vc.signature.invalid", func(s *scene) status.Document {
			b := s.bitstring(nil, nil)
			changeLetter(b[len(b)-10:])
			return status.Document{MediaType: "vc+jwt", Bytes: b}
		}},
		{"another list of the issuer", "status.list.foreign", "", token(func(l *status.TokenList) { l.URI += "0" })},
		{"another list by case", "status.list.foreign", "", token(func(l *status.TokenList) { l.URI = "https://LISTS.example/1" })},
		{"another credential of the issuer", "status.list.foreign", "", bitstring(func(l *status.BitstringList) { l.URL += "0" }, nil)},
		{"a credential without id", "status.list.foreign", "", bitstring(nil, func(m map[string]any) { delete(m, "id") })},
		{"expired", "status.list.expired", "", token(func(l *status.TokenList) { l.IssuedAt, l.Expires = now.Add(-2*time.Hour), now })},
		{"validUntil past", "status.list.expired", "", bitstring(func(l *status.BitstringList) { l.ValidUntil = now.Add(-time.Minute) }, nil)},
		{"of the future", "status.list.future", "", token(func(l *status.TokenList) { l.IssuedAt = now.Add(time.Hour) })},
		{"nbf to come", "status.list.future", "", token(func(l *status.TokenList) { l.NotBefore = now.Add(time.Hour) })},
		{"validFrom to come", "status.list.future", "", bitstring(func(l *status.BitstringList) { l.ValidFrom = now.Add(time.Hour) }, nil)},
		{"old and without an end", "status.list.stale", "", token(func(l *status.TokenList) { l.IssuedAt, l.Expires = now.Add(-25*time.Hour), time.Time{} })},
		{"a credential for a Token Status List", "status.list.format", "", bitstring(nil, nil)},
		{"short", "status.list.short", "", bitstring(nil, func(m map[string]any) {
			subject(m)["encodedList"] = bitstringOf(gzipped(make([]byte, status.MinEntries/8-1)))
		})},
		{"cut off", "status.list.refused", "damaged", bitstring(nil, func(m map[string]any) {
			g := gzipped(make([]byte, status.MinEntries/8))
			subject(m)["encodedList"] = bitstringOf(g[:len(g)-1])
		})},
		{"a bomb", "status.list.refused", "limit", bitstring(nil, func(m map[string]any) {
			subject(m)["encodedList"] = bitstringOf(bomb(gzipHeader, 64))
		})},
		{"a list with a status of its own", "status.list.refused", "vc.status.unchecked", bitstring(nil, func(m map[string]any) {
			e, err := status.BitstringEntry{List: listURI + "0", Purpose: status.Revocation}.Claim()
			if err != nil {
				t.Fatal(err)
			}
			m["credentialStatus"] = e
		})},
		{"a credential that is no list", "status.list.refused", "vc.type.notaccepted", bitstring(nil, func(m map[string]any) {
			m["type"] = []any{"VerifiableCredential"}
			m["@context"] = []any{"https://www.w3.org/ns/credentials/v2"}
		})},
		{"a subject that is no list", "status.list.refused", "status.bitstring.claims", bitstring(nil, func(m map[string]any) { subject(m)["type"] = "BitstringStatusListEntry" })},
		{"two subjects", "status.list.refused", "status.bitstring.claims", bitstring(nil, func(m map[string]any) { m["credentialSubject"] = []any{subject(m), subject(m)} })},
		{"no purpose", "status.list.refused", "status.bitstring.claims", bitstring(nil, func(m map[string]any) { delete(subject(m), "statusPurpose") })},
		{"purpose is a number", "status.list.refused", "status.bitstring.claims", bitstring(nil, func(m map[string]any) { subject(m)["statusPurpose"] = json.Number("1") })},
		{"an empty purpose among others", "status.list.refused", "status.bitstring.claims", bitstring(nil, func(m map[string]any) { subject(m)["statusPurpose"] = []any{"revocation", ""} })},
		{"no list", "status.list.refused", "status.bitstring.claims", bitstring(nil, func(m map[string]any) { delete(subject(m), "encodedList") })},
		{"ttl is a text", "status.list.refused", "status.bitstring.claims", bitstring(nil, func(m map[string]any) { subject(m)["ttl"] = "600000" })},
		{"ttl below 0", "status.list.refused", "status.bitstring.claims", bitstring(nil, func(m map[string]any) { subject(m)["ttl"] = json.Number("-1") })},
		{"statusSize 0", "status.list.refused", "status.bitstring.claims", bitstring(nil, func(m map[string]any) { subject(m)["statusSize"] = json.Number("0") })},
		{"statusSize 9", "status.list.refused", "status.bitstring.claims", bitstring(nil, func(m map[string]any) { subject(m)["statusSize"] = json.Number("9") })},
		{"messages for half of the values", "status.list.refused", "status.bitstring.claims", bitstring(nil, func(m map[string]any) {
			subject(m)["statusMessages"] = []any{map[string]any{"status": "0x0", "message": "a"}}
		})},
		{"a message twice", "status.list.refused", "status.bitstring.claims", bitstring(nil, func(m map[string]any) {
			a, b := map[string]any{"status": "0x0", "message": "a"}, map[string]any{"status": "0x1", "message": "b"}
			subject(m)["statusMessages"] = []any{a, b, a}
		})},
		{"a message for no number", "status.list.refused", "status.bitstring.claims", bitstring(nil, func(m map[string]any) {
			subject(m)["statusMessages"] = []any{map[string]any{"status": "0x0", "message": "a"}, map[string]any{"status": "1", "message": "b"}}
		})},
		{"encodedList of another multibase", "status.list.refused", "base64url", bitstring(nil, func(m map[string]any) {
			subject(m)["encodedList"] = "z" + subject(m)["encodedList"].(string)[1:]
		})},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			if c.doc != nil {
				s.docs[listURI] = c.doc(s)
			}
			ask := func() error {
				var err error
				if isToken := s.docs[listURI].MediaType != "vc+jwt" || strings.Contains(c.name, "for a Token"); isToken {
					_, err = s.askToken(1)
				} else {
					_, err = s.askBitstring(7, status.Revocation)
				}
				return err
			}
			err := ask()
			want(t, c.name, err, c.code)
			if err != nil && !strings.Contains(err.Error(), c.detail) {
				t.Errorf("got %v, want a detail with %q", err, c.detail)
			}
			n := s.fetches.Load()
			if ask(); s.fetches.Load() != n { // not again for the next credential
				t.Error("the list was fetched again at once")
			}
		})
	}
}

// changeLetter makes another letter of the first one.
func changeLetter(b []byte) {
	if b[0] == 'A' {
		b[0] = 'B'
	} else {
		b[0] = 'A'
	}
}

func TestIssuerOfLists(t *testing.T) {
	byOther := func(s *scene) []byte {
		b, err := status.IssueToken(t.Context(), s.issuer(other.WithFragment("key")), &status.TokenList{URI: listURI, IssuedAt: now, Expires: now.Add(time.Hour), Bits: bits(t, lsb, 1, 0)})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	s := newScene(t)
	s.docs[listURI] = status.Document{Bytes: byOther(s)}
	_, err := s.askToken(0)
	want(t, "list of another issuer", err, "status.list.issuer")

	s = newScene(t)
	s.opt.Delegates = map[string][]string{authority.String(): {other.String()}}
	s.docs[listURI] = status.Document{Bytes: byOther(s)}
	if _, err := s.askToken(0); err != nil {
		t.Errorf("list of a delegate: got %v", err)
	}
	_, err = s.ask(vc.StatusQuery{Issuer: "did:example:third", Reference: vc.StatusReference{Mechanism: vc.TokenStatusList}})
	want(t, "a third issuer's credential", err, "status.list.issuer")
	s.docs[listURI] = status.Document{Bytes: s.token(nil)}
	s.lists = nil
	if _, err := s.askToken(0); err != nil {
		t.Errorf("the issuer's own list beside a delegate: got %v", err)
	}

	// A key of the issuer that is not for assertions, and one that the kid does not name.
	s = newScene(t)
	b, err := status.IssueToken(t.Context(), s.issuer(authority.WithFragment("login")), &status.TokenList{URI: listURI, IssuedAt: now, Expires: now.Add(time.Hour), Bits: bits(t, lsb, 1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	s.docs[listURI] = status.Document{Bytes: b}
	_, err = s.askToken(0)
	want(t, "a key for authentication", err, "status.list.refused")

	s = newScene(t)
	b, err = status.IssueToken(t.Context(), status.Issuer{Signer: s.signers[other.WithFragment("key")], Method: authority.WithFragment("lists")},
		&status.TokenList{URI: listURI, IssuedAt: now, Expires: now.Add(time.Hour), Bits: bits(t, lsb, 1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	s.docs[listURI] = status.Document{Bytes: b}
	_, err = s.askToken(0)
	want(t, "another's key under the issuer's name", err, "status.list.refused")

	s = newScene(t)
	s.serveToken(nil)
	_, err = s.ask(vc.StatusQuery{Issuer: "https://issuer.example", Reference: vc.StatusReference{Mechanism: vc.TokenStatusList}})
	want(t, "no policy for an issuer without a DID", err, "status.list.issuer")
	if s.fetches.Load() != 1 {
		t.Errorf("got %d fetches", s.fetches.Load())
	}
}

// TestExpectIsNarrowed: what a policy for lists says of issuers, types and statuses does not count.
func TestExpectIsNarrowed(t *testing.T) {
	wide := vc.Expect{
		Issuers: []did.DID{other}, InsecureAnyIssuer: true, InsecureAnyType: true, InsecureIgnoreStatus: true, MediaTypes: []string{"dc+sd-jwt"},
		Audience: "somebody", Nonce: "n",
	}
	s := newScene(t)
	s.opt.Expect = wide
	s.serveToken(nil)
	if _, err := s.askToken(0); err != nil {
		t.Errorf("got %v", err)
	}
	s.lists = nil
	b, err := status.IssueToken(t.Context(), s.issuer(other.WithFragment("key")), &status.TokenList{URI: listURI, IssuedAt: now, Expires: now.Add(time.Hour), Bits: bits(t, lsb, 1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	s.docs[listURI] = status.Document{Bytes: b}
	_, err = s.askToken(0)
	want(t, "list of another issuer", err, "status.list.issuer")
	s.lists = nil
	s.serveBitstring(nil, func(m map[string]any) {
		if m["credentialStatus"], err = (status.BitstringEntry{List: listURI + "0", Purpose: status.Revocation}).Claim(); err != nil {
			t.Fatal(err)
		}
	})
	_, err = s.askBitstring(0, status.Revocation)
	want(t, "a list with a status", err, "status.list.refused")
	s.lists = nil
	s.serveBitstring(nil, func(m map[string]any) { m["type"] = []any{"VerifiableCredential"} })
	_, err = s.askBitstring(0, status.Revocation)
	want(t, "a credential that is no list", err, "status.list.refused")
}

// TestCertificates: an issuer with certificates signs lists for its own credentials and for no other's.
func TestCertificates(t *testing.T) {
	s := newScene(t)
	root, rootKey := certificate(t, "root", nil, nil)
	s.opt.Expect.Certificates = &vc.CertificatePolicy{Roots: x509.NewCertPool(), Issuers: []string{"https://a.example", "https://b.example"}}
	s.opt.Expect.Certificates.Roots.AddCert(root)
	leaf, leafKey := certificate(t, "https://a.example", root, rootKey)
	signer, err := keys.FromStandard(leafKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	secret, err := leafKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	k, err := keys.NewPrivateKey(keys.P256, secret)
	if err != nil || !k.Public().Equal(signer) {
		t.Fatal(err)
	}
	issue := map[string]func(context.Context, status.Issuer, *status.TokenList) ([]byte, error){"statuslist+jwt": status.IssueToken, "statuslist+cwt": cwt.Issue}
	for media, sign := range issue {
		b, err := sign(t.Context(), status.Issuer{Signer: k, Chain: []*x509.Certificate{leaf}}, &status.TokenList{URI: listURI, IssuedAt: now, Expires: now.Add(time.Hour), Bits: bits(t, lsb, 1, 1)})
		if err != nil {
			t.Fatal(err)
		}
		s.lists, s.docs[listURI] = nil, status.Document{MediaType: media, Bytes: b}
		q := vc.StatusQuery{Issuer: "https://a.example", Reference: vc.StatusReference{Mechanism: vc.TokenStatusList}}
		if e, err := s.ask(q); err != nil || e.Meaning != vc.StatusRevoked {
			t.Errorf("%s: got %v, %v", media, e.Meaning, err)
		}
		q.Issuer = "https://b.example"
		_, err = s.ask(q)
		want(t, media+" for another issuer", err, "status.list.issuer")
	}
}

// certificate makes one for a URI, signed by a root or, without, by itself.
func certificate(t *testing.T, name string, root *x509.Certificate, rootKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
	if root == nil {
		root, rootKey, c.IsCA, c.KeyUsage = c, k, true, x509.KeyUsageCertSign
	} else {
		u, err := url.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		c.URIs = []*url.URL{u}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, root, k.Public(), rootKey)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return c, k
}

func TestPinnedIssuer(t *testing.T) {
	s := newScene(t)
	k := s.signers[other.WithFragment("key")]
	const issuer = "https://issuer.example"
	s.opt.Expect.PinnedKeys = []vc.PinnedKey{{Issuer: "https://third.example", Key: s.signers[authority.WithFragment("lists")].Public()}, {Issuer: issuer, Key: k.Public()}}
	sign := func(claims string) {
		s.lists = nil
		s.docs[listURI] = status.Document{Bytes: signToken(t, k, `"kid":"12"`, claims)}
	}
	const rest = `"sub":"https://lists.example/1","iat":1793534400,"exp":1793538000,"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ"}}`
	q := vc.StatusQuery{Issuer: issuer, Reference: vc.StatusReference{Mechanism: vc.TokenStatusList}}
	sign(`{` + rest) // no iss, which is not demanded
	if e, err := s.ask(q); err != nil || e.Meaning != vc.StatusRevoked {
		t.Errorf("no iss: got %v, %v", e.Meaning, err)
	}
	sign(`{"iss":"https://issuer.example",` + rest)
	if _, err := s.ask(q); err != nil {
		t.Errorf("iss: got %v", err)
	}
	sign(`{"iss":"https://third.example",` + rest)
	_, err := s.ask(q)
	want(t, "iss of a third", err, "status.list.issuer")
	sign(`{` + rest)
	q.Issuer = "https://third.example"
	_, err = s.ask(q)
	want(t, "another issuer's key", err, "status.list.refused")
}

func TestCWT(t *testing.T) {
	s := newScene(t)
	b, err := cwt.Issue(t.Context(), s.issuer(authority.WithFragment("lists")), &status.TokenList{
		URI: listURI, IssuedAt: now, Expires: now.Add(time.Hour), TTL: time.Minute, Bits: bits(t, lsb, 2, 0xe4),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, media := range []string{"application/statuslist+cwt", "statuslist+cwt", "application/cwt", ""} {
		s.lists = nil
		s.docs[listURI] = status.Document{MediaType: media, Bytes: b}
		if e, err := s.askToken(2); err != nil || e.Meaning != vc.StatusSuspended {
			t.Errorf("%q: got %v, %v", media, e.Meaning, err)
		}
	}
	s.lists, s.opt.Formats = nil, nil
	_, err = s.askToken(2)
	want(t, "no reader for it", err, "status.list.format")
}

func TestMediaTypes(t *testing.T) {
	s := newScene(t)
	for _, media := range []string{"", "application/statuslist+jwt", "Application/StatusList+JWT; charset=utf-8", "application/jwt", "application/json", "text/plain; charset=utf-8"} {
		s.lists = nil
		s.docs[listURI] = status.Document{MediaType: media, Bytes: s.token(nil)}
		if _, err := s.askToken(0); err != nil {
			t.Errorf("%q: got %v", media, err)
		}
	}
	for _, media := range []string{"application/vc+jwt", "application/jwt", ""} {
		s.lists = nil
		s.docs[listURI] = status.Document{MediaType: media, Bytes: s.bitstring(nil, nil)}
		if _, err := s.askBitstring(0, status.Revocation); err != nil {
			t.Errorf("%q: got %v", media, err)
		}
	}
	s.lists = nil
	s.docs[listURI] = status.Document{MediaType: "application/json", Bytes: []byte(`{"proof":1}`)}
	_, err := s.askBitstring(0, status.Revocation)
	want(t, "a JSON object without a reader for Data Integrity", err, "status.list.format")
	s.lists = nil
	s.fetch = func(_ context.Context, r status.Request) (status.Document, error) {
		if strings.Join(r.MediaTypes, " ") != "statuslist+jwt statuslist+cwt vc+jwt" || r.MaxBytes != status.DefaultMaxDocument || r.URI != listURI {
			t.Errorf("got request %+v", r)
		}
		return status.Document{}, errors.New("no")
	}
	s.askToken(0)
}

func TestCompromisedListKey(t *testing.T) {
	s := newScene(t)
	s.serveToken(nil)
	s.keys[authority.WithFragment("lists")].Status = did.KeyCompromised
	_, err := s.askToken(0)
	want(t, "a compromised key", err, "status.list.refused")
}
