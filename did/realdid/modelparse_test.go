package realdid_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/realdid/realdid/keys"
)

// The model is SPEC.md once more, slow and plain, without anything of the package under test but the numbers of its
// errors. This file reads operations by sections 4 and 5.

type mSet struct {
	threshold uint64
	members   [][]byte
	weights   []uint64
}

func (s mSet) weight(i int) uint64 {
	if s.weights == nil {
		return 1
	}
	return s.weights[i]
}

type mTier struct {
	delay            int64
	vetoable         bool
	set              mSet
	place, rank      uint64
	notBefore, until int64
}

type mMethod struct {
	fragment string
	key      []byte
	purposes uint64
	added    int64
}

type mDocument struct {
	methods  []mMethod
	services []string // fragments
	raw      object   // services and aliases as they came
}

type mReveal struct {
	index     uint64
	salt, key []byte
}

type mOp struct {
	bytes, payload []byte
	typ            uint64
	domain, home   string
	scid           []byte // 33 bytes
	seq            uint64
	prev, id       []byte
	control, next  *mSet
	tiers          []mTier
	document       *mDocument
	compromised    map[string]uint64
	reveal         []mReveal // of next keys
	revealRecovery []mReveal
	tier           []uint64 // place and rank
	single         bool
	cleared        []string
	to, from       string
	state, proof   []byte
	withdrew       bool // a cancel of no recovery
	signatures     map[uint64][]byte
}

// turn says whether the operation is more than an update or anchor.
func (o *mOp) turn() bool { return o.typ != 2 && o.typ != 3 }

func (o *mOp) departs() bool { return o.typ == 8 && o.reveal == nil }

// signers lists who signs, section 4.2; of update, anchor and departure the state's control set does.
func (o *mOp) signers(control mSet) [][]byte {
	if !o.turn() || o.departs() {
		return control.members
	}
	var out [][]byte
	for _, r := range append(append([]mReveal{}, o.reveal...), o.revealRecovery...) {
		out = append(out, r.key)
	}
	revealed := out
	if o.control != nil {
		for _, k := range o.control.members {
			if indexOf(revealed, k) < 0 {
				out = append(out, k)
			}
		}
	}
	return out
}

func indexOf(list [][]byte, x []byte) int {
	for i, y := range list {
		if bytes.Equal(x, y) {
			return i
		}
	}
	return -1
}

// mFault is what the model throws while it reads; anything else is a fault of the model.
type mFault string

func need(holds bool, format string, a ...any) {
	if !holds {
		panic(mFault(fmt.Sprintf(format, a...)))
	}
}

func as[T any](v any, what string) T {
	x, ok := v.(T)
	need(ok, "%s: got %T", what, v)
	return x
}

var modelDecoder = func() cbor.DecMode {
	m, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden, UTF8: cbor.UTF8RejectInvalid,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return m
}()

var modelEncoder = func() cbor.EncMode {
	m, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic(err)
	}
	return m
}()

// deterministic decodes into plain values and refuses what encodes differently.
func deterministic(b []byte) any {
	var v any
	need(modelDecoder.Unmarshal(b, &v) == nil, "not CBOR")
	again, err := modelEncoder.Marshal(v)
	need(err == nil && bytes.Equal(b, again), "not deterministic")
	return v
}

// modelParse reads an operation.
func modelParse(b []byte) (o *mOp, err error) {
	defer func() {
		if f := recover(); f != nil {
			fault, ok := f.(mFault)
			if !ok {
				panic(f)
			}
			o, err = nil, errors.New(string(fault))
		}
	}()
	need(len(b) <= 16384, "too long")
	env := as[[]any](deterministic(b), "envelope")
	need(len(env) == 2, "envelope")
	o = modelPayload(as[[]byte](env[0], "payload"))
	o.bytes = b
	need(len(b) <= 4096 || o.typ == 9, "too long")
	sigs := as[[]any](env[1], "signatures")
	need(o.typ == 9 && len(sigs) == 0 || o.typ != 9 && len(sigs) >= 1 && len(sigs) <= 32, "signatures")
	o.signatures = map[uint64][]byte{}
	var last uint64
	for i, s := range sigs {
		pair := as[[]any](s, "signature")
		need(len(pair) == 2, "signature")
		signer := as[uint64](pair[0], "signer")
		need(i == 0 || signer > last, "signers do not ascend")
		last = signer
		o.signatures[signer] = as[[]byte](pair[1], "signature")
	}
	return o, nil
}

// members of each type: required and allowed, section 4.3.
var modelMembers = map[uint64][2][]uint64{
	1: {{4, 8, 9, 10}, {11, 12, 17}},
	2: {{5, 6, 7, 12}, nil},
	3: {{5, 6, 7, 18}, nil},
	4: {{5, 6, 7, 14, 9, 10}, {11, 12, 13, 17}},
	5: {{5, 6, 7, 15, 16, 9, 10, 11, 12}, {13, 17, 19}},
	7: {{5, 6, 7, 14}, nil},
	8: {{5, 6, 7}, {20}},
	9: {{5, 22, 23}, {21}},
}

func modelPayload(payload []byte) *mOp {
	o := &mOp{payload: payload}
	p := object{}
	for k, v := range as[map[any]any](deterministic(payload), "payload") {
		p[as[uint64](k, "member")] = v
	}
	need(p[0] == uint64(1), "version")
	o.typ = as[uint64](p[1], "type")
	req := modelMembers[o.typ]
	if o.typ == 6 {
		if p[14] != nil {
			req = [2][]uint64{{5, 6, 7, 14, 10}, {17}}
		} else {
			req = [2][]uint64{{5, 6, 7, 15, 16}, nil}
		}
	}
	if o.typ == 8 && p[14] != nil {
		req = [2][]uint64{{5, 6, 7, 14, 10}, {17, 20}}
	}
	need(req[0] != nil, "type %d", o.typ)
	allowed := map[uint64]bool{0: true, 1: true, 2: true, 3: true}
	for _, m := range req[0] {
		need(p[m] != nil, "member %d is missing", m)
		allowed[m] = true
	}
	for _, m := range req[1] {
		allowed[m] = true
	}
	for m := range p {
		need(allowed[m], "member %d", m)
	}
	o.modelHeader(p)
	o.modelBody(p)
	return o
}

func modelName(v any) string {
	if v == nil {
		return ""
	}
	s := as[string](v, "name")
	need(len(s) >= 1 && len(s) <= 31 && s != "main" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == "", "name")
	return s
}

func (o *mOp) modelHeader(p object) {
	o.domain, o.home, o.to, o.from = modelName(p[2]), modelName(p[3]), modelName(p[20]), modelName(p[21])
	need(o.typ != 8 || o.to != o.home, "to")
	need(o.typ != 9 || o.from != o.home, "from")
	if o.typ == 1 {
		suite := as[string](p[4], "suite")
		need(suite == "q" || suite == "s", "suite")
		need(len(as[[]byte](p[8], "salt")) == 16, "salt")
		o.scid = append([]byte(suite), hash(suite[0], "realdid/scid/v1", o.payload)...)
	} else {
		o.scid = as[[]byte](p[5], "scid")
		need(len(o.scid) == 33 && (o.scid[0] == 'q' || o.scid[0] == 's'), "scid")
	}
	if o.typ == 9 {
		o.state, o.proof = as[[]byte](p[22], "state"), as[[]byte](p[23], "proof")
		need(len(o.state) > 0 && len(o.proof) > 0, "state or proof")
	} else if o.typ != 1 {
		o.seq = as[uint64](p[6], "sequence")
		need(o.seq > 0, "sequence")
		o.prev = as[[]byte](p[7], "predecessor")
		need(len(o.prev) == 32, "predecessor")
	}
	o.id = hash(o.scid[0], "realdid/id/v1", o.payload)
}

func (o *mOp) modelBody(p object) {
	if p[9] != nil {
		s := modelSet(p[9], true)
		o.control = &s
	}
	if p[10] != nil {
		s := modelSet(p[10], false)
		o.next = &s
	}
	for i, t := range modelList(p[11], 1, 3) {
		m := as[map[any]any](t, "tier")
		o.tiers = append(o.tiers, mTier{delay: int64(as[uint64](m[uint64(0)], "delay")), set: modelSet(m[uint64(2)], false), rank: uint64(i)})
		tier := &o.tiers[i]
		need(tier.delay >= 3600 && tier.delay <= 31536000, "delay")
		if v, ok := m[uint64(1)]; ok {
			need(v == true, "vetoable")
			tier.vetoable = true
		}
		need(len(m) == 2 || tier.vetoable && len(m) == 3, "tier")
	}
	if p[12] != nil {
		o.document = modelDocument(p[12])
	}
	if p[13] != nil {
		o.compromised = map[string]uint64{}
		m := as[map[any]any](p[13], "compromised")
		need(len(m) > 0, "compromised")
		for k, v := range m {
			o.compromised[modelFragment(k)] = as[uint64](v, "place")
		}
	}
	o.reveal, o.revealRecovery = modelReveals(p[14], 2), modelReveals(p[15], 3)
	if p[16] != nil {
		pair := as[[]any](p[16], "tier")
		need(len(pair) == 2, "tier")
		o.tier = []uint64{as[uint64](pair[0], "place"), as[uint64](pair[1], "rank")}
		need(o.tier[1] <= 2, "rank")
	}
	if p[17] != nil {
		need(p[17] == true, "single secret")
		o.single = true
	}
	if p[18] != nil {
		need(len(as[[]byte](p[18], "root")) == 32, "root")
	}
	for _, f := range modelList(p[19], 1, 4096) {
		o.cleared = append(o.cleared, modelFragment(f))
	}
}

func modelList(v any, least, most int) []any {
	if v == nil {
		return nil
	}
	l := as[[]any](v, "list")
	need(len(l) >= least && len(l) <= most, "list of %d", len(l))
	return l
}

func modelKey(v any, signs bool) []byte {
	b := as[[]byte](v, "key")
	k, err := keys.ParseMulticodec(b)
	need(err == nil, "key")
	need(!signs || k.Algorithm().CanSign(), "key cannot sign")
	return b
}

func modelSet(v any, ofKeys bool) (s mSet) {
	m := as[map[any]any](v, "set")
	s.threshold = as[uint64](m[uint64(0)], "threshold")
	sum := uint64(0)
	for _, x := range modelList(m[uint64(1)], 1, 16) {
		b := as[[]byte](x, "member")
		need(indexOf(s.members, b) < 0, "member twice")
		if ofKeys {
			modelKey(x, true)
		} else {
			need(len(b) == 32, "commitment")
		}
		s.members = append(s.members, b)
		sum++
	}
	need(len(s.members) > 0, "members")
	if w, ok := m[uint64(2)]; ok {
		sum = 0
		ones := true
		for _, x := range modelList(w, len(s.members), len(s.members)) {
			n := as[uint64](x, "weight")
			need(n >= 1 && n <= 255, "weight")
			s.weights, sum, ones = append(s.weights, n), sum+n, ones && n == 1
		}
		need(!ones, "weights of 1")
	}
	need(len(m) == 2 || len(m) == 3 && s.weights != nil, "set")
	need(s.threshold >= 1 && s.threshold <= sum, "threshold")
	return s
}

func modelReveals(v any, size int) (out []mReveal) {
	for _, x := range modelList(v, 1, 16) {
		l := as[[]any](x, "reveal")
		need(len(l) == size, "reveal")
		r := mReveal{index: as[uint64](l[0], "index"), key: modelKey(l[size-1], true)}
		need(r.index <= 15, "index")
		if size == 3 {
			r.salt = as[[]byte](l[1], "salt")
			need(len(r.salt) == 16, "salt")
		}
		for _, other := range out {
			need(other.index < r.index && !bytes.Equal(other.key, r.key), "reveals")
		}
		out = append(out, r)
	}
	return out
}

func modelFragment(v any) string {
	f := as[string](v, "fragment")
	need(len(f) >= 1 && len(f) <= 32 && strings.Trim(strings.ToLower(f), "abcdefghijklmnopqrstuvwxyz0123456789._-") == "" && f == strings.ToValidUTF8(f, "?"), "fragment")
	for _, c := range f {
		need(c < 128, "fragment")
	}
	return f
}

func modelDocument(v any) *mDocument {
	d := &mDocument{raw: object{}}
	m := as[map[any]any](v, "document")
	for k, x := range m {
		need(k == uint64(0) || k == uint64(1) || k == uint64(2), "document")
		if k != uint64(0) {
			d.raw[k.(uint64)] = x
		}
	}
	fragments := map[string]bool{}
	name := func(v any) string {
		f := modelFragment(v)
		need(!fragments[f], "fragment twice")
		fragments[f] = true
		return f
	}
	for _, x := range modelDocList(m, 0) {
		l := as[[]any](x, "method")
		need(len(l) == 3, "method")
		md := mMethod{fragment: name(l[0]), key: modelKey(l[1], false), purposes: as[uint64](l[2], "purposes")}
		need(md.purposes >= 1 && md.purposes <= 31, "purposes")
		k, _ := keys.ParseMulticodec(md.key)
		need(k.Algorithm() != keys.X25519 || md.purposes == 4, "purposes")
		need(k.Algorithm() != keys.BLS12381G2 || md.purposes == 2, "purposes")
		for _, other := range d.methods {
			need(!bytes.Equal(other.key, md.key), "key twice")
		}
		d.methods = append(d.methods, md)
	}
	for _, x := range modelDocList(m, 1) {
		l := as[[]any](x, "service")
		need(len(l) == 3, "service")
		d.services = append(d.services, name(l[0]))
		types := map[string]bool{}
		for _, t := range modelList(as[[]any](l[1], "types"), 1, 8) {
			s := as[string](t, "type")
			need(len(s) >= 1 && len(s) <= 64 && !types[s], "type")
			types[s] = true
		}
		for _, e := range modelList(as[[]any](l[2], "endpoints"), 1, 8) {
			modelEndpoint(e)
		}
	}
	aliases := map[string]bool{}
	for _, a := range modelDocList(m, 2) {
		s := as[string](a, "alias")
		modelURI(s)
		need(!aliases[s], "alias twice")
		aliases[s] = true
	}
	return d
}

func modelDocList(m map[any]any, member uint64) []any {
	v, ok := m[member]
	if !ok {
		return nil
	}
	return modelList(as[[]any](v, "list"), 1, 16)
}

func modelEndpoint(e any) {
	if s, ok := e.(string); ok {
		modelURI(s)
		return
	}
	m := as[map[any]any](e, "endpoint")
	need(len(m) >= 1, "properties")
	plain := map[string]any{}
	for k, v := range m {
		if l, ok := v.([]any); ok {
			for _, x := range l {
				as[string](x, "property")
			}
		} else {
			as[string](v, "property")
		}
		plain[as[string](k, "property")] = v
	}
	var j bytes.Buffer
	enc := json.NewEncoder(&j) // of the same length as RFC 8785 once HTML escapes are off and U+2028, U+2029 are counted raw
	enc.SetEscapeHTML(false)
	need(enc.Encode(plain) == nil, "properties")
	text := strings.ReplaceAll(strings.TrimSuffix(j.String(), "\n"), `\\`, "xx")
	n := len(text) - 3*strings.Count(text, `\u2028`) - 3*strings.Count(text, `\u2029`)
	need(n <= 512, "properties")
}

func modelURI(s string) {
	need(len(s) <= 512, "uri")
	scheme, rest, ok := strings.Cut(s, ":")
	need(ok && rest != "" && scheme != "", "uri")
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	need(strings.Contains(letters, scheme[:1]), "scheme")
	for _, c := range scheme {
		need(strings.ContainsRune(letters+"0123456789+-.", c), "scheme")
	}
	for i, c := range rest {
		need(strings.ContainsRune(letters+"0123456789-._~:/?#[]@!$&'()*+,;=%", c), "uri")
		if c == '%' {
			need(len(rest) >= i+3 && strings.Trim(rest[i+1:i+3], "0123456789abcdefABCDEF") == "", "percent")
		}
	}
}
