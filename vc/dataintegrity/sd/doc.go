// Package sd holds what cryptosuites with selective disclosure have in common (Data Integrity ECDSA Cryptosuites 1.0, section
// 3.4): JSON Pointers choose parts of a JSON-LD document, the statements (N-Quads) of the chosen parts are found among those of
// the whole, blank nodes get labels that say nothing about what is left out, and proof values are CBOR.
//
// The specification finds statements again by giving every blank node an IRI, compacting the document and selecting from
// the result. Here a selection is a view of the parsed document, and a node that a view shares with its document is made from
// the same JSON value: see [jsonld.Source]. Both give the same statements. A selection with a statement that the document does
// not have is refused, so that nothing is ever disclosed that was not signed.
package sd
