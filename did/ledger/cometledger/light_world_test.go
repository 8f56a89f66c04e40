package cometledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/crypto/tmhash"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	"github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"

	"github.com/realdid/realdid/did/ledger/authmap"
	"github.com/realdid/realdid/did/ledger/proof"
)

const testChainID = "test-chain"

// genesisTime is that of block 1 of test chains, whose blocks are one second apart.
var genesisTime = time.Date(2026, 5, 1, 12, 0, 0, 123456789, time.UTC)

func blockTime(height int64) time.Time { return genesisTime.Add(time.Duration(height-1) * time.Second) }

// A member is a validator of a test chain with its key.
type member struct {
	key   ed25519.PrivKey
	power int64
}

// members makes validators of the given powers. The same name gives the same keys.
func members(name string, powers ...int64) []member {
	ms := make([]member, len(powers))
	for i, p := range powers {
		ms[i] = member{ed25519.GenPrivKeyFromSecret(fmt.Appendf(nil, "%s %d", name, i)), p}
	}
	return ms
}

func setOf(ms []member) *types.ValidatorSet {
	vals := make([]*types.Validator, len(ms))
	for i, m := range ms {
		vals[i] = types.NewValidator(m.key.PubKey(), m.power)
	}
	return types.NewValidatorSet(vals)
}

// A recipe says how to make a block. Zero values are what an honest chain would do.
type recipe struct {
	chain   string
	height  int64
	at      time.Time
	members []member
	next    []member // of the next block
	appHash []byte
	silent  []int  // by number among members: do not vote
	nils    []int  // vote for no block
	keys    []int  // of whom the keys are, where they are not members' own
	signAs  string // the chain id that is signed
}

// block makes a block and its commit.
func (r recipe) block(tb testing.TB) *types.LightBlock {
	tb.Helper()
	if r.chain == "" {
		r.chain = testChainID
	}
	if r.signAs == "" {
		r.signAs = r.chain
	}
	if r.at.IsZero() {
		r.at = blockTime(r.height)
	}
	if r.next == nil {
		r.next = r.members
	}
	set := setOf(r.members)
	sum := func(what string) []byte { return tmhash.Sum(fmt.Appendf(nil, "%s %d", what, r.height)) }
	h := &types.Header{
		Version: cmtversion.Consensus{Block: version.BlockProtocol, App: 1},
		ChainID: r.chain, Height: r.height, Time: r.at,
		LastBlockID:    types.BlockID{Hash: sum("last"), PartSetHeader: types.PartSetHeader{Total: 1, Hash: sum("last parts")}},
		LastCommitHash: sum("commit"), DataHash: sum("data"), ConsensusHash: sum("consensus"), LastResultsHash: sum("results"), EvidenceHash: sum("evidence"),
		ValidatorsHash: set.Hash(), NextValidatorsHash: setOf(r.next).Hash(), AppHash: r.appHash, ProposerAddress: set.Validators[0].Address,
	}
	c := &types.Commit{Height: r.height, Round: 1, BlockID: types.BlockID{Hash: h.Hash(), PartSetHeader: types.PartSetHeader{Total: 1, Hash: sum("parts")}}}
	c.Signatures = make([]types.CommitSig, set.Size())
	for i := range c.Signatures {
		c.Signatures[i] = types.NewCommitSigAbsent()
	}
	in := func(list []int, i int) bool {
		for _, x := range list {
			if x == i {
				return true
			}
		}
		return false
	}
	for n, m := range r.members {
		if in(r.silent, n) {
			continue
		}
		i, _ := set.GetByAddress(m.key.PubKey().Address())
		flag := types.BlockIDFlagCommit
		if in(r.nils, n) {
			flag = types.BlockIDFlagNil
		}
		c.Signatures[i] = types.CommitSig{BlockIDFlag: flag, ValidatorAddress: m.key.PubKey().Address(), Timestamp: r.at.Add(time.Duration(n+1) * time.Millisecond)}
		key := m.key
		if len(r.keys) > n {
			key = r.members[r.keys[n]].key
		}
		sig, err := key.Sign(c.VoteSignBytes(r.signAs, i))
		if err != nil {
			tb.Fatal(err)
		}
		c.Signatures[i].Signature = sig
	}
	return &types.LightBlock{SignedHeader: &types.SignedHeader{Header: h, Commit: c}, ValidatorSet: set}
}

// A world is a log and a map with alice and carol in it, and the digest that a chain commits to.
type world struct {
	m      *authmap.Map
	epoch  proof.EpochLeaf
	path   []proof.Hash
	text   []byte
	digest []byte
}

func newWorld(tb testing.TB, origin string) *world {
	tb.Helper()
	m, err := authmap.Open(tb.TempDir(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { m.Close() })
	s, err := m.Stage([]authmap.Change{
		{Path: proof.MapPath("alice"), Head: []byte("head of alice")},
		{Path: proof.MapPath("carol"), Head: []byte("head of carol")},
	})
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.Commit(1); err != nil {
		tb.Fatal(err)
	}
	w := &world{m: m, epoch: proof.EpochLeaf{MapRoot: m.Root(), Size: 2, Entries: 2, Time: genesisTime.Unix()}}
	var log proof.Frontier
	a := proof.LeafHash(proof.EntryLeaf{Index: 0, Time: genesisTime.Unix(), Key: "alice", Op: []byte("x")}.Append(nil))
	b := proof.LeafHash(proof.EntryLeaf{Index: 1, Time: genesisTime.Unix(), Key: "carol", Op: []byte("y")}.Append(nil))
	e := proof.LeafHash(w.epoch.Append(nil))
	for _, leaf := range []proof.Hash{a, b, e} {
		log.Append(leaf, func(uint8, uint64, proof.Hash) {})
	}
	w.path = []proof.Hash{proof.NodeHash(a, b)}
	cp := proof.Checkpoint{Origin: origin, Size: 3, Root: log.Root()}
	digest := cp.Digest()
	w.text, w.digest = cp.Append(nil), digest[:]
	return w
}

// latest is what the world has to say of key.
func (w *world) latest(tb testing.TB, key string) *proof.Latest {
	tb.Helper()
	head, m, err := w.m.Prove(proof.MapPath(key))
	if err != nil {
		tb.Fatal(err)
	}
	return &proof.Latest{Checkpoint: w.text, Epoch: w.epoch, EpochPath: w.path, Map: m, Head: head}
}

// evidence encodes a proof.
func evidence(tb testing.TB, latest *proof.Latest, blocks ...*types.LightBlock) []byte {
	tb.Helper()
	b, err := (&lightProof{latest, blocks}).encode()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}
