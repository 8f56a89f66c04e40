// Package jsonld turns a JSON-LD 1.1 document into an RDF dataset: context processing, expansion and deserialization to RDF
// (JSON-LD 1.1 Processing Algorithms and API, W3C Recommendation 2020-07-16, sections 4.1, 5.1 and 8.1) in one pass over a
// parsed document.
//
// It is made for documents that are signed, and so it is strict: whatever the general algorithms would drop in silence, and
// whatever would leave a part of the document out of the signature, is an error. Contexts come from a fixed set, never from a
// network.
package jsonld
