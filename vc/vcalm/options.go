package vcalm

import (
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// Issuer is one path below /issuers: a key with a cryptosuite.
type Issuer struct {
	Signer keys.Signer
	// Method is the DID URL of the signer's verification method; its DID issues.
	Method did.URL
	// Cryptosuite signs. Together with the name of the key's algorithm its name is the path: "eddsa-rdfc-2022/Ed25519".
	Cryptosuite dataintegrity.Cryptosuite
}

// Path is where below /issuers the issuer is: "ecdsa-rdfc-2019/P-384". Keys of BLS12-381 G2 are called "BLS12-381" there.
func (i *Issuer) Path() string {
	algorithm := i.Signer.Public().Algorithm()
	if algorithm == keys.BLS12381G2 {
		return i.Cryptosuite.Name() + "/BLS12-381"
	}
	return i.Cryptosuite.Name() + "/" + algorithm.String()
}

// Options are what a Handler works with. Keys is required.
type Options struct {
	// Keys finds the keys of issuers and holders.
	Keys vc.Keys
	// Issuers may be none: the handler then verifies and derives.
	Issuers []Issuer
	// Contexts are the JSON-LD contexts that are known; nil means jsonld.Embedded().
	Contexts *jsonld.Contexts
	// Cryptosuites are understood beside those of package dataintegrity.
	Cryptosuites []dataintegrity.Cryptosuite
	// Schemas validates credentials that name a schema; nil leaves that out.
	Schemas vc.SchemaChecker
	// StatusLists looks up entries in lists of others; nil knows the handler's own lists alone.
	StatusLists vc.StatusLists
	// Status makes the issuers keep status lists; nil means that they have none.
	Status *StatusOptions
	// InsecureUnresolvedIssuers accepts credentials whose issuer is a URL other than a DID, although nothing here says which keys
	// that issuer has: the answer warns. Test vectors of the W3C are like that. An issuer that is a DID must always own the key.
	InsecureUnresolvedIssuers bool
	// InsecureRewritable accepts documents that bring JSON-LD contexts of their own, or have IRIs or keywords in the place of terms, under
	// proofs over RDF: see dataintegrity.Options. The answer warns. W3C's suites send such documents.
	InsecureRewritable bool
	// Clock is the time of issuing and verifying; nil means time.Now.
	Clock func() time.Time
	// MaxBody is the size of the largest body in bytes; 0 means 1 MiB, and that is also the most.
	MaxBody int64
	// MaxConcurrent is how many requests are worked on at the same time; others wait for one second at most. 0 means four for each
	// processor.
	MaxConcurrent int
	// Timeout is how long the work for one request may take; 0 means 20 seconds.
	Timeout time.Duration
}

// StatusOptions are for issuers that keep status lists (Bitstring Status List 1.0). Lists are in memory and end with the handler.
type StatusOptions struct {
	// BaseURL is under which the handler is reached from outside: "https://127.0.0.1:8491". Lists have URLs below it.
	BaseURL string
	// Entries says which credentials get an entry when the request does not (options.credentialStatus).
	Entries StatusEntries
}

// StatusEntries is which credentials get an entry in a status list without being asked to. Only credentials of the data model 2.0
// without a credentialStatus ever do.
type StatusEntries uint8

// The choices.
const (
	// EntriesOnRequest gives entries to credentials whose request asks for one.
	EntriesOnRequest StatusEntries = iota
	// EntriesForBare also gives one to a credential that says nothing of its subject but who it is: all that such a credential tells is
	// that it was issued and still stands. It is how the W3C's suite for status lists asks, which sends no options.
	EntriesForBare
	// EntriesAlways gives one to every credential but those of suites whose showings must not be linked. Many verifiers refuse a credential whose status they cannot look up.
	EntriesAlways
)

const (
	defaultMaxBody = dataintegrity.MaxSize
	defaultTimeout = 20 * time.Second
)

func (o *Options) withDefaults() (Options, error) {
	if o == nil || o.Keys == nil {
		return Options{}, errors.New("vcalm: keys are required")
	}
	d := *o
	if d.Contexts == nil {
		d.Contexts = jsonld.Embedded()
	}
	if d.Clock == nil {
		d.Clock = time.Now
	}
	if d.MaxBody <= 0 || d.MaxBody > defaultMaxBody {
		d.MaxBody = defaultMaxBody
	}
	if d.MaxConcurrent <= 0 {
		d.MaxConcurrent = 4 * runtime.GOMAXPROCS(0)
	}
	if d.Timeout <= 0 {
		d.Timeout = defaultTimeout
	}
	if s := d.Status; s != nil {
		u, err := url.Parse(s.BaseURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			return d, errors.New("vcalm: the base URL of status lists is not an http or https URL")
		}
		d.Status = &StatusOptions{BaseURL: strings.TrimSuffix(s.BaseURL, "/"), Entries: s.Entries}
	}
	for i := range d.Issuers {
		issuer := &d.Issuers[i]
		if issuer.Signer == nil || issuer.Cryptosuite == nil || !issuer.Method.IsKeyReference() {
			return d, fmt.Errorf("vcalm: issuer %d lacks a signer, a cryptosuite or the DID URL of a key", i)
		}
	}
	return d, nil
}
