package realdid

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// A Pairwise identity is known to one platform only: an unregistered long-form DID whose keys, salt and commitments share
// nothing with any other identity of the holder. The platform keeps it as the account; no ledger ever sees it.
type Pairwise struct {
	DID            did.DID // long form
	Authentication *keys.PrivateKey
	Operation      *Operation // the genesis, to be submitted if the account should be able to rotate its keys
	Control, Next  *keys.PrivateKey
}

// PairwiseFragment names the authentication method in the document of a pairwise DID.
const PairwiseFragment = "auth"

// Pairwise derives the identity for a platform of a network, which the caller names in one fixed way (its client id or origin, at most
// 1,024 bytes). The same seed, network and platform give the same keys, and the same DID with algorithms whose signatures are
// deterministic, which is why the algorithm is Ed25519. A device can make it alone, so its next key derives from the same
// seed: the genesis records SingleSecret, and whoever steals the seed has the account until the platform is told.
func (s *Seed) Pairwise(ctx context.Context, net Network, platform string) (*Pairwise, error) {
	if platform == "" || len(platform) > 1024 {
		return nil, fmt.Errorf("realdid: pairwise: a platform's name has 1 to 1,024 bytes")
	}
	net, err := net.canonical()
	if err != nil {
		return nil, err
	}
	name := sha256.Sum256([]byte(net.Domain + "\x00" + net.Home + "\x00" + platform))
	path := "pairwise/" + hex.EncodeToString(name[:]) + "/"
	p := &Pairwise{}
	for part, k := range map[string]**keys.PrivateKey{"control": &p.Control, "next": &p.Next, "authentication": &p.Authentication} {
		var err error
		if *k, err = s.key(keys.Ed25519, path+part); err != nil {
			return nil, err
		}
	}
	salt, err := s.expand(path+"salt", 16)
	if err != nil {
		return nil, err
	}
	d, err := draftCreate(&CreateRequest{
		Network: net, Control: OneKey(p.Control.Public()), Next: SHA256.Commit(p.Next.Public()), SingleSecret: true,
		Document: Content{VerificationMethods: []VerificationMethod{{
			Fragment: PairwiseFragment, Key: p.Authentication.Public(), Purposes: did.Authentication,
		}}},
	}, salt)
	if err != nil {
		return nil, err
	}
	if err := d.Sign(ctx, p.Control); err != nil {
		return nil, err
	}
	if p.Operation, err = d.Operation(); err != nil {
		return nil, err
	}
	p.DID, err = p.Operation.LongForm()
	return p, err
}
