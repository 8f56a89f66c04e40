package httpledger

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

var example = ledger.Entry{
	Key: "abc", Seq: 1, Op: []byte("op"),
	Anchor: ledger.Anchor{Index: 258, Time: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)},
}

// TestProtocolExamples holds the examples and bounds of PROTOCOL.md against the code.
func TestProtocolExamples(t *testing.T) {
	text, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	page := appendEntry([]byte{pageMore}, &example)
	conflict := (&refusal{code: Conflict, status: 409, entry: &example, length: 2}).appendJSON(nil)
	for name, want := range map[string]string{
		"page":     "\n    " + hex.EncodeToString(page) + "\n",
		"conflict": "\n    " + string(conflict) + "\n",
		"bound":    "147,579 bytes",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("PROTOCOL.md lacks the %s %q", name, want)
		}
	}
	if maxPage != 147_579 {
		t.Errorf("a page may have %d bytes", maxPage)
	}
	for code, list := range statuses {
		row := "\n| `" + string(code) + "` | "
		if !strings.Contains(string(text), row) {
			t.Errorf("PROTOCOL.md has no row for %s, %v", code, list)
		}
	}
}

// TestPageBound: the largest page that a server makes is the largest that a client takes.
func TestPageBound(t *testing.T) {
	largest := ledger.Entry{Key: strings.Repeat("k", ledger.MaxKeyLen), Op: make([]byte, ledger.MaxOpSize), Anchor: example.Anchor}
	if n := len(appendEntry(nil, &largest)); n != maxRecord {
		t.Errorf("the largest entry has %d bytes, want %d", n, maxRecord)
	}
	if n := pageSize - 1 + maxRecord; n > maxPage {
		t.Errorf("a page may have %d bytes, and a client takes %d", n, maxPage)
	}
	if maxProof != proof.MaxLatestSize {
		t.Errorf("a proof may have %d bytes on the wire, and %d in package proof", maxProof, proof.MaxLatestSize)
	}
	p := &refusal{
		code: Conflict, status: 409, entry: &largest, length: 1<<64 - 1, detail: strings.Repeat("é", maxDetail/2),
		causes: strings.Split(strings.Repeat(strings.Repeat("n", maxName)+",", maxCauses-1)+"x", ","),
	}
	b := p.appendJSON(nil)
	if len(b) > maxProblem {
		t.Errorf("the largest refusal has %d bytes, and a client takes %d", len(b), maxProblem)
	}
	if _, err := parseRefusal(b, 409); err != nil {
		t.Error(err)
	}
}

func TestEntryFaults(t *testing.T) {
	good := appendEntry(nil, &example)
	with := func(at int, b ...byte) []byte {
		bad := bytes.Clone(good)
		copy(bad[at:], b)
		return bad
	}
	faults := map[string][]byte{
		"no key":                with(0, 0),
		"key of other letters":  with(1, 'A'),
		"key too long":          append([]byte{97}, append(bytes.Repeat([]byte("k"), 97), good[4:]...)...),
		"time before 1970":      with(20, 0x80),
		"time after 9999":       with(20, 0, 0, 0, 0x3b, 0xff, 0xf4, 0x41, 0x80),
		"no operation":          with(28, 0, 0),
		"operation too long":    append(with(28, 0x40, 0x01), make([]byte, ledger.MaxOpSize)...),
		"operation cut short":   good[:len(good)-1],
		"more than its length":  append(bytes.Clone(good), 0),
		"length beyond the end": with(28, 0, 3),
	}
	for i := range good {
		faults["cut after "+string(rune('0'+i%10))+" of its bytes, "+hex.EncodeToString(good[:i])] = good[:i]
	}
	for name, b := range faults {
		if len(b) == 0 {
			continue
		}
		if _, _, err := parsePage(nil, append([]byte{pageLast}, b...), "abc"); !errors.Is(err, ErrAnswer) {
			t.Errorf("%s: got error %v, want %v", name, err, ErrAnswer)
		}
	}
	for name, b := range map[string][]byte{"nothing": {}, "other marker": append([]byte{2}, good...), "empty with more": {pageMore}} {
		if _, _, err := parsePage(nil, b, "abc"); !errors.Is(err, ErrAnswer) {
			t.Errorf("page: %s: got error %v, want %v", name, err, ErrAnswer)
		}
	}
	entries, more, err := parsePage(nil, append(append([]byte{pageMore}, good...), good...), "other")
	if err != nil || !more || len(entries) != 2 || entries[1].Key != "abc" || entries[1].Anchor != example.Anchor {
		t.Errorf("page of two entries: %v, %v, %v", entries, more, err)
	}
}

// FuzzPage: what is read is written again as the same bytes, and nothing else is accepted.
func FuzzPage(f *testing.F) {
	f.Add(appendEntry([]byte{pageMore}, &example), "abc")
	f.Add([]byte{pageLast}, "")
	f.Add(appendEntry(appendEntry([]byte{pageLast}, &example), &example), "other")
	f.Fuzz(func(t *testing.T, b []byte, known string) {
		entries, more, err := parsePage(nil, b, known)
		if err != nil {
			if !errors.Is(err, ErrAnswer) || errors.Is(err, ledger.ErrInvalid) {
				t.Fatalf("error of another class: %v", err)
			}
			return
		}
		again := []byte{pageLast}
		if more {
			again[0] = pageMore
		}
		for i := range entries {
			again = appendEntry(again, &entries[i])
		}
		if !bytes.Equal(again, b) {
			t.Fatalf("read %x, wrote %x", b, again)
		}
	})
}

// FuzzRefusal: a problem object that is accepted is accepted again as it is written here, and means the same.
func FuzzRefusal(f *testing.F) {
	for code, list := range statuses {
		p := &refusal{code: code, status: list[0], detail: "reason: \"quoted\" — and more", causes: []string{"a", "b-2"}}
		if code == Conflict {
			p.entry, p.length = &example, 2
		}
		f.Add(p.appendJSON(nil), p.status)
	}
	f.Add([]byte(`{"code":"conflict","length":"01"}`), 409)
	f.Add([]byte(`{"code":"clock","now":"2026-05-01T12:00:00Z","last":"2026-05-01T12:00:01Z","other":[1,{}]}`), 503)
	f.Fuzz(func(t *testing.T, b []byte, status int) {
		p, err := parseRefusal(b, status)
		if err != nil {
			if !errors.Is(err, ErrAnswer) || errors.Is(err, ledger.ErrInvalid) {
				t.Fatalf("error of another class: %v", err)
			}
			return
		}
		again, err := parseRefusal(p.appendJSON(nil), status)
		if err != nil {
			t.Fatalf("%s becomes %s: %v", b, p.appendJSON(nil), err)
		}
		if !bytes.Equal(again.appendJSON(nil), p.appendJSON(nil)) {
			t.Fatalf("%s becomes %s and then %s", b, p.appendJSON(nil), again.appendJSON(nil))
		}
	})
}

// FuzzPath: a path that is accepted is the one way to write it.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"keys/a/entries/0", "keys/a/state", "keys/a/proof/3", "entries/18446744073709551615", "last", "health", "keys//state", "keys/a/entries/01"} {
		f.Add(prefix + path)
		f.Add(path)
		f.Add(prefix + "x/" + path)
	}
	f.Add(prefix + "abc/state")
	f.Fuzz(func(t *testing.T, path string) {
		r := parsePath(path)
		again := map[kind]string{
			noResource: path, keyEntries: "keys/" + r.key + "/entries/" + number(r.number), keyState: "keys/" + r.key + "/state",
			keyProof: "keys/" + r.key + "/proof/" + number(r.number), allEntries: "entries/" + number(r.number), lastAnchor: "last", health: "health",
		}[r.kind]
		if r.kind != noResource && prefix+again != path {
			t.Fatalf("%q is read as %q", path, prefix+again)
		}
	})
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"as it is — ü": "as it is — ü",
		"a\x1b[31mb\n": "a?[31mb?",
		"a\xffb":       "a\uFFFDb",
		"a\u202eb":     "a?b",
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %q, want %q", in, got, want)
		}
	}
	for _, in := range []string{strings.Repeat("é", maxDetail), strings.Repeat("\xff", maxDetail), strings.Repeat("\xff", maxDetail+9), strings.Repeat("a", maxDetail+1)} {
		if got := plain(in); len(got) > maxDetail || !isPlain(got) {
			t.Errorf("%q becomes %q of %d bytes", in[:4], got, len(got))
		}
	}
}

func TestUnavailableText(t *testing.T) {
	for want, err := range map[string]*UnavailableError{
		"httpledger: unavailable": {},
		"httpledger: unavailable: status 503: too many: EOF, retry after 3s": {Status: 503, Code: Busy, Detail: "too many", RetryAfter: 3 * time.Second, Err: io.EOF},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
