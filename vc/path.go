package vc

import (
	"errors"
	"strconv"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
)

// Path selects claims. It has two notations: a JSON Pointer (RFC 6901), "/address/locality", which is empty for the whole, and
// a claims path of DCQL (OpenID4VP 1.0, section 7) as JSON, ["degrees",null,"type"], where null selects every element of an array.
type Path struct {
	steps []Step
	text  string
}

// Step is one step of a Path. Of a Name step only members with that name match; of an Index step only elements of arrays; Every
// matches all elements of an array; a Token, from a JSON Pointer, is a name in an object and an index in an array.
type Step struct {
	Kind  StepKind
	Name  string // Name and Token
	Index int    // Index; and Token, -1 if it is no index
}

// StepKind is the kind of a Step.
type StepKind uint8

// The kinds of a Step.
const (
	StepName StepKind = iota + 1
	StepIndex
	StepEvery
	StepToken
)

const (
	maxPathBytes = 4096
	maxPathSteps = 32
)

var (
	errPath      = errors.New("vc: path: neither a JSON Pointer nor a DCQL path")
	errPathLimit = errors.New("vc: path: too long")
	// ErrPathMismatch says that a path goes through a value of another kind: a name into an array, an index into an object, anything
	// into a string.
	ErrPathMismatch = errors.New("vc: path: goes through a value of another kind")
)

// ParsePath reads a path in either notation: it is DCQL if it starts with "[". At most 4096 bytes and 32 steps.
func ParsePath(s string) (Path, error) {
	if len(s) > maxPathBytes {
		return Path{}, errPathLimit
	}
	p := Path{text: s}
	switch {
	case s == "":
	case s[0] == '/':
		for token := range strings.SplitSeq(s[1:], "/") {
			name, ok := unescapeToken(token)
			if !ok {
				return Path{}, errPath
			}
			p.steps = append(p.steps, Step{Kind: StepToken, Name: name, Index: index(name)})
		}
	case s[0] == '[':
		v, err := strictjson.Parse([]byte(s), strictjson.Limits{Bytes: maxPathBytes, Depth: 1})
		if err != nil {
			return Path{}, errPath
		}
		if len(v.Elems()) == 0 { // not a path there (section 7), and here it would mean everything
			return Path{}, errPath
		}
		for _, e := range v.Elems() {
			step, ok := dcqlStep(e)
			if !ok {
				return Path{}, errPath
			}
			p.steps = append(p.steps, step)
		}
	default:
		return Path{}, errPath
	}
	if len(p.steps) > maxPathSteps {
		return Path{}, errPathLimit
	}
	return p, nil
}

// unescapeToken undoes ~1 and ~0 (RFC 6901, section 4) and refuses any other tilde.
func unescapeToken(s string) (string, bool) {
	if strings.IndexByte(s, '~') < 0 {
		return s, true
	}
	for i := range len(s) {
		if s[i] == '~' && (i+1 == len(s) || s[i+1] != '0' && s[i+1] != '1') {
			return "", false
		}
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "~1", "/"), "~0", "~"), true
}

// index reads an array index of RFC 6901: digits without a leading zero.
func index(s string) int {
	if s == "" || len(s) > 9 || s[0] == '0' && len(s) > 1 {
		return -1
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
	}
	n, _ := strconv.Atoi(s) // at most nine digits
	return n
}

func dcqlStep(v strictjson.Value) (Step, bool) {
	switch v.Kind() {
	case strictjson.String:
		name, _ := v.Str()
		return Step{Kind: StepName, Name: name}, true
	case strictjson.Null:
		return Step{Kind: StepEvery}, true
	case strictjson.Number:
		text, _ := v.Number()
		if n := index(text); n >= 0 {
			return Step{Kind: StepIndex, Index: n}, true
		}
	}
	return Step{}, false
}

// Steps returns the steps of p. The slice is shared: do not change it.
func (p Path) Steps() []Step { return p.steps }

// String returns p as it was written.
func (p Path) String() string { return p.text }

// Select returns the values in root (map[string]any, []any, …) that p selects, by the rules of OpenID4VP 1.0, section 7.1.1: a
// member or element that does not exist selects nothing, and going through a value of another kind is ErrPathMismatch.
func (p Path) Select(root any) ([]any, error) {
	selected := []any{root}
	for _, s := range p.steps {
		var next []any
		for _, v := range selected {
			switch v := v.(type) {
			case map[string]any:
				if s.Kind != StepName && s.Kind != StepToken {
					return nil, ErrPathMismatch
				}
				if m, ok := v[s.Name]; ok {
					next = append(next, m)
				}
			case []any:
				switch {
				case s.Kind == StepEvery:
					next = append(next, v...)
				case s.Kind == StepName || s.Index < 0:
					return nil, ErrPathMismatch
				case s.Index < len(v):
					next = append(next, v[s.Index])
				}
			default:
				return nil, ErrPathMismatch
			}
		}
		selected = next
	}
	return selected, nil
}
