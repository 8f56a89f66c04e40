package vcalm_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/vcalm"
)

func Example() {
	key, err := keys.Generate(keys.Ed25519)
	if err != nil {
		panic(err)
	}
	h, err := vcalm.New(&vcalm.Options{
		Keys:    resolver.Keys{Resolver: didkey.Resolver{}},
		Issuers: []vcalm.Issuer{{Signer: key, Method: didkey.URL(key.Public()), Cryptosuite: dataintegrity.EdDSARDFC2022{}}},
	})
	if err != nil {
		panic(err)
	}
	post := func(path, body string) (int, string) {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	credential := `{"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"],
		"issuer": "` + didkey.Of(key.Public()).String() + `", "credentialSubject": {"name": "Alice"}}`
	status, issued := post("/issuers/eddsa-rdfc-2022/Ed25519/credentials/issue", `{"credential": `+credential+`}`)
	fmt.Println("issued:", status)
	status, _ = post("/credentials/verify", issued) // {"verifiableCredential": …}
	fmt.Println("verified:", status)
	status, _ = post("/credentials/verify", strings.Replace(issued, "Alice", "Mallory", 1))
	fmt.Println("changed:", status)
	// Output:
	// issued: 201
	// verified: 200
	// changed: 400
}
