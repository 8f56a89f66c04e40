package main

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/cose"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/status"
	"github.com/realdid/realdid/vc/status/cwt"
	"github.com/realdid/realdid/vc/vcdm/schema"
)

// statusFlags say where the status of a credential is looked up, and which schemas are at hand.
type statusFlags struct {
	files, issuers []string
	maxAge         string
	schemas        []string
}

// register adds the flags of vc verify.
func (f *statusFlags) register(fl *pflag.FlagSet) {
	f.registerLists(fl)
	fl.StringArrayVar(&f.schemas, "schema", nil, "know the JSON Schema `URL=FILE`, which a credential may say that it follows; nothing is ever fetched; repeat")
}

// registerLists adds those of everything that looks a status up.
func (f *statusFlags) registerLists(fl *pflag.FlagSet) {
	fl.StringArrayVar(&f.files, "status-file", nil, "status list in a `FILE`, or URL=FILE, that is not fetched then; repeat")
	fl.StringVar(&f.maxAge, "max-status-age", "", "how long ago a status list may have been signed (default: until it ends; 24h for one that does not say when)")
	fl.StringArrayVar(&f.issuers, "status-issuer", nil, "`DID` or name whose status lists count as well, beside those of the credential's issuer; repeat")
}

// lists puts what the flags say into a policy. Lists are fetched when they are needed, unless --offline forbids it; finder and policy
// are what the credential is verified with, and its lists are verified with.
func (f *statusFlags) lists(a *app, finder resolver.Keys, expect *vc.Expect, opt *dataintegrity.Options) error {
	l := &statusLookup{app: a, finder: finder, opt: opt, files: map[string]status.Document{}, web: a.statusLists(), byIssuer: map[string]*status.Lists{}}
	for _, s := range f.files {
		if err := l.addFile(a, s); err != nil {
			return err
		}
	}
	for _, s := range f.issuers {
		id, err := a.reachableDID(s)
		if err != nil {
			return err
		}
		l.others = append(l.others, id.String())
	}
	if f.maxAge != "" {
		age, err := parseDelay(f.maxAge, "--max-status-age")
		if err != nil {
			return err
		}
		if age <= 0 {
			return usage("for example --max-status-age 1h", "--max-status-age: not a positive time span")
		}
		expect.MaxStatusAge, l.maxAge = age, age
	}
	l.expect, expect.StatusLists = *expect, l
	if len(f.schemas) == 0 {
		return nil
	}
	documents, err := a.readByURL(f.schemas, "--schema")
	if err != nil {
		return err
	}
	if expect.Schemas, err = schema.New(documents, nil); err != nil {
		return invalid("JSON Schema 2020-12, 2019-09 or draft 7, with $schema", "--schema: %s", withoutPackages(err.Error()))
	}
	return nil
}

// A statusLookup is what one run of the program knows of status lists. It implements vc.StatusLists.
type statusLookup struct {
	app    *app
	finder resolver.Keys
	opt    *dataintegrity.Options
	expect vc.Expect
	files  map[string]status.Document // by URI
	others []string                   // issuers whose lists count for every credential
	maxAge time.Duration
	web    status.Source

	mu       sync.Mutex
	byIssuer map[string]*status.Lists // of the credentials: whose lists count depends on it
}

// addFile reads FILE or URL=FILE.
func (l *statusLookup) addFile(a *app, arg string) error {
	uri, path := "", arg
	if at := strings.LastIndex(arg, "="); at > 0 && strings.Contains(arg[:at], "://") {
		uri, path = arg[:at], arg[at+1:]
	}
	b, err := a.readInputUpTo(path, "the status list", status.DefaultMaxDocument)
	if err != nil {
		return err
	}
	d, err := readStatusDocument(b, l.opt)
	if err != nil { // a copy that is cut off says nothing against the credential
		f := explainLibrary(err)
		return unknown(f.hint, "--status-file %s: %s", path, f.detail)
	}
	if uri == "" {
		uri = d.uri
	}
	if uri == "" {
		return usage("--status-file URL="+path, "%s does not say where it is published", path)
	}
	if _, twice := l.files[uri]; twice {
		return usage("one file for each list", "--status-file: two files hold %s", uri)
	}
	l.files[uri] = status.Document{MediaType: d.mediaType, Bytes: d.raw}
	return nil
}

// Fetch implements status.Source.
func (l *statusLookup) Fetch(ctx context.Context, r status.Request) (status.Document, error) {
	if d, ok := l.files[r.URI]; ok {
		return d, nil
	}
	return l.web.Fetch(ctx, r)
}

// Status implements vc.StatusLists.
func (l *statusLookup) Status(ctx context.Context, q vc.StatusQuery) (vc.StatusEntry, error) {
	return l.of(q.Issuer).Status(ctx, q)
}

func (l *statusLookup) of(issuer string) *status.Lists {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byIssuer[issuer] == nil {
		l.byIssuer[issuer] = status.NewLists(vc.NewVerifier(l.finder, l.app.now), l, &status.Options{
			Formats: statusFormatsOf(l.opt), Delegates: map[string][]string{issuer: l.others}, Expect: l.expect, MaxListAge: l.maxAge,
		})
	}
	return l.byIssuer[issuer]
}

// statusHints say what the person can do about faults of status lists, by code.
var statusHints = map[string]string{
	"vc.status.suspended":     "it may come back: look again later",
	"vc.status.unchecked":     "vc verify --insecure-ignore-status takes it without, if you accept that",
	"status.list.unavailable": "--status-file FILE brings a copy of the list",
	"status.list.issuer":      "another signs the issuer's status lists? --status-issuer DID accepts those",
	"status.list.expired":     "the issuer has to publish the list again (status publish), or your copy is old",
	"status.list.stale":       "a newer copy of the list, or --max-status-age",
	"status.list.future":      "is the clock right? --at sets another",
	"status.list.foreign":     "it is the copy of another list: --status-file URL=FILE, with the URL in the credential",
	"status.list.refused":     "realdid status show FILE says more about a copy of the list",
}

// statusFormatsOf are the formats of status lists that are read beside JWTs.
func statusFormatsOf(opt *dataintegrity.Options) map[string]func([]byte) vc.Presentation {
	return map[string]func([]byte) vc.Presentation{
		dataintegrity.MediaType: func(b []byte) vc.Presentation { return dataintegrity.Received(b, opt) },
		jose.MediaType:          func(b []byte) vc.Presentation { return jose.Received(b, nil) },
		cose.MediaType:          func(b []byte) vc.Presentation { return cose.Received(b, nil) },
		status.CWTMediaType:     func(b []byte) vc.Presentation { return cwt.Received(b, nil) },
	}
}
