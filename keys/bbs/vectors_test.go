package bbs

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/realdid/realdid/internal/vectors"
)

// hexBytes is a byte string that the fixtures write in hexadecimal.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func (h hexBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

func lists(hs []hexBytes) [][]byte {
	out := make([][]byte, len(hs))
	for i, h := range hs {
		out[i] = h
	}
	return out
}

var fixtureDirs = map[Ciphersuite]string{SHA256: "bls12-381-sha-256", SHAKE256: "bls12-381-shake-256"}

// fixtures calls f for both ciphersuites with a function that reads a file of the fixtures.
func fixtures(t *testing.T, f func(t *testing.T, s Ciphersuite, a api, read func(t *testing.T, name string, v any))) {
	dir := vectors.Dir(t, "bbs-core")
	for _, s := range []Ciphersuite{SHA256, SHAKE256} {
		t.Run(s.String(), func(t *testing.T) {
			a, err := s.core()
			if err != nil {
				t.Fatal(err)
			}
			f(t, s, a, func(t *testing.T, name string, v any) {
				t.Helper()
				readJSON(t, filepath.Join(dir, fixtureDirs[s], name), v)
			})
		})
	}
}

func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func wantHex(t *testing.T, what string, got []byte, want hexBytes) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got %x, want %x", what, got, want)
	}
}

func wantScalar(t *testing.T, what string, got scalar, want hexBytes) {
	t.Helper()
	b := scalarBytes(&got)
	wantHex(t, what, b[:], want)
}

// mockScalars is the draft's seeded source of random scalars (appendix on test vectors).
func mockScalars(s Ciphersuite, dst string, seed []byte) scalarSource {
	return func(n int) []scalar {
		b := make([]byte, 48*n)
		s.expand(b, dst, seed)
		ks := make([]scalar, n)
		for i := range ks {
			ks[i] = reduce(b[48*i : 48*i+48])
		}
		return ks
	}
}

var mockSeed = []byte("3.141592653589793238462643383279")

func TestVectorsHashing(t *testing.T) {
	fixtures(t, func(t *testing.T, s Ciphersuite, a api, read func(*testing.T, string, any)) {
		var h struct{ Message, DST, Scalar hexBytes }
		read(t, "h2s.json", &h)
		wantHex(t, "dst", []byte(a.id+"H2S_"), h.DST)
		wantScalar(t, "hash_to_scalar", a.hashToScalar(h.Message), h.Scalar)

		var m struct {
			DST   hexBytes
			Cases []struct{ Message, Scalar hexBytes }
		}
		read(t, "MapMessageToScalarAsHash.json", &m)
		wantHex(t, "dst", []byte(a.id+"MAP_MSG_TO_SCALAR_AS_HASH_"), m.DST)
		if len(m.Cases) != 10 {
			t.Fatalf("got %d cases, want 10", len(m.Cases))
		}
		for _, c := range m.Cases {
			wantScalar(t, "message", a.messageScalars([][]byte{c.Message})[0], c.Scalar)
		}

		var r struct {
			Seed, DST     hexBytes
			Count         int
			MockedScalars []hexBytes
		}
		read(t, "mockedRng.json", &r)
		wantHex(t, "seed", mockSeed, r.Seed)
		wantHex(t, "dst", []byte(a.id+"MOCK_RANDOM_SCALARS_DST_"), r.DST)
		for i, k := range mockScalars(s, string(r.DST), r.Seed)(r.Count) {
			wantScalar(t, "mocked scalar", k, r.MockedScalars[i])
		}

		var g struct {
			P1, Q1        hexBytes
			MsgGenerators []hexBytes
		}
		read(t, "generators.json", &g)
		wantHex(t, "P1", s.basePoint().encoded[:], g.P1)
		gens := a.generators(1 + len(g.MsgGenerators))
		for i, want := range append([]hexBytes{g.Q1}, g.MsgGenerators...) {
			wantHex(t, "generator", gens[i].encoded[:], want)
		}
	})
}

func TestVectorsKeys(t *testing.T) {
	fixtures(t, func(t *testing.T, s Ciphersuite, a api, read func(*testing.T, string, any)) {
		var v struct {
			KeyMaterial, KeyInfo, KeyDST hexBytes
			KeyPair                      struct{ SecretKey, PublicKey hexBytes }
		}
		read(t, "keypair.json", &v)
		k, err := KeyGen(s, v.KeyMaterial, v.KeyInfo, v.KeyDST)
		if err != nil {
			t.Fatal(err)
		}
		wantHex(t, "secret key", k.Secret(), v.KeyPair.SecretKey)
		wantHex(t, "public key", k.PublicKey().Bytes(), v.KeyPair.PublicKey)
	})
}

func TestVectorsSignatures(t *testing.T) {
	fixtures(t, func(t *testing.T, s Ciphersuite, a api, read func(*testing.T, string, any)) {
		valid := 0
		for _, name := range []string{"001", "002", "003", "004", "005"} {
			var v struct {
				CaseName      string
				SignerKeyPair struct{ SecretKey, PublicKey hexBytes }
				Header        hexBytes
				Messages      []hexBytes
				Signature     hexBytes
				Result        struct{ Valid bool }
				Trace         struct{ B, Domain hexBytes }
			}
			read(t, "signature/signature"+name+".json", &v)
			t.Run(name, func(t *testing.T) {
				k, err := NewPrivateKey(v.SignerKeyPair.SecretKey)
				if err != nil {
					t.Fatal(err)
				}
				wantHex(t, "public key", k.PublicKey().Bytes(), v.SignerKeyPair.PublicKey)
				messages := lists(v.Messages)
				err = s.Verify(k.PublicKey(), v.Signature, v.Header, messages)
				if got := err == nil; got != v.Result.Valid {
					t.Errorf("%s: got %v, want valid %v", v.CaseName, err, v.Result.Valid)
				}
				sig, err := k.SignMessages(t.Context(), s, v.Header, messages)
				if err != nil {
					t.Fatal(err)
				}
				if same := bytes.Equal(sig, v.Signature); same != v.Result.Valid {
					t.Errorf("signature: got %x, want the same as %x: %v", sig, v.Signature, v.Result.Valid)
				}
				if !v.Result.Valid {
					return // its trace is that of the signature before it was spoilt
				}
				valid++
				gens := a.generators(len(messages) + 1)
				domain := a.domain(k.PublicKey(), gens, v.Header)
				wantScalar(t, "domain", domain, v.Trace.Domain)
				b := encodePoints(a.commitMessages(gens, &domain, a.messageScalars(messages)))
				wantHex(t, "B", b[0][:], v.Trace.B)
			})
		}
		if valid == 0 {
			t.Error("no valid signature among the fixtures")
		}
	})
}

func TestVectorsProofs(t *testing.T) {
	fixtures(t, func(t *testing.T, s Ciphersuite, a api, read func(*testing.T, string, any)) {
		for _, name := range []string{"001", "002", "003", "004", "005", "006", "007"} {
			var v struct {
				CaseName                   string
				SignerPublicKey, Signature hexBytes
				Header, PresentationHeader hexBytes
				Messages                   []hexBytes
				DisclosedIndexes           []int
				Proof                      hexBytes
				Result                     struct{ Valid bool }
				Trace                      struct {
					Random struct {
						R1     hexBytes   `json:"r1"`
						R2     hexBytes   `json:"r2"`
						ETilde hexBytes   `json:"e_tilde"`
						R1T    hexBytes   `json:"r1_tilde"`
						R3T    hexBytes   `json:"r3_tilde"`
						MTilde []hexBytes `json:"m_tilde_scalars"`
					} `json:"random_scalars"`
					ABar hexBytes `json:"A_bar"`
					BBar hexBytes `json:"B_bar"`
					D    hexBytes
					T1   hexBytes
					T2   hexBytes
					hexDomains
				}
			}
			read(t, "proof/proof"+name+".json", &v)
			t.Run(name, func(t *testing.T) {
				public, err := ParsePublicKey(v.SignerPublicKey)
				if err != nil {
					t.Fatal(err)
				}
				messages := lists(v.Messages)
				var disclosed [][]byte
				for _, i := range v.DisclosedIndexes {
					disclosed = append(disclosed, messages[i])
				}
				err = s.ProofVerify(public, v.Proof, v.Header, v.PresentationHeader, v.DisclosedIndexes, disclosed)
				if got := err == nil; got != v.Result.Valid {
					t.Errorf("%s: got %v, want valid %v", v.CaseName, err, v.Result.Valid)
				}
				if !v.Result.Valid {
					return // its trace is that of the proof before it was spoilt
				}
				mock := mockScalars(s, a.id+"MOCK_RANDOM_SCALARS_DST_", mockSeed)
				got, err := s.proofGen(public, v.Signature, v.Header, v.PresentationHeader, messages, v.DisclosedIndexes, mock)
				if err != nil {
					t.Fatal(err)
				}
				wantHex(t, "proof", got, v.Proof)

				r := v.Trace.Random
				hidden := hiddenIndexes(v.DisclosedIndexes, len(messages))
				random := mock(proofScalars + len(hidden))
				for i, want := range append([]hexBytes{r.R1, r.R2, r.ETilde, r.R1T, r.R3T}, r.MTilde...) {
					wantScalar(t, "random scalar", random[i], want)
				}
				sig, err := parseSignature(v.Signature)
				if err != nil {
					t.Fatal(err)
				}
				gens := a.generators(len(messages) + 1)
				domain := a.domain(public, gens, v.Header)
				wantScalar(t, "domain", domain, v.Trace.Domain)
				ms := a.messageScalars(messages)
				p, err := a.proofInit(&sig, gens, &domain, ms, hidden, random)
				if err != nil {
					t.Fatal(err)
				}
				want := map[string]hexBytes{"Abar": v.Trace.ABar, "Bbar": v.Trace.BBar, "D": v.Trace.D, "T1": v.Trace.T1, "T2": v.Trace.T2}
				for name, got := range map[string]encodedPoint{"Abar": p.aBar, "Bbar": p.bBar, "D": p.d, "T1": p.t1, "T2": p.t2} {
					wantHex(t, name, got[:], want[name])
				}
				c := a.challenge(v.DisclosedIndexes, pick(ms, v.DisclosedIndexes), &p.commitments, nil, &domain, v.PresentationHeader)
				wantScalar(t, "challenge", c, v.Trace.Challenge)

				parsed, err := parseProof(v.Proof)
				if err != nil {
					t.Fatal(err)
				}
				a.proofVerifyInit(parsed, gens, &domain, v.DisclosedIndexes, pick(ms, v.DisclosedIndexes))
				wantHex(t, "T1 of the verifier", parsed.encoded.t1[:], v.Trace.T1)
				wantHex(t, "T2 of the verifier", parsed.encoded.t2[:], v.Trace.T2)
			})
		}
	})
}

// hexDomains is what the traces of proofs end with.
type hexDomains struct{ Domain, Challenge hexBytes }
