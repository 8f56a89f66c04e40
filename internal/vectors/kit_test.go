package vectors

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write the counts in testdata/index.json anew")

// TestKit holds every file of testdata against the index and the schema: others run the files by these two alone.
func TestKit(t *testing.T) {
	k := kit{files: os.DirFS(Root(t)), recount: *update}
	k.check()
	for _, f := range k.faults {
		t.Error(f)
	}
	if *update {
		if err := os.WriteFile(filepath.Join(Root(t), "index.json"), k.index.encode(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// kit is a folder of vectors while it is checked.
type kit struct {
	files   fs.FS
	recount bool // take the counts of the files into the index
	index   index
	faults  []string
}

func (k *kit) fault(format string, a ...any) { k.faults = append(k.faults, fmt.Sprintf(format, a...)) }

// index is index.json.
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

// encode writes a row a line, by file.
func (x *index) encode() []byte {
	slices.SortFunc(x.Files, func(a, b indexRow) int { return strings.Compare(a.File, b.File) })
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n \"version\": %d,\n \"files\": [\n", x.Version)
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for i, row := range x.Files {
		b.WriteString("  ")
		if err := enc.Encode(row); err != nil {
			panic(err) // strings and a number
		}
		if i < len(x.Files)-1 {
			b.Truncate(b.Len() - 1)
			b.WriteString(",\n")
		}
	}
	b.WriteString(" ]\n}\n")
	return b.Bytes()
}

func (k *kit) check() {
	of, ofIndex, err := k.schemas()
	if err != nil {
		k.fault("schema.json: %v", err)
		return
	}
	b, err := fs.ReadFile(k.files, "index.json")
	if err == nil {
		err = json.Unmarshal(b, &k.index)
	}
	if err != nil {
		k.fault("index.json: %v", err)
		return
	}
	k.validate(ofIndex, "index.json")
	rows := map[string]*indexRow{}
	for i := range k.index.Files {
		row := &k.index.Files[i]
		if rows[row.File] != nil {
			k.fault("index.json lists %s twice", row.File)
		}
		rows[row.File] = row
	}
	for _, file := range k.vectorFiles() {
		if rows[file] == nil {
			k.fault("index.json does not list %s", file)
			continue
		}
		k.validate(of, file)
		k.checkFile(rows[file])
		delete(rows, file)
	}
	for _, file := range slices.Sorted(maps.Keys(rows)) {
		k.fault("index.json lists %s, which is not there", file)
	}
}

// vectorFiles returns all files of vectors: every JSON file in a folder, but for programs.
func (k *kit) vectorFiles() (files []string) {
	err := fs.WalkDir(k.files, ".", func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (p == "runner" || e.Name() == "node_modules"):
			return fs.SkipDir
		case !e.IsDir() && strings.Contains(p, "/") && strings.HasSuffix(p, ".json"):
			files = append(files, p)
		}
		return nil
	})
	if err != nil {
		k.fault("%v", err)
	}
	return files
}

// schemas compiles schema.json: the schema of files, and that of the index.
func (k *kit) schemas() (of, ofIndex *jsonschema.Schema, err error) {
	b, err := fs.ReadFile(k.files, "schema.json")
	if err != nil {
		return nil, nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return nil, nil, err
	}
	const url = "https://vectors.example/schema.json"
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource(url, doc); err != nil {
		return nil, nil, err
	}
	if of, err = c.Compile(url); err != nil {
		return nil, nil, err
	}
	ofIndex, err = c.Compile(url + "#/$defs/index")
	return of, ofIndex, err
}

func (k *kit) validate(s *jsonschema.Schema, file string) {
	b, err := fs.ReadFile(k.files, file)
	if err == nil {
		var v any
		if v, err = jsonschema.UnmarshalJSON(bytes.NewReader(b)); err == nil {
			err = s.Validate(v)
		}
	}
	if err != nil {
		k.fault("%s does not fit schema.json: %.2000v", file, err)
	}
}

// vector is what every vector has, and the members that may say whether it is valid.
type vector struct {
	Name                  string
	Valid, Accept, Verify *bool
	Result, Code          string
	content               string // what it is, without its name and what comes of it
}

func (v *vector) UnmarshalJSON(b []byte) error {
	type known vector // without this method, and so with members that it does not know
	if err := json.Unmarshal(b, (*known)(v)); err != nil {
		return err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return err
	}
	for _, name := range []string{"name", "title", "rule", "error", "fault", "code", "result"} {
		delete(members, name)
	}
	content, err := json.Marshal(members) // in one order
	v.content = string(content)
	return err
}

func (v *vector) says(valid bool) bool {
	for _, p := range []*bool{v.Valid, v.Accept, v.Verify} {
		if p != nil && *p == valid {
			return true
		}
	}
	return v.Result != "" && (v.Result == "pass") == valid || v.Code != "" && !valid
}

// saysOtherwise are the kinds of mixed files whose vectors do not say whether they are valid: their steps say so, or nothing does, since
// either is right. testdata/README.md names them.
var saysOtherwise = []string{"rdf.poison", "realdid.walks", "realperson.accounts"}

// checkFile wants what the index says of a file, and names and vectors that are unique.
func (k *kit) checkFile(row *indexRow) {
	b, err := fs.ReadFile(k.files, row.File)
	if err != nil {
		k.fault("%v", err)
		return
	}
	f, err := decode[json.RawMessage, vector](b)
	if err != nil {
		k.fault("%s: %v", row.File, err)
		return
	}
	if f.Kind != row.Kind {
		k.fault("%s: got kind %s in the index, want %s", row.File, row.Kind, f.Kind)
	}
	if k.recount {
		row.Count = len(f.Vectors)
	}
	if len(f.Vectors) != row.Count {
		k.fault("%s: got %d vectors in the index, want %d (run TestKit with -update)", row.File, row.Count, len(f.Vectors))
	}
	names, contents := map[string]bool{}, map[string]string{}
	accepted, refused := false, false
	for _, v := range f.Vectors {
		if names[v.Name] {
			k.fault("%s: two vectors are called %q", row.File, v.Name)
		}
		names[v.Name] = true
		if other, twice := contents[v.content]; twice {
			k.fault("%s: %q is the same vector as %q", row.File, v.Name, other)
		}
		contents[v.content] = v.Name
		yes, no := v.says(true), v.says(false)
		accepted, refused = accepted || yes, refused || no
		if yes && row.Verdict == "invalid" || no && row.Verdict == "valid" {
			k.fault("%s: %q is not %s, as the index says", row.File, v.Name, row.Verdict)
		}
		if row.Verdict == "mixed" && !yes && !no && !slices.Contains(saysOtherwise, row.Kind) {
			k.fault("%s: %q does not say whether it is valid", row.File, v.Name)
		}
	}
	if accepted != refused && row.Verdict == "mixed" {
		k.fault("%s is mixed in the index, and all vectors are of one sort", row.File)
	}
}

// TestKitFaults alters a small kit, with the schema that there is, and wants the fault found.
func TestKitFaults(t *testing.T) {
	schema, err := os.ReadFile(filepath.Join(Root(t), "schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	small := func() map[string]string {
		return map[string]string{
			"schema.json": string(schema),
			"index.json": `{"version":1,"files":[{"file":"did/dids.json","kind":"did.dids","count":2,"verdict":"valid","spec":"s"},` +
				`{"file":"bbs/public-keys.json","kind":"bbs.public-keys","count":2,"verdict":"mixed","spec":"s"}]}`,
			"did/dids.json": `{"version":1,"kind":"did.dids","vectors":[{"name":"a","input":"did:a:b","method":"a","id":"b"},` +
				`{"name":"b","input":"did:a:c","method":"a","id":"c"}]}`,
			"bbs/public-keys.json": `{"version":1,"kind":"bbs.public-keys","vectors":[{"name":"none","valid":true,"publicKey":"aa"},` +
				`{"name":"empty","valid":false,"publicKey":""}]}`,
			"runner/package.json": `{}`,
		}
	}
	for _, c := range []struct{ name, file, old, new, want string }{
		{"no fault", "did/dids.json", "", "", ""},
		{"not listed", "index.json", `{"file":"did/dids.json","kind":"did.dids","count":2,"verdict":"valid","spec":"s"},`, "", "index.json does not list did/dids.json"},
		{"listed and not there", "index.json", `"did/dids.json"`, `"did/no.json"`, "index.json lists did/no.json, which is not there"},
		{"listed twice", "index.json", `"bbs/public-keys.json"`, `"did/dids.json"`, "index.json lists did/dids.json twice"},
		{"other count", "index.json", `"count":2`, `"count":3`, "did/dids.json: got 3 vectors in the index, want 2"},
		{"other kind in the index", "index.json", `"did.dids"`, `"did.urls"`, "did/dids.json: got kind did.urls in the index, want did.dids"},
		{"other verdict", "index.json", `"mixed"`, `"invalid"`, `bbs/public-keys.json: "none" is not invalid`},
		{"mixed and all valid", "bbs/public-keys.json", `"valid":false`, `"valid":true`, "bbs/public-keys.json is mixed in the index, and all"},
		{"a row without a specification", "index.json", `"spec":"s"`, `"spec":""`, "index.json does not fit schema.json"},
		{"a name twice", "did/dids.json", `"name":"b"`, `"name":"a"`, `did/dids.json: two vectors are called "a"`},
		{"a vector twice", "did/dids.json", `"did:a:c","method":"a","id":"c"`, `"did:a:b","id":"b","method":"a"`, `did/dids.json: "b" is the same vector as "a"`},
		{"mixed and silent", "bbs/public-keys.json", `"name":"none","valid":true`, `"name":"none"`, `bbs/public-keys.json: "none" does not say whether it is valid`},
		{"no name", "did/dids.json", `"name":"b",`, "", "did/dids.json does not fit schema.json"},
		{"a member that is not known", "did/dids.json", `"method":"a"`, `"method":"a","x":1`, "did/dids.json does not fit schema.json"},
		{"a member of another type", "did/dids.json", `"method":"a"`, `"method":1`, "did/dids.json does not fit schema.json"},
		{"hexadecimal in upper case", "bbs/public-keys.json", `"aa"`, `"AA"`, "bbs/public-keys.json does not fit schema.json"},
		{"a kind that is not known", "did/dids.json", `"did.dids"`, `"did.x"`, "did/dids.json does not fit schema.json"},
		{"a setting that the kind does not have", "did/dids.json", `"vectors"`, `"setting":{},"vectors"`, "did/dids.json does not fit schema.json"},
		{"version 2", "did/dids.json", `"version":1`, `"version":2`, "did/dids.json does not fit schema.json"},
		{"no envelope", "did/dids.json", `"kind":"did.dids",`, "", "did/dids.json does not fit schema.json"},
		{"no JSON", "did/dids.json", `]}`, ``, "did/dids.json does not fit schema.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := small()
			if !strings.Contains(files[c.file], c.old) {
				t.Fatalf("%s has no %s", c.file, c.old)
			}
			files[c.file] = strings.Replace(files[c.file], c.old, c.new, 1)
			mapped := fstest.MapFS{}
			for name, text := range files {
				mapped[name] = &fstest.MapFile{Data: []byte(text)}
			}
			k := kit{files: mapped}
			k.check()
			if c.want == "" && len(k.faults) > 0 || c.want != "" && !slices.ContainsFunc(k.faults, func(f string) bool { return strings.Contains(f, c.want) }) {
				t.Errorf("got %q, want %q", k.faults, c.want)
			}
		})
	}
}
