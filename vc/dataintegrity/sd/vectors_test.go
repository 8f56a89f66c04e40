package sd_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// TestShuffledVectors follows the published examples of bbs-2023 as far as they need no signature: labels, groups, indexes.
func TestShuffledVectors(t *testing.T) {
	for folder, selective := range map[string]string{".": "windSelective.json", "HolderBinding": "FeatureInputs/licenseSelective.json", "Pseudonym": "FeatureInputs/licenseSelective.json"} {
		t.Run(folder, func(t *testing.T) {
			root := vectors.Dir(t, "bbs-2023")
			decode := func(name string, into any) {
				t.Helper()
				b, err := os.ReadFile(filepath.Join(root, name))
				if err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal(b, into); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			read := func(name string, into any) { t.Helper(); decode(filepath.Join(folder, name), into) }
			signed, err := os.ReadFile(filepath.Join(root, folder, "addSignedSDBase.json"))
			if err != nil {
				t.Fatal(err)
			}
			whole := parse(t, string(signed))
			var members []strictjson.Member
			for _, m := range whole.Members() {
				if m.Name != "proof" {
					members = append(members, m)
				}
			}
			var transform struct {
				MandatoryPointers []string
				HmacKeyString     string
			}
			read("addBaseTransform.json", &transform)
			key, err := hex.DecodeString(transform.HmacKeyString)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := sd.Canonicalize(jsonld.Embedded(), whole.WithMembers(members), sd.ShuffledLabels(key))
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			read("addBaseDocHMACCanon.json", &lines)
			for i, line := range doc.Lines {
				if i >= len(lines) || string(line) != lines[i] {
					t.Fatalf("statement %d: got %q", i, line)
				}
			}

			var pointers []string
			decode(selective, &pointers)
			var want struct{ CombinedIndexes, MandatoryIndexes, NonMandatoryIndexes, SelectiveIndexes []int }
			read("derivedGroupIndexes.json", &want)
			equal := func(what string, got, want any) {
				t.Helper()
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%s: got %v, want %v", what, got, want)
				}
			}
			selected := func(pointers []string) *sd.Selection {
				s, err := doc.Select(pointers)
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			mandatory, chosen := selected(transform.MandatoryPointers), selected(pointers)
			combined := selected(append(transform.MandatoryPointers, pointers...))
			equal("mandatory", mandatory.Indexes, want.MandatoryIndexes)
			equal("selective", chosen.Indexes, want.SelectiveIndexes)
			equal("combined", combined.Indexes, want.CombinedIndexes)
			optional := sd.Without(mandatory.Indexes, len(doc.Lines))
			equal("not mandatory", optional, want.NonMandatoryIndexes)

			var disclosed struct {
				LabelMap                              struct{ Value [][2]string }
				MandatoryIndexes, AdjSelectiveIndexes []int
			}
			read("derivedDisclosureData.json", &disclosed)
			equal("mandatory among those disclosed", sd.Relative(mandatory.Indexes, combined.Indexes), disclosed.MandatoryIndexes)
			equal("chosen among those not mandatory", sd.Relative(chosen.Indexes, optional), disclosed.AdjSelectiveIndexes)
			labels, err := combined.LabelMap()
			if err != nil {
				t.Fatal(err)
			}
			for i, e := range disclosed.LabelMap.Value {
				equal("label of "+e[0], labels[i], e[1])
			}
			equal("labels", len(labels), len(disclosed.LabelMap.Value))

			// A verifier sees the same statements.
			text := strictjson.AppendJSON(nil, combined.Value)
			again, err := sd.Canonicalize(jsonld.Embedded(), parse(t, string(text)), labels.Labels())
			if err != nil {
				t.Fatal(err)
			}
			for i, at := range combined.Indexes {
				equal("statement", string(again.Lines[i]), string(doc.Lines[at]))
			}
			equal("statements", len(again.Lines), len(combined.Indexes))
		})
	}
}

func canonicalize(t testing.TB, text string) *sd.Document {
	t.Helper()
	d, err := sd.Canonicalize(jsonld.Embedded(), parse(t, text), sd.HMACLabels(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSelectNothing(t *testing.T) {
	d := canonicalize(t, `{"@context": "https://www.w3.org/ns/credentials/v2", "type": "VerifiableCredential", "credentialSubject": {"description": "x"}}`)
	s, err := d.Select(nil)
	if err != nil || len(s.Indexes) != 0 || s.Value.Kind() != strictjson.Invalid {
		t.Errorf("got %v, %v, %v; want nothing", s.Indexes, s.Value.Kind(), err)
	}
	if labels, err := s.LabelMap(); err != nil || len(labels) != 0 {
		t.Errorf("labels: got %v, %v; want none", labels, err)
	}
}

// A value that makes two blank nodes, or none of the document's, cannot be chosen apart.
func TestSelectRefusesOtherStatements(t *testing.T) {
	d := canonicalize(t, `{"@context": [{"l": {"@id": "urn:l", "@container": "@list"}, "p": "urn:p", "me": "@id"}],
		"l": [{"p": 1}, {"p": 2}], "p": {"me": "urn:x", "p": 1}}`)
	for _, p := range []string{"/l/0", "/l/1/p", "/p/p"} {
		if s, err := d.Select([]string{p}); !errors.Is(err, sd.ErrStatement) {
			t.Errorf("%s: got %+v, %v; want ErrStatement", p, s, err)
		}
	}
	if s, err := d.Select([]string{"/l/1/p", "/l/0/p"}); err != nil || len(s.Indexes) != 7 {
		t.Errorf("the whole list: got %+v, %v; want 7 statements", s, err)
	}
}

func TestTooManyStatements(t *testing.T) {
	text := []byte(`{"@context": {"p": "urn:p"}, "p": [`)
	for i := range sd.MaxStatements + 1 {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, []byte(`"`+hex.EncodeToString([]byte{byte(i >> 8), byte(i)})+`"`)...)
	}
	text = append(text, "]}"...)
	d, err := sd.Canonicalize(jsonld.Embedded(), parse(t, string(text)), sd.HMACLabels(make([]byte, 32)))
	if !errors.Is(err, sd.ErrLimit) && !errors.Is(err, jsonld.ErrLimit) {
		t.Errorf("got %v, %v; want ErrLimit", d, err)
	}
}
