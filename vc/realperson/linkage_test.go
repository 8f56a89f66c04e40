package realperson

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// The linkage game (P4). The authority with its key, all that it saw and stores, and two platforms pool what they know. At the first platform
// they know who is behind the accounts of two persons; at the second one of the two signs up, and they guess which. A distinguisher is a way to
// compare what is known of a person with what the second platform sees: it guesses the one that is more alike, and tosses a coin if neither is.
//
// In N rounds a guess that knows nothing wins N/2 times, with a standard deviation of √N/2. A distinguisher that wins or loses by more
// than five of these has found something; by chance each does that once in 1,700,000 runs. With the 160 rounds of an ordinary run an advantage
// of 20 % over guessing shows, with 10,000 (REALDID_LINKAGE_ROUNDS) one of 2.5 %.
const (
	linkageRounds  = 160
	linkagePersons = 8 // so that what marks one person in two, and nothing else, shows as well
	deviations     = 5
)

// distinguisher says how much a response is like a person.
type distinguisher struct {
	name  string
	score func(tb testing.TB, d *dossier, v *view) float64
}

func (g *game) distinguishers() []distinguisher {
	return []distinguisher{
		{"octets in common", commonOctets},
		{"octets in place", octetsInPlace},
		{"signs in place", signsInPlace},
		{"lengths", likeLengths},
		{"order and spelling of JSON", likeJSON},
		{"numbers in the proof", likeNumbers},
		{"dates", likeDates},
		{"pseudonyms, as numbers", likePseudonyms},
		{"scalars", likeScalars},
		{"index of the scope", likeIndex},
		{"relations of points", g.likeRelations},
	}
}

// commonOctets counts the rows of four octets that stand in a person's dossier and in a response, beside those that stand everywhere.
func commonOctets(_ testing.TB, d *dossier, v *view) float64 {
	if d.octets == nil {
		d.octets = map[string]bool{}
		for _, t := range append(slices.Clone(d.transcript), d.known.response) {
			grams(octets(t), 4, func(g string) { d.octets[g] = true })
		}
	}
	n := 0
	grams(octets(v.response), 4, func(g string) {
		if d.octets[g] {
			n++
		}
	})
	return float64(n)
}

func octetsInPlace(_ testing.TB, d *dossier, v *view) float64 {
	a, b := d.known.proof.parts[0].([]byte), v.proof.parts[0].([]byte)
	n := 0
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			n++
		}
	}
	return float64(n)
}

// signsInPlace looks at the signs of the points of a proof.
func signsInPlace(tb testing.TB, d *dossier, v *view) float64 {
	const sign = 1 << 5
	a, b := d.known.proof.parts[0].([]byte), v.proof.parts[0].([]byte)
	n := 0
	for i := range 3 {
		if a[48*i]&sign == b[48*i]&sign {
			n++
		}
	}
	if d.known.pseudonym(tb)[0]&sign == v.pseudonym(tb)[0]&sign {
		n++
	}
	return float64(n)
}

func likeLengths(_ testing.TB, d *dossier, v *view) float64 {
	difference := math.Abs(float64(len(d.known.response) - len(v.response)))
	for i := range v.proof.parts {
		a, ok := d.known.proof.parts[i].([]byte)
		b, also := v.proof.parts[i].([]byte)
		if ok && also && len(a) != len(b) {
			difference++
		}
	}
	return -difference
}

// likeJSON compares the responses without what differs at every platform.
func likeJSON(_ testing.TB, d *dossier, v *view) float64 {
	blank := func(v *view) []byte {
		m := v.members
		text := v.response[bytes.IndexByte(v.response, '.')+1 : bytes.LastIndexByte(v.response, '.')]
		b := fromBase64(string(text))
		for _, s := range []string{
			proofOf(credentialOf(m))["proofValue"].(string), m["iss"].(string), m["aud"].(string), m["nonce"].(string),
		} {
			b = bytes.ReplaceAll(b, []byte(s), nil)
		}
		if i, ok := m["index"].(json.Number); ok {
			b = bytes.ReplaceAll(b, []byte(`"index":`+string(i)), nil)
		}
		return b
	}
	if bytes.Equal(blank(d.known), blank(v)) {
		return 1
	}
	return 0
}

// likeNumbers compares what stands in a proof beside octets: labels of blank nodes, indexes, the number of messages.
func likeNumbers(_ testing.TB, d *dossier, v *view) float64 {
	n := 0
	for i := range v.proof.parts {
		if _, ok := v.proof.parts[i].([]byte); !ok && equalParts(d.known.proof.parts[i], v.proof.parts[i]) {
			n++
		}
	}
	return float64(n)
}

func likeDates(_ testing.TB, d *dossier, v *view) float64 {
	n := 0
	for _, name := range []string{"validFrom", "validUntil"} {
		if credentialOf(d.known.members)[name] == credentialOf(v.members)[name] {
			n++
		}
	}
	if d.known.members["iat"] == v.members["iat"] { // the same second for all: how fast a wallet answers is not looked at
		n++
	}
	return float64(n)
}

func likePseudonyms(tb testing.TB, d *dossier, v *view) float64 {
	n := 0
	for _, known := range [][]byte{d.pseudonym, d.known.pseudonym(tb), d.entropy, d.commitment, d.signature[:48]} {
		for i, b := range v.pseudonym(tb) {
			if i >= len(known) || known[i] != b {
				break
			}
			n += i + 1
		}
	}
	return float64(n)
}

// likeScalars counts the scalars of a proof that a person's other proof has, or that are known of the person.
func likeScalars(_ testing.TB, d *dossier, v *view) float64 {
	own := map[string]bool{string(d.entropy): true, string(d.signature[48:]): true}
	each := func(v *view, f func(s string)) {
		for b := v.proof.parts[0].([]byte)[3*48:]; len(b) >= 32; b = b[32:] {
			f(string(b[:32]))
		}
	}
	each(d.known, func(s string) { own[s] = true })
	n := 0
	each(v, func(s string) {
		if own[s] {
			n++
		}
	})
	return float64(n)
}

func likeIndex(_ testing.TB, d *dossier, v *view) float64 {
	if i := v.members["index"]; i != nil && i == d.known.members["index"] {
		return 1
	}
	return 0
}

// leak is a fault that a wallet or an authority could have: it changes what the second platform sees of a person.
type leak struct {
	name string
	by   string // the distinguisher that must find it
	make func(tb testing.TB, w *world, d *dossier, v *view) *view
}

// game is what was dealt: persons of whom the first platform knows who they are, and at each round a response at another platform.
type game struct {
	world  *world
	known  []*view // of each person, as the wallet made it
	rounds []dealt
	random *rand.Rand
}

type dealt struct {
	pair   [2]int // of persons
	secret int    // whose response it is
	view   *view
}

func deal(tb testing.TB, rounds int, scope *Scope) *game {
	tb.Helper()
	g := &game{world: newWorld(tb), random: rand.New(rand.NewPCG(1, uint64(rounds)))}
	first := g.world.platform(tb)
	for i := range linkagePersons {
		d := g.world.person(tb, map[string]any{"ageOver18": i%2 == 0, "residentOf": []string{"FR", "BE", "DE-BY-09"}[i%3]})
		g.known = append(g.known, g.world.answer(tb, d, first, scope))
	}
	for range rounds {
		i := g.random.IntN(linkagePersons)
		r := dealt{pair: [2]int{i, (i + 1 + g.random.IntN(linkagePersons-1)) % linkagePersons}, secret: g.random.IntN(2)}
		r.view = g.world.answer(tb, g.world.persons[r.pair[r.secret]], g.world.platform(tb), scope)
		g.rounds = append(g.rounds, r)
	}
	return g
}

// play returns how often each distinguisher wins, if the wallets or the authority have a fault (nil: none).
func (g *game) play(tb testing.TB, fault func(testing.TB, *world, *dossier, *view) *view, with []distinguisher) []int {
	tb.Helper()
	if fault == nil {
		fault = func(_ testing.TB, _ *world, _ *dossier, v *view) *view { return v }
	}
	for i, d := range g.world.persons {
		d.known = nil
		d.known = fault(tb, g.world, d, g.known[i])
		d.relations, d.octets = nil, nil
	}
	wins := make([]int, len(with))
	for _, r := range g.rounds {
		pair := [2]*dossier{g.world.persons[r.pair[0]], g.world.persons[r.pair[1]]}
		v := fault(tb, g.world, pair[r.secret], r.view)
		for k, d := range with {
			guess := g.random.IntN(2)
			if a, b := d.score(tb, pair[0], v), d.score(tb, pair[1], v); a > b {
				guess = 0
			} else if b > a {
				guess = 1
			}
			if guess == r.secret {
				wins[k]++
			}
		}
	}
	return wins
}

// likeRelations counts how many points of a response are points of a person, or differ from one by another.
func (g *game) likeRelations(tb testing.TB, d *dossier, v *view) float64 {
	if d.relations == nil {
		d.relations = newRelations(tb, g.world.signer, d)
	}
	return d.relations.score(tb, d, v)
}

func bound(rounds int) float64 { return deviations * math.Sqrt(float64(rounds)) / 2 }

func rounds(t *testing.T) int {
	if underRace {
		t.Skip("there is nothing to race for, and it takes minutes")
	}
	s := os.Getenv("REALDID_LINKAGE_ROUNDS")
	if s == "" {
		return linkageRounds
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < linkageRounds {
		t.Fatalf("REALDID_LINKAGE_ROUNDS is not a number of at least %d", linkageRounds)
	}
	return n
}

// TestLinkage (P4): nobody wins, neither with accounts nor at equal scopes.
func TestLinkage(t *testing.T) {
	n := rounds(t)
	for name, scope := range map[string]*Scope{"accounts": nil, "equal scopes": {Name: "vote", Period: "2026", Limit: 1}} {
		t.Run(name, func(t *testing.T) {
			g := deal(t, n, scope)
			all := g.distinguishers()
			for i, wins := range g.play(t, nil, all) {
				advantage := float64(wins) - float64(n)/2
				if math.Abs(advantage) > bound(n) {
					t.Errorf("%s: won %d of %d rounds, more than %.0f from half", all[i].name, wins, n, bound(n))
				}
			}
		})
	}
}

// TestLinkageFindsLeaks is the control: each distinguisher wins against a wallet or an authority with the fault that it looks for, and so would
// fail the test above.
func TestLinkageFindsLeaks(t *testing.T) {
	const n = 64
	rounds(t)
	g := deal(t, n, &Scope{Name: "vote", Period: "2026", Limit: 100})
	all := g.distinguishers()
	covered := map[string]bool{}
	for _, l := range leaks {
		i := slices.IndexFunc(all, func(d distinguisher) bool { return d.name == l.by })
		if i < 0 {
			t.Fatalf("%s: no distinguisher %q", l.name, l.by)
		}
		covered[l.by] = true
		wins := g.play(t, l.make, all[i:i+1])[0]
		if float64(wins)-n/2 <= bound(n) {
			t.Errorf("%s: %q won %d of %d rounds, and should be found out", l.name, l.by, wins, n)
		}
	}
	for _, d := range all {
		if !covered[d.name] {
			t.Errorf("%q has no control", d.name)
		}
	}
}

var leaks = []leak{
	{"one pseudonym everywhere", "pseudonyms, as numbers", func(tb testing.TB, _ *world, d *dossier, v *view) *view {
		return v.change(tb, func(m map[string]any, p *proofParts) { p.parts[p.pseudonym(tb)] = d.pseudonym })
	}},
	{"one pairwise DID everywhere", "octets in common", func(tb testing.TB, _ *world, d *dossier, v *view) *view {
		h, err := pairwise(tb.Context(), d.wallet.seed, "leak", keyNamed("platform"))
		fatal(tb, err)
		return newView(tb, v.platform, forgeAs(tb, h, v.members))
	}},
	{"an end of validity of one's own", "dates", func(tb testing.TB, w *world, d *dossier, v *view) *view {
		return v.change(tb, func(m map[string]any, _ *proofParts) {
			credentialOf(m)["validUntil"] = formatTime(w.now.AddDate(0, 0, slices.Index(w.persons, d)))
		})
	}},
	{"a claim of one's own", "lengths", func(tb testing.TB, w *world, d *dossier, v *view) *view {
		return v.change(tb, func(m map[string]any, _ *proofParts) {
			subject(credentialOf(m))["residentOf"] = string(bytes.Repeat([]byte{'a'}, max(0, slices.Index(w.persons, d))))
		})
	}},
	{"a spelling of one's own", "order and spelling of JSON", func(tb testing.TB, w *world, d *dossier, v *view) *view {
		return v.change(tb, func(m map[string]any, _ *proofParts) {
			credentialOf(m)["x"] = slices.Index(w.persons, d)
		})
	}},
	{"statements in an order of one's own", "numbers in the proof", func(tb testing.TB, w *world, d *dossier, v *view) *view {
		return v.change(tb, func(_ map[string]any, p *proofParts) { p.parts[len(p.parts)-1] = slices.Index(w.persons, d) })
	}},
	{"a signature that is not blinded", "relations of points", func(tb testing.TB, _ *world, d *dossier, v *view) *view {
		return v.change(tb, func(_ map[string]any, p *proofParts) { copy(p.parts[0].([]byte), d.signature[:48]) })
	}},
	{"a signature blinded by what the authority knows", "relations of points", func(tb testing.TB, _ *world, d *dossier, v *view) *view {
		return v.change(tb, func(_ map[string]any, p *proofParts) {
			sum, mask := jac(point(tb, d.signature[:48])), jac(point(tb, d.pseudonym))
			sum.AddAssign(&mask)
			copy(p.parts[0].([]byte)[48:], compress(sum))
		})
	}},
	{"a pseudonym of the authority's entropy alone", "relations of points", func(tb testing.TB, _ *world, d *dossier, v *view) *view {
		return v.change(tb, func(_ map[string]any, p *proofParts) {
			p.parts[p.pseudonym(tb)] = compress(d.entropyPart(tb, v.context))
		})
	}},
	{"randomness that is used twice", "scalars", func(tb testing.TB, _ *world, d *dossier, v *view) *view {
		return v.change(tb, func(_ map[string]any, p *proofParts) { copy(p.parts[0].([]byte)[3*48+64:], d.entropy) })
	}},
	{"octets that are used twice", "octets in place", func(tb testing.TB, _ *world, d *dossier, v *view) *view {
		return v.change(tb, func(_ map[string]any, p *proofParts) { copy(p.parts[0].([]byte)[3*48+8:3*48+32], d.entropy) })
	}},
	{"points of one sign", "signs in place", func(tb testing.TB, w *world, d *dossier, v *view) *view {
		return v.change(tb, func(_ map[string]any, p *proofParts) {
			negative := slices.Index(w.persons, d)
			for i := range 3 {
				at := jac(point(tb, p.parts[0].([]byte)[48*i:48*i+48]))
				if p.parts[0].([]byte)[48*i]>>5&1 != byte(negative>>i&1) {
					at.Neg(&at)
				}
				copy(p.parts[0].([]byte)[48*i:], compress(at))
			}
		})
	}},
	{"an index of one's own", "index of the scope", func(tb testing.TB, w *world, d *dossier, v *view) *view {
		return v.change(tb, func(m map[string]any, _ *proofParts) { m["index"] = max(0, slices.Index(w.persons, d)) })
	}},
}

func compress(p bls12381.G1Jac) []byte {
	var a bls12381.G1Affine
	b := a.FromJacobian(&p).Bytes()
	return b[:]
}

// change makes another view of a response that the wallet did not make.
func (v *view) change(tb testing.TB, change func(m map[string]any, p *proofParts)) *view {
	tb.Helper()
	m := decodeJSON(tb, encodeJSON(tb, v.members))
	proof := openProof(tb, proofOf(credentialOf(m))["proofValue"].(string))
	change(m, proof)
	proofOf(credentialOf(m))["proofValue"] = proof.value(tb)
	return newView(tb, v.platform, forgeAs(tb, stranger(tb), m))
}

func equalParts(a, b any) bool {
	x, err := cborBytes(a)
	y, err2 := cborBytes(b)
	return err == nil && err2 == nil && bytes.Equal(x, y)
}
