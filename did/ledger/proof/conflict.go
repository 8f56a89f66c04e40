package proof

// MaxAccusationSize is the size limit of an encoded [Accusation] in bytes.
const MaxAccusationSize = 2*MaxNoteSize + 8<<10

// An Accusation is evidence that the holder of a key signed two checkpoints of one log that cannot both be true. It needs no
// trust in whoever presents it: nobody can make one against a key that signed one history.
//
// Checkpoints of one size conflict if their roots differ. Those of two sizes conflict if the greater one's log, cut at the
// smaller size, has another root than the smaller one says: OldRoot is that root, and Path proves it under B. A checkpoint that is only
// old is no accusation.
type Accusation struct {
	A, B    []byte // signed notes, of A.Size <= B.Size
	OldRoot Hash   // the root of B's log at A's size; zero if the sizes are equal
	Path    []Hash // of VerifyConsistency from A's size and OldRoot to B; nil if the sizes are equal
}

type wireAccusation struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	A, B    []byte
	OldRoot []byte
	Path    []byte
}

const accusationVersion = 1

// Bytes encodes the accusation in deterministic CBOR; LOG.md specifies it.
func (a *Accusation) Bytes() ([]byte, error) {
	if len(a.A) == 0 || len(a.B) == 0 || len(a.Path) > 65 {
		return nil, invalid("accusation: no note, or a path of %d hashes", len(a.Path))
	}
	return encode("accusation", MaxAccusationSize, &wireAccusation{
		Version: accusationVersion, A: a.A, B: a.B, OldRoot: a.OldRoot[:], Path: appendHashes([]byte{}, a.Path),
	})
}

// ParseAccusation reads what Bytes wrote. It checks the form; [Accusation.Verify] tells who is guilty.
func ParseAccusation(b []byte) (*Accusation, error) {
	var w wireAccusation
	if err := decode("accusation", MaxAccusationSize, b, &w); err != nil {
		return nil, err
	}
	if w.Version != accusationVersion || len(w.A) == 0 || len(w.B) == 0 || len(w.OldRoot) != HashSize || w.Path == nil {
		return nil, invalid("accusation: version %d, no note, or no root", w.Version)
	}
	path, err := splitHashes(w.Path, 65)
	if err != nil {
		return nil, err
	}
	return &Accusation{w.A, w.B, Hash(w.OldRoot), path}, nil
}

// Verify returns nil if the holder of key is guilty: the two checkpoints are of one log, they conflict, and key signed both. key may be
// the log's or a cosigner's, for a cosigner says that what it signs is consistent with all that it signed before; whose key it is,
// and whether it should sign for that log, the caller knows. Anything else is [ErrInvalid].
func (a *Accusation) Verify(key VerifierKey) error {
	x, err := readSigned(a.A)
	if err != nil {
		return err
	}
	y, err := readSigned(a.B)
	if err != nil {
		return err
	}
	if x.cp.Origin != y.cp.Origin {
		return invalid("accusation: two logs")
	}
	switch {
	case x.cp.Size > y.cp.Size:
		return invalid("accusation: the greater checkpoint comes first")
	case x.cp.Size == y.cp.Size:
		if !a.OldRoot.IsZero() || len(a.Path) > 0 {
			return invalid("accusation: a path between checkpoints of one size")
		}
		if x.cp.Root == y.cp.Root {
			return invalid("accusation: the checkpoints agree")
		}
	case a.OldRoot == x.cp.Root:
		return invalid("accusation: the greater log contains the smaller")
	case x.cp.Size == 0:
		return invalid("accusation: every log contains the empty one")
	default:
		if err := VerifyConsistency(x.cp.Size, y.cp.Size, a.OldRoot, y.cp.Root, a.Path); err != nil {
			return err
		}
	}
	if err := x.signedBy(key); err != nil {
		return err
	}
	return y.signedBy(key)
}

// Origin returns the origin of the first checkpoint, unverified, so that the log's key can be looked up.
func (a *Accusation) Origin() (string, error) {
	x, err := readSigned(a.A)
	if err != nil {
		return "", err
	}
	return x.cp.Origin, nil
}

type signed struct {
	note *Note
	cp   Checkpoint
}

func readSigned(b []byte) (*signed, error) {
	n, err := ParseNote(b)
	if err != nil {
		return nil, err
	}
	cp, err := ParseCheckpoint(n.Text)
	if err != nil {
		return nil, err
	}
	return &signed{n, cp}, nil
}

// signedBy returns nil if one of the signatures is key's.
func (s *signed) signedBy(key VerifierKey) error {
	err := invalid("accusation: a checkpoint is not signed by the key")
	for _, sig := range s.note.Signatures {
		if !key.Made(sig) {
			continue
		}
		if key.typ == LogEd25519 {
			err = key.VerifyNote(s.note.Text, sig)
		} else {
			_, err = key.verifyTimed(&s.cp, s.note.Text, sig)
		}
		if err == nil {
			return nil
		}
	}
	return err
}
