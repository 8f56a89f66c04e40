package cose_test

import (
	"bytes"
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/cose"
	"github.com/realdid/realdid/vc/internal/vectortest"
)

// TestStatusInClaimsIsNotPassedOver: a CWT refers to a Token Status List by the claim 65535 (draft-ietf-oauth-status-list-20, section
// 6.3), and a verifier without lists cannot tell that the credential is valid.
func TestStatusInClaimsIsNotPassedOver(t *testing.T) {
	for name, c := range map[string]struct {
		value any
		want  vc.StatusReference
	}{
		"reference":    {labels{"status_list": labels{"idx": 7, "uri": "https://lists.example/1"}}, vc.StatusReference{Mechanism: vc.TokenStatusList, URI: "https://lists.example/1", Index: 7}},
		"another kind": {labels{"other": 1}, vc.StatusReference{}},
		"negative":     {labels{"status_list": labels{"idx": -7, "uri": "https://lists.example/1"}}, vc.StatusReference{}},
		"beyond int64": {labels{"status_list": labels{"idx": uint64(math.MaxUint64), "uri": "https://lists.example/1"}}, vc.StatusReference{}},
		"no uri":       {labels{"status_list": labels{"idx": 7}}, vc.StatusReference{}},
		"not a map":    {true, vc.StatusReference{}},
		"empty":        {labels{}, vc.StatusReference{}},
	} {
		f := newForgery(t)
		f.presentation = nil
		f.credential.cwt[65535] = c.value
		b, err := hex.DecodeString(f.text())
		if err != nil {
			t.Fatal(err)
		}
		setting := vectortest.NewSetting(t)
		_, _, err = setting.Verifier(t).Verify(t.Context(), cose.Received(b, nil), vectortest.Bare().Policy(t))
		if vc.Code(err) != "vc.status.unchecked" && (name != "beyond int64" || vc.Code(err) != "cose.syntax") {
			t.Errorf("%s: got %v, want vc.status.unchecked", name, err)
			continue
		}
		p, err := cose.Received(b, nil).Open()
		if err != nil {
			continue
		}
		d, err := p.Disclose()
		if err != nil || !d.HasStatus {
			t.Errorf("%s: got no status, %v", name, err)
		}
		if c.want.Mechanism != 0 && (len(d.Status) != 1 || d.Status[0].URI != c.want.URI || d.Status[0].Index != c.want.Index || d.Status[0].Mechanism != c.want.Mechanism) {
			t.Errorf("%s: got %v, want %v", name, d.Status, c.want)
		}
	}
}

// TestTypesOfOthers: a message of any other type is no credential, however its type is written.
func TestTypesOfOthers(t *testing.T) {
	setting := vectortest.NewSetting(t)
	for _, typ := range []any{
		nil, "vc+cose", "application/VC+COSE", "application/vc+cose;x=1", " application/vc+cose", "application/vp+cose", "application/statuslist+cwt", "application/vc+jwt",
		"application/vc+sd-jwt", "application/cwt", 61, []byte("application/vc+cose"),
	} {
		f := newForgery(t)
		f.presentation = nil
		put(f.credential.protected, 16, typ)
		b, err := hex.DecodeString(f.text())
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := setting.Verifier(t).Verify(t.Context(), cose.Received(b, nil), vectortest.Bare().Policy(t)); err == nil {
			t.Errorf("accepted as the type %v", typ)
		}
	}
}

// TestLargeMessages gives parsers one megabyte of whatever is slowest. There is no clock: a test that hangs is one that fails.
func TestLargeMessages(t *testing.T) {
	many := func(n int, v func(i int) any) labels {
		m := labels{}
		for i := range n {
			m[v(i)] = 0
		}
		return m
	}
	for name, change := range map[string]func(f *forged){
		"numbers as labels": func(f *forged) { f.unprotected = many(100_000, func(i int) any { return i + 1000 }) },
		"texts as labels": func(f *forged) {
			f.unprotected = many(60_000, func(i int) any {
				return strings.Repeat("x", i%9) + string(rune('a'+i%20)) + hex.EncodeToString([]byte{byte(i), byte(i >> 8)})
			})
		},
		"claims": func(f *forged) { f.cwt = many(100_000, func(i int) any { return i + 1000 }) },
		"NaN as claims": func(f *forged) {
			f.bucket = append([]byte{0xa2, 0x01, 0x27, 0x0f, 0xb9, 0xff, 0xff}, bytes.Repeat([]byte{0xf9, 0x7e, 0, 0}, 0xffff)...)
		},
		"bytes as claims": func(f *forged) { f.cwt = labels{cbor.ByteString("x"): 1} },
		"audiences":       func(f *forged) { f.cwt[3] = strings.Split(strings.Repeat("x,", 200_000)+"x", ",") },
		"depth":           func(f *forged) { f.bucket = bytes.Repeat([]byte{0x81}, 900_000) },
	} {
		f := newForgery(t)
		f.presentation = nil
		change(&f.credential)
		b, err := hex.DecodeString(f.text())
		if err != nil {
			t.Fatal(err)
		}
		if p, err := cose.Received(b, nil).Open(); err == nil {
			_, _ = p.Disclose()
		} else if vc.Code(err) == "" {
			t.Errorf("%s: got %v, want a fault", name, err)
		}
	}
}
