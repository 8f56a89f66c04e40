package keys_test

import (
	"context"
	"fmt"

	"github.com/realdid/realdid/keys"
)

func ExampleGenerate() {
	k, err := keys.Generate(keys.Ed25519)
	if err != nil {
		fmt.Println(err)
		return
	}
	msg := []byte("a message")
	sig, err := k.Sign(context.Background(), msg)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(k.Public().Verify(msg, sig))
	fmt.Println(k.Public().Verify([]byte("another"), sig))
	// Output:
	// <nil>
	// keys: verify: Ed25519: signature is not valid
}

func ExampleParseMultikey() {
	k, err := keys.ParseMultikey("zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(k.Algorithm())
	fmt.Println(string(k.JWK()))
	fmt.Println(k.Thumbprint())
	// Output:
	// P-256
	// {"crv":"P-256","kty":"EC","x":"igrFmi0whuihKnj9R3Om1SoMph72wUGeFaBbzG2vzns","y":"efsX5b10x8yjyrj4ny3pGfLcY7Xby1KzgqOdqnsrJIM"}
	// u7vrjwUEqr4_WVk1nfCx7nhirx2CrSvP9yUbAN4FNiQ
}

func ExampleParseDIDKey() {
	k, err := keys.ParseDIDKey("did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp")
	if err != nil {
		fmt.Println(err)
		return
	}
	agreement, err := k.ToX25519()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(k.DIDKeyURL())
	fmt.Println(agreement.Multikey())
	// Output:
	// did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp#z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp
	// z6LShs9GGnqk85isEBzzshkuVWrVKsRp24GnDuHk8QWkARMW
}

func ExampleParsePEM() {
	// The P-256 key of RFC 9500, section 2.3, published as a test key.
	k, err := keys.ParsePEM([]byte(`-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIObLW92AqkWunJXowVR2Z5/+yVPBaFHnEedDk5WJxk/BoAoGCCqGSM49
AwEHoUQDQgAEQiVI+I+3gv+17KN0RFLHKh5Vj71vc75eSOkyMsxFxbFsTNEMTLjV
uKFxOelIgsiZJXKZNCX0FBmrfpCkKklCcg==
-----END EC PRIVATE KEY-----
`))
	fmt.Println(k, err)
	// Output:
	// keys.PrivateKey(P-256 zDnaeUtAvrUBbZfkcLBy8wVUhJUJ18oNKMmUfwhQTdhzt6yKe) <nil>
}

func ExampleAlgorithm_JOSE() {
	for _, a := range keys.Algorithms() {
		alg, ok := a.JOSE()
		fmt.Printf("%s %q %v\n", a, alg, ok)
	}
	// Output:
	// Ed25519 "EdDSA" true
	// P-256 "ES256" true
	// P-384 "ES384" true
	// secp256k1 "ES256K" true
	// SM2 "" false
	// X25519 "" false
}
