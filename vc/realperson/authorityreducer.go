package realperson

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/realdid/realdid/did/ledger"
)

// RegistryReducer is what the ledger of an authority's registry is opened with: it admits the entries that may follow each other, and
// nothing else.
func RegistryReducer() ledger.Reducer { return registryReducer{} }

// LogReducer is what the ledger of public logs is opened with: it admits well-formed entries in the order of their numbers. A ledger
// that others can write to needs more than that, to know whose entries they are.
func LogReducer() ledger.Reducer { return logReducer{} }

type registryReducer struct{}

// Reduce implements [ledger.Reducer].
func (registryReducer) Reduce(key string, state, op []byte, _ ledger.Anchor) (ledger.Reduced, error) {
	name, ok := strings.CutPrefix(key, registryPrefix)
	if !ok || !isPersonKey(name) {
		return ledger.Reduced{}, errors.New("realperson: registry: not the key of a person")
	}
	p, err := personOf(state)
	if err != nil {
		return ledger.Reduced{}, err
	}
	e, err := parseEntry(op)
	if err == nil {
		err = p.apply(e)
	}
	if err != nil {
		return ledger.Reduced{}, errors.Join(errors.New("realperson: registry"), err)
	}
	return ledger.Reduced{State: p.state()}, nil
}

// Bits of a reducer's state.
const (
	stateActivated = 1 << iota
	stateRefused
	statePending
)

// state is as much of a person as decides which entries may follow: the generation and three bits.
func (p *person) state() []byte {
	var bits byte
	if p.pseudonym != nil {
		bits |= stateActivated
	}
	if p.refused != nil {
		bits |= stateRefused
	}
	if p.pending != nil {
		bits |= statePending
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(p.current.generation)), bits)
}

func personOf(state []byte) (*person, error) {
	p := &person{}
	if len(state) == 0 {
		return p, nil
	}
	if len(state) != 5 {
		return nil, errors.New("realperson: registry: a state of another kind")
	}
	e := &entry{generation: int(binary.BigEndian.Uint32(state))}
	p.current = e
	if state[4]&stateActivated != 0 {
		p.pseudonym = []byte{}
	}
	if state[4]&stateRefused != 0 {
		p.refused = e
	}
	if state[4]&statePending != 0 {
		p.pending = e
	}
	return p, nil
}

type logReducer struct{}

// Reduce implements [ledger.Reducer].
func (logReducer) Reduce(key string, state, op []byte, _ ledger.Anchor) (ledger.Reduced, error) {
	if name, ok := strings.CutPrefix(key, logPrefix); !ok || !isPersonKey(name) {
		return ledger.Reduced{}, refuse(ErrLog, "not the key of a log")
	}
	var next uint64
	if len(state) == 8 {
		next = binary.BigEndian.Uint64(state)
	}
	e, err := ParseLogEntry(op)
	if err != nil {
		return ledger.Reduced{}, err
	}
	if e.Number != next {
		return ledger.Reduced{}, refuse(ErrLog, "a number does not follow the one before")
	}
	return ledger.Reduced{State: binary.BigEndian.AppendUint64(nil, next+1)}, nil
}
