package status_test

import (
	"encoding/base64"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
)

// signToken signs claims under a header with typ statuslist+jwt and more.
func signToken(tb testing.TB, k *keys.PrivateKey, header, claims string) []byte {
	tb.Helper()
	alg, _ := k.Public().Algorithm().JOSE()
	if header != "" {
		header = "," + header
	}
	b, err := jws.Append(tb.Context(), nil, k, []byte(`{"alg":"`+alg+`","typ":"statuslist+jwt"`+header+`}`), []byte(claims))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
