package httpledger

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// What precedes the entries of a page.
const (
	pageLast = 0 // nothing follows this page now
	pageMore = 1 // ask again from the next place
)

func appendAnchor(b []byte, a ledger.Anchor) []byte {
	b = binary.BigEndian.AppendUint64(b, a.Index)
	return binary.BigEndian.AppendUint64(b, uint64(a.Time.Unix()))
}

func parseAnchor(b []byte) (ledger.Anchor, error) {
	if len(b) != anchorSize {
		return ledger.Anchor{}, fmt.Errorf("%w: anchor of %d bytes", ErrAnswer, len(b))
	}
	seconds := int64(binary.BigEndian.Uint64(b[8:]))
	if seconds < 0 || seconds > latestTime {
		return ledger.Anchor{}, fmt.Errorf("%w: anchor beyond the years 1970 to 9999", ErrAnswer)
	}
	return ledger.Anchor{Index: binary.BigEndian.Uint64(b), Time: time.Unix(seconds, 0).UTC()}, nil
}

func appendEntry(b []byte, e *ledger.Entry) []byte {
	b = append(append(b, byte(len(e.Key))), e.Key...)
	b = binary.BigEndian.AppendUint64(b, e.Seq)
	b = appendAnchor(b, e.Anchor)
	b = binary.BigEndian.AppendUint16(b, uint16(len(e.Op)))
	return append(b, e.Op...)
}

// parseEntry reads one entry from the front of b and returns what follows it. The entry keeps nothing of b. known is a key
// that the entry is likely to have, so that it need not be copied.
func parseEntry(b []byte, known string) (e ledger.Entry, rest []byte, err error) {
	if len(b) < 1 || len(b) < 1+int(b[0])+26 {
		return e, nil, fmt.Errorf("%w: entry cut short", ErrAnswer)
	}
	key, b := b[1:1+int(b[0])], b[1+int(b[0]):]
	if e.Key = known; string(key) != known {
		e.Key = string(key)
	}
	if err := ledger.CheckKey(e.Key); err != nil {
		return e, nil, fmt.Errorf("%w: entry: malformed key", ErrAnswer)
	}
	e.Seq = binary.BigEndian.Uint64(b)
	if e.Anchor, err = parseAnchor(b[8:24]); err != nil {
		return e, nil, err
	}
	size := int(binary.BigEndian.Uint16(b[24:]))
	if b = b[26:]; size == 0 || size > ledger.MaxOpSize || size > len(b) {
		return e, nil, fmt.Errorf("%w: entry: operation of %d bytes", ErrAnswer, size)
	}
	e.Op = append(make([]byte, 0, size), b[:size]...)
	return e, b[size:], nil
}

// parsePage reads a page. Entries are appended to dst.
func parsePage(dst []ledger.Entry, b []byte, known string) (entries []ledger.Entry, more bool, err error) {
	if len(b) == 0 || b[0] > pageMore {
		return dst, false, fmt.Errorf("%w: page without its marker", ErrAnswer)
	}
	more, b = b[0] == pageMore, b[1:]
	if more && len(b) == 0 {
		return dst, false, fmt.Errorf("%w: empty page with more to follow", ErrAnswer)
	}
	for len(b) > 0 {
		var e ledger.Entry
		if e, b, err = parseEntry(b, known); err != nil {
			return dst, false, err
		}
		dst = append(dst, e)
	}
	return dst, more, nil
}

func parseState(b []byte) (state []byte, seq uint64, err error) {
	if len(b) < 8 {
		return nil, 0, fmt.Errorf("%w: state cut short", ErrAnswer)
	}
	seq, state = binary.BigEndian.Uint64(b), b[8:]
	switch {
	case seq == 0 && len(state) > 0:
		return nil, 0, fmt.Errorf("%w: a new key with a state", ErrAnswer)
	case seq == 0:
		return nil, 0, nil
	}
	return state, seq, nil
}
