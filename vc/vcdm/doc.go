// Package vcdm reads the W3C Verifiable Credentials Data Model: credentials and presentations of version 2.0 (Recommendation of
// 2025-05-15) and, for what was issued earlier, of version 1.1 (Recommendation of 2022-03-03).
//
// It checks what the data model says of the properties: that they are there, their kinds, URLs, times and their order, languages.
// It does not check signatures, which belong to a format (vc/dataintegrity, vc/jose, vc/cose), and not what terms mean:
// undefined terms, contexts that are not known and redefined terms are found by the JSON-LD processor (vc/dataintegrity/jsonld).
//
// All faults are a *vc.Fault with a code that starts with "vcdm." (vc/CODES.md), and final. Nothing is fetched.
//
// # Choices
//
// Where the texts leave room, or where a liberty would let two readers see two things:
//
//   - An object that the data model defines has no JSON-LD keyword as a member name ("@id" beside "id"), and no member whose name
//     differs from a property of the data model by case alone.
//   - A time has a zone, also in version 1.1, and a year from 1 to 9999.
//   - A credential has the base context of one version. One of version 2.0 has no issuanceDate or expirationDate, so that an end of
//     validity which the issuer wrote is never overlooked.
//   - A list that may have one item may stand for it, and an empty list is refused.
package vcdm
