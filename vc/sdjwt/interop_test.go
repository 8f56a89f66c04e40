package sdjwt_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/nodepeer"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

// peer is the npm packages @sd-jwt/core and @sd-jwt/sd-jwt-vc in one node process.
type peer struct {
	t *testing.T
	*nodepeer.Peer
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	return &peer{t, nodepeer.Start(t, "interop", "@sd-jwt/core")}
}

type peerAnswer struct {
	Token   string         `json:"token"`
	Payload map[string]any `json:"payload"`
	KB      map[string]any `json:"kb"`
	Kept    bool           `json:"kept"`
	Error   string         `json:"error"`
}

func (p *peer) ask(request map[string]any) (a peerAnswer) {
	p.t.Helper()
	d := json.NewDecoder(bytes.NewReader(p.Line(p.t, request)))
	d.UseNumber()
	if err := d.Decode(&a); err != nil {
		p.t.Fatal(err)
	}
	return a
}

// token asks for something that must succeed.
func (p *peer) token(request map[string]any) string {
	p.t.Helper()
	a := p.ask(request)
	if a.Error != "" {
		p.t.Fatalf("%s: %s", request["op"], a.Error)
	}
	return a.Token
}

// side is one credential's keys as the peer takes them.
func (p *parties) side(t *testing.T) map[string]any {
	t.Helper()
	private := func(k *keys.PrivateKey) json.RawMessage {
		b, err := k.PrivateJWK()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	name := func(k *keys.PrivateKey) string { s, _ := k.Public().Algorithm().JOSE(); return s }
	return map[string]any{
		"alg": name(p.issuerKey), "issuerPrivate": private(p.issuerKey), "issuerPublic": json.RawMessage(p.issuerKey.Public().JWK()),
		"holderAlg": name(p.holder), "holderPrivate": private(p.holder), "holderPublic": json.RawMessage(p.holder.Public().JWK()),
		"nonce": benchNonce, "now": p.now.Unix(),
	}
}

func with(m map[string]any, more map[string]any) map[string]any {
	out := maps.Clone(m)
	maps.Copy(out, more)
	return out
}

// frame turns paths into the nested frames of the peer: mark is called for the parent of each path with its last name.
func frame(claims any, paths []string, mark func(at map[string]any, parent any, last string)) map[string]any {
	root := map[string]any{}
	for _, path := range paths {
		at, value := root, claims
		tokens := strings.Split(path, "/")[1:]
		for i, token := range tokens {
			token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
			if i == len(tokens)-1 {
				mark(at, value, token)
				break
			}
			next, ok := at[token].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[token] = next
			}
			at, value = next, childOf(value, token)
		}
	}
	return root
}

func childOf(v any, token string) any {
	switch v := v.(type) {
	case map[string]any:
		return v[token]
	case []any:
		i, _ := strconv.Atoi(token)
		return v[i]
	}
	return nil
}

// issueFrame is what makes the same claims disclosable and adds the same decoys.
func issueFrame(c *generated) map[string]any {
	root := frame(c.claims, c.disclosable, func(at map[string]any, parent any, last string) {
		list, _ := at["_sd"].([]any)
		if _, array := parent.([]any); array {
			i, _ := strconv.Atoi(last)
			at["_sd"] = append(list, i)
		} else {
			at["_sd"] = append(list, last)
		}
	})
	for _, d := range c.decoys {
		if d.In == "" {
			root["_sd_decoy"] = d.Count
			continue
		}
		inner := frame(c.claims, []string{d.In + "/x"}, func(at map[string]any, _ any, _ string) { at["_sd_decoy"] = d.Count })
		mergeFrame(root, inner)
	}
	return root
}

func mergeFrame(into, from map[string]any) {
	for name, v := range from {
		if inner, ok := v.(map[string]any); ok {
			if have, ok := into[name].(map[string]any); ok {
				mergeFrame(have, inner)
				continue
			}
		}
		into[name] = v
	}
}

// presentFrame reveals the same disclosures.
func presentFrame(c *generated) map[string]any {
	var chosen []string
	for _, p := range c.disclosable {
		for _, r := range c.reveal {
			if r == p || strings.HasPrefix(r, p+"/") || strings.HasPrefix(p, r+"/") {
				chosen = append(chosen, p)
				break
			}
		}
	}
	slices.Sort(chosen) // a parent before what is in it
	return frame(c.claims, chosen, func(at map[string]any, _ any, last string) {
		if _, ok := at[last]; !ok {
			at[last] = map[string]any{}
		}
	})
}

// TestInterop makes credentials on each side, presents each on the other, and verifies every presentation on both. The names
// are those on which both sides agree; TestInteropDisagreements explains the others.
func TestInterop(t *testing.T) {
	node := newPeer(t)
	algorithms := []keys.Algorithm{keys.P256, keys.Ed25519, keys.P384, keys.Secp256k1}
	hashes := []string{"sha-256", "sha-384", "sha-512"}
	n := 100
	if os.Getenv("REALDID_INTEROP") == "1" {
		n = 1000
	}
	presented, mended := 0, 0 // see present in interop/peer.mjs
	var all []*parties
	for i, a := range algorithms {
		all = append(all, newParties(t, a, algorithms[(i+1)%len(algorithms)]))
	}
	for i := range n {
		g := newGenerator(uint64(1_000_000 + i))
		c := g.credential()
		p := all[i%len(all)]
		hash := hashes[g.IntN(len(hashes))]
		side := with(p.side(t), map[string]any{"hash": hash})
		byKey := g.IntN(2) == 0
		e := p.expect()
		opt := &sdjwt.IssueOptions{Disclosable: c.disclosable, Decoys: c.decoys, Hash: hash, Holder: p.holderMethod}
		cnf := map[string]any{"kid": p.holderMethod.String()}
		if byKey {
			opt.Holder, opt.HolderKey, e.InsecureUnrotatableHolderKey = did.URL{}, p.holder.Public(), true
			cnf = map[string]any{"jwk": json.RawMessage(p.holder.Public().JWK())}
		}
		fail := func(what string, err any) {
			t.Errorf("credential %d: %s: %v\nclaims %v\ndisclosable %q\nreveal %q", i, what, err, c.claims, c.disclosable, c.reveal)
		}
		check := func(what, presentation string) {
			got, err := p.verify(t, []byte(presentation), e)
			if err != nil {
				fail(what+", verified here", err)
			} else if seen := withoutRegistered(got.Claims()); !reflect.DeepEqual(seen, c.want) {
				fail(what+", verified here", seen)
			}
			a := node.ask(with(side, map[string]any{"op": "verify", "token": presentation}))
			if a.Error != "" {
				fail(what+", verified there", a.Error)
			} else if seen := withoutRegistered(a.Payload); !reflect.DeepEqual(seen, c.want) {
				fail(what+", verified there", seen)
			}
			if a.KB == nil || a.KB["aud"] != benchAudience {
				fail(what+", key binding there", a.KB)
			}
		}
		theirs := node.token(with(side, map[string]any{
			"op": "issue", "frame": issueFrame(&c), "header": map[string]any{"kid": p.issuerMethod.String()},
			"payload": with(c.claims, map[string]any{"iss": p.issuerMethod.DID().String(), "iat": p.now.Unix(), "cnf": cnf}),
		}))
		ours := string(mustIssue(t, p, c.claims, opt).Bytes())
		// The peer's frames count decoys among the elements of an array: it puts them last, so that nobody notices, and this
		// package puts them anywhere. It is given a credential without decoys in arrays to present.
		optThere := *opt
		optThere.Decoys = slices.DeleteFunc(slices.Clone(opt.Decoys), func(d sdjwt.Decoys) bool {
			p, err := vc.ParsePath(d.In)
			if err != nil {
				t.Fatal(err)
			}
			at, _ := p.Select(c.claims)
			_, array := at[0].([]any)
			return array
		})
		oursThere := string(mustIssue(t, p, c.claims, &optThere).Bytes())
		kb := map[string]any{"iat": p.now.Unix(), "aud": benchAudience, "nonce": benchNonce}
		for _, issued := range []struct{ by, token, tokenThere string }{{"issued there", theirs, theirs}, {"issued here", ours, oursThere}} {
			cred, err := sdjwt.ParseCredential([]byte(issued.token))
			if err != nil {
				fail(issued.by+", parsed here", err)
				continue
			}
			check(issued.by+", presented here", string(mustPresent(t, p, cred, &sdjwt.PresentOptions{Reveal: c.reveal})))
			there := node.ask(with(side, map[string]any{"op": "present", "token": issued.tokenThere, "frame": presentFrame(&c), "kb": kb}))
			if there.Error != "" {
				fail(issued.by+", presented there", there.Error)
				continue
			}
			if presented++; !there.Kept {
				mended++
			}
			check(issued.by+", presented there", there.Token)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("of %d presentations made there, %d lost disclosures to its own key binding and got it made from the first selection", presented, mended)
	if mended > presented/2 {
		t.Errorf("%d of %d presentations had to be mended: that is more than recursive credentials", mended, presented)
	}
}

// TestInteropSerialization: the JSON serializations of each side are read on the other.
func TestInteropSerialization(t *testing.T) {
	node := newPeer(t)
	p := newParties(t, keys.P256, keys.P256)
	c := newGenerator(7).credential()
	cred := mustIssue(t, p, c.claims, &sdjwt.IssueOptions{Disclosable: c.disclosable, Holder: p.holderMethod})
	for form, ops := range map[sdjwt.Serialization][2]string{
		sdjwt.FlattenedJSON: {"flatten", "unflatten"}, sdjwt.GeneralJSON: {"generalize", "ungeneralize"},
	} {
		compact := string(mustPresent(t, p, cred, &sdjwt.PresentOptions{Reveal: c.reveal}))
		theirs := node.token(map[string]any{"op": ops[0], "token": compact})
		got, err := p.verify(t, []byte(theirs), p.expect())
		if err != nil {
			t.Errorf("%s: %v", ops[0], err)
		} else if seen := withoutRegistered(got.Claims()); !reflect.DeepEqual(seen, c.want) {
			t.Errorf("%s: got %v, want %v", ops[0], seen, c.want)
		}
		ours := mustPresent(t, p, cred, &sdjwt.PresentOptions{Reveal: c.reveal, Serialization: form})
		back := node.token(map[string]any{"op": ops[1], "token": string(ours)})
		if _, err := p.verify(t, []byte(back), p.expect()); err != nil {
			t.Errorf("%s: %v", ops[1], err)
		}
	}
}

// TestInteropDisagreements runs our own vectors through the peer. It checks less than RFC 9901 asks for; every vector on which the
// two differ falls under one of the explanations, and each explanation is needed.
func TestInteropDisagreements(t *testing.T) {
	node := newPeer(t)
	ran, differ, needed := 0, 0, map[string]bool{}
	for _, name := range []string{"valid", "syntax", "header", "disclosures", "claims", "keybinding"} {
		f := vectors.Read[vectorSetting, vector](t, "sdjwt/"+name)
		for i := range f.Vectors {
			v := &f.Vectors[i]
			if strings.HasPrefix(v.Input, "{") || decidedElsewhere[v.Code] != "" {
				continue
			}
			ran++
			a := node.ask(verifyRequest(t, &f, v))
			explanation := v.Code
			agree := (a.Error == "") == (v.Result == "pass")
			if v.Result == "pass" {
				explanation = v.Name
				agree = agree && reflect.DeepEqual(a.Payload, v.Claims)
			}
			if agree {
				continue
			}
			differ++
			needed[explanation] = true
			if disagreements[explanation] == "" {
				t.Errorf("%s: %s, %s: %s here, there error %q, payload %v: not explained", explanation, name, v.Name, v.Result, a.Error, a.Payload)
			}
		}
	}
	for e := range disagreements {
		if !needed[e] {
			t.Errorf("the sides agree on %s, which has an explanation", e)
		}
	}
	t.Logf("%d of %d vectors differ, all explained", differ, ran)
}

// verifyRequest gives the peer the keys that a resolver would find.
func verifyRequest(t *testing.T, f *vectorFile, v *vector) map[string]any {
	t.Helper()
	e := &f.Setting.Expect
	if v.Expect != nil {
		e = v.Expect
	}
	table := table(t, f.Setting.Now, f.Setting.Keys, v.Keys)
	issuer := table[did.MustParse(forgeIssuer).WithFragment("key-1")].Method.Key
	for _, p := range e.PinnedKeys {
		k, err := keys.ParseMultikey(p.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		issuer = k
	}
	holder := table[did.MustParse("did:example:citizen").WithFragment("phone")].Method.Key
	alg := func(k keys.PublicKey) string {
		if s, ok := k.Algorithm().JOSE(); ok {
			return s
		}
		return "EdDSA"
	}
	r := map[string]any{
		"op": "verify", "token": v.Input, "now": f.Setting.Now.Unix(), "alg": alg(issuer), "holderAlg": alg(holder),
		"issuerPublic": json.RawMessage(issuer.JWK()), "holderPublic": json.RawMessage(holder.JWK()),
	}
	if issuer.JWK() == nil {
		r["issuerPublic"] = json.RawMessage(holder.JWK())
	}
	if !e.NoBinding {
		r["nonce"] = e.Nonce
	}
	return r
}
