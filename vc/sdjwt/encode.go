package sdjwt

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/realdid/realdid/internal/strictjson"
)

const saltSize = 16 // bytes; RFC 9901, section 9.3 recommends 128 bits

// encoder writes claims as JSON and takes out what is disclosable.
type encoder struct {
	hash        hashAlgorithm
	json        []byte   // what is in the clear; while a disclosure is made, that disclosure
	disclosures []byte   // the finished disclosures, each followed by "~"
	digests     [][]byte // of the objects that are being written, innermost last
	arena       []byte   // where digests stand
	count       int      // of disclosures and decoys
	random      []byte   // not yet used
	pool        [32 * saltSize]byte
}

// name starts a member of the object that is being written.
func (e *encoder) name(name string) {
	if e.json[len(e.json)-1] != '{' {
		e.json = append(e.json, ',')
	}
	e.json = append(strictjson.AppendString(e.json, name), ':')
}

// bits returns 128 random bits that nothing else gets.
func (e *encoder) bits() []byte {
	if len(e.random) == 0 {
		rand.Read(e.pool[:]) // never fails: it ends the program instead
		e.random = e.pool[:]
	}
	b := e.random[:saltSize]
	e.random = e.random[saltSize:]
	return b
}

var (
	errReserved = errors.New("a claim is called _sd, _sd_alg or ..., which are reserved")
	errDepthOut = errors.New("claims are nested too deeply")
	errUTF8     = errors.New("a claim is not valid UTF-8")
)

// members writes the members of an object without its braces: plain ones in the order of their names, then _sd.
func (e *encoder) members(object map[string]any, m *mark, depth int) error {
	var space [24]string
	names := space[:0]
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	base := len(e.digests)
	for _, name := range names {
		if isReserved(name) {
			return errReserved
		}
		if !utf8.ValidString(name) {
			return errUTF8
		}
		child := m.name(name)
		if child != nil && child.disclosable {
			if err := e.disclose(name, true, object[name], child, depth); err != nil {
				return err
			}
			continue
		}
		e.name(name)
		if err := e.value(object[name], child, depth); err != nil {
			return err
		}
	}
	if m != nil {
		for range m.decoys {
			e.decoy()
		}
	}
	if len(e.digests) == base {
		return nil
	}
	// In the order of the digests, which tells nothing about the claims (RFC 9901, section 4.2.4.1).
	slices.SortFunc(e.digests[base:], bytes.Compare)
	e.name("_sd")
	e.json = append(e.json, '[')
	for i, digest := range e.digests[base:] {
		if i > 0 {
			e.json = append(e.json, ',')
		}
		e.json = append(append(append(e.json, '"'), digest...), '"')
	}
	e.json = append(e.json, ']')
	e.digests = e.digests[:base]
	return nil
}

// disclose makes the disclosure of one member or element and appends its digest to e.digests.
func (e *encoder) disclose(name string, named bool, v any, m *mark, depth int) error {
	start := len(e.json)
	e.json = base64.RawURLEncoding.AppendEncode(append(e.json, '[', '"'), e.bits())
	e.json = append(e.json, '"', ',')
	if named {
		e.json = append(strictjson.AppendString(e.json, name), ',')
	}
	if err := e.value(v, m, depth); err != nil {
		return err
	}
	e.json = append(e.json, ']')
	from := len(e.disclosures)
	e.disclosures = base64.RawURLEncoding.AppendEncode(e.disclosures, e.json[start:])
	e.digest(e.disclosures[from:])
	e.disclosures = append(e.disclosures, '~')
	e.json = e.json[:start]
	return nil
}

// digest appends the digest of text to e.digests.
func (e *encoder) digest(text []byte) {
	from := len(e.arena)
	e.arena = e.hash.appendDigest(e.arena, text)
	e.digests = append(e.digests, e.arena[from:len(e.arena):len(e.arena)])
	e.count++
}

// decoy appends a digest of random bits.
func (e *encoder) decoy() { e.digest(e.bits()) }

func (e *encoder) value(v any, m *mark, depth int) error {
	if s, ok := v.(string); ok {
		if !utf8.ValidString(s) {
			return errUTF8
		}
		e.json = strictjson.AppendString(e.json, s)
		return nil
	}
	if object, ok := asObject(v); ok {
		if depth--; depth < 0 {
			return errDepthOut
		}
		e.json = append(e.json, '{')
		if err := e.members(object, m, depth); err != nil {
			return err
		}
		e.json = append(e.json, '}')
		return nil
	}
	if array, ok := asArray(v); ok {
		if depth--; depth < 0 {
			return errDepthOut
		}
		return e.array(array, m, depth)
	}
	if n, ok := v.(json.Number); ok { // as written: the canonical form would round it
		p, err := strictjson.Parse([]byte(n), strictjson.Limits{})
		if err != nil || p.Kind() != strictjson.Number || len(p.Raw()) != len(n) {
			return errors.New("a json.Number is not a number")
		}
		e.json = append(e.json, n...)
		return nil
	}
	scalar, err := strictjson.Canonical(v)
	if err != nil {
		return err
	}
	e.json = append(e.json, scalar...)
	return nil
}

// array writes an array; decoys stand anywhere between its elements.
func (e *encoder) array(list []any, m *mark, depth int) error {
	decoys := 0
	if m != nil {
		decoys = m.decoys
	}
	e.json = append(e.json, '[')
	first := true
	separate := func() {
		if !first {
			e.json = append(e.json, ',')
		}
		first = false
	}
	for i := 0; i <= len(list); i++ {
		for ; decoys > 0 && (i == len(list) || e.chance(decoys, len(list)-i)); decoys-- {
			separate()
			e.decoy()
			e.element()
		}
		if i == len(list) {
			break
		}
		separate()
		child := m.elem(i)
		if child == nil || !child.disclosable {
			if err := e.value(list[i], child, depth); err != nil {
				return err
			}
			continue
		}
		if err := e.disclose("", false, list[i], child, depth); err != nil {
			return err
		}
		e.element()
	}
	e.json = append(e.json, ']')
	return nil
}

// element writes the last digest as an array element.
func (e *encoder) element() {
	last := len(e.digests) - 1
	digest := e.digests[last]
	e.digests = e.digests[:last]
	e.json = append(append(append(e.json, `{"...":"`...), digest...), `"}`...)
}

// chance is true in decoys of decoys+elements cases, so that every order of both is equally likely.
func (e *encoder) chance(decoys, elements int) bool {
	return binary.LittleEndian.Uint64(e.bits())%uint64(decoys+elements) < uint64(decoys)
}
