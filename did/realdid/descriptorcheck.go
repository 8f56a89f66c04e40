package realdid

import (
	"bytes"
	"math"
	"slices"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/keys"
)

// Check refuses a body that could not be relied on: a name, key, URL or limit out of form; keys that play two parts; a quorum that
// cannot be met; one that two groups could reach without an honest cosigner in common (2·Need − n must exceed Faulty, for each role
// that is needed); and no quorum of witnesses or of auditors, without which nothing is ever proven to be the newest. Errors are
// ErrDescriptor.
func (b *DescriptorBody) Check() error {
	if b.Version != descriptorVersion {
		return refuseDescriptor("version %d is not known", b.Version)
	}
	if !validName(b.Domain) {
		return refuseDescriptor("domain: not a name")
	}
	if (b.Sequence == 0) != (b.ID == "") || (b.Sequence == 0) != (b.Previous == "") {
		return refuseDescriptor("id and previous stand in every descriptor but the first")
	}
	for _, text := range []string{b.ID, b.Previous} {
		if _, err := parseDigest(text); text != "" && err != nil {
			return err
		}
	}
	if b.Limits.ClockSkew < 1 || b.Limits.ClockSkew > 3600 || b.Limits.MaxAge < 1 || b.Limits.MaxAge > int64(maxAge/time.Second) {
		return refuseDescriptor("limits: out of range")
	}
	if err := b.checkRoots(); err != nil {
		return err
	}
	if err := b.checkLedgers(); err != nil {
		return err
	}
	return b.checkQuorum()
}

func parseDigest(s string) (Digest, error) {
	raw, err := scidEncoding.DecodeString(s)
	if err != nil || len(raw) != len(Digest{}) || scidEncoding.EncodeToString(raw) != s {
		return Digest{}, refuseDescriptor("not a digest of 52 characters")
	}
	return Digest(raw), nil
}

func (b *DescriptorBody) checkRoots() error {
	n := len(b.Roots.Keys)
	if n == 0 || n > MaxKeys || b.Roots.Threshold < 1 || b.Roots.Threshold > n {
		return refuseDescriptor("roots: threshold %d of %d keys", b.Roots.Threshold, n)
	}
	for i, m := range b.Roots.Keys {
		k, err := keys.ParseMultikey(m)
		if err != nil || k.Multikey() != m || !k.Algorithm().CanSign() {
			return refuseDescriptor("roots: key %d is none that signs", i)
		}
		if i > 0 && m <= b.Roots.Keys[i-1] {
			return refuseDescriptor("roots: keys do not ascend")
		}
		other := func(public []byte) bool { return bytes.Equal(public, k.Bytes()) }
		if slices.ContainsFunc(b.Ledgers, func(l LedgerEntry) bool { return other(l.Log.Public()) }) ||
			slices.ContainsFunc(b.Cosigners, func(c CosignerEntry) bool { return other(c.Key.Public()) }) {
			return refuseDescriptor("roots: key %d is that of a log or cosigner", i)
		}
	}
	return nil
}

func (b *DescriptorBody) checkLedgers() error {
	if len(b.Ledgers) == 0 || len(b.Ledgers) > MaxLedgers {
		return refuseDescriptor("%d ledgers, want 1 to %d", len(b.Ledgers), MaxLedgers)
	}
	for _, c := range b.Cosigners {
		if _, err := proof.ParseRole(c.Role); err != nil {
			return refuseDescriptor("cosigners: %w", err)
		}
		if c.URL != "" && !validURL(c.URL) {
			return refuseDescriptor("cosigners: url: not http or https")
		}
	}
	for i := range b.Ledgers {
		l := &b.Ledgers[i]
		if !validName(l.Home) {
			return refuseDescriptor("ledger %d: home: not a name", i)
		}
		if slices.ContainsFunc(b.Ledgers[:i], func(o LedgerEntry) bool {
			return o.Home == l.Home || o.Origin == l.Origin || bytes.Equal(o.Log.Public(), l.Log.Public())
		}) {
			return refuseDescriptor("ledger %d: home, origin or key of another", i)
		}
		if len(l.URLs) > MaxURLs || slices.ContainsFunc(l.URLs, func(u string) bool { return !validURL(u) }) {
			return refuseDescriptor("ledger %d: urls: over %d, or not http or https", i, MaxURLs)
		}
		if err := b.checkEnd(i); err != nil {
			return err
		}
		if err := b.trust(l).Check(); err != nil {
			return refuseDescriptor("ledger %d: %w", i, err)
		}
	}
	return nil
}

// checkEnd refuses an end without leaves, a successor that is none, and the end of the ledger that keeps the chain of descriptors:
// another must be first before that one ends. A successor may have ended since; keepsLedgers knows whether it had.
func (b *DescriptorBody) checkEnd(i int) error {
	l := &b.Ledgers[i]
	switch {
	case l.Final == nil && l.Successor != "":
		return refuseDescriptor("ledger %d: a successor of a ledger that has not ended", i)
	case l.Final == nil:
		return nil
	case l.Final.Size == 0 || l.Final.Size > math.MaxInt64:
		return refuseDescriptor("ledger %d: final: size out of range", i)
	case i == 0:
		return refuseDescriptor("ledger %d: the first ledger keeps the descriptors, and cannot have ended", i)
	case l.Successor != "" && !slices.ContainsFunc(b.Ledgers, func(o LedgerEntry) bool { return o.Home == l.Successor && o.Home != l.Home }):
		return refuseDescriptor("ledger %d: the successor is not another ledger", i)
	}
	return nil
}

func validURL(s string) bool {
	scheme, _, _ := bytes.Cut([]byte(s), []byte("://"))
	return len(s) <= MaxEndpoint && validURI(s) && (string(scheme) == "https" || string(scheme) == "http")
}

func (b *DescriptorBody) checkQuorum() error {
	for _, q := range []struct {
		role proof.Role
		RoleQuorum
	}{{proof.Witness, b.Quorum.Witnesses}, {proof.Mirror, b.Quorum.Mirrors}, {proof.Auditor, b.Quorum.Auditors}} {
		n := 0
		for _, c := range b.Cosigners {
			if c.Role == q.role.String() {
				n++
			}
		}
		switch {
		case q.Faulty < 0 || q.Need == 0 && q.Faulty != 0:
			return refuseDescriptor("quorum: %s: %d may be faulty", q.role, q.Faulty)
		case q.Need == 0 && q.role != proof.Mirror:
			return refuseDescriptor("quorum: no %s is needed, so nothing would be proven to be the newest", q.role)
		case q.Need > 0 && 2*q.Need-n <= q.Faulty:
			return refuseDescriptor("quorum: %s: two groups of %d among %d need not share an honest one if %d are faulty", q.role, q.Need, n, q.Faulty)
		}
	}
	return nil
}
