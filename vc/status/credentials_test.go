package status_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/cose"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/sdjwt"
	"github.com/realdid/realdid/vc/status"
)

// w3cFormats issue and read W3C credentials, and lists that are such.
var w3cFormats = map[string]struct {
	issue    func(ctx context.Context, k keys.Signer, method did.URL, m map[string]any) ([]byte, error)
	received func(b []byte) vc.Presentation
}{
	"vc": {
		func(ctx context.Context, k keys.Signer, method did.URL, m map[string]any) ([]byte, error) {
			c, err := dataintegrity.Issue(ctx, dataintegrity.Issuer{Signer: k, Method: method}, m, &dataintegrity.IssueOptions{Created: now})
			if err != nil {
				return nil, err
			}
			return c.Bytes(), nil
		},
		func(b []byte) vc.Presentation { return dataintegrity.Received(b, nil) },
	},
	"vc+jwt": {
		func(ctx context.Context, k keys.Signer, method did.URL, m map[string]any) ([]byte, error) {
			c, err := jose.Issue(ctx, jose.Issuer{Signer: k, Method: method}, m, &jose.IssueOptions{IssuedAt: now})
			if err != nil {
				return nil, err
			}
			return c.Bytes(), nil
		},
		func(b []byte) vc.Presentation { return jose.Received(b, nil) },
	},
	"vc+cose": {
		func(ctx context.Context, k keys.Signer, method did.URL, m map[string]any) ([]byte, error) {
			c, err := cose.Issue(ctx, cose.Issuer{Signer: k, Method: method}, m, &cose.IssueOptions{IssuedAt: now})
			if err != nil {
				return nil, err
			}
			return c.Bytes(), nil
		},
		func(b []byte) vc.Presentation { return cose.Received(b, nil) },
	},
}

// TestW3CCredentials issues credentials that can be revoked and suspended, in every format, with lists of every format, and the credential and
// the lists signed by different keys of one issuer.
func TestW3CCredentials(t *testing.T) {
	credentialKey, listKey := authority.WithFragment("credentials"), authority.WithFragment("lists")
	for credentialFormat, cf := range w3cFormats {
		for listFormat, lf := range w3cFormats {
			s := newScene(t)
			s.opt.Formats = map[string]func([]byte) vc.Presentation{}
			for media, f := range w3cFormats {
				s.opt.Formats[media] = f.received
			}
			publish := func(uri, purpose string, set ...uint64) {
				t.Helper()
				l := &status.BitstringList{URL: uri, Purposes: []string{purpose}, ValidFrom: now, ValidUntil: now.Add(time.Hour), TTL: time.Minute, Bits: minimal(t, 1)}
				for _, i := range set {
					l.Bits.Set(i, 1)
				}
				m, err := l.Credential(authority.String())
				if err != nil {
					t.Fatal(err)
				}
				b, err := lf.issue(t.Context(), s.signers[listKey], listKey, m)
				if err != nil {
					t.Fatal(listFormat, err)
				}
				s.docs[uri] = status.Document{MediaType: "application/" + listFormat, Bytes: b}
			}
			const revocations, suspensions = "https://lists.example/revocation", "https://lists.example/suspension"
			publish(revocations, status.Revocation, 1)
			publish(suspensions, status.Suspension, 2)
			verify := func(revocation, suspension uint64, entries ...map[string]any) (*vc.Report, error) {
				t.Helper()
				var list []any
				for _, e := range []status.BitstringEntry{{List: suspensions, Index: suspension, Purpose: status.Suspension}, {List: revocations, Index: revocation, Purpose: status.Revocation}} {
					m, err := e.Claim()
					if err != nil {
						t.Fatal(err)
					}
					list = append(list, m)
				}
				for _, e := range entries {
					list = append(list, e)
				}
				b, err := cf.issue(t.Context(), s.signers[credentialKey], credentialKey, map[string]any{
					"@context": []any{"https://www.w3.org/ns/credentials/v2"}, "type": []any{"VerifiableCredential"}, "issuer": authority.String(),
					"credentialSubject": map[string]any{"id": "did:example:holder"}, "credentialStatus": list,
				})
				if err != nil {
					t.Fatal(credentialFormat, err)
				}
				if s.lists == nil {
					s.lists = status.NewLists(s.verifier(), s, &s.opt)
				}
				_, report, err := s.verifier().Verify(t.Context(), cf.received(b), &vc.Expect{
					Issuers: []did.DID{authority}, Types: []string{"VerifiableCredential"}, InsecureNoHolderBinding: true, StatusLists: s.lists,
				})
				return report, err
			}
			name := credentialFormat + " with lists in " + listFormat
			if report, err := verify(0, 0); err != nil || len(report.Status) != 2 {
				t.Errorf("%s: got %v", name, err)
			}
			if _, err := verify(1, 0); vc.Code(err) != "vc.status.revoked" {
				t.Errorf("%s: got %v, want vc.status.revoked", name, err)
			}
			if _, err := verify(0, 2); vc.Code(err) != "vc.status.suspended" {
				t.Errorf("%s: got %v, want vc.status.suspended", name, err)
			}
			if _, err := verify(0, status.MinEntries); vc.Code(err) != "status.index" {
				t.Errorf("%s: got %v, want status.index", name, err)
			}
			if n := s.fetches.Load(); n != 2 {
				t.Errorf("%s: got %d fetches for 4 credentials, want 2", name, n)
			}
			delete(s.docs, revocations)
			s.lists = nil
			if _, err := verify(0, 2); vc.Code(err) != "vc.status.suspended" { // known, whatever the other list would say
				t.Errorf("%s: got %v, want vc.status.suspended", name, err)
			}
			if _, err := verify(0, 0); vc.Code(err) != "status.list.unavailable" {
				t.Errorf("%s: got %v, want status.list.unavailable", name, err)
			}
		}
	}
}

// TestMessageList: a list with messages goes into every format.
func TestMessageList(t *testing.T) {
	method := authority.WithFragment("lists")
	for media, f := range w3cFormats {
		s := newScene(t)
		s.opt.Formats = map[string]func([]byte) vc.Presentation{media: f.received}
		l := &status.BitstringList{
			URL: listURI, Purposes: []string{status.Message}, ValidFrom: now, ValidUntil: now.Add(time.Hour), Bits: minimal(t, 1),
			Messages: map[uint64]string{0: "here", 1: "there"},
		}
		l.Bits.Set(3, 1)
		m, err := l.Credential(authority.String())
		if err != nil {
			t.Fatal(err)
		}
		b, err := f.issue(t.Context(), s.signers[method], method, m)
		if err != nil {
			t.Fatal(media, err)
		}
		s.docs[listURI] = status.Document{MediaType: media, Bytes: b}
		if e, err := s.askBitstring(3, status.Message); err != nil || e.Message != "there" || e.Meaning != vc.StatusMessage {
			t.Errorf("%s: got %q, %v, %v", media, e.Message, e.Meaning, err)
		}
	}
}

// TestUndatedLists: a list that does not say when it was signed is as old as the beginning of its validity.
func TestUndatedLists(t *testing.T) {
	method := authority.WithFragment("lists")
	for name, c := range map[string]struct {
		from, until time.Time
		max         time.Duration
		want        string
	}{
		"an end":                       {time.Time{}, now.Add(time.Hour), 0, ""},
		"neither":                      {time.Time{}, time.Time{}, 0, "status.list.stale"},
		"neither, and a bound":         {time.Time{}, time.Time{}, 1000 * time.Hour, "status.list.stale"},
		"a beginning":                  {now.Add(-23 * time.Hour), time.Time{}, 0, ""},
		"a beginning long ago":         {now.Add(-25 * time.Hour), time.Time{}, 0, "status.list.stale"},
		"a beginning within the bound": {now.Add(-25 * time.Hour), time.Time{}, 26 * time.Hour, ""},
		"an end, and a bound":          {now.Add(-25 * time.Hour), now.Add(time.Hour), 24 * time.Hour, "status.list.stale"},
	} {
		s := newScene(t)
		s.opt.MaxListAge = c.max
		s.opt.Formats = map[string]func([]byte) vc.Presentation{"vc": w3cFormats["vc"].received}
		l := &status.BitstringList{URL: listURI, Purposes: []string{status.Revocation}, ValidFrom: c.from, ValidUntil: c.until, Bits: minimal(t, 1)}
		m, err := l.Credential(authority.String())
		if err != nil {
			t.Fatal(err)
		}
		signed, err := dataintegrity.Issue(t.Context(), dataintegrity.Issuer{Signer: s.signers[method], Method: method}, m, &dataintegrity.IssueOptions{Undated: true})
		if err != nil {
			t.Fatal(err)
		}
		s.docs[listURI] = status.Document{Bytes: signed.Bytes()}
		if _, err := s.askBitstring(0, status.Revocation); vc.Code(err) != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// TestSDJWT revokes an SD-JWT VC by a Token Status List.
func TestSDJWT(t *testing.T) {
	s := newScene(t)
	s.serveToken(nil)
	s.lists = status.NewLists(s.verifier(), s, &s.opt)
	method := authority.WithFragment("credentials")
	for index, want := range map[uint64]string{0: "", 1: "vc.status.revoked", 2: "vc.status.suspended", 3: "vc.status.other", 4: "", 16: "status.index"} {
		c, err := sdjwt.Issue(t.Context(), sdjwt.Issuer{Signer: s.signers[method], Method: method},
			map[string]any{"vct": "https://id.example/person", "status": status.TokenStatus(listURI, index)}, &sdjwt.IssueOptions{IssuedAt: now})
		if err != nil {
			t.Fatal(err)
		}
		_, report, err := s.verifier().Verify(t.Context(), sdjwt.Received(c.Bytes()), &vc.Expect{
			Issuers: []did.DID{authority}, Types: []string{"https://id.example/person"}, InsecureNoHolderBinding: true, StatusLists: s.lists,
		})
		if vc.Code(err) != want {
			t.Errorf("entry %d: got %v, want %q", index, err, want)
		}
		if want != "" {
			continue
		}
		b, err := json.Marshal(report)
		if err != nil || len(report.Status) != 1 || report.Status[0].ListIssuedAt.IsZero() {
			t.Errorf("entry %d: got %s, %v", index, b, err)
		}
	}
	if n := s.fetches.Load(); n != 1 {
		t.Errorf("got %d fetches, want 1", n)
	}
}
