package proof

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

// A Role is what a cosigner says by its signature. A key has one role.
type Role uint8

// The roles.
const (
	Witness Role = 1 // the log only grew
	Mirror  Role = 2 // and I durably hold its bytes
	Auditor Role = 3 // and I executed every operation again, and computed the same map root
)

// String returns the role in lower case.
func (r Role) String() string {
	switch r {
	case Witness:
		return "witness"
	case Mirror:
		return "mirror"
	case Auditor:
		return "auditor"
	}
	return fmt.Sprintf("Role(%d)", uint8(r))
}

// ParseRole reads what [Role.String] writes.
func ParseRole(s string) (Role, error) {
	for _, r := range []Role{Witness, Mirror, Auditor} {
		if s == r.String() {
			return r, nil
		}
	}
	return 0, invalid("role: not witness, mirror or auditor")
}

// A Cosigner is somebody whose cosignatures count, in one role.
type Cosigner struct {
	Key  VerifierKey // CosignatureEd25519 or CosignatureMLDSA44
	Role Role
}

// A Quorum says how many cosigners of each role are needed.
type Quorum struct{ Witnesses, Mirrors, Auditors int }

func (q Quorum) of(r Role) int {
	switch r {
	case Witness:
		return q.Witnesses
	case Mirror:
		return q.Mirrors
	case Auditor:
		return q.Auditors
	}
	return 0
}

var roles = [...]Role{Witness, Mirror, Auditor}

// DefaultClockSkew is how far ahead of the verifier's clock a cosigner's may be.
const DefaultClockSkew = 5 * time.Minute

// MaxCosigners is the largest number of cosigners of a policy.
const MaxCosigners = MaxSignatures - 1

// Trust is a verifier's policy for one log. The zero value refuses everything.
//
// C2SP tlog-tiles asks public logs to sign with Ed25519. Where a quantum computer is feared, let the quorum be of ML-DSA-44
// cosigners: without them a forged signature of the log is worth nothing.
type Trust struct {
	Origin    string      // of the log
	Log       VerifierKey // LogEd25519 or CosignatureMLDSA44
	Cosigners []Cosigner
	Quorum    Quorum

	// MaxClockSkew is how far ahead of the verifier's clock the times of cosignatures and epochs may be; 0 is DefaultClockSkew.
	MaxClockSkew time.Duration

	// InsecureNoQuorum permits a Quorum that asks for nobody: the log's operator is then believed alone.
	InsecureNoQuorum bool
}

// Check returns [ErrTrust] if the policy is unusable: no origin or log key, a key of another type than its use needs, two keys that share
// their name or their public bytes (the log's included, for two roles need two keys), a quorum that its cosigners cannot meet.
func (t *Trust) Check() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrTrust, fmt.Sprintf(format, args...))
	}
	if t == nil {
		return fail("none")
	}
	cp := Checkpoint{Origin: t.Origin, Root: EmptyRoot()}
	switch {
	case cp.check() != nil:
		return fail("origin of %d bytes", len(t.Origin))
	case t.Log.typ != LogEd25519 && t.Log.typ != CosignatureMLDSA44:
		return fail("the log's key is of type %v", t.Log.typ)
	case t.MaxClockSkew < 0:
		return fail("negative clock skew")
	case len(t.Cosigners) > MaxCosigners:
		return fail("%d cosigners, over %d", len(t.Cosigners), MaxCosigners)
	}
	var have [Auditor + 1]int
	for i := range t.Cosigners {
		c := &t.Cosigners[i]
		if c.Role < Witness || c.Role > Auditor {
			return fail("cosigner %q has no role", c.Key.name)
		}
		if c.Key.typ != CosignatureEd25519 && c.Key.typ != CosignatureMLDSA44 {
			return fail("cosigner %q has a key of type %v", c.Key.name, c.Key.typ)
		}
		same := func(k *VerifierKey) bool { return k.name == c.Key.name || bytes.Equal(k.public, c.Key.public) }
		if same(&t.Log) {
			return fail("cosigner %q has the log's name or key", c.Key.name)
		}
		if slices.ContainsFunc(t.Cosigners[:i], func(o Cosigner) bool { return same(&o.Key) }) {
			return fail("cosigner %q shares its name or its key with another", c.Key.name)
		}
		have[c.Role]++
	}
	for _, r := range roles {
		if n := t.Quorum.of(r); n < 0 || n > have[r] {
			return fail("quorum of %d, and %d cosigners are %s", n, have[r], r)
		}
	}
	if t.Quorum == (Quorum{}) && !t.InsecureNoQuorum {
		return fail("quorum of nobody")
	}
	return nil
}

func (t *Trust) skew() time.Duration {
	if t.MaxClockSkew == 0 {
		return DefaultClockSkew
	}
	return t.MaxClockSkew
}

// A VerifiedCheckpoint is a checkpoint that the log signed and a quorum cosigned: a [Trust] makes it. In a VerifiedHead of
// [Latest.VerifyDigest] it is one that a chain vouches for; Log is zero then, and Note the bare text.
type VerifiedCheckpoint struct {
	Checkpoint
	Log      VerifierKey // whose signature it has: an origin is a name that others can use as well
	Note     []byte      // as received
	Cosigned []Cosigned  // those that count: in the order of the note, each cosigner once
}

// Cosigned is a cosignature that verified.
type Cosigned struct {
	Cosigner
	Time time.Time // by the cosigner's clock, UTC
}

// VerifyCheckpoint checks a signed checkpoint: the origin, the log's signature, and that cosignatures reach the quorum. As C2SP asks,
// signatures by unknown keys are passed over, and one by a known key that does not verify spoils the note. A
// cosignature from further ahead than MaxClockSkew is not counted, and of several by one key the newest counts. now is the verifier's clock.
// Errors: [ErrTrust]; [ErrQuorum] if nothing is wrong but the number; else [ErrInvalid].
func (t *Trust) VerifyCheckpoint(note []byte, now time.Time) (*VerifiedCheckpoint, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	return t.verify(note, now, false)
}

// VerifyStrict is [Trust.VerifyCheckpoint] for a checkpoint inside a proof: it refuses in addition a signature by a key outside the
// policy ([ErrUnknownSignature]), a second one by the same key, a time too far ahead, and extension lines. So every byte of
// the note is signed, or is a signature that was verified.
func (t *Trust) VerifyStrict(note []byte, now time.Time) (*VerifiedCheckpoint, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	return t.verify(note, now, true)
}

// verify does the work under a policy that was checked.
func (t *Trust) verify(note []byte, now time.Time, strict bool) (*VerifiedCheckpoint, error) {
	n, err := ParseNote(note)
	if err != nil {
		return nil, err
	}
	cp, err := ParseCheckpoint(n.Text)
	if err != nil {
		return nil, err
	}
	if cp.Origin != t.Origin {
		return nil, invalid("checkpoint: of another log")
	}
	if strict && len(cp.Extensions) > 0 {
		return nil, invalid("checkpoint: extension lines")
	}
	// Who signed is settled before any signature is verified, so that refusing costs little.
	const logKey, unknown = -1, -2
	signers := make([]int, len(n.Signatures))
	for i, sig := range n.Signatures {
		if signers[i] = unknown; t.Log.Made(sig) {
			signers[i] = logKey
		} else if c := slices.IndexFunc(t.Cosigners, func(c Cosigner) bool { return c.Key.Made(sig) }); c >= 0 {
			signers[i] = c
		} else if strict {
			return nil, fmt.Errorf("%w: in signature line %d", ErrUnknownSignature, i+1)
		}
		if strict && slices.Contains(signers[:i], signers[i]) {
			return nil, invalid("checkpoint: two signatures by one key")
		}
	}
	if !slices.Contains(signers, logKey) {
		return nil, invalid("checkpoint: not signed by the log")
	}
	v := &VerifiedCheckpoint{Checkpoint: cp, Log: t.Log, Note: note}
	for i, sig := range n.Signatures {
		switch signers[i] {
		case unknown:
		case logKey:
			if err := t.Log.VerifyNote(n.Text, sig); err != nil {
				return nil, err
			}
		default:
			c := t.Cosigners[signers[i]]
			at, err := c.Key.verifyCosignature(&cp, n.Text, sig)
			if err != nil {
				return nil, err
			}
			if at.After(now.Add(t.skew())) {
				if strict {
					return nil, invalid("checkpoint: a cosignature is from the future")
				}
				continue
			}
			v.count(Cosigned{c, at})
		}
	}
	for _, r := range roles {
		if have, need := v.number(r), t.Quorum.of(r); have < need {
			return nil, fmt.Errorf("%w: %s: %d of %d", ErrQuorum, r, have, need)
		}
	}
	return v, nil
}

func (v *VerifiedCheckpoint) count(c Cosigned) {
	for i := range v.Cosigned {
		if o := &v.Cosigned[i]; o.Key.Equal(c.Key) {
			if c.Time.After(o.Time) {
				o.Time = c.Time
			}
			return
		}
	}
	v.Cosigned = append(v.Cosigned, c)
}

func (v *VerifiedCheckpoint) number(r Role) int {
	n := 0
	for _, c := range v.Cosigned {
		if c.Role == r {
			n++
		}
	}
	return n
}

// AsOf returns the time at which a quorum says that no newer checkpoint was known to it: for each role that q asks for, the
// q-th newest cosignature; of these the earliest. It is the zero time if q asks for nobody, or for more than there are.
func (v *VerifiedCheckpoint) AsOf(q Quorum) time.Time {
	var asOf time.Time
	for _, r := range roles {
		need := q.of(r)
		if need < 1 {
			continue
		}
		var times []time.Time
		for _, c := range v.Cosigned {
			if c.Role == r {
				times = append(times, c.Time)
			}
		}
		if len(times) < need {
			return time.Time{}
		}
		slices.SortFunc(times, func(a, b time.Time) int { return b.Compare(a) })
		if at := times[need-1]; asOf.IsZero() || at.Before(asOf) {
			asOf = at
		}
	}
	return asOf
}

// Select returns a note with the signatures of a checkpoint that a proof should carry: the log's, then for each role as many
// cosignatures as the quorum asks for, the newest of each, in the order of the policy. [Trust.VerifyStrict] accepts it. Errors are those of
// [Trust.VerifyCheckpoint].
func (t *Trust) Select(note []byte, now time.Time) ([]byte, error) {
	v, err := t.VerifyCheckpoint(note, now)
	if err != nil {
		return nil, err
	}
	n, err := ParseNote(note)
	if err != nil {
		return nil, err
	}
	newest := slices.Clone(v.Cosigned)
	slices.SortStableFunc(newest, func(a, b Cosigned) int { return b.Time.Compare(a.Time) })
	var left [Auditor + 1]int
	for _, r := range roles {
		left[r] = t.Quorum.of(r)
	}
	taken := newest[:0]
	for _, c := range newest {
		if left[c.Role] > 0 {
			left[c.Role]--
			taken = append(taken, c)
		}
	}
	out := &Note{Text: n.Text}
	take := func(k VerifierKey, at time.Time) {
		for _, sig := range n.Signatures {
			if k.Made(sig) && (at.IsZero() || timeOf(sig).Equal(at)) {
				out.Signatures = append(out.Signatures, sig)
				return
			}
		}
	}
	take(t.Log, time.Time{})
	for _, c := range t.Cosigners {
		for _, o := range taken {
			if o.Key.Equal(c.Key) {
				take(c.Key, o.Time)
			}
		}
	}
	return out.Append(nil), nil
}
