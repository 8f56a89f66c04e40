package proof

import (
	"time"
)

// MaxLatestSize is the size limit of an encoded [Latest] in bytes. One with three Ed25519 cosignatures in a log of 10 million takes
// about 3,000, and each ML-DSA-44 cosignature 3,300 more.
const MaxLatestSize = 64 << 10

// Latest is a proof of what stands at a key of the map, or that nothing does, under a signed checkpoint whose last leaf is an
// epoch. Parsing checks its form; what it proves, [Latest.Verify] tells.
type Latest struct {
	Checkpoint []byte    // a signed note
	Epoch      EpochLeaf // the last leaf of the log
	EpochPath  []Hash    // that it is
	Map        MapProof  // what stands at the key under the epoch's map root
	Head       []byte    // the head record of the key, 1 to MaxHeadSize bytes; nil: it has none
}

// A VerifiedHead is what a [Latest] proved.
type VerifiedHead struct {
	Head       []byte // the head record that stands at the key in the epoch's map; nil if none does
	Epoch      EpochLeaf
	Checkpoint *VerifiedCheckpoint

	// AsOf is the time that the proof is about: the earliest of the epoch's own time and, for each role in the quorum, the time
	// that [VerifiedCheckpoint.AsOf] gives. Whether that is fresh enough, the caller decides.
	AsOf time.Time

	// Latest says that Head is the newest head of the key, and Absent that the key has none, as of AsOf. They need a quorum of at
	// least one witness, without whom the log could show everybody another history, and of at least one auditor,
	// without whom the map could say what the log does not. Under a policy without either, both are false, and Head is what
	// the ledger's operator claims.
	Latest, Absent bool

	// Validators are those of a chain who vouch for the checkpoint; none under a Trust.
	Validators []Validator
}

// A Validator signed the block of a chain that commits to a checkpoint.
type Validator struct {
	Name string    // as the chain names it
	Time time.Time // of its signature, UTC
}

type wireLatest struct {
	_          struct{} `cbor:",toarray"`
	Version    uint64
	Checkpoint []byte
	Epoch      []byte
	EpochPath  []byte
	Map        []byte
	Head       []byte
}

const latestVersion = 1

// Bytes encodes the proof in deterministic CBOR; LOG.md specifies it. Errors: [ErrInvalid] if ParseLatest would not read it.
func (l *Latest) Bytes() ([]byte, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	m, err := l.Map.Append(nil)
	if err != nil {
		return nil, err
	}
	return encode("latest", MaxLatestSize, &wireLatest{
		Version: latestVersion, Checkpoint: l.Checkpoint, Epoch: l.Epoch.Append(nil), EpochPath: appendHashes([]byte{}, l.EpochPath),
		Map: m, Head: l.Head,
	})
}

func (l *Latest) check() error {
	switch {
	case len(l.Checkpoint) == 0:
		return invalid("latest: no checkpoint")
	case len(l.EpochPath) > 64:
		return invalid("latest: path of %d hashes", len(l.EpochPath))
	case l.Head != nil && len(l.Head) == 0 || len(l.Head) > MaxHeadSize:
		return invalid("latest: head of %d bytes, not 1 to %d", len(l.Head), MaxHeadSize)
	case l.Head != nil && l.Map.Other != nil:
		return invalid("latest: head and another leaf in its place")
	}
	return l.Epoch.check()
}

// ParseLatest reads what Bytes wrote; every proof has exactly one encoding. It does not read the checkpoint, which Verify does.
func ParseLatest(b []byte) (*Latest, error) {
	var w wireLatest
	if err := decode("latest", MaxLatestSize, b, &w); err != nil {
		return nil, err
	}
	if w.Version != latestVersion || w.EpochPath == nil {
		return nil, invalid("latest: version %d, or no path", w.Version)
	}
	epoch, err := ParseEpochLeaf(w.Epoch)
	if err != nil {
		return nil, err
	}
	path, err := splitHashes(w.EpochPath, 64)
	if err != nil {
		return nil, err
	}
	m, err := ParseMapProof(w.Map)
	if err != nil {
		return nil, err
	}
	l := &Latest{Checkpoint: w.Checkpoint, Epoch: epoch, EpochPath: path, Map: *m, Head: w.Head}
	return l, l.check()
}

// Verify checks everything: the checkpoint by [Trust.VerifyStrict], that its last leaf is the epoch and that the epoch says so, and
// what stands at key under the epoch's map root. An epoch from further ahead of now than the policy's clock skew is refused.
// Errors: [ErrTrust], [ErrQuorum], [ErrUnknownSignature], else [ErrInvalid].
func (l *Latest) Verify(t *Trust, key string, now time.Time) (*VerifiedHead, error) {
	return l.verify(t, key, now, func() (*VerifiedCheckpoint, error) { return t.verify(l.Checkpoint, now, true) })
}

func (l *Latest) verify(t *Trust, key string, now time.Time, checkpoint func() (*VerifiedCheckpoint, error)) (*VerifiedHead, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	v, err := l.under(key, now.Add(t.skew()), checkpoint)
	if err != nil {
		return nil, err
	}
	if seen := v.Checkpoint.AsOf(t.Quorum); !seen.IsZero() && seen.Before(v.AsOf) {
		v.AsOf = seen
	}
	if t.Quorum.Witnesses > 0 && t.Quorum.Auditors > 0 {
		v.Latest, v.Absent = l.Head != nil, l.Head == nil
	}
	return v, nil
}

// under checks everything but who vouches for the checkpoint, which checkpoint returns. An epoch after horizon is refused.
func (l *Latest) under(key string, horizon time.Time, checkpoint func() (*VerifiedCheckpoint, error)) (*VerifiedHead, error) {
	err := l.check()
	if err != nil {
		return nil, err
	}
	// The map comes first: its hashes are cheap, and a proof that fails on them need not cost a signature.
	path := MapPath(key)
	if l.Head != nil {
		err = l.Map.VerifyPresent(l.Epoch.MapRoot, path, l.Head)
	} else {
		err = l.Map.VerifyAbsent(l.Epoch.MapRoot, path)
	}
	if err != nil {
		return nil, err
	}
	cp, err := checkpoint()
	if err != nil {
		return nil, err
	}
	if cp.Size == 0 || l.Epoch.Size != cp.Size-1 {
		return nil, invalid("latest: the epoch is not of the checkpoint's size")
	}
	if err := VerifyInclusion(cp.Size-1, cp.Size, LeafHash(l.Epoch.Append(nil)), l.EpochPath, cp.Root); err != nil {
		return nil, err
	}
	at := time.Unix(l.Epoch.Time, 0).UTC()
	if at.After(horizon) {
		return nil, invalid("latest: the epoch is from the future")
	}
	return &VerifiedHead{Head: l.Head, Epoch: l.Epoch, Checkpoint: cp, AsOf: at}, nil
}
