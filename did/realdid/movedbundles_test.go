package realdid_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/internal/vectors"
)

// A bundle of an identifier that moved, or of one with a recovery, what is asked of it, and what comes out: an answer, or a code.
type movedBundleVector struct {
	Name        string       `json:"name"`
	DID         string       `json:"did"`
	Trusts      []string     `json:"trusts"` // names of home ledgers in the setting
	VersionTime string       `json:"askedVersionTime,omitempty"`
	VersionID   string       `json:"askedVersionId,omitempty"`
	Bundle      hexBytes     `json:"bundle"`
	Valid       bool         `json:"valid"`
	Answer      *movedAnswer `json:"answer,omitempty"`
	Code        string       `json:"code,omitempty"`
}

type movedAnswer struct {
	Document  json.RawMessage `json:"document"`
	VersionID string          `json:"versionId"`
	Evidence  evidenceVector  `json:"evidence"`
}

// verify answers as a verifier does that trusts the ledgers of these names, each by its policy and as a former home.
func (v *movedBundleVector) verify(t *testing.T, f bundleSetting) (*did.Resolution, error) {
	t.Helper()
	var ledgers []realdid.TrustedLedger
	for _, home := range v.Trusts {
		l := realdid.TrustedLedger{Trust: f.Trusts[home].trust(t)}
		if home != "main" {
			l.Network.Home = home
		}
		ledgers = append(ledgers, l)
	}
	verifier := must(realdid.NewVerifier(ledgers, &realdid.VerifierOptions{Clock: func() time.Time { return f.Now }}))(t)
	opt := &did.ResolveOptions{VersionID: v.VersionID}
	if v.VersionTime != "" {
		opt.VersionTime = must(time.Parse(time.RFC3339, v.VersionTime))(t)
	}
	return verifier.Verify(t.Context(), did.MustParse(v.DID), v.Bundle, opt)
}

// movedBundles makes the vectors. Cosigners are a minute late and the verifier an hour, so that no two times are the same by chance.
func movedBundles(t *testing.T) (f bundleSetting, made []movedBundleVector) {
	w := newTwo(t)
	id, long := w.born(), must(mustParse(t, fixed(t).first).LongForm())(t)
	w.wait(time.Hour)
	w.moved(w.atMain, id, "second", 1)
	departed := w.now
	w.wait(time.Hour)
	must(w.there.Import(t.Context(), w.carried(w.atMain, id)))(t)
	imported := w.now
	w.wait(time.Hour)
	_, err := w.there.Update(t.Context(), id, authKey("b", 5), ed(0))
	ok(t, "update", err)
	w.wait(time.Hour)
	w.main.late, w.second.late = time.Minute, time.Minute
	w.main.seal()
	w.second.seal()
	homes := must(realdid.NewHomes(w.atMain, w.there))(t)
	bundle := func(m *realdid.Method, d did.DID, without bool) []byte {
		return must(m.Bundle(t.Context(), d, &realdid.BundleOptions{WithoutOperations: without}))(t).Bytes()
	}
	since, state, left := bundle(w.there, id, false), bundle(w.there, id, true), bundle(w.atMain, id, false)
	both := must(homes.Prove(t.Context(), id, nil))(t)

	pending, effect, filed := recoveredBundles(t, w)
	owner := must(realdid.ParseBundle(pending))(t).DID()
	f = bundleSetting{Now: w.now.Add(time.Hour), Trusts: map[string]trustVector{"main": trustVectorOf(w.main.trust), "second": trustVectorOf(w.second.trust)}}

	all, second := []string{"main", "second"}, []string{"second"}
	at := func(x time.Time) string { return x.UTC().Format(time.RFC3339) }
	add := func(name string, d did.DID, trusts []string, versionTime, versionID string, b []byte) movedBundleVector {
		v := movedBundleVector{Name: name, DID: d.String(), Trusts: trusts, VersionTime: versionTime, VersionID: versionID, Bundle: b}
		r, err := v.verify(t, f)
		if err != nil {
			v.Code = string(did.AsError(err).Code)
		} else {
			v.Valid, v.Answer = true, &movedAnswer{r.Document.Canonical(), r.Metadata.VersionID, evidenceOf(r.Evidence)}
		}
		made = append(made, v)
		return v
	}
	newest := add("operations from the import on", id, all, "", "", since).Answer.VersionID
	add("operations from the import on, for the long form", long, all, "", "", since)
	add("operations from the import on, when it was imported", id, all, at(imported), "", since)
	add("operations from the import on, before it was imported", id, all, at(start), "", since)
	add("operations from the import on, without trust in the former home", id, second, "", "", since)
	add("operations from the import on, without trust in the home", id, []string{"main"}, "", "", since)
	add("a state", id, second, "", "", state)
	add("a state, for the long form", long, second, "", "", state)
	add("a state, its version", id, second, "", newest, state)
	add("a state, another version", id, second, at(start), "", state)
	add("operations up to the departure", id, all, "", "", left)
	add("a state that departed", id, all, "", "", bundle(w.atMain, id, true))
	create := add("operations of both homes, the first version", id, all, at(start), "", both).Answer.VersionID
	add("operations of both homes, the first version by its ID", id, all, "", create, both)
	add("operations of both homes", id, all, "", "", both)
	add("operations of both homes, a second before it was imported", id, all, at(imported.Add(-time.Second)), "", both)
	add("operations of both homes, when it departed", id, all, at(departed), "", both)
	add("operations of both homes, when it was imported", id, all, at(imported), "", both)
	change := func(name string, change func(o object)) { add(name, id, all, "", "", changeBundle(t, both, change)) }
	change("operations of both homes, the departure left out", func(o object) { o[8] = o[8].([]any)[:2] })
	change("operations of both homes, the create left out", func(o object) { o[8] = o[8].([]any)[1:] })
	change("operations of both homes, at another time", func(o object) {
		last := o[8].([]any)[2].([]any)
		last[2] = last[2].(uint64) + 1
	})
	change("operations of one home in the place of the other", func(o object) { o[8] = o[3] })
	change("former operations beside a state", func(o object) {
		o[4] = stateBytes(t, must(w.there.State(t.Context(), id))(t))
		delete(o, 3)
	})
	add("a pending recovery", owner, all, "", "", pending)
	add("a pending recovery, as of the proof", owner, all, at(filed), "", pending)
	add("a pending recovery, when it would be over", owner, all, at(filed.Add(2*time.Hour)), "", pending)
	add("a recovery that took effect after the last operation", owner, all, "", "", effect)
	add("a recovery that took effect, the version before", owner, all, at(filed), "", effect)
	return f, made
}

// recoveredBundles makes bundles of an identifier with a recovery of a delay of one hour: while it is pending, and when it has taken effect.
func recoveredBundles(t *testing.T, w *two) (pending, effect []byte, filed time.Time) {
	create := object{
		memberVersion: 1, memberType: 1, memberSuite: "q", memberSalt: make([]byte, 16), memberControl: oneKey(700), memberNext: oneCommitment(701),
		memberTiers: []any{tierOf(710, 3600)}, memberDocument: object{0: []any{[]any{"old", ed(720).Public().Multicodec(), 1}}},
	}
	raw := sealBytes(t, cborBytes(t, create), ed(700))
	id := must(w.atMain.Submit(t.Context(), mustParse(t, raw)))(t).DID
	o := must(modelParse(raw))(t)
	w.wait(time.Minute)
	recover := object{memberVersion: 1, memberType: 5, memberSCID: o.scid, memberSeq: 1, memberPrev: o.id}
	maps.Copy(recover, object{
		memberTier: []uint64{0, 0}, memberRevealRecovery: []any{[]any{0, salt16(710), ed(710).Public().Multicodec()}},
		memberControl: oneKey(702), memberNext: oneCommitment(703), memberTiers: []any{tierOf(711, 3600)},
		memberDocument: object{0: []any{[]any{"new", ed(721).Public().Multicodec(), 1}}},
	})
	must(w.atMain.Submit(t.Context(), mustParse(t, sealBytes(t, cborBytes(t, recover), ed(710), ed(702)))))(t)
	filed = w.now
	bundle := func() []byte {
		w.wait(2 * time.Minute)
		w.main.seal()
		return must(w.atMain.Bundle(t.Context(), id, nil))(t).Bytes()
	}
	pending = bundle()
	w.wait(time.Hour)
	return pending, bundle(), filed
}

func TestMovedBundleVectors(t *testing.T) {
	const name = "realdid/moved-bundles"
	s, made := movedBundles(t)
	vectors.Compare(t, *update, name, vectors.File[bundleSetting, movedBundleVector]{Kind: "realdid.moved-bundles", Setting: s, Vectors: made})
	f := vectors.Read[bundleSetting, movedBundleVector](t, name)
	for _, v := range f.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			r, err := v.verify(t, f.Setting)
			switch {
			case !v.Valid:
				if err == nil || string(did.AsError(err).Code) != v.Code {
					t.Errorf("got %v, want %s", err, v.Code)
				}
			case err != nil:
				t.Error(err)
			default:
				var doc bytes.Buffer
				ok(t, "document", json.Compact(&doc, v.Answer.Document))
				got, want := must(json.Marshal(evidenceOf(r.Evidence)))(t), must(json.Marshal(v.Answer.Evidence))(t)
				if !bytes.Equal(r.Document.Canonical(), doc.Bytes()) || r.Metadata.VersionID != v.Answer.VersionID || !bytes.Equal(got, want) {
					t.Errorf("got %s %s %s", r.Document.Canonical(), r.Metadata.VersionID, got)
				}
			}
		})
	}
}
