// Package schema checks credentials against the JSON Schemas that they name: credentialSchema of VCDM with the types JsonSchema and
// JsonSchemaCredential (Verifiable Credentials JSON Schema Specification, Recommendation of 2025-05-15), for JSON Schema 2020-12,
// 2019-09 and draft 7.
//
// The verifier holds the schemas; nothing is ever fetched, also not what a schema refers to. A digest that the credential states of
// its schema is compared with the bytes that the verifier holds.
//
// # Choices
//
//   - A schema names its version ($schema), because one without must not be processed.
//   - Formats ("format": "email") are checked in every version, as the specification's own examples expect.
//   - Patterns are regular expressions of Go (RE2), which take linear time. What ECMA 262 has beyond those, such as look-ahead and back
//     references, is refused when the schema is read.
//   - A schema is the verifier's own and taken for reasonable. The steps of one evaluation are limited all the same, so that a schema
//     that refers to itself twice at every level ends with an error.
//   - What a holder withholds is not there: a schema that requires it is not followed.
package schema
