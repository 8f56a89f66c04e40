package realdid_test

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// A derived key is known by its public half, a derived secret by itself.
type derivedVector struct {
	Name   string   `json:"name"`
	Seed   hexBytes `json:"seed"`
	Path   string   `json:"path"`
	Public string   `json:"publicKeyMultibase,omitempty"`
	Secret hexBytes `json:"secret,omitempty"`
}

// TestDerivationVectorsAreMade makes derivation.json and computes every value again by SPEC.md section 9.
func TestDerivationVectorsAreMade(t *testing.T) {
	secret := sha256.Sum256([]byte("realdid test seed"))
	seed := must(realdid.SeedFromBytes(secret[:]))(t)
	var out []derivedVector
	key := func(s *realdid.Seed, path string, k *keys.PrivateKey, err error) {
		t.Helper()
		ok(t, path, err)
		out = append(out, derivedVector{path + ", " + k.Algorithm().String(), s.Secret(), path, k.Public().Multikey(), nil})
		a := k.Algorithm()
		if got := secretAt(t, s.Secret(), path+"/"+a.String()+"/0", a.SecretSize()); !slices.Equal(got, k.Secret()) {
			t.Errorf("%s: got %x, want %x", path, k.Secret(), got)
		}
	}
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.P256, keys.P384, keys.Secp256k1, keys.SM2} {
		k, err := seed.Control(a, 0)
		key(seed, "control/0", k, err)
	}
	k, err := seed.Control(keys.Ed25519, 4294967295)
	key(seed, "control/4294967295", k, err)
	k, err = seed.Recovery(keys.Ed25519, 7)
	key(seed, "recovery/7", k, err)
	salt := must(seed.RecoverySalt(7))(t)
	out = append(out, derivedVector{"recovery-salt/7", seed.Secret(), "recovery-salt/7", "", salt[:]})
	device := must(seed.Device(3))(t)
	out = append(out, derivedVector{"device/3", seed.Secret(), "device/3", "", device.Secret()})
	k, err = device.Authentication(keys.P256)
	key(device, "authentication", k, err)
	k, err = device.Agreement()
	key(device, "agreement", k, err)
	p := must(device.Pairwise(t.Context(), realdid.Network{Domain: "d", Home: "main"}, "https://shop.example"))(t)
	h := sha256.Sum256([]byte("d\x00\x00https://shop.example"))
	path := "pairwise/" + hex.EncodeToString(h[:])
	key(device, path+"/control", p.Control, nil)
	key(device, path+"/next", p.Next, nil)
	key(device, path+"/authentication", p.Authentication, nil)
	genesis := decodeOp(t, p.Operation.Bytes()).payload
	out = append(out, derivedVector{path + "/salt", device.Secret(), path + "/salt", "", genesis[memberSalt].([]byte)})
	for _, v := range out {
		if v.Secret != nil && !slices.Equal(v.Secret, secretAt(t, v.Seed, v.Path, len(v.Secret))) {
			t.Errorf("%s: another value than HKDF gives", v.Path)
		}
	}
	compareVectors(t, "derivation", out)
}

func secretAt(t *testing.T, seed []byte, path string, n int) []byte {
	t.Helper()
	b, err := hkdf.Key(sha256.New, seed, []byte("realdid/derive/v1"), path, n)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSeedRefusals(t *testing.T) {
	for _, n := range []int{0, 31, 33} {
		if _, err := realdid.SeedFromBytes(slices.Repeat([]byte{1}, n)); err == nil {
			t.Errorf("a seed of %d bytes", n)
		}
	}
	if _, err := realdid.SeedFromBytes(make([]byte, 32)); err == nil {
		t.Error("a seed of zeros")
	}
	if a, b := realdid.NewSeed(), realdid.NewSeed(); slices.Equal(a.Secret(), b.Secret()) || len(a.Secret()) != realdid.SeedSize {
		t.Error("seeds are not random")
	}
	if _, err := realdid.NewSeed().Control(0, 0); err == nil {
		t.Error("a key of no algorithm")
	}
	s := realdid.NewSeed()
	s.Wipe()
	for what, err := range map[string]error{
		"control": second(s.Control(keys.Ed25519, 0)), "salt": second(s.RecoverySalt(0)), "device": second(s.Device(0)),
		"pairwise": second(s.Pairwise(t.Context(), realdid.Network{}, "x")),
	} {
		if err == nil {
			t.Errorf("%s of a wiped seed", what)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestDevicesHoldNothingOfTheHolder: what a device seed yields is none of the holder's keys, at any path that both have.
func TestDevicesHoldNothingOfTheHolder(t *testing.T) {
	seed := realdid.NewSeed()
	seen := map[string]string{}
	note := func(what string, k *keys.PrivateKey, err error) {
		t.Helper()
		ok(t, what, err)
		if was, twice := seen[string(k.Secret())]; twice {
			t.Errorf("%s is %s", what, was)
		}
		seen[string(k.Secret())] = what
	}
	for name, s := range map[string]*realdid.Seed{"holder": seed, "device 0": must(seed.Device(0))(t), "device 1": must(seed.Device(1))(t)} {
		for g := range uint32(3) {
			k, err := s.Control(keys.Ed25519, g)
			note(name+" control", k, err)
			k, err = s.Recovery(keys.Ed25519, g)
			note(name+" recovery", k, err)
		}
		k, err := s.Authentication(keys.Ed25519)
		note(name+" authentication", k, err)
		for _, platform := range []string{"a", "b"} {
			for _, net := range []realdid.Network{{}, {Domain: "x"}, {Home: "x"}} {
				p := must(s.Pairwise(t.Context(), net, platform))(t)
				note(name+" pairwise control", p.Control, nil)
				note(name+" pairwise next", p.Next, nil)
				note(name+" pairwise authentication", p.Authentication, nil)
			}
		}
	}
}

func TestPairwise(t *testing.T) {
	device := must(realdid.NewSeed().Device(0))(t)
	for what, platform := range map[string]string{"empty": "", "of 1,025 bytes": strings.Repeat("x", 1025)} {
		if _, err := device.Pairwise(t.Context(), realdid.Network{}, platform); err == nil {
			t.Errorf("a platform's name that is %s", what)
		}
	}
	if _, err := device.Pairwise(t.Context(), realdid.Network{Home: "No Name"}, "x"); err == nil {
		t.Error("a network without a name")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := device.Pairwise(ended, realdid.Network{}, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: got %v", err)
	}
	p := must(device.Pairwise(t.Context(), realdid.Network{}, strings.Repeat("x", 1024)))(t)
	main := must(device.Pairwise(t.Context(), realdid.Network{Domain: "main", Home: "main"}, strings.Repeat("x", 1024)))(t)
	if p.DID != main.DID {
		t.Error("the main network by its name is another one")
	}
	for _, part := range []string{string(p.Authentication.Secret()), string(p.Next.Public().Bytes())} {
		if strings.Contains(string(p.Operation.Bytes()), part) {
			t.Error("the genesis shows what it must not")
		}
	}
	// It can be registered later, and its keys rotate then.
	m := must(realdid.New(memledger.New(realdid.Reducer(), nil), nil))(t)
	r, err := m.Submit(t.Context(), p.Operation)
	ok(t, "register", err)
	_, err = m.Rotate(t.Context(), r.DID, &realdid.RotateRequest{Reveal: pub(p.Next), Next: commit(ed(1))}, p.Next)
	ok(t, "rotate", err)
	res := must(m.Resolve(t.Context(), p.DID, nil))(t)
	if vm := res.Document.VerificationMethod; len(vm) != 1 || vm[0].ID != p.DID.WithFragment(realdid.PairwiseFragment) || vm[0].Purposes != did.Authentication || res.Evidence.GenesisOnly {
		t.Errorf("got %+v", res)
	}
}
