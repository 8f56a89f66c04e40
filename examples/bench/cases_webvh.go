package main

import (
	"context"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didwebvh"
)

// webvhLog is a log of n entries, each of which changes the purpose of the one verification method, as in the benches of the peers.
func webvhLog(n int) (did.DID, []byte, error) {
	k, err := keys.Generate(keys.Ed25519)
	if err != nil {
		return did.DID{}, nil, err
	}
	ctx, at := context.Background(), time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	change := func(id string, i int) *didwebvh.Change {
		purpose := [...]string{"authentication", "assertionMethod"}[i%2]
		return &didwebvh.Change{
			Document: fmt.Appendf(nil, `{"@context":["https://www.w3.org/ns/did/v1","https://w3id.org/security/multikey/v1"],"id":%q,"controller":%q,`+
				`"verificationMethod":[{"id":%q,"type":"Multikey","controller":%q,"publicKeyMultibase":%q}],%q:[%q]}`,
				id, id, id+"#key", id, k.Public().Multikey(), purpose, id+"#key"),
			Time: at.Add(time.Duration(i) * time.Minute), UpdateKeys: []keys.PublicKey{k.Public()},
		}
	}
	c, err := didwebvh.Create(ctx, "issuer.example", change("did:webvh:{SCID}:issuer.example", 0), k)
	if err != nil {
		return did.DID{}, nil, err
	}
	id := c.Newest().DID
	for i := 1; i < n; i++ {
		if c, err = c.Append(ctx, change(id.String(), i), k); err != nil {
			return did.DID{}, nil, err
		}
	}
	return id, c.Bytes(), nil
}

func webvhCases() []benchCase {
	var cases []benchCase
	for n, op := range map[int]string{
		1: "did:webvh verify log of 1 entry (whole log)", 10: "did:webvh verify log of 10 entries (whole log)",
		100: "did:webvh verify log of 100 entries (whole log)",
	} {
		cases = append(cases, benchCase{
			name: fmt.Sprint("webvh-", n), op: op, peer: peer, batch: 1,
			setup: each(func() (func() error, error) {
				id, log, err := webvhLog(n)
				return func() error {
					now := time.Now()
					l, err := didwebvh.Verify(id, log, nil, now)
					if err != nil {
						return err
					}
					r, err := l.Resolution(l.Newest(), now)
					if err != nil {
						return err
					}
					return right(r.Document.ID == id)
				}, err
			}),
		})
	}
	return cases
}
