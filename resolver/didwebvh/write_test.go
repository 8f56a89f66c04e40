package didwebvh

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

func pub(t testing.TB, names ...string) []keys.PublicKey {
	var list []keys.PublicKey
	for _, n := range names {
		list = append(list, testKey(t, n).Public())
	}
	return list
}

func create(t *testing.T, where string, c *Change) *Chain {
	t.Helper()
	ch, err := Create(context.Background(), where, c, testKey(t, "a"))
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

func extend(t *testing.T, ch *Chain, signer string, c *Change) *Chain {
	t.Helper()
	if c.Time.IsZero() {
		c.Time = ch.Newest().Time.Add(time.Hour)
	}
	next, err := ch.Append(context.Background(), c, testKey(t, signer))
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// TestLife writes a life with all that a log can say, and resolves it at every step.
func TestLife(t *testing.T) {
	yes, ttl := true, uint32(60)
	doc := []byte(`{"@context":"https://www.w3.org/ns/did/v1","id":"did:webvh:{SCID}:example.com:people:ann","alsoKnownAs":["did:web:example.com:people:ann"]}`)
	ch := create(t, "example.com:people:ann", &Change{
		Document: doc, Time: start, UpdateKeys: pub(t, "a"), NextKeyHashes: []string{KeyHash(pub(t, "b")[0])},
		Portable: &yes, TTL: &ttl, Watchers: []string{"https://watcher.example/"},
	})
	id := ch.Newest().DID
	if want := "did:webvh:" + ch.Newest().Parameters.SCID + ":example.com:people:ann"; id.String() != want {
		t.Fatalf("got %s, want %s", id, want)
	}
	var witness []byte
	approve := func(names ...string) {
		t.Helper()
		for _, n := range names {
			p, err := SignWitness(context.Background(), ch.Newest(), ch.Newest().Time, testKey(t, n))
			if err != nil {
				t.Fatal(err)
			}
			if witness, err = AddWitness(witness, ch.Newest().ID, p); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func(id did.DID) {
		t.Helper()
		l, err := Verify(id, ch.Bytes(), witness, ch.Newest().Time)
		if err != nil {
			t.Fatalf("version %d: got error %v, want none", ch.Newest().Number, err)
		}
		if got := l.Newest().ID; got != ch.Newest().ID || len(l.Versions()) != ch.Newest().Number {
			t.Fatalf("got %s of %d versions, want %s", got, len(l.Versions()), ch.Newest().ID)
		}
		again, err := ParseChain(id, ch.Bytes(), ch.Newest().Time)
		if err != nil || string(again.Bytes()) != string(ch.Bytes()) {
			t.Fatalf("read again: got another log (%v)", err)
		}
	}
	check(id)

	ch = extend(t, ch, "b", &Change{UpdateKeys: pub(t, "b"), NextKeyHashes: []string{}})
	check(id)
	ch = extend(t, ch, "b", &Change{Witness: &Witness{Threshold: 2, Keys: []string{multikey(t, "w1"), multikey(t, "w2"), multikey(t, "w3")}}})
	if w := ch.Witnesses(); w.Threshold != 2 || len(w.Keys) != 3 {
		t.Errorf("witnesses: got %+v, want 2 of 3", w)
	}
	if _, err := Verify(id, ch.Bytes(), witness, ch.Newest().Time); err == nil {
		t.Error("without approval: got no error, want one")
	}
	approve("w1", "w3")
	check(id)
	ch = extend(t, ch, "b", &Change{UpdateKeys: pub(t, "c"), Watchers: []string{}})
	approve("w2", "w3")
	check(id)
	if w := ch.Newest().Parameters.Watchers; len(w) != 0 {
		t.Errorf("watchers: got %v, want none", w)
	}
	moved := did.MustParse(strings.Replace(id.String(), "example.com", "example.org", 1))
	ch = extend(t, ch, "c", &Change{Document: []byte(`{"id":"` + moved.String() + `","alsoKnownAs":["` + id.String() + `"]}`)})
	approve("w1", "w2")
	check(moved)
	check(id)
	ch = extend(t, ch, "c", &Change{Witness: &Witness{}})
	approve("w1", "w2")
	check(moved)
	ch = extend(t, ch, "c", &Change{UpdateKeys: []keys.PublicKey{}, Deactivated: true})
	if w := ch.Witnesses(); w.Threshold != 0 {
		t.Errorf("witnesses: got %+v, want none", w)
	}
	check(moved)
	_, err := ch.Append(context.Background(), &Change{Time: ch.Newest().Time.Add(time.Hour)}, testKey(t, "c"))
	if f, ok := errors.AsType[*LogError](err); !ok || f.Fault != FaultDeactivated || f.Entry != 8 {
		t.Errorf("after the end: got error %v, want %s at entry 8", err, FaultDeactivated)
	}
}

type failing struct{ keys.Signer }

var errFailing = errors.New("module unplugged")

func (f failing) Sign(context.Context, []byte) ([]byte, error) { return nil, errFailing }

// wrong signs something else.
type wrong struct{ keys.Signer }

func (w wrong) Sign(ctx context.Context, _ []byte) ([]byte, error) { return w.Signer.Sign(ctx, nil) }

func TestCreateRefuses(t *testing.T) {
	p256, err := keys.Generate(keys.P256)
	if err != nil {
		t.Fatal(err)
	}
	good := func() *Change { return &Change{Time: start, UpdateKeys: pub(t, "a")} }
	with := func(f func(c *Change)) *Change { c := good(); f(c); return c }
	a := testKey(t, "a")
	for name, c := range map[string]struct {
		where  string
		change *Change
		signer keys.Signer
	}{
		"address":               {"127.0.0.1", good(), a},
		"no location":           {"", good(), a},
		"quote in the location": {`example.com"`, good(), a},
		"no keys":               {"example.com", with(func(c *Change) { c.UpdateKeys = nil }), a},
		"other signer":          {"example.com", good(), testKey(t, "b")},
		"other algorithm":       {"example.com", with(func(c *Change) { c.UpdateKeys = []keys.PublicKey{p256.Public()} }), p256},
		"no time":               {"example.com", with(func(c *Change) { c.Time = time.Time{} }), a},
		"part of a second":      {"example.com", with(func(c *Change) { c.Time = start.Add(1) }), a},
		"document is no JSON":   {"example.com", with(func(c *Change) { c.Document = []byte("{") }), a},
		"document without id":   {"example.com", with(func(c *Change) { c.Document = []byte("{}") }), a},
		"document of another": {"example.com", with(func(c *Change) {
			c.Document = []byte(`{"id":"did:webvh:{SCID}:example.org"}`)
		}), a},
		"no witness reaches the threshold": {"example.com", with(func(c *Change) { c.Witness = &Witness{Threshold: 1} }), a},
		"signature that does not verify":   {"example.com", good(), wrong{a}},
	} {
		if ch, err := Create(context.Background(), c.where, c.change, c.signer); err == nil {
			t.Errorf("%s: got %s, want an error", name, ch.Bytes())
		}
	}
	if _, err := Create(context.Background(), "example.com", good(), failing{a}); !errors.Is(err, errFailing) {
		t.Errorf("got error %v, want the signer's", err)
	}
}

func TestAppendRefuses(t *testing.T) {
	ch := create(t, "example.com", &Change{Time: start, UpdateKeys: pub(t, "a"), NextKeyHashes: []string{KeyHash(pub(t, "b")[0])}})
	before := string(ch.Bytes())
	next := start.Add(time.Hour)
	for name, c := range map[string]struct {
		change *Change
		signer keys.Signer
		want   Fault
	}{
		"same time":       {&Change{Time: start, UpdateKeys: pub(t, "b"), NextKeyHashes: []string{}}, testKey(t, "b"), FaultTime},
		"not committed":   {&Change{Time: next, UpdateKeys: pub(t, "c"), NextKeyHashes: []string{}}, testKey(t, "c"), FaultPreRotation},
		"nothing":         {&Change{Time: next}, testKey(t, "a"), FaultPreRotation},
		"old key":         {&Change{Time: next, UpdateKeys: pub(t, "b"), NextKeyHashes: []string{}}, testKey(t, "a"), FaultKey},
		"false signature": {&Change{Time: next, UpdateKeys: pub(t, "b"), NextKeyHashes: []string{}}, wrong{testKey(t, "b")}, FaultProof},
		"moved": {&Change{
			Time: next, UpdateKeys: pub(t, "b"), NextKeyHashes: []string{},
			Document: []byte(`{"id":"did:webvh:` + ch.Newest().Parameters.SCID + `:example.org"}`),
		}, testKey(t, "b"), FaultPortability},
	} {
		_, err := ch.Append(context.Background(), c.change, c.signer)
		if f, ok := errors.AsType[*LogError](err); !ok || f.Fault != c.want || f.Entry != 2 {
			t.Errorf("%s: got error %v, want %s at entry 2", name, err, c.want)
		}
	}
	if string(ch.Bytes()) != before || len(ch.Versions()) != 1 {
		t.Error("a refused entry changed the chain")
	}
}

func TestAddWitnessRefuses(t *testing.T) {
	for name, c := range map[string][2]string{
		"file is no JSON":  {"[", "{}"},
		"file is no list":  {"{}", "{}"},
		"item is no entry": {`[1]`, "{}"},
		"proof is no JSON": {"[]", "{"},
	} {
		if b, err := AddWitness([]byte(c[0]), "1-x", []byte(c[1])); err == nil {
			t.Errorf("%s: got %s, want an error", name, b)
		}
	}
	p256, err := keys.Generate(keys.P256)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := SignWitness(context.Background(), &Version{ID: "1-x"}, start, p256); err == nil {
		t.Errorf("a key of another algorithm: got %s, want an error", b)
	}
	file := `[{"versionId":"1-x","proof":[` + strings.Repeat("1,", maxWitnessProofs-1) + `1]}]`
	if _, err := parseApprovals([]byte(file), nil); err != nil {
		t.Errorf("as many proofs as may be: got error %v, want none", err)
	}
	if _, err := parseApprovals([]byte(strings.Replace(file, "1,", "1,1,", 1)), nil); err == nil {
		t.Error("a proof too many: got no error, want one")
	}
}

func TestWebDocument(t *testing.T) {
	ch := create(t, "example.com%3A8443:people:ann", &Change{Time: start, UpdateKeys: pub(t, "a"), Document: []byte(`{
		"id":"did:webvh:{SCID}:example.com%3A8443:people:ann","controller":"did:webvh:{SCID}:example.com%3A8443:people:ann",
		"alsoKnownAs":["did:web:example.com%3A8443:people:ann","https://ann.example/"],
		"service":[{"id":"#files","type":"relativeRef","serviceEndpoint":"https://files.example/"}]}`)})
	d, err := ch.Newest().Document()
	if err != nil {
		t.Fatal(err)
	}
	b, err := WebDocument(d)
	if err != nil {
		t.Fatal(err)
	}
	web, err := did.ParseDocument(b)
	if err != nil {
		t.Fatal(err)
	}
	id := did.MustParse("did:web:example.com%3A8443:people:ann")
	if web.ID != id || len(web.Controller) != 1 || web.Controller[0] != id {
		t.Errorf("got %s", b)
	}
	if want := []string{"https://ann.example/", ch.Newest().DID.String()}; !slices.Equal(web.AlsoKnownAs, want) {
		t.Errorf("alsoKnownAs: got %v, want %v", web.AlsoKnownAs, want)
	}
	endpoints := map[string]string{}
	for _, s := range web.Service {
		endpoints[s.ID.Fragment()] = s.Endpoint[0].URI
	}
	if endpoints["files"] != "https://files.example/" || endpoints["whois"] != "https://example.com:8443/people/ann/whois.vp" {
		t.Errorf("services: got %v", endpoints)
	}
	if len(d.Service) != 1 {
		t.Error("the document that was given changed")
	}
	if _, err := WebDocument(web); err == nil {
		t.Error("a did:web document: got no error, want one")
	}
}

// TestMutation flips every byte of a valid log, one at a time: nothing else than the log itself is accepted.
func TestMutation(t *testing.T) {
	f := (&forger{tb: t}).add(step{parameters: object{"witness": witnesses(t, 1, "w1")}}).add(step{}).approve("w1")
	id := f.did()
	if _, err := Verify(id, []byte(f.log()), f.witness, year(2026)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"log": []byte(f.log()), "witnesses": f.witness} {
		for i := range text {
			for _, flip := range []byte{0x01, 0x20} {
				text[i] ^= flip
				log, witness := []byte(f.log()), f.witness
				if name == "log" {
					log = text
				}
				_, err := Verify(id, log, witness, year(2026))
				// The line feed at the end may become another kind of white space or be left out.
				if err == nil && !(name == "log" && i == len(text)-1) && !sameJSON(text, flip, i) {
					t.Errorf("%s: byte %d changed by %#x: accepted", name, i, flip)
				}
				text[i] ^= flip
			}
		}
	}
}

// sameJSON tells whether the change did not change what the text says.
func sameJSON(text []byte, flip byte, i int) bool {
	var changed, original any
	err := json.Unmarshal(text, &changed)
	text[i] ^= flip
	err2 := json.Unmarshal(text, &original)
	text[i] ^= flip
	a, _ := json.Marshal(changed)
	b, _ := json.Marshal(original)
	return err == nil && err2 == nil && string(a) == string(b)
}
