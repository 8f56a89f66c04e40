package didwebvh

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

// Limits of the parameters of one entry.
const (
	MaxUpdateKeys    = 64
	MaxNextKeyHashes = 256
	MaxWitnesses     = 64
	MaxWatchers      = 64
	maxText          = 1024 // characters of a key hash or a watcher
	maxTTL           = 1 << 31
	defaultTTL       = 3600
)

const methodVersion = "did:webvh:1.0"

// Parameters are the parameters that hold after an entry (did:webvh 1.0, section "did:webvh DID Method Parameters"). The
// slices are shared: nobody changes them.
type Parameters struct {
	SCID          string
	UpdateKeys    []string // Multikeys
	NextKeyHashes []string // not empty: pre-rotation is active
	Witness       Witness
	Watchers      []string // URLs; this package never asks them
	Portable      bool
	Deactivated   bool
	TTL           uint32 // seconds
}

// Witness is the witness parameter: who must approve entries. The zero Witness asks for nobody.
type Witness struct {
	Threshold int
	Keys      []string // Multikeys of the witnesses' did:key identifiers
}

// null is the value that early writers gave parameters which they switched off. The specification has it read as the
// default of these five, and of no other.
func isNull(v strictjson.Value) bool { return v.Kind() == strictjson.Null }

// presence tells which parameters an entry states itself.
type presence struct{ updateKeys, nextKeyHashes bool }

// applyParameters returns the parameters that hold after an entry, given those before it; before is nil for the first.
func applyParameters(before *Parameters, v strictjson.Value, ring keyring) (*Parameters, presence, *LogError) {
	var has presence
	if v.Kind() != strictjson.Object {
		return nil, has, fault(FaultParameters, "not an object")
	}
	next := &Parameters{TTL: defaultTTL}
	if before != nil {
		*next = *before
	}
	method := false
	for _, m := range v.Members() {
		var err error
		switch m.Name {
		case "method":
			if err := checkMethod(m.Value); err != nil {
				return nil, has, err
			}
			method = true
		case "scid":
			s, ok := m.Value.Str()
			if next.SCID = s; !ok || before != nil {
				err = errors.New("not a string, or not in the first entry")
			}
		case "updateKeys":
			has.updateKeys = true
			next.UpdateKeys, err = updateKeys(m.Value, ring)
		case "nextKeyHashes":
			has.nextKeyHashes = true
			next.NextKeyHashes, err = textSet(m.Value, MaxNextKeyHashes)
		case "witness":
			next.Witness, err = parseWitness(m.Value, ring)
		case "watchers":
			next.Watchers, err = watchers(m.Value)
		case "portable":
			next.Portable, err = portable(m.Value, before)
		case "deactivated":
			var ok bool
			if next.Deactivated, ok = m.Value.Bool(); !ok {
				err = errors.New("not a boolean")
			}
		case "ttl":
			next.TTL, err = parseTTL(m.Value)
		default:
			return nil, has, fault(FaultParameters, "a parameter that did:webvh 1.0 does not have")
		}
		if err != nil {
			return nil, has, fault(FaultParameters, m.Name+": "+err.Error())
		}
	}
	if before == nil && (!method || next.SCID == "" || len(next.UpdateKeys) == 0) {
		return nil, has, fault(FaultParameters, "the first entry lacks method, scid or updateKeys")
	}
	return next, has, nil
}

var otherVersion = regexp.MustCompile(`^did:webvh:[0-9]{1,4}\.[0-9]{1,4}$`)

func checkMethod(v strictjson.Value) *LogError {
	switch s, _ := v.Str(); {
	case s == methodVersion:
		return nil
	case otherVersion.MatchString(s):
		return fault(FaultMethod, "only "+methodVersion+" is implemented")
	}
	return fault(FaultParameters, "method: not a version of did:webvh")
}

// textSet reads a list of different strings; null is the empty list.
func textSet(v strictjson.Value, most int) ([]string, error) {
	if isNull(v) {
		return nil, nil
	}
	items := v.Elems()
	switch {
	case v.Kind() != strictjson.Array:
		return nil, errors.New("not a list")
	case len(items) > most:
		return nil, fmt.Errorf("more than %d items", most)
	}
	list := make([]string, 0, len(items))
	for _, item := range items {
		s, ok := item.Str()
		if !ok || s == "" || len(s) > maxText {
			return nil, errors.New("an item that is not a string, empty or too long")
		}
		if slices.Contains(list, s) {
			return nil, errors.New("an item twice")
		}
		list = append(list, s)
	}
	return list, nil
}

func updateKeys(v strictjson.Value, ring keyring) ([]string, error) {
	list, err := textSet(v, MaxUpdateKeys)
	for _, s := range list {
		// A key of another algorithm may be listed. It can prove nothing, because the one cryptosuite is Ed25519's.
		if _, err := ring.get(s); err != nil {
			if _, err := keys.ParseMultikey(s); err != nil && !errors.Is(err, keys.ErrUnsupported) {
				return nil, errors.New("not a Multikey")
			}
		}
	}
	return list, err
}

// parseWitness reads {} or {threshold, witnesses}. There is nothing in between: a configuration that is not understood must
// not become one that asks for nobody.
func parseWitness(v strictjson.Value, ring keyring) (Witness, error) {
	if isNull(v) || v.Kind() == strictjson.Object && len(v.Members()) == 0 {
		return Witness{}, nil
	}
	threshold, _ := v.Get("threshold")
	list, _ := v.Get("witnesses")
	n, _ := threshold.Int64() // 0, which is refused, if it is no integer
	switch {
	case len(v.Members()) != 2:
		return Witness{}, errors.New("not an object of threshold and witnesses")
	case len(list.Elems()) > MaxWitnesses:
		return Witness{}, fmt.Errorf("more than %d witnesses", MaxWitnesses)
	case n < 1 || n > int64(len(list.Elems())):
		return Witness{}, errors.New("the threshold is not between 1 and the number of witnesses")
	}
	w := Witness{Threshold: int(n)}
	for _, item := range list.Elems() {
		id, _ := item.Get("id")
		s, _ := id.Str()
		multikey, isKey := strings.CutPrefix(s, "did:key:")
		if !isKey || len(item.Members()) != 1 {
			return Witness{}, errors.New("a witness that is not an object of one did:key id")
		}
		if _, err := ring.get(multikey); err != nil {
			return Witness{}, errors.New("the did:key of a witness is not one of Ed25519")
		}
		if slices.Contains(w.Keys, multikey) {
			return Witness{}, errors.New("a witness twice")
		}
		w.Keys = append(w.Keys, multikey)
	}
	return w, nil
}

func watchers(v strictjson.Value) ([]string, error) {
	list, err := textSet(v, MaxWatchers)
	for _, s := range list {
		scheme, rest, ok := strings.Cut(s, ":")
		if !ok || scheme == "" || rest == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return nil, errors.New("not a URL")
		}
	}
	return list, err
}

func portable(v strictjson.Value, before *Parameters) (bool, error) {
	b, ok := v.Bool()
	switch {
	case !ok:
		return false, errors.New("not a boolean")
	case b && before != nil && !before.Portable:
		return false, errors.New("true only if it was from the first entry on")
	}
	return b, nil
}

func parseTTL(v strictjson.Value) (uint32, error) {
	if isNull(v) {
		return defaultTTL, nil
	}
	n, ok := v.Int64()
	if !ok || n < 0 || n > maxTTL {
		return 0, errors.New("not an integer from 0 to 2^31")
	}
	return uint32(n), nil
}
