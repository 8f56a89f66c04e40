// Package tessera measures this module's ledger beside the POSIX log of github.com/transparency-dev/tessera, on the same disk and in
// one run. It is a module of its own, so that nobody else depends on the peer:
//
//	cd examples/bench/tessera && go test -bench .
//
// Both make every entry durable before they give it an index. Tessera then has a log. The ledger has an entry that it can find by key, a
// reducer's state of that key, a log, and a map that proves the newest head of the key; the time for them until a checkpoint
// covers the last entry counts.
package tessera
