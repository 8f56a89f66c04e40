package realdid

import (
	"slices"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

// changeOptions are the options of a did.Change, read.
type changeOptions struct {
	suite          Suite
	control        KeySet
	next           Commitments
	recovery       []Tier
	reveal         []keys.PublicKey
	revealRecovery []RecoveryKey
	compromised    map[string]uint64
	cleared        []string
	single         bool
	overtake       bool
	root           Digest
	to, from       string
	state, proof   []byte
}

// optionsOf says which options an operation takes, the required ones first up to the bar.
var optionsOf = map[string][2][]string{
	changeCreate:     {{"control", "next"}, {"suite", "recovery", "singleSecret"}},
	changeUpdate:     {},
	changeAnchor:     {{"root"}, {}},
	changeRotate:     {{"reveal", "next"}, {"control", "recovery", "compromised", "singleSecret", "overtake"}},
	changeRecover:    {{"revealRecovery", "control", "next"}, {"recovery", "compromised", "cleared", "singleSecret", "overtake"}},
	changeCancel:     {{}, {"reveal", "next", "revealRecovery", "singleSecret"}},
	changeDeactivate: {{"reveal"}, {}},
	changeMigrate:    {{"to"}, {"reveal", "next", "singleSecret"}},
	changeImport:     {{"from", "state", "proof"}, {}},
}

func badOption(name, detail string) error {
	return &did.Error{Code: did.InvalidOptions, Detail: "option " + name + ": " + detail}
}

// parseChangeOptions reads the options of an operation, and knows which operations there are.
func parseChangeOptions(c *did.Change) (*changeOptions, error) {
	known, ok := optionsOf[c.Operation]
	if !ok {
		return nil, &did.Error{Code: did.FeatureNotSupported, Detail: "the method has no such operation"}
	}
	text := c.Options
	if text == nil {
		text = []byte("{}")
	}
	v, err := strictjson.Parse(text, strictjson.Limits{Bytes: 64 << 10, Depth: 6})
	if err != nil || v.Kind() != strictjson.Object {
		return nil, &did.Error{Code: did.InvalidOptions, Detail: "options: not a JSON object", Err: err}
	}
	out := &changeOptions{}
	for _, m := range v.Members() {
		if !slices.Contains(known[0], m.Name) && !slices.Contains(known[1], m.Name) {
			return nil, badOption(m.Name, "not one of "+c.Operation)
		}
		if err := out.read(m.Name, m.Value); err != nil {
			return nil, err
		}
	}
	for _, name := range known[0] {
		if _, ok := v.Get(name); !ok {
			return nil, badOption(name, c.Operation+" needs it")
		}
	}
	if c.Operation == changeCancel && (len(out.revealRecovery) > 0) == (len(out.reveal) > 0) {
		return nil, badOption("reveal", "a cancel reveals next keys, or those of a tier")
	}
	if _, single := v.Get("singleSecret"); c.Operation == changeMigrate && ((out.reveal == nil) != (len(out.next.Digests) == 0) || single && out.reveal == nil) {
		return nil, badOption("reveal", "a migration is announced with revealed and next keys, and completed with neither")
	}
	if c.Document != nil && !slices.Contains([]string{changeCreate, changeUpdate, changeRotate, changeRecover}, c.Operation) {
		return nil, &did.Error{Code: did.InvalidOptions, Detail: c.Operation + " takes no document"}
	}
	return out, nil
}

func (o *changeOptions) read(name string, v strictjson.Value) (err error) {
	ok := true
	switch name {
	case "suite":
		text, _ := v.Str()
		if ok = len(text) == 1 && Suite(text[0]).valid(); ok {
			o.suite = Suite(text[0])
		}
	case "control":
		o.control, err = readKeySet(v)
	case "next":
		o.next, err = readCommitments(v)
	case "recovery":
		o.recovery, err = readTiers(v)
	case "reveal":
		o.reveal, err = readKeys(v)
	case "revealRecovery":
		o.revealRecovery, err = readRecoveryKeys(v)
	case "compromised":
		o.compromised, ok = map[string]uint64{}, v.Kind() == strictjson.Object
		for _, m := range v.Members() {
			n, isInt := m.Value.Int64()
			ok = ok && isInt && n >= 0
			o.compromised[m.Name] = uint64(n)
		}
	case "cleared":
		ok = v.Kind() == strictjson.Array
		for _, e := range v.Elems() {
			text, isText := e.Str()
			ok = ok && isText
			o.cleared = append(o.cleared, text)
		}
	case "singleSecret":
		o.single, ok = v.Bool()
	case "overtake":
		o.overtake, ok = v.Bool()
	case "to":
		o.to, err = readHome(v)
	case "from":
		o.from, err = readHome(v)
	case "state":
		o.state, err = readBytes(v)
	case "proof":
		o.proof, err = readBytes(v)
	case "root":
		text, _ := v.Str()
		o.root, err = parseDigest(text)
	}
	if err != nil {
		return &did.Error{Code: did.InvalidOptions, Detail: "option " + name, Err: err}
	}
	if !ok {
		return badOption(name, "malformed")
	}
	return nil
}

func readHome(v strictjson.Value) (string, error) {
	text, _ := v.Str()
	if !validName(text) {
		return "", badOption("home", "not a name")
	}
	return text, nil
}

func readBytes(v strictjson.Value) ([]byte, error) {
	text, _ := v.Str()
	return base64URL(text)
}

// fields takes an object apart that has these members, all required but those after the bar "|".
func fields(v strictjson.Value, names ...string) (map[string]strictjson.Value, error) {
	out, required := map[string]strictjson.Value{}, true
	if v.Kind() != strictjson.Object {
		return nil, badOption("", "not an object")
	}
	for _, name := range names {
		if name == "|" {
			required = false
			continue
		}
		if m, ok := v.Get(name); ok {
			out[name] = m
		} else if required {
			return nil, badOption(name, "missing")
		}
	}
	if len(out) != len(v.Members()) {
		return nil, badOption("", "an unknown member")
	}
	return out, nil
}

// readSet reads the numbers of a set.
func readSet(v strictjson.Value, members string) (list strictjson.Value, threshold int, weights []int, err error) {
	f, err := fields(v, "threshold", members, "|", "weights")
	if err != nil {
		return list, 0, nil, err
	}
	n, ok := f["threshold"].Int64()
	if !ok || n < 1 || n > MaxKeys*MaxWeight {
		return list, 0, nil, badOption("threshold", "not a number in range")
	}
	for _, e := range f["weights"].Elems() {
		w, ok := e.Int64()
		if !ok || w < 1 || w > MaxWeight {
			return list, 0, nil, badOption("weights", "not numbers in range")
		}
		weights = append(weights, int(w))
	}
	return f[members], int(n), weights, nil
}

func readKeySet(v strictjson.Value) (k KeySet, err error) {
	list, threshold, weights, err := readSet(v, "keys")
	if err != nil {
		return KeySet{}, err
	}
	ks, err := readKeys(list)
	return KeySet{Threshold: threshold, Keys: ks, Weights: weights}, err
}

func readKeys(v strictjson.Value) ([]keys.PublicKey, error) {
	var out []keys.PublicKey
	for _, e := range v.Elems() {
		k, err := readKey(e)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	if len(out) == 0 || len(out) > MaxKeys {
		return nil, badOption("keys", "want a list of 1 to 16")
	}
	return out, nil
}

func readKey(v strictjson.Value) (keys.PublicKey, error) {
	text, _ := v.Str()
	k, err := keys.ParseMultikey(text)
	if err == nil && k.Multikey() != text {
		return k, badOption("keys", "not written canonically")
	}
	return k, err
}

func readCommitments(v strictjson.Value) (Commitments, error) {
	list, threshold, weights, err := readSet(v, "digests")
	if err != nil {
		return Commitments{}, err
	}
	c := Commitments{Threshold: threshold, Weights: weights}
	for _, e := range list.Elems() {
		text, _ := e.Str()
		d, err := parseDigest(text)
		if err != nil {
			return Commitments{}, err
		}
		c.Digests = append(c.Digests, d)
	}
	return c, nil
}

func readTiers(v strictjson.Value) ([]Tier, error) {
	var out []Tier
	for _, e := range v.Elems() {
		f, err := fields(e, "delaySeconds", "keys", "|", "vetoable")
		if err != nil {
			return nil, err
		}
		seconds, ok := f["delaySeconds"].Int64()
		if !ok || seconds < 0 || seconds > int64(MaxDelay/time.Second) {
			return nil, badOption("delaySeconds", "not a number in range")
		}
		t := Tier{Delay: time.Duration(seconds) * time.Second}
		if veto, has := f["vetoable"]; has {
			if t.Vetoable, ok = veto.Bool(); !ok {
				return nil, badOption("vetoable", "neither true nor false")
			}
		}
		if t.Keys, err = readCommitments(f["keys"]); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	if len(out) == 0 || len(out) > MaxTiers {
		return nil, badOption("recovery", "want a list of 1 to 3")
	}
	return out, nil
}

func readRecoveryKeys(v strictjson.Value) ([]RecoveryKey, error) {
	var out []RecoveryKey
	for _, e := range v.Elems() {
		f, err := fields(e, "salt", "key")
		if err != nil {
			return nil, err
		}
		text, _ := f["salt"].Str()
		salt, err := base64URL(text)
		if err != nil || len(salt) != len(RecoverySalt{}) {
			return nil, badOption("salt", "not 16 bytes in base64url")
		}
		k, err := readKey(f["key"])
		if err != nil {
			return nil, err
		}
		out = append(out, RecoveryKey{RecoverySalt(salt), k})
	}
	if len(out) == 0 || len(out) > MaxKeys {
		return nil, badOption("revealRecovery", "want a list of 1 to 16")
	}
	return out, nil
}
