package bbs

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestPrintsNothingSecret prints a key in every way that a program does by accident.
func TestPrintsNothingSecret(t *testing.T) {
	k, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	type holder struct {
		Pointer *PrivateKey
		Value   PrivateKey
		hidden  PrivateKey
		ptr     *PrivateKey
	}
	h := holder{k, *k, *k, k}
	var out []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%o", "%c", "%U", "%p", "%e", "%t"} {
		out = append(out, fmt.Sprintf(verb, k), fmt.Sprintf(verb, *k), fmt.Sprintf(verb, h), fmt.Sprintf(verb, &h), fmt.Sprintf(verb, []any{k, *k}))
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", k, "value", *k, "holder", h)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", k, "value", *k, "holder", h)
	out = append(out, log.String(), fmt.Sprint(k), k.String(), k.GoString())
	for _, v := range []any{k, *k, h, &h, []any{k}} {
		b, err := json.Marshal(v)
		if err == nil {
			t.Errorf("json.Marshal(%T): got %s, want an error", v, b)
		}
		out = append(out, string(b), fmt.Sprint(err))
		if b, err = xml.Marshal(v); err == nil {
			out = append(out, string(b))
		}
	}
	if _, err := k.MarshalText(); err == nil {
		t.Error("MarshalText: got no error")
	}
	// The scalar as bytes, and as the words of its Montgomery form, which is what it looks like in memory.
	var forms []string
	secret := k.Secret()
	part := secret[8:16]
	list := strings.Trim(fmt.Sprint(part), "[]")
	forms = append(forms, hex.EncodeToString(part), list, strings.ReplaceAll(list, " ", ","), strings.ToLower(base64.RawStdEncoding.EncodeToString(secret[6:24])))
	err = k.use(func(s *scalar, _ *PublicKey) error {
		for _, word := range strings.Fields(strings.Trim(fmt.Sprintf("%d", struct{ s scalar }{*s}), "{}[]")) {
			forms = append(forms, strings.Trim(word, "{}[]"))
		}
		forms = append(forms, strings.TrimPrefix(s.String(), "0x")[:16])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range out {
		for _, form := range forms {
			if len(form) < 8 {
				t.Fatalf("form %q is too short to look for", form)
			}
			if strings.Contains(strings.ToLower(s), form) {
				t.Errorf("the secret is in %q", s)
			}
		}
	}
	if want := "bbs.PrivateKey(" + k.PublicKey().String() + ")"; fmt.Sprintf("%+v", k) != want || fmt.Sprintf("%#v", *k) != want {
		t.Errorf("got %+v and %#v, want %s", k, *k, want)
	}
}

// TestErrorsHoldNothingSecret gives secrets that are refused.
func TestErrorsHoldNothingSecret(t *testing.T) {
	secret := bytes.Repeat([]byte{0xfe}, SecretSize)
	for _, s := range [][]byte{secret, secret[1:], append(bytes.Clone(secret), 0xfe)} {
		k, err := NewPrivateKey(s)
		if err == nil || k != nil {
			t.Fatalf("got %v, %v, want an error", k, err)
		}
		if text := err.Error(); strings.Contains(text, "fefe") || strings.Contains(text, "254") {
			t.Errorf("the secret is in %q", text)
		}
	}
}
