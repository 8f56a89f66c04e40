package realdid

import (
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// MaxBundle is the size limit of a bundle in bytes. One of a create, three rotations and three cosignatures takes about 5,000.
const MaxBundle = 512 << 10

const bundleVersion = 1

// ErrBundle says that a bundle is malformed, or does not prove what it says. It is final.
var ErrBundle = errors.New("realdid: bundle")

// A Bundle is one file with all that a stranger needs in order to know the state of an identifier without asking anybody: the
// operations, or in their place the state that auditors vouch for, and a proof under a cosigned checkpoint that it is the
// newest. Parsing checks its form; [Verifier] tells what it proves. SPEC.md section 8.4.
type Bundle struct {
	raw        []byte
	key        string
	home       string
	operations []bundled
	state      []byte
	head       []byte
	latest     *proof.Latest
	chain      []byte    // in its place: a proof that a HeadVerifier reads
	former     []bundled // what came before the import that is the first operation, on the former home ledger
}

// bundled is an operation with the anchor that the ledger gave it.
type bundled struct {
	raw []byte
	at  ledger.Anchor
}

type wireBundle struct {
	Version    uint64        `cbor:"0,keyasint"`
	Key        string        `cbor:"1,keyasint"`
	Home       string        `cbor:"2,keyasint,omitempty"`
	Operations []wireBundled `cbor:"3,keyasint,omitempty"`
	State      []byte        `cbor:"4,keyasint,omitempty"`
	Head       []byte        `cbor:"5,keyasint,omitempty"`
	Latest     []byte        `cbor:"6,keyasint,omitempty"`
	Chain      []byte        `cbor:"7,keyasint,omitempty"`
	Former     []wireBundled `cbor:"8,keyasint,omitempty"`
}

type wireBundled struct {
	_         struct{} `cbor:",toarray"`
	Operation []byte
	Index     uint64
	Time      int64
}

var errHeadAlone = refuseBundle("the proof is of a head record without what it describes, or the other way round")

func refuseBundle(format string, a ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrBundle}, a...)...)
}

// ParseBundle reads a bundle strictly: at most MaxBundle bytes of deterministic CBOR. Errors are ErrBundle.
func ParseBundle(b []byte) (*Bundle, error) {
	if len(b) > MaxBundle {
		return nil, refuseBundle("%d bytes, limit %d", len(b), MaxBundle)
	}
	var w wireBundle
	if err := decode(b, &w); err != nil {
		return nil, refuseBundle("%w", err)
	}
	if w.Version != bundleVersion {
		return nil, refuseBundle("version %d is not known", w.Version)
	}
	if w.Home != "" && (!validName(w.Home) || w.Home == defaultLabel) {
		return nil, refuseBundle("home: not a name (main is never written)")
	}
	if err := checkBundleKey(w.Key); err != nil {
		return nil, err
	}
	switch {
	case len(w.Operations) > 0 && len(w.State) > 0:
		return nil, refuseBundle("both operations and a state")
	case len(w.Latest) > 0 && len(w.Chain) > 0:
		return nil, refuseBundle("both a proof and one of a chain")
	case len(w.State) > 0 && len(w.Latest)+len(w.Chain) == 0:
		return nil, refuseBundle("a state that nothing vouches for")
	case (len(w.Head) > 0) != (len(w.Operations) > 0 && len(w.Latest)+len(w.Chain) == 0):
		return nil, refuseBundle("a head record stands beside operations that have no proof, and only there")
	case len(w.State) > ledger.MaxStateSize:
		return nil, refuseBundle("a state of %d bytes, limit %d", len(w.State), ledger.MaxStateSize)
	}
	if len(w.Chain) > MaxChainProof {
		return nil, refuseBundle("a chain's proof of %d bytes, limit %d", len(w.Chain), MaxChainProof)
	}
	out := &Bundle{raw: b, key: w.Key, home: w.Home, state: w.State, head: w.Head, chain: w.Chain}
	var err error
	if out.operations, err = anchored(w.Operations); err != nil {
		return nil, err
	}
	if out.former, err = anchored(w.Former); err != nil {
		return nil, err
	}
	if len(out.former) > 0 && len(out.operations) == 0 {
		return nil, refuseBundle("former operations, and none that follow them")
	}
	if len(w.Latest) > 0 {
		l, err := proof.ParseLatest(w.Latest)
		if err != nil {
			return nil, refuseBundle("%w", err)
		}
		if (l.Head != nil) != (len(w.Operations) > 0 || len(w.State) > 0) {
			return nil, errHeadAlone
		}
		out.latest = l
	}
	return out, nil
}

func anchored(ops []wireBundled) ([]bundled, error) {
	var out []bundled
	for i, o := range ops {
		if o.Time < 0 || o.Time > maxTime || i > 0 && (o.Index <= ops[i-1].Index || o.Time < ops[i-1].Time) {
			return nil, refuseBundle("operation %d: its place or time is not after the one before it", i)
		}
		out = append(out, bundled{o.Operation, ledger.Anchor{Index: o.Index, Time: time.Unix(o.Time, 0).UTC()}})
	}
	return out, nil
}

func wireAnchored(ops []bundled) []wireBundled {
	var out []wireBundled
	for _, o := range ops {
		out = append(out, wireBundled{Operation: o.raw, Index: o.at.Index, Time: o.at.Time.Unix()})
	}
	return out
}

// checkBundleKey takes the key of an identifier and nothing else.
func checkBundleKey(key string) error {
	d, err := did.Parse("did:" + MethodName + ":" + key)
	if err != nil {
		return refuseBundle("key: %w", err)
	}
	id, err := ParseIdentifier(d)
	if err != nil || id.Genesis != nil {
		return refuseBundle("key: not of the short form of an identifier")
	}
	return nil
}

// newBundle encodes what the members say.
func newBundle(b *Bundle) (*Bundle, error) {
	w := wireBundle{
		Version: bundleVersion, Key: b.key, Home: b.home, Operations: wireAnchored(b.operations), State: b.state, Head: b.head,
		Chain: b.chain, Former: wireAnchored(b.former),
	}
	if b.latest != nil {
		var err error
		if w.Latest, err = b.latest.Bytes(); err != nil {
			return nil, refuseBundle("%w", err)
		}
	}
	raw, err := encode(&w)
	if err != nil {
		return nil, refuseBundle("%w", err)
	}
	return ParseBundle(raw)
}

// Bytes returns the bundle as it was read. The caller must not change them.
func (b *Bundle) Bytes() []byte { return b.raw }

// DID returns the identifier that the bundle is about, in its short form.
func (b *Bundle) DID() did.DID { return did.MustParse("did:" + MethodName + ":" + b.key) }

// Network returns the trust domain of the identifier and the home ledger that the bundle is about.
func (b *Bundle) Network() Network {
	id, err := ParseIdentifier(b.DID())
	if err != nil {
		return Network{} // ParseBundle has read it
	}
	return Network{Domain: id.Domain, Home: b.home}
}

// Origin returns the name of the log whose checkpoint the bundle carries, unverified; empty if it carries none, and for the proof
// of a chain.
func (b *Bundle) Origin() string {
	if b.latest == nil {
		return ""
	}
	n, err := proof.ParseNote(b.latest.Checkpoint)
	if err != nil {
		return ""
	}
	cp, err := proof.ParseCheckpoint(n.Text)
	if err != nil {
		return ""
	}
	return cp.Origin
}
