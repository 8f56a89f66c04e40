// Package bbs makes and checks BBS signatures over BLS12-381: one short signature of a list of messages, from which its holder derives
// proofs that show some of the messages and hide the others. Two proofs of one signature have nothing in common but what they
// show, so that nobody can tell whether they come from one holder, the signer included.
//
//	signer    PrivateKey.SignMessages(header, messages)                        80 bytes
//	holder    Ciphersuite.ProofGen(…, presentationHeader, messages, disclosed) 272 bytes and 32 for each hidden message
//	verifier  Ciphersuite.ProofVerify(…, disclosed, the disclosed messages)
//
// The header is signed and always shown. The presentation header is chosen for each proof: the verifier's name, its nonce, what the
// proof is for. A verifier learns how many messages there are and which were disclosed; the lengths of hidden ones stay hidden.
//
// # Drafts
//
// Both ciphersuites of draft-irtf-cfrg-bbs-signatures-10 ([Draft]), BLS12-381-SHA-256 and BLS12-381-SHAKE-256, with every value of its
// fixtures. Signing blindly what the holder committed to follows [BlindDraft], pseudonyms for each verifier follow [NymDraft]. These
// are drafts: a later one may change what is signed.
//
// # What is checked
//
// A point has one encoding and is on the curve, in the subgroup of order r, and not the identity; a scalar is below r and, in a signature
// or proof, not zero; lengths, numbers and indexes are looked at before anything else ([MaxMessages], [MaxMessageSize],
// [MaxHeaderSize]). Whatever is wrong with a key, signature or proof is [ErrInvalid]. Verifying writes to nothing that it is given,
// and everything may be used by several goroutines at once.
//
// # Secrets and time
//
// Private keys, blinding scalars, nym secrets and messages that are signed or hidden are worked on in a time that does not depend on
// their values: scalars and coordinates with the arithmetic of circl, points with complete formulas, tables that are read as a
// whole, and the same windows for every scalar. What does show in the time is how many messages there are, how long each is, and which are
// hidden. Additions of table entries share inversions and cannot add equal points; that two are equal is as hard to bring about as
// a logarithm between generators, is noticed, and then costs more time. gnark-crypto, whose time depends on scalars, sees what is public
// only: hashing to the curve, pairings, and all of verifying. Messages are public to [Ciphersuite.Verify].
//
// TestTiming (run by request, REALDID_TIMING) compares secrets of 16 bits with uniform ones, and takes the largest absolute Welch's t
// over thirteen crops; above 4.5 would be suspicious, above 10 a leak. 100,000 measurements of each (*: 30,000) on a shared virtual
// machine (amd64) gave:
//
//	multiple of a generator (secretSum)            3.8   public key of a private key         1.7
//	  k = short·λ, r - short, below 2^128          1.8   SignMessages                        2.1
//	sum over 11 generators                         2.2   multiplying with 1/(key + e)        2.2
//	multiple of a point (secretMul)                2.2   ProofGen, 7 messages hidden         2.3
//	  k = short·λ, r - short, below 2^128          2.1     the same with short scalars       1.0
//	sum over 3 points                              2.3     with short blinding scalars       2.0
//	inversion of a scalar                          2.0   commitment to 8 scalars             1.5 *
//	polynomial of 8 nyms                           1.2   NymCommit, 8 nyms                   2.9 *
//	scalar to bytes and back                       1.9   NymFinalize                         1.7 *
//	reduction of 48 bytes                          2.4   NymProofGen                         1.5 *
//	encoding of a multiple                         1.8   Pseudonym                           1.1 *
//
// The 3.8 did not come again in two runs of 400,000 measurements (2.0 and 1.9), in which the 40 µs differed by 4 ± 4 ns. That the test
// finds leaks is shown by what goes through it beside them: gnark-crypto's ScalarMultiplication 2,876, our sums for verifying 429 and
// 2,259, secretMul with 1 µs of its 98 depending on the scalar 94.
//
// That is a measurement of one machine and one compiler, not a proof. Whoever needs more keeps the private key in a device that
// implements the methods of [PrivateKey].
//
// # Tables
//
// The first [MaxTables] generators of each interface (core, blind, committed messages; twice for two ciphersuites) get a table for
// secrets of 20 KB and one for verifying of 17 KB, when they are first used for it; that takes 0.3 and 0.15 ms. Ten messages of one
// interface therefore cost 0.4 MB, all tables of one interface 4.7 MB. Generators beyond have none: the work for each is two to three
// times as long, and in no other way different. A [PublicKey] holds 24 KB of what pairings need; make it once and keep it.
//
// # Limits
//
// BBS is not secure against a quantum computer: with one, anybody can sign. What proofs hide stays hidden even then; for pseudonyms see
// [NymSecrets]. A holder who gives away signature and messages gives away the credential. Wiping is a best effort in a language
// that moves memory.
package bbs
