package realdid_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// An operation that is well-formed by itself, with what is computed of its bytes alone.
type operationVector struct {
	Name        string        `json:"name"`
	Operation   hexBytes      `json:"operation"`
	Type        string        `json:"type"`
	Suite       string        `json:"suite"`
	Payload     hexBytes      `json:"payload"`
	SignedBytes hexBytes      `json:"signedBytes,omitempty"`
	ID          hexBytes      `json:"id"`
	VersionID   string        `json:"versionId"`
	DID         string        `json:"did"`
	Create      *createVector `json:"create,omitempty"`
}

type createVector struct {
	SCID     hexBytes        `json:"scid"`
	LongForm string          `json:"longForm,omitempty"`
	Document json.RawMessage `json:"document,omitempty"`
}

var typeNames = []string{"", "create", "update", "anchor", "rotate", "recover", "cancel", "deactivate", "migrate", "import"}

// operationVectorOf computes what SPEC.md sections 2 to 4 say, without the package under test. Which signatures of a create its long form
// has is the caller's to say; negative is that it has no long form.
func operationVectorOf(t *testing.T, name string, b []byte, signatures int) operationVector {
	t.Helper()
	o := must(modelParse(b))(t)
	v := operationVector{
		Name: name, Operation: b, Type: typeNames[o.typ], Suite: string(o.scid[0]), Payload: o.payload,
		ID: o.id, VersionID: realdidBase32(o.id), DID: "did:realdid:",
	}
	if o.domain != "" {
		v.DID += o.domain + ":"
	}
	v.DID += string(o.scid[0]) + realdidBase32(o.scid[1:])
	if o.typ != 9 {
		v.SignedBytes = append([]byte("realdid/op/v1\x00"), o.payload...)
	}
	if o.typ != 1 {
		return v
	}
	v.Create = &createVector{SCID: o.scid}
	if signatures >= 0 {
		raw := decodeOp(t, b)
		v.Create.LongForm = v.DID + ":" + base64.RawURLEncoding.EncodeToString(cborBytes(t, []any{o.payload, raw.signatures[:signatures]}))
		v.Create.Document = modelLongDocument(v.Create.LongForm, o.document)
	}
	return v
}

// modelLongDocument is the document of a genesis by SPEC.md section 7.2, of methods alone: the vectors with services are histories.
func modelLongDocument(id string, d *mDocument) json.RawMessage {
	out := map[string]any{"@context": []string{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"}, "id": id}
	if d == nil {
		return mustJSON(out)
	}
	var methods []any
	for _, m := range d.methods {
		url := id + "#" + m.fragment
		methods = append(methods, map[string]any{"id": url, "type": "Multikey", "controller": id, "publicKeyMultibase": "z" + base58(m.key)})
		for i, name := range []string{"authentication", "assertionMethod", "keyAgreement", "capabilityInvocation", "capabilityDelegation"} {
			if m.purposes&(1<<i) != 0 {
				list, _ := out[name].([]string)
				out[name] = append(list, url)
			}
		}
	}
	if methods != nil {
		out["verificationMethod"] = methods
	}
	return mustJSON(out)
}

func mustJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// base58 is the alphabet of Bitcoin, for bytes that do not begin with zero.
func base58(b []byte) string {
	const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	digits := slices.Clone(b)
	var out []byte
	for len(digits) > 0 {
		rest, next := 0, digits[:0:0]
		for _, d := range digits {
			rest = rest<<8 | int(d)
			if q := byte(rest / 58); q != 0 || len(next) > 0 {
				next = append(next, q)
			}
			rest %= 58
		}
		out, digits = append(out, alphabet[rest]), next
	}
	slices.Reverse(out)
	return string(out)
}

// madeCreates are creates whose long forms are special.
func madeCreates(t *testing.T) (out []operationVector) {
	t.Helper()
	add := func(name string, signatures int, p object, ks ...*keys.PrivateKey) {
		out = append(out, operationVectorOf(t, name, seal(t, p, ks...), signatures))
	}
	for _, suite := range []byte("qs") {
		add(fmt.Sprintf("create, suite %c", suite), 1, rawCreate(suite), ed(0))
		p := rawCreate(suite)
		p[memberDomain], p[memberHome] = "example-trust", "second"
		add(fmt.Sprintf("create, suite %c, of another trust domain and ledger", suite), 1, p, ed(0))
	}
	p := rawCreate('q')
	p[memberDocument] = object{0: []any{
		[]any{"every-purpose", multicodec(3), 31},
		[]any{"agreement", testKey(keys.X25519, 1).Public().Multicodec(), 4},
		[]any{"sm2", testKey(keys.SM2, 1).Public().Multicodec(), 3},
	}}
	add("create with methods", 1, p, ed(0))
	p = rawCreate('q')
	p[memberControl] = keySet(1, multicodec(0), multicodec(5))
	add("create signed by more keys than it needs: the long form has the first alone", 1, p, ed(0), ed(5))
	add("create signed by the second of two keys: no long form", -1, p, nil, ed(5))
	p = rawCreate('q')
	p[memberControl] = object{0: 3, 1: [][]byte{multicodec(0), multicodec(5), multicodec(6)}, 2: []uint64{2, 1, 1}}
	add("create signed by three weighted keys: the long form has the first two", 2, p, ed(0), ed(5), ed(6))
	p = rawCreate('q')
	var aliases []string
	for i := range 10 {
		aliases = append(aliases, fmt.Sprintf("https://person.example/%0160d", i))
	}
	p[memberDocument] = object{2: aliases}
	add("create whose long form would be over 2048 characters", -1, p, ed(0))
	return out
}

// operationVectors are creates, and operations of every other type from the other files.
func operationVectors(t *testing.T) []operationVector {
	t.Helper()
	out := madeCreates(t)
	for _, h := range readVectors[historyVector](t, "histories") {
		for i, s := range h.Steps {
			if s.Type != "create" {
				out = append(out, operationVectorOf(t, fmt.Sprintf("%s, step %d: %s", h.Name, i, s.Type), s.Operation, -1))
			}
		}
	}
	for _, v := range readVectors[refusedVector](t, "refused") {
		if o := must(modelParse(v.Operation))(t); o.typ == 8 {
			out = append(out, operationVectorOf(t, "migrate: "+v.Fault, v.Operation, -1))
		}
	}
	for _, v := range readVectors[importVector](t, "imports") {
		out = append(out, operationVectorOf(t, "import: "+v.Name, v.Operation, -1))
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(v operationVector) bool {
		again := seen[string(v.Operation)]
		seen[string(v.Operation)] = true
		return again
	})
}

func TestOperationVectors(t *testing.T) {
	compareVectors(t, "operations", operationVectors(t))
	types := map[string]int{}
	for _, v := range readVectors[operationVector](t, "operations") {
		types[v.Type]++
		op := mustParse(t, v.Operation)
		id := op.ID()
		if op.Type().String() != v.Type || !bytes.Equal(id[:], v.ID) || op.VersionID() != v.VersionID || op.Identifier().Short().String() != v.DID {
			t.Errorf("%s: got %v %x %s %s", v.Name, op.Type(), id, op.VersionID(), op.Identifier().Short())
		}
		if string(op.Identifier().SCID.Suite) != v.Suite {
			t.Errorf("%s: got suite %c, want %s", v.Name, op.Identifier().SCID.Suite, v.Suite)
		}
		if v.Create != nil {
			v.checkCreate(t, op)
		}
	}
	for _, name := range typeNames[1:] {
		if types[name] == 0 {
			t.Errorf("no operation of type %s", name)
		}
	}
}

func (v *operationVector) checkCreate(t *testing.T, op *realdid.Operation) {
	t.Helper()
	scid := op.Identifier().SCID
	if got := append([]byte{byte(scid.Suite)}, scid.Digest[:]...); !bytes.Equal(got, v.Create.SCID) {
		t.Errorf("%s: got scid %x, want %x", v.Name, got, v.Create.SCID)
	}
	long, err := op.LongForm()
	if v.Create.LongForm == "" {
		if err == nil {
			t.Errorf("%s: got the long form %s, want none", v.Name, long)
		}
		return
	}
	if err != nil || long.String() != v.Create.LongForm {
		t.Errorf("%s: got %s, %v, want %s", v.Name, long, err, v.Create.LongForm)
		return
	}
	network := realdid.Network{Domain: op.Identifier().Domain, Home: must(modelParse(v.Operation))(t).home}
	m := must(realdid.New(nil, &realdid.Options{Network: network, Clock: func() time.Time { return start }}))(t)
	r := must(m.Resolve(t.Context(), did.MustParse(v.Create.LongForm), nil))(t)
	var want bytes.Buffer
	ok(t, v.Name, json.Compact(&want, v.Create.Document))
	if got := r.Document.Canonical(); !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s: got %s, want %s", v.Name, got, want.Bytes())
	}
	if r.Metadata.CanonicalID != v.DID || r.Metadata.VersionID != v.VersionID || !r.Evidence.GenesisOnly {
		t.Errorf("%s: got %+v %+v", v.Name, r.Metadata, r.Evidence)
	}
}
