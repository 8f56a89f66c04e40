package evmledger

import (
	"bytes"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// ChainTrust is a verifier's policy for one ledger on a chain: a log that is anchored in a RealdidAnchor contract, or the
// operations in a RealdidDirect contract. It is a realdid.HeadVerifier, asks nobody, and needs no node. The zero value
// refuses everything. It must not change while it is in use.
//
// What it proves rests on the chain's consensus, as Headers brings it to the verifier, and on the code of the contract,
// which it compares byte for byte: on no node that was asked. The code does not show what the contract's creator left in its slots
// before, from which a history could be made up: Contract has to be one that the verifier, or somebody it trusts, deployed or audited.
//
//   - Anchored: everybody who looks at that block sees the same newest checkpoint, so the chain is what a quorum of witnesses is
//     elsewhere. What the operations come to, auditors say: Latest and Absent need a quorum of them in Log.
//   - Direct: the proof carries every operation that the contract took for the key, and they are executed here, so that Latest and
//     Absent need nobody else. The Index of an entry counts what all readers accept, which the contract does not know: it is
//     the word of whoever made the proof.
type ChainTrust struct {
	ChainID  uint64         // EIP-155
	Contract common.Address // its address
	// Operator is the account that alone writes to the contract; zero if everybody may, which only a RealdidDirect lets.
	Operator common.Address

	Headers HeaderTrust

	// MaxAge is how old the block may be of which the proof speaks: by its own time, and by the clocks of a quorum of observers.
	// There is no default. It bounds for how long a node can pass off an old state as the newest.
	MaxAge time.Duration
	// MaxClockSkew is how far ahead of the verifier's clock times may be; 0 is proof.DefaultClockSkew.
	MaxClockSkew time.Duration

	// One of these says which of the two the ledger is.
	Log     *proof.Trust       // anchored: the log's, with the origin that Origin returns
	Reducer ledger.HeadReducer // direct: what the ledger is opened with
}

// Check returns [proof.ErrTrust] if the policy is unusable.
func (t *ChainTrust) Check() error {
	switch {
	case t == nil:
		return untrusted("none")
	case t.ChainID == 0 || t.Contract == (common.Address{}):
		return untrusted("no chain, or no contract")
	case t.MaxAge <= 0 || t.MaxClockSkew < 0:
		return untrusted("no bound on the age of blocks, or a negative clock skew")
	case (t.Log == nil) == (t.Reducer == nil):
		return untrusted("either the trust in a log or a reducer is needed")
	case t.Log != nil && t.Operator == (common.Address{}):
		return untrusted("no operator of the contract")
	case t.Log != nil && t.Log.Origin != Origin(t.ChainID, t.Contract):
		return untrusted("the log's origin is not that of the contract")
	}
	if t.Log != nil {
		if err := t.Log.Check(); err != nil {
			return err
		}
	}
	return t.Headers.Check()
}

// VerifyHead implements realdid.HeadVerifier. AsOf is the earliest of the block's time, the observers' clocks and, for an anchored log,
// what its epoch and its cosigners say; Validators are the observers. The Checkpoint is the anchored one; that of a direct
// ledger has the origin of the contract, the number of blocks for its size, and the hash of the block for its root.
//
// Errors: [proof.ErrTrust]; [proof.ErrQuorum] if nothing is wrong with a proof but that its block is none that the verifier has
// reason to trust, or is too old; [proof.ErrUnknownSignature]; else [proof.ErrInvalid].
func (t *ChainTrust) VerifyHead(key string, b []byte, now time.Time) (*proof.VerifiedHead, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	if t.Log != nil {
		return t.verifyAnchored(key, b, now)
	}
	return t.verifyDirect(key, b, now)
}

func (t *ChainTrust) horizon(now time.Time) time.Time {
	if t.MaxClockSkew == 0 {
		return now.Add(proof.DefaultClockSkew)
	}
	return now.Add(t.MaxClockSkew)
}

// A standing is what was proven to stand in a slot of the contract.
type standing struct {
	word   common.Hash
	header *Header
	asOf   time.Time
	who    []proof.Validator
}

// verifySlot verifies that p proves what stands in a slot of the contract.
func (t *ChainTrust) verifySlot(p *chainProof, mode Mode, slot common.Hash, now time.Time) (*standing, error) {
	code, err := mode.codeHash(t.Operator)
	if err != nil {
		return nil, err
	}
	s := &standing{}
	if s.header, err = ParseHeader(p.Header); err != nil {
		return nil, err
	}
	if s.word, err = p.slot(s.header.StateRoot, t.Contract, code, slot); err != nil {
		return nil, err
	}
	if s.asOf, s.who, err = t.Headers.verify(t.ChainID, s.header, p.Cosigners, t.horizon(now)); err != nil {
		return nil, err
	}
	if s.asOf.Before(now.Add(-t.MaxAge)) {
		return nil, stale(s.header.Number, s.asOf, t.MaxAge)
	}
	return s, nil
}

// slot returns what stands in a slot of the contract, whose code must have that hash.
func (p *chainProof) slot(root common.Hash, contract common.Address, code, slot common.Hash) (common.Hash, error) {
	a, err := proveAccount(root, contract, p.Account)
	if err != nil {
		return common.Hash{}, err
	}
	if a.code != code {
		return common.Hash{}, invalid("account: the contract has other code, or another operator")
	}
	return proveSlot(a.storage, slot, p.Slot)
}

// artefacts are the compiled contracts, which are read once.
var artefacts = sync.OnceValues(func() (map[Mode]compiled, error) {
	all := make(map[Mode]compiled, 2)
	for _, m := range []Mode{Anchor, Direct} {
		c, err := m.compiled()
		if err != nil {
			return nil, err
		}
		all[m] = c
	}
	return all, nil
})

// codeHash returns the Keccak-256 of the contract's code with an operator.
func (m Mode) codeHash(operator common.Address) (common.Hash, error) {
	all, err := artefacts()
	if err != nil {
		return common.Hash{}, err
	}
	code := bytes.Clone(all[m].Runtime)
	for _, at := range all[m].Operator {
		copy(code[at:], common.LeftPadBytes(operator[:], common.HashLength))
	}
	return crypto.Keccak256Hash(code), nil
}
