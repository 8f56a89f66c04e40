package didwebvh

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
)

// Version is one version of an identifier.
type Version struct {
	Number     int       // from 1
	ID         string    // versionId
	Time       time.Time // versionTime, as the controller states it
	DID        did.DID   // the id of the document
	Parameters *Parameters

	state []byte // the document as it stands in the log
}

// Chain is a log whose entries are verified, except that the witnesses were not asked: what a controller extends and a witness
// looks at. For everybody else it is not enough; see Verify.
type Chain struct {
	versions []Version
	raw      []byte // as parsed, without the last line feed
	ring     keyring
	now      time.Time

	unverified []signature // of the versions
}

// ParseChain verifies the entries of a log (did.jsonl) of the identifier id, all but the witnesses' approval. now is the
// time that no entry may be later than. Errors are those of Verify.
func ParseChain(id did.DID, log []byte, now time.Time) (*Chain, error) {
	c, f := parseChain(id, log, now)
	if f == nil {
		f = c.checkName(id)
	}
	if f != nil {
		return nil, f.asError()
	}
	return c, nil
}

// parseChain also returns, beside a fault, the entries before it.
func parseChain(id did.DID, log []byte, now time.Time) (*Chain, *LogError) {
	c := &Chain{ring: keyring{}, now: now}
	if len(log) > MaxLog {
		return c, fault(FaultSyntax, fmt.Sprintf("over %d bytes", MaxLog))
	}
	asked, err := Parse(id)
	if err != nil {
		return c, fault(FaultName, err.Error())
	}
	log = bytes.Clone(bytes.TrimSuffix(log, []byte("\n"))) // the versions keep parts of it
	var f *LogError
	for rest, more := log, true; more && f == nil; {
		var line []byte
		line, rest, more = bytes.Cut(rest, []byte("\n"))
		if f = c.add(line, asked.SCID); f != nil {
			f.Entry = len(c.versions) + 1
		}
	}
	c.raw = log
	if s := c.checkSignatures(); s != nil {
		f = s
	}
	return c, f
}

// checkSignatures verifies the signatures of the entries that were added, and cuts the chain before the first that is bad.
func (c *Chain) checkSignatures() *LogError {
	bad := firstBad(c.unverified)
	c.unverified = nil
	if bad >= len(c.versions) {
		return nil
	}
	c.versions = c.versions[:bad]
	return &LogError{FaultProof, bad + 1, "a signature does not verify"}
}

// add checks the next entry, all but its signatures, which it leaves in unverified.
func (c *Chain) add(line []byte, scid string) *LogError {
	if len(c.versions) == MaxEntries {
		return fault(FaultSyntax, fmt.Sprintf("more than %d entries", MaxEntries))
	}
	e, f := parseEntry(line)
	if f != nil {
		return f
	}
	var before *Version
	if len(c.versions) > 0 {
		before = &c.versions[len(c.versions)-1]
	}
	v := Version{Number: len(c.versions) + 1, ID: e.versionID, Time: e.time, DID: e.id, state: e.state.Raw()}
	if before != nil && before.Parameters.Deactivated {
		return fault(FaultDeactivated, "an entry after the deactivation")
	}
	var has presence
	if before == nil {
		v.Parameters, has, f = applyParameters(nil, e.parameters, c.ring)
	} else {
		v.Parameters, has, f = applyParameters(before.Parameters, e.parameters, c.ring)
	}
	if f != nil {
		return f
	}
	for _, check := range []func() *LogError{
		func() *LogError { return c.checkTime(&v, before) },
		func() *LogError { return checkIdentifier(e, &v, before, scid) },
		func() *LogError { return checkPreRotation(&v, before, has) },
		func() *LogError { return checkHash(e, &v, before) },
		func() *LogError { return c.checkProofs(e, &v, before) },
	} {
		if f := check(); f != nil {
			return f
		}
	}
	c.versions = append(c.versions, v)
	return nil
}

func (c *Chain) checkTime(v, before *Version) *LogError {
	switch {
	case v.Time.After(c.now):
		return fault(FaultTime, "versionTime is in the future")
	case before != nil && !v.Time.After(before.Time):
		return fault(FaultTime, "versionTime is not after the one before")
	}
	return nil
}

// checkIdentifier checks that the document bears the SCID, that the first entry hashes to it, and that the
// identifier changes only if it may.
func checkIdentifier(e *entry, v, before *Version, scid string) *LogError {
	if v.Parameters.SCID != scid {
		return fault(FaultSCID, "the log is of another SCID than was asked for")
	}
	if before != nil && v.DID == before.DID {
		return nil
	}
	_, err := Parse(v.DID)
	switch {
	case v.DID.Method() != "webvh" || !strings.HasPrefix(v.DID.ID(), scid+":"):
		return fault(FaultSCID, "the id of the document does not bear the SCID")
	case err != nil:
		return fault(FaultSyntax, "the id of the document is not a did:webvh")
	case before == nil:
		return checkSCID(e, scid)
	case !v.Parameters.Portable:
		return fault(FaultPortability, "the identifier changed and is not portable")
	}
	aliases, _ := e.state.Get("alsoKnownAs")
	for _, a := range aliases.Elems() {
		if s, _ := a.Str(); s == before.DID.String() {
			return nil
		}
	}
	return fault(FaultPortability, "the identifier changed, and alsoKnownAs does not name the one before")
}

// checkSCID computes the SCID from the first entry: the entry as text, with the SCID replaced by its placeholder.
func checkSCID(e *entry, scid string) *LogError {
	text := e.with(Placeholder)
	if bytes.Count(text, []byte(Placeholder)) != 1 {
		// Such an entry and one with the SCID in that place would share one SCID.
		return fault(FaultSCID, "the first entry holds the placeholder")
	}
	text = bytes.ReplaceAll(text, []byte(scid), []byte(Placeholder))
	if inName(e.state, scid) || inName(e.parameters, scid) {
		v, err := strictjson.Parse(text, strictjson.Limits{Bytes: MaxEntry, Depth: entryDepth})
		if err != nil {
			return fault(FaultSCID, "with the placeholder the first entry is not JSON")
		}
		text = strictjson.AppendCanonical(nil, v) // names that changed may sort elsewhere
	}
	if hash(text) != scid {
		return fault(FaultSCID, "the first entry does not hash to the SCID")
	}
	return nil
}

// inName tells whether the name of a member holds s.
func inName(v strictjson.Value, s string) bool {
	for _, m := range v.Members() {
		if strings.Contains(m.Name, s) || inName(m.Value, s) {
			return true
		}
	}
	return slices.ContainsFunc(v.Elems(), func(e strictjson.Value) bool { return inName(e, s) })
}

// checkPreRotation checks that what was committed to is what comes.
func checkPreRotation(v, before *Version, has presence) *LogError {
	if before == nil || len(before.Parameters.NextKeyHashes) == 0 {
		return nil
	}
	if !has.updateKeys || !has.nextKeyHashes || len(v.Parameters.UpdateKeys) == 0 {
		return fault(FaultPreRotation, "updateKeys or nextKeyHashes is missing while pre-rotation is active")
	}
	for _, k := range v.Parameters.UpdateKeys {
		if !slices.Contains(before.Parameters.NextKeyHashes, hash([]byte(k))) {
			return fault(FaultPreRotation, "an update key that the entry before did not commit to")
		}
	}
	return nil
}

func checkHash(e *entry, v, before *Version) *LogError {
	number, want, ok := splitVersionID(v.ID)
	if !ok || number != v.Number {
		return fault(FaultVersion, "versionId is not the next number, a dash and a SHA-256 multihash")
	}
	previous := v.Parameters.SCID
	if before != nil {
		previous = before.ID
	}
	if hash(e.with(previous)) != want {
		return fault(FaultHash, "the entry does not hash to its versionId")
	}
	return nil
}

// checkProofs wants every proof of the entry to be well-formed and by a key that may update. All of them must verify.
func (c *Chain) checkProofs(e *entry, v, before *Version) *LogError {
	active := v.Parameters.UpdateKeys
	if before != nil && len(before.Parameters.NextKeyHashes) == 0 {
		active = before.Parameters.UpdateKeys
	}
	document := e.with(v.ID)
	for _, value := range e.proofs {
		p, err := parseProof(value, c.now)
		if err != nil {
			return fault(FaultProof, err.Error())
		}
		if !slices.Contains(active, p.key) {
			return fault(FaultKey, "the proof is by a key that may not update")
		}
		k, err := c.ring.get(p.key)
		if err != nil {
			return fault(FaultProof, "the key of the proof is not one of Ed25519")
		}
		c.unverified = append(c.unverified, signature{v.Number - 1, k, p.message(document), p.signature})
	}
	return nil
}

// checkName wants id to be the identifier of at least one version.
func (c *Chain) checkName(id did.DID) *LogError {
	if slices.ContainsFunc(c.versions, func(v Version) bool { return v.DID == id }) {
		return nil
	}
	return fault(FaultName, "no entry bears the identifier that was asked for")
}

// Versions returns all versions, oldest first. The slice is shared: nobody changes it.
func (c *Chain) Versions() []Version { return c.versions }

// Newest returns the newest version.
func (c *Chain) Newest() *Version { return &c.versions[len(c.versions)-1] }

// Bytes returns a copy of the log, as it is published in did.jsonl.
func (c *Chain) Bytes() []byte {
	return append(bytes.Clone(c.raw), '\n')
}

// NeedsWitnesses tells whether any version had to be approved by witnesses.
func (c *Chain) NeedsWitnesses() bool {
	return slices.ContainsFunc(c.versions, func(v Version) bool { return v.Parameters.Witness.Threshold > 0 })
}
