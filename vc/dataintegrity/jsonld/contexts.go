package jsonld

import (
	"bytes"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/realdid/realdid/internal/strictjson"
)

// Contexts is an immutable set of known contexts, by URL, with a bounded cache of what was made of them. It is safe for
// concurrent use.
type Contexts struct {
	docs  map[string]*document
	known atomic.Pointer[generation] // contexts made from known ones alone
	own   atomic.Pointer[generation] // contexts with parts that a document defines itself
}

// document is one known context.
type document struct {
	bytes   []byte
	context func() (strictjson.Value, error) // the value of its @context, parsed once
}

// contextLimits bounds a context, known or in a document.
var contextLimits = strictjson.Limits{Bytes: 1 << 20, Depth: 32, Nodes: 1 << 16}

func newDocument(url string, b []byte) *document {
	return &document{bytes: b, context: sync.OnceValues(func() (strictjson.Value, error) {
		v, err := strictjson.Parse(b, contextLimits)
		if err != nil {
			return v, refuse(ErrSyntax, "context %s: %v", printable(url), err)
		}
		c, ok := v.Get("@context")
		if !ok {
			return v, refuse(ErrSyntax, "context %s has no @context", printable(url))
		}
		return c, nil
	})}
}

func newContexts(docs map[string]*document) *Contexts {
	c := &Contexts{docs: docs}
	c.known.Store(newGeneration(true))
	c.own.Store(newGeneration(false))
	return c
}

// Embedded returns the contexts that are part of this module (folder contexts, with their sources and licences). It is always
// the same value.
func Embedded() *Contexts { return embedded() }

var embedded = sync.OnceValue(func() *Contexts {
	docs := make(map[string]*document, len(embeddedFiles))
	for url, name := range embeddedFiles {
		b, err := files.ReadFile("contexts/" + name)
		if err != nil {
			panic("jsonld: " + err.Error()) // the table names a file that is not there; a test reads them all
		}
		docs[url] = newDocument(url, b)
	}
	return newContexts(docs)
})

// NewContexts returns the embedded contexts and more, by URL. Each of more is a JSON object with an @context, of at most
// 1 MiB; giving an embedded context other bytes is refused. The bytes are copied.
func NewContexts(more map[string][]byte) (*Contexts, error) {
	docs := maps.Clone(embedded().docs)
	for url, b := range more {
		if !isIRI(url) {
			return nil, refuse(ErrRelativeIRI, "the URL of a context: %s", printable(url))
		}
		if d := docs[url]; d != nil {
			if !bytes.Equal(d.bytes, b) {
				return nil, fmt.Errorf("jsonld: context %s is part of this module and cannot be replaced", printable(url))
			}
			continue
		}
		d := newDocument(url, bytes.Clone(b))
		if _, err := d.context(); err != nil {
			return nil, err
		}
		docs[url] = d
	}
	return newContexts(docs), nil
}

// Bytes returns a copy of the bytes of a known context, for digests over them.
func (c *Contexts) Bytes(url string) ([]byte, bool) {
	d := c.docs[url]
	if d == nil {
		return nil, false
	}
	return bytes.Clone(d.bytes), true
}
