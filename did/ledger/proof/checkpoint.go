package proof

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
)

// MaxOriginLen is the longest origin in bytes, and the longest name of a key that signs or cosigns: ML-DSA-44 cosignatures count it in one byte.
const MaxOriginLen = 255

// A Checkpoint is the root of a log at a size, the text of a C2SP tlog-checkpoint.
type Checkpoint struct {
	Origin     string // identifies the log
	Size       uint64 // number of leaves, at most 2^63-1
	Root       Hash
	Extensions []string // further lines; cosigners say nothing about them
}

// ParseCheckpoint reads the text of a checkpoint (the Text of its [Note]). It is strict; a checkpoint has exactly one text.
func ParseCheckpoint(text []byte) (Checkpoint, error) {
	s := string(text)
	if len(s) > MaxNoteSize || !strings.HasSuffix(s, "\n") {
		return Checkpoint{}, invalid("checkpoint: %d bytes, or no newline at the end", len(s))
	}
	if err := checkText(text); err != nil {
		return Checkpoint{}, err
	}
	lines := strings.Split(s[:len(s)-1], "\n")
	if len(lines) < 3 {
		return Checkpoint{}, invalid("checkpoint: %d lines, fewer than 3", len(lines))
	}
	size, ok := parseDecimal(lines[1], math.MaxInt64)
	if !ok {
		return Checkpoint{}, invalid("checkpoint: malformed size")
	}
	root, err := ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, err
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: root}
	if len(lines) > 3 {
		c.Extensions = lines[3:]
	}
	if err := c.check(); err != nil {
		return Checkpoint{}, err
	}
	return c, nil
}

func (c *Checkpoint) check() error {
	if c.Origin == "" || len(c.Origin) > MaxOriginLen || strings.Contains(c.Origin, "\n") {
		return invalid("checkpoint: origin of %d bytes, or of more than one line", len(c.Origin))
	}
	if c.Size > math.MaxInt64 {
		return invalid("checkpoint: size is out of range")
	}
	if c.Size == 0 && c.Root != EmptyRoot() {
		return invalid("checkpoint: no leaves, and not the root of none")
	}
	for _, e := range c.Extensions {
		if e == "" || strings.Contains(e, "\n") {
			return invalid("checkpoint: empty extension line, or more than one line")
		}
	}
	return nil
}

// Append appends the text of the checkpoint. What ParseCheckpoint would refuse, it writes as it is.
func (c Checkpoint) Append(dst []byte) []byte {
	dst = append(dst, c.Origin...)
	dst = append(dst, '\n')
	dst = strconv.AppendUint(dst, c.Size, 10)
	dst = append(dst, '\n')
	dst = base64.StdEncoding.AppendEncode(dst, c.Root[:])
	dst = append(dst, '\n')
	for _, e := range c.Extensions {
		dst = append(dst, e...)
		dst = append(dst, '\n')
	}
	return dst
}
