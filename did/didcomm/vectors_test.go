package didcomm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
)

// official is the appendix of DIDComm Messaging v2: the keys and documents of alice and bob, and messages from one to the other.
type official struct {
	dir      string
	town     *town
	secrets  map[did.DID]map[string]*keys.PrivateKey
	withheld map[did.DID]int // keys on P-521, which is optional and not supported
}

func readOfficial(t *testing.T) *official {
	o := &official{
		dir: vectors.Dir(t, "didcomm-v2"), town: newTown(),
		secrets: map[did.DID]map[string]*keys.PrivateKey{}, withheld: map[did.DID]int{},
	}
	o.town.now = time.Unix(1516300000, 0) // between created_time and expires_time
	for _, name := range []string{"B.1.-Sender-DIDDocs-1", "B.2.-Recipient-DIDDocs-1"} {
		doc := must[*did.Document](t)(did.ParseDocument(o.file(t, name)))
		o.town.docs[doc.ID] = &did.Resolution{Document: doc}
	}
	for _, name := range []string{"A.1.-Sender-Secrets-1", "A.2.-Recipient-Secrets-1"} {
		var list []map[string]string
		if err := json.Unmarshal(o.file(t, name), &list); err != nil {
			t.Fatal(err)
		}
		for _, jwk := range list {
			// The appendix has "kid " for "kid" in places.
			id := must[did.URL](t)(did.ParseURL(jwk["kid"] + jwk["kid "]))
			delete(jwk, "kid ")
			delete(jwk, "kid")
			k, err := keys.ParsePrivateJWK(toJSON(t, jwk))
			if jwk["crv"] == "P-521" {
				if !errors.Is(err, keys.ErrUnsupported) {
					t.Errorf("%s: got %v, want that P-521 is not supported", id, err)
				}
				o.withheld[id.DID()]++
				continue
			}
			if err != nil {
				t.Fatal(id, err)
			}
			if o.secrets[id.DID()] == nil {
				o.secrets[id.DID()] = map[string]*keys.PrivateKey{}
			}
			o.secrets[id.DID()][id.Fragment()] = k
		}
	}
	return o
}

func (o *official) file(t *testing.T, name string) []byte {
	t.Helper()
	return must[[]byte](t)(os.ReadFile(filepath.Join(o.dir, name+".json")))
}

// agent holds one secret of a DID, or all.
func (o *official) agent(id did.DID, fragment string) *didcomm.Agent {
	s := &didcomm.MemorySecrets{}
	for f, k := range o.secrets[id] {
		if fragment == "" || f == fragment {
			s.Add(id.WithFragment(f), k)
		}
	}
	return didcomm.New(o.town, s, o.town.clock)
}

var (
	officialAlice = did.MustParse("did:example:alice")
	officialBob   = did.MustParse("did:example:bob")
)

// officialMessage is that of all examples. The type of C.1 begins with https, of the packed ones with http.
func officialMessage(messageType string) *didcomm.Message {
	return &didcomm.Message{
		ID: "1234567890", Type: messageType, From: officialAlice, To: []did.DID{officialBob},
		Created: time.Unix(1516269022, 0).UTC(), Expires: time.Unix(1516385931, 0).UTC(),
		Body: json.RawMessage(`{"messagespecificattribute":"and its value"}`),
	}
}

func TestOfficialVectorsAreAllRead(t *testing.T) {
	o := readOfficial(t)
	var index map[string]string
	if err := json.Unmarshal(o.file(t, "index"), &index); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{
		"A.1.-Sender-Secrets-1": true, "A.2.-Recipient-Secrets-1": true, "B.1.-Sender-DIDDocs-1": true, "B.2.-Recipient-DIDDocs-1": true,
		"C.1.-DIDComm-Plaintext-Messages-1": true,
	}
	for _, v := range officialPacked {
		known[v.file] = true
	}
	for name := range index {
		if !known[strings.TrimSuffix(name, ".json")] {
			t.Errorf("%s: no test reads it", name)
		}
	}
	if o.withheld[officialAlice] != 1 || o.withheld[officialBob] != 2 {
		t.Errorf("keys on P-521: got %v, want 1 of alice and 2 of bob", o.withheld)
	}
}

func TestOfficialPlaintext(t *testing.T) {
	o := readOfficial(t)
	m := must[*didcomm.Message](t)(didcomm.ParseMessage(o.file(t, "C.1.-DIDComm-Plaintext-Messages-1")))
	sameMessage(t, m, officialMessage("https://example.com/protocols/lets_do_lunch/1.0/proposal"))
}

var officialPacked = []struct {
	file   string
	want   didcomm.Received // without RecipientKey, RecipientKeys
	curve  string           // of bob's keys, by their names: each of them must open the message
	number int
}{
	{"C.2-DIDComm-Signed-Messages-1", didcomm.Received{
		Protection: didcomm.Signed, Authenticated: true, Signed: true, SignedBy: officialAlice.WithFragment("key-1"),
	}, "", 0},
	{"C.2-DIDComm-Signed-Messages-2", didcomm.Received{
		Protection: didcomm.Signed, Authenticated: true, Signed: true, SignedBy: officialAlice.WithFragment("key-2"),
	}, "", 0},
	{"C.3.-DIDComm-Encrypted-Messages-1", didcomm.Received{
		Protection: didcomm.Anoncrypt, Encrypted: true, ContentEncryption: didcomm.XC20P,
	}, "x25519", 3},
	{"C.3.-DIDComm-Encrypted-Messages-3", didcomm.Received{
		Protection: didcomm.Anoncrypt, Encrypted: true, ContentEncryption: didcomm.A256GCM,
	}, "p521", 2},
	{"C.3.-DIDComm-Encrypted-Messages-5", didcomm.Received{
		Protection: didcomm.Authcrypt, Encrypted: true, Authenticated: true, Signed: true, ContentEncryption: didcomm.A256CBCHS512,
		SenderKey: officialAlice.WithFragment("key-p256-1"), SignedBy: officialAlice.WithFragment("key-1"),
	}, "p256", 2},
}

func TestOfficialPacked(t *testing.T) {
	o := readOfficial(t)
	for _, v := range officialPacked {
		packed := o.file(t, v.file)
		if v.curve == "p521" {
			t.Run(v.file, func(t *testing.T) {
				_, err := o.agent(officialBob, "").Unpack(context.Background(), packed, all)
				wantInvalid(t, err, "the curve is none of X25519, P-256 and P-384")
			})
			continue
		}
		if v.number == 0 {
			t.Run(v.file, func(t *testing.T) { o.check(t, o.agent(officialBob, ""), packed, v.want) })
		}
		for i := range v.number {
			fragment := fmt.Sprintf("key-%s-%d", v.curve, i+1)
			t.Run(v.file+"/"+fragment, func(t *testing.T) {
				want := v.want
				want.RecipientKey = officialBob.WithFragment(fragment)
				for i := range v.number {
					want.RecipientKeys = append(want.RecipientKeys, officialBob.WithFragment(fmt.Sprintf("key-%s-%d", v.curve, i+1)))
				}
				o.check(t, o.agent(officialBob, fragment), packed, want)
			})
		}
	}
}

func (o *official) check(t *testing.T, reader *didcomm.Agent, packed []byte, want didcomm.Received) {
	t.Helper()
	r := must[*didcomm.Received](t)(reader.Unpack(t.Context(), packed, &didcomm.Expect{Accept: want.Protection}))
	sameMessage(t, r.Message, officialMessage("http://example.com/protocols/lets_do_lunch/1.0/proposal"))
	if (r.SignedMessage != nil) != want.Signed {
		t.Error("SignedMessage: there, or not there")
	}
	r.SignedMessage, want.Message = nil, r.Message
	if !reflect.DeepEqual(*r, want) {
		t.Errorf("got  %+v\nwant %+v", *r, want)
	}

	// What is altered anywhere is not read. White space is no part of it.
	changed := alterations(t, packed)
	for place, b := range changed {
		// With one secret, the other recipients' wrapped keys are not looked at.
		if strings.HasSuffix(place, "/encrypted_key") && !strings.HasSuffix(place, fmt.Sprintf("/%d/encrypted_key", o.index(r))) {
			continue
		}
		if _, err := reader.Unpack(t.Context(), b, all); !errors.Is(err, didcomm.ErrInvalid) {
			t.Errorf("%s altered: got %v, want ErrInvalid", place, err)
		}
	}
	if len(changed) < 4 {
		t.Errorf("%d alterations", len(changed))
	}
}

// index is the place of the key that opened the message among the recipients.
func (o *official) index(r *didcomm.Received) int {
	for i, k := range r.RecipientKeys {
		if k == r.RecipientKey {
			return i
		}
	}
	return -1
}
