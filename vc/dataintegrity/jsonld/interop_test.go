package jsonld_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// peer is jsonld.js in a node process.
type peer struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
}

// newPeer starts node, or skips where it or the packages are missing; with REALDID_INTEROP=1 that is a failure.
func newPeer(t *testing.T) *peer {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("REALDID_INTEROP") == "1" {
		missing = t.Fatalf
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing("node is not installed")
	}
	if _, err := os.Stat(filepath.Join("..", "interop", "node_modules", "jsonld")); err != nil {
		missing("no npm packages: run npm install in vc/dataintegrity/interop")
	}
	cmd := exec.Command(node, filepath.Join("interop", "peer.mjs"))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("node: %v", err)
		}
	})
	s := bufio.NewScanner(out)
	s.Buffer(nil, 16<<20)
	return &peer{t: t, in: in, out: s}
}

// canonical returns the canonical N-Quads of a document, or why jsonld.js refuses it.
func (p *peer) canonical(doc []byte, contexts map[string]string) (nquads, refused string) {
	p.t.Helper()
	line, err := json.Marshal(map[string]any{"doc": string(doc), "contexts": contexts})
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		p.t.Fatal(err)
	}
	if !p.out.Scan() {
		p.t.Fatalf("node ended: %v", p.out.Err())
	}
	var answer struct{ NQ, Err string }
	if err := json.Unmarshal(p.out.Bytes(), &answer); err != nil {
		p.t.Fatal(err)
	}
	return answer.NQ, answer.Err
}

// once leaves out lines that repeat: jsonld.js writes a statement twice if it was made from a number with and without a type.
func once(nquads string) string {
	return strings.Join(slices.Compact(strings.SplitAfter(nquads, "\n")), "")
}

// What both accept means the same to both. Set REALDID_JSONLD_DOCUMENTS to compare another number of documents than 500.
func TestAgreesWithJSONLDJS(t *testing.T) {
	p := newPeer(t)
	contexts := generatedContexts(t)
	texts := map[string]string{}
	for url, b := range generated {
		texts[url] = string(b)
	}
	n := uint64(500)
	if s := os.Getenv("REALDID_JSONLD_DOCUMENTS"); s != "" {
		var err error
		if n, err = strconv.ParseUint(s, 10, 32); err != nil {
			t.Fatal(err)
		}
	}
	var both, onlyWe, onlyIt, none uint64
	for seed := range n {
		doc := newGenerator(seed, false).document()
		got, err := contexts.ToRDF(doc)
		want, refused := p.canonical(doc, texts)
		switch {
		case err != nil && refused != "":
			none++
		case err != nil:
			onlyIt++
		case refused != "":
			onlyWe++
		default:
			both++
			if got := canonical(t, got); got != once(want) {
				t.Errorf("%d: %s\ngot\n%swant\n%s", seed, doc, got, want)
			}
		}
	}
	t.Logf("both accept %d, only we %d, only jsonld.js %d, neither %d", both, onlyWe, onlyIt, none)
	if both < n/5 || onlyWe > n/200 {
		t.Errorf("got %d accepted by both and %d by us only, of %d; want a fifth, and hardly any", both, onlyWe, n)
	}
}
