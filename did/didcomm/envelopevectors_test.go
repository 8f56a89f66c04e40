package didcomm_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
)

var update = flag.Bool("update", false, "write the vectors of envelopes in testdata/didcomm anew")

// envelopeSetting is what all vectors of envelopes share: the documents of all parties, the secrets of the reader, and the time.
type envelopeSetting struct {
	Time      time.Time         `json:"time"`
	Documents []json.RawMessage `json:"documents"`
	Secrets   []secretVector    `json:"secrets"`
}

type secretVector struct {
	ID  string          `json:"id"`
	Key json.RawMessage `json:"key"` // private JWK
}

// expectVector is what the reader demands. Accept empty: nothing.
type expectVector struct {
	Accept    []string `json:"accept"`
	From      did.DID  `json:"from,omitzero"`
	To        did.DID  `json:"to,omitzero"`
	Thread    string   `json:"thread,omitempty"`
	Signature bool     `json:"signature,omitempty"`
}

type envelopeVector struct {
	Name              string   `json:"name"`
	Packed            string   `json:"packed"`
	Protection        string   `json:"protection"`
	Sender            string   `json:"sender,omitempty"` // the key that authcrypt proves
	Hidden            bool     `json:"hidden,omitempty"` // in anoncrypt
	Signer            string   `json:"signer,omitempty"`
	Recipient         string   `json:"recipient,omitempty"`  // the first key of the reader that opens it
	Recipients        []string `json:"recipients,omitempty"` // all that are named
	ContentEncryption string   `json:"contentEncryption,omitempty"`
	Message           string   `json:"message"` // the plaintext
}

type badEnvelopeVector struct {
	Name   string       `json:"name"`
	Packed string       `json:"packed"`
	Expect expectVector `json:"expect"`
	Fault  string       `json:"fault"` // invalid, not-recipient, refused or expired
}

var everyAccept = []string{"authcrypt", "anoncrypt(signed)", "anoncrypt", "signed", "plaintext"}

var acceptNames = map[string]didcomm.Protection{
	"authcrypt": didcomm.Authcrypt, "anoncrypt(signed)": didcomm.SignedAnoncrypt, "anoncrypt": didcomm.Anoncrypt, "signed": didcomm.Signed,
	"plaintext": didcomm.InsecurePlaintext,
}

// expectations are what the cases name.
func expectations(name string) expectVector {
	alice, mallory, bella := did.MustParse("did:example:alice"), did.MustParse("did:example:mallory"), did.MustParse("did:example:bella")
	switch name {
	case "":
		return expectVector{Accept: everyAccept}
	case "nothing":
		return expectVector{Accept: []string{}}
	case "a signature":
		return expectVector{Accept: everyAccept, Signature: true}
	case "from Alice":
		return expectVector{Accept: everyAccept, From: alice}
	case "from Mallory":
		return expectVector{Accept: everyAccept, From: mallory}
	case "to Bella":
		return expectVector{Accept: everyAccept, To: bella}
	case "thread t-2":
		return expectVector{Accept: everyAccept, Thread: "t-2"}
	}
	return expectVector{Accept: []string{name}}
}

func (v expectVector) expect(t *testing.T) *didcomm.Expect {
	e := &didcomm.Expect{From: v.From, To: v.To, Thread: v.Thread, Signature: v.Signature}
	for _, name := range v.Accept {
		p, ok := acceptNames[name]
		if !ok || p.String() != name {
			t.Fatalf("accept: %q", name)
		}
		e.Accept |= p
	}
	return e
}

var faults = map[string]error{
	"invalid": nil, "not-recipient": didcomm.ErrNotRecipient, "refused": didcomm.ErrRefused, "expired": didcomm.ErrExpired,
}

func (s *stage) setting() envelopeSetting {
	v := envelopeSetting{Time: s.bob.town.now}
	docs := s.bob.town.docs
	for _, id := range slices.SortedFunc(maps.Keys(docs), func(a, b did.DID) int { return cmpText(a.String(), b.String()) }) {
		v.Documents = append(v.Documents, docs[id].Document.Canonical())
	}
	for _, p := range []*person{s.bob, s.bella} {
		for _, f := range slices.Sorted(maps.Keys(p.keys)) {
			v.Secrets = append(v.Secrets, secretVector{p.url(f).String(), ok(s.tb)(p.keys[f].PrivateJWK())})
		}
	}
	return v
}

func cmpText(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

// reader returns the agent that the setting describes.
func (v envelopeSetting) reader(t *testing.T) *didcomm.Agent {
	town, secrets := newTown(), &didcomm.MemorySecrets{}
	for _, b := range v.Documents {
		doc, err := did.ParseDocument(b)
		if err != nil {
			t.Fatal(err)
		}
		town.docs[doc.ID] = &did.Resolution{Document: doc}
	}
	for _, s := range v.Secrets {
		id, err := did.ParseURL(s.ID)
		if err != nil {
			t.Fatal(err)
		}
		k, err := keys.ParsePrivateJWK(s.Key)
		if err != nil {
			t.Fatal(err)
		}
		secrets.Add(id, k)
	}
	return didcomm.New(town, secrets, func() time.Time { return v.Time })
}

func TestEnvelopeVectors(t *testing.T) {
	s := newStage(t)
	vectors.Compare(t, *update, "didcomm/envelopes", vectors.File[envelopeSetting, envelopeVector]{Kind: "didcomm.envelopes", Setting: s.setting(), Vectors: s.good()})
	f := vectors.Read[envelopeSetting, envelopeVector](t, "didcomm/envelopes")
	bob := f.Setting.reader(t)
	for _, v := range f.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			r, err := bob.Unpack(context.Background(), []byte(v.Packed), &didcomm.Expect{Accept: acceptNames[v.Protection], Signature: v.Signer != ""})
			if err != nil {
				t.Fatal(err)
			}
			got := v
			got.Protection, got.Sender, got.Hidden, got.Signer = r.Protection.String(), r.SenderKey.String(), r.SenderHidden, r.SignedBy.String()
			got.Recipient, got.ContentEncryption, got.Recipients = r.RecipientKey.String(), string(r.ContentEncryption), nil
			for _, u := range r.RecipientKeys {
				got.Recipients = append(got.Recipients, u.String())
			}
			if a, b := toJSON(t, got), toJSON(t, v); string(a) != string(b) {
				t.Errorf("got  %s\nwant %s", a, b)
			}
			if r.Authenticated != (v.Sender != "" || v.Signer != "") || r.Signed != (v.Signer != "") || r.Encrypted != (v.Recipient != "") {
				t.Errorf("authenticated %v, signed %v, encrypted %v", r.Authenticated, r.Signed, r.Encrypted)
			}
			want, err := didcomm.ParseMessage([]byte(v.Message))
			if err != nil {
				t.Fatal(err)
			}
			sameText(t, r.Message, want)
		})
	}
}

func TestBadEnvelopeVectors(t *testing.T) {
	s := newStage(t)
	made := vectors.File[envelopeSetting, badEnvelopeVector]{Kind: "didcomm.bad-envelopes", Setting: s.setting()}
	for _, c := range slices.Concat(s.badForm(), s.badHeader(), s.badParties(), s.badCrypto(), s.badLayers(), s.badSignatures(), s.notAsExpected()) {
		made.Vectors = append(made.Vectors, badEnvelopeVector{c.name, c.text, expectations(c.expect), c.fault})
	}
	vectors.Compare(t, *update, "didcomm/bad-envelopes", made)
	f := vectors.Read[envelopeSetting, badEnvelopeVector](t, "didcomm/bad-envelopes")
	bob := f.Setting.reader(t)
	seen := map[string]bool{}
	for _, v := range f.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			r, err := bob.Unpack(context.Background(), []byte(v.Packed), v.Expect.expect(t))
			want, known := faults[v.Fault]
			if !known || seen[v.Name] || r != nil {
				t.Fatalf("fault %q, name seen %v, got %+v", v.Fault, seen[v.Name], r)
			}
			seen[v.Name] = true
			refused(t, err, true, want)
			for name, other := range faults {
				if name != v.Fault && other != nil && errors.Is(err, other) {
					t.Errorf("got %v, want %s alone", err, v.Fault)
				}
			}
			t.Log(err)
		})
	}
}

// good are the envelopes that must be read.
func (s *stage) good() []envelopeVector {
	var vs []envelopeVector
	plain, signed := s.text(nil), s.signed().make(s.tb)
	signer := s.alice.url("ed-1").String()
	for _, kind := range []string{"x", "p", "q"} {
		f := s.auth(kind)
		v := envelopeVector{
			Name: "authcrypt, " + algorithms[kind].String(), Packed: f.make(s.tb), Protection: "authcrypt", Sender: f.skid,
			Recipient: f.recipients[0].kid, Recipients: f.kids(), ContentEncryption: f.enc, Message: plain,
		}
		vs = append(vs, v)
		inner := v.Packed
		f.content = signed
		v.Name, v.Packed, v.Signer = v.Name+", signed", f.make(s.tb), signer
		vs = append(vs, v)
		for _, enc := range []string{"A256CBC-HS512", "A256GCM", "XC20P"} {
			f := s.auth(kind)
			f.enc, f.sender = enc, nil
			v := envelopeVector{
				Name: "anoncrypt, " + algorithms[kind].String() + ", " + enc, Packed: f.make(s.tb), Protection: "anoncrypt",
				Recipient: f.recipients[0].kid, Recipients: f.kids(), ContentEncryption: f.enc, Message: plain,
			}
			vs = append(vs, v)
			f.content = signed
			v.Name, v.Packed, v.Signer, v.Protection = v.Name+", signed", f.make(s.tb), signer, "anoncrypt(signed)"
			vs = append(vs, v)
			f.content = inner
			vs = append(vs, envelopeVector{
				Name: "authcrypt in anoncrypt, " + algorithms[kind].String() + ", " + enc, Packed: f.make(s.tb), Protection: "authcrypt", Hidden: true,
				Sender: s.alice.url(kind + "-1").String(), Recipient: f.recipients[0].kid, Recipients: f.kids(), ContentEncryption: "A256CBC-HS512", Message: plain,
			})
		}
	}
	vs = append(vs,
		envelopeVector{Name: "signed", Packed: signed, Protection: "signed", Signer: signer, Message: plain},
		envelopeVector{Name: "plaintext", Packed: plain, Protection: "plaintext", Message: plain},
	)
	return append(vs, s.unusual()...)
}

func (f *forge) kids() []string {
	var kids []string
	for _, r := range f.recipients {
		kids = append(kids, r.kid)
	}
	return kids
}
