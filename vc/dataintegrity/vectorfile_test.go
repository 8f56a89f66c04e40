package dataintegrity_test

import (
	"encoding/json"
	"flag"
	"reflect"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

var update = flag.Bool("update", false, "write the vectors of testdata/dataintegrity anew")

// setting is what the vectors of a file share; the README of testdata/dataintegrity explains the members.
type setting struct {
	Now     time.Time `json:"now"`
	Issuers []string  `json:"issuers"`
	Types   []string  `json:"types"`
	Keys    []entry   `json:"keys"`
}

type entry struct {
	ID         string `json:"id"`
	Controller string `json:"controller,omitempty"`
	PublicKey  string `json:"publicKeyMultibase"`
	Purpose    string `json:"purpose"`
}

type vector struct {
	Name      string `json:"name"`
	Audience  string `json:"domain,omitempty"`
	Challenge string `json:"challenge,omitempty"`
	Code      string `json:"code,omitempty"`
	Claims    any    `json:"claims,omitempty"`
	Input     string `json:"input"`
}

// known returns the keys of the setting.
func (s *setting) known(t *testing.T) keyTable {
	t.Helper()
	table := keyTable{}
	for _, e := range s.Keys {
		u, err := did.ParseURL(e.ID)
		if err != nil {
			t.Fatal(err)
		}
		k, err := keys.ParseMultikey(e.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		purpose, _ := did.ParsePurpose(e.Purpose)
		controller := u.DID()
		if e.Controller != "" {
			controller = did.MustParse(e.Controller)
		}
		table[u] = &did.ResolvedKey{
			Method:   did.VerificationMethod{ID: u, Controller: controller, Type: "Multikey", Key: k, Purposes: purpose},
			Status:   did.KeyActive,
			Evidence: did.Evidence{Replayed: true, AsOf: s.Now},
		}
	}
	return table
}

// verify decides about one vector by the setting's policy.
func (s *setting) verify(t *testing.T, v *vector) (*vc.Verified, error) {
	t.Helper()
	e := &vc.Expect{Types: s.Types, Audience: v.Audience, Nonce: v.Challenge, InsecureNoHolderBinding: v.Audience == "" && v.Challenge == ""}
	for _, id := range s.Issuers {
		e.Issuers = append(e.Issuers, did.MustParse(id))
	}
	verifier := vc.NewVerifier(s.known(t), func() time.Time { return s.Now })
	got, report, err := verifier.Verify(t.Context(), dataintegrity.Received([]byte(v.Input), nil), e)
	if report == nil {
		t.Fatal("no report")
	}
	return got, err
}

func TestVectors(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	for _, name := range []string{"credentials", "bad-credentials"} {
		t.Run(name, func(t *testing.T) {
			f := vectors.Read[setting, vector](t, "dataintegrity/"+name)
			for _, v := range f.Vectors {
				t.Run(v.Name, func(t *testing.T) { f.Setting.check(t, &v) })
			}
		})
	}
}

func (s *setting) check(t *testing.T, v *vector) {
	got, err := s.verify(t, v)
	if v.Code != "" {
		if vc.Code(err) != v.Code {
			t.Errorf("got %v, want %s", err, v.Code)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if have, want := anyOf(t, got.Claims()), anyOf(t, v.Claims); !reflect.DeepEqual(have, want) {
		t.Errorf("claims: got %v, want %v", have, want)
	}
}

// anyOf returns what v is as JSON, its numbers by value.
func anyOf(t *testing.T, v any) (out any) {
	t.Helper()
	if err := json.Unmarshal([]byte(mustJSON(t, v)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// writeVectors makes the files from the cases of this package.
func writeVectors(t *testing.T) {
	t.Helper()
	f := newForge(t)
	valid, bad := f.valid(), f.invalid()
	for i := range valid {
		got, err := f.setting.verify(t, &valid[i])
		if err != nil {
			t.Fatalf("%s: %v", valid[i].Name, err)
		}
		valid[i].Claims = got.Claims()
	}
	for name, list := range map[string][]vector{"credentials": valid, "bad-credentials": bad} {
		vectors.Write(t, "dataintegrity/"+name, vectors.File[setting, vector]{Kind: "dataintegrity." + name, Setting: f.setting, Vectors: list})
	}
}
