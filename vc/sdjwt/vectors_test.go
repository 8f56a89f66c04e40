package sdjwt_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

// settings are what settings.yml of the vectors says.
type settings struct {
	issuer, verifier, nonce string
	issuerKey, holderKey    keys.PublicKey
	iat, exp                time.Time
}

// readSettings reads the few lines that it knows of the file's YAML: "name: value", the section of a key being the last line
// without a value.
func readSettings(t *testing.T, path string) settings {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	section, values := "", map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimPrefix(strings.TrimSpace(lines.Text()), "- ")
		line, _, _ = strings.Cut(line, " #")
		name, value, ok := strings.Cut(line, ":")
		if value = strings.Trim(strings.TrimSpace(value), `"`); ok && value == "" {
			section = name
		} else if ok {
			if _, taken := values[section+"."+name]; !taken {
				values[section+"."+name] = value
			}
		}
	}
	key := func(section string) keys.PublicKey {
		k, err := keys.ParseJWK([]byte(`{"kty":"` + values[section+".kty"] + `","crv":"` + values[section+".crv"] +
			`","x":"` + values[section+".x"] + `","y":"` + values[section+".y"] + `"}`))
		if err != nil {
			t.Fatalf("%s: %v", section, err)
		}
		return k
	}
	seconds := func(name string) time.Time {
		n, err := strconv.ParseInt(values["holder_key."+name], 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return time.Unix(n, 0)
	}
	return settings{
		issuer: values["identifiers.issuer"], verifier: values["identifiers.verifier"], nonce: values["holder_key.key_binding_nonce"],
		issuerKey: key("issuer_keys"), holderKey: key("holder_key"), iat: seconds("iat"), exp: seconds("exp"),
	}
}

// readSDJWT reads an SD-JWT file. Those of the JSON serialization hold a JSON string that holds the JSON.
func readSDJWT(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b = []byte(strings.TrimSpace(string(b)))
	if len(b) > 0 && b[0] == '"' {
		var inner string
		if err := json.Unmarshal(b, &inner); err != nil {
			t.Fatal(err)
		}
		b = []byte(inner)
	}
	return b
}

func readClaims(t *testing.T, path string) map[string]any {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	v, err := strictjson.Parse(b, strictjson.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v.Interface().(map[string]any)
}

// TestVectors verifies every credential and presentation of the reference implementation and compares what is disclosed.
func TestVectors(t *testing.T) {
	dir := filepath.Join(vectors.Dir(t, "sd-jwt"), "testcases")
	s := readSettings(t, filepath.Join(dir, "settings.yml"))
	cases, err := filepath.Glob(filepath.Join(dir, "*", "specification.yml"))
	if err != nil || len(cases) < 17 {
		t.Fatalf("got %d test cases (%v), want at least 17", len(cases), err)
	}
	for _, c := range cases {
		dir := filepath.Dir(c)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			issued, _ := filepath.Glob(filepath.Join(dir, "sd_jwt_issuance.*"))
			presented, _ := filepath.Glob(filepath.Join(dir, "sd_jwt_presentation.*"))
			if filepath.Base(dir) == "json_serialization_general" {
				issueGeneral(t, c)
				return
			}
			if len(issued) != 1 || len(presented) != 1 {
				t.Fatalf("got %d credentials and %d presentations, want one of each", len(issued), len(presented))
			}
			verifyVector(t, s, dir, readSDJWT(t, issued[0]), readSDJWT(t, presented[0]))
		})
	}
}

// issueGeneral does what the one case asks for that comes without generated files: a general JSON serialization by two issuer
// keys, with key binding. It has the claims of key_binding.
func issueGeneral(t *testing.T, specification string) {
	text, err := os.ReadFile(specification)
	if err != nil {
		t.Fatal(err)
	}
	var private []*keys.PrivateKey
	for block := range strings.SplitSeq(string(text), "kty: EC") {
		member := func(name string) string {
			_, rest, _ := strings.Cut(block, " "+name+": ")
			value, _, _ := strings.Cut(rest, "\n")
			return strings.TrimSpace(value)
		}
		if member("d") == "" {
			continue
		}
		k, err := keys.ParsePrivateJWK([]byte(`{"kty":"EC","crv":"P-256","d":"` + member("d") + `","x":"` + member("x") + `","y":"` + member("y") + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		private = append(private, k)
	}
	if len(private) != 3 {
		t.Fatalf("got %d keys, want two of the issuer and one of the holder", len(private))
	}
	p := newParties(t, keys.P256, keys.P256)
	p.issuer.Signer, p.keys[p.issuerMethod].Method.Key = private[0], private[0].Public()
	claims := readClaims(t, filepath.Join(filepath.Dir(filepath.Dir(specification)), "key_binding", "user_claims.json"))
	want := map[string]any{"given_name": claims["given_name"], "family_name": claims["family_name"], "address": claims["address"]}
	opt := &sdjwt.IssueOptions{
		HolderKey: private[2].Public(), IssuedAt: p.now, Serialization: sdjwt.GeneralJSON, MediaType: "example+sd-jwt",
	}
	for name := range claims {
		opt.Disclosable = append(opt.Disclosable, "/"+name)
	}
	cred, err := sdjwt.Issue(t.Context(), p.issuer, claims, opt)
	if err != nil {
		t.Fatal(err)
	}
	cred, err = sdjwt.ParseCredential(addSignature(t, cred.Bytes(), private[1]))
	if err != nil {
		t.Fatal(err)
	}
	pres, err := cred.Present(t.Context(), private[2], &sdjwt.PresentOptions{
		Reveal: []string{"/given_name", "/family_name", "/address"}, Audience: "a", Nonce: "n", IssuedAt: p.now,
		Serialization: sdjwt.GeneralJSON,
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(pres.Bytes()), `"signature":`); n != 2 {
		t.Errorf("got %d signatures, want both", n)
	}
	got, _, err := vc.NewVerifier(p.keys, p.clock).Verify(t.Context(), sdjwt.Received(pres.Bytes()), &vc.Expect{
		InsecureAnyIssuer: true, InsecureAnyType: true, InsecureUnrotatableHolderKey: true, MediaTypes: []string{"example+sd-jwt"},
		Audience: "a", Nonce: "n",
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range claims {
		value, _ := got.Claim("/" + name)
		if !reflect.DeepEqual(value, want[name]) {
			t.Errorf("claim %s: got %v, want %v", name, value, want[name])
		}
	}
}

// addSignature adds a second signature to a general JSON serialization.
func addSignature(t *testing.T, raw []byte, k *keys.PrivateKey) []byte {
	t.Helper()
	v, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	payload, _ := v.Get("payload")
	text, _ := payload.Str()
	protected := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","typ":"example+sd-jwt"}`))
	sig, err := k.Sign(t.Context(), []byte(protected+"."+text))
	if err != nil {
		t.Fatal(err)
	}
	second := `,{"header":{"kid":"issuer-key-2"},"protected":"` + protected + `","signature":"` + base64.RawURLEncoding.EncodeToString(sig) + `"}]}`
	return []byte(strings.TrimSuffix(string(raw), "]}") + second)
}

func verifyVector(t *testing.T, s settings, dir string, issued, presented []byte) {
	now := s.iat.Add(time.Hour)
	expect := &vc.Expect{
		PinnedKeys:      []vc.PinnedKey{{Issuer: s.issuer, Key: s.issuerKey}},
		InsecureAnyType: true, MediaTypes: []string{"example+sd-jwt"}, InsecureNoHolderBinding: true,
	}
	cred, err := sdjwt.ParseCredential(issued)
	if err != nil {
		t.Fatalf("credential: %v", err)
	}
	got, _, err := vc.NewVerifier(nil, func() time.Time { return now }).Verify(t.Context(), cred, expect)
	if err != nil {
		t.Fatalf("credential: %v", err)
	}
	all := got.Claims()
	for name, want := range readClaims(t, filepath.Join(dir, "user_claims.json")) {
		if !reflect.DeepEqual(all[name], want) {
			t.Errorf("credential: claim %s: got %v, want %v", name, all[name], want)
		}
	}
	kb := filepath.Join(dir, "kb_jwt_payload.json")
	if _, err := os.Stat(kb); err == nil {
		iat, _ := readClaims(t, kb)["iat"].(json.Number).Int64()
		now = time.Unix(iat, 0)
		expect.InsecureNoHolderBinding, expect.InsecureUnrotatableHolderKey = false, true
		expect.Audience, expect.Nonce = s.verifier, s.nonce
	}
	got, report, err := vc.NewVerifier(nil, func() time.Time { return now }).Verify(t.Context(), sdjwt.Received(presented), expect)
	if err != nil {
		t.Fatalf("presentation: %v", err)
	}
	if want := readClaims(t, filepath.Join(dir, "verified_contents.json")); !reflect.DeepEqual(got.Claims(), want) {
		t.Errorf("presentation: got %v, want %v", got.Claims(), want)
	}
	if !expect.InsecureNoHolderBinding && (report.Holder == nil || !report.Holder.Key.Equal(s.holderKey)) {
		t.Errorf("presentation: got holder %v, want the holder's key", report.Holder)
	}
	checkPayload(t, dir, presented)
	expired := func() time.Time { return s.exp }
	if _, _, err := vc.NewVerifier(nil, expired).Verify(t.Context(), cred, &vc.Expect{
		PinnedKeys: expect.PinnedKeys, InsecureAnyType: true, MediaTypes: expect.MediaTypes, InsecureNoHolderBinding: true,
	}); vc.Code(err) != "vc.time.expired" {
		t.Errorf("credential at exp: got %v, want vc.time.expired", err)
	}
}

// checkPayload compares the signed payload, digests included, with the published one.
func checkPayload(t *testing.T, dir string, presented []byte) {
	jwt, _, _ := strings.Cut(string(presented), "~")
	parts := strings.Split(jwt, ".")
	if presented[0] == '{' {
		v, err := strictjson.Parse(presented, strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		p, _ := v.Get("payload")
		s, _ := p.Str()
		parts = []string{"", s, ""}
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	v, err := strictjson.Parse(b, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if want := readClaims(t, filepath.Join(dir, "sd_jwt_payload.json")); !reflect.DeepEqual(v.Interface(), want) {
		t.Errorf("payload: got %v, want %v", v.Interface(), want)
	}
}

// TestVectorsDisclosures presents each credential again with everything that its published presentation reveals, and expects
// the same set of disclosures.
func TestVectorsDisclosures(t *testing.T) {
	dir := filepath.Join(vectors.Dir(t, "sd-jwt"), "testcases")
	issued, _ := filepath.Glob(filepath.Join(dir, "*", "sd_jwt_issuance.txt"))
	for _, path := range issued {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			cred, err := sdjwt.ParseCredential(readSDJWT(t, path))
			if err != nil {
				t.Fatal(err)
			}
			all, err := cred.Disclosable()
			if err != nil {
				t.Fatal(err)
			}
			pres, err := cred.Present(t.Context(), nil, &sdjwt.PresentOptions{Reveal: all})
			if err != nil {
				t.Fatal(err)
			}
			if string(pres.Bytes()) != string(cred.Bytes()) {
				t.Errorf("revealing everything: got %s, want %s", pres.Bytes(), cred.Bytes())
			}
			none, err := cred.Present(t.Context(), nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if jwt, _, _ := strings.Cut(string(cred.Bytes()), "~"); string(none.Bytes()) != jwt+"~" {
				t.Errorf("revealing nothing: got %s, want the JWT alone", none.Bytes())
			}
		})
	}
}

// TestWycheproof runs the JWS cases. Those with keys on curves are invalid because of the key (another alg, use or curve, a point off
// the curve); those with HMAC and RSA name algorithms that are not in the table. None may be accepted, neither as JWS nor
// as SD-JWT.
func TestWycheproof(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(vectors.Dir(t, "wycheproof"), "json_web_key_test.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		TestGroups []struct {
			Comment         string
			Public, Private json.RawMessage
			Tests           []struct {
				TcID int
				JWS  string
			}
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, g := range file.TestGroups {
		raw := g.Public
		if raw == nil {
			raw = g.Private
		}
		var set struct{ Keys []json.RawMessage }
		if err := json.Unmarshal(raw, &set); err != nil {
			t.Fatal(err)
		}
		if set.Keys == nil {
			set.Keys = []json.RawMessage{raw}
		}
		for _, c := range g.Tests {
			ran++
			for _, jwk := range set.Keys {
				key, err := keys.ParseJWK(jwk)
				if err != nil {
					continue
				}
				if verifiesJWS(t, key, c.JWS) {
					t.Errorf("case %d (%s): accepted", c.TcID, g.Comment)
				}
				if _, err := sdjwt.Parse([]byte(c.JWS + "~")); err == nil {
					t.Errorf("case %d (%s): accepted as SD-JWT", c.TcID, g.Comment)
				}
			}
		}
	}
	if ran < 26 {
		t.Errorf("ran %d cases, want 26", ran)
	}
}

func verifiesJWS(t *testing.T, key keys.PublicKey, jws string) bool {
	parts := strings.Split(jws, ".")
	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	var h struct{ Alg string }
	if err := json.Unmarshal(header, &h); err != nil {
		t.Fatal(err)
	}
	alg, ok := keys.AlgorithmByJOSE(h.Alg)
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	return ok && err == nil && alg == key.Algorithm() && key.Verify([]byte(parts[0]+"."+parts[1]), sig) == nil
}

// code returns the code of err for messages and comparisons.
func code(err error) string {
	if err == nil {
		return "valid"
	}
	if c := vc.Code(err); c != "" {
		return c
	}
	return "no code: " + err.Error()
}
