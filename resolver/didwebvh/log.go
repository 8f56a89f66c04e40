package didwebvh

import (
	"errors"
	"time"

	"github.com/realdid/realdid/did"
)

// Log is a log that is verified in full: entries, proofs and witnesses.
type Log struct {
	chain *Chain
	id    did.DID // that was asked for
}

// Verify verifies a log (did.jsonl) of the identifier id and, if any version had to be witnessed, the proofs of its
// witnesses (did-witness.json, else nil). now is the time that no entry may be later than. Nothing is fetched.
//
// Errors are final: *did.Error with code INVALID_DID and a *LogError that names the fault, or FEATURE_NOT_SUPPORTED if the
// log follows another version of did:webvh.
func Verify(id did.DID, log, witness []byte, now time.Time) (*Log, error) {
	c, err := ParseChain(id, log, now)
	if err != nil {
		return nil, err
	}
	if f := c.approve(witness); f != nil {
		return nil, f.asError()
	}
	return &Log{c, id}, nil
}

// approve checks the witnesses.
func (c *Chain) approve(file []byte) *LogError {
	if !c.NeedsWitnesses() {
		return nil
	}
	all, err := approvals{}, errors.New("no did-witness.json")
	if file != nil {
		all, err = parseApprovals(file, c.versions)
	}
	if err != nil {
		return fault(FaultWitness, err.Error())
	}
	return c.checkWitnesses(all)
}

// Versions returns all versions, oldest first. The slice is shared: nobody changes it.
func (l *Log) Versions() []Version { return l.chain.versions }

// Newest returns the newest version.
func (l *Log) Newest() *Version { return l.chain.Newest() }

// Find returns the version that the options ask for: VersionID must be a whole versionId, and VersionTime shows the version
// that stood then. NOT_FOUND if there is none.
func (l *Log) Find(opt *did.ResolveOptions) (*Version, error) {
	if err := opt.Check(); err != nil {
		return nil, err
	}
	if opt.Newest() {
		return l.Newest(), nil
	}
	for i := len(l.chain.versions) - 1; i >= 0; i-- {
		v := &l.chain.versions[i]
		if opt.VersionID == v.ID || opt.VersionID == "" && !v.Time.After(opt.VersionTime) {
			return v, nil
		}
	}
	if opt.VersionID != "" {
		return nil, &did.Error{Code: did.NotFound, Detail: "no such versionId"}
	}
	return nil, &did.Error{Code: did.NotFound, Detail: "the identifier did not exist at that time"}
}

// Number returns the version of this number (the DID URL parameter versionNumber). NOT_FOUND if there is none.
func (l *Log) Number(n int) (*Version, error) {
	if n < 1 || n > len(l.chain.versions) {
		return nil, &did.Error{Code: did.NotFound, Detail: "no such versionNumber"}
	}
	return &l.chain.versions[n-1], nil
}
