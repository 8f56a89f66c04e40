// Package bbs2023 is the cryptosuite bbs-2023 (Data Integrity BBS Cryptosuites 1.0, W3C Candidate Recommendation of 2024-04-04 and its
// editors' draft of 2025-04).
package bbs2023
