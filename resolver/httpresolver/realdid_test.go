package httpresolver_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/httpdriver"
)

// TestReplayOverHTTP resolves an identity of did:realdid through a server that is not trusted: the operations travel with the
// answer and are replayed here. A server that changes a byte of them is caught; one that leaves them out is not believed.
func TestReplayOverHTTP(t *testing.T) {
	clock := func() time.Time { return noon }
	m, err := realdid.New(memledger.New(realdid.Reducer(), &memledger.Options{Clock: clock}), &realdid.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	key := func() *keys.PrivateKey {
		k, err := keys.Generate(keys.Ed25519)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	phone, next := key(), key()
	content := func(fragment string) realdid.Content {
		return realdid.Content{VerificationMethods: []realdid.VerificationMethod{{Fragment: fragment, Key: key().Public(), Purposes: did.Authentication}}}
	}
	me, err := m.Create(t.Context(), &realdid.CreateRequest{
		Control: realdid.OneKey(phone.Public()), Next: realdid.SHA256.Commit(next.Public()), Document: content("one"),
	}, phone)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Update(t.Context(), me.DID, content("two"), phone); err != nil {
		t.Fatal(err)
	}
	v, err := realdid.NewVerifier(nil, &realdid.VerifierOptions{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	verifiers := map[string]did.Verifier{"realdid": v}
	h, err := httpdriver.New(m, nil) // the method is the resolver and the prover
	if err != nil {
		t.Fatal(err)
	}

	res, err := serve(t, h, verifiers, nil).Resolve(t.Context(), me.DID, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.Resolve(t.Context(), me.DID, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !res.Evidence.Replayed || res.Evidence.Latest || !bytes.Equal(res.Document.Canonical(), want.Document.Canonical()) || res.Metadata.VersionID != want.Metadata.VersionID {
		t.Errorf("got %+v, want what the method says, replayed and not latest: nobody cosigned", res)
	}
	if len(res.Removed) != 1 || res.Removed[0].ID.Fragment() != "one" {
		t.Errorf("removed: got %+v", res.Removed)
	}

	tamper := func(change func([]byte) []byte) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
			w.WriteHeader(rec.Code)
			_, _ = w.Write(change(rec.Body.Bytes()))
		})
	}
	flipped := tamper(func(b []byte) []byte {
		at := bytes.Index(b, []byte(`"proofValue":"u`)) + len(`"proofValue":"u`) + 200
		b[at] ^= 'A' ^ 'B'
		return b
	})
	if res, err := serve(t, flipped, verifiers, nil).Resolve(t.Context(), me.DID, nil); err == nil {
		t.Errorf("a changed operation: got %+v, want an error", res)
	}
	stripped := tamper(func(b []byte) []byte {
		return bytes.Replace(b, []byte(`"proof":[`), []byte(`"other":[`), 1)
	})
	if res, err := serve(t, stripped, verifiers, nil).Resolve(t.Context(), me.DID, nil); err != nil || res.Evidence.Replayed || !res.Evidence.AsOf.IsZero() {
		t.Errorf("a proof left out: got %+v, %v, want an empty evidence", res, err)
	}
}
