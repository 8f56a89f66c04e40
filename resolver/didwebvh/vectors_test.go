package didwebvh_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/resolver/didwebvh"
	"github.com/realdid/realdid/resolver/webfetch"
)

// folder serves the files of a folder, whatever the location.
type folder string

func (d folder) Fetch(_ context.Context, _ webfetch.Location, f webfetch.File) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(string(d), f.Name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, webfetch.ErrNotFound
	}
	return b, err
}

// suite calls f for each implementation's folder of each scenario whose name has the prefix negative- or not.
func suite(t *testing.T, negative bool, f func(t *testing.T, scenario, dir string)) {
	root := vectors.Dir(t, "did-webvh")
	dirs, err := filepath.Glob(filepath.Join(root, "*", "*", "did.jsonl"))
	if err != nil || len(dirs) < 45 {
		t.Fatalf("got %d logs (%v), want at least 45", len(dirs), err)
	}
	for _, path := range dirs {
		dir := filepath.Dir(path)
		scenario := filepath.Base(filepath.Dir(dir))
		if strings.HasPrefix(scenario, "negative-") == negative {
			t.Run(scenario+"/"+filepath.Base(dir), func(t *testing.T) { f(t, scenario, dir) })
		}
	}
}

var firstID = regexp.MustCompile(`"id": ?"(did:webvh:[^"#]*)"`)

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type expected struct {
	Document json.RawMessage `json:"didDocument"`
	Metadata struct {
		Created, Updated, VersionTime string
		Deactivated, Portable         *bool
		VersionID, SCID               string
		VersionNumber                 int
		Witness                       *struct{ Witnesses []any }
	} `json:"didDocumentMetadata"`
}

func TestPositiveVectors(t *testing.T) {
	suite(t, false, func(t *testing.T, scenario, dir string) {
		log := read(t, filepath.Join(dir, "did.jsonl"))
		id := did.MustParse(string(firstID.FindSubmatch(log)[1]))
		r := didwebvh.New(&didwebvh.Options{Fetcher: folder(dir)})
		if scenario == "witness-threshold" && filepath.Base(dir) == "rust" {
			// Faulty upstream: the specification demands did:key identifiers of witnesses, and these are bare Multikeys.
			_, err := r.Resolve(context.Background(), id, nil)
			wantFault(t, err, didwebvh.FaultParameters)
			return
		}
		results, err := filepath.Glob(filepath.Join(dir, "resolutionResult*.json"))
		if err != nil || len(results) == 0 {
			t.Fatalf("got %d results (%v), want some", len(results), err)
		}
		for _, path := range results {
			var want expected
			if err := json.Unmarshal(read(t, path), &want); err != nil {
				t.Fatal(err)
			}
			var opt *did.ResolveOptions
			numbered := filepath.Base(path) != "resolutionResult.json"
			if numbered {
				opt = &did.ResolveOptions{VersionID: want.Metadata.VersionID}
			}
			res, err := r.Resolve(context.Background(), id, opt)
			if err != nil {
				t.Fatalf("%s: got error %v, want none", filepath.Base(path), err)
			}
			compareMetadata(t, res, &want, numbered)
			compareDocument(t, id, log, res, &want)
			byNumber, err := r.ResolveNumber(context.Background(), id, want.Metadata.VersionNumber)
			if err != nil || byNumber.Metadata.VersionID != res.Metadata.VersionID {
				t.Errorf("by number: got %v (%v), want %s", byNumber, err, res.Metadata.VersionID)
			}
		}
	})
}

func compareMetadata(t *testing.T, res *did.Resolution, want *expected, numbered bool) {
	t.Helper()
	m, w := res.Metadata, want.Metadata
	// Of an old version, some of the writers of the suite give as updated the time of the whole log's last entry; ours is
	// that of the version, as DID Resolution has it.
	updated := w.Updated
	if numbered {
		updated = w.VersionTime
	}
	got := []any{
		m.VersionID, m.Extra["versionNumber"], m.Extra["versionTime"],
		m.Created.Format(time.RFC3339), m.Updated.Format(time.RFC3339), m.Deactivated,
	}
	expect := []any{w.VersionID, w.VersionNumber, w.VersionTime, w.Created, updated, w.Deactivated != nil && *w.Deactivated}
	if !slices.Equal(got, expect) {
		t.Errorf("metadata: got %v, want %v", got, expect)
	}
	if w.SCID != "" && m.Extra["scid"] != w.SCID {
		t.Errorf("scid: got %v, want %s", m.Extra["scid"], w.SCID)
	}
	if w.Portable != nil && m.Extra["portable"] != *w.Portable {
		t.Errorf("portable: got %v, want %v", m.Extra["portable"], *w.Portable)
	}
	if _, has := m.Extra["witness"]; w.Witness != nil && has != (len(w.Witness.Witnesses) > 0) {
		t.Errorf("witness: got %v, want %v", has, w.Witness)
	}
}

// compareDocument compares canonical forms, after what the writers of the suite do differently from each other: ids
// of services relative or absolute, the slash that ends the endpoint of #files, methods without a controller, and references
// to methods that the document does not hold.
func compareDocument(t *testing.T, id did.DID, log []byte, res *did.Resolution, want *expected) {
	t.Helper()
	got := res.Document
	if res.Metadata.Deactivated {
		// Resolvers of this module show the id alone; the whole document stands in the log.
		if len(got.VerificationMethod) != 0 || len(got.Service) != 0 || len(res.Removed) == 0 {
			t.Errorf("deactivated: got %s and %d removed methods, want the id alone and some", got.Canonical(), len(res.Removed))
		}
		l, err := didwebvh.Verify(id, log, nil, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got, err = l.Newest().Document(); err != nil {
			t.Fatal(err)
		}
	}
	var w map[string]any
	if err := json.Unmarshal(want.Document, &w); err != nil {
		t.Fatal(err)
	}
	methods, _ := w["verificationMethod"].([]any)
	for _, m := range methods {
		if m := m.(map[string]any); m["controller"] == nil {
			m["controller"] = id.String()
		}
	}
	for _, name := range []string{"authentication", "assertionMethod"} {
		references, _ := w[name].([]any)
		w[name] = slices.DeleteFunc(references, func(r any) bool {
			return !slices.ContainsFunc(methods, func(m any) bool { return m.(map[string]any)["id"] == r })
		})
	}
	services, _ := w["service"].([]any)
	services = slices.DeleteFunc(services, func(s any) bool {
		implicit := strings.HasSuffix(s.(map[string]any)["id"].(string), "#files") || strings.HasSuffix(s.(map[string]any)["id"].(string), "#whois")
		return implicit && res.Metadata.Deactivated
	})
	for _, s := range services {
		if s := s.(map[string]any); strings.HasSuffix(s["id"].(string), "#files") {
			s["serviceEndpoint"] = strings.TrimSuffix(s["serviceEndpoint"].(string), "/") + "/"
		}
	}
	if w["service"] = services; len(services) == 0 {
		delete(w, "service")
	}
	b, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := did.ParseDocument(b)
	if err != nil {
		t.Fatalf("the expected document: %v", err)
	}
	if g, w := string(got.Canonical()), string(doc.Canonical()); g != w {
		t.Errorf("document: got %s, want %s", g, w)
	}
}

// TestNegativeVectors: each is refused for the reason that its README states.
func TestNegativeVectors(t *testing.T) {
	logs := map[string]didwebvh.Fault{
		"negative-did-key-body-fragment-mismatch": didwebvh.FaultProof,
		"negative-scid-mismatch-genesis":          didwebvh.FaultSCID,
		"negative-versiontime-non-monotonic":      didwebvh.FaultTime,
		"negative-zero-witness-threshold":         didwebvh.FaultParameters,
	}
	urls := map[string]string{
		"negative-fragment-leaks-into-domain": "host: an IP address",
		"negative-lowercase-pct-port-ip":      "host: an IP address",
		"negative-path-traversal-did":         "dot segment",
		"negative-pct-encoded-ip-host":        "host: an IP address",
	}
	suite(t, true, func(t *testing.T, scenario, dir string) {
		r := didwebvh.New(&didwebvh.Options{Fetcher: folder(dir)})
		if fault, ok := logs[scenario]; ok {
			log := read(t, filepath.Join(dir, "did.jsonl"))
			scid := regexp.MustCompile(`"scid": ?"([^"]*)"`).FindSubmatch(log)[1]
			_, err := r.Resolve(context.Background(), did.MustParse("did:webvh:"+string(scid)+":example.com"), nil)
			wantFault(t, err, fault)
			return
		}
		reason, ok := urls[scenario]
		if !ok {
			t.Fatal("a scenario that this test does not know")
		}
		script := string(read(t, filepath.Join(filepath.Dir(dir), "script.yaml")))
		list := regexp.MustCompile(`did: "([^"]*)"`).FindAllStringSubmatch(script, -1)
		if len(list) == 0 {
			t.Fatal("got no identifier in the script, want some")
		}
		for _, m := range list {
			u, err := did.ParseURL(m[1])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := did.Parse(m[1]); (err != nil) != (u.Fragment() != "") {
				t.Errorf("%s as an identifier: got error %v", m[1], err)
			}
			_, err = r.Resolve(context.Background(), u.DID(), nil)
			if e := did.AsError(err); e == nil || e.Code != did.InvalidDID || !strings.Contains(e.Error(), reason) {
				t.Errorf("%s: got error %v, want INVALID_DID: %s", u.DID(), err, reason)
			}
		}
	})
}

func wantFault(t *testing.T, err error, want didwebvh.Fault) {
	t.Helper()
	f, ok := errors.AsType[*didwebvh.LogError](err)
	if !ok || f.Fault != want || did.AsError(err).Temporary() {
		t.Errorf("got error %v, want a final one with fault %s", err, want)
	}
}
