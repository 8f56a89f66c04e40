// Package proof checks what a ledger says without trusting it: that an entry stands in an append-only log, that one
// log grew out of another, that a record is the newest of its key or that a key has none, and who else signed that.
//
// It is pure. It reads bytes, keys and a time that it is given; it has no clock, no files, no network, and it imports
// nothing of ours, so that it runs in a phone and in a browser. LOG.md and MAP.md beside this file specify the formats byte by
// byte; the vectors in testdata/proof are for other implementations.
//
//   - The log is an RFC 6962 Merkle tree: [VerifyInclusion], [VerifyConsistency], and for those who hold its hashes [Root],
//     [InclusionPath], [ConsistencyPath] and [Frontier]. It is published as C2SP tlog-tiles files ([Tile]).
//   - Its leaves are entries ([EntryLeaf]) and, between them, epochs ([EpochLeaf]) that carry the root of an authenticated map
//     from key to head record ([MapProof]).
//   - Its signed root is a C2SP checkpoint ([Checkpoint] in a [Note]), signed by the log's key and cosigned by others
//     ([VerifierKey], [NoteSigner]). Whose signatures count, and how many are needed, is the verifier's policy, [Trust].
//   - [Latest] joins all of it: what stands at a key, or that nothing does, under a checkpoint.
//   - [Accusation] is evidence, for anybody, that the holder of a key signed two histories.
//
// Every parser is strict and bounded, and every format has one encoding for one value. What does not verify is
// [ErrInvalid]; that is final. A policy that cannot be used is [ErrTrust] and says nothing about the proof.
package proof
