package npm

import (
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/realdid/realdid/internal/interop/claims"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

type sdAnswer struct {
	Token   string
	Payload map[string]any
	KB      map[string]any
	Error   string
}

// frame turns paths into the nested frames of the peer: mark is called for the parent of each path, with whether that is an array, and the
// last step.
func frame(c *claims.Credential, paths []string, mark func(at map[string]any, array bool, last string)) map[string]any {
	root := map[string]any{}
	for _, path := range paths {
		at, tokens := root, claims.Tokens(path)
		for _, token := range tokens[:len(tokens)-1] {
			next, ok := at[token].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[token] = next
			}
			at = next
		}
		mark(at, c.IsElement(path), tokens[len(tokens)-1])
	}
	return root
}

func issueFrame(c *claims.Credential) map[string]any {
	return frame(c, c.Disclosable, func(at map[string]any, array bool, last string) {
		list, _ := at["_sd"].([]any)
		if i, err := strconv.Atoi(last); array && err == nil {
			at["_sd"] = append(list, i)
		} else {
			at["_sd"] = append(list, last)
		}
	})
}

func presentFrame(c *claims.Credential) map[string]any {
	var chosen []string
	for _, p := range c.Disclosable {
		if c.Shown(p, c.Reveal) {
			chosen = append(chosen, p)
		}
	}
	slices.Sort(chosen) // what stands around a path before it
	return frame(c, chosen, func(at map[string]any, _ bool, last string) {
		if _, ok := at[last]; !ok {
			at[last] = map[string]any{}
		}
	})
}

// TestSDJWT: issued, presented and verified on either side, in every combination.
func TestSDJWT(t *testing.T) {
	lib := at{"vc/sdjwt", "@sd-jwt/sd-jwt-vc"}
	ours := matrix.Record(t, lib.row(t, "SD-JWT VC issued and presented here, verified there", matrix.OursToTheirs))
	mixed := matrix.Record(t, lib.row(t, "SD-JWT VC issued on one side and presented on the other, verified on both", matrix.OursAndTheirs))
	theirs := matrix.Record(t, lib.row(t, "SD-JWT VC issued and presented there, verified here", matrix.TheirsToOurs))
	p := lib.start(t)
	algorithms := []keys.Algorithm{keys.P256, keys.Ed25519, keys.P384, keys.Secp256k1}
	hashes := []string{"sha-256", "sha-384", "sha-512"}
	for i := range 64 {
		g := claims.New(uint64(30_000 + i))
		c := g.Next()
		issuer, holder := newParty(t, algorithms[i%4]), newParty(t, algorithms[(i+i/4)%4])
		side := map[string]any{
			"alg": issuer.alg(), "issuerPrivate": issuer.privateJWK(t), "issuerPublic": issuer.publicJWK(),
			"holderAlg": holder.alg(), "holderPrivate": holder.privateJWK(t), "holderPublic": holder.publicJWK(),
			"nonce": nonce, "now": now.Unix(), "hash": hashes[g.IntN(3)],
		}
		ask := func(op string, more map[string]any) (a sdAnswer) {
			request := maps.Clone(side)
			maps.Copy(request, more)
			request["op"] = op
			p.Ask(t, request, &a)
			return a
		}
		check := func(rec *matrix.Recording, presentation string) {
			t.Helper()
			here := func(s string) (map[string]any, error) {
				got, err := verify(t, sdjwt.Received([]byte(s)), issuer, claims.Type)
				if err != nil {
					return nil, err
				}
				return claims.Without(got.Claims()), nil
			}
			if got, err := here(presentation); err != nil || !claims.Same(got, c.Want) {
				t.Fatalf("%d: here: %v, %v, want %v", i, err, got, c.Want)
			}
			a := ask("verify", map[string]any{"token": presentation})
			if a.Error != "" || !claims.Same(claims.Without(a.Payload), c.Want) || a.KB["aud"] != audience {
				t.Fatalf("%d: there: %+v, want %v", i, a, c.Want)
			}
			rec.Case()
			for _, s := range changed([]byte(presentation), ".~") {
				_, err := here(string(s))
				if a := ask("verify", map[string]any{"token": string(s)}); err == nil || vc.Code(err) == "" || a.Error == "" {
					t.Fatalf("%d: changed: here %v, there %q", i, err, a.Error)
				}
				rec.Tampered()
			}
		}
		issued, err := sdjwt.Issue(t.Context(), sdjwt.Issuer{Signer: issuer, Method: issuer.method}, c.Claims, &sdjwt.IssueOptions{
			Disclosable: c.Disclosable, Hash: side["hash"].(string), HolderKey: holder.Public(), IssuedAt: now,
		})
		if err != nil {
			t.Fatal(err)
		}
		payload := maps.Clone(c.Claims)
		maps.Copy(payload, map[string]any{"iss": issuer.id.String(), "iat": now.Unix(), "cnf": map[string]any{"jwk": holder.publicJWK()}})
		their := ask("issue", map[string]any{"frame": issueFrame(&c), "header": map[string]any{"kid": issuer.method.String()}, "payload": payload})
		if their.Error != "" {
			t.Fatal(their.Error)
		}
		for n, token := range []string{string(issued.Bytes()), their.Token} {
			cred, err := sdjwt.ParseCredential([]byte(token))
			if err != nil {
				t.Fatal(err)
			}
			pres, err := cred.Present(t.Context(), holder, &sdjwt.PresentOptions{Reveal: c.Reveal, Audience: audience, Nonce: nonce, IssuedAt: now})
			if err != nil {
				t.Fatal(err)
			}
			check([]*matrix.Recording{ours, mixed}[n], string(pres.Bytes()))
			kb := map[string]any{"iat": now.Unix(), "aud": audience, "nonce": nonce}
			presented := ask("present", map[string]any{"token": token, "frame": presentFrame(&c), "kb": kb})
			if presented.Error != "" {
				t.Fatal(presented.Error)
			}
			check([]*matrix.Recording{mixed, theirs}[n], presented.Token)
		}
	}
}
