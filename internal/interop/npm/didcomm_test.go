package npm

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/internal/interop/claims"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
)

// resident is somebody with keys of every kind that both sides know, whose document both resolve.
type resident struct {
	id      did.DID
	keys    map[string]*keys.PrivateKey // by fragment
	secrets *didcomm.MemorySecrets
	doc     *did.Document
	agent   *didcomm.Agent
}

// residents is a did.Resolver.
type residents map[did.DID]*resident

func (r residents) Resolve(_ context.Context, id did.DID, _ *did.ResolveOptions) (*did.Resolution, error) {
	p, ok := r[id]
	if !ok {
		return nil, &did.Error{Code: did.NotFound}
	}
	return &did.Resolution{Document: p.doc, Evidence: did.Evidence{Replayed: true, AsOf: now}}, nil
}

// kinds are fragments and what stands behind them.
var kinds = []struct {
	fragment  string
	algorithm keys.Algorithm
	purpose   did.Purpose
}{
	{"x", keys.X25519, did.KeyAgreement},
	{"p", keys.P256, did.KeyAgreement},
	{"q", keys.P384, did.KeyAgreement},
	{"ed", keys.Ed25519, did.Authentication},
	{"es", keys.P256, did.Authentication},
	{"k", keys.Secp256k1, did.Authentication},
}

func (r residents) move(t *testing.T, name string) *resident {
	t.Helper()
	id := did.MustParse("did:example:" + name)
	p := &resident{id: id, keys: map[string]*keys.PrivateKey{}, secrets: &didcomm.MemorySecrets{}, doc: &did.Document{ID: id}}
	for _, k := range kinds {
		key, err := keys.Generate(k.algorithm)
		if err != nil {
			t.Fatal(err)
		}
		u := id.WithFragment(k.fragment)
		p.keys[k.fragment] = key
		p.secrets.Add(u, key)
		p.doc.VerificationMethod = append(p.doc.VerificationMethod, did.VerificationMethod{
			ID: u, Controller: id, Type: did.TypeMultikey, Key: key.Public(), Purposes: k.purpose,
		})
	}
	p.agent = didcomm.New(r, p.secrets, clock)
	r[id] = p
	return p
}

// document and held are what the peer knows of a resident, in the forms of the package.
func (p *resident) document() map[string]any {
	var methods, agreement, authentication []any
	for _, m := range p.doc.VerificationMethod {
		methods = append(methods, map[string]any{
			"id": m.ID.String(), "type": "JsonWebKey2020", "controller": p.id.String(), "publicKeyJwk": json.RawMessage(m.Key.JWK()),
		})
		if m.Purposes == did.KeyAgreement {
			agreement = append(agreement, m.ID.String())
		} else {
			authentication = append(authentication, m.ID.String())
		}
	}
	return map[string]any{"id": p.id.String(), "verificationMethod": methods, "keyAgreement": agreement, "authentication": authentication, "service": []any{}}
}

func (p *resident) held(t *testing.T) (out []any) {
	t.Helper()
	for fragment, k := range p.keys {
		b, err := k.PrivateJWK()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, map[string]any{"id": p.id.WithFragment(fragment).String(), "type": "JsonWebKey2020", "privateKeyJwk": json.RawMessage(b)})
	}
	return out
}

type messageAnswer struct {
	Packed  string
	Message json.RawMessage
	Info    struct {
		FromKid  string `json:"encrypted_from_kid"`
		SignFrom string `json:"sign_from"`
	}
	Error string
}

// TestDIDComm: messages of DIDComm v2.1 in every protection that both know.
func TestDIDComm(t *testing.T) {
	lib := at{"did/didcomm", "didcomm-node"}
	rows := map[string][2]*matrix.Recording{}
	for name, what := range map[string]string{
		"auth":   "DIDComm messages, authcrypt (X25519, P-256; ECDH-1PU+A256KW, A256CBC-HS512), with and without a signature inside or anoncrypt around",
		"anon":   "DIDComm messages, anoncrypt (X25519, P-256; A256CBC-HS512, A256GCM, XC20P), with and without a signature inside",
		"signed": "DIDComm messages, signed (EdDSA, ES256, ES256K)",
	} {
		rows[name] = [2]*matrix.Recording{matrix.Record(t, lib.row(t, what, matrix.OursToTheirs)), matrix.Record(t, lib.row(t, what, matrix.TheirsToOurs))}
	}
	unknown := matrix.Record(t, lib.differs(t, "DIDComm messages, authcrypt and anoncrypt for P-384", matrix.RefusedByTheirs,
		"didcomm-node has no P-384.", `realdid: DIDComm Messaging v2.1, "Curves and Content Encryption Algorithms" (P-384 must be supported).`))
	p := lib.start(t)
	town := residents{}
	alice, bob := town.move(t, "alice"), town.move(t, "bob")
	ask := func(request map[string]any) (a messageAnswer) {
		p.Ask(t, request, &a)
		return a
	}
	if a := ask(map[string]any{
		"op": "world", "docs": []any{alice.document(), bob.document()}, "secrets": append(alice.held(t), bob.held(t)...),
	}); a.Error != "" {
		t.Fatal(a.Error)
	}
	every := &didcomm.Expect{Accept: didcomm.Authcrypt | didcomm.Anoncrypt | didcomm.SignedAnoncrypt | didcomm.Signed}
	// read has both read a packed message, and neither a changed one.
	read := func(rec *matrix.Recording, packed []byte, m *didcomm.Message, sender, signer did.URL) {
		t.Helper()
		want, err := m.JSON()
		if err != nil {
			t.Fatal(err)
		}
		got, err := bob.agent.Unpack(t.Context(), packed, every)
		if err != nil || got.SenderKey != sender || got.SignedBy != signer {
			t.Fatalf("here: %v, %+v\n%s", err, got, packed)
		}
		if text, err := got.Message.JSON(); err != nil || !claims.Same(json.RawMessage(text), json.RawMessage(want)) {
			t.Fatalf("here: %s, want %s", text, want)
		}
		a := ask(map[string]any{"op": "unpack", "packed": string(packed)})
		if a.Error != "" || a.Info.FromKid != sender.String() || a.Info.SignFrom != signer.String() || !claims.Same(a.Message, json.RawMessage(want)) {
			t.Fatalf("there: %+v, want %s", a, want)
		}
		rec.Case()
		for i, c := range alterations(t, packed) {
			_, err := bob.agent.Unpack(t.Context(), c, every)
			if a := ask(map[string]any{"op": "unpack", "packed": string(c)}); err == nil || a.Error == "" {
				t.Fatalf("change %d: here %v, there %q\n%s", i, err, a.Error, c)
			}
			rec.Tampered()
		}
	}
	letter := func(i int) *didcomm.Message {
		return &didcomm.Message{
			ID: didcomm.NewID(), Type: "https://example.com/greeting/1.0/hello", From: alice.id, To: []did.DID{bob.id}, Thread: "thread-1", Created: now,
			Body:        json.RawMessage(fmt.Sprintf(`{"text":"grüße \u0000 \"%d\"","n":[%d,2.5,null,true]}`, i, i)),
			Attachments: []didcomm.Attachment{{ID: "a", MediaType: "image/png", Base64: make([]byte, i)}, {ID: "b", JSON: json.RawMessage(`{"a":[1]}`)}},
		}
	}
	encrypt := func(m *didcomm.Message, to did.URL, from, signer did.URL, options map[string]any) []byte {
		b, err := m.JSON()
		if err != nil {
			t.Fatal(err)
		}
		options["forward"] = false
		request := map[string]any{"op": "encrypt", "message": json.RawMessage(b), "to": to.String(), "options": options}
		if from != (did.URL{}) {
			request["from"] = from.String()
		}
		if signer != (did.URL{}) {
			request["signBy"] = signer.String()
		}
		a := ask(request)
		if a.Error != "" {
			t.Fatal(a.Error)
		}
		return []byte(a.Packed)
	}
	signers := []did.URL{{}, alice.id.WithFragment("ed"), alice.id.WithFragment("es"), alice.id.WithFragment("k")}
	contents := map[string]didcomm.ContentEncryption{
		"A256cbcHs512EcdhEsA256kw": didcomm.A256CBCHS512, "A256gcmEcdhEsA256kw": didcomm.A256GCM, "Xc20pEcdhEsA256kw": didcomm.XC20P,
	}
	for i := range 12 {
		to := []did.URL{bob.id.WithFragment("q")}
		b, err := alice.agent.Authcrypt(t.Context(), letter(i), &didcomm.EncryptOptions{SenderKey: alice.id.WithFragment("q"), RecipientKeys: to})
		if i%2 == 1 {
			b, err = alice.agent.Anoncrypt(t.Context(), letter(i), &didcomm.EncryptOptions{RecipientKeys: to})
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bob.agent.Unpack(t.Context(), b, every); err != nil {
			t.Fatal(err)
		}
		if a := ask(map[string]any{"op": "unpack", "packed": string(b)}); a.Error == "" {
			t.Fatal("P-384 is read there")
		}
		unknown.Case()
	}
	for round := range 3 {
		for _, curve := range []string{"x", "p"} {
			from, to := alice.id.WithFragment(curve), bob.id.WithFragment(curve)
			for n, signer := range signers {
				for _, hide := range []bool{false, true} {
					m := letter(round*10 + n)
					b, err := alice.agent.Authcrypt(t.Context(), m, &didcomm.EncryptOptions{SenderKey: from, RecipientKeys: []did.URL{to}, SignBy: signer, HideSender: hide})
					if err != nil {
						t.Fatal(err)
					}
					read(rows["auth"][0], b, m, from, signer)
					read(rows["auth"][1], encrypt(m, to, from, signer, map[string]any{"protect_sender": hide}), m, from, signer)
				}
				for name, enc := range contents {
					m := letter(round*10 + n)
					b, err := alice.agent.Anoncrypt(t.Context(), m, &didcomm.EncryptOptions{ContentEncryption: enc, RecipientKeys: []did.URL{to}, SignBy: signer})
					if err != nil {
						t.Fatal(err)
					}
					read(rows["anon"][0], b, m, did.URL{}, signer)
					read(rows["anon"][1], encrypt(m, to, did.URL{}, signer, map[string]any{"enc_alg_anon": name}), m, did.URL{}, signer)
				}
			}
		}
		for i := range 12 {
			signer := signers[1+i%3]
			m := letter(i)
			b, err := alice.agent.Sign(t.Context(), m, signer)
			if err != nil {
				t.Fatal(err)
			}
			read(rows["signed"][0], b, m, did.URL{}, signer)
			text, err := m.JSON()
			if err != nil {
				t.Fatal(err)
			}
			a := ask(map[string]any{"op": "sign", "message": json.RawMessage(text), "by": signer.String()})
			if a.Error != "" {
				t.Fatal(a.Error)
			}
			read(rows["signed"][1], []byte(a.Packed), m, did.URL{}, signer)
		}
	}
}

// alterations returns a packed message with one character changed in one of its strings, for some of them.
func alterations(t *testing.T, packed []byte) (out [][]byte) {
	t.Helper()
	var envelope map[string]any
	if err := json.Unmarshal(packed, &envelope); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"protected", "ciphertext", "tag", "payload"} {
		s, ok := envelope[name].(string)
		if !ok {
			continue
		}
		b := []byte(s)
		if at := &b[len(b)/2]; *at == 'A' {
			*at = 'B'
		} else {
			*at = 'A'
		}
		envelope[name] = string(b)
		out = append(out, marshal(t, envelope))
		envelope[name] = s
	}
	return out
}
