package status_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/status"
	"github.com/realdid/realdid/vc/status/cwt"
)

var update = flag.Bool("update", false, "write the vectors of testdata/status anew")

// encodedVector is an array as it stands in a list: encodedList, lst in JSON ("token"), lst in CBOR in hexadecimal ("token-cbor").
type encodedVector struct {
	Name    string            `json:"name"`
	Kind    string            `json:"kind"`
	Bits    int               `json:"bits"`
	Encoded string            `json:"encoded"`
	Entries uint64            `json:"entries,omitempty"` // how many there are
	Set     map[string]uint64 `json:"set,omitempty"`     // those that are not zero, by index
	Fault   string            `json:"fault,omitempty"`   // "encoding", "damaged", "limit" (4 MiB) or "size"
}

func (v *encodedVector) decode() (*status.Bits, error) {
	switch v.Kind {
	case "bitstring":
		return status.DecodeBitstring(v.Encoded, v.Bits, 0)
	case "token-cbor":
		b, err := hex.DecodeString(v.Encoded)
		if err != nil {
			return nil, err
		}
		return status.InflateTokenList(b, v.Bits, 0)
	}
	return status.InflateTokenText(v.Encoded, v.Bits)
}

// listVector is a question to a verifier who is given a list, and what comes out.
type listVector struct {
	Name      string  `json:"name"`
	Mechanism string  `json:"mechanism"` // "token" or "bitstring"
	MediaType string  `json:"mediaType"`
	Document  string  `json:"document"` // a CWT in hexadecimal
	Issuer    string  `json:"issuer"`   // of the credential
	URI       string  `json:"uri"`
	Index     string  `json:"index"`
	Purpose   string  `json:"purpose,omitempty"`
	Size      int     `json:"size,omitempty"`
	Value     *uint64 `json:"value,omitempty"`
	Meaning   string  `json:"meaning,omitempty"`
	Code      string  `json:"code,omitempty"`
	Final     *bool   `json:"final,omitempty"`
}

type listFile struct {
	vectors.File[listSetting, *listVector]
}

type listSetting struct {
	Now  time.Time `json:"now"`
	Keys []listKey `json:"keys"`
}

type listKey struct {
	ID      string `json:"id"`
	Key     string `json:"publicKeyMultibase"`
	Purpose string `json:"purpose"`
}

func TestEncodedVectors(t *testing.T) {
	if *update {
		vectors.Write(t, "status/encoded", vectors.File[vectors.None, *encodedVector]{Kind: "status.encoded", Vectors: goodEncoded(t)})
		vectors.Write(t, "status/bad-encoded", vectors.File[vectors.None, *encodedVector]{Kind: "status.bad-encoded", Vectors: badEncoded(t)})
	}
	good := vectors.Read[vectors.None, *encodedVector](t, "status/encoded").Vectors
	bad := vectors.Read[vectors.None, *encodedVector](t, "status/bad-encoded").Vectors
	for _, v := range good {
		b, err := v.decode()
		if err != nil || b.Len() != v.Entries {
			t.Errorf("%s: got %v", v.Name, err)
			continue
		}
		for i := range b.Len() {
			if got := get(t, b, i); got != v.Set[strconv.FormatUint(i, 10)] {
				t.Errorf("%s, entry %d: got %d", v.Name, i, got)
			}
		}
	}
	for _, v := range bad {
		_, err := v.decode()
		fault := "encoding"
		switch {
		case err == nil:
			fault = ""
		case errors.Is(err, status.ErrTooLarge):
			fault = "limit"
		case errors.Is(err, status.ErrCompressed):
			fault = "damaged"
		case errors.Is(err, status.ErrRange):
			fault = "size"
		}
		if fault != v.Fault {
			t.Errorf("%s: got %v, want %s", v.Name, err, v.Fault)
		}
	}
	if len(good) < 10 || len(bad) < 20 {
		t.Errorf("got %d and %d vectors", len(good), len(bad))
	}
}

func goodEncoded(t *testing.T) (out []*encodedVector) {
	for _, size := range []int{1, 2, 4, 8} {
		for _, kind := range []string{"token", "token-cbor"} {
			b := bits(t, lsb, size, make([]byte, 64)...)
			out = append(out, encodedOf(t, fmt.Sprintf("%s-%d", kind, size), kind, b))
		}
	}
	for size := 1; size <= 8; size++ {
		out = append(out, encodedOf(t, fmt.Sprintf("bitstring-%d", size), "bitstring", bits(t, msb, size, make([]byte, 120)...)))
	}
	return out
}

// encodedOf sets some entries of b.
func encodedOf(t *testing.T, name, kind string, b *status.Bits) *encodedVector {
	t.Helper()
	v := &encodedVector{Name: name, Kind: kind, Bits: b.Size(), Entries: b.Len(), Set: map[string]uint64{}}
	for n, i := range []uint64{0, 1, 7, 8, 9, b.Len() / 2, b.Len() - 1} {
		value := 1 + uint64(n)%(1<<b.Size()-1)
		if err := b.Set(i, value); err != nil {
			t.Fatal(err)
		}
		v.Set[strconv.FormatUint(i, 10)] = value
	}
	if kind == "bitstring" {
		var err error
		if v.Encoded, err = status.EncodeBitstring(b); err != nil {
			t.Fatal(err)
		}
		return v
	}
	lst, err := status.DeflateTokenList(b)
	if err != nil {
		t.Fatal(err)
	}
	if v.Encoded = base64.RawURLEncoding.EncodeToString(lst); kind == "token-cbor" {
		v.Encoded = hex.EncodeToString(lst)
	}
	return v
}

func badEncoded(t *testing.T) (out []*encodedVector) {
	data := make([]byte, 200)
	copy(data[50:], "not all the same")
	g, z := gzipped(data), zlibbed(data)
	add := func(fault, name string, gz, zl []byte) {
		if gz != nil {
			out = append(out, &encodedVector{Name: "bitstring-" + name, Kind: "bitstring", Bits: 1, Encoded: bitstringOf(gz), Fault: fault})
		}
		if zl != nil {
			out = append(out, &encodedVector{Name: "token-" + name, Kind: "token", Bits: 1, Encoded: base64.RawURLEncoding.EncodeToString(zl), Fault: fault})
		}
	}
	flip := func(b []byte, i int) []byte { c := bytes.Clone(b); c[(len(c)+i)%len(c)] ^= 1; return c }
	add("damaged", "empty", []byte{}, []byte{})
	add("damaged", "header-alone", g[:10], z[:2])
	add("damaged", "cut-off", g[:len(g)-1], z[:len(z)-1])
	add("damaged", "without-checksum", g[:len(g)-8], z[:len(z)-4])
	add("damaged", "checksum", flip(g, -8), flip(z, -1))
	add("damaged", "length", flip(g, -1), nil)
	add("damaged", "a-byte-more", append(bytes.Clone(g), 0), append(bytes.Clone(z), 0))
	add("damaged", "twice", append(bytes.Clone(g), g...), append(bytes.Clone(z), z...))
	add("damaged", "first-of-two-empty", append(gzipped(nil), g...), nil)
	add("damaged", "other-format", z, g)
	add("damaged", "bare-deflate", g[10:len(g)-8], z[2:len(z)-4])
	add("damaged", "dictionary", nil, append([]byte{0x78, 0xbb, 0, 0, 0, 1}, z[2:]...))
	add("limit", "bomb-of-8-MiB", append(bomb(gzipHeader, 8), 3, 0), append(bomb(zlibHeader, 8), 3, 0))
	good := bitstringOf(g)
	for name, s := range map[string]string{"no-multibase": good[1:], "base58": "z" + good[1:], "upper-case-multibase": "U" + good[1:], "padding": good + "=", "line-end": good + "\n"} {
		out = append(out, &encodedVector{Name: "bitstring-" + name, Kind: "bitstring", Bits: 1, Encoded: s, Fault: "encoding"})
	}
	for name, s := range map[string]string{"padding": "eNrbuRgAAhcBXQ==", "standard-alphabet": "eNrbuRgA+/cBXQ", "spare-bits": "eNrbuRgAAhcBXR"} {
		out = append(out, &encodedVector{Name: "token-" + name, Kind: "token", Bits: 1, Encoded: s, Fault: "encoding"})
	}
	for _, size := range []int{0, 3, 5, 16} {
		out = append(out, &encodedVector{Name: fmt.Sprintf("token-%d-bits", size), Kind: "token", Bits: size, Encoded: "eNrbuRgAAhcBXQ", Fault: "size"})
	}
	out = append(out, &encodedVector{Name: "bitstring-0-bits", Kind: "bitstring", Bits: 0, Encoded: good, Fault: "size"})
	slices.SortFunc(out, func(a, b *encodedVector) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func TestListVectors(t *testing.T) {
	for _, name := range []string{"lists", "bad-lists"} {
		if *update {
			made := listVectors(t, name == "bad-lists")
			made.Kind = "status." + name
			vectors.Write(t, "status/"+name, made.File)
		}
		file := listFile{vectors.Read[listSetting, *listVector](t, "status/"+name)}
		for _, v := range file.Vectors {
			v.check(t, &file.Setting)
		}
	}
}

func (v *listVector) check(t *testing.T, setting *listSetting) {
	t.Helper()
	s := newScene(t)
	s.now, s.keys = setting.Now, directory{}
	for _, k := range setting.Keys {
		u, err := did.ParseURL(k.ID)
		if err != nil {
			t.Fatal(err)
		}
		key, err := keys.ParseMultikey(k.Key)
		if err != nil {
			t.Fatal(err)
		}
		p := did.AssertionMethod
		if k.Purpose == "authentication" {
			p = did.Authentication
		}
		s.keys[u] = &did.ResolvedKey{
			Method: did.VerificationMethod{ID: u, Controller: u.DID(), Key: key, Purposes: p}, Status: did.KeyActive,
			Evidence: did.Evidence{Replayed: true, AsOf: s.now},
		}
	}
	doc := status.Document{MediaType: v.MediaType, Bytes: []byte(v.Document)}
	if strings.HasSuffix(v.MediaType, "+cwt") {
		var err error
		if doc.Bytes, err = hex.DecodeString(v.Document); err != nil {
			t.Fatal(err)
		}
	}
	s.docs[v.URI] = doc
	index, err := strconv.ParseUint(v.Index, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	ref := vc.StatusReference{Mechanism: vc.TokenStatusList, URI: v.URI, Index: index}
	if v.Mechanism == "bitstring" {
		ref = vc.StatusReference{Mechanism: vc.BitstringStatusList, URI: v.URI, Index: index, Purpose: v.Purpose, Size: v.Size}
	}
	e, err := s.ask(vc.StatusQuery{Reference: ref, Issuer: v.Issuer})
	if v.Code != "" {
		if vc.Code(err) != v.Code || errors.Is(err, vc.ErrInvalid) != *v.Final {
			t.Errorf("%s: got %v, want %s, final: %v", v.Name, err, v.Code, *v.Final)
		}
		return
	}
	if err != nil || e.Value != *v.Value || e.Meaning.String() != v.Meaning {
		t.Errorf("%s: got %d, %v, %v, want %d, %s", v.Name, e.Value, e.Meaning, err, *v.Value, v.Meaning)
	}
}

// listVectors makes the vectors anew, with keys that anybody can derive.
func listVectors(t *testing.T, bad bool) *listFile {
	s := newScene(t)
	file := &listFile{}
	file.Setting.Now = now
	for i, u := range []did.URL{authority.WithFragment("credentials"), authority.WithFragment("lists"), authority.WithFragment("login"), other.WithFragment("key")} {
		k, err := keys.NewPrivateKey(keys.Ed25519, bytes.Repeat([]byte{byte(i + 1)}, 32))
		if err != nil {
			t.Fatal(err)
		}
		s.signers[u] = k
		purpose := "assertionMethod"
		if u.Fragment() == "login" {
			purpose = "authentication"
		}
		file.Setting.Keys = append(file.Setting.Keys, listKey{u.String(), k.Public().Multikey(), purpose})
	}
	if bad {
		badLists(s, file)
	} else {
		goodLists(s, file)
	}
	slices.SortFunc(file.Vectors, func(a, b *listVector) int { return strings.Compare(a.Name, b.Name) })
	return file
}

func (f *listFile) add(name, mechanism, media string, doc []byte, index uint64, purpose string) *listVector {
	v := &listVector{Name: name, Mechanism: mechanism, MediaType: "application/" + media, Document: string(doc), Issuer: authority.String(), URI: listURI, Index: strconv.FormatUint(index, 10), Purpose: purpose}
	if mechanism == "bitstring" {
		v.Size = 1
	}
	if media == "statuslist+cwt" {
		v.Document = hex.EncodeToString(doc)
	}
	f.Vectors = append(f.Vectors, v)
	return v
}

func (v *listVector) says(value uint64, meaning vc.StatusMeaning) {
	v.Value, v.Meaning = &value, meaning.String()
}

func (v *listVector) fails(code string, final bool) { v.Code, v.Final = code, &final }

func goodLists(s *scene, f *listFile) {
	t := s.t
	token, method := s.token(nil), authority.WithFragment("lists")
	for i, m := range []vc.StatusMeaning{vc.StatusValid, vc.StatusRevoked, vc.StatusSuspended, vc.StatusOther} {
		f.add("token-"+m.String(), "token", "statuslist+jwt", token, uint64(i), "").says(uint64(i), m)
	}
	f.add("token-last", "token", "statuslist+jwt", token, 15, "").says(0, vc.StatusValid)
	f.add("token-without-iss", "token", "statuslist+jwt", signToken(t, s.signers[method], `"kid":"`+method.String()+`"`, goodClaims), 0, "").says(1, vc.StatusRevoked)
	b, err := cwt.Issue(t.Context(), s.issuer(method), &status.TokenList{URI: listURI, IssuedAt: now, Expires: now.Add(time.Hour), Bits: bits(t, lsb, 4, 0x2f)})
	if err != nil {
		t.Fatal(err)
	}
	f.add("cwt-15", "token", "statuslist+cwt", b, 0, "").says(15, vc.StatusOther)
	f.add("cwt-suspended", "token", "statuslist+cwt", b, 1, "").says(2, vc.StatusSuspended)
	list := s.bitstring(func(l *status.BitstringList) { l.Purposes = []string{status.Revocation, status.Suspension} }, nil)
	f.add("bitstring-valid", "bitstring", "vc+jwt", list, 6, status.Revocation).says(0, vc.StatusValid)
	f.add("bitstring-revoked", "bitstring", "vc+jwt", list, 7, status.Revocation).says(1, vc.StatusRevoked)
	f.add("bitstring-suspended", "bitstring", "vc+jwt", list, 7, status.Suspension).says(1, vc.StatusSuspended)
	f.add("bitstring-last", "bitstring", "vc+jwt", list, status.MinEntries-1, status.Suspension).says(0, vc.StatusValid)
}

func badLists(s *scene, f *listFile) {
	t, method := s.t, authority.WithFragment("lists")
	subject := func(m map[string]any) map[string]any { return m["credentialSubject"].(map[string]any) }
	token := func(change func(*status.TokenList)) []byte { return s.token(change) }
	f.add("token-index-after-the-end", "token", "statuslist+jwt", token(nil), 16, "").fails("status.index", true)
	f.add("token-index-wraps", "token", "statuslist+jwt", token(nil), 1<<63+1, "").fails("status.index", true)
	f.add("token-of-another-uri", "token", "statuslist+jwt", token(func(l *status.TokenList) { l.URI += "0" }), 0, "").fails("status.list.foreign", false)
	f.add("token-expired", "token", "statuslist+jwt", token(func(l *status.TokenList) { l.IssuedAt, l.Expires = now.Add(-2*time.Hour), now }), 0, "").fails("status.list.expired", false)
	f.add("token-of-the-future", "token", "statuslist+jwt", token(func(l *status.TokenList) { l.IssuedAt = now.Add(time.Hour) }), 0, "").fails("status.list.future", false)
	f.add("token-old-without-end", "token", "statuslist+jwt", token(func(l *status.TokenList) { l.IssuedAt, l.Expires = now.AddDate(-1, 0, 0), time.Time{} }), 0, "").fails("status.list.stale", false)
	signed := token(nil)
	changeLetter(signed[len(signed)-10:])
	f.add("token-signature", "token", "statuslist+jwt", signed, 0, "").fails("status.list.refused", false)
	for _, u := range []did.URL{authority.WithFragment("login"), other.WithFragment("key")} {
		b, err := status.IssueToken(t.Context(), s.issuer(u), &status.TokenList{URI: listURI, IssuedAt: now, Expires: now.Add(time.Hour), Bits: bits(t, lsb, 1, 0)})
		if err != nil {
			t.Fatal(err)
		}
		name, code := "token-by-a-key-for-authentication", "status.list.refused"
		if u.DID() == other {
			name, code = "token-by-another-issuer", "status.list.issuer"
		}
		f.add(name, "token", "statuslist+jwt", b, 0, "").fails(code, false)
	}
	kid := `"kid":"` + method.String() + `"`
	for name, claims := range map[string]string{
		"token-without-sub":     strings.Replace(goodClaims, `"sub"`, `"Sub"`, 1),
		"token-without-iat":     strings.Replace(goodClaims, `"iat"`, `"IAT"`, 1),
		"token-sub-twice":       strings.Replace(goodClaims, `"iat"`, `"sub":"https://lists.example/2","iat"`, 1),
		"token-ttl-0":           strings.Replace(goodClaims, `600`, `0`, 1),
		"token-3-bits":          strings.Replace(goodClaims, `"bits":1`, `"bits":3`, 1),
		"token-lst-cut-off":     strings.Replace(goodClaims, `eNrbuRgAAhcBXQ`, `eNrbuRgAAhcB`, 1),
		"token-lst-gzip":        strings.Replace(goodClaims, `eNrbuRgAAhcBXQ`, base64.RawURLEncoding.EncodeToString(gzipped([]byte{0xb9, 0xa3})), 1),
		"token-bomb-of-8-MiB":   strings.Replace(goodClaims, `eNrbuRgAAhcBXQ`, base64.RawURLEncoding.EncodeToString(append(bomb(zlibHeader, 8), 3, 0)), 1),
		"token-exp-is-a-text":   strings.Replace(goodClaims, `1793538000`, `"1793538000"`, 1),
		"token-lst-is-an-array": strings.Replace(goodClaims, `"eNrbuRgAAhcBXQ"`, `[185,163]`, 1),
	} {
		f.add(name, "token", "statuslist+jwt", signToken(t, s.signers[method], kid, claims), 0, "").fails("status.list.refused", false)
	}
	for name, header := range map[string]string{
		"token-typ-jwt": `{"alg":"EdDSA","typ":"JWT",` + kid + `}`, "token-without-typ": `{"alg":"EdDSA",` + kid + `}`,
		"token-alg-none": `{"alg":"none","typ":"statuslist+jwt",` + kid + `}`, "token-crit": `{"alg":"EdDSA","typ":"statuslist+jwt","crit":["x"],"x":1,` + kid + `}`,
	} {
		f.add(name, "token", "statuslist+jwt", signHeader(t, s.signers[method], header, goodClaims), 0, "").fails("status.list.refused", false)
	}
	bitstring := func(name, code string, final bool, index uint64, purpose string, change func(*status.BitstringList), claims func(map[string]any)) *listVector {
		v := f.add("bitstring-"+name, "bitstring", "vc+jwt", s.bitstring(change, claims), index, purpose)
		v.fails(code, final)
		return v
	}
	bitstring("index-after-the-end", "status.index", true, status.MinEntries, status.Revocation, nil, nil)
	bitstring("another-purpose", "status.purpose", true, 0, status.Suspension, nil, nil)
	bitstring("purpose-by-case", "status.purpose", true, 0, "Revocation", nil, nil)
	bitstring("another-size", "status.size", true, 0, status.Revocation, nil, func(m map[string]any) { subject(m)["statusSize"] = json.Number("1") }).Size = 2
	bitstring("short", "status.list.short", false, 0, status.Revocation, nil, func(m map[string]any) {
		subject(m)["encodedList"] = bitstringOf(gzipped(make([]byte, status.MinEntries/8-1)))
	})
	bitstring("too-short-for-its-size", "status.list.short", false, 0, status.Revocation, nil, nil).Size = 2
	bitstring("of-another-url", "status.list.foreign", false, 0, status.Revocation, func(l *status.BitstringList) { l.URL += "0" }, nil)
	bitstring("without-id", "status.list.foreign", false, 0, status.Revocation, nil, func(m map[string]any) { delete(m, "id") })
	bitstring("expired", "status.list.expired", false, 0, status.Revocation, func(l *status.BitstringList) { l.ValidUntil = now.Add(-time.Minute) }, nil)
	bitstring("not-yet-valid", "status.list.future", false, 0, status.Revocation, func(l *status.BitstringList) { l.ValidFrom = now.Add(time.Hour) }, nil)
	bitstring("cut-off", "status.list.refused", false, 0, status.Revocation, nil, func(m map[string]any) {
		g := gzipped(make([]byte, status.MinEntries/8))
		subject(m)["encodedList"] = bitstringOf(g[:len(g)-1])
	})
	bitstring("two-gzip-members", "status.list.refused", false, 0, status.Revocation, nil, func(m map[string]any) {
		g := gzipped(make([]byte, status.MinEntries/8))
		subject(m)["encodedList"] = bitstringOf(append(g, g...))
	})
	bitstring("bomb-of-8-MiB", "status.list.refused", false, 0, status.Revocation, nil, func(m map[string]any) {
		subject(m)["encodedList"] = bitstringOf(append(bomb(gzipHeader, 8), 3, 0))
	})
	bitstring("with-a-status-of-its-own", "status.list.refused", false, 0, status.Revocation, nil, func(m map[string]any) {
		e, err := status.BitstringEntry{List: listURI + "0", Purpose: status.Revocation}.Claim()
		if err != nil {
			t.Fatal(err)
		}
		m["credentialStatus"] = e
	})
	m := map[string]any{
		"@context": []any{"https://www.w3.org/ns/credentials/v2"}, "id": listURI, "type": []any{"VerifiableCredential"}, "issuer": authority.String(),
		"credentialSubject": map[string]any{"id": "did:example:holder"},
	}
	f.add("bitstring-no-list", "bitstring", "vc+jwt", s.sign(m), 0, status.Revocation).fails("status.list.refused", false)
	l := &status.BitstringList{URL: listURI, Purposes: []string{status.Revocation}, ValidFrom: now, ValidUntil: now.Add(time.Hour), Bits: minimal(t, 1)}
	m, err := l.Credential(other.String())
	if err != nil {
		t.Fatal(err)
	}
	u := other.WithFragment("key")
	c, err := jose.Issue(t.Context(), jose.Issuer{Signer: s.signers[u], Method: u}, m, &jose.IssueOptions{IssuedAt: now})
	if err != nil {
		t.Fatal(err)
	}
	f.add("bitstring-by-another-issuer", "bitstring", "vc+jwt", c.Bytes(), 0, status.Revocation).fails("status.list.issuer", false)
}
