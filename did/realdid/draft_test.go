package realdid_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// refusedFor is refused with a text that tells people what to mend.
func refusedFor(t *testing.T, what string, err error, text string) {
	t.Helper()
	if !errors.Is(err, realdid.ErrOperation) || !strings.Contains(err.Error(), text) {
		t.Errorf("%s: got %v, want ErrOperation with %q", what, err, text)
	}
}

// TestDraftsRefuseWhatParsersRefuse: every request that cannot become a well-formed operation is refused before anybody signs.
func TestDraftsRefuseWhatParsersRefuse(t *testing.T) {
	one := realdid.OneKey(ed(0).Public())
	badSets := map[string]realdid.KeySet{
		"no keys": {}, "threshold 0": {Keys: pub(ed(0))}, "threshold 2 of 1": {Threshold: 2, Keys: pub(ed(0))}, "negative threshold": {Threshold: -1, Keys: pub(ed(0))},
		"a key twice": {Threshold: 1, Keys: pub(ed(0), ed(0))}, "one weight of two": {Threshold: 1, Keys: pub(ed(0), ed(1)), Weights: []int{2}},
		"weight 0": {Threshold: 1, Keys: pub(ed(0), ed(1)), Weights: []int{0, 2}}, "weight 256": {Threshold: 1, Keys: pub(ed(0), ed(1)), Weights: []int{256, 2}},
		"weight -1": {Threshold: 1, Keys: pub(ed(0), ed(1)), Weights: []int{-1, 2}}, "a key that cannot sign": realdid.OneKey(testKey(keys.X25519, 1).Public()), "a zero key": realdid.OneKey(keys.PublicKey{}),
	}
	var many []*keys.PrivateKey
	for i := range 17 {
		many = append(many, ed(i))
	}
	badSets["17 keys"] = realdid.KeySet{Threshold: 1, Keys: pub(many...)}
	for what, set := range badSets {
		_, err := realdid.DraftCreate(&realdid.CreateRequest{Control: set, Next: commit(ed(1))})
		refusedFor(t, "control with "+what, err, "control: ")
	}
	digest := realdid.SHA256.CommitKey(ed(1).Public())
	for what, next := range map[string]realdid.Commitments{
		"nothing": {}, "threshold 0": {Digests: []realdid.Digest{digest}}, "a digest twice": {Threshold: 1, Digests: []realdid.Digest{digest, digest}},
		"weights of another number": {Threshold: 1, Digests: []realdid.Digest{digest}, Weights: []int{1, 1}},
	} {
		_, err := realdid.DraftCreate(&realdid.CreateRequest{Control: one, Next: next})
		refusedFor(t, "next with "+what, err, "next: ")
		_, err = realdid.DraftCreate(&realdid.CreateRequest{Control: one, Next: commit(ed(1)), Recovery: []realdid.Tier{{Delay: time.Hour, Keys: next}}})
		refusedFor(t, "tier with "+what, err, "tier 0: ")
	}
	for what, delay := range map[string]time.Duration{"none": 0, "too short": realdid.MinDelay - time.Second, "too long": realdid.MaxDelay + time.Second, "a fraction": time.Hour + time.Millisecond, "negative": -time.Hour} {
		_, err := realdid.DraftCreate(&realdid.CreateRequest{Control: one, Next: commit(ed(1)), Recovery: []realdid.Tier{tier(delay, false, 1, 10)}})
		refusedFor(t, "delay "+what, err, "tier 0: ")
	}
	_, err := realdid.DraftCreate(&realdid.CreateRequest{Suite: 'x', Control: one, Next: commit(ed(1))})
	refused(t, "an unknown suite", err)
	for what, doc := range badContents() {
		_, err := realdid.DraftCreate(&realdid.CreateRequest{Control: one, Next: commit(ed(1)), Document: doc})
		refusedFor(t, "create with "+what, err, "document: ")
		h := fixed(t)
		_, err = h.at().DraftUpdate(doc)
		refusedFor(t, "update with "+what, err, "document: ")
		_, err = h.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Document: &doc})
		refusedFor(t, "rotate with "+what, err, "document: ")
		_, err = h.at().DraftRecover(guardianRequest(20, doc, 10))
		refusedFor(t, "recover with "+what, err, "document: ")
	}
}

func badContents() map[string]realdid.Content {
	return map[string]realdid.Content{
		"a method without a key": content(method("x", keys.PublicKey{}, did.Authentication)), "a method without purpose": content(method("x", ed(90).Public(), 0)),
		"a fragment that is none": content(method("#x", ed(90).Public(), did.Authentication)), "an alias that is no URI": {AlsoKnownAs: []string{"me"}},
		"a service without type": {Services: []realdid.Service{{Fragment: "s", Endpoints: []realdid.Endpoint{{URI: "https://a.example/"}}}}},
		"an empty endpoint":      {Services: []realdid.Service{{Fragment: "s", Types: []string{"T"}, Endpoints: []realdid.Endpoint{{}}}}},
		"a property of a number": {Services: []realdid.Service{{Fragment: "s", Types: []string{"T"}, Endpoints: []realdid.Endpoint{{Properties: map[string]any{"a": 1}}}}}},
	}
}

func TestDraftsOfAState(t *testing.T) {
	h := fixed(t)
	s := h.at()
	_, err := s.DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(2)), Next: commit(ed(3))})
	refusedFor(t, "rotate by a key that nothing commits to", err, "reveal: not a key that the last operation committed to")
	_, err = s.DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Control: realdid.KeySet{Threshold: 3, Keys: pub(ed(1))}, Next: commit(ed(3))})
	refusedFor(t, "rotate to a control set that is none", err, "control: ")
	_, err = s.DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(1))})
	refusedFor(t, "rotate without next keys", err, "next: ")
	_, err = s.DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Recovery: []realdid.Tier{tier(0, false, 1, 10)}})
	refusedFor(t, "rotate with a tier that is none", err, "tier 0: ")
	_, err = s.DraftRotate(&realdid.RotateRequest{Next: commit(ed(2)), Control: realdid.OneKey(ed(5).Public())})
	refused(t, "rotate without a reveal", err)
	_, err = s.DraftDeactivate(pub(ed(0)))
	refusedFor(t, "deactivate by the control key", err, "reveal: not a key that the last operation committed to")
	_, err = s.DraftCancelByNext(pub(ed(0)), commit(ed(2)), false)
	refusedFor(t, "cancel by the control key", err, "reveal: not a key that the last operation committed to")
	_, err = s.DraftCancelByNext(pub(ed(1)), realdid.Commitments{}, false)
	refusedFor(t, "cancel without next keys", err, "next: ")
	_, err = s.DraftCancelByTier(nil)
	refusedFor(t, "cancel by nobody", err, "do not belong to one usable tier")
	_, err = s.DraftRecover(guardianRequest(20, realdid.Content{}, 10, 11))
	refusedFor(t, "recover by keys of two tiers", err, "do not belong to one usable tier")
	_, err = s.DraftRecover(guardianRequest(20, realdid.Content{}, 77))
	refusedFor(t, "recover by a stranger", err, "do not belong to one usable tier")
	req := guardianRequest(20, realdid.Content{}, 10)
	req.Control = realdid.KeySet{}
	_, err = s.DraftRecover(req)
	refusedFor(t, "recover without control keys", err, "control: ")
	req = guardianRequest(20, realdid.Content{}, 10)
	req.Next = realdid.Commitments{}
	_, err = s.DraftRecover(req)
	refusedFor(t, "recover without next keys", err, "next: ")
	req = guardianRequest(20, realdid.Content{}, 10)
	req.Recovery = []realdid.Tier{tier(0, false, 1, 10)}
	_, err = s.DraftRecover(req)
	refusedFor(t, "recover with a tier that is none", err, "tier 0: ")
	req.Recovery = []realdid.Tier{}
	_, err = s.DraftRecover(req)
	refused(t, "recover without tiers", err)
	reveals := guardianRequest(20, realdid.Content{}, 13, 11) // in any order
	d, err := s.DraftRecover(reveals)
	ok(t, "recover by guardians in any order", h.try(d, err, ed(13), ed(11), ed(20)))
}

type failingSigner struct{ *keys.PrivateKey }

var errSigner = errors.New("the module is gone")

func (failingSigner) Sign(context.Context, []byte) ([]byte, error) { return nil, errSigner }

func TestDraftSignatures(t *testing.T) {
	h := fixed(t)
	d, err := h.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Control: realdid.KeySet{Threshold: 2, Keys: pub(ed(5), ed(1))}, Next: commit(ed(2))})
	ok(t, "draft", err)
	if got := d.Signers(); len(got) != 2 || !got[0].Equal(ed(1).Public()) || !got[1].Equal(ed(5).Public()) {
		t.Errorf("signers: got %v, want the revealed key and then the other control key", got)
	}
	if d.Identifier().Key() != h.state.Identifier().Key() {
		t.Errorf("identifier: got %v", d.Identifier())
	}
	refused(t, "a stranger signs", d.Sign(t.Context(), ed(99)))
	refused(t, "a wrong signature", d.AddSignature(ed(1).Public(), make([]byte, 64)))
	if err := d.Sign(t.Context(), failingSigner{ed(1)}); !errors.Is(err, errSigner) || errors.Is(err, realdid.ErrOperation) {
		t.Errorf("a signer that fails: got %v, which is not the operation's fault", err)
	}
	if _, err := d.Operation(); err == nil {
		t.Error("an operation without signatures")
	}
	sig, err := ed(5).Sign(t.Context(), d.SigningInput())
	ok(t, "sign elsewhere", err)
	ok(t, "add it", d.AddSignature(ed(5).Public(), sig))
	clear(sig)
	ok(t, "sign", d.Sign(t.Context(), ed(1)))
	op, err := d.Operation()
	ok(t, "operation", err)
	if op.ID() != d.ID() {
		t.Error("the ID changes by signing")
	}
	ok(t, "apply", h.apply(op))
}

// TestDraftsAreTheBytesOfTheText compares drafts with payloads written by hand.
func TestDraftsAreTheBytesOfTheText(t *testing.T) {
	h := fixed(t)
	s, id, head := h.at(), h.state.Identifier(), h.state.Head()
	link := func(typ int, more object) []byte {
		p := object{memberVersion: 1, memberType: typ, memberSCID: append([]byte{'q'}, id.SCID.Digest[:]...), memberSeq: 1, memberPrev: head[:]}
		for k, v := range more {
			p[k] = v
		}
		return append([]byte("realdid/op/v1\x00"), cborBytes(t, p)...)
	}
	doc := realdid.Content{
		VerificationMethods: []realdid.VerificationMethod{method("k", ed(5).Public(), did.AssertionMethod|did.CapabilityInvocation)},
		Services: []realdid.Service{{Fragment: "s", Types: []string{"A", "B"}, Endpoints: []realdid.Endpoint{
			{URI: "https://a.example/"}, {Properties: map[string]any{"uri": "x", "accept": []string{"y"}, "any": []any{"z"}}},
		}}},
		AlsoKnownAs: []string{"https://b.example/"},
	}
	raw := object{
		0: []any{[]any{"k", multicodec(5), 2 + 8}},
		1: []any{[]any{"s", []string{"A", "B"}, []any{"https://a.example/", map[string]any{"uri": "x", "accept": []string{"y"}, "any": []string{"z"}}}}},
		2: []string{"https://b.example/"},
	}
	for name, c := range map[string]struct {
		draft func() (*realdid.Draft, error)
		want  []byte
	}{
		"update": {func() (*realdid.Draft, error) { return s.DraftUpdate(doc) }, link(2, object{memberDocument: raw})},
		"anchor": {func() (*realdid.Draft, error) { return s.DraftAnchor(realdid.Digest{1}) }, link(3, object{memberRoot: append([]byte{1}, make([]byte, 31)...)})},
		"rotate": {func() (*realdid.Draft, error) {
			return s.DraftRotate(&realdid.RotateRequest{
				Reveal: pub(ed(1)), Control: realdid.KeySet{Threshold: 2, Keys: pub(ed(1), ed(5)), Weights: []int{1, 1}}, Next: commit(ed(2)), Document: &realdid.Content{},
				Recovery: []realdid.Tier{tier(time.Hour, true, 1, 10)}, Compromised: map[string]uint64{"a": 1}, SingleSecret: true,
			})
		}, link(4, object{
			memberControl: keySet(2, multicodec(1), multicodec(5)), memberNext: keySet(1, commitNext('q', ed(2))), memberReveal: []any{[]any{0, multicodec(1)}},
			memberTiers: []any{object{0: 3600, 1: true, 2: keySet(1, commitBackup(10))}}, memberDocument: object{}, memberCompromised: map[string]any{"a": 1}, memberSingleSecret: true,
		})},
		"recover": {func() (*realdid.Draft, error) {
			req := guardianRequest(20, realdid.Content{}, 10)
			req.Recovery, req.Cleared, req.SingleSecret = []realdid.Tier{tier(time.Hour, false, 1, 11)}, []string{"z"}, true
			return s.DraftRecover(req)
		}, link(5, object{
			memberControl: keySet(1, multicodec(20)), memberNext: keySet(1, commitNext('q', ed(21))), memberRevealRecovery: []any{[]any{0, salted(10), multicodec(10)}}, memberTier: []any{0, 0},
			memberTiers: []any{object{0: 3600, 2: keySet(1, commitBackup(11))}}, memberDocument: object{}, memberCleared: []string{"z"}, memberSingleSecret: true,
		})},
		"deactivate": {func() (*realdid.Draft, error) { return s.DraftDeactivate(pub(ed(1))) }, link(7, object{memberReveal: []any{[]any{0, multicodec(1)}}})},
		"cancel by next": {func() (*realdid.Draft, error) { return s.DraftCancelByNext(pub(ed(1)), commit(ed(2)), true) }, link(6, object{
			memberReveal: []any{[]any{0, multicodec(1)}}, memberNext: keySet(1, commitNext('q', ed(2))), memberSingleSecret: true,
		})},
		"cancel by a tier": {func() (*realdid.Draft, error) {
			return s.DraftCancelByTier(guardianRequest(0, realdid.Content{}, 12, 11).Reveal)
		}, link(6, object{
			memberRevealRecovery: []any{[]any{0, salted(11), multicodec(11)}, []any{1, salted(12), multicodec(12)}}, memberTier: []any{0, 1},
		})},
	} {
		d, err := c.draft()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !bytes.Equal(d.SigningInput(), c.want) {
			t.Errorf("%s: got %x, want %x", name, d.SigningInput(), c.want)
		}
	}
}

func salted(n int) []byte { s := backup(n).Salt; return s[:] }
