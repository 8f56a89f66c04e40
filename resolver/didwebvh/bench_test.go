package didwebvh_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didwebvh"
)

// longLog is a log of n entries, each of which changes the purpose of the one verification method.
func longLog(tb testing.TB, n int) (did.DID, []byte) {
	tb.Helper()
	k, err := keys.Generate(keys.Ed25519)
	if err != nil {
		tb.Fatal(err)
	}
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	document := func(id string, i int) []byte {
		purpose := [...]string{"authentication", "assertionMethod"}[i%2]
		return fmt.Appendf(nil, `{"@context":["https://www.w3.org/ns/did/v1","https://w3id.org/security/multikey/v1"],"id":%q,`+
			`"controller":%q,"verificationMethod":[{"id":%q,"type":"Multikey","controller":%q,"publicKeyMultibase":%q}],%q:[%q]}`,
			id, id, id+"#key", id, k.Public().Multikey(), purpose, id+"#key")
	}
	ctx := context.Background()
	c, err := didwebvh.Create(ctx, "issuer.example", &didwebvh.Change{
		Document: document("did:webvh:{SCID}:issuer.example", 0), Time: at, UpdateKeys: []keys.PublicKey{k.Public()},
	}, k)
	if err != nil {
		tb.Fatal(err)
	}
	id := c.Newest().DID
	for i := 1; i < n; i++ {
		c, err = c.Append(ctx, &didwebvh.Change{
			Document: document(id.String(), i), Time: at.Add(time.Duration(i) * time.Minute), UpdateKeys: []keys.PublicKey{k.Public()},
		}, k)
		if err != nil {
			tb.Fatal(err)
		}
	}
	return id, c.Bytes()
}

// BenchmarkVerify verifies a log and answers for its newest version, all but the fetching. us/entry is the cost of
// one entry.
func BenchmarkVerify(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			id, log := longLog(b, n)
			now := time.Now()
			b.ReportAllocs()
			for b.Loop() {
				l, err := didwebvh.Verify(id, log, nil, now)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := l.Resolution(l.Newest(), now); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "us/entry")
		})
	}
}
