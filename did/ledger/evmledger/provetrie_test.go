package evmledger

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/ethdb/memorydb"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/ethereum/go-ethereum/trie"
	"github.com/ethereum/go-ethereum/triedb"

	"github.com/realdid/realdid/did/ledger/proof"
)

// nodeList takes the nodes of a proof in the order in which they are found, as eth_getProof answers them.
type nodeList [][]byte

func (n *nodeList) Put(_, value []byte) error {
	*n = append(*n, value)
	return nil
}

func (n *nodeList) Delete([]byte) error { panic("not called") }

// testTrie is a trie of go-ethereum whose keys are hashed.
type testTrie struct{ *trie.Trie }

func newTrie() testTrie {
	return testTrie{trie.NewEmpty(triedb.NewDatabase(rawdb.NewMemoryDatabase(), nil))}
}

func (t testTrie) put(key, value []byte) { t.MustUpdate(crypto.Keccak256(key), value) }

func (t testTrie) prove(tb testing.TB, key []byte) [][]byte {
	tb.Helper()
	var n nodeList
	if err := t.Prove(crypto.Keccak256(key), &n); err != nil {
		tb.Fatal(err)
	}
	return n
}

func word(i uint64) []byte { return common.BigToHash(new(big.Int).SetUint64(i)).Bytes() }

// TestLookup compares lookup with go-ethereum's own trie, over tries of every size from none to some hundreds, and with short values, which
// are written into the node above.
func TestLookup(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for size := range 300 {
		tr := newTrie()
		for i := range size {
			tr.put(word(uint64(i)), rlpWord(uint64(r.IntN(200)+1)))
		}
		root := tr.Hash()
		for range 20 {
			key := word(uint64(r.IntN(size + 10)))
			want := tr.MustGet(crypto.Keccak256(key))
			nodes := tr.prove(t, key)
			got, err := lookup(root, key, nodes)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("size %d: got %x, %v, want %x", size, got, err, want)
			}
			if len(nodes) == 0 {
				continue
			}
			refuse(t, "a node left out", root, key, slices.Delete(slices.Clone(nodes), len(nodes)-1, len(nodes)))
			refuse(t, "a node twice", root, key, append(slices.Clone(nodes), nodes[len(nodes)-1]))
			refuse(t, "another root", common.Hash{1}, key, nodes)
			i := r.IntN(len(nodes))
			bad := slices.Clone(nodes)
			bad[i] = bytes.Clone(bad[i])
			bad[i][r.IntN(len(bad[i]))] ^= 1 << r.IntN(8)
			refuse(t, "a bit of a node", root, key, bad)
		}
	}
	// Leaves shorter than a hash: two keys whose hashes share many leading half bytes are hard to find, so the trie is made by hand.
	for _, n := range embeddedTries() {
		got, err := lookup(n.root, n.key, n.nodes)
		if err != nil || !bytes.Equal(got, n.want) {
			t.Errorf("%s: got %x, %v, want %x", n.name, got, err, n.want)
		}
	}
}

func refuse(t *testing.T, what string, root common.Hash, key []byte, nodes [][]byte) {
	t.Helper()
	if v, err := lookup(root, key, nodes); !errors.Is(err, proof.ErrInvalid) {
		t.Fatalf("%s: got %x, %v, want ErrInvalid", what, v, err)
	}
}

type handTrie struct {
	name  string
	root  common.Hash
	key   []byte
	nodes [][]byte
	want  []byte
}

// embeddedTries makes tries around the path of a key: an extension over all but the last two half bytes, a branch, and in it leaves
// of a few bytes.
func embeddedTries() []handTrie {
	key := []byte("key")
	path := nibbles(crypto.Keccak256(key))
	last := path[63]
	other := last ^ 1
	leaf := func(path []byte, v string) any { return []any{compact(path, true), []byte(v)} }
	branch := func(children map[byte]any) []any {
		b := make([]any, 17)
		for i := range b {
			b[i] = []byte{}
			if c, ok := children[byte(i)]; ok {
				b[i] = c
			}
		}
		return b
	}
	made := func(name string, children map[byte]any, want string) handTrie {
		inner := mustRLP(branch(children))
		root := mustRLP([]any{compact(path[:62], false), crypto.Keccak256(inner)})
		h := handTrie{name: name, root: crypto.Keccak256Hash(root), key: key, nodes: [][]byte{root, inner}}
		if want != "" {
			h.want = []byte(want)
		}
		return h
	}
	at := path[62]
	return []handTrie{
		made("present", map[byte]any{at: leaf([]byte{last}, "v"), at ^ 1: leaf([]byte{1}, "a longer value of some bytes")}, "v"),
		made("another in its place", map[byte]any{at: leaf([]byte{other}, "v"), at ^ 1: leaf([]byte{1}, "a longer value of some bytes")}, ""),
		made("nothing in its place", map[byte]any{at ^ 2: leaf([]byte{1}, "w"), at ^ 1: leaf([]byte{1}, "a longer value of some bytes")}, ""),
	}
}

// TestLookupMalformed checks that nodes that no trie has are refused even if a root names them.
func TestLookupMalformed(t *testing.T) {
	key := []byte("key")
	path := nibbles(crypto.Keccak256(key))
	long := bytes.Repeat([]byte{7}, 40)
	branch := make([]any, 17)
	for i := range branch {
		branch[i] = []byte{}
	}
	withValue := slices.Clone(branch)
	withValue[16] = []byte{1}
	short := slices.Clone(branch)
	short[path[0]] = []byte{1, 2, 3}
	odd := compact(path, true)
	odd[0] |= 1
	for name, node := range map[string]any{
		"three fields":                 []any{compact(path, true), long, long},
		"eighteen fields":              append(slices.Clone(branch), []byte{}),
		"value in a branch":            withValue,
		"short reference":              short,
		"leaf of a longer path":        []any{compact(append(slices.Clone(path), 1), true), long},
		"leaf of a shorter path":       []any{compact(path[:63], true), long},
		"leaf without a value":         []any{compact(path, true), []byte{}},
		"leaf with a list for a value": []any{compact(path, true), []any{long}},
		"extension of nothing":         []any{compact(nil, false), long[:32]},
		"extension over everything":    []any{compact(path, false), long[:32]},
		"extension to nothing":         []any{compact(path[:3], false), []byte{}},
		"path of no bytes":             []any{[]byte{}, long},
		"path of an unknown kind":      []any{append([]byte{0x60}, crypto.Keccak256(key)...), long},
		"path with a bit too many":     []any{odd, long},
		"a string":                     long,
	} {
		t.Run(name, func(t *testing.T) {
			b := mustRLP(node)
			refuse(t, name, crypto.Keccak256Hash(b), key, [][]byte{b})
		})
	}
	good := mustRLP([]any{compact(path, true), long})
	if v, err := lookup(crypto.Keccak256Hash(good), key, [][]byte{good}); err != nil || !bytes.Equal(v, long) {
		t.Errorf("the same trie without a fault: got %x, %v", v, err)
	}
	around := mustRLP([]any{compact(nil, false), crypto.Keccak256(good)})
	refuse(t, "an extension of nothing to a leaf", crypto.Keccak256Hash(around), key, [][]byte{around, good})
	written := slices.Clone(branch)
	written[path[0]] = []any{compact(path[1:], true), long}
	inside := mustRLP(written)
	refuse(t, "a long node written into another", crypto.Keccak256Hash(inside), key, [][]byte{inside})
	trailing := append(bytes.Clone(good), 0x80)
	refuse(t, "bytes behind a node", crypto.Keccak256Hash(trailing), key, [][]byte{trailing})
	refuse(t, "nodes of the empty trie", types.EmptyRootHash, key, [][]byte{{0x80}})
	if v, err := lookup(types.EmptyRootHash, key, nil); v != nil || err != nil {
		t.Errorf("empty trie: got %x, %v", v, err)
	}
}

func FuzzLookup(f *testing.F) {
	for _, h := range embeddedTries() {
		f.Add(h.key, bytes.Join(h.nodes, []byte("|")))
	}
	tr := newTrie()
	for i := range uint64(100) {
		tr.put(word(i), rlpWord(i+1))
	}
	f.Add(word(3), bytes.Join(tr.prove(f, word(3)), []byte("|")))
	f.Fuzz(func(t *testing.T, key, joined []byte) {
		nodes := bytes.Split(joined, []byte("|"))
		root := crypto.Keccak256Hash(nodes[0])
		value, err := lookup(root, key, nodes)
		if err != nil {
			if !errors.Is(err, proof.ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		db := memorydb.New()
		for _, n := range nodes {
			if err := db.Put(crypto.Keccak256(n), n); err != nil {
				t.Fatal(err)
			}
		}
		want, err := trie.VerifyProof(root, crypto.Keccak256(key), db)
		if err != nil || !bytes.Equal(value, want) {
			t.Errorf("got %x, and go-ethereum %x, %v", value, want, err)
		}
	})
}

func compact(path []byte, leaf bool) []byte {
	first := byte(0)
	if leaf {
		first = 2
	}
	if len(path)%2 == 1 {
		path = append([]byte{first | 1}, path...)
	} else {
		path = append([]byte{first, 0}, path...)
	}
	out := make([]byte, len(path)/2)
	for i := range out {
		out[i] = path[2*i]<<4 | path[2*i+1]
	}
	return out
}

func mustRLP(v any) []byte {
	b, err := rlp.EncodeToBytes(v)
	if err != nil {
		panic(fmt.Sprint("rlp: ", err))
	}
	return b
}

func rlpWord(i uint64) []byte { return mustRLP(i) }
