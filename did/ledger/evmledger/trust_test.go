package evmledger

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/realdid/realdid/did/ledger/proof"
)

// anchoredCase is what a test changes before it verifies: the proof, the policy, the key and the clock.
type anchoredCase struct {
	proof *anchorProof
	trust ChainTrust
	key   string
	now   time.Time
}

func (c *anchoredCase) verify(tb testing.TB) (*proof.VerifiedHead, error) {
	tb.Helper()
	b, err := encode(c.proof)
	if err != nil {
		tb.Fatal(err)
	}
	return c.trust.VerifyHead(c.key, b, c.now)
}

// with changes the log's own proof.
func (c *anchoredCase) with(tb testing.TB, change func(l *proof.Latest)) {
	tb.Helper()
	l, err := proof.ParseLatest(c.proof.Latest)
	if err != nil {
		tb.Fatal(err)
	}
	change(l)
	if c.proof.Latest, err = l.Bytes(); err != nil {
		tb.Fatal(err)
	}
}

func TestChainTrustRefuses(t *testing.T) {
	node, sim := simulatedNode(t)
	w := newAnchoredWorld(t, node, 2, testReducer)
	add(t, w.proven, "k1", "one")
	old, err := parseAnchorProof(prove(t, w.proven, "k1", 1))
	if err != nil {
		t.Fatal(err)
	}
	add(t, w.proven, "k1", "two")
	good := prove(t, w.proven, "k1", 2)
	other := newAnchoredWorld(t, node, 3, testReducer)
	add(t, other.proven, "k1", "one")
	add(t, other.proven, "k1", "two")
	theirs, err := parseAnchorProof(prove(t, other.proven, "k1", 2))
	if err != nil {
		t.Fatal(err)
	}
	header, err := ParseHeader(old.Chain.Header)
	if err != nil {
		t.Fatal(err)
	}
	newest, err := parseAnchorProof(good)
	if err != nil {
		t.Fatal(err)
	}
	flip := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 1
		return b
	}
	stranger := newNoteSigner(t, "stranger.example", proof.CosignatureEd25519)
	sim.Commit()
	for name, test := range map[string]struct {
		want   error
		change func(c *anchoredCase)
	}{
		"another-key":              {proof.ErrInvalid, func(c *anchoredCase) { c.key = "k2" }},
		"another-head":             {proof.ErrInvalid, func(c *anchoredCase) { c.with(t, func(l *proof.Latest) { l.Head = []byte("planted") }) }},
		"claimed-absent":           {proof.ErrInvalid, func(c *anchoredCase) { c.with(t, func(l *proof.Latest) { l.Head = nil }) }},
		"older-checkpoint":         {proof.ErrInvalid, func(c *anchoredCase) { c.proof.Latest = old.Latest }},
		"older-checkpoint-in-full": {proof.ErrInvalid, func(c *anchoredCase) { c.proof.Latest, c.proof.Before, c.proof.Time = old.Latest, old.Before, old.Time }},
		"older-header": {proof.ErrInvalid, func(c *anchoredCase) {
			c.proof.Chain.Header, c.proof.Chain.Cosigners = old.Chain.Header, old.Chain.Cosigners
		}},
		"other-time-of-anchor":     {proof.ErrInvalid, func(c *anchoredCase) { c.proof.Time++ }},
		"other-slot-before":        {proof.ErrInvalid, func(c *anchoredCase) { c.proof.Before[0] ^= 1 }},
		"altered-header":           {proof.ErrInvalid, func(c *anchoredCase) { c.proof.Chain.Header = flip(c.proof.Chain.Header, 100) }},
		"altered-state-root":       {proof.ErrInvalid, func(c *anchoredCase) { c.proof.Chain.Header = flip(c.proof.Chain.Header, 3+33+33+21+10) }},
		"no-header":                {proof.ErrInvalid, func(c *anchoredCase) { c.proof.Chain.Header = nil }},
		"no-account":               {proof.ErrInvalid, func(c *anchoredCase) { c.proof.Chain.Account = nil }},
		"altered-account":          {proof.ErrInvalid, func(c *anchoredCase) { c.proof.Chain.Account[0] = flip(c.proof.Chain.Account[0], 40) }},
		"no-slot":                  {proof.ErrInvalid, func(c *anchoredCase) { c.proof.Chain.Slot = nil }},
		"altered-slot":             {proof.ErrInvalid, func(c *anchoredCase) { c.proof.Chain.Slot[0] = flip(c.proof.Chain.Slot[0], 40) }},
		"a-node-too-many":          {proof.ErrInvalid, func(c *anchoredCase) { c.proof.Chain.Slot = append(c.proof.Chain.Slot, []byte{0x80}) }},
		"slot-of-another-contract": {proof.ErrInvalid, func(c *anchoredCase) { c.proof.Chain.Slot = theirs.Chain.Slot }},
		"another-contract":         {proof.ErrInvalid, func(c *anchoredCase) { *c.proof = *theirs }},
		"account-of-another":       {proof.ErrInvalid, func(c *anchoredCase) { c.proof.Chain = theirs.Chain }},
		"another-operator":         {proof.ErrInvalid, func(c *anchoredCase) { c.trust.Operator[0] ^= 1 }},
		"cosignature-altered":      {proof.ErrInvalid, func(c *anchoredCase) { c.proof.Chain.Cosigners = flip(c.proof.Chain.Cosigners, 40) }},
		"cosignature-of-another-header": {proof.ErrInvalid, func(c *anchoredCase) {
			c.proof.Chain.Cosigners = old.Chain.Cosigners
		}},
		"cosignature-twice": {proof.ErrInvalid, func(c *anchoredCase) {
			c.proof.Chain.Cosigners = slices.Repeat(c.proof.Chain.Cosigners, 2)
		}},
		"header-that-nobody-cosigned": {proof.ErrQuorum, func(c *anchoredCase) { c.proof.Chain.Cosigners = nil }},
		"cosigned-by-a-stranger": {proof.ErrUnknownSignature, func(c *anchoredCase) {
			h, _ := ParseHeader(c.proof.Chain.Header)
			sig, err := stranger.Cosign(HeaderText(c.trust.ChainID, h), c.now)
			if err != nil {
				t.Fatal(err)
			}
			c.proof.Chain.Cosigners = sig.Append(nil)
		}},
		"cosigned-for-another-chain": {proof.ErrInvalid, func(c *anchoredCase) {
			observer := newNoteSigner(t, "observer.example", proof.CosignatureEd25519)
			h, _ := ParseHeader(c.proof.Chain.Header)
			sig, err := observer.Cosign(HeaderText(1, h), c.now)
			if err != nil {
				t.Fatal(err)
			}
			c.proof.Chain.Cosigners = sig.Append(nil)
		}},
		"stale-header":     {proof.ErrQuorum, func(c *anchoredCase) { c.now = c.now.Add(c.trust.MaxAge + time.Minute) }},
		"future-header":    {proof.ErrInvalid, func(c *anchoredCase) { c.now = c.now.Add(-24 * time.Hour) }},
		"not-pinned":       {proof.ErrQuorum, func(c *anchoredCase) { c.trust.Headers = HeaderTrust{Pinned: []common.Hash{header.Hash, {1}}} }},
		"another-format":   {proof.ErrInvalid, func(c *anchoredCase) { c.proof.Format = directFormat }},
		"auditors-missing": {proof.ErrQuorum, func(c *anchoredCase) { c.dropAuditor(t) }},
		"no-policy":        {proof.ErrTrust, func(c *anchoredCase) { c.trust = ChainTrust{} }},
		"no-age":           {proof.ErrTrust, func(c *anchoredCase) { c.trust.MaxAge = 0 }},
		"no-headers":       {proof.ErrTrust, func(c *anchoredCase) { c.trust.Headers = HeaderTrust{} }},
		"quorum-too-large": {proof.ErrTrust, func(c *anchoredCase) { c.trust.Headers.Quorum = 2 }},
		"negative-quorum":  {proof.ErrTrust, func(c *anchoredCase) { c.trust.Headers.Quorum = -1 }},
		"observer-twice": {proof.ErrTrust, func(c *anchoredCase) {
			c.trust.Headers.Observers = slices.Repeat(c.trust.Headers.Observers, 2)
		}},
		"observer-with-a-log-key": {proof.ErrTrust, func(c *anchoredCase) { c.trust.Headers.Observers = []proof.VerifierKey{c.trust.Log.Log} }},
		"both-modes":              {proof.ErrTrust, func(c *anchoredCase) { c.trust.Reducer = testReducer }},
		"neither-mode":            {proof.ErrTrust, func(c *anchoredCase) { c.trust.Log = nil }},
		"no-operator":             {proof.ErrTrust, func(c *anchoredCase) { c.trust.Operator = common.Address{} }},
		"another-chain":           {proof.ErrTrust, func(c *anchoredCase) { c.trust.ChainID = 1 }},
		"origin-of-another":       {proof.ErrTrust, func(c *anchoredCase) { c.trust.Contract[0] ^= 1 }},
		"log-that-trusts-nobody":  {proof.ErrTrust, func(c *anchoredCase) { c.trust.Log = &proof.Trust{Origin: c.trust.Log.Origin} }},
	} {
		p, err := parseAnchorProof(good)
		if err != nil {
			t.Fatal(err)
		}
		c := &anchoredCase{p, *w.trust, "k1", time.Now()}
		if v, err := c.verify(t); err != nil || !v.Latest {
			t.Fatalf("unchanged: got %+v, %v", v, err)
		}
		test.change(c)
		if v, err := c.verify(t); !errors.Is(err, test.want) || v != nil {
			t.Errorf("%s: got %+v, %v, want %v", name, v, err, test.want)
		}
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "bytes-behind": append(bytes.Clone(good), 0), "cut-short": good[:len(good)-1], "too-large": make([]byte, MaxProofSize+1),
		"another-encoding": append([]byte{0x98, good[0] & 0x1f}, good[1:]...),
	} {
		if v, err := w.trust.VerifyHead("k1", b, time.Now()); !errors.Is(err, proof.ErrInvalid) {
			t.Errorf("%s: got %+v, %v, want ErrInvalid", name, v, err)
		}
	}
	if _, err := (*ChainTrust)(nil).VerifyHead("k1", good, time.Now()); !errors.Is(err, proof.ErrTrust) {
		t.Errorf("no policy at all: got %v, want ErrTrust", err)
	}
	pinned := *w.trust
	h, err := ParseHeader(newest.Chain.Header)
	if err != nil {
		t.Fatal(err)
	}
	pinned.Headers = HeaderTrust{Pinned: []common.Hash{h.Hash}}
	if v, err := pinned.VerifyHead("k1", good, time.Now()); err != nil || !v.Latest || len(v.Validators) > 0 || v.AsOf.After(h.Time) {
		t.Errorf("pinned: got %+v, %v", v, err)
	}
}

// dropAuditor takes the auditors' cosignatures from the log's note.
func (c *anchoredCase) dropAuditor(tb testing.TB) {
	tb.Helper()
	c.with(tb, func(l *proof.Latest) {
		n, err := proof.ParseNote(l.Checkpoint)
		if err != nil {
			tb.Fatal(err)
		}
		n.Signatures = slices.DeleteFunc(n.Signatures, func(s proof.NoteSignature) bool { return s.Name == "auditor.example" })
		l.Checkpoint = n.Append(nil)
	})
}

// TestAnchoredUnaudited: a chain shows everybody the same checkpoint, and does not know whether its map is right.
func TestAnchoredUnaudited(t *testing.T) {
	node, _ := simulatedNode(t)
	w := newAnchoredWorld(t, node, 2, testReducer)
	add(t, w.proven, "k1", "one")
	b := prove(t, w.proven, "k1", 1)
	p, err := parseAnchorProof(b)
	if err != nil {
		t.Fatal(err)
	}
	c := &anchoredCase{p, *w.trust, "k1", time.Now()}
	c.dropAuditor(t)
	log := *c.trust.Log
	log.Quorum.Auditors = 0
	c.trust.Log = &log
	v, err := c.verify(t)
	if err != nil || v.Latest || v.Absent || v.Head == nil {
		t.Errorf("got %+v, %v, want a head that is not Latest", v, err)
	}
}

// TestAnchoredTimes: a proof is as old as the oldest of all who say when, and an epoch is not later than its anchor.
func TestAnchoredTimes(t *testing.T) {
	node, _ := simulatedNode(t)
	w := newAnchoredWorld(t, node, 2, testReducer)
	add(t, w.proven, "k1", "one")
	p, err := parseAnchorProof(prove(t, w.proven, "k1", 1))
	if err != nil {
		t.Fatal(err)
	}
	c := &anchoredCase{p, *w.trust, "k1", time.Now()}
	h, err := ParseHeader(p.Chain.Header)
	if err != nil {
		t.Fatal(err)
	}
	seen := c.now.Add(-30 * time.Minute).UTC().Truncate(time.Second)
	sig, err := newNoteSigner(t, "observer.example", proof.CosignatureEd25519).Cosign(HeaderText(c.trust.ChainID, h), seen)
	if err != nil {
		t.Fatal(err)
	}
	p.Chain.Cosigners = sig.Append(nil)
	if v, err := c.verify(t); err != nil || !v.AsOf.Equal(seen) {
		t.Errorf("cosigned long ago: got %+v, %v, want AsOf %v", v, err, seen)
	}

	ahead := 20 * time.Minute
	fast := &anchoredWorld{node: node, reducer: testReducer, clock: func() time.Time { return time.Now().Add(ahead) }}
	fast.open(t, 3)
	fast.prove(t)
	add(t, fast.proven, "k1", "one")
	b := prove(t, fast.proven, "k1", 1)
	if v, err := fast.trust.VerifyHead("k1", b, time.Now().Add(ahead)); !errors.Is(err, proof.ErrInvalid) {
		t.Errorf("an epoch that is later than its anchor: got %+v, %v, want ErrInvalid", v, err)
	}
	fast.trust.MaxClockSkew = ahead + time.Minute
	if v, err := fast.trust.VerifyHead("k1", b, time.Now().Add(ahead)); err != nil || !v.Latest {
		t.Errorf("within the skew: got %+v, %v", v, err)
	}
}

func FuzzVerifyHead(f *testing.F) {
	log := newNoteSigner(f, "log", proof.LogEd25519)
	auditor := newNoteSigner(f, "auditor.example", proof.CosignatureEd25519)
	anchored := &ChainTrust{
		ChainID: 1, Contract: common.Address{1}, Operator: common.Address{2}, MaxAge: time.Hour, Headers: HeaderTrust{Pinned: []common.Hash{{1}}},
		Log: &proof.Trust{
			Origin: Origin(1, common.Address{1}), Log: log.Verifier(), Quorum: proof.Quorum{Auditors: 1},
			Cosigners: []proof.Cosigner{{Key: auditor.Verifier(), Role: proof.Auditor}},
		},
	}
	direct := *anchored
	direct.Log, direct.Reducer = nil, testReducer
	seed := func(v any) {
		b, err := encode(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	chain := chainProof{Header: mustRLP(testHeader()), Cosigners: []byte{}, Account: [][]byte{{0x80}}, Slot: [][]byte{}}
	seed(&anchorProof{Format: anchorFormat, Latest: []byte{1}, Chain: chain})
	seed(&directProof{Format: directFormat, Entries: 1, Steps: []directStep{{Time: 1, Op: []byte("op")}}, Chain: chain})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, trust := range []*ChainTrust{anchored, &direct} {
			if v, err := trust.VerifyHead("k1", b, headerTime); !errors.Is(err, proof.ErrInvalid) {
				t.Errorf("got %+v, %v", v, err)
			}
		}
	})
}
