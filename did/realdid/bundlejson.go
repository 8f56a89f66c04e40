package realdid

import (
	"encoding/json"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
)

// The JSON view of a bundle. It is for people and tools that look; what is verified is the bundle.
type bundleView struct {
	Version    uint64          `json:"version"`
	DID        string          `json:"did"`
	Home       string          `json:"home"`
	Size       int             `json:"size"` // of the bundle in bytes
	Operations []operationView `json:"operations,omitempty"`
	State      []byte          `json:"state,omitempty"`
	Head       *headView       `json:"head"`
	Proof      *proofView      `json:"proof,omitempty"`
	Chain      []byte          `json:"chain,omitempty"`
}

type operationView struct {
	Place     int       `json:"place"`
	Type      string    `json:"type"`
	VersionID string    `json:"versionId"`
	Index     uint64    `json:"index"`
	Time      time.Time `json:"time"`
	Operation []byte    `json:"operation"`
}

type headView struct {
	Place     uint64     `json:"place"`
	VersionID string     `json:"versionId"` // of the last operation
	State     []byte     `json:"state"`
	History   []byte     `json:"history"`
	Status    string     `json:"status"`
	Time      time.Time  `json:"time"`
	Effective *time.Time `json:"effective,omitempty"`
}

type proofView struct {
	Origin     string       `json:"origin"`
	Size       uint64       `json:"size"`
	Root       proof.Hash   `json:"root"`
	Signers    []string     `json:"signers"` // the names that the signatures claim
	Epoch      epochView    `json:"epoch"`
	EpochPath  []proof.Hash `json:"epochPath"`
	MapPath    proof.Hash   `json:"mapPath"`
	Siblings   []proof.Hash `json:"mapSiblings"`
	Checkpoint string       `json:"checkpoint"`
}

type epochView struct {
	MapRoot proof.Hash `json:"mapRoot"`
	Entries uint64     `json:"entries"`
	Time    time.Time  `json:"time"`
}

// JSON returns what the bundle says, none of it verified, as a JSON object: did, home, operations (place, type, versionId, index,
// time, operation) or state, head, and proof (checkpoint, epoch, paths) or, undecoded, the proof of a chain. Bytes and hashes are base64. Errors are ErrBundle, for
// a bundle whose parts do not parse. It cannot be turned back into the bundle by this package.
func (b *Bundle) JSON() ([]byte, error) {
	v := bundleView{Version: bundleVersion, DID: b.DID().String(), Home: b.home, Size: len(b.raw), State: b.state, Chain: b.chain}
	if v.Home == "" {
		v.Home = defaultLabel
	}
	place := 0
	for i, o := range b.operations {
		op, err := ParseOperation(o.raw)
		if err != nil {
			return nil, refuseBundle("operation %d: %w", i, err)
		}
		if op.Type() == Import { // takes none, and stands at that of the state
			was, err := op.carried()
			if err != nil {
				return nil, refuseBundle("operation %d: %w", i, err)
			}
			place = int(was.seq)
		} else if i > 0 {
			place++
		}
		v.Operations = append(v.Operations, operationView{place, op.Type().String(), op.VersionID(), o.at.Index, o.at.Time, o.raw})
	}
	record := b.head
	if b.latest != nil {
		record = b.latest.Head
		var err error
		if v.Proof, err = viewProof(b.key, b.latest); err != nil {
			return nil, err
		}
	}
	if record != nil {
		h, err := ParseHead(record)
		if err != nil {
			return nil, refuseBundle("%w", err)
		}
		v.Head = &headView{
			Place: h.Seq, VersionID: versionID(h.Operation), State: h.State[:], History: h.History[:], Status: h.Status.String(), Time: h.Time,
		}
		if !h.Effective.IsZero() {
			v.Head.Effective = &h.Effective
		}
	}
	out, err := json.Marshal(v)
	if err != nil {
		return nil, refuseBundle("%w", err)
	}
	return out, nil
}

func viewProof(key string, l *proof.Latest) (*proofView, error) {
	n, err := proof.ParseNote(l.Checkpoint)
	if err != nil {
		return nil, refuseBundle("%w", err)
	}
	cp, err := proof.ParseCheckpoint(n.Text)
	if err != nil {
		return nil, refuseBundle("%w", err)
	}
	v := &proofView{
		Origin: cp.Origin, Size: cp.Size, Root: cp.Root, EpochPath: l.EpochPath, MapPath: proof.MapPath(key), Siblings: l.Map.Siblings,
		Epoch: epochView{l.Epoch.MapRoot, l.Epoch.Entries, time.Unix(l.Epoch.Time, 0).UTC()}, Checkpoint: string(l.Checkpoint),
	}
	for _, s := range n.Signatures {
		v.Signers = append(v.Signers, s.Name)
	}
	return v, nil
}
