package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

// canonicalCases canonicalize the very documents of the benches of other libraries, with the context of the claims inside.
func canonicalCases() []benchCase {
	var cases []benchCase
	add := func(name, op string, one func() (func() error, error)) {
		cases = append(cases, benchCase{name: name, op: op, peer: peer, batch: 1, setup: each(one)})
	}
	for _, c := range []struct {
		name   string
		n      int
		nested bool
	}{{"10", 10, false}, {"100", 100, false}, {"100bn", 100, true}} {
		what := fmt.Sprintf("RDFC-1.0 of a VC, %d claims", c.n)
		if c.nested {
			what += " as blank nodes"
		}
		document := func() ([]byte, error) {
			return credentialDocument("https://issuer.example/1", json.RawMessage(claimsVocabulary), c.n, c.nested)
		}
		add("rdfc-full-"+c.name, what+" (JSON-LD in, N-Quads out)", func() (func() error, error) {
			doc, err := document()
			return func() error {
				d, err := jsonld.Embedded().ToRDF(doc)
				if err != nil {
					return err
				}
				return canonicalize(d)
			}, err
		})
		add("rdfc-raw-"+c.name, what+" (dataset in, N-Quads out)", func() (func() error, error) {
			doc, err := document()
			if err != nil {
				return nil, err
			}
			d, err := jsonld.Embedded().ToRDF(doc)
			return func() error { return canonicalize(d) }, err
		})
	}
	for _, n := range []int{8, 9} {
		add(fmt.Sprint("rdfc-poison-", n), fmt.Sprintf("RDFC-1.0 of %d interlinked blank nodes (an error or an answer)", n), func() (func() error, error) {
			d := interlinked(n)
			return func() error {
				if _, err := rdf.Canonicalize(d, nil); err != nil && !errors.Is(err, rdf.ErrWork) {
					return err
				}
				return nil
			}, nil
		})
	}
	return cases
}

func canonicalize(d *rdf.Dataset) error {
	c, err := rdf.Canonicalize(d, nil)
	if err != nil {
		return err
	}
	return right(len(c.NQuads()) > 500)
}

// interlinked is n blank nodes, each linked with every other.
func interlinked(n int) *rdf.Dataset {
	d := &rdf.Dataset{}
	for range n {
		d.AddBlank("")
	}
	for i := range n {
		for j := range n {
			if i != j {
				d.Quads = append(d.Quads, rdf.Quad{Subject: rdf.NewBlank(i), Predicate: rdf.NewIRI("https://vocab.example/#knows"), Object: rdf.NewBlank(j)})
			}
		}
	}
	return d
}
