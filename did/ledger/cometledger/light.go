package cometledger

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/cometbft/cometbft/light"
	"github.com/cometbft/cometbft/types"

	"github.com/realdid/realdid/did/ledger/proof"
)

// Limits of a [LightTrust].
const (
	MaxPins           = 16
	DefaultClockDrift = 10 * time.Second
)

// A Pin is what a verifier knows of a chain from elsewhere: out of band, or because an earlier proof led there. At least one of
// Header and Validators is set.
type Pin struct {
	// Height is that of the block from which the pin was taken, 1 or more. Provers begin there.
	Height int64
	// Header is the hash of that block's header. A proof may begin with this block.
	Header proof.Hash
	// Validators is the hash of the set of validators that signed that block. A proof may begin with any block, of any height, that is
	// signed by more than two thirds of that set: while the set does not change, one block is the whole proof.
	Validators proof.Hash
	// Time is that of the block. The trusting period begins with it.
	Time time.Time
}

// LightTrust is a verifier's policy for the proofs of one chain, for [Client.Prove]: which validators it believes, and how long. It
// is pure: it has no clock, no files and no network. The zero value refuses everything. It is safe for concurrent use while
// nobody changes it.
//
// A proof that verifies says that more than two thirds of the voting power of validators signed a header whose application
// hash commits to the log and the map. A validator signs a header only after it has executed the operations of all blocks before
// with the same rules and has come to the same hash. So, if less than a third of the power is of liars, what stands in the map is the latest, and
// what is absent from it does not exist. The validators of a pin are believed for TrustingPeriod after the pin's time, which has
// to be shorter than the time for which they can be held to account. A set that changed is followed as CometBFT's light client follows it: each step
// is signed by two thirds of the new set and by a third of the one before, or is the next block and of the set that the one before
// named.
type LightTrust struct {
	// ChainID names the chain. It is also the origin of its checkpoints.
	ChainID string
	// Pins are 1 to [MaxPins], none twice.
	Pins []Pin
	// TrustingPeriod is how long after its time a pin, or a header that a proof leads over, is believed. More than 0.
	TrustingPeriod time.Duration
	// MaxClockDrift is how far ahead of the verifier's clock the time of a header may be; 0 is [DefaultClockDrift].
	MaxClockDrift time.Duration
}

// Check returns [proof.ErrTrust] if the policy is unusable.
func (t *LightTrust) Check() error {
	switch {
	case t == nil:
		return distrust("none")
	case t.ChainID == "" || len(t.ChainID) > types.MaxChainIDLen:
		return distrust("chain id of %d bytes, not 1 to %d", len(t.ChainID), types.MaxChainIDLen)
	case len(t.Pins) == 0 || len(t.Pins) > MaxPins:
		return distrust("%d pins, not 1 to %d", len(t.Pins), MaxPins)
	case t.TrustingPeriod <= 0:
		return distrust("no trusting period")
	case t.MaxClockDrift < 0:
		return distrust("negative clock drift")
	}
	for i, p := range t.Pins {
		switch {
		case p.Height < 1:
			return distrust("pin %d: height %d", i, p.Height)
		case p.Header.IsZero() && p.Validators.IsZero():
			return distrust("pin %d: neither header nor validators", i)
		case p.Time.IsZero():
			return distrust("pin %d: no time", i)
		case slices.Contains(t.Pins[:i], p):
			return distrust("pin %d is there twice", i)
		}
	}
	return nil
}

func distrust(format string, args ...any) error {
	return fmt.Errorf("%w: cometledger: %s", proof.ErrTrust, fmt.Sprintf(format, args...))
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: cometledger: %s", proof.ErrInvalid, fmt.Sprintf(format, args...))
}

func (t *LightTrust) drift() time.Duration {
	if t.MaxClockDrift == 0 {
		return DefaultClockDrift
	}
	return t.MaxClockDrift
}

// VerifyHead checks a proof that [Client.Prove] made: what stands at key, or that nothing does, under the application hash of a header
// that the chain's validators signed. Latest or Absent of the result is true. AsOf is the header's time in whole seconds, which is the
// validators' median time of agreeing on the block whose state is proven: an entry that is not in it has no earlier anchor. Validators are
// all whose signatures are in the proof, each checked, by address in hexadecimal.
//
// Errors: [proof.ErrTrust] if the policy is unusable or every pin that the proof could begin with has expired, which says nothing about the proof;
// else [proof.ErrInvalid].
func (t *LightTrust) VerifyHead(key string, b []byte, now time.Time) (*proof.VerifiedHead, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	p, err := parseLightProof(b)
	if err != nil {
		return nil, err
	}
	last := p.blocks[len(p.blocks)-1]
	if len(last.AppHash) != proof.HashSize {
		return nil, invalid("application hash of %d bytes", len(last.AppHash))
	}
	// The map comes first: its hashes are cheap, and a proof that fails on them need not cost signatures.
	v, err := p.latest.VerifyDigest(proof.Hash(last.AppHash), key, now, t.drift())
	if err != nil {
		return nil, err
	}
	if v.Checkpoint.Origin != t.ChainID {
		return nil, invalid("the checkpoint is of another chain")
	}
	if err := t.verifyBlocks(p.blocks, now); err != nil {
		return nil, err
	}
	v.AsOf = last.Time.UTC().Truncate(time.Second)
	v.Latest, v.Absent = v.Head != nil, v.Head == nil
	for _, s := range last.Commit.Signatures {
		if s.BlockIDFlag == types.BlockIDFlagCommit {
			v.Validators = append(v.Validators, proof.Validator{Name: hex.EncodeToString(s.ValidatorAddress), Time: s.Timestamp.UTC()})
		}
	}
	return v, nil
}

// Renew returns the policy that one has who has seen a valid proof: with a pin at the header that the proof ends with, in the place of a pin of
// the same validators, and without pins that have expired. A verifier that renews its policy at least once in a trusting period
// follows the chain for ever, however its validators change. What the proof says of a key is not looked at.
func (t *LightTrust) Renew(b []byte, now time.Time) (*LightTrust, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	p, err := parseLightProof(b)
	if err != nil {
		return nil, err
	}
	if err := t.verifyBlocks(p.blocks, now); err != nil {
		return nil, err
	}
	pin := pinOf(p.blocks[len(p.blocks)-1])
	next := *t
	next.Pins = slices.DeleteFunc(slices.Clone(t.Pins), func(o Pin) bool {
		return t.expired(o.Time, now) || o.Validators == pin.Validators && o.Height <= pin.Height
	})
	if slices.ContainsFunc(next.Pins, func(o Pin) bool { return o.Validators == pin.Validators }) {
		return &next, nil // a later one
	}
	if len(next.Pins) == MaxPins {
		oldest := slices.MinFunc(next.Pins, func(x, y Pin) int { return x.Time.Compare(y.Time) })
		next.Pins = slices.DeleteFunc(next.Pins, func(o Pin) bool { return o == oldest })
	}
	next.Pins = append(next.Pins, pin)
	return &next, nil
}

// pinOf returns the pin that a verified block gives.
func pinOf(b *types.LightBlock) Pin {
	return Pin{Height: b.Height, Header: proof.Hash(b.Hash()), Validators: proof.Hash(b.ValidatorsHash), Time: b.Time.UTC()}
}

// GenesisTrust returns the policy that believes the validators of a genesis document, which is that of a chain's genesis.json, from the
// genesis time on. Errors: [proof.ErrTrust].
func GenesisTrust(genesis []byte, trustingPeriod time.Duration) (*LightTrust, error) {
	doc, err := parseGenesisDoc(genesis)
	if err != nil {
		return nil, err
	}
	if len(doc.Validators) == 0 || len(doc.Validators) > maxProofValidators {
		return nil, distrust("the genesis names %d validators, not 1 to %d", len(doc.Validators), maxProofValidators)
	}
	vals := make([]*types.Validator, len(doc.Validators))
	there := make(map[string]bool, len(vals))
	for i, v := range doc.Validators {
		if v.PubKey == nil || v.Power < 1 || v.Power > types.MaxTotalVotingPower/maxProofValidators {
			return nil, distrust("genesis: validator %d has no key or a power that cannot be", i)
		}
		vals[i] = types.NewValidator(v.PubKey, v.Power)
		if there[string(vals[i].Address)] {
			return nil, distrust("genesis: validator %d is there twice", i)
		}
		there[string(vals[i].Address)] = true
	}
	set := types.NewValidatorSet(vals)
	t := &LightTrust{
		ChainID: doc.ChainID, TrustingPeriod: trustingPeriod,
		Pins: []Pin{{Height: doc.InitialHeight, Validators: proof.Hash(set.Hash()), Time: doc.GenesisTime.UTC()}},
	}
	return t, t.Check()
}

// parseGenesisDoc reads a genesis document. CometBFT's parser panics on some that are malformed.
func parseGenesisDoc(b []byte) (doc *types.GenesisDoc, err error) {
	defer func() {
		if p := recover(); p != nil {
			doc, err = nil, distrust("genesis: malformed")
		}
	}()
	if doc, err = types.GenesisDocFromJSON(b); err != nil {
		return nil, distrust("genesis: %v", err)
	}
	return doc, nil
}

func (t *LightTrust) expired(at, now time.Time) bool { return !at.Add(t.TrustingPeriod).After(now) }

// verifyBlocks checks that blocks lead from a pin to the last of them, and every signature in them.
func (t *LightTrust) verifyBlocks(blocks []*types.LightBlock, now time.Time) error {
	for _, b := range blocks {
		if err := b.ValidateBasic(t.ChainID); err != nil {
			return invalid("block %d: %v", b.Height, err)
		}
	}
	if err := t.begins(blocks[0], now); err != nil {
		return err
	}
	for i, b := range blocks {
		if !b.Time.Before(now.Add(t.drift())) {
			return invalid("block %d is from the future", b.Height)
		}
		if err := b.ValidatorSet.VerifyCommitLightAllSignatures(t.ChainID, b.Commit.BlockID, b.Height, b.Commit); err != nil {
			return invalid("block %d: %v", b.Height, err)
		}
		if i == 0 {
			continue
		}
		if err := t.step(blocks[i-1], b, now); err != nil {
			if _, old := err.(light.ErrOldHeaderExpired); old {
				return distrust("block %d, over which the proof leads, has expired", blocks[i-1].Height)
			}
			return invalid("block %d after %d: %v", b.Height, blocks[i-1].Height, err)
		}
	}
	return nil
}

// step checks that whoever trusts from may trust to. The error is that of CometBFT's light client.
func (t *LightTrust) step(from, to *types.LightBlock, now time.Time) error {
	return light.Verify(from.SignedHeader, from.ValidatorSet, to.SignedHeader, to.ValidatorSet, t.TrustingPeriod, now, t.drift(), light.DefaultTrustLevel)
}

// begins checks that one of the pins holds b, and has not expired.
func (t *LightTrust) begins(b *types.LightBlock, now time.Time) error {
	expired := false
	for _, p := range t.Pins {
		if !p.holds(b) {
			continue
		}
		if !t.expired(p.Time, now) {
			return nil
		}
		expired = true
	}
	if expired {
		return distrust("the trusting period of the pins has ended")
	}
	return invalid("the proof begins with no block that is pinned")
}

// holds reports whether the pin covers a block whose signatures are good.
func (p *Pin) holds(b *types.LightBlock) bool {
	if !p.Validators.IsZero() && bytes.Equal(b.ValidatorsHash, p.Validators[:]) {
		return true
	}
	return !p.Header.IsZero() && b.Height == p.Height && bytes.Equal(b.Hash(), p.Header[:])
}
