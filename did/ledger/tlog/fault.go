package tlog

import "fmt"

// A Fault is something that [Fsck] found wrong.
type Fault struct {
	Code   FaultCode
	Path   string // of the file, with slashes, relative to the directory; empty if it is about none
	Detail string
}

func (f Fault) String() string {
	if f.Path == "" {
		return fmt.Sprintf("%s: %s", f.Code, f.Detail)
	}
	return fmt.Sprintf("%s: %s: %s", f.Code, f.Path, f.Detail)
}

// A FaultCode names a kind of fault. Names are never changed.
type FaultCode string

// The kinds of faults.
const (
	FaultFormat FaultCode = "format" // FORMAT is missing or unknown

	FaultEpochsRecord FaultCode = "epochs.record" // a record is damaged, or what stands behind the last one
	FaultEpochsLeaf   FaultCode = "epochs.leaf"   // a record is not the one of its leaf

	FaultBundleMissing   FaultCode = "bundle.missing"   // entries are not there
	FaultBundleMalformed FaultCode = "bundle.malformed" // entries cannot be taken apart
	FaultBundleLeaf      FaultCode = "bundle.leaf"      // a leaf is not the one that the tree has

	FaultTileMissing FaultCode = "tile.missing" // hashes are not there
	FaultTileSize    FaultCode = "tile.size"    // a tile has too many or too few bytes
	FaultTileHash    FaultCode = "tile.hash"    // a hash is not the one that the leaves make
	FaultTilePartial FaultCode = "tile.partial" // a partial tile or bundle is not the beginning of the wider one
	FaultStray       FaultCode = "stray"        // a file that does not belong there

	FaultLeafMalformed FaultCode = "leaf.malformed" // neither an entry nor an epoch
	FaultLeafIndex     FaultCode = "leaf.index"     // an entry that does not follow the one before
	FaultLeafTime      FaultCode = "leaf.time"      // an entry that is earlier than the one before
	FaultEpochSize     FaultCode = "epoch.size"     // an epoch that names another place, or another number of entries
	FaultEpochTime     FaultCode = "epoch.time"     // an epoch that is earlier than the one or the entry before
	FaultLogEnd        FaultCode = "log.end"        // the last leaf is no epoch
	FaultLogRoot       FaultCode = "log.root"       // neither entries nor tiles make the root of the checkpoint

	FaultCheckpointMissing   FaultCode = "checkpoint.missing"
	FaultCheckpointMalformed FaultCode = "checkpoint.malformed" // or of another log
	FaultCheckpointSize      FaultCode = "checkpoint.size"      // it does not end in an epoch, or is of a longer log
	FaultCheckpointSignature FaultCode = "checkpoint.signature" // the log's signature does not verify, or the quorum is not there

	FaultPending FaultCode = "pending" // the file pending is damaged

	FaultMapUnreadable FaultCode = "map.unreadable" // it cannot be opened, or is damaged
	FaultMapVersion    FaultCode = "map.version"    // it is of another size of the log
	FaultMapRoot       FaultCode = "map.root"       // it has another root than the last epoch says
	FaultMapHead       FaultCode = "map.head"       // a key's head is not what the ledger's entries make
	FaultMapExtra      FaultCode = "map.extra"      // it has heads of keys that the ledger does not have

	FaultLedgerEntry   FaultCode = "ledger.entry"   // an entry is another one in the ledger
	FaultLedgerMissing FaultCode = "ledger.missing" // an entry is not in the ledger
)
