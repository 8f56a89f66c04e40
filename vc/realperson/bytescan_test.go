package realperson

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/realdid/realdid/did/ledger"
)

// The length, in octets, of what may not stand in two places; and the length of the shortest row that counts as public because others
// say it. Rows that are public are cut out before anything is compared, so that one octet of chance between two of them is no finding.
const (
	gram       = 8
	publicGram = 4
)

// rest cuts the rows that are public out of texts.
func rest(texts [][]byte, public map[string]bool) (all [][]byte) {
	for _, t := range texts {
		start := 0 // of what is not public
		for i := 0; i < len(t); {
			end := i
			for end+publicGram <= len(t) && public[string(t[end:end+publicGram])] {
				end++
			}
			if end == i {
				i++
				continue
			}
			all = append(all, t[start:i])
			start = end + publicGram - 1
			i = start
		}
		all = append(all, t[start:])
	}
	return all
}

// TestByteScan (P4): a person's responses to many platforms, decoded, have no eight octets in a row in common but those that stand in the
// responses of others. 1,000 platforms with REALDID_SCAN=1000.
func TestByteScan(t *testing.T) {
	platforms := 150
	if underRace {
		platforms = 20
	}
	if s := os.Getenv("REALDID_SCAN"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < platforms {
			t.Fatalf("REALDID_SCAN is not a number of at least %d", platforms)
		}
		platforms = n
	}
	w := newWorld(t)
	alice := w.person(t, nil)
	public := map[string]bool{}
	for range 3 { // what everybody says
		bob := w.person(t, map[string]any{"ageOver18": false, "residentOf": "BE"})
		p := w.platform(t)
		for _, scope := range []*Scope{nil, {Name: "vote", Limit: 1}} {
			v := w.answer(t, bob, p, scope)
			grams(said(v), publicGram, func(g string) { public[g] = true })
		}
	}
	seen := map[string]int{}
	scan := func(i int, v *view) (found string) {
		own := map[string]bool{} // a DID stands twice in one response
		grams(rest(said(v), public), gram, func(g string) {
			if own[g] {
				return
			}
			if own[g] = true; seen[g] != 0 {
				found = fmt.Sprintf("responses %d and %d have %x in common", seen[g], i, g)
			}
			seen[g] = i
		})
		if len(own) < 500 {
			t.Fatalf("only %d rows of octets are her own: the scan does not see the proof", len(own))
		}
		return found
	}
	for i := range platforms {
		var scope *Scope
		if i%4 == 3 {
			scope = &Scope{Name: "vote", Limit: 1}
		}
		if found := scan(i+1, w.answer(t, alice, w.platform(t), scope)); found != "" {
			t.Fatal(found)
		}
	}
	// The control: eight octets that a person says to two platforms are found.
	mark := func(v *view) *view {
		return v.change(t, func(m map[string]any, _ *proofParts) { subject(credentialOf(m))["residentOf"] = "Atlantis" })
	}
	scan(platforms+1, mark(w.answer(t, alice, w.platform(t), nil)))
	if scan(platforms+2, mark(w.answer(t, alice, w.platform(t), nil))) == "" {
		t.Error("the scan does not find what two responses have in common")
	}
}

// said is what a wallet says: a response without what the platform said before.
func said(v *view) (all [][]byte) {
	platform := map[string]bool{}
	for _, name := range []string{"aud", "nonce"} {
		for _, b := range octets([]byte(v.members[name].(string))) {
			platform[string(b)] = true
		}
	}
	for _, b := range octets(v.response) {
		if !platform[string(b)] {
			all = append(all, b)
		}
	}
	return all
}

// TestProofLength: the length of what is shown does not tell what is not shown.
func TestProofLength(t *testing.T) {
	w := newWorld(t)
	lengths := map[int]bool{}
	for _, claims := range []map[string]any{
		{"ageOver18": true, "residentOf": "F"},
		{"ageOver18": false, "residentOf": strings.Repeat("X", maxClaimValue)},
		{"ageOver18": true, "residentOf": "FR-75"},
		{"ageOver18": "unknown", "residentOf": false},
	} {
		d := w.person(t, claims)
		for range 3 {
			lengths[len(w.answer(t, d, w.platform(t), nil).response)] = true
		}
	}
	if len(lengths) != 1 {
		t.Errorf("got lengths %v, want one", lengths)
	}
}

// store is what one party keeps, each record with the person whom it is about, as this test knows and nobody else should.
type store struct {
	name    string
	records map[string][][]byte // by person
}

func (s *store) add(person string, record []byte) {
	s.records[person] = append(s.records[person], record)
}

// TestDump (P8): all that leaks - the authority's registry and log, two platforms' accounts, every request and response that went over the
// wires to any of them. Each record of one store that is about one person is compared with every record of the others: no eight octets
// that belong to a person in one store stand in another.
func TestDump(t *testing.T) {
	w := newWorld(t)
	persons := 6
	if underRace {
		persons = 3
	}
	authority := &store{"the authority", map[string][][]byte{}}
	stores := []*store{authority}
	for range persons {
		d := w.person(t, nil)
		for _, b := range d.transcript {
			authority.add(d.name, b)
		}
	}
	// One of them is refused, so that the public log says something; it says it of nobody.
	_, err := w.authority.Refuse(t.Context(), w.persons[0].record, ReasonFraud)
	fatal(t, err)
	for e, err := range w.log.(ledger.Follower).Follow(t.Context(), 0) {
		fatal(t, err)
		authority.add(w.persons[0].name, e.Op)
	}
	for e, err := range w.registry.History(t.Context(), registryPrefix+w.persons[0].record, 0) {
		fatal(t, err)
		authority.add(w.persons[0].name, e.Op)
	}
	vote := Scope{Name: "vote", Limit: 2}
	for i := range 2 {
		p := w.platform(t)
		s := &store{fmt.Sprintf("platform %d", i+1), map[string][][]byte{}}
		stores = append(stores, s)
		for _, d := range w.persons {
			dumpPerson(t, w, p, s, d, &vote)
		}
	}
	if found := crossing(t, stores); found != "" {
		t.Error(found)
	}
	// The control: a platform that kept what the authority has would be found.
	stores[1].add(w.persons[0].name, []byte(`{"entropy":"`+encode(w.persons[0].entropy)+`"}`))
	if crossing(t, stores) == "" {
		t.Error("the test does not find what two stores have in common")
	}
}

// dumpPerson makes a person sign up, log in, use a scope, report a theft and veto it, and keeps everything.
func dumpPerson(t *testing.T, w *world, p *Platform, s *store, d *dossier, vote *Scope) {
	t.Helper()
	keep := func(key string) {
		for e, err := range p.accounts.ledger.History(t.Context(), key, 0) {
			fatal(t, err)
			s.add(d.name, []byte(`{"key":"`+key+`"}`))
			s.add(d.name, e.Op)
		}
	}
	var account *Account
	for _, a := range actions {
		if a == ActionCompleteRebind { // takes days
			continue
		}
		opt := &RequestOptions{Session: []byte("session of " + d.name + " at " + s.name)}
		if a == ActionUseScope {
			opt.Scope = vote
		}
		request, err := p.Request(t.Context(), a, opt)
		fatal(t, err)
		r, err := d.wallet.Authenticate(t.Context(), request, w.keys)
		fatal(t, err)
		response, err := respond(t.Context(), d.wallet, r, Policy{})
		fatal(t, err)
		s.add(d.name, request)
		s.add(d.name, response)
		switch a {
		case ActionUseScope:
			u, _, err := p.UseScope(t.Context(), response, *vote, opt.Session)
			fatal(t, err)
			keep(usePrefix + accountID(u.Authority, u.Pseudonym))
		case ActionSignUp:
			account, _, err = p.SignUp(t.Context(), response, opt.Session)
			fatal(t, err)
		case ActionRebind:
			_, _, err = p.Rebind(t.Context(), response, opt.Session)
			fatal(t, err)
			d.wallet.Rebound(r)
		case ActionLogIn:
			_, err = p.LogIn(t.Context(), response, opt.Session)
			fatal(t, err)
		case ActionReportTheft:
			_, _, err = p.ReportTheft(t.Context(), response, opt.Session)
			fatal(t, err)
		case ActionVeto:
			_, _, err = p.Veto(t.Context(), response, opt.Session)
			fatal(t, err)
		}
	}
	keep(accountPrefix + account.ID)
}

// crossing looks for octets that are about one person in one store, and stand in another.
func crossing(t *testing.T, stores []*store) string {
	t.Helper()
	public := map[string]bool{} // what a store says of several: names of members, dates, the authority
	for _, s := range stores {
		about := map[string]string{}
		for person, records := range s.records {
			grams(allOctets(records), publicGram, func(g string) {
				if other, ok := about[g]; ok && other != person {
					public[g] = true
				}
				about[g] = person
			})
		}
	}
	found := map[string]string{}
	for _, s := range stores {
		n := len(found)
		for person, records := range s.records {
			problem := ""
			grams(rest(allOctets(records), public), gram, func(g string) {
				if other, ok := found[g]; ok && other != s.name {
					problem = fmt.Sprintf("%x, about %s, stands at %s and at %s", g, person, other, s.name)
				}
				found[g] = s.name
			})
			if problem != "" {
				return problem
			}
		}
		if len(found)-n < 1000 {
			t.Fatalf("%s: only %d rows of octets are about somebody: the test does not see them", s.name, len(found)-n)
		}
	}
	return ""
}

func allOctets(records [][]byte) (all [][]byte) {
	for _, r := range records {
		all = append(all, octets(r)...)
	}
	return all
}

// TestPairwiseDIDs: what a person is called at two platforms has nothing in common.
func TestPairwiseDIDs(t *testing.T) {
	city := newTown(t)
	alice, bob := city.wallet(t), city.wallet(t)
	holder := func(c *citizen, i int) string {
		h, err := c.wallet.Holder(t.Context(), keyNamed(i))
		fatal(t, err)
		return h.String()
	}
	public := map[string]bool{}
	for i := range 3 {
		grams(octets([]byte(holder(bob, i))), publicGram, func(g string) { public[g] = true })
	}
	seen := map[string]int{}
	platforms := 200
	if underRace {
		platforms = 40
	}
	for i := range platforms {
		d := holder(alice, i)
		grams(rest(octets([]byte(d)), public), gram, func(g string) {
			if at, ok := seen[g]; ok && at != i {
				t.Fatalf("%x was said to platforms %d and %d", g, at, i)
			}
			seen[g] = i
		})
		if d != holder(alice, i) {
			t.Fatal("not the same DID again")
		}
	}
	if len(seen) < platforms*100 {
		t.Fatalf("only %d rows of octets were looked at", len(seen))
	}
}
