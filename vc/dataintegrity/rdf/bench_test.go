package rdf

import (
	"errors"
	"fmt"
	"testing"
)

// credentialDataset is what JSON-LD makes of a credential of n claims, each a literal or, nested, a node of its own.
func credentialDataset(n int, nested bool) *Dataset {
	const (
		cred  = "https://www.w3.org/2018/credentials#"
		vocab = "https://vocab.example/#"
		typ   = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
	)
	d := &Dataset{}
	add := func(s Term, p string, o Term) {
		d.Quads = append(d.Quads, Quad{Subject: s, Predicate: NewIRI(p), Object: o})
	}
	id, subject := NewIRI("urn:uuid:98c5cffc-efa2-43e3-99f5-01e8ef404be0"), NewIRI("did:example:holder")
	add(id, typ, NewIRI(cred+"VerifiableCredential"))
	add(id, typ, NewIRI(vocab+"ExampleCredential"))
	add(id, cred+"credentialSubject", subject)
	add(id, cred+"issuer", NewIRI("https://issuer.example/1"))
	add(id, cred+"validFrom", NewLiteral("2024-01-01T00:00:00Z", "http://www.w3.org/2001/XMLSchema#dateTime"))
	for i := range n {
		claim, value := fmt.Sprint(vocab, "claim", i), NewLiteral(fmt.Sprint("value number ", i), "")
		if !nested {
			add(subject, claim, value)
			continue
		}
		node := d.AddBlank("")
		add(node, typ, NewIRI(vocab+"Item"))
		add(node, "https://schema.org/name", value)
		add(subject, claim, node)
	}
	return d
}

// clique is n blank nodes, each linked with every other.
func clique(n int) *Dataset {
	d := &Dataset{}
	for range n {
		d.AddBlank("")
	}
	for i := range n {
		for j := range n {
			if i != j {
				d.Quads = append(d.Quads, Quad{Subject: NewBlank(i), Predicate: NewIRI("urn:p"), Object: NewBlank(j)})
			}
		}
	}
	return d
}

func BenchmarkCanonicalize(b *testing.B) {
	for _, c := range []struct {
		name string
		d    *Dataset
		err  error
	}{
		{"10claims", credentialDataset(10, false), nil},
		{"100claims", credentialDataset(100, false), nil},
		{"10blank", credentialDataset(10, true), nil},
		{"100blank", credentialDataset(100, true), nil},
		{"clique5", clique(5), nil},
		{"clique8", clique(8), ErrWork},
		{"clique9", clique(9), ErrWork},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Canonicalize(c.d, nil); !errors.Is(err, c.err) {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseNQuads(b *testing.B) {
	text := credentialDataset(100, true).AppendNQuads(nil, nil)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseNQuads(text, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
