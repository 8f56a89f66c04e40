package realperson

import (
	"bytes"
	"testing"
)

// seeds are messages of every kind, for fuzz targets to change.
func seeds(tb testing.TB) (requests, responses, credentials [][]byte) {
	city := newTown(tb)
	p, alice := city.platform(tb), city.wallet(tb)
	for _, a := range actions {
		opt := &RequestOptions{Session: []byte("cookie")}
		if a == ActionUseScope {
			opt.Scope = &Scope{Name: "vote", Limit: 2}
		}
		b, err := p.Request(tb.Context(), a, opt)
		fatal(tb, err)
		requests = append(requests, b)
		r, err := alice.wallet.Authenticate(tb.Context(), b, city.keys)
		fatal(tb, err)
		if b, err = respond(tb.Context(), alice.wallet, r, Policy{}); err != nil {
			tb.Fatal(err)
		}
		responses = append(responses, b)
		if a.provesPerson() {
			credentials = append(credentials, encodeJSON(tb, credentialOf(payload(tb, b))))
		}
	}
	return requests, responses, credentials
}

// FuzzParseRequest: whatever is a request says who signs it, lives for some time and not for long, and asks for single claims.
func FuzzParseRequest(f *testing.F) {
	requests, responses, _ := seeds(f)
	for _, b := range append(requests, responses[0]) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRequest(bytes.Clone(b))
		if err != nil {
			return
		}
		if r.method.DID() != r.platform || !r.expires.After(r.issued) || r.expires.Sub(r.issued) > maxRequestAge || r.endpoint == "" {
			t.Error("a request that should be none")
		}
		for _, p := range r.reveal {
			if _, ok := claimOf(p); !ok {
				t.Errorf("reveals %q", p)
			}
		}
		if (r.scope != nil) != (r.action == ActionUseScope) || r.scope != nil && r.scope.Check() != nil {
			t.Error("a scope that is none")
		}
	})
}

// FuzzParseResponse: whatever is a response has what its action needs, and parses again as it was.
func FuzzParseResponse(f *testing.F) {
	requests, responses, _ := seeds(f)
	for _, b := range append(responses, requests[0]) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseResponse(bytes.Clone(b))
		if err != nil {
			return
		}
		if r.action.provesPerson() != (r.credential != nil) || r.method.DID() != r.holder {
			t.Error("a response that should be none")
		}
		if r.scope != nil && (r.index < 0 || r.index >= r.scope.Limit) {
			t.Error("an index that the scope does not have")
		}
		_, _ = parseConsent(r.consent)
		if r.credential != nil {
			_, _ = readShown(r.credential)
		}
	})
}

// FuzzReadShown: whatever is a credential to be shown has no member but those of the profile.
func FuzzReadShown(f *testing.F) {
	_, _, credentials := seeds(f)
	for _, b := range credentials {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := readShown(bytes.Clone(b))
		if err != nil {
			return
		}
		m := decodeJSON(t, b)
		if len(m) != 8 || len(proofOf(m)) != 5 || len(subject(m)) != 2+len(c.subject) || subject(m)["id"] != HolderID || m["id"] != CredentialID {
			t.Error("a credential that should be none")
		}
	})
}

// FuzzParseConsent: whatever is a consent names who signs it.
func FuzzParseConsent(f *testing.F) {
	_, responses, _ := seeds(f)
	for _, b := range responses {
		if c, ok := payload(f, b)["consent"].(string); ok {
			f.Add([]byte(c))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := parseConsent(bytes.Clone(b)); err == nil && (c.method.DID() != c.holder || c.next.IsZero() || c.nonce == "") {
			t.Error("a consent that should be none")
		}
	})
}

// FuzzParseAccountState: whatever is an entry is written again as it was read.
func FuzzParseAccountState(f *testing.F) {
	s := &accountState{
		holder: keyNamed("a"), created: day(1), updated: day(2), highest: week(1), vetoed: week(0),
		reports: []theftReport{{keyNamed("b"), day(1), week(0)}},
	}
	for _, a := range []Action{ActionSignUp, ActionVeto} {
		b, err := s.encode(a, "n")
		fatal(f, err)
		f.Add(b)
		s = &accountState{holder: keyNamed("a"), created: day(1), updated: day(1)}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseAccountState(bytes.Clone(b))
		if err != nil {
			return
		}
		again, err := s.encode(ActionVeto, "n")
		fatal(t, err)
		if u, err := parseAccountState(again); err != nil || !u.same(s) {
			t.Error("another state")
		}
	})
}

// FuzzNonce: no text but one that was made is a nonce.
func FuzzNonce(f *testing.F) {
	n := newNonces(make([]byte, nonceSecretSize), nil)
	about := (&asked{action: ActionSignUp}).hash(keyNamed("platform"))
	other := newNonces(append(make([]byte, nonceSecretSize-1), 1), nil)
	f.Add(other.make(about, day(9)))
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := n.check(s, about, day(1)); err == nil {
			t.Error("accepted")
		}
	})
}
