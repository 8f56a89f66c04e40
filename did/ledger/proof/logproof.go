package proof

import (
	"bytes"
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	logProofHeader = "c2sp.org/tlog-proof@v1"
	maxExtraSize   = 64 << 10
)

// A LogProof shows that a leaf stands in a log, as a text that other tools read: C2SP tlog-proof.
type LogProof struct {
	Extra      []byte // for the application; nothing vouches for it. nil: none
	Index      uint64 // of the leaf, at most 2^63-1
	Path       []Hash // leaf side first
	Checkpoint []byte // a signed note
}

// ParseLogProof reads the text of a tlog-proof, strictly: every proof has exactly one text. It does not read the
// checkpoint, which Verify does.
func ParseLogProof(b []byte) (*LogProof, error) {
	bad := func(what string) (*LogProof, error) { return nil, invalid("log proof: %s", what) }
	if len(b) > MaxNoteSize+2*maxExtraSize {
		return bad("too large")
	}
	head, note, ok := bytes.Cut(b, []byte("\n\n"))
	if !ok || len(note) == 0 {
		return bad("no checkpoint")
	}
	lines := strings.Split(string(head), "\n")
	if lines[0] != logProofHeader {
		return bad("unknown version")
	}
	lines = lines[1:]
	p := &LogProof{Checkpoint: note}
	if len(lines) > 0 {
		if text, ok := strings.CutPrefix(lines[0], "extra "); ok {
			extra, err := decodeBase64(text)
			if err != nil || len(extra) == 0 || len(extra) > maxExtraSize {
				return bad("malformed extra data")
			}
			p.Extra, lines = extra, lines[1:]
		}
	}
	if len(lines) == 0 || len(lines) > 65 {
		return bad("no index, or a path too long")
	}
	text, ok := strings.CutPrefix(lines[0], "index ")
	index, ok2 := parseDecimal(text, math.MaxInt64)
	if !ok || !ok2 {
		return bad("malformed index")
	}
	p.Index = index
	for _, line := range lines[1:] {
		h, err := ParseHash(line)
		if err != nil {
			return nil, err
		}
		p.Path = append(p.Path, h)
	}
	return p, nil
}

// Append appends the text.
func (p *LogProof) Append(dst []byte) []byte {
	dst = append(dst, logProofHeader+"\n"...)
	if len(p.Extra) > 0 {
		dst = append(dst, "extra "...)
		dst = base64.StdEncoding.AppendEncode(dst, p.Extra)
		dst = append(dst, '\n')
	}
	dst = append(dst, "index "...)
	dst = strconv.AppendUint(dst, p.Index, 10)
	dst = append(dst, '\n')
	for _, h := range p.Path {
		dst = base64.StdEncoding.AppendEncode(dst, h[:])
		dst = append(dst, '\n')
	}
	dst = append(dst, '\n')
	return append(dst, p.Checkpoint...)
}

// Verify returns the checkpoint under which leaf is proven to stand at p.Index, checked by [Trust.VerifyCheckpoint].
func (p *LogProof) Verify(t *Trust, leaf []byte, now time.Time) (*VerifiedCheckpoint, error) {
	cp, err := t.VerifyCheckpoint(p.Checkpoint, now)
	if err != nil {
		return nil, err
	}
	if err := VerifyInclusion(p.Index, cp.Size, LeafHash(leaf), p.Path, cp.Root); err != nil {
		return nil, err
	}
	return cp, nil
}
