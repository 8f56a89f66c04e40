package jsonld_test

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/piprate/json-gold/ld"

	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

// loader gives json-gold the contexts of a set.
type loader struct{ contexts *jsonld.Contexts }

func (l loader) LoadDocument(url string) (*ld.RemoteDocument, error) {
	b, ok := l.contexts.Bytes(url)
	if !ok {
		return nil, ld.NewJsonLdError(ld.LoadingDocumentFailed, url)
	}
	doc, err := ld.DocumentFromReader(bytes.NewReader(b))
	return &ld.RemoteDocument{DocumentURL: url, Document: doc}, err
}

// oracle is what json-gold makes of a document.
func oracle(c *jsonld.Contexts, doc []byte) (d *rdf.Dataset, err error) {
	defer func() { // it panics on some malformed documents
		if r := recover(); r != nil {
			err = fmt.Errorf("json-gold panics: %v", r)
		}
	}()
	v, err := ld.DocumentFromReader(bytes.NewReader(doc))
	if err != nil {
		return nil, err
	}
	opts := ld.NewJsonLdOptions("")
	opts.DocumentLoader = loader{c}
	opts.ProcessingMode = ld.JsonLd_1_1
	out, err := ld.NewJsonLdProcessor().ToRDF(v, opts)
	if err != nil {
		return nil, err
	}
	return fromGold(out.(*ld.RDFDataset)), nil
}

func fromGold(in *ld.RDFDataset) *rdf.Dataset {
	d := &rdf.Dataset{}
	blanks := map[string]rdf.Term{}
	name := func(s string) rdf.Term {
		if !strings.HasPrefix(s, "_:") {
			return rdf.NewIRI(s)
		}
		if _, ok := blanks[s]; !ok {
			blanks[s] = d.AddBlank(s[2:])
		}
		return blanks[s]
	}
	node := func(n ld.Node) rdf.Term {
		l, ok := n.(*ld.Literal)
		switch {
		case !ok:
			return name(n.GetValue())
		case l.Language != "":
			return rdf.NewLangLiteral(l.Value, l.Language)
		}
		return rdf.NewLiteral(l.Value, l.Datatype)
	}
	for graph, quads := range in.Graphs {
		g := rdf.Term{}
		if graph != "@default" {
			g = name(graph)
		}
		for _, q := range quads {
			d.Quads = append(d.Quads, rdf.Quad{Subject: node(q.Subject), Predicate: node(q.Predicate), Object: node(q.Object), Graph: g})
		}
	}
	return d
}
