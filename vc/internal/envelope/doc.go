// Package envelope holds what the formats of VC-JOSE-COSE have in common (W3C Recommendation of 2025-05-15): how credentials and
// presentations are read and opened, whatever signs them ([Format]), the registered claims that a token puts beside the members of a
// credential, and the credential inside a presentation that its holder signed.
package envelope
