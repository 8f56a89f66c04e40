package sd

import (
	"fmt"

	"github.com/realdid/realdid/internal/strictjson"
)

// Select returns the view of doc that the JSON Pointers (RFC 6901) choose (section 3.4.13, selectJsonLd): each value pointed
// at, as a whole; the objects and arrays on the way to it, reduced to what is chosen, elements of arrays closing up; and of
// every object on the way its context, id and type, the document itself included. Without pointers nothing is chosen, and the view
// is the zero Value; "" chooses all. Values of the view have the Offset that they have in doc.
//
// The id of an object on the way is kept even if it is a label of a blank node ("_:x"), which the specification drops: without it,
// what else refers to that node would refer to nothing.
//
// Errors: a pointer that is malformed or points to nothing is ErrPointer; the detail names its place by its number and
// nothing of the document.
func Select(doc strictjson.Value, pointers []string) (strictjson.Value, error) {
	root, err := parsePointers(pointers)
	if err != nil {
		return strictjson.Value{}, err
	}
	if len(pointers) == 0 {
		return strictjson.Value{}, nil
	}
	return choose(doc, root, 0)
}

// kept tells the members that stay in every object on the way.
func kept(name string) bool {
	switch name {
	case "@context", "id", "@id", "type", "@type":
		return true
	}
	return false
}

func choose(v strictjson.Value, p *path, depth int) (strictjson.Value, error) {
	switch v.Kind() {
	case strictjson.Object:
		return chooseMembers(v, p, depth)
	case strictjson.Array:
		return chooseElems(v, p, depth)
	}
	if len(p.next) > 0 {
		return strictjson.Value{}, pointsToNothing(depth)
	}
	return v, nil
}

func pointsToNothing(depth int) error {
	return fmt.Errorf("sd: %w to nothing: token %d of it matches no value of the document", ErrPointer, depth+1)
}

func chooseMembers(v strictjson.Value, p *path, depth int) (strictjson.Value, error) {
	var members []strictjson.Member
	found := 0
	for _, m := range v.Members() {
		next := p.find(m.Name)
		if next != nil {
			found++
			part, err := choose(m.Value, next, depth+1)
			if err != nil {
				return strictjson.Value{}, err
			}
			if !kept(m.Name) {
				m.Value = part
			}
		}
		if next != nil || kept(m.Name) {
			members = append(members, m)
		}
	}
	if found != len(p.next) {
		return strictjson.Value{}, pointsToNothing(depth)
	}
	if p.chosen {
		return v, nil
	}
	return v.WithMembers(members), nil
}

func chooseElems(v strictjson.Value, p *path, depth int) (strictjson.Value, error) {
	all := v.Elems()
	parts := make([]strictjson.Value, len(all))
	for _, next := range p.next {
		i, ok := index(next.name, len(all))
		if !ok {
			return strictjson.Value{}, pointsToNothing(depth)
		}
		part, err := choose(all[i], next, depth+1)
		if err != nil {
			return strictjson.Value{}, err
		}
		parts[i] = part
	}
	if p.chosen {
		return v, nil
	}
	dense := parts[:0]
	for _, part := range parts {
		if part.Kind() != strictjson.Invalid {
			dense = append(dense, part)
		}
	}
	return v.WithElems(dense), nil
}
