package sdjwt

import (
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// processor matches disclosures to the digests in a payload and in each other (RFC 9901, section 7.1, step 3). It changes nothing
// that it is given.
type processor struct {
	payload     strictjson.Value
	disclosures []disclosure
	kind        kind           // which claims may not be disclosed
	byDigest    map[string]int // nil if there are few disclosures
	place       []place        // of each disclosure
	digests     []string       // every embedded digest so far
}

func newProcessor(payload strictjson.Value, disclosures []disclosure, k kind) *processor {
	p := &processor{payload: payload, disclosures: disclosures, kind: k}
	if len(disclosures) > few {
		p.byDigest = make(map[string]int, len(disclosures))
		for i := range disclosures {
			d := &disclosures[i]
			p.byDigest[string(d.digest[:d.length])] = i
		}
	}
	return p
}

// place says where a disclosure belongs.
type place uint8

const (
	nowhere place = iota
	atTop
	below
)

// find returns the index of the disclosure with this digest, or -1.
func (p *processor) find(digest string) int {
	if p.byDigest != nil {
		if i, ok := p.byDigest[digest]; ok {
			return i
		}
		return -1
	}
	for i := range p.disclosures {
		if p.disclosures[i].is(digest) {
			return i
		}
	}
	return -1
}

// check runs every rule of section 7.1, steps 3 to 5, and that of kind untyped.
func (p *processor) check() error {
	p.place = make([]place, len(p.disclosures))
	p.digests = make([]string, 0, 16)
	if err := p.object(p.payload, MaxDepth, true); err != nil {
		return err
	}
	if duplicateDigest(p.digests) {
		return vc.Invalid("sdjwt.digest.duplicate", "a digest stands in more than one place")
	}
	for _, at := range p.place {
		if at == nowhere {
			return vc.Invalid("sdjwt.disclosure.unreferenced", "no digest refers to a disclosure")
		}
	}
	if p.kind == untyped {
		return p.checkUntyped()
	}
	return nil
}

// checkUntyped wants what tells an SD-JWT from other JWTs where typ does not: digests or _sd_alg, and no credential or presentation of
// the data model 1.1, whose status and end would go unread. check has done the rest.
func (p *processor) checkUntyped() error {
	for _, name := range [...]string{"vc", "vp"} {
		if p.top(name).Kind() != strictjson.Invalid {
			return vc.Invalid("sdjwt.claim.forbidden", "a claim vc or vp, where typ does not say that this is an SD-JWT")
		}
	}
	if len(p.digests) == 0 && p.top("_sd_alg").Kind() == strictjson.Invalid {
		return vc.Invalid("sdjwt.digest.none", "no digest and no _sd_alg, where typ does not say that this is an SD-JWT")
	}
	return nil
}

func (p *processor) value(v strictjson.Value, depth int) error {
	switch v.Kind() {
	case strictjson.Object:
		return p.object(v, depth, false)
	case strictjson.Array:
		return p.array(v, depth)
	}
	return nil
}

func (p *processor) object(v strictjson.Value, depth int, top bool) error {
	if depth--; depth < 0 {
		return errDepth()
	}
	for _, m := range v.Members() {
		switch {
		case m.Name == "_sd":
			if err := p.members(v, m.Value, depth, top); err != nil {
				return err
			}
		case m.Name == "_sd_alg" && !top:
			return vc.Invalid("sdjwt.hash.nested", "_sd_alg stands below the top level")
		case m.Name == "...":
			return vc.Invalid("sdjwt.reserved", "the name of array digests is used for a claim")
		default:
			before := len(p.digests)
			if err := p.value(m.Value, depth); err != nil {
				return err
			}
			if top && len(p.digests) > before && p.kind.closed(m.Name) {
				return errRegistered()
			}
		}
	}
	return nil
}

func errRegistered() error {
	return vc.Invalid("sdjwt.disclosure.registered", "a claim is disclosed that must stand in the clear")
}

func errDepth() error {
	return vc.Invalid("sdjwt.depth", "the processed payload is nested too deeply")
}

// members follows the digests of _sd in the object v.
func (p *processor) members(v, sd strictjson.Value, depth int, top bool) error {
	if sd.Kind() != strictjson.Array {
		return errDigest()
	}
	var names nameSet
	for _, e := range sd.Elems() {
		i, err := p.follow(e)
		if err != nil {
			return err
		}
		if i < 0 {
			continue
		}
		d := &p.disclosures[i]
		if top {
			p.place[i] = atTop
		}
		if !d.named {
			return vc.Invalid("sdjwt.disclosure.kind", "an array element is disclosed where a claim should be")
		}
		if names.clashes(v, d.name) {
			return vc.Invalid("sdjwt.disclosure.collision", "a disclosed claim has the name of another one beside it")
		}
		if top && p.kind.clear(d.name) {
			return errRegistered()
		}
		if err := p.value(d.value, depth); err != nil {
			return err
		}
	}
	return nil
}

func (p *processor) array(v strictjson.Value, depth int) error {
	if depth--; depth < 0 {
		return errDepth()
	}
	for _, e := range v.Elems() {
		digest, ok, err := elementDigest(e)
		if err != nil {
			return err
		}
		if !ok {
			if err := p.value(e, depth); err != nil {
				return err
			}
			continue
		}
		i, err := p.follow(digest)
		if err != nil {
			return err
		}
		if i < 0 {
			continue
		}
		d := &p.disclosures[i]
		if d.named {
			return vc.Invalid("sdjwt.disclosure.kind", "a claim is disclosed where an array element should be")
		}
		if err := p.value(d.value, depth); err != nil {
			return err
		}
	}
	return nil
}

// elementDigest returns the digest that stands for an array element: {"...": digest}, and no other member beside it.
func elementDigest(e strictjson.Value) (digest strictjson.Value, ok bool, err error) {
	digest, ok = e.Get("...")
	if ok && len(e.Members()) != 1 {
		return digest, ok, vc.Invalid("sdjwt.reserved", "something stands beside the digest of an array element")
	}
	return digest, ok, nil
}

func errDigest() error {
	return vc.Invalid("sdjwt.digest.malformed", "a digest is not a string, or _sd not an array")
}

// follow notes a digest and returns the index of its disclosure, -1 if there is none.
func (p *processor) follow(v strictjson.Value) (int, error) {
	digest, ok := v.Str()
	if !ok {
		return -1, errDigest()
	}
	p.digests = append(p.digests, digest)
	i := p.find(digest)
	if i < 0 {
		return -1, nil
	}
	if p.place[i] != nowhere { // ends cycles, which no honest issuer can make
		return -1, vc.Invalid("sdjwt.digest.duplicate", "a digest stands in more than one place")
	}
	p.place[i] = below
	return i, nil
}

// nameSet holds the names that were disclosed into one object.
type nameSet struct {
	names []string
	all   map[string]struct{} // with the plain names; nil while there are few
}

// clashes tells whether name stands in v or was seen, and remembers it.
func (s *nameSet) clashes(v strictjson.Value, name string) bool {
	if s.all == nil && len(s.names)+len(v.Members()) <= 2*few {
		for _, n := range s.names {
			if n == name {
				return true
			}
		}
		s.names = append(s.names, name)
		_, taken := v.Get(name)
		return taken
	}
	if s.all == nil {
		s.all = make(map[string]struct{}, len(v.Members())+few)
		for _, m := range v.Members() {
			s.all[m.Name] = struct{}{}
		}
		for _, n := range s.names {
			s.all[n] = struct{}{}
		}
	}
	_, taken := s.all[name]
	s.all[name] = struct{}{}
	return taken
}

func duplicateDigest(digests []string) bool {
	if len(digests) <= 2*few {
		for i := range digests {
			for j := range i {
				if digests[i] == digests[j] {
					return true
				}
			}
		}
		return false
	}
	seen := make(map[string]struct{}, len(digests))
	for _, d := range digests {
		seen[d] = struct{}{}
	}
	return len(seen) != len(digests)
}

// top returns a claim at the top level of the payload that check accepted, in the clear or disclosed; the zero Value if there
// is none.
func (p *processor) top(name string) strictjson.Value {
	if v, ok := p.payload.Get(name); ok {
		return v
	}
	for i, at := range p.place {
		if at == atTop && p.disclosures[i].name == name {
			return p.disclosures[i].value
		}
	}
	return strictjson.Value{}
}

// claims makes the processed payload of what check accepted: no digest, no _sd_alg.
func (p *processor) claims() map[string]any {
	m := p.plainObject(p.payload)
	delete(m, "_sd_alg")
	return m
}

func (p *processor) plain(v strictjson.Value) any {
	switch v.Kind() {
	case strictjson.Object:
		return p.plainObject(v)
	case strictjson.Array:
		list := make([]any, 0, len(v.Elems()))
		for _, e := range v.Elems() {
			digest, ok := e.Get("...")
			if !ok {
				list = append(list, p.plain(e))
				continue
			}
			s, _ := digest.Str()
			if i := p.find(s); i >= 0 {
				list = append(list, p.plain(p.disclosures[i].value))
			}
		}
		return list
	}
	return v.Interface()
}

func (p *processor) plainObject(v strictjson.Value) map[string]any {
	m := make(map[string]any, len(v.Members()))
	for _, e := range v.Members() {
		if e.Name != "_sd" {
			m[e.Name] = p.plain(e.Value)
			continue
		}
		for _, digest := range e.Value.Elems() {
			s, _ := digest.Str()
			if i := p.find(s); i >= 0 {
				m[p.disclosures[i].name] = p.plain(p.disclosures[i].value)
			}
		}
	}
	return m
}
