package schema

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/realdid/realdid/vc"
)

// document is one schema and the evaluators that are not in use. There are as many as ever ran at the same time, because each
// counts the steps of its one evaluation.
type document struct {
	url       string
	bytes     []byte         // as given; nil for one from a credential
	resources map[string]any // what it may refer to, itself included

	mu   sync.Mutex
	idle []*evaluator
}

// versions are the values of $schema that are taken.
var versions = map[string]*jsonschema.Draft{
	"https://json-schema.org/draft/2020-12/schema": jsonschema.Draft2020,
	"https://json-schema.org/draft/2019-09/schema": jsonschema.Draft2019,
	"http://json-schema.org/draft-07/schema":       jsonschema.Draft7,
}

// check compiles d for the first time.
func (d *document) check() error {
	if err := checkURL(d.url); err != nil {
		return err
	}
	root, ok := d.resources[d.url].(map[string]any)
	if !ok {
		return errors.New("a schema is an object")
	}
	if err := checkNumbers(root); err != nil {
		return err
	}
	version, _ := root["$schema"].(string)
	if versions[strings.TrimSuffix(version, "#")] == nil {
		return errors.New("$schema is none of the versions 2020-12, 2019-09 and draft-07")
	}
	e, err := d.compile()
	if err != nil {
		return err
	}
	d.put(e)
	return nil
}

func (d *document) compile() (*evaluator, error) {
	e := &evaluator{}
	c := jsonschema.NewCompiler()
	c.UseLoader(nothing{})
	c.AssertFormat()
	c.RegisterVocabulary(e.vocabulary())
	c.AssertVocabs()
	for u, doc := range d.resources {
		if err := c.AddResource(u, doc); err != nil {
			return nil, err
		}
	}
	var err error
	e.schema, err = c.Compile(d.url)
	return e, err
}

// nothing is the loader of the compiler; without one it would read files.
type nothing struct{}

func (nothing) Load(string) (any, error) {
	return nil, errors.New("the schema is not among the given ones")
}

func (d *document) get() (*evaluator, error) {
	if e := d.take(); e != nil {
		return e, nil
	}
	return d.compile()
}

// take returns an idle evaluator, or nil.
func (d *document) take() *evaluator {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := len(d.idle)
	if n == 0 {
		return nil
	}
	e := d.idle[n-1]
	d.idle = d.idle[:n-1]
	return e
}

func (d *document) put(e *evaluator) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle = append(d.idle, e)
}

func (d *document) evaluate(ctx context.Context, claims map[string]any) error {
	e, err := d.get()
	if err != nil {
		return vc.UnknownBecause("vcdm.schema.unavailable", errUnavailable)
	}
	defer d.put(e)
	return e.evaluate(ctx, claims)
}
