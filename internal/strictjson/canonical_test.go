package strictjson_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/internal/vectors"
)

func TestJCSVectors(t *testing.T) {
	dir := vectors.Dir(t, "jcs")
	inputs, err := filepath.Glob(filepath.Join(dir, "input", "*.json"))
	if err != nil || len(inputs) == 0 {
		t.Fatalf("got %d input files (%v), want some", len(inputs), err)
	}
	for _, path := range inputs {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		v := parse(t, read(t, path))
		got := string(strictjson.AppendCanonical(nil, v))
		if want := read(t, filepath.Join(dir, "output", name+".json")); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		hexText := strings.Join(strings.Fields(read(t, filepath.Join(dir, "outhex", name+".txt"))), "")
		if want, err := hex.DecodeString(hexText); err != nil || got != string(want) {
			t.Errorf("%s: got %x, want %x (%v)", name, got, want, err)
		}
		if c, err := strictjson.Canonical(v.Interface()); err != nil || string(c) != got {
			t.Errorf("%s: Canonical of the Go value: got %s, %v; want %s", name, c, err, got)
		}
	}
}

func TestES6NumberTables(t *testing.T) {
	dir := vectors.Dir(t, "jcs")
	sums := map[string]bool{}
	for line := range strings.Lines(read(t, filepath.Join(dir, "es6-checksums.txt"))) {
		if _, sum, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			sums[sum] = true
		}
	}
	tables, err := filepath.Glob(filepath.Join(dir, "es6-numbers-*.txt"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("got %d tables (%v), want some", len(tables), err)
	}
	for _, path := range tables {
		table := read(t, path)
		var written strings.Builder
		for line := range strings.Lines(table) {
			bitsHex, want, _ := strings.Cut(strings.TrimSpace(line), ",")
			bits, err := strconv.ParseUint(bitsHex, 16, 64)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			got, err := strictjson.AppendNumber(nil, math.Float64frombits(bits))
			if err != nil || string(got) != want {
				t.Errorf("%s: got %s (%v), want %s", bitsHex, got, err, want)
			}
			if again := strictjson.AppendCanonical(nil, parse(t, want)); string(again) != want {
				t.Errorf("%s read and written again: got %s", want, again)
			}
			written.WriteString(bitsHex + "," + string(got) + "\n")
		}
		if sum := sha256.Sum256([]byte(written.String())); !sums[hex.EncodeToString(sum[:])] {
			t.Errorf("%s: checksum %x is not among the published ones", filepath.Base(path), sum)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCanonicalNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "-0.0": "0", "0e5": "0", "1.0": "1", "-1": "-1", "1E2": "100", "1e21": "1e+21", "1e20": "100000000000000000000",
		"0.000001": "0.000001", "0.0000001": "1e-7", "-1e-7": "-1e-7", "123456789012345": "123456789012345",
		"9007199254740993": "9007199254740992", "333333333.33333329": "333333333.3333333", "1e-400": "0",
		"1.7976931348623157e308": "1.7976931348623157e+308", "4.5": "4.5", "2e-3": "0.002",
	} {
		if got := string(strictjson.AppendCanonical(nil, parse(t, in))); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
		if got, err := strictjson.Canonical(json.Number(in)); err != nil || string(got) != want {
			t.Errorf("json.Number %s: got %s (%v), want %s", in, got, err, want)
		}
	}
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if got, err := strictjson.AppendNumber(nil, f); err == nil {
			t.Errorf("%v: got %s, want an error", f, got)
		}
	}
}

func TestCanonicalStrings(t *testing.T) {
	in := `"\u0000\b\t\n\f\r\u001f\"\\\/\u007f\u20ac\ud83d\ude00<>&` + "\u2028" + `"`
	want := `"\u0000\b\t\n\f\r\u001f\"\\/` + "\x7f€😀<>&\u2028" + `"`
	if got := string(strictjson.AppendCanonical(nil, parse(t, in))); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(strictjson.AppendString([]byte("x"), "a\n\xff\xfeb")), `x"a\n`+"\ufffd"+`b"`; got != want {
		t.Errorf("invalid UTF-8: got %s, want %s", got, want)
	}
}

// The order is that of UTF-16 code units, where U+1F600 (D83D DE00) comes before U+FB33 and U+E000.
func TestMemberOrder(t *testing.T) {
	in := `{"\ufb33":1,"\ud83d\ude00":2,"\u20ac":3,"\r":4,"1":5,"\u0080":6,"\u00f6":7,"\ue000":8,"\ud7ff":9,"a":10,"":11,"ab":12}`
	want := "{\"\":11,\"\\r\":4,\"1\":5,\"a\":10,\"ab\":12,\"\u0080\":6,\"ö\":7,\"€\":3,\"\ud7ff\":9,\"😀\":2,\"\ue000\":8,\"\ufb33\":1}"
	v := parse(t, in)
	if got := string(strictjson.AppendCanonical(nil, v)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, err := strictjson.Canonical(v.Interface()); err != nil || string(got) != want {
		t.Errorf("from the Go value: got %s (%v), want %s", got, err, want)
	}
	if v.Members()[0].Name != "\ufb33" {
		t.Error("writing the canonical form changed the order of the parsed members")
	}
}

func TestCanonicalGoValues(t *testing.T) {
	x := map[string]any{
		"list":  []any{nil, true, 1, int8(2), uint64(3), 1.5, json.Number("1e2"), "s", []string{"b", "a"}},
		"map":   map[string]string{"b": "2", "a": "1"},
		"value": parse(t, `{"z":1, "y":[ ]}`),
	}
	want := `{"list":[null,true,1,2,3,1.5,100,"s",["b","a"]],"map":{"a":"1","b":"2"},"value":{"y":[],"z":1}}`
	if got, err := strictjson.Canonical(x); err != nil || string(got) != want {
		t.Errorf("got %s (%v), want %s", got, err, want)
	}
	loop := map[string]any{}
	loop["self"] = loop
	for name, bad := range map[string]any{
		"type": struct{}{}, "UTF-8": "\xff", "name UTF-8": map[string]any{"\xff": 1}, "int": int64(1) << 53, "uint": uint64(1) << 60,
		"NaN": math.NaN(), "json.Number": json.Number("0x1"), "json.Number empty": json.Number(""), "json.Number long": json.Number("1 "),
		"loop": loop, "in list": []any{[]any{math.Inf(1)}},
	} {
		if got, err := strictjson.Canonical(bad); err == nil {
			t.Errorf("%s: got %s, want an error", name, got)
		}
	}
}
