// Package jsonld turns a JSON-LD 1.1 document into an RDF dataset: context processing, expansion and deserialization to RDF
// (JSON-LD 1.1 Processing Algorithms and API, W3C Recommendation 2020-07-16, sections 4, 5 and 8) in one pass over a parsed
// document. Contexts come from a fixed set, never from a network.
//
// It is made for documents that are signed. A signature over RDF covers what reaches RDF and nothing else, and two processors
// that read a document differently sign different things. So it is strict, where the specification is lenient:
//
//   - What RDF would lose is an error ([ErrLoss]): null, empty arrays and maps, @index and the keys of index maps that name no
//     property, an identifier that a map's key contradicts, nodes that nothing is said of, values and lists at the top, in
//     graphs or included, properties that are blank nodes, integers beyond the precision of a double.
//   - So are terms and types that no context defines, or that one defines as null ([ErrUndefinedTerm]), relative IRIs, IRIs
//     with characters that N-Quads does not allow, @base ([ErrRelativeIRI]), and contexts that are not in the set
//     ([ErrUnknownContext]).
//   - So are words in the form of a keyword, language tags that are not well-formed, and whatever the specification calls an
//     error ([ErrSyntax]).
//   - So is what widely used processors do not agree on, also [ErrSyntax]: null contexts that do not propagate, @propagate
//     anywhere but in a context that stands alone in a document or term, a context of a property that defines that property
//     anew, arrays in arrays in @list, @set in a list, @id maps and type maps under contexts of types, JSON literals in maps,
//     keywords in @nest, xsd:double strings that are not canonical, a direct number such as 1e-7.
//
// A base direction goes into the datatype (rdfDirection "i18n-datatype"), because the default would leave it out; language
// tags are in lower case; both are what the JavaScript cryptosuites sign. Without those, what is accepted means what the
// specification says.
//
// Time and memory are bounded for any document: see [ErrLimit].
package jsonld
