package dataintegrity

import (
	"errors"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// The limits of what is read and written.
const (
	MaxSize   = 1 << 20 // bytes of a document
	MaxDepth  = 32      // nested objects and arrays
	MaxProofs = 16      // of a document
)

var jsonLimits = strictjson.Limits{Bytes: MaxSize, Depth: MaxDepth}

// parseJSON reads a document strictly; it must be an object.
func parseJSON(b []byte) (strictjson.Value, error) {
	v, err := strictjson.Parse(b, jsonLimits)
	switch {
	case errors.Is(err, strictjson.ErrDuplicate):
		return v, vc.InvalidBecause("dataintegrity.json.duplicate", err)
	case errors.Is(err, strictjson.ErrLimit):
		return v, vc.InvalidBecause("dataintegrity.json.limit", err)
	case err != nil:
		return v, vc.InvalidBecause("dataintegrity.json.syntax", err)
	case v.Kind() != strictjson.Object:
		return v, vc.Invalid("dataintegrity.json.syntax", "the document is not an object")
	case !exactNumbers(v):
		return v, vc.Invalid("dataintegrity.json.number", "a number that a double does not hold exactly")
	}
	return v, nil
}

// secured is a document taken apart: what is to be protected, and the proofs, well-formed and with every previousProof in its place.
type secured struct {
	value  strictjson.Value // as received
	bare   strictjson.Value // without proof
	list   strictjson.Value // the value of proof
	proofs []*Proof
}

// readSecured takes a document apart. making allows the last proof to lack its proofValue.
func readSecured(v strictjson.Value, making bool) (*secured, error) {
	s := &secured{value: v, bare: without(v, memberProof)}
	var ok bool
	if s.list, ok = v.Get(memberProof); !ok {
		return nil, vc.Invalid("dataintegrity.proof.missing", "the document has no proof")
	}
	all := []strictjson.Value{s.list}
	if s.list.Kind() == strictjson.Array {
		all = s.list.Elems()
	}
	switch {
	case len(all) == 0:
		return nil, vc.Invalid("dataintegrity.proof.empty", "the list of proofs is empty")
	case len(all) > MaxProofs:
		return nil, vc.Invalid("dataintegrity.proof.limit", "more than 16 proofs")
	}
	s.proofs = make([]*Proof, 0, len(all))
	for i, one := range all {
		p, err := parseProof(one, making && i == len(all)-1)
		if err != nil {
			return nil, err
		}
		s.proofs = append(s.proofs, p)
	}
	return s, s.checkChain()
}

// checkChain refuses ids that stand twice, and a previousProof that leads nowhere or round in a circle.
func (s *secured) checkChain() error {
	if len(s.proofs) == 1 && s.proofs[0].PreviousProof == nil {
		return nil
	}
	byID := make(map[string]int, len(s.proofs))
	for i, p := range s.proofs {
		if p.ID == "" {
			continue
		}
		if _, twice := byID[p.ID]; twice {
			return vc.Invalid("dataintegrity.proof.id", "two proofs have one id")
		}
		byID[p.ID] = i
	}
	const visiting, done = 1, 2
	state := make([]uint8, len(s.proofs))
	var visit func(i int) error
	visit = func(i int) error {
		switch state[i] {
		case visiting:
			return vc.Invalid("dataintegrity.proof.previous", "previousProof leads round in a circle")
		case done:
			return nil
		}
		state[i] = visiting
		for _, id := range s.proofs[i].PreviousProof {
			j, ok := byID[id]
			if !ok {
				return vc.Invalid("dataintegrity.proof.previous", "previousProof names a proof that is not there")
			}
			if err := visit(j); err != nil {
				return err
			}
		}
		state[i] = done
		return nil
	}
	for i := range s.proofs {
		if err := visit(i); err != nil {
			return err
		}
	}
	return nil
}

// input returns what the cryptosuite of proof i signs: the document with those proofs that it follows, in the order of the document, and
// with no proof member if there are none (Data Integrity 1.0, section 4.5, step 3).
func (s *secured) input(i int, c *jsonld.Contexts) *Input {
	in := &Input{Document: s.bare, Proof: s.proofs[i], Contexts: c}
	if len(in.Proof.PreviousProof) == 0 {
		return in
	}
	var matching []strictjson.Value
	for _, p := range s.proofs {
		for _, id := range in.Proof.PreviousProof {
			if p.ID == id {
				matching = append(matching, p.object)
			}
		}
	}
	members := append([]strictjson.Member(nil), s.bare.Members()...)
	members = append(members, strictjson.Member{Name: memberProof, Value: s.list.WithElems(matching)})
	in.Document = s.bare.WithMembers(members)
	return in
}
