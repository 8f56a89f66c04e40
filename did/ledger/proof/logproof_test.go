package proof

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestLogProof(t *testing.T) {
	w := newWorld(false)
	w.append(9)
	_, cp := w.seal(now)
	leaf := EntryLeaf{Index: 4, Time: now.Unix() - 60, Key: "k4", Op: []byte("op")}.Append(nil)
	p := &LogProof{Index: 4, Path: must(InclusionPath(w.tree, 4, cp.Size)), Checkpoint: w.sign(cp, now, "w1", "w2", "a1")}
	for _, extra := range [][]byte{nil, []byte("extra")} {
		p.Extra = extra
		text := p.Append(nil)
		back, err := ParseLogProof(text)
		if err != nil || !reflect.DeepEqual(back, p) || string(back.Append(nil)) != string(text) {
			t.Fatalf("ParseLogProof: got %+v, %v, want %+v", back, err, p)
		}
		v, err := back.Verify(w.trust, leaf, now)
		if err != nil || v.Size != cp.Size {
			t.Fatalf("Verify: got %+v, %v", v, err)
		}
		if _, err := back.Verify(w.trust, append(leaf, 'x'), now); !errors.Is(err, ErrInvalid) {
			t.Errorf("Verify of another leaf: got %v, want ErrInvalid", err)
		}
		back.Index++
		if _, err := back.Verify(w.trust, leaf, now); !errors.Is(err, ErrInvalid) {
			t.Errorf("Verify at another index: got %v, want ErrInvalid", err)
		}
	}
	p.Checkpoint = w.sign(cp, now, "w1", "a1")
	if _, err := p.Verify(w.trust, leaf, now); !errors.Is(err, ErrQuorum) {
		t.Errorf("Verify without a quorum: got %v, want ErrQuorum", err)
	}
}

// The example of C2SP tlog-proof, with its signatures, which are abridged there, left out.
const specLogProof = `c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

`

func TestParseLogProof(t *testing.T) {
	p, err := ParseLogProof([]byte(specLogProof))
	if err != nil || p.Index != 73894 || len(p.Path) != 2 || string(p.Extra) != "age-v1.2.1-darwin-arm64.tar.gz" || string(p.Append(nil)) != specLogProof {
		t.Fatalf("ParseLogProof: got %+v, %v", p, err)
	}
	edit := func(old, new string) string { return strings.Replace(specLogProof, old, new, 1) }
	for name, s := range map[string]string{
		"empty":              "",
		"header alone":       "c2sp.org/tlog-proof@v1\n\nnote",
		"other version":      edit("@v1", "@v2"),
		"no checkpoint":      specLogProof[:strings.Index(specLogProof, "\n\n")+2],
		"no index":           edit("index 73894\n", ""),
		"index with zero":    edit("index 7", "index 07"),
		"index with sign":    edit("index 7", "index +7"),
		"index of 2^63":      edit("index 73894", "index 9223372036854775808"),
		"index, two spaces":  edit("index ", "index  "),
		"empty extra":        edit("extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6", "extra "),
		"malformed extra":    edit("extra Y", "extra *"),
		"long extra":         edit("extra YWdl", "extra "+strings.Repeat("YWdl", maxExtraSize/3+1)),
		"extra after index":  edit("index 73894\n", "index 73894\nextra YWdl\n"),
		"malformed hash":     edit("gSKy", "gSK*"),
		"carriage return":    edit("73894\n", "73894\r\n"),
		"too many hashes":    edit("gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n", strings.Repeat("gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n", 65)),
		"too long":           specLogProof + strings.Repeat("a", MaxNoteSize+2*maxExtraSize),
		"line before":        "\n" + specLogProof,
		"index line missing": "c2sp.org/tlog-proof@v1\nextra YWdl\n\nnote",
	} {
		if p, err := ParseLogProof([]byte(s)); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseLogProof, %s: got %+v, %v, want ErrInvalid", name, p, err)
		}
	}
}
