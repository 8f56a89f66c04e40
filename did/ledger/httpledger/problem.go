package httpledger

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/internal/strictjson"
)

// A Code names why a request was refused. Codes are never renamed.
type Code string

// The codes. The first four are final: the same request will be refused again.
const (
	Invalid      Code = "invalid"       // ledger.ErrInvalid: the key, the operation, or what the reducer says
	TooLarge     Code = "too-large"     // ledger.ErrTooLarge
	Conflict     Code = "conflict"      // *ledger.ConflictError
	Malformed    Code = "malformed"     // not a request of this protocol
	NotSupported Code = "not-supported" // this ledger has no such feature; errors.ErrUnsupported
	Clock        Code = "clock"         // *ledger.ClockError
	Corrupt      Code = "corrupt"       // ledger.ErrCorrupt: what the ledger has stored is damaged
	Failed       Code = "failed"        // the ledger could not store or read; the entry may or may not stand
	Limited      Code = "limited"       // over the limit of this client or key; nothing was done
	Busy         Code = "busy"          // too many requests at once; nothing was done
	Stopping     Code = "stopping"      // the ledger is closed or about to be; nothing was done
	Timeout      Code = "timeout"       // the ledger took too long, or the body did not arrive; the entry may or may not stand
	Pending      Code = "pending"       // no proof covers so many entries yet
)

// statuses are those that each code comes with.
var statuses = map[Code][]int{
	Invalid:      {http.StatusUnprocessableEntity},
	TooLarge:     {http.StatusRequestEntityTooLarge},
	Conflict:     {http.StatusConflict},
	Malformed:    {http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusLengthRequired, http.StatusUnsupportedMediaType},
	NotSupported: {http.StatusNotImplemented},
	Clock:        {http.StatusServiceUnavailable},
	Corrupt:      {http.StatusInternalServerError},
	Failed:       {http.StatusInternalServerError},
	Limited:      {http.StatusTooManyRequests},
	Busy:         {http.StatusServiceUnavailable},
	Stopping:     {http.StatusServiceUnavailable},
	Timeout:      {http.StatusServiceUnavailable, http.StatusRequestTimeout},
	Pending:      {http.StatusServiceUnavailable},
}

// A refusal is an answer that is an error: on the wire a problem object.
type refusal struct {
	code   Code
	status int    // 0: the first of the code
	detail string // for people
	causes []string
	retry  time.Duration // Retry-After, in whole seconds; 0: no such header
	entry  *ledger.Entry // Conflict: what stands there
	length uint64        // Conflict
	now    time.Time     // Clock
	last   time.Time     // Clock
}

func (p *refusal) appendJSON(dst []byte) []byte {
	// The members in the order of RFC 8785, which everything here is in.
	dst = append(dst, '{')
	if len(p.causes) > 0 {
		dst = append(dst, `"causes":["`...)
		dst = append(append(dst, strings.Join(p.causes, `","`)...), `"],`...)
	}
	dst = append(append(append(dst, `"code":"`...), p.code...), `",`...)
	if p.detail != "" {
		dst = append(strictjson.AppendString(append(dst, `"detail":`...), p.detail), ',')
	}
	if p.entry != nil {
		dst = append(dst, `"entry":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, appendEntry(nil, p.entry))
		dst = append(dst, `",`...)
	}
	switch p.code {
	case Clock:
		dst = p.last.UTC().AppendFormat(append(dst, `"last":"`...), time.RFC3339Nano)
		dst = p.now.UTC().AppendFormat(append(dst, `","now":"`...), time.RFC3339Nano)
		dst = append(dst, `",`...)
	case Conflict:
		dst = strconv.AppendUint(append(dst, `"length":"`...), p.length, 10)
		dst = append(dst, `",`...)
	}
	dst = strconv.AppendInt(append(dst, `"status":`...), int64(p.status), 10)
	return append(append(append(dst, `,"title":"`...), http.StatusText(p.status)...), `"}`...)
}

// plain makes text fit for a terminal and for one line: valid, without control characters, and not long.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
	if len(text) > maxDetail {
		text = strings.ToValidUTF8(text[:maxDetail-3], "") + "…"
	}
	return text
}

func isPlain(text string) bool {
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// parseRefusal reads the problem object of an answer with status.
func parseRefusal(b []byte, status int) (*refusal, error) {
	v, err := strictjson.Parse(b, strictjson.Limits{Bytes: maxProblem, Depth: 4, Nodes: 64})
	if err != nil || v.Kind() != strictjson.Object {
		return nil, fmt.Errorf("%w: status %d with a malformed problem object", ErrAnswer, status)
	}
	p := &refusal{status: status}
	if err := p.read(v); err != nil {
		return nil, fmt.Errorf("%w: status %d: %w", ErrAnswer, status, err)
	}
	return p, nil
}

func (p *refusal) read(v strictjson.Value) error {
	code, err := member(v, "code", true)
	if err != nil {
		return err
	}
	p.code = Code(code)
	fits := false
	for _, s := range statuses[p.code] {
		fits = fits || s == p.status
	}
	if !fits {
		return fmt.Errorf("a problem object of another status, or of none that is known")
	}
	if p.detail, err = member(v, "detail", false); err != nil {
		return err
	}
	if len(p.detail) > 2*maxDetail || !isPlain(p.detail) {
		return fmt.Errorf("detail: too long, or with control characters")
	}
	if list, ok := v.Get("causes"); ok {
		if list.Kind() != strictjson.Array || len(list.Elems()) > maxCauses {
			return fmt.Errorf("causes: not a short list")
		}
		for _, elem := range list.Elems() {
			name, ok := elem.Str()
			if !ok || !isName(name) {
				return fmt.Errorf("causes: malformed name")
			}
			p.causes = append(p.causes, name)
		}
	}
	switch p.code {
	case Clock:
		return p.readClock(v)
	case Conflict:
		return p.readConflict(v)
	}
	return nil
}

func (p *refusal) readClock(v strictjson.Value) error {
	for name, to := range map[string]*time.Time{"now": &p.now, "last": &p.last} {
		s, err := member(v, name, true)
		if err != nil {
			return err
		}
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil || !strings.HasSuffix(s, "Z") {
			return fmt.Errorf("%s: not a time in UTC", name)
		}
		*to = t.UTC()
	}
	return nil
}

func (p *refusal) readConflict(v strictjson.Value) error {
	s, err := member(v, "length", true)
	if err != nil {
		return err
	}
	var ok bool
	if p.length, ok = parseNumber(s); !ok {
		return fmt.Errorf("length: not a number")
	}
	if s, err = member(v, "entry", false); err != nil || s == "" {
		return err
	}
	raw, err := base64.StdEncoding.Strict().AppendDecode(nil, []byte(s))
	if err != nil {
		return fmt.Errorf("entry: not base64")
	}
	e, rest, err := parseEntry(raw, "")
	if err != nil || len(rest) > 0 {
		return fmt.Errorf("entry: malformed")
	}
	p.entry = &e
	return nil
}

// member returns a member that is text; empty if it is not required and not there.
func member(v strictjson.Value, name string, required bool) (string, error) {
	m, ok := v.Get(name)
	if !ok && !required {
		return "", nil
	}
	s, ok := m.Str()
	if !ok {
		return "", fmt.Errorf("%s: missing, or not text", name)
	}
	return s, nil
}

// conflict returns the error that p reports about an append of op, or that p cannot be true.
func (p *refusal) conflict(key string, seq uint64, op []byte) error {
	err := &ledger.ConflictError{Seq: seq, Length: p.length}
	switch {
	case seq == p.length:
		return fmt.Errorf("%w: a conflict at the end of the sequence", ErrAnswer)
	case seq > p.length && p.entry != nil, seq < p.length && p.entry == nil:
		return fmt.Errorf("%w: a conflict with an entry where there can be none, or without one", ErrAnswer)
	case p.entry != nil && (p.entry.Key != key || p.entry.Seq != seq || bytes.Equal(p.entry.Op, op)):
		return fmt.Errorf("%w: a conflict with an entry that is no other for this place", ErrAnswer)
	}
	if p.entry != nil {
		err.Entry = *p.entry
	}
	return err
}

// seconds rounds up to what Retry-After can say: at least 1.
func seconds(d time.Duration) int64 {
	return max(1, int64(math.Ceil(d.Seconds())))
}
