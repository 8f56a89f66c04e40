package realperson

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// ErrPolicy says that a person's claims, or the generation, are not what the platform's policy wants.
var ErrPolicy = errors.New("realperson: policy")

// PolicyError names the claim that the policy does not accept, not its value. It is ErrPolicy.
type PolicyError struct {
	Pointer string
	Missing bool // the claim was not shown
}

func (e *PolicyError) Error() string {
	if e.Missing {
		return fmt.Sprintf("%v: %s was not shown", ErrPolicy, e.Pointer)
	}
	return fmt.Sprintf("%v: %s has a value that is not accepted", ErrPolicy, e.Pointer)
}

// Is implements errors.Is.
func (e *PolicyError) Is(target error) bool { return target == ErrPolicy }

// checked returns a copy that later changes do not reach.
func (p PlatformPolicy) checked() (PlatformPolicy, error) {
	if err := p.Mode.Check(); err != nil {
		return p, err
	}
	p.Claims = slices.Clone(p.Claims)
	for i := range p.Claims {
		c := &p.Claims[i]
		name, ok := claimOf(subjectPointer + c.Claim)
		if !ok || name == memberGeneration || name == memberIssuedEpoch {
			return p, errors.New("a required claim has no name of a claim")
		}
		if slices.ContainsFunc(p.Claims[:i], func(d Requirement) bool { return d.Claim == c.Claim }) {
			return p, errors.New("a claim is required twice")
		}
		c.OneOf = slices.Clone(c.OneOf)
		for j, v := range c.OneOf {
			switch v := v.(type) {
			case bool, string:
			case int:
				c.OneOf[j] = int64(v)
			case int64:
			default:
				return p, errors.New("an accepted value is not a bool, a string or an integer")
			}
		}
	}
	if p.Generation != nil {
		g := *p.Generation
		p.Generation = &g
	}
	if len(p.Claims) >= maxReveal {
		return p, errors.New("too many claims")
	}
	return p, nil
}

// fits says whether an authority states what the policy wants.
func (p *PlatformPolicy) fits(a *Parameters) error {
	for _, c := range p.Claims {
		if !slices.Contains(a.Claims, c.Claim) {
			return errors.New("an authority does not state a claim that the policy wants")
		}
	}
	return nil
}

// reveal returns the pointers that a response to an action must show, in ascending order.
func (p *PlatformPolicy) reveal(a Action) []string {
	switch {
	case a.showsIssuedEpoch():
		return []string{PointerIssuedEpoch}
	case !a.provesPerson():
		return nil
	}
	var all []string
	for _, c := range p.Claims {
		all = append(all, subjectPointer+c.Claim)
	}
	if p.Generation != nil {
		all = append(all, PointerGeneration)
	}
	slices.Sort(all)
	return all
}

// check looks at the verified claims of a subject.
func (p *PlatformPolicy) check(a Action, subject map[string]any) error {
	if a.showsIssuedEpoch() {
		return nil
	}
	for _, c := range p.Claims {
		got, ok := subject[c.Claim]
		if !ok {
			return &PolicyError{Pointer: subjectPointer + c.Claim, Missing: true}
		}
		if len(c.OneOf) > 0 && !slices.ContainsFunc(c.OneOf, func(want any) bool { return equalClaim(got, want) }) {
			return &PolicyError{Pointer: subjectPointer + c.Claim}
		}
	}
	if p.Generation != nil {
		n, ok := integerClaim(subject[memberGeneration])
		if !ok {
			return &PolicyError{Pointer: PointerGeneration, Missing: true}
		}
		if p.Generation.Max >= 0 && n > int64(p.Generation.Max) {
			return &PolicyError{Pointer: PointerGeneration}
		}
	}
	return nil
}

func equalClaim(got, want any) bool {
	if n, ok := want.(int64); ok {
		m, ok := integerClaim(got)
		return ok && m == n
	}
	switch got.(type) {
	case bool, string:
		return got == want
	}
	return false
}

// integerClaim reads a number that is written as an integer.
func integerClaim(v any) (int64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := strconv.ParseInt(string(n), 10, 64)
	return i, err == nil
}
