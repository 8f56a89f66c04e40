package main

import (
	"context"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
)

const exampleKey = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"

// cachedBatch is how many look-ups in a cache one call makes, so that reading the clock between calls does not count.
const cachedBatch = 64

func didkeyCases() []benchCase {
	ctx := context.Background()
	return []benchCase{
		{
			name: "didkey-plain", op: "did:key resolve", peer: peer, batch: 1,
			setup: each(func() (func() error, error) {
				var r didkey.Resolver
				return func() error { return resolveString(ctx, r, exampleKey) }, nil
			}),
		},
		{
			name: "didkey-cached", op: "did:key resolve, cached", peer: peer, batch: cachedBatch,
			setup: each(func() (func() error, error) {
				cache := resolver.NewCache(resolver.Mux{"key": didkey.Resolver{}}, nil)
				return func() error {
					for range cachedBatch {
						if err := resolveString(ctx, cache, exampleKey); err != nil {
							return err
						}
					}
					return nil
				}, nil
			}),
		},
	}
}

// resolveString starts at the identifier as text, as the peers do.
func resolveString(ctx context.Context, r did.Resolver, s string) error {
	id, err := did.Parse(s)
	if err != nil {
		return err
	}
	res, err := r.Resolve(ctx, id, nil)
	if err != nil {
		return err
	}
	return right(res.Document.ID == id)
}
