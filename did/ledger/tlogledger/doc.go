// Package tlogledger is a ledger whose log is one of Tessera's: for those who run a transparency log already, on files (POSIX), MySQL,
// Google Cloud or AWS.
//
// The leaves are those of package proof, entries and between them epochs that carry the root of the map, so that witnesses, mirrors,
// auditors and whoever reads C2SP tlog-tiles follow it as any other log of a ledger. Tessera sequences, integrates and stores; the
// Reducer decides before that what is added.
//
// Durability: Append returns when Tessera has made the leaf durable and it can be read. Order: a [ledger.Sequencer] in the one
// process that may add; the places that Tessera gives are compared with those expected. Evidence: Included and Latest under a
// checkpoint that ends in an epoch, signed by the log's key and cosigned by the quorum of a proof.Trust. Finality: at once; a log
// takes nothing back. The operator can refuse or delay what is appended, and while nobody cosigns it can show different people
// different logs; it can neither change an entry nor hide the newest one from those whom a witness and an auditor vouch to.
//
// # Directory
//
// What is derived from the log stands in a folder beside it and can be lost:
//
//	FORMAT       names the version of the format and the origin
//	LOCK         empty; whoever has the ledger open holds a lock on it
//	index/       from keys to leaves and states (index.go), by Pebble
//	map/         the authenticated map (package authmap)
//	checkpoint   the checkpoint that was published last
//
// [Open] reads what the log has gained since, and all of it if the folder is lost.
//
// # Faults
//
// What Tessera pushes back is offered again for some seconds. An append that Tessera refuses, or does not answer, is
// [ledger.ErrUnavailable]: whether it stands shows when the log is looked at next, and the same call again settles it. Whatever goes wrong
// with cosigners, appends go on, and what was published is still proven. A leaf that is not the one that was added, a log that has lost
// leaves or that somebody else adds to is [ledger.ErrCorrupt], and nothing more is added.
//
// # Limits
//
// One process adds. If Tessera refuses a part of a batch and takes what comes behind it, which its queue permits where a batch is
// written in several parts, or stores a leaf only after it has refused it and was asked where the log ends, the log has
// leaves that do not follow each other, which nothing mends: the ledger stops with [ledger.ErrCorrupt]. [AppendOptions] asks for
// batches as large as a ledger's, which keeps the first away but for a pause in the middle of one.
//
// An epoch holds up appends while its map is computed. A disk that is full where the folder stands may end the process, which loses nothing.
package tlogledger
