package evmledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/realdid/realdid/did/ledger"
)

// filePositions are positions in a bbolt database with four buckets:
//
//	"meta"       "format" -> the text positionFormat; "origin" -> the contract; "cursor" -> block (8 bytes), its hash (32), entries (8)
//	"heads"      key (32 bytes) -> slot (32), size (8), name
//	"unchecked"  key -> empty
//	"steps"      key, number (4) -> 1 if it counts or 0 (1), time (8), index (8), operation unless it counts
//
// Numbers are big-endian. Nothing in it is needed for ever: without it, everything is read from the chain again.
type filePositions struct {
	db      *bbolt.DB
	mu      sync.Mutex
	at      cursor // what cursor returns; it may be ahead of the file by blocks without events
	written uint64 // block of the cursor in the file
}

const positionFormat = "realdid/evmledger/positions/2"

// idleBlocks is how many blocks without events are read again after a restart rather than written down one by one.
const idleBlocks = 1000

func openPositions(path, origin string, start cursor) (*filePositions, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		switch {
		case errors.Is(err, bolterrors.ErrTimeout):
			err = ledger.ErrLocked
		case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
			err = fmt.Errorf("%w: %w", ledger.ErrCorrupt, err)
		}
		return nil, fmt.Errorf("evmledger: positions: %w", err)
	}
	p := &filePositions{db: db}
	err = db.Update(func(tx *bbolt.Tx) error {
		meta, err := tx.CreateBucketIfNotExists([]byte("meta"))
		if err != nil {
			return err
		}
		for _, name := range []string{"heads", "unchecked", "steps"} {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		if meta.Get([]byte("format")) == nil {
			p.at = start
			return errors.Join(
				meta.Put([]byte("format"), []byte(positionFormat)),
				meta.Put([]byte("origin"), []byte(origin)),
				meta.Put([]byte("cursor"), start.encode()),
			)
		}
		if got := string(meta.Get([]byte("format"))); got != positionFormat {
			return fmt.Errorf("format %q, not %q: delete the directory, and the chain is read again", got, positionFormat)
		}
		if got := string(meta.Get([]byte("origin"))); got != origin {
			return fmt.Errorf("the directory is of %q, not of %q", got, origin)
		}
		p.at, err = decodeCursor(meta.Get([]byte("cursor")))
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("evmledger: positions: %w", err), db.Close())
	}
	p.written = p.at.block
	return p, nil
}

func (c cursor) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, c.block)
	b = append(b, c.hash[:]...)
	return binary.BigEndian.AppendUint64(b, c.entries)
}

func decodeCursor(b []byte) (cursor, error) {
	if len(b) != 48 {
		return cursor{}, fmt.Errorf("%w: a cursor of %d bytes", ledger.ErrCorrupt, len(b))
	}
	return cursor{binary.BigEndian.Uint64(b), common.BytesToHash(b[8:40]), binary.BigEndian.Uint64(b[40:])}, nil
}

func (p *filePositions) cursor() cursor {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

func (p *filePositions) head(key common.Hash) (h chainHead, err error) {
	err = p.db.View(func(tx *bbolt.Tx) error {
		v := tx.Bucket([]byte("heads")).Get(key[:])
		if v == nil {
			return nil
		}
		if len(v) < common.HashLength+8 {
			return fmt.Errorf("evmledger: positions: %w: a head of %d bytes", ledger.ErrCorrupt, len(v))
		}
		h = chainHead{head: common.BytesToHash(v[:32]), size: binary.BigEndian.Uint64(v[32:]), name: string(v[40:])}
		h.checked = tx.Bucket([]byte("unchecked")).Get(key[:]) == nil
		return nil
	})
	return h, err
}

func (p *filePositions) unchecked() (keys []common.Hash, err error) {
	err = p.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("unchecked")).ForEach(func(k, _ []byte) error {
			keys = append(keys, common.BytesToHash(k))
			return nil
		})
	})
	return keys, err
}

func (p *filePositions) kept(key common.Hash) (steps []keptStep, err error) {
	err = p.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte("steps")).Cursor()
		for k, v := c.Seek(key[:]); bytes.HasPrefix(k, key[:]); k, v = c.Next() {
			if len(k) != 36 || len(v) < 17 {
				return fmt.Errorf("evmledger: positions: %w: a step of %d and %d bytes", ledger.ErrCorrupt, len(k), len(v))
			}
			steps = append(steps, keptStep{
				key: key, number: binary.BigEndian.Uint32(k[32:]), counted: v[0] == 1,
				directStep: directStep{Time: binary.BigEndian.Uint64(v[1:]), Index: binary.BigEndian.Uint64(v[9:]), Op: bytes.Clone(v[17:])},
			})
		}
		return nil
	})
	return steps, err
}

// keep stores steps, and forgets those of changed keys whose steps are too many.
func (p *filePositions) keep(tx *bbolt.Tx, changed map[common.Hash]chainHead, steps []keptStep) error {
	bucket := tx.Bucket([]byte("steps"))
	for _, s := range steps {
		if changed[s.key].size > MaxProofSize {
			continue
		}
		v := []byte{0}
		if s.counted {
			v[0] = 1
		}
		v = binary.BigEndian.AppendUint64(v, s.Time)
		v = append(binary.BigEndian.AppendUint64(v, s.Index), s.Op...)
		if err := bucket.Put(binary.BigEndian.AppendUint32(s.key.Bytes(), s.number), v); err != nil {
			return err
		}
	}
	for key, h := range changed {
		if h.size <= MaxProofSize {
			continue
		}
		for k, _ := bucket.Cursor().Seek(key[:]); bytes.HasPrefix(k, key[:]); k, _ = bucket.Cursor().Seek(key[:]) {
			if err := bucket.Delete(k); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *filePositions) commit(to cursor, changed map[common.Hash]chainHead, keep []keptStep) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(changed) == 0 && to.block-p.written < idleBlocks {
		p.at = to
		return nil
	}
	err := p.db.Update(func(tx *bbolt.Tx) error {
		heads, unchecked := tx.Bucket([]byte("heads")), tx.Bucket([]byte("unchecked"))
		for key, h := range changed {
			if err := heads.Put(key[:], append(binary.BigEndian.AppendUint64(h.head.Bytes(), h.size), h.name...)); err != nil {
				return err
			}
			mark := func() error { return unchecked.Put(key[:], []byte{}) }
			if h.checked {
				mark = func() error { return unchecked.Delete(key[:]) }
			}
			if err := mark(); err != nil {
				return err
			}
		}
		if err := p.keep(tx, changed, keep); err != nil {
			return err
		}
		return tx.Bucket([]byte("meta")).Put([]byte("cursor"), to.encode())
	})
	if err != nil {
		return fmt.Errorf("evmledger: positions: %w", err)
	}
	p.at, p.written = to, to.block
	return nil
}

func (p *filePositions) close() error { return p.db.Close() }
