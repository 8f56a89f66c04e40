// Package dataintegrity secures JSON documents, W3C verifiable credentials above all, with embedded proofs: Verifiable Credential Data
// Integrity 1.0 (W3C Recommendation 2025-05-15).
package dataintegrity
