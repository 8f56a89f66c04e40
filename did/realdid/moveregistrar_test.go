package realdid_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
)

// TestRegistrarMoves announces, departs and imports by registrars.
func TestRegistrarMoves(t *testing.T) {
	w := newTwo(t)
	id := w.born()
	here, there := realdid.NewRegistrar(w.atMain), realdid.NewRegistrar(w.there)
	announce := &did.Change{Operation: "migrate", DID: id, Options: jsonText(`{"to":"second","reveal":[%s],"next":{"threshold":1,"digests":[%s]},"singleSecret":true}`, multikey(ed(1)), nextText(ed(2)))}
	change(t, here, announce, ed(1))
	s := must(w.atMain.State(t.Context(), id))(t)
	_, ready, _, announced := s.Migration()
	if !announced || !s.SingleSecret() {
		t.Fatalf("not announced: %+v", s.Facts())
	}
	depart := &did.Change{Operation: "migrate", DID: id, Options: []byte(`{"to":"second"}`)}
	p := must(here.Prepare(t.Context(), depart))(t)
	_, err := here.Submit(t.Context(), p.State, answerRequests(t, p, ed(0)))
	wantCode(t, "before the notice is over", err, did.InvalidOptions)
	w.now = ready
	change(t, here, depart, ed(0))
	update := &did.Change{Operation: "update", DID: id, Document: []byte(`{}`)}
	p = must(here.Prepare(t.Context(), update))(t)
	_, err = here.Submit(t.Context(), p.State, answerRequests(t, p, ed(0)))
	wantCode(t, "after departure", err, did.InvalidOptions)

	state, _, err := w.main.State(t.Context(), id.ID())
	ok(t, "state", err)
	proven := must(w.main.Prove(t.Context(), id.ID(), 3))(t)
	options := func(from string, state, proof []byte) []byte {
		enc := base64.RawURLEncoding.EncodeToString
		return jsonText(`{"from":%s,"state":%s,"proof":%s}`, from, enc(state), enc(proof))
	}
	bring := &did.Change{Operation: "import", DID: id, Options: options("main", state, proven)}
	if p = must(there.Prepare(t.Context(), bring))(t); len(p.Requests) != 0 {
		t.Errorf("somebody is asked to sign: %+v", p.Requests)
	}
	done := change(t, there, bring)
	if r := must(w.there.Resolve(t.Context(), id, nil))(t); r.Metadata.VersionID != done.VersionID {
		t.Errorf("version: got %s, want %s", done.VersionID, r.Metadata.VersionID)
	}
	_, err = there.Submit(t.Context(), p.State, map[string][]byte{"signer-0": make([]byte, 64)})
	wantCode(t, "an import that is signed", err, did.InvalidOptions)
	strange := realdid.NewRegistrar(must(realdid.New(&listLedger{}, &realdid.Options{Network: secondNet, Clock: w.clock}))(t))
	p = must(strange.Prepare(t.Context(), bring))(t)
	_, err = strange.Submit(t.Context(), p.State, nil)
	wantCode(t, "from whom nobody trusts", err, did.InternalError)

	other := did.MustParse("did:realdid:q" + strings.Repeat("a", 52))
	for name, c := range map[string]*did.Change{
		"announced to nowhere":            {Operation: "migrate", DID: id, Options: []byte(`{}`)},
		"to a name that is none":          {Operation: "migrate", DID: id, Options: []byte(`{"to":"A"}`)},
		"to where it is":                  {Operation: "migrate", DID: id, Options: []byte(`{"to":"main"}`)},
		"announced without next keys":     {Operation: "migrate", DID: id, Options: jsonText(`{"to":"third","reveal":[%s]}`, multikey(ed(2)))},
		"departs with next keys":          {Operation: "migrate", DID: id, Options: jsonText(`{"to":"third","next":{"threshold":1,"digests":[%s]}}`, nextText(ed(3)))},
		"departs with a mark":             {Operation: "migrate", DID: id, Options: []byte(`{"to":"third","singleSecret":true}`)},
		"with a document":                 {Operation: "migrate", DID: id, Options: []byte(`{"to":"third"}`), Document: []byte(`{}`)},
		"import without proof":            {Operation: "import", DID: id, Options: jsonText(`{"from":"main","state":%s}`, "AA")},
		"import of no state":              {Operation: "import", DID: id, Options: options("main", []byte{1}, proven)},
		"import of another identifier":    {Operation: "import", DID: other, Options: options("main", state, proven)},
		"import from elsewhere":           {Operation: "import", DID: id, Options: options("third", state, proven)},
		"import with padding":             {Operation: "import", DID: id, Options: jsonText(`{"from":"main","state":%s,"proof":"AA"}`, "AA==")},
		"import of more than has room":    {Operation: "import", DID: id, Options: options("main", state, make([]byte, realdid.MaxImport))},
		"import with a document":          {Operation: "import", DID: id, Options: options("main", state, proven), Document: []byte(`{}`)},
		"import with something else":      {Operation: "import", DID: id, Options: []byte(`{"reveal":[]}`)},
		"import from a name that is none": {Operation: "import", DID: id, Options: options("", state, proven)},
	} {
		r := here
		if c.Operation == "import" {
			r = there
		}
		_, err := r.Prepare(t.Context(), c)
		wantCode(t, name, err, did.InvalidOptions)
	}
}
