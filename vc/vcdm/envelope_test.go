package vcdm_test

import (
	"bytes"
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm"
)

func TestEnvelope(t *testing.T) {
	for _, c := range []struct {
		id, mediaType, data string
	}{
		{"data:application/vc+jwt,e30.e30.c2ln", "vc+jwt", "e30.e30.c2ln"},
		{"data:application/vc+jwt;base64url,e30.e30.c2ln", "vc+jwt", "e30.e30.c2ln"},
		{"data:application/vc+sd-jwt,e30.e30.c2ln%7eYQ~", "vc+sd-jwt", "e30.e30.c2ln~YQ~"},
		{"data:application/vc+cose;base64,0oRD+/8=", "vc+cose", "\xd2\x84\x43\xfb\xff"},
		{"data:application/vc+cose;base64,0oRD+/8\r\n", "vc+cose", "\xd2\x84\x43\xfb\xff"},
	} {
		_, _, base, _ := smallest()
		e, err := vcdm.ParseEnvelopedCredentialJSON(variant{"id": c.id}.of(base))
		if err != nil || e.MediaType != c.mediaType || string(e.Data) != c.data {
			t.Errorf("%s: got %+v, %v", c.id, e, err)
		}
	}
}

// TestEnvelopeRoundTrip writes envelopes and reads them again.
func TestEnvelopeRoundTrip(t *testing.T) {
	for _, data := range []string{"e30.e30.c2ln", "e30.e30.c2ln~YQ~", "\xd2\x84\x00", "100%", "a b", "a#b", "é", "=", "\n"} {
		in := &vcdm.Envelope{MediaType: "vp+x", Data: []byte(data)}
		for name, c := range map[string]struct {
			object map[string]any
			read   func([]byte) (*vcdm.Envelope, error)
		}{
			"credential":   {in.Credential(), vcdm.ParseEnvelopedCredentialJSON},
			"presentation": {in.Presentation(), vcdm.ParseEnvelopedPresentationJSON},
		} {
			b, err := strictjson.Canonical(c.object)
			if err != nil {
				t.Fatal(err)
			}
			out, err := c.read(b)
			if err != nil || out.MediaType != in.MediaType || !bytes.Equal(out.Data, in.Data) {
				t.Errorf("%s of %q: got %+v, %v", name, data, out, err)
			}
		}
	}
}

// TestEnvelopeKinds does not take one kind of envelope for the other.
func TestEnvelopeKinds(t *testing.T) {
	_, _, c, p := smallest()
	if _, err := vcdm.ParseEnvelopedPresentationJSON(variant{}.of(c)); err == nil {
		t.Error("got a presentation, want a refusal of the credential")
	}
	if _, err := vcdm.ParseEnvelopedCredentialJSON(variant{}.of(p)); err == nil {
		t.Error("got a credential, want a refusal of the presentation")
	}
}

func TestEnvelopeIsObject(t *testing.T) {
	for _, text := range []string{"[]", "null", `"data:application/vc+jwt,a"`} {
		if _, err := vcdm.ParseEnvelopedCredentialJSON([]byte(text)); vc.Code(err) != "vcdm.object" {
			t.Errorf("%s: got %v", text, err)
		}
	}
	for _, read := range []func([]byte) (*vcdm.Envelope, error){vcdm.ParseEnvelopedCredentialJSON, vcdm.ParseEnvelopedPresentationJSON} {
		if _, err := read([]byte("{")); vc.Code(err) != "vcdm.json.syntax" {
			t.Errorf("got %v", err)
		}
	}
}
