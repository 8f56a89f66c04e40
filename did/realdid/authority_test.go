package realdid_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// TestOnlyTheHoldersKeysChangeAnything is P2: an operator and an issuer, who see everything that is public, sign operations of
// every type, well-formed and with the right predecessor, with their own keys in every part that the holder's keys have, and
// mix in whatever the holder has signed before. Nothing is accepted, in any state.
func TestOnlyTheHoldersKeysChangeAnything(t *testing.T) {
	outsiders := []*keys.PrivateKey{ed(700), ed(701), testKey(keys.P256, 70), testKey(keys.Secp256k1, 70), testKey(keys.SM2, 70)}
	rnd := rand.New(rand.NewPCG(1, 2))
	n := 1000
	if testing.Short() {
		n = 100
	}
	accepted := 0
	for name, h := range statesOfAHolder(t) {
		t.Run(name, func(t *testing.T) {
			for i := range n {
				raw := outsidersOperation(t, rnd, h, outsiders)
				op, err := realdid.ParseOperation(raw)
				if err != nil {
					continue
				}
				if _, err := realdid.Apply(h.state, op, ledger.Anchor{Time: h.now.Add(time.Duration(i) * time.Minute)}); err == nil {
					t.Fatalf("accepted %v by outsiders: %x", op.Type(), raw)
				}
				accepted++
			}
		})
	}
	if accepted < n {
		t.Errorf("only %d operations were well-formed: the test tests nothing", accepted)
	}
}

// statesOfAHolder are the situations in which different operations are allowed.
func statesOfAHolder(t *testing.T) map[string]*hist {
	out := map[string]*hist{"fresh": fixed(t), "rotated": fixed(t), "pending": fixed(t), "cancelled": fixed(t), "deactivated": fixed(t), "revival": fixed(t)}
	ok(t, "rotate", out["rotated"].rotateTo(1))
	ok(t, "file", out["pending"].guardiansFile(20))
	ok(t, "file", out["cancelled"].guardiansFile(20))
	ok(t, "cancel", out["cancelled"].cancelByNext(1))
	ok(t, "deactivate", out["deactivated"].deactivate(1))
	ok(t, "deactivate", out["revival"].deactivate(1))
	ok(t, "file", out["revival"].guardiansFile(20))
	return out
}

// outsidersOperation takes a payload of any type, ties it to the history and puts outsiders' keys and the holder's public ones
// wherever keys go.
func outsidersOperation(t *testing.T, rnd *rand.Rand, h *hist, outsiders []*keys.PrivateKey) []byte {
	t.Helper()
	typ := []uint64{2, 3, 4, 5, 6, cancelByTier, 7}[rnd.IntN(7)]
	p := wellFormed(typ)
	scid := h.state.Identifier().SCID
	head := h.state.Head()
	p[memberSCID], p[memberSeq], p[memberPrev] = append([]byte{byte(scid.Suite)}, scid.Digest[:]...), h.state.Seq()+1, head[:]
	k := outsiders[rnd.IntN(len(outsiders))]
	held := []*keys.PrivateKey{ed(0), ed(1), ed(10), ed(11), ed(12), ed(2), ed(20)}
	public := func() *keys.PrivateKey { // whose public key the operation shows
		if rnd.IntN(2) == 0 {
			return held[rnd.IntN(len(held))]
		}
		return k
	}
	salt := backup(10 + rnd.IntN(4)).Salt
	if p[memberReveal] != nil {
		p[memberReveal] = []any{[]any{0, public().Public().Multicodec()}}
	}
	if p[memberRevealRecovery] != nil {
		p[memberRevealRecovery] = []any{[]any{rnd.IntN(3), salt[:], public().Public().Multicodec()}}
		p[memberTier] = []any{rnd.IntN(2), rnd.IntN(3)}
	}
	if p[memberControl] != nil {
		p[memberControl] = keySet(1, k.Public().Multicodec())
	}
	if rnd.IntN(4) == 0 { // the first signer does not sign, only the outsider's own control key does
		return seal(t, p, nil, k)
	}
	if rnd.IntN(4) == 0 {
		return seal(t, p, k, k)
	}
	return seal(t, p, k)
}
