package sd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// MaxPointers is how many JSON Pointers one selection takes.
const MaxPointers = 4096

// ErrPointer is in the error of a pointer that is malformed or points to nothing.
var ErrPointer = errors.New("pointer")

// path is a pointer taken apart, as a tree over all pointers of a selection.
type path struct {
	name   string // reference token, unescaped
	chosen bool   // a pointer ends here
	next   []*path
	byName map[string]*path // of next, once there are many
}

// parsePointers joins pointers (RFC 6901) in one tree.
func parsePointers(pointers []string) (*path, error) {
	if len(pointers) > MaxPointers {
		return nil, fmt.Errorf("sd: %w: %d of them, at most %d", ErrPointer, len(pointers), MaxPointers)
	}
	root := &path{}
	for i, p := range pointers {
		at, rest := root, p
		for rest != "" {
			if rest[0] != '/' {
				return nil, fmt.Errorf("sd: %w %d does not start with /", ErrPointer, i)
			}
			token := rest[1:]
			if end := strings.IndexByte(token, '/'); end >= 0 {
				token = token[:end]
			}
			rest = rest[1+len(token):]
			name, ok := unescape(token)
			if !ok {
				return nil, fmt.Errorf("sd: %w %d: ~ stands before 0 and 1 only", ErrPointer, i)
			}
			at = at.child(name)
		}
		at.chosen = true
	}
	return root, nil
}

// unescape reads ~1 as / and ~0 as ~.
func unescape(token string) (string, bool) {
	if strings.IndexByte(token, '~') < 0 {
		return token, true
	}
	b := make([]byte, 0, len(token))
	for i := 0; i < len(token); i++ {
		c := token[i]
		if c == '~' {
			i++
			switch {
			case i < len(token) && token[i] == '0':
			case i < len(token) && token[i] == '1':
				c = '/'
			default:
				return "", false
			}
		}
		b = append(b, c)
	}
	return string(b), true
}

const manyChildren = 16

// child returns the branch of name, a new one if there is none.
func (p *path) child(name string) *path {
	if c := p.find(name); c != nil {
		return c
	}
	c := &path{name: name}
	p.next = append(p.next, c)
	switch {
	case p.byName != nil:
		p.byName[name] = c
	case len(p.next) > manyChildren:
		p.byName = make(map[string]*path, 2*len(p.next))
		for _, n := range p.next {
			p.byName[n.name] = n
		}
	}
	return c
}

func (p *path) find(name string) *path {
	if p.byName != nil {
		return p.byName[name]
	}
	for _, c := range p.next {
		if c.name == name {
			return c
		}
	}
	return nil
}

// index reads a reference token as the index of an array of n elements (RFC 6901, section 4): no sign, no leading zero.
func index(token string, n int) (int, bool) {
	if token == "" || token[0] < '0' || token[0] > '9' || token[0] == '0' && len(token) > 1 {
		return 0, false
	}
	i, err := strconv.Atoi(token)
	return i, err == nil && i < n
}
