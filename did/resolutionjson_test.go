package did_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

const resolutionDocument = `{"@context":["https://www.w3.org/ns/did/v1","https://w3id.org/security/multikey/v1"],` +
	`"authentication":["did:example:1#a"],"id":"did:example:1","verificationMethod":[{"controller":"did:example:1",` +
	`"id":"did:example:1#a","publicKeyMultibase":"z6MkmM42vxfqZQsv4ehtTjFFxQ4sQKS2w6WR7emozFAn5cxu","type":"Multikey"}]}`

// resolution returns an answer in which every field that JSON shows is set.
func resolution(tb testing.TB) *did.Resolution {
	tb.Helper()
	doc, err := did.ParseDocument([]byte(resolutionDocument))
	if err != nil {
		tb.Fatal(err)
	}
	at := func(day int) time.Time { return time.Date(2026, 3, day, 12, 0, 0, 0, time.UTC) }
	doc.VerificationMethod[0].Added = at(2)
	k, err := keys.ParseMultikey("z6MkmM42vxfqZQsv4ehtTjFFxQ4sQKS2w6WR7emozFAn5cxu")
	if err != nil {
		tb.Fatal(err)
	}
	old := did.VerificationMethod{
		ID: doc.ID.WithFragment("b"), Controller: doc.ID, Type: did.TypeMultikey, Key: k, Purposes: did.Authentication | did.AssertionMethod, Added: at(1),
	}
	stolen := old
	stolen.ID = doc.ID.WithFragment("c")
	return &did.Resolution{
		Document: doc,
		Metadata: did.DocumentMetadata{
			Created: at(1), Updated: at(2), NextUpdate: at(3), Deactivated: true, VersionID: "v2", NextVersionID: "v3",
			CanonicalID: "did:example:1", EquivalentID: []string{"did:example:1", "did:example:one"}, Extra: map[string]any{"facts": map[string]any{"quorum": json.Number("2")}},
		},
		Removed: []did.RemovedMethod{
			{VerificationMethod: old, Removed: at(2)},
			{VerificationMethod: stolen, Removed: at(2), Compromised: true, CompromisedSince: 7},
		},
		Evidence: did.Evidence{Replayed: true, Latest: true, AsOf: at(4), Cosigners: []did.Cosigner{{Name: "w.example", Role: "witness", Time: at(4)}}},
	}
}

func TestResolutionJSON(t *testing.T) {
	r := resolution(t)
	proof := []did.MethodProof{{Method: "example", Value: []byte{1, 2, 3}}}
	b, err := r.AppendJSON(nil, &did.ResultOptions{Context: did.ResolutionContext, ContentType: "application/did+ld+json", Proof: proof})
	if err != nil {
		t.Fatal(err)
	}
	const key = `"publicKeyMultibase":"z6MkmM42vxfqZQsv4ehtTjFFxQ4sQKS2w6WR7emozFAn5cxu"`
	want := `{"@context":"https://w3id.org/did-resolution/v1","didDocument":` + resolutionDocument + `,"didDocumentMetadata":{` +
		`"addedVerificationMethod":[{"added":"2026-03-02T12:00:00Z","id":"did:example:1#a"}],"canonicalId":"did:example:1",` +
		`"created":"2026-03-01T12:00:00Z","deactivated":true,"equivalentId":["did:example:1","did:example:one"],"facts":{"quorum":2},` +
		`"nextUpdate":"2026-03-03T12:00:00Z","nextVersionId":"v3","proof":[{"method":"example","proofValue":"uAQID","type":"MethodProof"}],` +
		`"removedVerificationMethod":[{"added":"2026-03-01T12:00:00Z","compromised":false,"controller":"did:example:1","id":"did:example:1#b",` +
		key + `,"purposes":"authentication,assertionMethod","removed":"2026-03-02T12:00:00Z","type":"Multikey"},` +
		`{"added":"2026-03-01T12:00:00Z","compromised":true,"compromisedSince":7,"controller":"did:example:1","id":"did:example:1#c",` +
		key + `,"purposes":"authentication,assertionMethod","removed":"2026-03-02T12:00:00Z","type":"Multikey"}],` +
		`"updated":"2026-03-02T12:00:00Z","versionId":"v2"},"didResolutionMetadata":{"contentType":"application/did+ld+json","evidence":{` +
		`"absent":false,"asOf":"2026-03-04T12:00:00Z","cosigners":[{"name":"w.example","role":"witness","time":"2026-03-04T12:00:00Z"}],` +
		`"genesisOnly":false,"included":false,"latest":true,"operatorTime":false,"replayed":true}}}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}

	got, proofs, err := did.ParseResolution(b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(proofs, proof) {
		t.Errorf("proofs: got %v, want %v", proofs, proof)
	}
	if !reflect.DeepEqual(got.Evidence, did.Evidence{}) {
		t.Errorf("evidence: got %+v, want none: an answer does not vouch for itself", got.Evidence)
	}
	if !reflect.DeepEqual(got.Metadata, r.Metadata) {
		t.Errorf("metadata: got %+v, want %+v", got.Metadata, r.Metadata)
	}
	got.Evidence = r.Evidence
	again, err := got.AppendJSON(nil, &did.ResultOptions{Context: did.ResolutionContext, ContentType: "application/did+ld+json", Proof: proofs})
	if err != nil || !bytes.Equal(again, b) {
		t.Errorf("written again: got %s, error %v", again, err)
	}
}

func TestResolutionJSONWithoutAnything(t *testing.T) {
	doc, err := did.ParseDocument([]byte(`{"id":"did:example:1"}`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(&did.Resolution{Document: doc})
	want := `{"didDocument":{"id":"did:example:1"},"didDocumentMetadata":{},"didResolutionMetadata":{"contentType":"application/did"}}`
	if err != nil || string(b) != want {
		t.Errorf("got %s, %v, want %s", b, err, want)
	}
	if _, err := (&did.Resolution{Document: doc, Metadata: did.DocumentMetadata{Extra: map[string]any{"f": func() {}}}}).AppendJSON(nil, nil); err == nil {
		t.Error("a fact that JSON cannot say: got no error")
	}
	b, err = (&did.Resolution{Document: doc, Metadata: did.DocumentMetadata{Extra: map[string]any{"deactivated": true, "proof": 1}}}).AppendJSON(nil, nil)
	if err != nil || string(b) != want {
		t.Errorf("facts under names of the text: got %s, %v, want %s", b, err, want)
	}
}

func TestErrorJSON(t *testing.T) {
	e := &did.Error{Code: did.NotFound, Detail: "no such \x01 thing", Err: did.ErrKeyNotFound}
	want := `{"didDocument":null,"didDocumentMetadata":{},"didResolutionMetadata":{"error":{"detail":"no such ? thing: no such verification method",` +
		`"status":404,"title":"Not found","type":"https://www.w3.org/ns/did#NOT_FOUND"}}}`
	if got := e.AppendJSON(nil); string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	hidden := &did.Error{Code: did.InternalError, Detail: "the source failed", Err: did.ErrKeyTime}
	if got := string(hidden.AppendProblem(nil)); strings.Contains(got, did.ErrKeyTime.Error()) || !strings.Contains(got, "the source failed") {
		t.Errorf("temporary: got %s, want the detail without the cause", got)
	}
	for _, code := range []did.ErrorCode{
		did.InvalidDID, did.InvalidDIDURL, did.InvalidOptions, did.NotFound, did.RepresentationNotSupported, did.MethodNotSupported,
		did.FeatureNotSupported, did.InvalidDIDDocument, did.InternalError, did.InvalidVerificationMethod, did.InvalidRelationship,
	} {
		_, _, err := did.ParseResolution((&did.Error{Code: code, Detail: "d"}).AppendJSON(nil))
		wantCode(t, string(code), err, code)
		if got := did.ParseProblem((&did.Error{Code: code}).AppendProblem(nil)); got.Code != code {
			t.Errorf("problem: got %s, want %s", got.Code, code)
		}
		old := `{"didDocument":null,"didDocumentMetadata":{},"didResolutionMetadata":{"error":"` + code.LegacyName() + `"}}`
		_, _, err = did.ParseResolution([]byte(old))
		wantCode(t, code.LegacyName(), err, code)
	}
	if got := did.InvalidDIDURL.LegacyName(); got != "invalidDidUrl" {
		t.Errorf("got %q, want invalidDidUrl", got)
	}
}

// TestParseResolutionRefuses changes one thing of a good result at a time.
func TestParseResolutionRefuses(t *testing.T) {
	good, err := resolution(t).AppendJSON(nil, &did.ResultOptions{Proof: []did.MethodProof{{Method: "example", Value: []byte{1}}}})
	if err != nil {
		t.Fatal(err)
	}
	for fault, c := range map[string]struct {
		old, replacement string
		code             did.ErrorCode
	}{
		"not JSON":                      {`{"didDocument"`, `{"didDocument`, did.InternalError},
		"a member twice":                {`"versionId":"v2"`, `"versionId":"v2","versionId":"v2"`, did.InternalError},
		"no document":                   {`"didDocument":{`, `"other":{`, did.InternalError},
		"no metadata of the document":   {`"didDocumentMetadata"`, `"other"`, did.InternalError},
		"no metadata of the resolution": {`"didResolutionMetadata"`, `"other"`, did.InternalError},
		"a document without id":         {`"id":"did:example:1","verif`, `"verif`, did.InvalidDIDDocument},
		"a time that is none":           {`"created":"2026`, `"created":"20a6`, did.InternalError},
		"versionId is a number":         {`"versionId":"v2"`, `"versionId":2`, did.InternalError},
		"deactivated is a string":       {`"deactivated":true`, `"deactivated":"true"`, did.InternalError},
		"equivalentId is a string":      {`["did:example:1","did:example:one"]`, `"did:example:1"`, did.InternalError},
		"proof is no set":               {`"proof":[`, `"proof":{"a":[`, did.InternalError},
		"proof without its multibase":   {`"uAQ"`, `"AQ"`, did.InternalError},
		"proof with loose bits":         {`"uAQ"`, `"uAR"`, did.InternalError},
		"proof without bytes":           {`"uAQ"`, `"u"`, did.InternalError},
		"proof without method":          {`"method":"example",`, ``, did.InternalError},
		"removed without a time":        {`"removed":"2026-03-02T12:00:00Z"`, `"removed":""`, did.InternalError},
		"removed with unknown purpose":  {`"authentication,assertionMethod"`, `"authentication,everything"`, did.InternalError},
		"removed with a purpose twice":  {`"authentication,assertionMethod"`, `"authentication,authentication"`, did.InternalError},
		"compromised without since":     {`"compromisedSince":7,`, ``, did.InternalError},
		"compromised since a fraction":  {`"compromisedSince":7`, `"compromisedSince":-7`, did.InternalError},
		"removed with a private key":    {`"compromised":false,`, `"compromised":false,"privateKeyJwk":{},`, did.InvalidDIDDocument},
		"added without a time":          {`"added":"2026-03-02T12:00:00Z","id"`, `"id"`, did.InternalError},
	} {
		bad := strings.Replace(string(good), c.old, c.replacement, 1)
		if fault == "proof is no set" {
			bad = strings.Replace(bad, `"type":"MethodProof"}]`, `"type":"MethodProof"}]}`, 1)
		}
		if bad == string(good) {
			t.Fatalf("%s: nothing was changed", fault)
		}
		_, _, err := did.ParseResolution([]byte(bad))
		wantCode(t, fault, err, c.code)
	}
	_, _, err = did.ParseResolution(bytes.Repeat([]byte(" "), did.MaxResolution+1))
	wantCode(t, "too long", err, did.InternalError)
}

func TestParseResolutionOfDeactivated(t *testing.T) {
	r, _, err := did.ParseResolution([]byte(`{"didDocument":null,"didDocumentMetadata":{"deactivated":true},"didResolutionMetadata":{}}`))
	if err != nil || !r.Metadata.Deactivated || !r.Document.ID.IsZero() {
		t.Errorf("without a document: got %+v, %v", r, err)
	}
	_, _, err = did.ParseResolution([]byte(`{"didDocument":null,"didDocumentMetadata":{"deactivated":false},"didResolutionMetadata":{}}`))
	wantCode(t, "no document", err, did.InternalError)
}

func TestParseResolutionPassesOver(t *testing.T) {
	_, proofs, err := did.ParseResolution([]byte(`{"didDocument":{"id":"did:example:1"},"didDocumentMetadata":{"proof":[{"type":"DataIntegrityProof"}]},` +
		`"didResolutionMetadata":{"evidence":{"latest":true},"error":null}}`))
	if err != nil || proofs != nil {
		t.Errorf("a proof of another type: got %v, %v, want it passed over", proofs, err)
	}
}

func FuzzParseResolution(f *testing.F) {
	good, err := resolution(f).AppendJSON(nil, &did.ResultOptions{Proof: []did.MethodProof{{Method: "example", Value: []byte{1}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add((&did.Error{Code: did.NotFound}).AppendJSON(nil))
	f.Add([]byte(`{"didDocument":null,"didDocumentMetadata":{"deactivated":true},"didResolutionMetadata":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, proofs, err := did.ParseResolution(b)
		if err != nil {
			if did.AsError(err) != err {
				t.Fatalf("got error %T, want *did.Error", err)
			}
			return
		}
		if r.Document.ID.IsZero() {
			if !r.Metadata.Deactivated {
				t.Fatal("no document, and not deactivated")
			}
			return
		}
		again, err := r.AppendJSON(nil, &did.ResultOptions{Proof: proofs})
		if err != nil {
			t.Fatal(err)
		}
		r2, _, err := did.ParseResolution(again)
		if err != nil {
			t.Fatalf("%v: %s", err, again)
		}
		third, err := r2.AppendJSON(nil, &did.ResultOptions{Proof: proofs})
		if err != nil || !bytes.Equal(again, third) {
			t.Fatalf("written twice: got %s, then %s", again, third)
		}
	})
}
