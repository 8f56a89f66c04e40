package vectors

import (
	"encoding/json"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestSchemaExplains wants a description of every kind and every member, since the schema is all that others have to go by, and no
// member beside them.
func TestSchemaExplains(t *testing.T) {
	var s struct {
		Properties struct{ Kind struct{ Enum []string } }
		AllOf      []struct {
			If struct {
				Properties struct{ Kind struct{ Const string } }
			}
			Then map[string]string
		}
		Defs map[string]map[string]any `json:"$defs"`
	}
	var x index
	for name, v := range map[string]any{"schema.json": &s, "index.json": &x} {
		b, err := fs.ReadFile(os.DirFS(Root(t)), name)
		if err == nil {
			err = json.Unmarshal(b, v)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	used, chosen := map[string]bool{}, map[string]bool{}
	for _, row := range x.Files {
		used[row.Kind] = true
	}
	for _, rule := range s.AllOf {
		kind := rule.If.Properties.Kind.Const
		chosen[kind] = rule.Then["$ref"] == "#/$defs/"+kind
	}
	for _, kind := range s.Properties.Kind.Enum {
		if s.Defs[kind] == nil || !used[kind] || !chosen[kind] {
			t.Errorf("kind %s: defined %v, chosen in allOf %v, in the index %v", kind, s.Defs[kind] != nil, chosen[kind], used[kind])
		}
	}
	for name, def := range s.Defs {
		if text, _ := def["description"].(string); text == "" {
			t.Errorf("schema.json: %s has no description", name)
		}
		if strings.Contains(name, ".") && !slices.Contains(s.Properties.Kind.Enum, name) {
			t.Errorf("schema.json: %s is no kind", name)
		}
		for _, fault := range unexplained(s.Defs, name, def) {
			t.Errorf("schema.json: %s", fault)
		}
	}
}

// unexplained lists the members in a schema that have no description, and the objects that take others beside those.
func unexplained(defs map[string]map[string]any, at string, schema any) (faults []string) {
	m, ok := schema.(map[string]any)
	if !ok {
		return nil
	}
	properties, _ := m["properties"].(map[string]any)
	if m["type"] == "object" && len(properties) > 0 && m["additionalProperties"] != false {
		faults = append(faults, at+" takes members that it does not explain")
	}
	for name, p := range properties {
		member, _ := p.(map[string]any)
		text, _ := member["description"].(string)
		if ref, _ := member["$ref"].(string); text == "" && ref != "" {
			text, _ = defs[strings.TrimPrefix(ref, "#/$defs/")]["description"].(string)
		}
		if text == "" && name != "vectors" && name != "setting" { // the envelope itself explains these
			faults = append(faults, at+"/"+name+" has no description")
		}
		faults = append(faults, unexplained(defs, at+"/"+name, member)...)
	}
	return append(faults, unexplained(defs, at, m["items"])...)
}

func TestUnexplained(t *testing.T) {
	for text, want := range map[string]int{
		`{"type":"object","properties":{"a":{"description":"A."}},"additionalProperties":false}`:                                         0,
		`{"type":"object","properties":{"a":{"description":"A."}}}`:                                                                      1,
		`{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}`:                                            1,
		`{"type":"array","items":{"type":"object","properties":{"a":{}},"additionalProperties":false}}`:                                  1,
		`{"type":"object","properties":{"a":{"$ref":"#/$defs/b"},"c":{"$ref":"#/$defs/d"}},"additionalProperties":false}`:                1,
		`{"properties":{"vectors":{"items":{"type":"object","properties":{"a":{"description":"A.","items":{"properties":{"b":{}}}}}}}}}`: 2,
	} {
		var schema map[string]any
		if err := json.Unmarshal([]byte(text), &schema); err != nil {
			t.Fatal(err)
		}
		if got := unexplained(map[string]map[string]any{"b": {"description": "B."}}, "x", schema); len(got) != want {
			t.Errorf("%s: got %q, want %d", text, got, want)
		}
	}
}

func TestDecode(t *testing.T) {
	type small struct{ Name string }
	for text, good := range map[string]bool{
		`{"version":1,"kind":"k","vectors":[{"name":"a"}]}`:              true,
		`{"version":1,"kind":"k","setting":{},"vectors":[{"name":"a"}]}`: true,
		`{"version":2,"kind":"k","vectors":[{"name":"a"}]}`:              false,
		`{"kind":"k","vectors":[{"name":"a"}]}`:                          false,
		`{"version":1,"kind":"k","vectors":[]}`:                          false,
		`{"version":1,"kind":"k","vectors":[{"name":"a","x":1}]}`:        false,
		`{"version":1,"kind":"k","vectors":[{"name":"a"}],"x":1}`:        false,
		`{"version":1,"kind":"k","vectors":[{"name":"a"}]} {}`:           false,
		`[{"name":"a"}]`: false,
	} {
		if _, err := decode[None, small]([]byte(text)); (err == nil) != good {
			t.Errorf("%s: got error %v, want good %v", text, err, good)
		}
	}
}
