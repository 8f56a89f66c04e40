package tlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/realdid/realdid/did/ledger/proof"
)

// The file pending names the epochs that were sealed on top of the log and are not yet part of it. It is there before any of
// their checkpoints is signed. There is more than one if a checkpoint could not be published for so long that another was
// sealed behind it. Big endian:
//
//	version  uint8   1
//	base     uint64  leaves of the log below
//	count    uint16
//	count times: the epoch's leaf, 57 bytes, and the root of the log that ends in it, 32 bytes
//	sum      uint32  CRC-32C of all before
const (
	pendingVersion = 1
	pendingHeader  = 1 + 8 + 2
	epochLeafSize  = 57
	pendingEpoch   = epochLeafSize + proof.HashSize
	maxPending     = 1 << 14 // epochs
)

// A Sealed is an epoch leaf and the checkpoint that ends in it.
type Sealed struct {
	Checkpoint proof.Checkpoint
	Epoch      proof.EpochLeaf
}

func (s *Sealed) equal(o *Sealed) bool {
	return s.Epoch == o.Epoch && s.Checkpoint.Size == o.Checkpoint.Size && s.Checkpoint.Root == o.Checkpoint.Root
}

// sealed joins a leaf with the root of the log that ends in it.
func (s *Store) sealed(leaf proof.EpochLeaf, root proof.Hash) Sealed {
	return Sealed{proof.Checkpoint{Origin: s.origin, Size: leaf.Size + 1, Root: root}, leaf}
}

func encodePending(base uint64, chain []Sealed) []byte {
	b := make([]byte, 0, pendingHeader+len(chain)*pendingEpoch+4)
	b = append(b, pendingVersion)
	b = binary.BigEndian.AppendUint64(b, base)
	b = binary.BigEndian.AppendUint16(b, uint16(len(chain)))
	for _, p := range chain {
		b = p.Epoch.Append(b)
		b = append(b, p.Checkpoint.Root[:]...)
	}
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// readPending returns the sealed epochs on the log of base leaves; none if there is no file or it is of an older log.
func (s *Store) readPending() (base uint64, chain []Sealed, err error) {
	b, err := os.ReadFile(filepath.Join(s.dir, pendingFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil, nil
	}
	if err != nil {
		return 0, nil, fmt.Errorf("tlog: %w", err)
	}
	bad := corrupt("%s does not match its checksum", pendingFile)
	if len(b) < pendingHeader+4 || binary.BigEndian.Uint32(b[len(b)-4:]) != crc32.Checksum(b[:len(b)-4], castagnoli) {
		return 0, nil, bad
	}
	b = b[:len(b)-4]
	if b[0] != pendingVersion {
		return 0, nil, fmt.Errorf("%w: %s of version %d", ErrFormat, pendingFile, b[0])
	}
	base, n := binary.BigEndian.Uint64(b[1:]), int(binary.BigEndian.Uint16(b[9:]))
	b = b[pendingHeader:]
	if n == 0 || len(b) != n*pendingEpoch {
		return 0, nil, bad
	}
	size := base
	for ; len(b) > 0; b = b[pendingEpoch:] {
		leaf, err := proof.ParseEpochLeaf(b[:epochLeafSize])
		if err != nil || leaf.Size < size {
			return 0, nil, bad
		}
		size = leaf.Size + 1
		chain = append(chain, s.sealed(leaf, proof.Hash(b[epochLeafSize:])))
	}
	return base, chain, nil
}
