package envelopetest

import (
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm"
)

// TestSplit verifies each of several credentials, one of them of a format that another package reads.
func (f *Format) TestSplit(t *testing.T) {
	p := NewParties(t, keys.P256)
	first, second := f.issue(t, p, IssueOptions{}), f.issue(t, p, IssueOptions{Holder: p.Method})
	all := []Enveloped{first, second, f.other(second.Bytes())}
	pres, err := f.PresentAll(t.Context(), p.Holder, all, p.Options())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Verify(t, pres); vc.Code(err) != f.Name+".vp.count" {
		t.Errorf("three at once: got %v", err)
	}
	formats := map[string]func([]byte) vc.Presentation{"vc+other": func(b []byte) vc.Presentation { return f.other(b) }}
	parts, err := f.Split(pres.Bytes(), formats)
	if err != nil || len(parts) != 3 {
		t.Fatalf("got %d, %v", len(parts), err)
	}
	e := p.Setting.Expect.Policy(t)
	e.MediaTypes = []string{f.MediaType, "vc+other"}
	for i, part := range parts {
		got, _, err := p.Verifier.Verify(t.Context(), part, e)
		if err != nil {
			t.Errorf("credential %d: %v", i, err)
		} else if (i == 2) != (got.MediaType == "vc+other") {
			t.Errorf("credential %d: got media type %s", i, got.MediaType)
		}
	}
	if parts, err = f.Split(pres.Bytes(), nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Verifier.Verify(t.Context(), parts[2], e); vc.Code(err) != f.Name+".vp.format" {
		t.Errorf("a format that is not known: got %v", err)
	}
	none, err := f.SignPresentation(t.Context(), p.Holder,
		[]byte(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"]}`), &SignOptions{Method: p.Method})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Split(none.Bytes(), nil); vc.Code(err) != f.Name+".vp.count" {
		t.Errorf("no credential: got %v", err)
	}
	if _, err := f.Split(first.Bytes(), nil); vc.Code(err) != f.Name+".header.typ" {
		t.Errorf("a credential alone: got %v", err)
	}
}

// other returns a credential of another format: the token of a credential with another name.
func (f *Format) other(token []byte) other { return other{f.Received(token), "vc+other"} }

type other struct {
	Presentation
	mediaType string
}

func (o other) Envelope() *vcdm.Envelope {
	return &vcdm.Envelope{MediaType: o.mediaType, Data: o.Bytes()}
}

func (o other) Open() (vc.Parsed, error) {
	p, err := o.Presentation.Open()
	return renamed{p, o.mediaType}, err
}

type renamed struct {
	vc.Parsed
	mediaType string
}

func (r renamed) MediaType() string { return r.mediaType }
