package ariesvdr_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/hyperledger/aries-framework-go/pkg/crypto"
	"github.com/hyperledger/aries-framework-go/pkg/didcomm/transport"
	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	"github.com/hyperledger/aries-framework-go/pkg/doc/jose/jwk/jwksupport"
	ariescontext "github.com/hyperledger/aries-framework-go/pkg/framework/context"
	"github.com/hyperledger/aries-framework-go/pkg/kms"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

const messageType = "https://didcomm.example/test/1.0/message"

// parties are an Aries agent and two users of did/didcomm on one ledger, with agreement keys of one curve.
type parties struct {
	aries          *ariescontext.Provider
	us             *didcomm.Agent
	theirs, a, b   did.DID
	theirKey, aKey string
	bKey           string
}

func newParties(t *testing.T, a keys.Algorithm, kind kms.KeyType) *parties {
	t.Helper()
	w := newWorld(t)
	p := &parties{aries: w.agent(t)}
	secrets := &didcomm.MemorySecrets{}
	p.us = didcomm.New(w.m, secrets, w.clock)
	for _, d := range []*did.DID{&p.a, &p.b} {
		k := must(keys.Generate(a))(t)
		*d = did.MustParse(w.create(t, realdid.Content{VerificationMethods: []realdid.VerificationMethod{{Fragment: "k", Key: k.Public(), Purposes: did.KeyAgreement}}}))
		secrets.Add(d.WithFragment("k"), k)
	}
	_, raw, err := p.aries.KMS().CreateAndExportPubKeyBytes(kind)
	if err != nil {
		t.Fatal(err)
	}
	j := must(jwksupport.PubKeyBytesToJWK(raw, kind))(t)
	m := must(diddoc.NewVerificationMethodFromJWK("#k", "JsonWebKey2020", "", j))(t)
	p.theirs = did.MustParse(agentWith(t, p.aries, *m).ID)
	p.theirKey, p.aKey, p.bKey = p.theirs.String()+"#k", p.a.String()+"#k", p.b.String()+"#k"
	return p
}

// pack has Aries pack a message of DIDComm v2.
func (p *parties) pack(t *testing.T, text, from string, to ...string) []byte {
	t.Helper()
	plain := must(json.Marshal(map[string]any{"id": "1", "type": messageType, "from": p.theirs, "to": []did.DID{p.a, p.b}, "body": map[string]string{"text": text}}))(t)
	return must(p.aries.Packager().PackMessage(&transport.Envelope{MediaTypeProfile: transport.MediaTypeDIDCommV2Profile, Message: plain, FromKey: []byte(from), ToKeys: to}))(t)
}

func (p *parties) message(t *testing.T, text string, to ...did.DID) *didcomm.Message {
	t.Helper()
	return &didcomm.Message{ID: "1", Type: messageType, From: p.a, To: to, Body: must(json.Marshal(map[string]string{"text": text}))(t)}
}

// Authcrypt to two recipients goes both ways between Aries and did/didcomm, over keys that both find on the ledger.
func TestAuthcryptWithAries(t *testing.T) {
	for a, kind := range map[keys.Algorithm]kms.KeyType{keys.P256: kms.NISTP256ECDHKWType, keys.P384: kms.NISTP384ECDHKWType} {
		p := newParties(t, a, kind)
		for i := range 12 {
			text := strings.Repeat(fmt.Sprintf("%d ü ", i), 1<<i)
			envelope := p.pack(t, text, p.theirKey, p.aKey, p.bKey)
			got, err := p.us.Unpack(t.Context(), envelope, &didcomm.Expect{Accept: didcomm.Authcrypt, From: p.theirs, To: p.b})
			if err != nil {
				t.Fatalf("%v: from Aries: %v", a, err)
			}
			var body struct{ Text string }
			if json.Unmarshal(got.Message.Body, &body) != nil || body.Text != text || got.SenderKey.String() != p.theirKey {
				t.Errorf("%v: from Aries: got %+v", a, got)
			}
			altered := []byte(strings.Replace(string(envelope), `"tag":"`, `"tag":"A`, 1))
			if _, err := p.us.Unpack(t.Context(), altered, &didcomm.Expect{Accept: didcomm.Authcrypt}); err == nil {
				t.Errorf("%v: from Aries: an altered message was read", a)
			}

			envelope = must(p.us.Authcrypt(t.Context(), p.message(t, text, p.theirs, p.b), nil))(t)
			e, err := p.aries.Packager().UnpackMessage(envelope)
			if err != nil {
				t.Fatalf("%v: to Aries: %v", a, err)
			}
			var back struct {
				From string
				Body struct{ Text string }
			}
			var sender crypto.PublicKey
			if json.Unmarshal(e.Message, &back) != nil || json.Unmarshal(e.FromKey, &sender) != nil || back.Body.Text != text || back.From != p.a.String() || sender.KID != p.aKey {
				t.Errorf("%v: to Aries: got %s from %s", a, e.Message, e.FromKey)
			}
			altered = []byte(strings.Replace(string(envelope), `"ciphertext":"`, `"ciphertext":"AAAA`, 1))
			if _, err := p.aries.Packager().UnpackMessage(altered); err == nil {
				t.Errorf("%v: to Aries: an altered message was read", a)
			}
		}
	}
}

// To one recipient Aries writes the compact serialization, and reads no other, as Aries RFC 0334 has it; DIDComm Messaging v2.1, section
// "Key IDs kid and skid headers references in the DID document", has an entry in recipients with its kid then too. Anoncrypt to
// several it writes with alg, apu and epk for each recipient; section "ECDH-ES key wrapping and common protected headers" has them once.
func TestDefectSerialization(t *testing.T) {
	p := newParties(t, keys.P256, kms.NISTP256ECDHKWType)
	every := &didcomm.Expect{Accept: didcomm.Authcrypt | didcomm.Anoncrypt}
	for name, envelope := range map[string][]byte{
		"authcrypt to one": p.pack(t, "x", p.theirKey, p.aKey), "anoncrypt to one": p.pack(t, "x", "", p.aKey), "anoncrypt to two": p.pack(t, "x", "", p.aKey, p.bKey),
	} {
		if compact := envelope[0] != '{'; compact != strings.HasSuffix(name, "one") {
			t.Errorf("%s: compact %v", name, compact)
		}
		if _, err := p.us.Unpack(t.Context(), envelope, every); err == nil {
			t.Errorf("%s: read, against the specification", name)
		}
	}
	for name, envelope := range map[string][]byte{
		"authcrypt to one": must(p.us.Authcrypt(t.Context(), p.message(t, "x", p.theirs), nil))(t),
		"anoncrypt to one": must(p.us.Anoncrypt(t.Context(), p.message(t, "x", p.theirs), nil))(t),
		"anoncrypt to two": must(p.us.Anoncrypt(t.Context(), p.message(t, "x", p.theirs, p.b), nil))(t),
	} {
		if _, err := p.aries.Packager().UnpackMessage(envelope); err == nil {
			t.Errorf("%s: Aries reads it", name)
		}
	}
}
