package didwebvh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

// Limits of did-witness.json.
const (
	MaxWitnessFile   = 1 << 20 // bytes
	maxWitnessProofs = 4096
)

// approval is a witness's proof for one published version.
type approval struct {
	version int // index of the version
	value   strictjson.Value
}

// approvals are the proofs of did-witness.json by witness, those that are about versions in the log, newest first. Nothing in
// them is verified.
type approvals map[string][]approval

// parseApprovals reads did-witness.json. A file that is not of the right shape is refused as a whole; proofs of versions that
// are not in the log (not published yet) and of other kinds are passed over, as the specification has it.
func parseApprovals(file []byte, versions []Version) (approvals, error) {
	v, err := strictjson.Parse(file, strictjson.Limits{Bytes: MaxWitnessFile, Depth: 8})
	if err != nil {
		return nil, err
	}
	if v.Kind() != strictjson.Array {
		return nil, errors.New("did-witness.json is not a list")
	}
	index := make(map[string]int, len(versions))
	for i := range versions {
		index[versions[i].ID] = i
	}
	all, n := approvals{}, 0
	for _, item := range v.Elems() {
		id, _ := item.Get("versionId")
		text, isText := id.Str()
		list, hasProof := item.Get("proof")
		if !isText || len(item.Members()) > 2 || hasProof && list.Kind() != strictjson.Array || !hasProof && len(item.Members()) != 1 {
			return nil, errors.New("did-witness.json: an item that is not versionId and a list of proofs")
		}
		i, published := index[text]
		for _, p := range list.Elems() {
			if n++; n > maxWitnessProofs {
				return nil, fmt.Errorf("did-witness.json: more than %d proofs", maxWitnessProofs)
			}
			method, _ := p.Get("verificationMethod")
			s, _ := method.Str()
			if k, ok := proofKey(s); ok && published {
				all[k] = append(all[k], approval{i, p})
			}
		}
	}
	for _, list := range all {
		slices.SortStableFunc(list, func(a, b approval) int { return b.version - a.version })
	}
	return all, nil
}

// witnessed is the canonical form of what a witness signs.
func witnessed(versionID string) []byte {
	return append(strictjson.AppendString([]byte(`{"versionId":`), versionID), '}')
}

// checkWitnesses wants every version to be approved as the witness parameters ask. A proof for a version approves all
// versions before it. One version without approval spoils the log: which approvals of the versions before it would
// still count depends on those after it.
func (c *Chain) checkWitnesses(all approvals) *LogError {
	newest := map[string]int{} // approval by witness
	for i := range c.versions {
		w := c.witnessesOf(i)
		count := 0
		for _, k := range w.Keys {
			at, known := newest[k]
			if !known {
				at = c.newestApproval(all[k], k)
				newest[k] = at
			}
			if at >= i {
				count++
			}
		}
		if count < w.Threshold {
			return &LogError{FaultWitness, i + 1, fmt.Sprintf("%d approvals by its witnesses, %d needed", count, w.Threshold)}
		}
	}
	return nil
}

// witnessesOf returns who must approve version i: the witnesses that stood before it, else those that it sets itself.
func (c *Chain) witnessesOf(i int) Witness {
	if i > 0 {
		if w := c.versions[i-1].Parameters.Witness; w.Threshold > 0 {
			return w
		}
	}
	return c.versions[i].Parameters.Witness
}

// newestApproval returns the index of the newest version that witness k approved, -1 if none. A proof that does not
// verify counts as if it were not there.
func (c *Chain) newestApproval(list []approval, k string) int {
	key, err := c.ring.get(k)
	if err != nil {
		return -1
	}
	for _, a := range list {
		p, err := parseProof(a.value, c.now)
		if err == nil && p.verify(key, witnessed(c.versions[a.version].ID)) == nil {
			return a.version
		}
	}
	return -1
}

// SignWitness returns a witness's approval of a version and of all before it, as JSON: a proof for AddWitness. The
// witness must have verified the log up to there, by ParseChain, and hold it. signer has an Ed25519 key.
func SignWitness(ctx context.Context, v *Version, at time.Time, signer keys.Signer) ([]byte, error) {
	return sign(ctx, witnessed(v.ID), at, signer)
}

// AddWitness returns did-witness.json with one more proof; file is nil for a new one. An older proof of the same
// witness stays: it counts until the log with the new version is published.
func AddWitness(file []byte, versionID string, proof []byte) ([]byte, error) {
	if file == nil {
		file = []byte("[]")
	}
	v, err := strictjson.Parse(file, strictjson.Limits{Bytes: MaxWitnessFile, Depth: 8})
	if err != nil {
		return nil, fmt.Errorf("didwebvh: did-witness.json: %w", err)
	}
	p, err := strictjson.Parse(proof, strictjson.Limits{Bytes: MaxEntry, Depth: 8})
	if err != nil {
		return nil, fmt.Errorf("didwebvh: proof: %w", err)
	}
	if _, err := parseApprovals(file, nil); err != nil {
		return nil, fmt.Errorf("didwebvh: %w", err)
	}
	list, added := []any{}, false
	for _, item := range v.Elems() {
		id, _ := item.Get("versionId")
		if s, _ := id.Str(); s != versionID || added {
			list = append(list, item)
			continue
		}
		old, _ := item.Get("proof")
		proofs := []any{}
		for _, o := range old.Elems() {
			proofs = append(proofs, o)
		}
		list = append(list, map[string]any{"versionId": versionID, "proof": append(proofs, p)})
		added = true
	}
	if !added {
		list = append(list, map[string]any{"versionId": versionID, "proof": []any{p}})
	}
	return strictjson.Canonical(list)
}
