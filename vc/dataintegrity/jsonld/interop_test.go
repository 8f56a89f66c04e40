package jsonld_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/nodepeer"
)

// peer is jsonld.js in a node process.
type peer struct {
	t *testing.T
	*nodepeer.Peer
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	node := nodepeer.Node(t, filepath.Join("..", "interop"), "jsonld")
	return &peer{t, nodepeer.Run(t, node, filepath.Join("interop", "peer.mjs"))}
}

// canonical returns the canonical N-Quads of a document, or why jsonld.js refuses it.
func (p *peer) canonical(doc []byte, contexts map[string]string) (nquads, refused string) {
	p.t.Helper()
	var answer struct{ NQ, Err string }
	p.Ask(p.t, map[string]any{"doc": string(doc), "contexts": contexts}, &answer)
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
