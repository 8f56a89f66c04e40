package realdid_test

import (
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

var _ did.Registrar = (*realdid.Registrar)(nil)

// jsonText formats options with JSON values in them.
func jsonText(format string, a ...any) []byte {
	for i, x := range a {
		b, err := json.Marshal(x)
		if err != nil {
			panic(err)
		}
		a[i] = string(b)
	}
	return fmt.Appendf(nil, format, a...)
}

func multikey(k *keys.PrivateKey) string { return k.Public().Multikey() }

func digestText(d realdid.Digest) string { return realdidBase32(d[:]) }

func nextText(k *keys.PrivateKey) string { return digestText(realdid.SHA256.CommitKey(k.Public())) }

// answerRequests signs what the registrar asks for with those of these keys that it asks.
func answerRequests(t *testing.T, p *did.Preparation, ks ...*keys.PrivateKey) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, req := range p.Requests {
		for _, k := range ks {
			if k.Public().Equal(req.Key) {
				sig, err := k.Sign(t.Context(), req.Payload)
				ok(t, "sign", err)
				out[req.ID] = sig
			}
		}
	}
	return out
}

// change prepares, signs and submits.
func change(t *testing.T, r *realdid.Registrar, c *did.Change, ks ...*keys.PrivateKey) *did.Registered {
	t.Helper()
	p := must(r.Prepare(t.Context(), c))(t)
	sigs := answerRequests(t, p, ks...)
	done := must(r.Submit(t.Context(), p.State, sigs))(t)
	again := must(r.Submit(t.Context(), p.State, sigs))(t)
	if again.VersionID != done.VersionID || again.DID != done.DID || done.DID != p.DID || done.Operation != c.Operation {
		t.Errorf("%s: submitted twice: got %+v, then %+v", c.Operation, done, again)
	}
	return done
}

func TestRegistrarLife(t *testing.T) {
	w := newWorld(t)
	r := realdid.NewRegistrar(w.m)
	doc := jsonText(`{"@context":["https://www.w3.org/ns/did/v1"],"alsoKnownAs":["https://me.example/"],
		"verificationMethod":[{"id":"#auth","type":"Multikey","publicKeyMultibase":%s},{"id":"#agree","type":"Multikey","publicKeyMultibase":%s}],
		"authentication":["#auth"],"assertionMethod":["#auth"],"keyAgreement":["#agree"],
		"service":[{"id":"#in","type":"DIDCommMessaging","serviceEndpoint":{"uri":"https://relay.example/","accept":["didcomm/v2"]}},
			{"id":"#web","type":["A","B"],"serviceEndpoint":["https://a.example/","https://b.example/"]}]}`,
		multikey(ed(3)), testKey(keys.X25519, 1).Public().Multikey())
	tierText := func(by int) string {
		k := backup(by)
		return digestText(realdid.SHA256.CommitRecovery(k.Salt, k.Key))
	}
	made := change(t, r, &did.Change{
		Operation: "create", Document: doc,
		Options: jsonText(`{"suite":"q","control":{"threshold":2,"keys":[%s,%s],"weights":[2,1]},"next":{"threshold":1,"digests":[%s]},
			"recovery":[{"delaySeconds":3600,"keys":{"threshold":1,"digests":[%s]}},{"delaySeconds":3600,"vetoable":true,"keys":{"threshold":1,"digests":[%s]}}],"singleSecret":true}`,
			multikey(ed(0)), multikey(ed(1)), nextText(ed(2)), tierText(10), tierText(11)),
	}, ed(0))
	id := made.DID
	res := must(w.m.Resolve(t.Context(), id, nil))(t)
	if string(made.Document.Canonical()) != string(res.Document.Canonical()) || made.VersionID != res.Metadata.VersionID || len(res.Document.VerificationMethod) != 2 || len(res.Document.Service) != 2 {
		t.Errorf("created: got %s", made.Document.Canonical())
	}
	if m, has := res.Document.Method(id.WithFragment("auth")); !has || m.Purposes != did.Authentication|did.AssertionMethod {
		t.Errorf("method: got %+v", m)
	}
	if f := res.Metadata.Extra["realdid"].(realdid.Facts); !f.SingleSecret || len(f.Recovery) != 2 || !f.Recovery[1].Vetoable {
		t.Errorf("facts: got %+v", f)
	}
	// The document as it was resolved is one that can be put back, without a method.
	w.wait(time.Minute)
	full := strings.Replace(string(res.Document.Canonical()), `"https://me.example/"`, `"https://me.example/new"`, 1)
	updated := change(t, r, &did.Change{Operation: "update", DID: id, Document: []byte(full)}, ed(0))
	if len(updated.Document.AlsoKnownAs) != 1 || updated.Document.AlsoKnownAs[0] != "https://me.example/new" {
		t.Errorf("updated: got %s", updated.Document.Canonical())
	}
	change(t, r, &did.Change{Operation: "anchor", DID: id, Options: jsonText(`{"root":%s}`, digestText(realdid.Digest{5}))}, ed(0))
	if a := must(w.m.Resolve(t.Context(), id, nil))(t).Anchored; len(a) != 1 || a[0].Root != [32]byte{5} {
		t.Errorf("anchored: got %+v", a)
	}
	rotated := change(t, r, &did.Change{Operation: "rotate", DID: id, Options: jsonText(`{"reveal":[%s],"next":{"threshold":1,"digests":[%s]},"overtake":false}`, multikey(ed(2)), nextText(ed(4)))}, ed(2))
	if len(rotated.Document.VerificationMethod) != 2 {
		t.Errorf("a rotation without a document changed it: %s", rotated.Document.Canonical())
	}
	change(t, r, &did.Change{
		Operation: "rotate", DID: id, Document: []byte(`{}`),
		Options: jsonText(`{"reveal":[%s],"control":{"threshold":1,"keys":[%s]},"next":{"threshold":1,"digests":[%s]},"compromised":{"auth":1}}`, multikey(ed(4)), multikey(ed(5)), nextText(ed(6))),
	}, ed(4), ed(5))
	if removed := must(w.m.Resolve(t.Context(), id, nil))(t).Removed; len(removed) != 2 || !removed[0].Compromised {
		t.Errorf("removed: got %+v", removed)
	}
	reveal := func(n int) []map[string]string {
		k := backup(n)
		return []map[string]string{{"salt": base64url(k.Salt[:]), "key": k.Key.Multikey()}}
	}
	recover := func(by, control int) *did.Registered {
		return change(t, r, &did.Change{
			Operation: "recover", DID: id, Document: jsonText(`{"id":%s}`, id.String()),
			Options: jsonText(`{"revealRecovery":%s,"control":{"threshold":1,"keys":[%s]},"next":{"threshold":1,"digests":[%s]},"cleared":["auth"]}`, reveal(by), multikey(ed(control)), nextText(ed(control+1))),
		}, ed(by), ed(control))
	}
	recover(11, 20)
	change(t, r, &did.Change{Operation: "cancel", DID: id, Options: jsonText(`{"reveal":[%s],"next":{"threshold":1,"digests":[%s]}}`, multikey(ed(6)), nextText(ed(7)))}, ed(6))
	w.wait(2 * time.Hour)
	recover(11, 20)
	change(t, r, &did.Change{Operation: "cancel", DID: id, Options: jsonText(`{"revealRecovery":%s}`, reveal(10))}, ed(10))
	w.wait(2 * time.Hour)
	recover(10, 30)
	w.wait(2 * time.Hour)
	gone := change(t, r, &did.Change{Operation: "deactivate", DID: id, Options: jsonText(`{"reveal":[%s]}`, multikey(ed(31)))}, ed(31))
	if res := must(w.m.Resolve(t.Context(), id, nil))(t); !res.Metadata.Deactivated || res.Metadata.VersionID != gone.VersionID {
		t.Errorf("deactivated: got %+v", res.Metadata)
	}
}

// prepared is a registrar with an update that waits for its signature.
func prepared(t *testing.T) (*world, *realdid.Registrar, did.DID, *did.Preparation) {
	t.Helper()
	w := newWorld(t)
	r := realdid.NewRegistrar(w.m)
	made := change(t, r, &did.Change{
		Operation: "create", Options: jsonText(`{"control":{"threshold":1,"keys":[%s]},"next":{"threshold":1,"digests":[%s]}}`, multikey(ed(0)), nextText(ed(1))),
	}, ed(0))
	p := must(r.Prepare(t.Context(), &did.Change{Operation: "update", DID: made.DID, Document: []byte(`{"alsoKnownAs":["urn:x:y"]}`)}))(t)
	return w, r, made.DID, p
}

func TestRegistrarPrepareRefuses(t *testing.T) {
	_, r, id, _ := prepared(t)
	control := fmt.Sprintf(`{"threshold":1,"keys":["%s"]}`, multikey(ed(7)))
	next := fmt.Sprintf(`{"threshold":1,"digests":["%s"]}`, nextText(ed(8)))
	create := func(text string) *did.Change { return &did.Change{Operation: "create", Options: []byte(text)} }
	document := func(text string) *did.Change {
		return &did.Change{Operation: "update", DID: id, Document: []byte(text)}
	}
	_, long := unregistered(t)
	for name, v := range map[string]struct {
		c    *did.Change
		code did.ErrorCode
	}{
		"unknown operation":    {&did.Change{Operation: "transfer", DID: id}, did.FeatureNotSupported},
		"no operation":         {&did.Change{}, did.FeatureNotSupported},
		"no DID":               {&did.Change{Operation: "update", Document: []byte(`{}`)}, did.InvalidDID},
		"another method":       {&did.Change{Operation: "update", DID: did.MustParse("did:example:1"), Document: []byte(`{}`)}, did.InvalidDID},
		"unknown DID":          {&did.Change{Operation: "update", DID: must(realdid.ParseIdentifier(long))(t).Short(), Document: []byte(`{}`)}, did.NotFound},
		"long form":            {&did.Change{Operation: "update", DID: long, Document: []byte(`{}`)}, did.InvalidOptions},
		"create with a DID":    {&did.Change{Operation: "create", DID: id, Options: []byte(`{"control":` + control + `,"next":` + next + `}`)}, did.InvalidOptions},
		"no options":           {&did.Change{Operation: "create"}, did.InvalidOptions},
		"options no JSON":      {create(`{`), did.InvalidOptions},
		"options a list":       {create(`[]`), did.InvalidOptions},
		"control missing":      {create(`{"next":` + next + `}`), did.InvalidOptions},
		"unknown option":       {create(`{"control":` + control + `,"next":` + next + `,"x":1}`), did.InvalidOptions},
		"option of another":    {create(`{"control":` + control + `,"next":` + next + `,"overtake":true}`), did.InvalidOptions},
		"option twice":         {create(`{"control":` + control + `,"control":` + control + `,"next":` + next + `}`), did.InvalidOptions},
		"suite":                {create(`{"suite":"x","control":` + control + `,"next":` + next + `}`), did.InvalidOptions},
		"control no object":    {create(`{"control":1,"next":` + next + `}`), did.InvalidOptions},
		"control unknown":      {create(`{"control":{"threshold":1,"keys":[],"x":1},"next":` + next + `}`), did.InvalidOptions},
		"control no keys":      {create(`{"control":{"threshold":1,"keys":[]},"next":` + next + `}`), did.InvalidOptions},
		"control bad key":      {create(`{"control":{"threshold":1,"keys":["z1"]},"next":` + next + `}`), did.InvalidOptions},
		"control threshold":    {create(strings.Replace(`{"control":`+control+`,"next":`+next+`}`, `"threshold":1`, `"threshold":2`, 1)), did.InvalidOptions},
		"control threshold 0":  {create(strings.Replace(`{"control":`+control+`,"next":`+next+`}`, `"threshold":1`, `"threshold":0`, 1)), did.InvalidOptions},
		"control weight 0":     {create(strings.Replace(`{"control":`+control+`,"next":`+next+`}`, `"threshold":1`, `"weights":[0],"threshold":1`, 1)), did.InvalidOptions},
		"next digest":          {create(`{"control":` + control + `,"next":{"threshold":1,"digests":["x"]}}`), did.InvalidOptions},
		"recovery empty":       {create(`{"control":` + control + `,"next":` + next + `,"recovery":[]}`), did.InvalidOptions},
		"recovery delay":       {create(`{"control":` + control + `,"next":` + next + `,"recovery":[{"delaySeconds":-1,"keys":` + next + `}]}`), did.InvalidOptions},
		"recovery short delay": {create(`{"control":` + control + `,"next":` + next + `,"recovery":[{"delaySeconds":1,"keys":` + next + `}]}`), did.InvalidOptions},
		"recovery veto":        {create(`{"control":` + control + `,"next":` + next + `,"recovery":[{"delaySeconds":3600,"vetoable":1,"keys":` + next + `}]}`), did.InvalidOptions},
		"single secret":        {create(`{"control":` + control + `,"next":` + next + `,"singleSecret":1}`), did.InvalidOptions},
		"update with nothing":  {&did.Change{Operation: "update", DID: id}, did.InvalidOptions},
		"anchor with document": {&did.Change{Operation: "anchor", DID: id, Document: []byte(`{}`), Options: []byte(`{"root":"` + nextText(ed(8)) + `"}`)}, did.InvalidOptions},
		"anchor root":          {&did.Change{Operation: "anchor", DID: id, Options: []byte(`{"root":"x"}`)}, did.InvalidOptions},
		"cancel nothing":       {&did.Change{Operation: "cancel", DID: id}, did.InvalidOptions},
		"rotate a wrong key":   {&did.Change{Operation: "rotate", DID: id, Options: jsonText(`{"reveal":[%s],"next":{"threshold":1,"digests":[%s]}}`, multikey(ed(5)), nextText(ed(6)))}, did.InvalidOptions},
		"recover a bad salt":   {&did.Change{Operation: "recover", DID: id, Options: []byte(`{"revealRecovery":[{"salt":"x","key":"` + multikey(ed(5)) + `"}],"control":` + control + `,"next":` + next + `}`)}, did.InvalidOptions},
		"recover no tier":      {&did.Change{Operation: "recover", DID: id, Options: []byte(`{"revealRecovery":[{"salt":"` + strings.Repeat("A", 22) + `","key":"` + multikey(ed(5)) + `"}],"control":` + control + `,"next":` + next + `}`)}, did.InvalidOptions},
		"compromised a list":   {&did.Change{Operation: "rotate", DID: id, Options: []byte(`{"reveal":["` + multikey(ed(1)) + `"],"next":` + next + `,"compromised":[]}`)}, did.InvalidOptions},
		"compromised since -1": {&did.Change{Operation: "rotate", DID: id, Options: []byte(`{"reveal":["` + multikey(ed(1)) + `"],"next":` + next + `,"compromised":{"a":-1}}`)}, did.InvalidOptions},
		"cleared a number":     {&did.Change{Operation: "recover", DID: id, Options: []byte(`{"cleared":[1]}`)}, did.InvalidOptions},

		"document no JSON":          {document(`{`), did.InvalidDIDDocument},
		"document a list":           {document(`[]`), did.InvalidDIDDocument},
		"another id":                {document(`{"id":"did:example:1"}`), did.InvalidDIDDocument},
		"unknown member":            {document(`{"controller":"` + id.String() + `"}`), did.InvalidDIDDocument},
		"methods no list":           {document(`{"verificationMethod":{}}`), did.InvalidDIDDocument},
		"method no object":          {document(`{"verificationMethod":[1]}`), did.InvalidDIDDocument},
		"method without key":        {document(`{"verificationMethod":[{"id":"#a","type":"Multikey"}],"authentication":["#a"]}`), did.InvalidDIDDocument},
		"method of another type":    {document(`{"verificationMethod":[{"id":"#a","type":"JsonWebKey"}]}`), did.InvalidDIDDocument},
		"method of another DID":     {document(`{"verificationMethod":[{"id":"did:example:1#a"}]}`), did.InvalidDIDDocument},
		"method controlled outside": {document(`{"verificationMethod":[{"id":"#a","controller":"did:example:1"}]}`), did.InvalidDIDDocument},
		"method with more":          {document(`{"verificationMethod":[{"id":"#a","expires":"2030-01-01T00:00:00Z"}]}`), did.InvalidDIDDocument},
		"method with a bad key":     {document(`{"verificationMethod":[{"id":"#a","publicKeyMultibase":"z"}]}`), did.InvalidDIDDocument},
		"method for nothing":        {document(`{"verificationMethod":[{"id":"#a","publicKeyMultibase":"` + multikey(ed(9)) + `"}]}`), did.InvalidDIDDocument},
		"embedded method":           {document(`{"authentication":[{"id":"#a"}]}`), did.InvalidDIDDocument},
		"relationship to nothing":   {document(`{"authentication":["#a"]}`), did.InvalidDIDDocument},
		"relationship twice":        {document(`{"verificationMethod":[{"id":"#a","publicKeyMultibase":"` + multikey(ed(9)) + `"}],"authentication":["#a","#a"]}`), did.InvalidDIDDocument},
		"service no object":         {document(`{"service":[1]}`), did.InvalidDIDDocument},
		"service with more":         {document(`{"service":[{"id":"#s","x":1}]}`), did.InvalidDIDDocument},
		"service without endpoint":  {document(`{"service":[{"id":"#s","type":"T"}]}`), did.InvalidDIDDocument},
		"service type a number":     {document(`{"service":[{"id":"#s","type":1}]}`), did.InvalidDIDDocument},
		"endpoint a number":         {document(`{"service":[{"id":"#s","type":"T","serviceEndpoint":1}]}`), did.InvalidDIDDocument},
		"alias that is no URI":      {document(`{"alsoKnownAs":["x"]}`), did.InvalidDIDDocument},
		"alias a number":            {document(`{"alsoKnownAs":[1]}`), did.InvalidDIDDocument},
	} {
		_, err := r.Prepare(t.Context(), v.c)
		wantCode(t, name, err, v.code)
	}
}

func TestRegistrarSubmitRefuses(t *testing.T) {
	w, r, id, p := prepared(t)
	sigs := answerRequests(t, p, ed(0))
	if len(p.Requests) != 1 || p.Requests[0].ID != "signer-0" || p.DID != id {
		t.Fatalf("got %+v", p)
	}
	submit := func(state []byte, sigs map[string][]byte) error {
		_, err := r.Submit(t.Context(), state, sigs)
		return err
	}
	wantCode(t, "no state", submit(nil, sigs), did.InvalidOptions)
	wantCode(t, "a large state", submit(make([]byte, 5000), sigs), did.InvalidOptions)
	wantCode(t, "no signature", submit(p.State, nil), did.InvalidOptions)
	wantCode(t, "another signer", submit(p.State, map[string][]byte{"signer-1": sigs["signer-0"]}), did.InvalidOptions)
	wantCode(t, "a name that was not asked for", submit(p.State, map[string][]byte{"signer-0": sigs["signer-0"], "x": {}}), did.InvalidOptions)
	wantCode(t, "the signature of a thief", submit(p.State, func() map[string][]byte {
		sig, err := ed(1).Sign(t.Context(), p.Requests[0].Payload)
		ok(t, "sign", err)
		return map[string][]byte{"signer-0": sig}
	}()), did.InvalidOptions)
	for i := range p.State {
		mutant := append([]byte{}, p.State...)
		mutant[i] ^= 1
		if submit(mutant, sigs) == nil {
			t.Errorf("byte %d of the state flipped: accepted", i)
		}
	}
	if n := count(t, w.lg, id.ID()); n != 1 {
		t.Fatalf("%d entries, want 1", n)
	}
	other := must(r.Prepare(t.Context(), &did.Change{Operation: "update", DID: id, Document: []byte(`{"alsoKnownAs":["urn:z:z"]}`)}))(t)
	ok(t, "another comes first", submit(other.State, answerRequests(t, other, ed(0))))
	err := submit(p.State, sigs)
	if wantCode(t, "too late", err, did.InvalidOptions); !errors.Is(err, realdid.ErrConflict) || !strings.Contains(err.Error(), "prepare again") {
		t.Errorf("too late: got %v", err)
	}
	failing := must(realdid.New(&stubborn{listLedger: &listLedger{}, err: ledger.ErrClosed}, nil))(t)
	create := must(realdid.NewRegistrar(failing).Prepare(t.Context(), &did.Change{
		Operation: "create", Options: jsonText(`{"control":{"threshold":1,"keys":[%s]},"next":{"threshold":1,"digests":[%s]}}`, multikey(ed(0)), nextText(ed(1))),
	}))(t)
	_, err = realdid.NewRegistrar(failing).Submit(t.Context(), create.State, answerRequests(t, create, ed(0)))
	wantCode(t, "a ledger that fails", err, did.InternalError)
}

func realdidBase32(b []byte) string {
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}

// FuzzRegistrar: nothing that comes from outside makes it panic, and only signed operations reach the ledger.
func FuzzRegistrar(f *testing.F) {
	f.Add("create", jsonText(`{"control":{"threshold":1,"keys":[%s]},"next":{"threshold":1,"digests":[%s]}}`, multikey(ed(0)), nextText(ed(1))), []byte(`{"alsoKnownAs":["urn:x:y"]}`), []byte{})
	f.Add("rotate", []byte(`{"reveal":[],"compromised":{"a":1},"overtake":true}`), []byte(`{"service":[{"id":"#s","type":"T","serviceEndpoint":{"a":["b"]}}]}`), []byte{0x83})
	m, err := realdid.New(&listLedger{}, nil)
	ok(f, "method", err)
	r := realdid.NewRegistrar(m)
	f.Fuzz(func(t *testing.T, operation string, options, document, state []byte) {
		if p, err := r.Prepare(t.Context(), &did.Change{Operation: operation, Options: options, Document: document}); err == nil {
			state = p.State
		}
		if _, err := r.Submit(t.Context(), state, map[string][]byte{"signer-0": make([]byte, 64)}); err == nil {
			t.Fatal("submitted")
		}
	})
}
