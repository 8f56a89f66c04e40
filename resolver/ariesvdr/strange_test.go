package ariesvdr_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/aries-framework-go/pkg/common/model"
	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	vdrapi "github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/ariesvdr"
)

// strange is a document such as other methods have.
func strange(t testing.TB) *did.Document {
	t.Helper()
	id := did.MustParse("did:realdid:x")
	method := func(url string, expires time.Time) did.VerificationMethod {
		return did.VerificationMethod{ID: must(did.ParseURL(url))(t), Type: "Multikey", Controller: id, Key: key(t, keys.X25519, 1), Purposes: did.KeyAgreement, Expires: expires}
	}
	return &did.Document{
		ID:                 id,
		AlsoKnownAs:        []string{"https://x.example/a b", `https://x.example/"`, `https://x.example/\`, "https://x.example/\x7f", "https://x.example/~"},
		VerificationMethod: []did.VerificationMethod{method("did:realdid:y#k", time.Time{}), method("did:realdid:x#k", noon.Add(time.Hour))},
		Service: []did.Service{{
			ID: id.WithFragment("s"), Type: []string{"DIDCommMessaging"}, Endpoint: []did.Endpoint{{Object: `{"uri":"https://x.example/"}`}},
			Extra: []did.Member{{Name: "recipientKeys", JSON: `["did:key:z6Mk"]`}},
		}},
	}
}

// What would be misread is left out: methods under another identifier's id, aliases that are no URI, recipients that Aries finds by itself.
func TestDocumentStrange(t *testing.T) {
	doc, left, err := ariesvdr.Document(strange(t), noon)
	if err != nil {
		t.Fatal(err)
	}
	if len(doc.VerificationMethod) != 1 || doc.VerificationMethod[0].ID != "did:realdid:x#k" || !strings.Contains(why(left), "did:realdid:y#k: the key of another") {
		t.Errorf("methods: got %+v, left out %s", doc.VerificationMethod, why(left))
	}
	if !slices.Equal(doc.AlsoKnownAs, []string{"https://x.example/~"}) {
		t.Errorf("aliases: got %q", doc.AlsoKnownAs)
	}
	if got := doc.Service[0].RecipientKeys; !slices.Equal(got, []string{"did:realdid:x#k"}) {
		t.Errorf("recipients: got %v", got)
	}
}

// A key counts as it stood at the time that was asked for, and now if none was.
func TestReadExpired(t *testing.T) {
	now := noon.Add(2 * time.Hour)
	r := fixed{&did.Resolution{Document: strange(t), Evidence: did.Evidence{Replayed: true, AsOf: now}}, nil}
	v := must(ariesvdr.New(r, nil, nil, &ariesvdr.Options{Clock: func() time.Time { return now }}))(t)
	if got := must(v.Read("did:realdid:x", vdrapi.WithOption(ariesvdr.OptionVersionTime, noon)))(t).DIDDocument; len(got.KeyAgreement) != 1 {
		t.Error("before it expired: the key is not shown")
	}
	if got := must(v.Read("did:realdid:x"))(t).DIDDocument; len(got.KeyAgreement) != 0 {
		t.Error("now: the key is shown")
	}
}

func TestUpdateRefusesByName(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, realdid.Content{})
	service := diddoc.Service{ID: "#s", Type: "X", ServiceEndpoint: model.NewDIDCommV1Endpoint("https://x.example/")}
	refused := func(name string, v *ariesvdr.VDR, doc *diddoc.Doc, want string, opts ...vdrapi.DIDMethodOption) {
		t.Helper()
		if err := v.Update(doc, opts...); err == nil || did.AsError(err).Temporary() || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want a final error about %q", name, err, want)
		}
	}
	for _, name := range []string{"#a#b", "#a:b", "#a/b", "#a?b", "#a%41", "a:b"} {
		refused(name, w.v, &diddoc.Doc{ID: id, Authentication: []diddoc.Verification{{VerificationMethod: edMethod(t, name, 1)}}}, "neither a fragment")
	}
	refused("service twice", w.v, &diddoc.Doc{ID: id, Service: []diddoc.Service{service, service}}, "one id twice")
	large := json.RawMessage(`{"a":"` + strings.Repeat("a", 64<<10) + `"}`)
	refused("large options", w.v, &diddoc.Doc{ID: id}, "too large", vdrapi.WithOption(ariesvdr.OptionRegistrar, large))

	other := strange(t)
	other.ID = did.MustParse(id)
	other.VerificationMethod = other.VerificationMethod[1:]
	other.VerificationMethod[0].Key, other.VerificationMethod[0].Type = keys.PublicKey{}, "Unknown"
	res := &did.Resolution{Document: other, Evidence: did.Evidence{Replayed: true, AsOf: w.now}}
	v := must(ariesvdr.New(fixed{res, nil}, realdid.NewRegistrar(w.m), w.ring, w.options()))(t)
	refused("a key of unknown type", v, &diddoc.Doc{ID: id}, "cannot write again")
	res.Metadata.Deactivated = true
	refused("deactivated", v, &diddoc.Doc{ID: id}, "the identifier is deactivated")
}
