package realdid_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

func TestSeedPrintsNothing(t *testing.T) {
	raw := bytes.Repeat([]byte{0xA7}, realdid.SeedSize)
	seed := must(realdid.SeedFromBytes(raw))(t)
	type wallet struct {
		name string
		seed *realdid.Seed
		held realdid.Seed
	}
	for _, v := range []any{seed, *seed, wallet{"w", seed, *seed}, &wallet{"w", seed, *seed}, []any{*seed}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			out := strings.ToLower(fmt.Sprintf(verb, v))
			for _, leak := range []string{"a7a7", "167 167", "0xa7", string(raw[:4]), hex.EncodeToString(raw[:4])} {
				if strings.Contains(out, leak) {
					t.Errorf("%s of %T prints the seed", verb, v)
				}
			}
		}
	}
	if out, err := json.Marshal(seed); err == nil {
		t.Errorf("JSON: got %s, want an error", out)
	}
}

func TestSeedWipedAndEmpty(t *testing.T) {
	seed := realdid.NewSeed()
	if _, err := seed.Control(keys.Ed25519, 0); err != nil {
		t.Fatal(err)
	}
	seed.Wipe()
	for name, s := range map[string]*realdid.Seed{"wiped": seed, "zero": {}} {
		if _, err := s.Control(keys.Ed25519, 0); err == nil {
			t.Errorf("%s: a key derives from it", name)
		}
		if s.Secret() != nil {
			t.Errorf("%s: has a secret", name)
		}
	}
	if _, err := realdid.SeedFromBytes(make([]byte, realdid.SeedSize)); err == nil {
		t.Error("an all-zero seed is taken")
	}
}
