package didwebvh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

// Change is what a new entry says.
type Change struct {
	// Document is the DID document as JSON; nil leaves it as it is, and in Create means one with nothing but its id. In
	// Create, Placeholder stands for the SCID wherever that is meant.
	Document []byte
	// Time is the versionTime, whole seconds: after that of the entry before, and not in the future for those who resolve.
	Time time.Time

	// The parameters that change; nil leaves a parameter as it is. A list that is empty and not nil becomes empty.
	UpdateKeys    []keys.PublicKey // Ed25519; required in Create, and while pre-rotation is active
	NextKeyHashes []string         // see KeyHash; not empty switches pre-rotation on; required while it is active
	Witness       *Witness         // the zero Witness asks nobody any more, after this entry
	Watchers      []string
	Portable      *bool
	TTL           *uint32
	Deactivated   bool // this is the last entry
}

func (c *Change) parameters() map[string]any {
	p := map[string]any{}
	if c.UpdateKeys != nil {
		list := make([]string, 0, len(c.UpdateKeys))
		for _, k := range c.UpdateKeys {
			list = append(list, k.Multikey())
		}
		p["updateKeys"] = list
	}
	if c.NextKeyHashes != nil {
		p["nextKeyHashes"] = c.NextKeyHashes
	}
	if w := c.Witness; w != nil && w.Threshold == 0 && len(w.Keys) == 0 {
		p["witness"] = map[string]any{}
	} else if w != nil {
		list := make([]any, 0, len(w.Keys))
		for _, k := range w.Keys {
			list = append(list, map[string]any{"id": "did:key:" + k})
		}
		p["witness"] = map[string]any{"threshold": w.Threshold, "witnesses": list}
	}
	if c.Watchers != nil {
		p["watchers"] = c.Watchers
	}
	if c.Portable != nil {
		p["portable"] = *c.Portable
	}
	if c.TTL != nil {
		p["ttl"] = *c.TTL
	}
	if c.Deactivated {
		p["deactivated"] = true
	}
	return p
}

// Create makes an identifier and its first entry, signed by signer, whose key must be among c.UpdateKeys. where is what the
// identifier says after the SCID, in the form of webfetch.ParseLocation: "example.com" or "example.com%3A8443:people:ann".
//
// The log is to be published as did.jsonl, after did-witness.json if c names witnesses. Errors: those of signer, and
// final ones for what nobody could resolve: everything that is written is verified before it is returned.
func Create(ctx context.Context, where string, c *Change, signer keys.Signer) (*Chain, error) {
	name := "did:webvh:" + Placeholder + ":" + where
	document := c.Document
	if document == nil {
		document = fmt.Appendf(nil, `{"@context":[%q],"id":%q}`, did.ContextV1, name)
	}
	parameters := c.parameters()
	parameters["method"], parameters["scid"] = methodVersion, Placeholder
	text, err := draft(Placeholder, c.Time, parameters, document)
	if err != nil {
		return nil, err
	}
	scid := hash(text)
	id, err := did.Parse("did:webvh:" + scid + ":" + where)
	if err != nil {
		return nil, err
	}
	// Hashing demands the canonical form of the text with the SCID in it; complete makes it.
	text = bytes.ReplaceAll(text, []byte(Placeholder), []byte(scid))
	line, err := complete(ctx, 1, text, c.Time, signer)
	if err != nil {
		return nil, err
	}
	return ParseChain(id, line, c.Time)
}

// Append returns the chain with one more entry, signed by signer: an update, a rotation of keys, a deactivation, or, with a
// document whose id is another location of the same SCID, a move. signer's key must be one of the update keys: those of the
// entry before, or, while pre-rotation is active, those of c.
//
// Where witnesses must approve (Chain.Witnesses), did-witness.json is published first, then the log. Errors are those of
// Create; ch stays as it is.
func (ch *Chain) Append(ctx context.Context, c *Change, signer keys.Signer) (*Chain, error) {
	newest := ch.Newest()
	document := c.Document
	if document == nil {
		document = newest.state
	}
	text, err := draft(newest.ID, c.Time, c.parameters(), document)
	if err != nil {
		return nil, err
	}
	line, err := complete(ctx, newest.Number+1, text, c.Time, signer)
	if err != nil {
		return nil, err
	}
	next := &Chain{versions: slices.Clone(ch.versions), ring: keyring{}, now: c.Time, raw: append(ch.Bytes(), line...)}
	f := next.add(line, newest.Parameters.SCID)
	if f == nil {
		f = next.checkSignatures()
	}
	if f != nil {
		f.Entry = newest.Number + 1
		return nil, f.asError()
	}
	return next, nil
}

// Witnesses returns who must approve the newest entry; the zero Witness if nobody.
func (ch *Chain) Witnesses() Witness { return ch.witnessesOf(len(ch.versions) - 1) }

// draft returns an entry without a proof, in canonical form.
func draft(versionID string, at time.Time, parameters map[string]any, document []byte) ([]byte, error) {
	if !at.Equal(at.Truncate(time.Second)) || at.IsZero() {
		return nil, errors.New("didwebvh: the time is not set, or not whole seconds")
	}
	state, err := strictjson.Parse(document, strictjson.Limits{Bytes: did.MaxDocument, Depth: did.MaxDepth})
	if err != nil {
		return nil, fmt.Errorf("didwebvh: document: %w", err)
	}
	return strictjson.Canonical(map[string]any{
		"versionId": versionID, "versionTime": formatTime(at), "parameters": parameters, "state": state,
	})
}

// complete returns the line of a draft that bears the versionId of the entry before: with its own versionId and proof.
func complete(ctx context.Context, number int, text []byte, at time.Time, signer keys.Signer) ([]byte, error) {
	e, err := strictjson.Parse(text, strictjson.Limits{Bytes: MaxEntry, Depth: entryDepth})
	if err != nil {
		return nil, fmt.Errorf("didwebvh: entry: %w", err)
	}
	members := map[string]any{}
	for _, m := range e.Members() {
		members[m.Name] = m.Value
	}
	if number == 1 { // the SCID stands where the placeholder did
		text = strictjson.AppendCanonical(nil, e)
	}
	members["versionId"] = strconv.Itoa(number) + "-" + hash(text)
	if text, err = strictjson.Canonical(members); err != nil {
		return nil, err
	}
	proof, err := sign(ctx, text, at, signer)
	if err != nil {
		return nil, err
	}
	p, err := strictjson.Parse(proof, strictjson.Limits{})
	if err != nil {
		return nil, err
	}
	members["proof"] = []any{p}
	return strictjson.Canonical(members)
}
