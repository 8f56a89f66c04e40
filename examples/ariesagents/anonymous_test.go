package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"

	ariescrypto "github.com/hyperledger/aries-framework-go/pkg/crypto"
	"github.com/hyperledger/aries-framework-go/pkg/didcomm/transport"
	"github.com/hyperledger/aries-framework-go/pkg/doc/jose"
	ariescontext "github.com/hyperledger/aries-framework-go/pkg/framework/context"
)

// forge packs a message to Bob anonymously. skid is written into the envelope, which Aries does without the key for it.
func forge(t *testing.T, eve, bob *agent, skid string, message map[string]string) []byte {
	t.Helper()
	res, err := eve.context.VDRegistry().Resolve(bob.did)
	if err != nil {
		t.Fatal(err)
	}
	m := res.DIDDocument.KeyAgreement[0].VerificationMethod
	raw, err := m.JSONWebKey().MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var coordinates struct{ X, Y []byte }
	var text struct{ X, Y string }
	if err := json.Unmarshal(raw, &text); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]*[]byte{text.X: &coordinates.X, text.Y: &coordinates.Y} {
		if *to, err = base64.RawURLEncoding.DecodeString(from); err != nil {
			t.Fatal(err)
		}
	}
	to := &ariescrypto.PublicKey{KID: m.ID, Type: "EC", Curve: "P-256", X: coordinates.X, Y: coordinates.Y}
	e, err := jose.NewJWEEncrypt(jose.A256CBCHS512, transport.MediaTypeV2EncryptedEnvelope, transport.MediaTypeV2PlaintextPayload, skid, nil,
		[]*ariescrypto.PublicKey{to}, eve.context.Crypto())
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	jwe, err := e.EncryptWithAuthData(payload, nil)
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := jwe.CompactSerialize(json.Marshal)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(envelope)
}

// post hands in an envelope as anybody can.
func post(t *testing.T, to *agent, envelope []byte) int {
	t.Helper()
	res, err := http.Post(to.context.ServiceEndpoint(), "application/didcomm-envelope-enc", bytes.NewReader(envelope))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// Aries takes an anonymous message for that of whoever it names, and one that names a key without having it for the owner's. The
// inbox lets through neither.
func TestAnonymous(t *testing.T) {
	_, m := begin(t)
	alice, bob, eve := registered(t, "alice", m), registered(t, "bob", m), registered(t, "eve", m)
	for name, c := range map[string]struct {
		skid    string
		message map[string]string
	}{
		"named in the message":  {"", map[string]string{"@type": messageType, "@id": "1", "content": "I am Alice", "from": alice.did}},
		"named in the envelope": {alice.did + "#agree-1", map[string]string{"@type": messageType, "@id": "2", "content": "I am Alice"}},
	} {
		envelope := forge(t, eve, bob, c.skid, c.message)
		unpacked, err := bob.context.Packager().UnpackMessage(envelope)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if (len(unpacked.FromKey) > 0) != (c.skid != "") {
			t.Errorf("%s: got sender %q", name, unpacked.FromKey)
		}
		if err := handler(bob.context)(unpacked); err != nil {
			t.Fatalf("%s: Aries itself: %v", name, err)
		}
		if l, err := bob.receive(t.Context()); err != nil || l.Theirs != alice.did {
			t.Errorf("%s: Aries itself: got %+v, %v, want it to be taken in by Eve", name, l, err)
		}
		if status := post(t, bob, envelope); status != http.StatusForbidden {
			t.Errorf("%s: got status %d, want 403", name, status)
		}
		select {
		case p := <-bob.received:
			t.Errorf("%s: received %s", name, p.Raw)
		default: // the handler had answered
		}
		if err := (authenticated{bob.context}).InboundMessageHandler()(unpacked); (err == nil) != (c.skid != "") {
			t.Errorf("%s: behind the inbox: got %v", name, err)
		} else if err == nil {
			<-bob.received
		}
	}
}

func handler(p *ariescontext.Provider) transport.InboundMessageHandler {
	return p.InboundMessageHandler()
}

func TestReadHeader(t *testing.T) {
	for name, c := range map[string]struct {
		header string
		ok     bool
	}{
		"authcrypt":        {`{"alg":"ECDH-1PU+A256KW","enc":"A256CBC-HS512","kid":"b","skid":"a","typ":"t","cty":"c","apu":"","apv":"","epk":{}}`, true},
		"anonymous":        {`{"alg":"ECDH-ES+A256KW","kid":"b"}`, false},
		"a name alone":     {`{"alg":"ECDH-ES+A256KW","kid":"b","skid":"a"}`, false},
		"no sender":        {`{"alg":"ECDH-1PU+A256KW","kid":"b"}`, false},
		"empty sender":     {`{"alg":"ECDH-1PU+A256KW","skid":""}`, false},
		"in another case":  {`{"alg":"ECDH-ES+A256KW","ALG":"ECDH-1PU+A256KW","skid":"a"}`, false},
		"sender twice":     {`{"alg":"ECDH-1PU+A256KW","skid":"a","Skid":""}`, false},
		"DIDComm v1":       {`{"alg":"Authcrypt","enc":"x","skid":"a"}`, false},
		"not an object":    {`[]`, false},
		"of another shape": {`{"alg":1}`, false},
	} {
		if _, ok := readHeader([]byte(base64.RawURLEncoding.EncodeToString([]byte(c.header)) + ".k.i.c.t")); ok != c.ok {
			t.Errorf("%s: got %v", name, ok)
		}
	}
	for _, envelope := range []string{"", "{}", `{"protected":"e30","a":"."}`, `"ImEi"`, "e30=.k"} {
		if _, ok := readHeader([]byte(envelope)); ok {
			t.Errorf("%s: got ok", envelope)
		}
	}
}
