package witness

import (
	"bytes"
	"strconv"

	"github.com/realdid/realdid/did/ledger/proof"
)

// Limits of a request.
const (
	MaxPath        = 63       // hashes of a consistency proof
	MaxRequestSize = 64 << 10 // bytes of a body, unless HandlerOptions says otherwise
)

// A Request is the body of add-checkpoint, C2SP tlog-witness. Nothing about it is verified.
type Request struct {
	OldSize     uint64
	Consistency []proof.Hash // at most MaxPath
	Note        []byte       // the signed checkpoint
}

// ParseRequest reads a body. It is strict about all but the note, which it does not look into. Errors: [ErrMalformed].
func ParseRequest(b []byte) (*Request, error) {
	line, rest, ok := bytes.Cut(b, []byte("\n"))
	text, old := bytes.CutPrefix(line, []byte("old "))
	if !ok || !old {
		return nil, because(ErrMalformed, "the first line does not name the old size")
	}
	size, err := parseSize(text)
	if err != nil {
		return nil, err
	}
	r := &Request{OldSize: size}
	for {
		if line, rest, ok = bytes.Cut(rest, []byte("\n")); !ok {
			return nil, because(ErrMalformed, "no empty line after the consistency proof")
		}
		if len(line) == 0 {
			break
		}
		if len(r.Consistency) == MaxPath {
			return nil, because(ErrMalformed, "consistency proof of more than %d hashes", MaxPath)
		}
		h, err := proof.ParseHash(string(line))
		if err != nil {
			return nil, because(ErrMalformed, "hash %d of the consistency proof", len(r.Consistency))
		}
		r.Consistency = append(r.Consistency, h)
	}
	if len(rest) == 0 {
		return nil, because(ErrMalformed, "no checkpoint")
	}
	r.Note = rest
	return r, nil
}

// Append appends the body.
func (r *Request) Append(dst []byte) []byte {
	dst = append(dst, "old "...)
	dst = strconv.AppendUint(dst, r.OldSize, 10)
	dst = append(dst, '\n')
	for _, h := range r.Consistency {
		dst = append(dst, h.String()...)
		dst = append(dst, '\n')
	}
	dst = append(dst, '\n')
	return append(dst, r.Note...)
}

// parseSize reads a size of at most 2^63-1: ASCII digits with no superfluous zero in front.
func parseSize(b []byte) (uint64, error) {
	n, err := strconv.ParseUint(string(b), 10, 63)
	if err != nil || string(strconv.AppendUint(nil, n, 10)) != string(b) {
		return 0, because(ErrMalformed, "size")
	}
	return n, nil
}
