package didcomm_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
)

// TestAnotherJOSE has go-jose read anoncrypt envelopes: it knows nothing of DIDComm, and has its own key agreement, which the
// package does not use. didcomm-node, the other reader that is asked, has no P-384.
func TestAnotherJOSE(t *testing.T) {
	town := newTown()
	bob := town.person(t, "bob", "p-1", "q-1")
	for _, key := range []string{"p-1", "q-1"} {
		for _, enc := range []didcomm.ContentEncryption{didcomm.A256CBCHS512, didcomm.A256GCM} {
			t.Run(fmt.Sprintf("%s/%s", key, enc), func(t *testing.T) {
				m := note(nil, bob)
				b := must[[]byte](t)(bob.Anoncrypt(t.Context(), m, &didcomm.EncryptOptions{ContentEncryption: enc, RecipientKeys: []did.URL{bob.url(key)}}))
				e := must[*jose.JSONWebEncryption](t)(jose.ParseEncryptedJSON(string(b), []jose.KeyAlgorithm{jose.ECDH_ES_A256KW}, []jose.ContentEncryption{jose.ContentEncryption(enc)}))
				var k jose.JSONWebKey
				if err := json.Unmarshal(must[[]byte](t)(bob.keys[key].PrivateJWK()), &k); err != nil {
					t.Fatal(err)
				}
				text := must[[]byte](t)(e.Decrypt(k.Key))
				sameMessage(t, must[*didcomm.Message](t)(didcomm.ParseMessage(text)), m)
			})
		}
	}
}
