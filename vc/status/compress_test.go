package status_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/vc/status"
)

func decodeText(s string, size int) (*status.Bits, error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, err
	}
	return status.InflateTokenList(b, size, 0)
}

// encoding is the JSON in one of the draft's example files.
func encoding(t *testing.T, file string) (bits int, lst string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectors.Dir(t, "token-status-list"), file))
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`\s`).ReplaceAllString(string(b[bytes.IndexByte(b, '{'):]), "")
	var v struct {
		Bits int    `json:"bits"`
		Lst  string `json:"lst"`
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v.Bits, v.Lst
}

func TestTokenListVectors(t *testing.T) {
	for _, c := range []struct {
		file string
		want []byte
	}{{"status_list_encoding_json.md", []byte{0xb9, 0xa3}}, {"status_list_encoding2_json.md", []byte{0xc9, 0x44, 0xf9}}} {
		size, lst := encoding(t, c.file)
		got, err := decodeText(lst, size)
		if err != nil {
			t.Fatal(c.file, err)
		}
		if !bytes.Equal(got.Bytes(), c.want) {
			t.Errorf("%s: got %x, want %x", c.file, got.Bytes(), c.want)
		}
	}
	b, err := os.ReadFile(filepath.Join(vectors.Dir(t, "token-status-list"), "indices-1-2-bit.json"))
	if err != nil {
		t.Fatal(err)
	}
	var indices map[string]map[string]uint64
	if err := json.Unmarshal(b, &indices); err != nil {
		t.Fatal(err)
	}
	for size, want := range indices {
		bits, lst := encoding(t, "status_list_encoding"+size+"_long_json.md")
		got, err := decodeText(lst, bits)
		if err != nil {
			t.Fatal(size, err)
		}
		if got.Len() != 1<<20 || strconv.Itoa(bits) != size {
			t.Errorf("%s bits: got %d entries of %d", size, got.Len(), bits)
		}
		set := map[string]uint64{}
		for i := range got.Len() {
			if v, _ := got.Get(i); v != 0 {
				set[strconv.FormatUint(i, 10)] = v
			}
		}
		if !maps.Equal(set, want) {
			t.Errorf("%s bits: got %v, want %v", size, set, want)
		}
	}
}

func TestBitstringVectors(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(vectors.Dir(t, "bitstring-status-list"), "bitstring.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Name        string   `json:"name"`
		StatusSize  int      `json:"statusSize"`
		Length      uint64   `json:"length"`
		Set         []uint64 `json:"set"`
		EncodedList string   `json:"encodedList"`
	}
	if err := json.Unmarshal(b, &list); err != nil || len(list) == 0 {
		t.Fatal("no vectors", err)
	}
	for _, c := range list {
		got, err := status.DecodeBitstring(c.EncodedList, c.StatusSize, 0)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		want, err := status.NewBits(msb, c.StatusSize, c.Length)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range c.Set {
			want.Set(i, 1)
		}
		if got.Len() != c.Length || !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Errorf("%s: got another list of %d entries", c.Name, got.Len())
		}
		again, err := status.EncodeBitstring(want)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := status.DecodeBitstring(again, c.StatusSize, 0); err != nil || !bytes.Equal(back.Bytes(), want.Bytes()) {
			t.Errorf("%s: our own does not come back: %v", c.Name, err)
		}
	}
}

func gzipped(data []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(data)
	w.Close()
	return out.Bytes()
}

func zlibbed(data []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	w.Write(data)
	w.Close()
	return out.Bytes()
}

func bitstringOf(gz []byte) string { return "u" + base64.RawURLEncoding.EncodeToString(gz) }

// bomb returns a deflate stream, under the header of its format, that inflates to so many MiB of zeros. Its end is not reached.
func bomb(header []byte, mib int) []byte {
	var one bytes.Buffer
	w, _ := flate.NewWriter(&one, flate.BestCompression)
	w.Write(make([]byte, 1<<20))
	w.Flush() // to whole bytes, with no last block, so that it can be repeated
	return append(bytes.Clone(header), bytes.Repeat(one.Bytes(), mib)...)
}

var (
	gzipHeader = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}
	zlibHeader = []byte{0x78, 0xda}
)

// TestBombs inflates what would take 4 GiB, and what is one byte too large.
func TestBombs(t *testing.T) {
	b := append(bomb(gzipHeader, 4096), 3, 0, 0, 0, 0, 0, 0, 0, 0, 0) // an empty last block; the size modulo 2^32 is 0, and honest
	if _, err := status.DecodeBitstring(bitstringOf(b), 1, 0); !errors.Is(err, status.ErrTooLarge) {
		t.Errorf("gzip of 4 GiB: got %v, want ErrTooLarge", err)
	}
	if _, err := status.InflateTokenList(bomb(zlibHeader, 4096), 1, 0); !errors.Is(err, status.ErrTooLarge) {
		t.Errorf("zlib of 4 GiB: got %v, want ErrTooLarge", err)
	}
	allocated := testing.AllocsPerRun(1, func() {
		if _, err := status.InflateTokenList(bomb(zlibHeader, 64), 1, 1<<20); !errors.Is(err, status.ErrTooLarge) {
			t.Errorf("got %v, want ErrTooLarge", err)
		}
	})
	if allocated > 200_000 {
		t.Errorf("got %.0f allocations", allocated)
	}
	for _, n := range []int{1000, 1001} {
		data := make([]byte, n)
		_, g := status.DecodeBitstring(bitstringOf(gzipped(data)), 1, 1000)
		_, z := status.InflateTokenList(zlibbed(data), 1, 1000)
		if want := n > 1000; errors.Is(g, status.ErrTooLarge) != want || errors.Is(z, status.ErrTooLarge) != want || !want && (g != nil || z != nil) {
			t.Errorf("%d bytes, at most 1000: got %v and %v", n, g, z)
		}
		// A size at the end that says less does not help.
		if lie := gzipped(data); n > 1000 {
			copy(lie[len(lie)-4:], []byte{0, 1, 0, 0})
			if _, err := status.DecodeBitstring(bitstringOf(lie), 1, 1000); !errors.Is(err, status.ErrTooLarge) {
				t.Errorf("got %v, want ErrTooLarge", err)
			}
		}
	}
}

func TestDamage(t *testing.T) {
	data := make([]byte, 5000)
	copy(data[1000:], "something that does not repeat itself")
	g, z := gzipped(data), zlibbed(data)
	refusedG := func(name string, b []byte) {
		t.Helper()
		if _, err := status.DecodeBitstring(bitstringOf(b), 1, 0); err == nil {
			t.Errorf("gzip, %s: no error", name)
		}
	}
	refusedZ := func(name string, b []byte) {
		t.Helper()
		if _, err := status.InflateTokenList(b, 1, 0); !errors.Is(err, status.ErrCompressed) {
			t.Errorf("zlib, %s: got %v, want ErrCompressed", name, err)
		}
	}
	for n := range len(g) {
		refusedG("cut off after "+strconv.Itoa(n), g[:n])
	}
	for n := range len(z) {
		refusedZ("cut off after "+strconv.Itoa(n), z[:n])
	}
	small := gzipped(nil)
	refusedG("two members", append(bytes.Clone(g), small...))
	refusedG("two members, the first empty", append(bytes.Clone(small), g...))
	refusedG("a byte after the end", append(bytes.Clone(g), 0))
	refusedZ("a byte after the end", append(bytes.Clone(z), 0))
	refusedZ("two", append(bytes.Clone(z), z...))
	for i := len(g) - 8; i < len(g); i++ {
		bad := bytes.Clone(g)
		bad[i] ^= 1
		refusedG("another checksum or size", bad)
	}
	for i := len(z) - 4; i < len(z); i++ {
		bad := bytes.Clone(z)
		bad[i] ^= 1
		refusedZ("another checksum", bad)
	}
	refusedG("zlib", z)
	refusedZ("gzip", g)
	refusedZ("a dictionary", append([]byte{0x78, 0xbb, 0, 0, 0, 1}, z[2:]...))
	if _, err := status.InflateTokenList(z, 3, 0); !errors.Is(err, status.ErrRange) {
		t.Errorf("entries of 3 bits: got %v, want ErrRange", err)
	}
}

func TestEncodedListSyntax(t *testing.T) {
	good := bitstringOf(gzipped(make([]byte, 100)))
	for name, s := range map[string]string{
		"empty": "", "no multibase": good[1:], "another multibase": "z" + good[1:], "upper case": "U" + good[1:], "padding": good + "==", "line end": good + "\n",
		"line end within": good[:10] + "\r\n" + good[10:], "a space": good[:10] + " " + good[10:], "standard alphabet": strings.NewReplacer("-", "+", "_", "/").Replace(good),
		"only u": "u",
	} {
		if _, err := status.DecodeBitstring(s, 1, 0); err == nil && s != good {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := status.DecodeBitstring(good, 1, 0); err != nil {
		t.Error(err)
	}
	if _, err := status.EncodeBitstring(bits(t, lsb, 1, 0)); err == nil {
		t.Error("a Token Status List was encoded as a Bitstring Status List")
	}
	if _, err := status.DeflateTokenList(bits(t, msb, 1, 0)); err == nil {
		t.Error("a Bitstring Status List was encoded as a Token Status List")
	}
}

func FuzzDecodeBitstring(f *testing.F) {
	f.Add(bitstringOf(gzipped(make([]byte, 16384))), 1)
	f.Add("uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA", 2)
	f.Fuzz(func(t *testing.T, s string, size int) {
		b, err := status.DecodeBitstring(s, size, 1<<16)
		if err != nil {
			return
		}
		if len(b.Bytes()) > 1<<16 {
			t.Errorf("got %d bytes, want at most 65536", len(b.Bytes()))
		}
		again, err := status.EncodeBitstring(b)
		if err != nil {
			t.Fatal(err)
		}
		back, err := status.DecodeBitstring(again, size, 1<<16)
		if err != nil || !bytes.Equal(back.Bytes(), b.Bytes()) {
			t.Errorf("it does not come back: %v", err)
		}
	})
}

func FuzzInflateTokenList(f *testing.F) {
	f.Add(zlibbed([]byte{0xb9, 0xa3}), 1)
	f.Add(zlibbed([]byte{0xc9, 0x44, 0xf9}), 2)
	f.Fuzz(func(t *testing.T, lst []byte, size int) {
		b, err := status.InflateTokenList(lst, size, 1<<16)
		if err != nil {
			return
		}
		again, err := status.DeflateTokenList(b)
		if err != nil {
			t.Fatal(err)
		}
		back, err := status.InflateTokenList(again, size, 1<<16)
		if err != nil || !bytes.Equal(back.Bytes(), b.Bytes()) {
			t.Errorf("it does not come back: %v", err)
		}
	})
}
