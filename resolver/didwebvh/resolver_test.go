package didwebvh

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didtest"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/webfetch"
)

// web holds files by URL. A file that is "down" cannot be had.
type web map[string]string

func (w web) Fetch(_ context.Context, l webfetch.Location, f webfetch.File) ([]byte, error) {
	s, ok := w[l.URL(f.Name)]
	switch {
	case !ok:
		return nil, webfetch.ErrNotFound
	case s == "down":
		return nil, errors.New("connection refused")
	case len(s) > f.Max:
		return nil, webfetch.ErrContent
	}
	return []byte(s), nil
}

const (
	logURL     = "https://example.com/.well-known/did.jsonl"
	witnessURL = "https://example.com/.well-known/did-witness.json"
)

func year(n int) time.Time { return time.Date(n, 1, 1, 0, 0, 0, 0, time.UTC) }

func newResolver(w web) *Resolver {
	return New(&Options{Fetcher: w, Now: func() time.Time { return year(2026) }})
}

func (f *forger) did() did.DID { return did.MustParse("did:webvh:" + f.scid + ":example.com") }

func TestParse(t *testing.T) {
	scid := KeyHash(testKey(t, "a").Public())
	id, err := Parse(did.MustParse("did:webvh:" + scid + ":example.com%3A8443:a:b"))
	if err != nil || id.SCID != scid || id.Location.URL("did.jsonl") != "https://example.com:8443/a/b/did.jsonl" {
		t.Errorf("got %+v, %v", id, err)
	}
	for name, text := range map[string]string{
		"another method":          "did:web:" + scid + ":example.com",
		"no host":                 "did:webvh:" + scid,
		"no SCID":                 "did:webvh:example.com",
		"placeholder":             "did:webvh:%7BSCID%7D:example.com",
		"SCID too short":          "did:webvh:" + scid[:45] + ":example.com",
		"SCID too long":           "did:webvh:" + scid + "1:example.com",
		"SCID of another hash":    "did:webvh:Zm" + scid[2:] + ":example.com",
		"SCID that is not base58": "did:webvh:" + scid[:45] + "0:example.com",
		"address":                 "did:webvh:" + scid + ":127.0.0.1",
	} {
		_, err := Parse(did.MustParse(text))
		wantCode(t, name, err, did.InvalidDID)
	}
	both := &did.ResolveOptions{VersionID: "1", VersionTime: start}
	_, err = newResolver(web{}).Resolve(context.Background(), did.MustParse("did:webvh:"+scid+":example.com"), both)
	wantCode(t, "contradicting options", err, did.InvalidOptions)
	for want, e := range map[string]*LogError{
		"didwebvh: entry 2: time: x": {FaultTime, 2, "x"}, "didwebvh: witness: y": {FaultWitness, 0, "y"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func withMethods(t testing.TB, purposes map[string]string) object {
	methods, d := []any{}, document(nil)
	for _, name := range slices.Sorted(maps.Keys(purposes)) {
		id := "did:webvh:{SCID}:example.com#" + name
		methods = append(methods, object{
			"id": id, "type": "Multikey", "controller": "did:webvh:{SCID}:example.com", "publicKeyMultibase": multikey(t, name),
		})
		list, _ := d[purposes[name]].([]any)
		d[purposes[name]] = append(list, id)
	}
	d["verificationMethod"] = methods
	return d
}

func TestKit(t *testing.T) {
	f := (&forger{tb: t}).add(step{state: withMethods(t, map[string]string{"k": "authentication"})})
	didtest.Run(t, newResolver(web{logURL: f.log()}), f.did(), did.MustParse("did:webvh:"+f.scid+":example.org"))
}

func wantCode(t *testing.T, what string, err error, want did.ErrorCode) {
	t.Helper()
	if e := did.AsError(err); e == nil || e.Code != want {
		t.Errorf("%s: got error %v, want %s", what, err, want)
	}
}

func TestVersions(t *testing.T) {
	f := (&forger{tb: t}).add(step{}).add(step{state: withMethods(t, map[string]string{"k": "authentication"})}).add(step{})
	r, id := newResolver(web{logURL: f.log()}), f.did()
	l, err := Verify(id, []byte(f.log()), nil, year(2026))
	if err != nil {
		t.Fatal(err)
	}
	v := l.Versions()
	for name, c := range map[string]struct {
		opt  did.ResolveOptions
		want int // 0: NOT_FOUND
	}{
		"newest":            {did.ResolveOptions{}, 3},
		"first":             {did.ResolveOptions{VersionID: v[0].ID}, 1},
		"second":            {did.ResolveOptions{VersionID: v[1].ID}, 2},
		"number alone":      {did.ResolveOptions{VersionID: "2"}, 0},
		"unknown":           {did.ResolveOptions{VersionID: "2-" + f.scid}, 0},
		"before all":        {did.ResolveOptions{VersionTime: v[0].Time.Add(-time.Nanosecond)}, 0},
		"at the first":      {did.ResolveOptions{VersionTime: v[0].Time}, 1},
		"before the second": {did.ResolveOptions{VersionTime: v[1].Time.Add(-time.Nanosecond)}, 1},
		"at the second":     {did.ResolveOptions{VersionTime: v[1].Time}, 2},
		"after all":         {did.ResolveOptions{VersionTime: year(2027)}, 3},
	} {
		res, err := r.Resolve(context.Background(), id, &c.opt)
		if c.want == 0 {
			wantCode(t, name, err, did.NotFound)
			continue
		}
		if err != nil || res.Metadata.VersionID != v[c.want-1].ID {
			t.Errorf("%s: got %v (%v), want version %d", name, res, err, c.want)
			continue
		}
		next := ""
		if c.want < 3 {
			next = v[c.want].ID
		}
		if m := res.Metadata; m.NextVersionID != next || m.NextUpdate.IsZero() != (next == "") || m.Created != v[0].Time {
			t.Errorf("%s: got metadata %+v, want next version %q", name, m, next)
		}
	}
	_, err = l.Find(&did.ResolveOptions{VersionID: v[0].ID, VersionTime: v[0].Time})
	wantCode(t, "contradicting options", err, did.InvalidOptions)
	for n, ok := range map[int]bool{0: false, -1: false, 1: true, 3: true, 4: false} {
		if _, err := r.ResolveNumber(context.Background(), id, n); (err == nil) != ok {
			t.Errorf("number %d: got error %v, want accepted %v", n, err, ok)
		}
	}
}

// TestFaultAfterwards: what comes before a fault answers for itself, when it is asked for by name, and nothing else does.
func TestFaultAfterwards(t *testing.T) {
	f := (&forger{tb: t}).add(step{}).add(step{}).add(step{signers: []string{"b"}})
	r, id := newResolver(web{logURL: f.log()}), f.did()
	c, fault := parseChain(id, []byte(f.log()), year(2026))
	if fault == nil || len(c.versions) != 2 {
		t.Fatalf("got %d versions (%v), want 2 and a fault", len(c.versions), fault)
	}
	v := c.versions
	for name, c := range map[string]struct {
		opt *did.ResolveOptions
		ok  bool
	}{
		"newest":                 {nil, false},
		"first":                  {&did.ResolveOptions{VersionID: v[0].ID}, true},
		"second":                 {&did.ResolveOptions{VersionID: v[1].ID}, true},
		"the bad one":            {&did.ResolveOptions{VersionID: f.previous}, false},
		"time of the first":      {&did.ResolveOptions{VersionTime: v[0].Time}, true},
		"time of the second":     {&did.ResolveOptions{VersionTime: v[1].Time}, false}, // nobody knows until when it stood
		"time before the first":  {&did.ResolveOptions{VersionTime: v[0].Time.Add(-1)}, false},
		"time after the bad one": {&did.ResolveOptions{VersionTime: year(2027)}, false},
	} {
		res, err := r.Resolve(context.Background(), id, c.opt)
		if (err == nil) != c.ok {
			t.Errorf("%s: got %v, %v; want accepted %v", name, res, err, c.ok)
		}
		if err != nil {
			wantCode(t, name, err, did.InvalidDID)
		}
	}
	if _, err := r.ResolveNumber(context.Background(), id, 2); err != nil {
		t.Errorf("number 2: got error %v, want none", err)
	}
	_, err := r.ResolveNumber(context.Background(), id, 3)
	wantCode(t, "number 3", err, did.InvalidDID)
}

// TestWitnessSpoilsLog: without approval of every version there is no answer about any.
func TestWitnessSpoilsLog(t *testing.T) {
	w := func(names ...string) step { return step{parameters: object{"witness": witnesses(t, 1, names...)}} }
	f := (&forger{tb: t}).add(w("w1")).add(w("w2")).add(step{}).approve("w1") // w1 approves all, w2 not the third
	r := newResolver(web{logURL: f.log(), witnessURL: string(f.witness)})
	for _, n := range []int{1, 2, 3} {
		_, err := r.ResolveNumber(context.Background(), f.did(), n)
		if e, ok := errors.AsType[*LogError](err); !ok || e.Fault != FaultWitness || e.Entry != 3 {
			t.Errorf("version %d: got error %v, want %s at entry 3", n, err, FaultWitness)
		}
	}
	f.approve("w2")
	if _, err := Verify(f.did(), []byte(f.log()), f.witness, year(2026)); err != nil {
		t.Errorf("with all approvals: got error %v, want none", err)
	}
}

func TestFetchingErrors(t *testing.T) {
	f := (&forger{tb: t}).add(step{parameters: object{"witness": witnesses(t, 1, "w1")}}).approve("w1")
	id := f.did()
	for name, c := range map[string]struct {
		web  web
		want did.ErrorCode
	}{
		"all there":             {web{logURL: f.log(), witnessURL: string(f.witness)}, ""},
		"no log":                {web{}, did.NotFound},
		"log not to be had":     {web{logURL: "down"}, did.InternalError},
		"log too large":         {web{logURL: strings.Repeat(" ", MaxLog+1)}, did.InvalidDID},
		"no witnesses":          {web{logURL: f.log()}, did.InvalidDID},
		"witnesses not there":   {web{logURL: f.log(), witnessURL: "down"}, did.InternalError},
		"witnesses too large":   {web{logURL: f.log(), witnessURL: strings.Repeat(" ", MaxWitnessFile+1)}, did.InvalidDID},
		"witnesses are nothing": {web{logURL: f.log(), witnessURL: ""}, did.InvalidDID},
	} {
		_, err := newResolver(c.web).Resolve(context.Background(), id, nil)
		if c.want == "" && err != nil {
			t.Errorf("%s: got error %v, want none", name, err)
		}
		if c.want != "" {
			wantCode(t, name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := newResolver(web{logURL: f.log()}).Resolve(ctx, id, nil)
	wantCode(t, "ended context", err, did.InternalError)
	early := New(&Options{Fetcher: web{logURL: (&forger{tb: t}).add(step{}).log()}, Now: func() time.Time { return start }})
	_, err = early.Resolve(context.Background(), (&forger{tb: t}).add(step{}).did(), nil)
	wantCode(t, "clock behind", err, did.InvalidDID)
	early.skew = 2 * time.Hour
	if _, err = early.Resolve(context.Background(), (&forger{tb: t}).add(step{}).did(), nil); err != nil {
		t.Errorf("clock behind, with leeway: got error %v, want none", err)
	}
}

// TestLimits: each limit of a log is exact.
func TestLimits(t *testing.T) {
	f := (&forger{tb: t}).add(step{line: func(s string) string { return s + strings.Repeat(" ", MaxEntry-len(s)) }})
	if _, err := Verify(f.did(), []byte(f.log()), nil, year(2026)); err != nil {
		t.Errorf("the longest entry: got error %v, want none", err)
	}
	f.lines[0] += " "
	_, err := Verify(f.did(), []byte(f.log()), nil, year(2026))
	wantLimit(t, "an entry too long", err, 1)
	f.lines = append(f.lines, strings.Repeat(" ", MaxLog-len(f.lines[0])-1))
	_, err = Verify(f.did(), []byte(f.log()), nil, year(2026))
	wantLimit(t, "a log too long", err, 0)
	_, fault := parseChain(f.did(), []byte(f.log())[:MaxLog], year(2026))
	wantLimit(t, "the longest log", fault, 1)

	c := &Chain{versions: make([]Version, MaxEntries), now: year(2026)}
	c.versions[MaxEntries-1].Parameters = &Parameters{}
	if f := c.add([]byte(f.lines[0]), ""); f == nil || !strings.Contains(f.Detail, "entries") {
		t.Errorf("an entry too many: got fault %v, want the limit", f)
	}
	many := make([]string, 17)
	for i := range many {
		many[i] = "a"
	}
	proofs := (&forger{tb: t}).add(step{signers: many})
	_, err = Verify(proofs.did(), []byte(proofs.log()), nil, year(2026))
	if e, ok := errors.AsType[*LogError](err); !ok || e.Fault != FaultProof {
		t.Errorf("a proof too many: got error %v, want %s", err, FaultProof)
	}
	proofs = (&forger{tb: t}).add(step{signers: many[1:]})
	if _, err = Verify(proofs.did(), []byte(proofs.log()), nil, year(2026)); err != nil {
		t.Errorf("as many proofs as may be: got error %v, want none", err)
	}
}

func wantLimit(t *testing.T, what string, err error, entry int) {
	t.Helper()
	if e, ok := errors.AsType[*LogError](err); !ok || e.Fault != FaultSyntax || e.Entry != entry {
		t.Errorf("%s: got error %v, want %s at entry %d", what, err, FaultSyntax, entry)
	}
}

func TestMoved(t *testing.T) {
	f := (&forger{tb: t}).add(step{parameters: object{"portable": true}}).add(step{state: object{
		"id": "did:webvh:{SCID}:example.org", "alsoKnownAs": []any{"did:webvh:{SCID}:example.com"},
	}})
	before, after := f.did(), did.MustParse("did:webvh:"+f.scid+":example.org")
	r := newResolver(web{logURL: f.log(), "https://example.org/.well-known/did.jsonl": f.log()})
	res, err := r.Resolve(context.Background(), after, nil)
	if err != nil || res.Document.ID != after || res.Metadata.CanonicalID != "" {
		t.Errorf("the new identifier: got %v, %v", res, err)
	}
	_, err = r.Resolve(context.Background(), before, nil)
	if moved, ok := errors.AsType[*MovedError](err); !ok || moved.To != after {
		t.Errorf("the old identifier: got error %v, want %s named", err, after)
	}
	res, err = r.ResolveNumber(context.Background(), before, 1)
	if err != nil || res.Document.ID != before || res.Metadata.CanonicalID != after.String() {
		t.Errorf("the old identifier's version: got %v, %v", res, err)
	}
	_, err = r.ResolveNumber(context.Background(), after, 1)
	if moved, ok := errors.AsType[*MovedError](err); !ok || moved.To != before {
		t.Errorf("the new identifier's first version: got error %v, want %s named", err, before)
	}
}

func TestMetadataAndServices(t *testing.T) {
	f := (&forger{tb: t}).add(step{parameters: object{
		"portable": true, "ttl": 60, "watchers": []any{"https://watcher.example/"}, "witness": witnesses(t, 1, "w1", "w2"),
	}}).approve("w2")
	w := web{logURL: f.log(), witnessURL: string(f.witness)}
	res, err := newResolver(w).Resolve(context.Background(), f.did(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"versionNumber": 1, "versionTime": "2025-01-01T01:00:00Z", "scid": f.scid, "portable": true, "ttl": "60",
		"watchers": []string{"https://watcher.example/"},
		"witness": map[string]any{"threshold": "1", "witnesses": []any{
			map[string]any{"id": "did:key:" + multikey(t, "w1")}, map[string]any{"id": "did:key:" + multikey(t, "w2")},
		}},
	}
	if !reflect.DeepEqual(res.Metadata.Extra, want) {
		t.Errorf("got %v, want %v", res.Metadata.Extra, want)
	}
	e := res.Evidence
	if !e.Replayed || !e.OperatorTime || e.Latest || e.Included || e.Absent || e.AsOf != year(2026) {
		t.Errorf("got evidence %+v, want replayed, operator's time, and the time of asking", e)
	}
	id := f.did().String()
	for fragment, endpoint := range map[string]string{"files": "https://example.com/", "whois": "https://example.com/whois.vp"} {
		s, ok := res.Document.ServiceByID(f.did().WithFragment(fragment))
		if !ok || s.Endpoint[0].URI != endpoint {
			t.Errorf("%s: got %+v, want endpoint %s", fragment, s, endpoint)
		}
	}
	own := (&forger{tb: t}).add(step{state: document(object{"service": []any{
		object{"id": "#files", "type": "relativeRef", "serviceEndpoint": "https://files.example/"},
		object{"id": id + "#whois", "type": "LinkedVerifiablePresentation", "serviceEndpoint": "https://who.example/vp"},
		object{"id": "did:webvh:{SCID}:example.com#whois", "type": "LinkedVerifiablePresentation", "serviceEndpoint": "https://me.example/vp"},
	}})})
	res, err = newResolver(web{logURL: own.log()}).Resolve(context.Background(), own.did(), nil)
	if err != nil || len(res.Document.Service) != 3 || res.Document.Service[0].Endpoint[0].URI != "https://files.example/" {
		t.Errorf("own services: got %v, %v; want them as they are", res, err)
	}
}

// TestKeysThroughTime looks keys up as a verifier of credentials does.
func TestKeysThroughTime(t *testing.T) {
	f := (&forger{tb: t}).
		add(step{state: withMethods(t, map[string]string{"k1": "assertionMethod", "k2": "assertionMethod"})}).
		add(step{state: withMethods(t, map[string]string{"k1": "authentication", "k3": "assertionMethod"})}).
		add(step{state: object{"id": "did:webvh:{SCID}:example.com", "verificationMethod": "nonsense"}}).
		add(step{state: withMethods(t, map[string]string{"k3": "assertionMethod"})})
	find := func(f *forger, name string, p did.Purpose, at time.Time) (did.KeyStatus, error) {
		k := resolver.Keys{Resolver: newResolver(web{logURL: f.log()}), Now: func() time.Time { return year(2026) }}
		got, err := k.Key(context.Background(), f.did().WithFragment(name), p, at)
		if err != nil {
			return 0, err
		}
		return got.Status, nil
	}
	hour := func(n int) time.Time { return start.Add(time.Duration(n)*time.Hour + time.Minute) }
	check := func(f *forger, name string, p did.Purpose, at time.Time, want did.KeyStatus) {
		t.Helper()
		if got, err := find(f, name, p, at); got != want {
			t.Errorf("%s for %v at %v: got %v (%v), want %v", name, p, at, got, err, want)
		}
	}
	check(f, "k1", did.AssertionMethod, hour(0), 0)
	check(f, "k1", did.AssertionMethod, hour(1), did.KeyRetired)
	check(f, "k1", did.Authentication, hour(1), 0)
	check(f, "k1", did.AssertionMethod, hour(2), 0)
	check(f, "k1", did.Authentication, hour(2), did.KeyRetired)
	check(f, "k2", did.AssertionMethod, hour(1), did.KeyRetired)
	check(f, "k2", did.AssertionMethod, time.Time{}, 0)
	check(f, "k3", did.AssertionMethod, hour(1), 0)
	check(f, "k3", did.AssertionMethod, hour(2), did.KeyRetired)
	check(f, "k3", did.AssertionMethod, hour(3), 0) // the document of that time was none
	check(f, "k3", did.AssertionMethod, hour(4), did.KeyActive)
	check(f, "k3", did.AssertionMethod, time.Time{}, did.KeyActive)
	f.add(step{parameters: object{"deactivated": true}, state: withMethods(t, map[string]string{"k3": "assertionMethod"})})
	check(f, "k3", did.AssertionMethod, time.Time{}, 0)
	check(f, "k3", did.AssertionMethod, hour(4), did.KeyRetired)
	check(f, "k3", did.AssertionMethod, hour(5), 0)

	broken := (&forger{tb: t}).add(step{state: object{"id": "did:webvh:{SCID}:example.com", "verificationMethod": "nonsense"}})
	_, err := newResolver(web{logURL: broken.log()}).Resolve(context.Background(), broken.did(), nil)
	wantCode(t, "a document that is none", err, did.InvalidDIDDocument)
}

// TestMend: two faults of documents that stand in logs are mended, others not.
func TestMend(t *testing.T) {
	key := object{"id": "#k", "type": "Multikey", "publicKeyMultibase": multikey(t, "k")}
	embedded := object{"id": "#e", "type": "Multikey", "publicKeyMultibase": multikey(t, "e")}
	f := (&forger{tb: t}).add(step{state: document(object{
		"verificationMethod": []any{key},
		"authentication":     []any{"#k", "#gone", "did:web:example.com#other"},
		"assertionMethod":    []any{"did:webvh:{SCID}:example.com#k", embedded},
	})})
	res, err := newResolver(web{logURL: f.log()}).Resolve(context.Background(), f.did(), nil)
	if err != nil {
		t.Fatal(err)
	}
	d, id := res.Document, f.did()
	k, _ := d.Method(id.WithFragment("k"))
	e, _ := d.Method(id.WithFragment("e"))
	if len(d.VerificationMethod) != 2 || k.Controller != id || k.Purposes != did.Authentication|did.AssertionMethod ||
		e.Controller != id || e.Purposes != did.AssertionMethod {
		t.Errorf("got %s", d.Canonical())
	}
	for name, state := range map[string]object{
		"a controller that is none":   {"verificationMethod": []any{object{"id": "#k", "type": "Multikey", "controller": 1}}},
		"a reference twice":           {"verificationMethod": []any{key}, "authentication": []any{"#k", "#k"}},
		"a method twice":              {"verificationMethod": []any{key, key}},
		"a relationship not a list":   {"verificationMethod": []any{key}, "authentication": "#gone"},
		"a reference that is no text": {"verificationMethod": []any{key}, "authentication": []any{1}},
	} {
		f := (&forger{tb: t}).add(step{state: document(state)})
		_, err := newResolver(web{logURL: f.log()}).Resolve(context.Background(), f.did(), nil)
		wantCode(t, name, err, did.InvalidDIDDocument)
	}
}
