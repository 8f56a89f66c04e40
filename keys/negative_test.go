package keys

import (
	"errors"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/vectors"
)

// readOwn returns what is in a file of testdata/keys, our vectors for this and other implementations.
func readOwn[V any](tb testing.TB, name string) []V {
	tb.Helper()
	return vectors.Read[vectors.None, V](tb, "keys/"+name).Vectors
}

// encodingVector is an entry of multikey.json and jwk.json.
type encodingVector struct {
	Name        string // "none…" for a valid key
	Input       string
	Accept      bool
	Unsupported bool // the reason is an algorithm outside the table
	Private     bool // the reason is private material
}

func (v encodingVector) check(t *testing.T, k PublicKey, err error) {
	t.Helper()
	if (err == nil) != v.Accept {
		t.Fatalf("got %v, %v, want accepted %v", k, err, v.Accept)
	}
	if err != nil && !k.IsZero() {
		t.Errorf("got a key beside the error %v", err)
	}
	if got := errors.Is(err, ErrUnsupported); got != v.Unsupported {
		t.Errorf("ErrUnsupported: got %v, want %v (%v)", got, v.Unsupported, err)
	}
	if got := errors.Is(err, ErrPrivateJWK); got != v.Private {
		t.Errorf("ErrPrivateJWK: got %v, want %v (%v)", got, v.Private, err)
	}
	if v.Accept != strings.HasPrefix(v.Name, "none") {
		t.Errorf("fault %q beside accept %v", v.Name, v.Accept)
	}
}

func TestMultikeyFaults(t *testing.T) {
	for _, c := range readOwn[encodingVector](t, "multikey") {
		t.Run(c.Name, func(t *testing.T) {
			k, err := ParseMultikey(c.Input)
			c.check(t, k, err)
			if err == nil && k.Multikey() != c.Input {
				t.Errorf("written as %s, want %s", k.Multikey(), c.Input)
			}
			if k2, err2 := ParseDIDKey("did:key:" + c.Input); (err2 == nil) != c.Accept || !k2.Equal(k) {
				t.Errorf("did:key: got %v, %v, want as the Multikey", k2, err2)
			}
		})
	}
}

func TestJWKFaults(t *testing.T) {
	for _, c := range readOwn[encodingVector](t, "jwk") {
		t.Run(c.Name, func(t *testing.T) {
			k, err := ParseJWK([]byte(c.Input))
			c.check(t, k, err)
		})
	}
}

func TestSignatureFaults(t *testing.T) {
	type signatureVector struct {
		Name, Key, Msg, Sig string
		Verify, VerifyLowS  bool
	}
	for _, c := range readOwn[signatureVector](t, "signature") {
		t.Run(c.Name, func(t *testing.T) {
			k, err := ParseMultikey(c.Key)
			if err != nil {
				t.Fatal(err)
			}
			msg, sig := unhex(t, c.Msg), unhex(t, c.Sig)
			for _, v := range []struct {
				name   string
				verify func(msg, sig []byte) error
				want   bool
			}{{"Verify", k.Verify, c.Verify}, {"VerifyLowS", k.VerifyLowS, c.VerifyLowS}} {
				err := v.verify(msg, sig)
				if (err == nil) != v.want || err != nil && !errors.Is(err, ErrSignature) {
					t.Errorf("%s: got %v, want valid %v", v.name, err, v.want)
				}
			}
		})
	}
}

func TestDIDKeyFaults(t *testing.T) {
	m := generate(t, Ed25519).Public().Multikey()
	for fault, s := range map[string]string{
		"empty":            "",
		"no identifier":    "did:key:",
		"no scheme":        m,
		"upper-case":       "DID:KEY:" + m,
		"other method":     "did:web:" + m,
		"version":          "did:key:1.1:" + m,
		"fragment":         "did:key:" + m + "#" + m,
		"query":            "did:key:" + m + "?a=b",
		"path":             "did:key:" + m + "/a",
		"leading space":    " did:key:" + m,
		"percent encoding": "did:key:%7A" + m[1:],
	} {
		if k, err := ParseDIDKey(s); err == nil {
			t.Errorf("%s: got %v, want an error", fault, k)
		}
	}
}

// TestLimits shows that input over the limits is refused without being decoded.
func TestLimits(t *testing.T) {
	k := generate(t, P256).Public()
	long := strings.TrimSuffix(string(k.JWK()), "}") + `,"ext":"` + strings.Repeat("a", maxJWK) + `"}`
	if _, err := ParseJWK([]byte(long)); err == nil {
		t.Error("a JWK over the limit was accepted")
	}
	if _, err := ParseMultikey("z" + strings.Repeat("1", maxMultikey)); err == nil || !strings.Contains(err.Error(), "over") {
		t.Errorf("a Multikey over the limit: got %v, want the limit named", err)
	}
	pem, err := k.MarshalPublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParsePublicPEM(append(pem, strings.Repeat("\n", maxPEM)...)); err == nil {
		t.Error("a PEM text over the limit was accepted")
	}
}
