package realdid_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
)

// TestHistoryVectorsAreMade makes histories.json.
func TestHistoryVectorsAreMade(t *testing.T) {
	made := []historyVector{lifeHistory(t), overtakingHistory(t), algorithmsHistory(t)}
	compareVectors(t, "histories", made)
}

// recorder writes down what it applies.
type recorder struct {
	*hist
	v   historyVector
	lg  listLedger
	old map[string][]byte // operations of the present file by payload
}

func newRecorder(t *testing.T, name string, net realdid.Network) *recorder {
	t.Helper()
	r := &recorder{hist: &hist{t: t, now: start}, v: historyVector{Name: name, Domain: net.Domain, Home: net.Home}, old: map[string][]byte{}}
	var file vectors.File[vectors.None, historyVector]
	if b, err := os.ReadFile(filepath.Join(vectors.Root(t), "realdid", "histories.json")); err == nil && json.Unmarshal(b, &file) == nil {
		for _, h := range file.Vectors {
			for _, s := range h.Steps {
				if op, err := modelParse(s.Operation); err == nil {
					r.old[string(op.payload)] = s.Operation
				}
			}
		}
	}
	return r
}

// take applies an operation. Signatures of most algorithms are others each time, so that of the file is kept if the payload is
// still the same.
func (r *recorder) take(op *realdid.Operation) *realdid.Operation {
	r.t.Helper()
	if mop, err := modelParse(op.Bytes()); err == nil && r.old[string(mop.payload)] != nil {
		op = mustParse(r.t, r.old[string(mop.payload)])
	}
	if err := r.apply(op); err != nil {
		r.t.Fatalf("%s: step %d: %v", r.v.Name, len(r.v.Steps), err)
	}
	id := op.ID()
	r.v.Steps = append(r.v.Steps, stepVector{
		Operation: op.Bytes(), Type: op.Type().String(), ID: id[:], VersionID: op.VersionID(), Time: r.now, State: stateBytes(r.t, r.state), Head: headBytes(r.t, r.state),
	})
	r.lg.entries = append(r.lg.entries, ledger.Entry{
		Key: op.Identifier().Key(), Seq: uint64(len(r.lg.entries)), Op: op.Bytes(), Anchor: ledger.Anchor{Index: uint64(len(r.lg.entries)), Time: r.now},
	})
	return op
}

func (r *recorder) draft(d *realdid.Draft, err error, ks ...*keys.PrivateKey) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := d.Sign(r.t.Context(), signers(ks...)...); err != nil {
		r.t.Fatal(err)
	}
	op, err := d.Operation()
	if err != nil {
		r.t.Fatal(err)
	}
	r.take(op)
}

// look records what resolution answers at the end of the history.
func (r *recorder) look(versionID, versionTime string) {
	r.t.Helper()
	t := r.t.(*testing.T)
	r.v.Now = r.now
	got := resolveVector(t, r.v, &r.lg, r.v.DID, versionID, versionTime)
	of := -1
	for i, s := range r.v.Steps {
		if s.VersionID == got.Metadata.VersionID {
			of = i
		}
	}
	r.v.Looks = append(r.v.Looks, lookVector{
		VersionTime: versionTime, VersionID: versionID, Document: json.RawMessage(got.Document.Canonical()), VersionOf: of, Deactivated: got.Metadata.Deactivated,
	})
}

// looks asks for every version and for every second at which something changed and the one before.
func (r *recorder) looks() historyVector {
	r.t.Helper()
	first := r.state.Identifier()
	r.v.DID = first.Short().String()
	if long, err := mustParse(r.t, r.v.Steps[0].Operation).LongForm(); err == nil {
		r.v.LongForm = long.String()
	}
	r.look("", "")
	seen := map[string]bool{}
	for at := start; !at.After(r.now); at = at.Add(12 * time.Hour) {
		got := resolveVectorAt(r, at)
		if !seen[got] {
			seen[got] = true
			r.look(got, "")
			r.look("", at.Format(time.RFC3339))
		}
	}
	return r.v
}

func resolveVectorAt(r *recorder, at time.Time) string {
	v := r.v
	v.Now = r.now
	return resolveVector(r.t.(*testing.T), v, &r.lg, r.v.DID, "", at.Format(time.RFC3339)).Metadata.VersionID
}

func (r *recorder) pass(d time.Duration) { r.wait(d) }

// lifeHistory has one operation of every kind.
func lifeHistory(t *testing.T) historyVector {
	r := newRecorder(t, "life", realdid.Network{})
	p := rawCreate('q')
	p[memberDocument] = object{
		0: []any{[]any{"auth-0", multicodec(3), 1}, []any{"sign-0", multicodec(4), 2 + 8}, []any{"agree", testKey(keys.X25519, 1).Public().Multicodec(), 4}},
		1: []any{[]any{"inbox", []string{"DIDCommMessaging"}, []any{map[string]any{"uri": "https://relay.example/in", "accept": []string{"didcomm/v2"}}}}},
		2: []any{"https://person.example/"},
	}
	p[memberTiers] = []any{
		object{0: 259200, 2: keySet(1, commitBackup(10))},
		object{0: 86400, 1: true, 2: object{0: 2, 1: [][]byte{commitBackup(11), commitBackup(12), commitBackup(13)}}},
	}
	r.take(mustParse(t, seal(t, p, ed(0))))
	r.pass(24 * time.Hour)
	c := r.state.Content()
	c.VerificationMethods = append(c.VerificationMethods[:2:2], method("auth-1", ed(5).Public(), did.Authentication|did.CapabilityDelegation))
	c.Services = append(c.Services, realdid.Service{
		Fragment: "files", Types: []string{"A", "B"}, Endpoints: []realdid.Endpoint{{URI: "https://a.example/%20"}, {URI: "urn:x:y"}},
	})
	d, err := r.at().DraftUpdate(c)
	r.draft(d, err, ed(0))
	d, err = r.at().DraftAnchor(realdid.Digest{1, 2, 3})
	r.draft(d, err, ed(0))
	r.pass(24 * time.Hour)
	c.VerificationMethods = c.VerificationMethods[2:]
	d, err = r.at().DraftRotate(&realdid.RotateRequest{
		Reveal: pub(ed(1)), Control: realdid.KeySet{Threshold: 3, Keys: pub(ed(1), ed(6)), Weights: []int{2, 1}}, Next: commit(ed(2), ed(7)), Document: &c,
		Compromised: map[string]uint64{"sign-0": 2}, Recovery: []realdid.Tier{tier(time.Hour, false, 1, 14), tier(30*24*time.Hour, true, 1, 15)},
	})
	r.draft(d, err, ed(1), ed(6))
	r.pass(time.Hour)
	d, err = r.at().DraftRecover(guardianRequest(20, realdid.Content{}, 11, 13)) // guardians who were dismissed
	r.draft(d, err, ed(11), ed(13), ed(20))
	r.pass(time.Hour)
	d, err = r.at().DraftCancelByNext(pub(ed(2), ed(7)), commit(ed(8)), true)
	r.draft(d, err, ed(2), ed(7))
	r.pass(24 * time.Hour)
	d, err = r.at().DraftRecover(guardianRequest(20, realdid.Content{}, 11, 13))
	r.draft(d, err, ed(11), ed(13), ed(20))
	d, err = r.at().DraftCancelByTier(guardianRequest(0, realdid.Content{}, 10).Reveal)
	r.draft(d, err, ed(10))
	r.pass(time.Hour)
	d, err = r.at().DraftDeactivate(pub(ed(8)))
	r.draft(d, err, ed(8))
	r.pass(24 * time.Hour)
	req := guardianRequest(30, authKey("auth-2", 9), 14)
	req.Cleared = []string{"sign-0"}
	d, err = r.at().DraftRecover(req)
	r.draft(d, err, ed(14), ed(30))
	r.pass(30 * time.Minute)
	req = guardianRequest(32, content(method("auth-3", ed(16).Public(), did.Authentication)), 10)
	req.Compromised = map[string]uint64{"auth-1": 3}
	d, err = r.at().DraftRecover(req) // a replaced tier stands above
	r.draft(d, err, ed(10), ed(32))
	r.pass(96 * time.Hour)
	d, err = r.at().DraftUpdate(authKey("auth-4", 17))
	r.draft(d, err, ed(32))
	r.pass(24 * time.Hour)
	d, err = r.at().DraftDeactivate(pub(ed(33)))
	r.draft(d, err, ed(33))
	return r.looks()
}

// overtakingHistory has a rotation and a recovery that name an earlier predecessor than the last operation.
func overtakingHistory(t *testing.T) historyVector {
	net := realdid.Network{Domain: "example-trust", Home: "second"}
	r := newRecorder(t, "overtaking", net)
	p := rawCreate('q')
	p[memberDomain], p[memberHome] = net.Domain, net.Home
	p[memberTiers] = []any{object{0: 3600, 2: keySet(1, commitBackup(10))}}
	r.take(mustParse(t, seal(t, p, ed(0))))
	rotation, recovery := rotateDraft(t, r.hist, 1, true), recoverDraft(t, r.hist, 10, 20, true)
	for range 3 {
		r.pass(time.Hour)
		d, err := r.at().DraftUpdate(authKey("thief", 40))
		r.draft(d, err, ed(0))
	}
	r.take(rotation)
	r.pass(time.Hour)
	d, err := r.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(2)), Next: commit(ed(3))})
	r.draft(d, err, ed(2))
	r.take(recovery)
	r.pass(24 * time.Hour)
	d, err = r.at().DraftAnchor(realdid.Digest{})
	r.draft(d, err, ed(20))
	return r.looks()
}

// algorithmsHistory has every algorithm and the suite of SM3.
func algorithmsHistory(t *testing.T) historyVector {
	r := newRecorder(t, "algorithms", realdid.Network{})
	as := []keys.Algorithm{keys.SM2, keys.P256, keys.P384, keys.Secp256k1, keys.Ed25519}
	var control, next []*keys.PrivateKey
	var ms [][]byte
	var digests []realdid.Digest
	for i, a := range as {
		control, next = append(control, testKey(a, 50)), append(next, testKey(a, 51))
		ms = append(ms, control[i].Public().Multicodec())
		digests = append(digests, realdid.SM3.CommitKey(next[i].Public()))
	}
	p := object{
		memberVersion: 1, memberType: 1, memberSuite: "s", memberSalt: bytes.Repeat([]byte{7}, 16),
		memberControl: keySet(5, ms...), memberNext: keySet(5, commitNext('s', next[0]), commitNext('s', next[1]), commitNext('s', next[2]), commitNext('s', next[3]), commitNext('s', next[4])),
		memberTiers: []any{object{0: 3600, 2: keySet(1, commitRecovery('s', make([]byte, 16), testKey(keys.SM2, 52)))}},
	}
	r.take(mustParse(t, seal(t, p, control...)))
	if got, want := r.state.Next().Digests[2], digests[2]; got != want {
		t.Fatalf("commitment: got %x, want %x", got, want)
	}
	r.pass(time.Hour)
	doc := realdid.Content{}
	for i, k := range next {
		doc.VerificationMethods = append(doc.VerificationMethods, method("key-"+string(rune('a'+i)), k.Public(), did.AssertionMethod))
	}
	d, err := r.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(next...), Next: realdid.SM3.Commit(testKey(keys.SM2, 53).Public()), Document: &doc})
	r.draft(d, err, next...)
	k := testKey(keys.SM2, 52)
	d, err = r.at().DraftRecover(&realdid.RecoverRequest{
		Reveal: []realdid.RecoveryKey{{Key: k.Public()}}, Control: realdid.OneKey(testKey(keys.SM2, 54).Public()), Next: realdid.SM3.Commit(testKey(keys.SM2, 55).Public()),
	})
	r.draft(d, err, k, testKey(keys.SM2, 54))
	r.pass(24 * time.Hour)
	d, err = r.at().DraftUpdate(content(method("sm2", testKey(keys.SM2, 56).Public(), did.Authentication)))
	r.draft(d, err, testKey(keys.SM2, 54))
	return r.looks()
}

// TestIdentifierVectorsAreMade makes identifiers.json and bad-identifiers.json.
func TestIdentifierVectorsAreMade(t *testing.T) {
	var good []identifierVector
	for _, net := range []realdid.Network{{}, {Domain: "example-trust"}, {Domain: "a"}, {Domain: "0123456789012345678901234567890"}} {
		for _, suite := range []byte("qs") {
			p := rawCreate(suite)
			if net.Domain != "" {
				p[memberDomain] = net.Domain
			}
			op := seal(t, p, ed(0))
			long := must(mustParse(t, op).LongForm())(t)
			id := must(realdid.ParseIdentifier(long))(t)
			scid := append([]byte{suite}, id.SCID.Digest[:]...)
			name := cmp.Or(net.Domain, "no domain") + ", suite " + string(suite)
			good = append(good, identifierVector{name, id.Short().String(), net.Domain, scid, nil},
				identifierVector{name + ", long form", long.String(), net.Domain, scid, op})
		}
	}
	compareVectors(t, "identifiers", good)
	compareVectors(t, "bad-identifiers", badIdentifiers(t))
}
