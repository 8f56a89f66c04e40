package httpdriver

import (
	"encoding/base64"
	"encoding/binary"

	"github.com/realdid/realdid/did"
)

// job is the state of a change between its two requests. It travels as the jobId, so that the server keeps nothing: base64url
// of a version byte, then path, method and DID, each with its length before it in two bytes, then the registrar's state. It is
// input like any other when it comes back: the registrar checks its state, and a client that forges one has asked for
// something else, no more.
type job struct {
	path, method string
	did          did.DID
	state        []byte
}

const (
	jobVersion = 1
	maxState   = 128 << 10 // bytes of a registrar's state
)

func (j *job) id() string {
	b := []byte{jobVersion}
	for _, s := range []string{j.path, j.method, j.did.String()} {
		b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
		b = append(b, s...)
	}
	return base64.RawURLEncoding.EncodeToString(append(b, j.state...))
}

func parseJob(id string) (*job, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || len(b) == 0 || b[0] != jobVersion {
		return nil, badChange("the jobId is none of this server's")
	}
	b = b[1:]
	var parts [3]string
	for i := range parts {
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
			return nil, badChange("the jobId is none of this server's")
		}
		n := 2 + int(binary.BigEndian.Uint16(b))
		parts[i], b = string(b[2:n]), b[n:]
	}
	j := &job{path: parts[0], method: parts[1], state: b}
	if parts[2] != "" {
		if j.did, err = did.Parse(parts[2]); err != nil {
			return nil, badChange("the jobId is none of this server's")
		}
	}
	return j, nil
}
