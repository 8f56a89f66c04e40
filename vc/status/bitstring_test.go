package status_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/status"
	"github.com/realdid/realdid/vc/vcdm"
)

func minimal(tb testing.TB, size int) *status.Bits {
	tb.Helper()
	b, err := status.NewBits(msb, size, status.MinEntries)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// TestCredential compares with the example of section 2.2.
func TestCredential(t *testing.T) {
	l := &status.BitstringList{
		URL: "https://example.com/credentials/status/3", Purposes: []string{status.Revocation}, ValidFrom: time.Date(2021, 4, 5, 14, 27, 40, 0, time.UTC),
		Bits: minimal(t, 1),
	}
	m, err := l.Credential("did:example:12345")
	if err != nil {
		t.Fatal(err)
	}
	subject := m["credentialSubject"].(map[string]any)
	encoded := subject["encodedList"].(string)
	delete(subject, "encodedList")
	got, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"@context":["https://www.w3.org/ns/credentials/v2"],"credentialSubject":{"id":"https://example.com/credentials/status/3#list","statusPurpose":"revocation","type":"BitstringStatusList"},"id":"https://example.com/credentials/status/3","issuer":"did:example:12345","type":["VerifiableCredential","BitstringStatusListCredential"],"validFrom":"2021-04-05T14:27:40Z"}`
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// The list of the example, which another encoder wrote.
	for _, s := range []string{encoded, "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"} {
		if b, err := status.DecodeBitstring(s, 1, 0); err != nil || !bytes.Equal(b.Bytes(), l.Bits.Bytes()) {
			t.Errorf("%s: got %v", s, err)
		}
	}
}

// TestCredentialModel has every property, and is a credential by the data model.
func TestCredentialModel(t *testing.T) {
	l := &status.BitstringList{
		URL: listURI, Purposes: []string{status.Message, "lost"}, ValidFrom: now, ValidUntil: now.Add(time.Hour), TTL: 5 * time.Minute,
		Messages: map[uint64]string{0: "a", 1: "b", 2: "c", 3: "undefined"}, Bits: minimal(t, 2),
	}
	m, err := l.Credential("did:example:12345")
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vcdm.ParseCredentialJSON(b); err != nil {
		t.Errorf("got %v for %s", err, b)
	}
	for _, part := range []string{
		`"ttl":300000`, `"statusSize":2`, `"statusPurpose":["message","lost"]`, `"validUntil":"2026-11-01T13:00:00Z"`,
		`"statusMessages":[{"message":"a","status":"0x0"},{"message":"b","status":"0x1"},{"message":"c","status":"0x2"},{"message":"undefined","status":"0x3"}]`,
	} {
		if !strings.Contains(string(b), part) {
			t.Errorf("got no %s in %s", part, b)
		}
	}
}

func TestCredentialRefuses(t *testing.T) {
	for name, change := range map[string]func(*status.BitstringList){
		"no URL":                func(l *status.BitstringList) { l.URL = "" },
		"relative URL":          func(l *status.BitstringList) { l.URL = "/1" },
		"no purpose":            func(l *status.BitstringList) { l.Purposes = nil },
		"empty purpose":         func(l *status.BitstringList) { l.Purposes = []string{status.Revocation, ""} },
		"no entries":            func(l *status.BitstringList) { l.Bits = nil },
		"too few entries":       func(l *status.BitstringList) { l.Bits = bits(t, msb, 1, make([]byte, status.MinEntries/8-1)...) },
		"the other order":       func(l *status.BitstringList) { l.Bits = bits(t, lsb, 1, make([]byte, status.MinEntries/8)...) },
		"ends before it begins": func(l *status.BitstringList) { l.ValidFrom, l.ValidUntil = now, now },
		"ttl below 0":           func(l *status.BitstringList) { l.TTL = -time.Millisecond },
		"ttl of a microsecond":  func(l *status.BitstringList) { l.TTL = time.Microsecond },
		"message, no messages":  func(l *status.BitstringList) { l.Purposes = []string{status.Message} },
		"messages, not message": func(l *status.BitstringList) { l.Messages = map[uint64]string{0: "a", 1: "b"} },
		"too few messages": func(l *status.BitstringList) {
			l.Purposes, l.Messages = []string{status.Message}, map[uint64]string{0: "a"}
		},
		"a message for no value": func(l *status.BitstringList) {
			l.Purposes, l.Messages = []string{status.Message}, map[uint64]string{0: "a", 2: "b"}
		},
	} {
		l := &status.BitstringList{URL: listURI, Purposes: []string{status.Revocation}, Bits: minimal(t, 1)}
		change(l)
		if _, err := l.Credential("did:example:a"); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	l := &status.BitstringList{URL: listURI, Purposes: []string{status.Revocation}, Bits: minimal(t, 1)}
	if _, err := l.Credential("nobody"); err == nil {
		t.Error("an issuer that is no URL: no error")
	}
}

// TestEntry makes entries that the data model reads as they were meant.
func TestEntry(t *testing.T) {
	messages := map[uint64]string{0: "a", 1: "b", 2: "c", 3: "d"}
	for _, e := range []status.BitstringEntry{
		{List: listURI, Index: 0, Purpose: status.Revocation},
		{List: listURI, Index: 1<<64 - 1, Purpose: status.Suspension, Size: 1, NoID: true},
		{List: listURI, Index: 94567, Purpose: status.Message, Size: 2, Messages: messages, Reference: []string{"https://example.org/status-dictionary/"}},
		{List: listURI, Index: 1, Purpose: status.Message, Messages: map[uint64]string{0: "a", 1: "b"}, Reference: []string{"https://a.example", "https://b.example"}},
	} {
		m, err := e.Claim()
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(map[string]any{
			"@context": []string{vcdm.ContextV2}, "type": []string{"VerifiableCredential"}, "issuer": "did:example:a", "credentialSubject": map[string]any{"id": "did:example:b"},
			"credentialStatus": m,
		})
		if err != nil {
			t.Fatal(err)
		}
		c, err := vcdm.ParseCredentialJSON(b)
		if err != nil || len(c.Status) != 1 {
			t.Errorf("got %v for %s", err, b)
			continue
		}
		got := c.Status[0]
		if got.Mechanism != vc.BitstringStatusList || got.URI != e.List || got.Index != e.Index || got.Purpose != e.Purpose || got.Size != max(e.Size, 1) || len(got.Messages) != len(e.Messages) {
			t.Errorf("got %+v, want %+v", got, e)
		}
		if _, ok := m["id"]; ok == e.NoID || m["id"] == e.List {
			t.Errorf("got id %v", m["id"])
		}
	}
	for name, e := range map[string]status.BitstringEntry{
		"no list":          {Purpose: status.Revocation},
		"no purpose":       {List: listURI},
		"size below 0":     {List: listURI, Purpose: status.Revocation, Size: -1},
		"size of 9":        {List: listURI, Purpose: status.Revocation, Size: 9},
		"no messages":      {List: listURI, Purpose: status.Message, Size: 2},
		"too few messages": {List: listURI, Purpose: status.Message, Size: 2, Messages: map[uint64]string{0: "a", 1: "b"}},
	} {
		if _, err := e.Claim(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if b, err := json.Marshal(status.TokenStatus(listURI, 1<<53+1)); err != nil || string(b) != `{"status_list":{"idx":9007199254740993,"uri":"https://lists.example/1"}}` {
		t.Errorf("got %s, %v", b, err)
	}
}

// TestMeaning is the whole table.
func TestMeaning(t *testing.T) {
	type row struct {
		mechanism vc.StatusMechanism
		purpose   string
		value     uint64
		want      vc.StatusMeaning
	}
	rows := []row{{0, "", 0, vc.StatusOther}, {3, "", 0, vc.StatusOther}}
	for v, want := range []vc.StatusMeaning{vc.StatusValid, vc.StatusRevoked, vc.StatusSuspended} {
		rows = append(rows, row{vc.TokenStatusList, "", uint64(v), want})
	}
	for v := uint64(3); v < 256; v++ {
		rows = append(rows, row{vc.TokenStatusList, "", v, vc.StatusOther})
	}
	for purpose, want := range map[string][3]vc.StatusMeaning{
		status.Revocation: {vc.StatusValid, vc.StatusRevoked, vc.StatusRevoked},
		status.Suspension: {vc.StatusValid, vc.StatusSuspended, vc.StatusSuspended},
		status.Message:    {vc.StatusMessage, vc.StatusMessage, vc.StatusMessage},
		status.Refresh:    {vc.StatusValid, vc.StatusMessage, vc.StatusMessage},
		"lost":            {vc.StatusValid, vc.StatusOther, vc.StatusOther},
	} {
		for v, m := range want {
			rows = append(rows, row{vc.BitstringStatusList, purpose, uint64(v), m})
		}
	}
	for _, r := range rows {
		if got := status.Meaning(vc.StatusReference{Mechanism: r.mechanism, Purpose: r.purpose}, r.value); got != r.want {
			t.Errorf("%v, %q, %d: got %v, want %v", r.mechanism, r.purpose, r.value, got, r.want)
		}
	}
}

func TestAggregation(t *testing.T) {
	in := []string{"https://example.com/statuslists/1", "https://example.com/statuslists/2"}
	b, err := status.Aggregation(in)
	if err != nil || string(b) != `{"status_lists":["https://example.com/statuslists/1","https://example.com/statuslists/2"]}` {
		t.Errorf("got %s, %v", b, err)
	}
	out, err := status.ParseAggregation(b)
	if err != nil || len(out) != 2 || out[0] != in[0] || out[1] != in[1] {
		t.Errorf("got %v, %v", out, err)
	}
	if out, err := status.ParseAggregation([]byte(`{"status_lists":[],"more":1}`)); err != nil || len(out) != 0 {
		t.Errorf("got %v, %v", out, err)
	}
	many := `{"status_lists":["a:b"` + strings.Repeat(`,"a:b"`, 10_000) + `]}`
	for _, s := range []string{``, `[]`, `{}`, `{"status_lists":{}}`, `{"status_lists":[1]}`, `{"status_lists":["/1"]}`, `{"status_lists":[],"status_lists":[]}`, many} {
		if _, err := status.ParseAggregation([]byte(s)); err == nil {
			t.Errorf("%.40s: no error", s)
		}
	}
	if _, err := status.Aggregation([]string{"x"}); err == nil {
		t.Error("a relative URI: no error")
	}
	if _, err := status.Aggregation(make([]string, 10_001)); err == nil {
		t.Error("too many: no error")
	}
}

func FuzzParseAggregation(f *testing.F) {
	f.Add([]byte(`{"status_lists":["https://example.com/statuslists/1"]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		uris, err := status.ParseAggregation(b)
		if err != nil {
			return
		}
		again, err := status.Aggregation(uris)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := status.ParseAggregation(again); err != nil || len(back) != len(uris) {
			t.Errorf("it does not come back: %v", err)
		}
	})
}

func FuzzBitstringClaims(f *testing.F) {
	f.Add([]byte(`{"id":"https://a.example","type":["VerifiableCredential","BitstringStatusListCredential"],"credentialSubject":{"type":"BitstringStatusList","statusPurpose":["message"],"encodedList":"u","ttl":5,"statusSize":1,"statusMessages":[{"status":"0x0","message":"a"},{"status":"0x1","message":"b"}]}}`))
	f.Add([]byte(`{"type":"BitstringStatusListCredential","credentialSubject":[{"type":["BitstringStatusList"],"statusPurpose":"revocation","encodedList":"u"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		var m map[string]any
		if d.Decode(&m) != nil {
			return
		}
		if err := status.ReadBitstring(m); err != nil && vc.Code(err) != "status.bitstring.claims" {
			t.Errorf("got %v", err)
		}
	})
}

// FuzzIssuerList opens whatever stands in a file.
func FuzzIssuerList(f *testing.F) {
	path := filepath.Join(f.TempDir(), "list")
	l, err := status.CreateList(path, status.ListOptions{Mechanism: vc.TokenStatusList, Entries: 8})
	if err != nil {
		f.Fatal(err)
	}
	l.Close()
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := status.Load(&lossyDisk{cached: b, synced: bytes.Clone(b)}, int64(len(b)))
		if err != nil {
			return
		}
		if _, err := l.Allocate(1); err != nil && !errors.Is(err, status.ErrFull) {
			t.Error(err)
		}
	})
}
