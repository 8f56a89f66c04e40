package evmledger

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
)

//go:embed contract/Realdid.json
var artefact []byte

// A Mode says which of the two contracts is meant.
type Mode int

// The contracts of contract/Realdid.sol.
const (
	Anchor Mode = iota + 1 // RealdidAnchor: digests of checkpoints of a log that is kept elsewhere
	Direct                 // RealdidDirect: the operations themselves
)

func (m Mode) String() string {
	switch m {
	case Anchor:
		return "RealdidAnchor"
	case Direct:
		return "RealdidDirect"
	}
	return "none"
}

// compiled is a contract in contract/Realdid.json.
type compiled struct {
	Bytecode hexutil.Bytes `json:"bytecode"`
	Runtime  hexutil.Bytes `json:"runtime"`
	Operator []int         `json:"operator"` // where in Runtime the operator stands, as a word of 32 bytes
}

func (m Mode) compiled() (compiled, error) {
	var file struct {
		Contracts map[string]compiled `json:"contracts"`
	}
	if err := json.Unmarshal(artefact, &file); err != nil {
		return compiled{}, fmt.Errorf("evmledger: contract: %w", err)
	}
	c, ok := file.Contracts[m.String()]
	if !ok {
		return compiled{}, errors.New("evmledger: contract: the mode is neither Anchor nor Direct")
	}
	return c, nil
}

// creation returns the data of the transaction that deploys the contract.
func (m Mode) creation(operator common.Address) ([]byte, error) {
	c, err := m.compiled()
	if err != nil {
		return nil, err
	}
	return append(c.Bytecode, common.LeftPadBytes(operator[:], 32)...), nil
}

// readOperator checks that code is the contract of the mode, byte for byte, and returns its operator.
func (m Mode) readOperator(code []byte) (common.Address, error) {
	c, err := m.compiled()
	if err != nil {
		return common.Address{}, err
	}
	if len(code) != len(c.Runtime) || len(c.Operator) == 0 {
		return common.Address{}, fmt.Errorf("evmledger: contract: %d bytes of code, which is not %s", len(code), m)
	}
	operator := common.BytesToAddress(code[c.Operator[0] : c.Operator[0]+32])
	for _, at := range c.Operator {
		copy(c.Runtime[at:], common.LeftPadBytes(operator[:], 32))
	}
	if !bytes.Equal(code, c.Runtime) {
		return common.Address{}, fmt.Errorf("evmledger: contract: the code is not %s", m)
	}
	return operator, nil
}

// Operator asks the node for the code of the contract at address, checks that it is that of the mode, byte for byte, and
// returns the account that may write to it, or the zero address if everybody may. The answer is the node's word.
func (c *Chain) Operator(ctx context.Context, mode Mode, address common.Address) (common.Address, error) {
	code, err := c.Code(ctx, address)
	if err != nil {
		return common.Address{}, err
	}
	return mode.readOperator(code)
}

// A Deployment is where a contract stands.
type Deployment struct {
	Address common.Address
	Block   uint64 // number of the block that created it, or any before, where the creation is not checked; readers begin there
}

// Deploy creates the contract of the mode and waits until that is final. Only operator can write to it, for ever; the zero
// address lets everybody write to a contract of the mode Direct, where strangers can then cost a key its evidence
// ([ErrProofSize]), and is refused for Anchor.
func Deploy(ctx context.Context, sender *Sender, mode Mode, operator common.Address) (Deployment, error) {
	if mode == Anchor && operator == (common.Address{}) {
		return Deployment{}, errors.New("evmledger: deploy: nobody could anchor")
	}
	data, err := mode.creation(operator)
	if err != nil {
		return Deployment{}, err
	}
	receipt, err := sender.Send(ctx, nil, data)
	if err != nil {
		return Deployment{}, err
	}
	if _, err := sender.chain.WaitFinal(ctx, receipt.Block); err != nil {
		return Deployment{}, err
	}
	d := Deployment{Address: receipt.Contract, Block: receipt.Block}
	got, err := sender.chain.Operator(ctx, mode, d.Address)
	if err != nil {
		return Deployment{}, err
	}
	if got != operator {
		return Deployment{}, fmt.Errorf("evmledger: deploy: the contract has the operator %s", got)
	}
	return d, nil
}
