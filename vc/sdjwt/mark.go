package sdjwt

import (
	"errors"
	"fmt"

	"github.com/realdid/realdid/vc"
)

// mark says what becomes of a value when it is issued, and of what is in it. A nil mark means nothing.
type mark struct {
	disclosable bool
	decoys      int
	names       map[string]*mark
	elems       map[int]*mark
}

func (m *mark) name(name string) *mark {
	if m == nil {
		return nil
	}
	return m.names[name]
}

func (m *mark) elem(i int) *mark {
	if m == nil {
		return nil
	}
	return m.elems[i]
}

// markAll turns the paths of opt into marks on claims.
func markAll(claims map[string]any, opt *IssueOptions) (*mark, error) {
	root, k := &mark{}, kindOf(opt.mediaType())
	if n := len(opt.Disclosable); n > 0 {
		root.names = make(map[string]*mark, n)
	}
	for _, text := range opt.Disclosable {
		p, err := vc.ParsePath(text)
		if err != nil {
			return nil, err
		}
		steps := p.Steps()
		if len(steps) == 0 {
			return nil, errors.New("the whole payload cannot be disclosable")
		}
		name := steps[0].Name
		if k.closed(name) || name == "iat" || len(steps) == 1 && k.clear(name) {
			return nil, fmt.Errorf("claim %s must stand in the clear", name)
		}
		found, err := root.apply(claims, steps, func(m *mark, _ any) error { m.disclosable = true; return nil })
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, ErrNoSuchClaim
		}
	}
	for _, d := range opt.Decoys {
		if err := root.decoy(claims, d, k); err != nil {
			return nil, err
		}
	}
	return root, nil
}

func (m *mark) decoy(claims map[string]any, d Decoys, k kind) error {
	if d.Count < 0 || d.Count > MaxDisclosures {
		return errors.New("decoys: a count from 0 to 1024")
	}
	p, err := vc.ParsePath(d.In)
	if err != nil {
		return err
	}
	if steps := p.Steps(); len(steps) > 0 && k.closed(steps[0].Name) {
		return fmt.Errorf("claim %s must stand in the clear", steps[0].Name)
	}
	found, err := m.apply(claims, p.Steps(), func(m *mark, v any) error {
		_, object := asObject(v)
		_, array := asArray(v)
		if !object && !array {
			return vc.ErrPathMismatch
		}
		m.decoys += d.Count
		return nil
	})
	if err == nil && !found {
		err = ErrNoSuchClaim
	}
	return err
}

// apply calls do for the mark of every value in v that steps selects, and makes the marks on the way there.
func (m *mark) apply(v any, steps []vc.Step, do func(*mark, any) error) (found bool, err error) {
	if len(steps) == 0 {
		return true, do(m, v)
	}
	s := steps[0]
	if object, ok := asObject(v); ok {
		if s.Kind != vc.StepName && s.Kind != vc.StepToken {
			return false, vc.ErrPathMismatch
		}
		child, ok := object[s.Name]
		if !ok {
			return false, nil
		}
		if m.names == nil {
			m.names = make(map[string]*mark)
		}
		if m.names[s.Name] == nil {
			m.names[s.Name] = new(mark)
		}
		return m.names[s.Name].apply(child, steps[1:], do)
	}
	array, ok := asArray(v)
	if !ok || s.Kind == vc.StepName || s.Kind == vc.StepToken && s.Index < 0 {
		return false, vc.ErrPathMismatch
	}
	if m.elems == nil {
		m.elems = make(map[int]*mark)
	}
	for i, child := range array {
		if s.Kind != vc.StepEvery && i != s.Index {
			continue
		}
		if m.elems[i] == nil {
			m.elems[i] = new(mark)
		}
		one, err := m.elems[i].apply(child, steps[1:], do)
		if err != nil {
			return false, err
		}
		found = found || one
	}
	return found, nil
}

func asObject(v any) (map[string]any, bool) {
	switch v := v.(type) {
	case map[string]any:
		return v, true
	case map[string]string:
		m := make(map[string]any, len(v))
		for k, s := range v {
			m[k] = s
		}
		return m, true
	}
	return nil, false
}

func asArray(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case []string:
		a := make([]any, len(v))
		for i, s := range v {
			a[i] = s
		}
		return a, true
	}
	return nil, false
}
