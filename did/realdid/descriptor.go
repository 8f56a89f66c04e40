package realdid

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

// MaxDescriptor is the size limit of a signed descriptor in bytes, which is that of a ledger's operation.
const MaxDescriptor = ledger.MaxOpSize

// Limits of a descriptor.
const (
	MaxLedgers = 16
	MaxURLs    = 8
	maxAge     = 366 * 24 * time.Hour // longest limits.maxAge
)

const (
	descriptorVersion   = 1
	descriptorLabel     = "realdid/descriptor/v1"    // what root keys sign
	descriptorIDLabel   = "realdid/descriptor-id/v1" // what names a descriptor
	descriptorKeySuffix = ":descriptor"
)

// ErrDescriptor says that a descriptor is malformed, not signed as it must be, or names a quorum that does not hold. It is final.
var ErrDescriptor = errors.New("realdid: descriptor")

func refuseDescriptor(format string, a ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDescriptor}, a...)...)
}

// A Descriptor is the signed file that says whom to trust in one trust domain: its ledgers, who cosigns them in which role,
// how many must, and how many of those may be dishonest. It is signed by root keys, which the user pins, and each one names its
// predecessor. Parsing checks form, Check, and that its own root keys signed it; that it is the right one follows from
// SignedBy, Digest, or Next. SPEC.md section 10.2.
type Descriptor struct {
	DescriptorBody
	raw        []byte
	digest     Digest
	signatures []rootSignature
}

// DescriptorBody is what a descriptor says.
type DescriptorBody struct {
	Version   int             `json:"version"`
	Domain    string          `json:"domain"` // trust domain; main is written here
	Sequence  uint64          `json:"sequence"`
	ID        string          `json:"id,omitempty"`       // of the chain, 52 base32 characters; absent in the first descriptor
	Previous  string          `json:"previous,omitempty"` // digest of the predecessor, 52 base32 characters; absent in the first
	Roots     RootKeys        `json:"roots"`
	Ledgers   []LedgerEntry   `json:"ledgers"` // the first one keeps the chain of descriptors
	Cosigners []CosignerEntry `json:"cosigners"`
	Quorum    DomainQuorum    `json:"quorum"`
	Limits    DomainLimits    `json:"limits"`
}

// RootKeys sign descriptors: this one and the next.
type RootKeys struct {
	Threshold int      `json:"threshold"`
	Keys      []string `json:"keys"` // Multikeys, ascending
}

// A LedgerEntry is a ledger of the trust domain.
type LedgerEntry struct {
	Home   string            `json:"home"` // name that operations sign; main is written here
	Origin string            `json:"origin"`
	Log    proof.VerifierKey `json:"log"`
	URLs   []string          `json:"urls,omitempty"`

	// Final is the last checkpoint that counts, of a ledger that has ended; identifiers go on at Successor, another ledger of the domain.
	Final     *FinalCheckpoint `json:"final,omitempty"`
	Successor string           `json:"successor,omitempty"`
}

// A FinalCheckpoint is the size and root of a log at its end.
type FinalCheckpoint struct {
	Size uint64     `json:"size"`
	Root proof.Hash `json:"root"`
}

func (l *LedgerEntry) final() *Final {
	if l.Final == nil {
		return nil
	}
	return &Final{l.Final.Size, l.Final.Root, l.Successor}
}

// A CosignerEntry is somebody who cosigns the domain's logs, in one role.
type CosignerEntry struct {
	Key  proof.VerifierKey `json:"key"`
	Role string            `json:"role"` // witness, mirror or auditor
	URL  string            `json:"url,omitempty"`
}

// A DomainQuorum says how many cosigners of each role are needed.
type DomainQuorum struct {
	Witnesses RoleQuorum `json:"witnesses"`
	Mirrors   RoleQuorum `json:"mirrors"`
	Auditors  RoleQuorum `json:"auditors"`
}

// A RoleQuorum needs so many cosigners of a role, of whom Faulty may be dishonest: with n cosigners, 2·Need − n must exceed
// Faulty, because any two quorums then share an honest one, who does not sign two histories.
type RoleQuorum struct {
	Need   int `json:"need"`
	Faulty int `json:"faulty"`
}

// DomainLimits are what the domain asks of verifiers.
type DomainLimits struct {
	ClockSkew int64 `json:"clockSkew"` // seconds by which others' clocks may be ahead, 1 to 3,600
	MaxAge    int64 `json:"maxAge"`    // seconds after which a proof should not count as fresh any more, at most a year
}

type rootSignature struct {
	Key   string `json:"key"`   // Multikey
	Value string `json:"value"` // base64url without padding
}

type descriptorFile struct {
	Descriptor *DescriptorBody `json:"descriptor"`
	Signatures []rootSignature `json:"signatures"`
}

var descriptorJSON = strictjson.Limits{Bytes: MaxDescriptor, Depth: 6}

// ParseDescriptor reads a signed descriptor: canonical JSON (RFC 8785) of at most MaxDescriptor bytes, with signatures in the order
// of their keys, all of which verify, enough of them by its own root keys. Errors are ErrDescriptor.
func ParseDescriptor(b []byte) (*Descriptor, error) {
	v, err := strictjson.Parse(b, descriptorJSON)
	if err != nil {
		return nil, refuseDescriptor("%w", err)
	}
	var f descriptorFile
	if err := decodeCanonical(b, v, &f); err != nil {
		return nil, err
	}
	if f.Descriptor == nil {
		return nil, refuseDescriptor("it says nothing")
	}
	d := &Descriptor{DescriptorBody: *f.Descriptor, raw: b, signatures: f.Signatures}
	if err := d.Check(); err != nil {
		return nil, err
	}
	body, _ := v.Get("descriptor")
	d.digest = digestOf(body.Raw())
	if err := d.verifySignatures(body.Raw()); err != nil {
		return nil, err
	}
	return d, d.SignedBy(d.rootSet())
}

// decodeCanonical decodes what encodes to the same bytes again.
func decodeCanonical(b []byte, v strictjson.Value, x any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(x); err != nil {
		return refuseDescriptor("%w", err)
	}
	again, err := canonicalJSON(x)
	if err != nil || !bytes.Equal(again, b) || !bytes.Equal(strictjson.AppendCanonical(nil, v), b) {
		return refuseDescriptor("not the canonical JSON of a descriptor")
	}
	return nil
}

func canonicalJSON(x any) ([]byte, error) {
	b, err := json.Marshal(x)
	if err != nil {
		return nil, err
	}
	v, err := strictjson.Parse(b, descriptorJSON)
	if err != nil {
		return nil, err
	}
	return strictjson.AppendCanonical(nil, v), nil
}

func digestOf(body []byte) Digest {
	return sha256.Sum256(append([]byte(descriptorIDLabel+"\x00"), body...))
}

// SigningInput returns what root keys sign. Errors are ErrDescriptor, for a body that Check refuses.
func (b *DescriptorBody) SigningInput() ([]byte, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	body, err := canonicalJSON(b)
	if err != nil {
		return nil, refuseDescriptor("%w", err)
	}
	return append([]byte(descriptorLabel+"\x00"), body...), nil
}

// SignDescriptor signs a body with these root keys: enough of its own and, after the first one, enough of its predecessor's.
func SignDescriptor(ctx context.Context, body *DescriptorBody, signers ...keys.Signer) (*Descriptor, error) {
	signatures := map[string][]byte{}
	input, err := body.SigningInput()
	if err != nil {
		return nil, err
	}
	for _, s := range signers {
		sig, err := s.Sign(ctx, input)
		if err != nil {
			return nil, fmt.Errorf("realdid: descriptor: signer: %w", err)
		}
		signatures[s.Public().Multikey()] = sig
	}
	return AssembleDescriptor(body, signatures)
}

// AssembleDescriptor joins a body with signatures of its SigningInput that were made elsewhere, by the Multikeys of the root keys.
func AssembleDescriptor(body *DescriptorBody, signatures map[string][]byte) (*Descriptor, error) {
	f := descriptorFile{Descriptor: body}
	for key, sig := range signatures {
		f.Signatures = append(f.Signatures, rootSignature{key, base64.RawURLEncoding.EncodeToString(sig)})
	}
	slices.SortFunc(f.Signatures, func(a, b rootSignature) int { return bytes.Compare([]byte(a.Key), []byte(b.Key)) })
	b, err := canonicalJSON(&f)
	if err != nil {
		return nil, refuseDescriptor("%w", err)
	}
	return ParseDescriptor(b)
}

func (d *Descriptor) verifySignatures(body []byte) error {
	if len(d.signatures) > 2*MaxKeys {
		return refuseDescriptor("%d signatures, limit %d", len(d.signatures), 2*MaxKeys)
	}
	input := append([]byte(descriptorLabel+"\x00"), body...)
	for i, s := range d.signatures {
		if i > 0 && s.Key <= d.signatures[i-1].Key {
			return refuseDescriptor("signatures: keys do not ascend")
		}
		k, err := keys.ParseMultikey(s.Key)
		if err != nil || k.Multikey() != s.Key {
			return refuseDescriptor("signature %d: not a key", i)
		}
		sig, err := base64.RawURLEncoding.Strict().DecodeString(s.Value)
		if err != nil || base64.RawURLEncoding.EncodeToString(sig) != s.Value {
			return refuseDescriptor("signature %d: not base64url", i)
		}
		if err := k.VerifyLowS(input, sig); err != nil {
			return refuseDescriptor("signature %d: %w", i, err)
		}
	}
	return nil
}

// SignedBy returns nil if the set's keys signed the descriptor up to their threshold: that is how pinned root keys vouch for it.
func (d *Descriptor) SignedBy(roots KeySet) error {
	sum := 0
	for i, k := range roots.Keys {
		if slices.ContainsFunc(d.signatures, func(s rootSignature) bool { return s.Key == k.Multikey() }) {
			sum += weightAt(roots.Weights, i)
		}
	}
	if roots.Threshold < 1 || sum < roots.Threshold {
		return refuseDescriptor("root keys of weight %d signed, threshold %d", sum, roots.Threshold)
	}
	return nil
}

func (d *Descriptor) rootSet() KeySet {
	set := KeySet{Threshold: d.Roots.Threshold}
	for _, m := range d.Roots.Keys {
		k, _ := keys.ParseMultikey(m) // Check has read it
		set.Keys = append(set.Keys, k)
	}
	return set
}

// Bytes returns the file as it was read. The caller must not change them.
func (d *Descriptor) Bytes() []byte { return d.raw }

// Digest returns the hash of what the descriptor says, by which it can be pinned. Signatures are not part of it.
func (d *Descriptor) Digest() Digest { return d.digest }

// ChainID returns the name of the descriptor's chain, 52 base32 characters: the digest of the first descriptor.
func (d *Descriptor) ChainID() string {
	if d.Sequence == 0 {
		return versionID(d.digest)
	}
	return d.ID
}

// Trust returns the policy for one ledger of the domain. Errors are ErrDescriptor, for a ledger that it does not name.
func (d *Descriptor) Trust(home string) (*proof.Trust, error) {
	if l := d.ledger(home); l != nil {
		return d.trust(l), nil
	}
	return nil, refuseDescriptor("no ledger of that name")
}

// Trusted returns every ledger of the domain with its policy, for NewVerifier.
func (d *Descriptor) Trusted() []TrustedLedger {
	var out []TrustedLedger
	for i := range d.Ledgers {
		l := &d.Ledgers[i]
		out = append(out, TrustedLedger{Network: Network{d.Domain, l.Home}, Trust: d.trust(l), Final: l.final()})
	}
	return out
}

// Predecessors returns the other ledgers of the domain, from which identifiers may come to this one. Once a descriptor follows d, those of
// d go on to count for the past: see PredecessorsAlong.
func (d *Descriptor) Predecessors(home string) Predecessors {
	var out Predecessors
	for i := range d.Ledgers {
		if l := &d.Ledgers[i]; l.Home != homeName(home) {
			out = append(out, Predecessor{Home: l.Home, Trust: d.trust(l), Final: l.final()})
		}
	}
	return out
}

// Final returns how a ledger of the domain ended; nil if it did not.
func (d *Descriptor) Final(home string) *Final {
	if l := d.ledger(home); l != nil {
		return l.final()
	}
	return nil
}

// ledger returns the entry of a home; nil if there is none.
func (d *Descriptor) ledger(home string) *LedgerEntry {
	if i := slices.IndexFunc(d.Ledgers, func(l LedgerEntry) bool { return l.Home == homeName(home) }); i >= 0 {
		return &d.Ledgers[i]
	}
	return nil
}

func (b *DescriptorBody) trust(l *LedgerEntry) *proof.Trust {
	t := &proof.Trust{
		Origin: l.Origin, Log: l.Log, MaxClockSkew: time.Duration(b.Limits.ClockSkew) * time.Second,
		Quorum: proof.Quorum{Witnesses: b.Quorum.Witnesses.Need, Mirrors: b.Quorum.Mirrors.Need, Auditors: b.Quorum.Auditors.Need},
	}
	for _, c := range b.Cosigners {
		role, _ := proof.ParseRole(c.Role) // Check has read it
		t.Cosigners = append(t.Cosigners, proof.Cosigner{Key: c.Key, Role: role})
	}
	return t
}
