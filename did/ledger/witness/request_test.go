package witness

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/realdid/realdid/did/ledger/proof"
)

func TestParseRequest(t *testing.T) {
	hash := proof.EmptyRoot().String()
	for name, body := range map[string]string{
		"empty":                  "",
		"no old size":            "\nnote\n",
		"old size without line":  "old 5",
		"another word":           "new 5\n\nnote\n",
		"two spaces":             "old  5\n\nnote\n",
		"leading zero":           "old 05\n\nnote\n",
		"sign":                   "old +5\n\nnote\n",
		"negative":               "old -1\n\nnote\n",
		"over 2^63-1":            "old 9223372036854775808\n\nnote\n",
		"over 64 bits":           "old 99999999999999999999\n\nnote\n",
		"no empty line":          "old 5\n" + hash + "\n",
		"no note":                "old 5\n\n",
		"malformed hash":         "old 5\nAAAA\n\nnote\n",
		"hash of 31 bytes":       "old 5\n" + strings.Repeat("A", 40) + "AA==\n\nnote\n",
		"other base64 of a hash": "old 5\n" + hash[:42] + "V=\n\nnote\n",
		"carriage return":        "old 5\r\n\r\nnote\n",
		"64 hashes":              "old 5\n" + strings.Repeat(hash+"\n", 64) + "\nnote\n",
	} {
		if r, err := ParseRequest([]byte(body)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, %v, want ErrMalformed", name, r, err)
		}
	}
	for _, n := range []int{0, 1, 63} {
		body := "old 0\n" + strings.Repeat(hash+"\n", n) + "\nnote\n\nsignature\n"
		r, err := ParseRequest([]byte(body))
		if err != nil || r.OldSize != 0 || len(r.Consistency) != n || string(r.Note) != "note\n\nsignature\n" {
			t.Errorf("%d hashes: got %+v, %v", n, r, err)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	hash := proof.EmptyRoot().String()
	f.Add([]byte("old 0\n\nnote\n"))
	f.Add([]byte("old 20852014\n" + hash + "\n" + hash + "\n\nlog\n1\n" + hash + "\n\n\u2014 log AAAAAAAA\n"))
	f.Add([]byte("old 9223372036854775807\n\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseRequest(b)
		if err != nil {
			return
		}
		if got := r.Append(nil); !bytes.Equal(got, b) {
			t.Errorf("read and written again: %q, want %q", got, b)
		}
	})
}
