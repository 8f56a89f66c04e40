// Package tlog makes a ledger verifiable from outside: every durable entry becomes a leaf of an append-only log, a map
// from key to head record is kept beside it, and at intervals an epoch leaf that carries the map's root is appended and
// the log that ends in it is signed, cosigned by others and published.
//
//   - [Store] is the directory: log, map, and what is under way. Whoever follows another's log (a mirror) uses it as well.
//   - [Log] is a ledger with a Store: it passes appends on, seals epochs in the background, collects cosignatures and answers
//     [ledger.Prover].
//
// Log and map are derived data: an entry is durable in the ledger before it comes to the log, and the directory can be
// made anew from the ledger as long as nobody has seen a checkpoint that is lost with it.
//
// # Directory
//
//	FORMAT           names the version of the format and the log's origin
//	LOCK             empty; whoever has the store open holds a lock on it
//	log/             what any static file server may publish, C2SP tlog-tiles: checkpoint, tile/…
//	map/             the authenticated map (package authmap)
//	epochs           one record for each epoch (epochs.go)
//	pending          epochs that are sealed and not yet part of the above (pending.go)
//	checkpoint.new   the checkpoint that is about to be published
//
// # Order of writing
//
// Sealing makes the file pending durable before anything else, then the tiles; only then does anybody get the checkpoint to
// see. Whatever happens afterwards, the next epoch of that size is the same one, so that no two checkpoints of one size are
// ever signed, and no tile is ever written with two contents. Publishing writes checkpoint.new, commits the map, appends to
// epochs, renames the checkpoint into its place and removes pending; [OpenStore] finishes what was begun.
//
// # Partial tiles
//
// Each epoch leaves partial tiles of its own width. Those of a tile that has become full are deleted lazily: when
// the next epoch after that is published, so that a reader of the checkpoint before still finds them. Readers that are later still
// take the full tile, as C2SP tlog-tiles tells them to.
package tlog
