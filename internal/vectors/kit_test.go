package vectors

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write the counts in testdata/index.json anew")

// index is testdata/index.json.
type index struct {
	Version int        `json:"version"`
	Files   []indexRow `json:"files"`
}

type indexRow struct {
	File    string `json:"file"`
	Kind    string `json:"kind"`
	Count   int    `json:"count"`
	Verdict string `json:"verdict"`
	Spec    string `json:"spec"`
}

func readIndex(t *testing.T) index {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(Root(t), "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var x index
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&x); err != nil {
		t.Fatalf("index.json: %v", err)
	}
	return x
}

// vectorFiles returns the paths in testdata of all files of vectors: every JSON file in a folder, but for programs.
func vectorFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	root := os.DirFS(Root(t))
	err := fs.WalkDir(root, ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && (p == "runner" || e.Name() == "node_modules") {
			return fs.SkipDir
		}
		if !e.IsDir() && strings.Contains(p, "/") && strings.HasSuffix(p, ".json") {
			files = append(files, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// schemas compiles testdata/schema.json: the schema of files, and that of the index.
func schemas(t *testing.T) (file, index *jsonschema.Schema) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(Root(t), "schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	const url = "https://vectors.example/schema.json"
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource(url, doc); err != nil {
		t.Fatal(err)
	}
	compile := func(u string) *jsonschema.Schema {
		s, err := c.Compile(u)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	return compile(url), compile(url + "#/$defs/index")
}

func validate(t *testing.T, s *jsonschema.Schema, file string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(Root(t), file))
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err == nil {
		err = s.Validate(v)
	}
	if err != nil {
		t.Errorf("testdata/%s does not fit testdata/schema.json: %.2000v", file, err)
	}
}

// TestKit holds every file of testdata against the index and the schema: others run the files by these two alone.
func TestKit(t *testing.T) {
	x := readIndex(t)
	schema, indexSchema := schemas(t)
	validate(t, indexSchema, "index.json")
	rows := map[string]int{}
	for i, row := range x.Files {
		if _, ok := rows[row.File]; ok {
			t.Errorf("index.json lists %s twice", row.File)
		}
		rows[row.File] = i
	}
	for _, file := range vectorFiles(t) {
		i, ok := rows[file]
		if !ok {
			t.Errorf("testdata/index.json does not list %s", file)
			continue
		}
		delete(rows, file)
		row := &x.Files[i]
		validate(t, schema, file)
		f := Read[json.RawMessage, vector](t, strings.TrimSuffix(file, ".json"))
		if f.Kind != row.Kind {
			t.Errorf("%s: got kind %s in the index, want %s", file, row.Kind, f.Kind)
		}
		if *update {
			row.Count = len(f.Vectors)
		}
		if len(f.Vectors) != row.Count {
			t.Errorf("%s: got %d vectors in the index, want %d (run this test with -update)", file, row.Count, len(f.Vectors))
		}
		checkVectors(t, file, row.Verdict, f.Vectors)
	}
	for file := range rows {
		t.Errorf("index.json lists %s, which is not there", file)
	}
	if *update {
		writeIndex(t, x)
	}
}

// vector is what every vector has, and the members that may say whether it is valid.
type vector struct {
	Name          string
	Valid, Accept *bool
	Result, Code  string
}

func (v *vector) UnmarshalJSON(b []byte) error {
	type known vector // without this method, and so with members that it does not know
	return json.Unmarshal(b, (*known)(v))
}

func (v *vector) says(valid bool) bool {
	for _, p := range []*bool{v.Valid, v.Accept} {
		if p != nil && *p == valid {
			return true
		}
	}
	return v.Result != "" && (v.Result == "pass") == valid || v.Code != "" && !valid
}

// checkVectors wants names that are unique, and members that do not contradict what the index says of all.
func checkVectors(t *testing.T, file, verdict string, list []vector) {
	t.Helper()
	names := map[string]bool{}
	accepted, refused := false, false
	for _, v := range list {
		if names[v.Name] {
			t.Errorf("%s: two vectors are called %q", file, v.Name)
		}
		names[v.Name] = true
		yes, no := v.says(true), v.says(false)
		accepted, refused = accepted || yes, refused || no
		if yes && verdict == "invalid" || no && verdict == "valid" {
			t.Errorf("%s: %q is not %s, as the index says", file, v.Name, verdict)
		}
	}
	if accepted != refused && verdict == "mixed" {
		t.Errorf("%s is mixed in the index, and all vectors are of one sort", file)
	}
}

func writeIndex(t *testing.T, x index) {
	t.Helper()
	slices.SortFunc(x.Files, func(a, b indexRow) int { return strings.Compare(a.File, b.File) })
	b := []byte("{\n \"version\": " + strconv.Itoa(x.Version) + ",\n \"files\": [\n")
	for i, row := range x.Files {
		var line bytes.Buffer
		enc := json.NewEncoder(&line)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(row); err != nil {
			t.Fatal(err)
		}
		b = append(append(b, "  "...), bytes.TrimSpace(line.Bytes())...)
		if i < len(x.Files)-1 {
			b = append(b, ',')
		}
		b = append(b, '\n')
	}
	if err := os.WriteFile(filepath.Join(Root(t), "index.json"), append(b, " ]\n}\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestSchemaExplains wants a description of every kind and every member, since the schema is all that others have to go by, and no
// member beside them.
func TestSchemaExplains(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(Root(t), "schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Properties struct{ Kind struct{ Enum []string } }
		Defs       map[string]map[string]any `json:"$defs"`
	}
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, row := range readIndex(t).Files {
		used[row.Kind] = true
	}
	for _, kind := range s.Properties.Kind.Enum {
		if s.Defs[kind] == nil || !used[kind] {
			t.Errorf("kind %s: defined %v, in the index %v", kind, s.Defs[kind] != nil, used[kind])
		}
	}
	for name, def := range s.Defs {
		explained(t, s.Defs, name, def)
		if text, _ := def["description"].(string); text == "" {
			t.Errorf("schema.json: %s has no description", name)
		}
		if regexp.MustCompile(`^[a-z0-9-]+\.`).MatchString(name) && !slices.Contains(s.Properties.Kind.Enum, name) {
			t.Errorf("schema.json: %s is no kind", name)
		}
	}
}

func explained(t *testing.T, defs map[string]map[string]any, at string, schema any) {
	t.Helper()
	m, ok := schema.(map[string]any)
	if !ok {
		return
	}
	properties, _ := m["properties"].(map[string]any)
	if m["type"] == "object" && len(properties) > 0 && m["additionalProperties"] != false {
		t.Errorf("schema.json: %s takes members that it does not explain", at)
	}
	for name, p := range properties {
		member, ok := p.(map[string]any)
		if !ok || name == "vectors" {
			explained(t, defs, at+"/"+name, member["items"])
			continue
		}
		text, _ := member["description"].(string)
		if ref, _ := member["$ref"].(string); text == "" && ref != "" {
			text, _ = defs[strings.TrimPrefix(ref, "#/$defs/")]["description"].(string)
		}
		if text == "" && name != "setting" {
			t.Errorf("schema.json: %s/%s has no description", at, name)
		}
		explained(t, defs, at+"/"+name, member)
		explained(t, defs, at+"/"+name, member["items"])
	}
}
