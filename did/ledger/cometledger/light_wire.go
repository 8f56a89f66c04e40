package cometledger

import (
	"bytes"
	"math"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/crypto/tmhash"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"

	"github.com/realdid/realdid/did/ledger/proof"
)

// MaxLightProofSize is the size limit of what [Client.Prove] returns, in bytes. With four validators and one block it takes about 2,200.
const MaxLightProofSize = 256 << 10

// Further limits of a proof.
const (
	maxProofBlocks     = 64
	maxProofValidators = 1024 // of one block
)

// A lightProof is a proof.Latest whose checkpoint is bare text, and the blocks that lead to the header whose application hash is the digest of
// that text, the last one. On the wire it is an array in deterministic CBOR (RFC 8949, section 4.2.1):
//
//	proof     = [1, bytes of the proof.Latest, [block, …]]                    1 to 64 blocks, heights ascending
//	block     = [header, round, parts, partsHash, [vote, …], validators]
//	header    = the header in protobuf, as CometBFT hashes and stores it
//	parts     = number and hash of the parts that the block was cut into, which the votes sign
//	vote      = [seconds, nanoseconds, signature] or null                     one for each validator, for this block or none
//	validators = [[Ed25519 key, power], …] in CometBFT's order, or null if they are those of the block before
//
// Whatever follows from this is left out: addresses, heights, the header's hash.
type lightProof struct {
	latest *proof.Latest
	blocks []*types.LightBlock
}

type wireLightProof struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Latest  []byte
	Blocks  []wireBlock
}

type wireBlock struct {
	_          struct{} `cbor:",toarray"`
	Header     []byte
	Round      uint64
	Parts      uint64
	PartsHash  []byte
	Votes      []*wireVote
	Validators []wireValidator
}

type wireVote struct {
	_         struct{} `cbor:",toarray"`
	Seconds   uint64
	Nanos     uint64
	Signature []byte
}

type wireValidator struct {
	_     struct{} `cbor:",toarray"`
	Key   []byte
	Power uint64
}

const lightProofVersion = 1

// encode writes the proof. The error is [proof.ErrInvalid] if parseLightProof would not read it.
func (p *lightProof) encode() ([]byte, error) {
	latest, err := p.latest.Bytes()
	if err != nil {
		return nil, err
	}
	w := wireLightProof{Version: lightProofVersion, Latest: latest}
	var before []wireValidator
	for _, b := range p.blocks {
		block, err := encodeBlock(b)
		if err != nil {
			return nil, err
		}
		all := block.Validators
		if before != nil && sameValidators(all, before) {
			block.Validators = nil
		}
		before = all
		w.Blocks = append(w.Blocks, block)
	}
	b, err := codec().enc.Marshal(&w)
	if err != nil {
		return nil, invalid("proof: %v", err)
	}
	if len(b) > MaxLightProofSize || len(w.Blocks) == 0 || len(w.Blocks) > maxProofBlocks {
		return nil, invalid("proof of %d blocks and %d bytes", len(w.Blocks), len(b))
	}
	return b, nil
}

func encodeBlock(b *types.LightBlock) (wireBlock, error) {
	header, err := b.Header.ToProto().Marshal()
	if err != nil {
		return wireBlock{}, invalid("header: %v", err)
	}
	parts := b.Commit.BlockID.PartSetHeader
	w := wireBlock{Header: header, Round: uint64(b.Commit.Round), Parts: uint64(parts.Total), PartsHash: parts.Hash}
	for _, s := range b.Commit.Signatures {
		if s.BlockIDFlag != types.BlockIDFlagCommit {
			w.Votes = append(w.Votes, nil)
			continue
		}
		w.Votes = append(w.Votes, &wireVote{Seconds: uint64(s.Timestamp.Unix()), Nanos: uint64(s.Timestamp.Nanosecond()), Signature: s.Signature})
	}
	for _, v := range b.ValidatorSet.Validators {
		if v.PubKey.Type() != ed25519.KeyType {
			return wireBlock{}, invalid("validator with a key of type %s", v.PubKey.Type())
		}
		w.Validators = append(w.Validators, wireValidator{Key: v.PubKey.Bytes(), Power: uint64(v.VotingPower)})
	}
	return w, nil
}

func sameValidators(a, b []wireValidator) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Power != b[i].Power || !bytes.Equal(a[i].Key, b[i].Key) {
			return false
		}
	}
	return true
}

// parseLightProof reads what encode wrote; every proof has exactly one encoding. It checks the form and that the heights ascend.
func parseLightProof(b []byte) (*lightProof, error) {
	if len(b) > MaxLightProofSize {
		return nil, invalid("proof of %d bytes, over %d", len(b), MaxLightProofSize)
	}
	var w wireLightProof
	if err := codec().dec.Unmarshal(b, &w); err != nil {
		return nil, invalid("proof: malformed CBOR")
	}
	if again, err := codec().enc.Marshal(&w); err != nil || !bytes.Equal(again, b) {
		return nil, invalid("proof: not in deterministic encoding")
	}
	if w.Version != lightProofVersion || len(w.Blocks) == 0 || len(w.Blocks) > maxProofBlocks {
		return nil, invalid("proof: version %d, %d blocks", w.Version, len(w.Blocks))
	}
	latest, err := proof.ParseLatest(w.Latest)
	if err != nil {
		return nil, err
	}
	p := &lightProof{latest: latest}
	var before []wireValidator
	for i := range w.Blocks {
		block := &w.Blocks[i]
		switch {
		case block.Validators == nil:
			block.Validators = before
		case before != nil && sameValidators(block.Validators, before):
			return nil, invalid("proof: the same validators twice")
		}
		before = block.Validators
		lb, err := parseBlock(block)
		if err != nil {
			return nil, err
		}
		if i > 0 && lb.Height <= p.blocks[i-1].Height {
			return nil, invalid("proof: heights do not ascend")
		}
		p.blocks = append(p.blocks, lb)
	}
	return p, nil
}

func parseBlock(w *wireBlock) (*types.LightBlock, error) {
	var pb cmtproto.Header
	if err := pb.Unmarshal(w.Header); err != nil {
		return nil, invalid("header: malformed")
	}
	if again, err := pb.Marshal(); err != nil || !bytes.Equal(again, w.Header) {
		return nil, invalid("header: not as it is written")
	}
	header, err := types.HeaderFromProto(&pb)
	if err != nil {
		return nil, invalid("header: %v", err)
	}
	hash := header.Hash()
	if len(hash) != tmhash.Size {
		return nil, invalid("header without validators")
	}
	if w.Round > math.MaxInt32 || w.Parts > math.MaxUint32 || len(w.PartsHash) != tmhash.Size {
		return nil, invalid("block %d: round or parts out of range", header.Height)
	}
	set, err := parseValidators(w.Validators)
	if err != nil {
		return nil, err
	}
	if len(w.Votes) != len(set.Validators) {
		return nil, invalid("block %d: %d votes of %d validators", header.Height, len(w.Votes), len(set.Validators))
	}
	commit := &types.Commit{
		Height: header.Height, Round: int32(w.Round),
		BlockID:    types.BlockID{Hash: hash, PartSetHeader: types.PartSetHeader{Total: uint32(w.Parts), Hash: w.PartsHash}},
		Signatures: make([]types.CommitSig, len(w.Votes)),
	}
	for i, v := range w.Votes {
		if v == nil {
			commit.Signatures[i] = types.NewCommitSigAbsent()
			continue
		}
		if v.Seconds > proof.MaxTime || v.Nanos > 999_999_999 || len(v.Signature) != ed25519.SignatureSize {
			return nil, invalid("block %d: vote %d out of range", header.Height, i)
		}
		commit.Signatures[i] = types.CommitSig{
			BlockIDFlag: types.BlockIDFlagCommit, ValidatorAddress: set.Validators[i].Address,
			Timestamp: time.Unix(int64(v.Seconds), int64(v.Nanos)).UTC(), Signature: v.Signature,
		}
	}
	return &types.LightBlock{SignedHeader: &types.SignedHeader{Header: &header, Commit: commit}, ValidatorSet: set}, nil
}

// parseValidators makes a set in the order given, which its hash tells. CometBFT panics on power over its limit and on a validator that is
// there twice, so both are refused here.
func parseValidators(ws []wireValidator) (*types.ValidatorSet, error) {
	if len(ws) == 0 || len(ws) > maxProofValidators {
		return nil, invalid("%d validators, not 1 to %d", len(ws), maxProofValidators)
	}
	set := &types.ValidatorSet{Validators: make([]*types.Validator, len(ws))}
	seen := make(map[string]struct{}, len(ws))
	total := uint64(0)
	for i, w := range ws {
		if len(w.Key) != ed25519.PubKeySize || w.Power == 0 || w.Power > uint64(types.MaxTotalVotingPower) {
			return nil, invalid("validator %d: key or power out of range", i)
		}
		if total += w.Power; total > uint64(types.MaxTotalVotingPower) {
			return nil, invalid("validators of too much power")
		}
		if _, again := seen[string(w.Key)]; again {
			return nil, invalid("validator %d is there twice", i)
		}
		seen[string(w.Key)] = struct{}{}
		set.Validators[i] = types.NewValidator(ed25519.PubKey(w.Key), int64(w.Power))
	}
	set.Proposer = set.Validators[0] // whoever it is; without one CometBFT looks for it
	return set, nil
}
