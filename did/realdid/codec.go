package realdid

import (
	"cmp"
	"fmt"
)

// stateVersion opens every encoded state.
const stateVersion = 2

type wireState struct {
	Version    uint64            `cbor:"0,keyasint"`
	Domain     string            `cbor:"1,keyasint,omitempty"`
	Home       string            `cbor:"2,keyasint,omitempty"`
	SCID       []byte            `cbor:"3,keyasint"`
	Seq        uint64            `cbor:"4,keyasint"`
	Head       []byte            `cbor:"5,keyasint"`
	Time       int64             `cbor:"6,keyasint"`
	Created    int64             `cbor:"7,keyasint"`
	Control    *wireSet          `cbor:"8,keyasint"`
	Next       *wireSet          `cbor:"9,keyasint"`
	Single     bool              `cbor:"10,keyasint,omitempty"`
	Tiers      []wireStanding    `cbor:"11,keyasint,omitempty"`
	Retiring   []wireStanding    `cbor:"12,keyasint,omitempty"`
	Document   *wireDocument     `cbor:"13,keyasint"`
	Added      []int64           `cbor:"14,keyasint,omitempty"` // of the document's methods, in their order
	Removed    []wireRemoved     `cbor:"15,keyasint,omitempty"`
	Used       [][]byte          `cbor:"16,keyasint,omitempty"`
	Pending    *wirePending      `cbor:"17,keyasint,omitempty"`
	Deactivate *wireDeactivation `cbor:"18,keyasint,omitempty"`

	Turns         []wireLink `cbor:"19,keyasint"`
	RemovedBefore uint64     `cbor:"20,keyasint,omitempty"`
	UsedBefore    uint64     `cbor:"21,keyasint,omitempty"`
	History       []byte     `cbor:"22,keyasint"`

	Migration *wireMigration `cbor:"23,keyasint,omitempty"`
	Arrived   *wireArrival   `cbor:"24,keyasint,omitempty"`
}

type wireMigration struct {
	To       string `cbor:"0,keyasint,omitempty"`
	Ready    int64  `cbor:"1,keyasint"`
	Departed bool   `cbor:"2,keyasint,omitempty"`
}

type wireArrival struct {
	From string `cbor:"0,keyasint,omitempty"`
	At   int64  `cbor:"1,keyasint"`
}

type wireLink struct {
	_   struct{} `cbor:",toarray"`
	Seq uint64
	ID  []byte
}

type wireStanding struct {
	Tier      wireTier   `cbor:"0,keyasint"`
	ID        wireTierID `cbor:"1,keyasint"`
	NotBefore int64      `cbor:"2,keyasint,omitempty"`
	Until     int64      `cbor:"3,keyasint,omitempty"`
}

type wireRemoved struct {
	Method      wireMethod `cbor:"0,keyasint"`
	Added       int64      `cbor:"1,keyasint"`
	Removed     int64      `cbor:"2,keyasint"`
	Compromised bool       `cbor:"3,keyasint,omitempty"`
	Since       uint64     `cbor:"4,keyasint,omitempty"`
}

type wirePending struct {
	Payload   []byte         `cbor:"0,keyasint"`
	By        wireStanding   `cbor:"1,keyasint"`
	Filed     int64          `cbor:"2,keyasint"`
	Effective int64          `cbor:"3,keyasint"`
	Revival   bool           `cbor:"4,keyasint,omitempty"`
	Meanwhile wireVersionRef `cbor:"5,keyasint"`
}

type wireVersionRef struct {
	_   struct{} `cbor:",toarray"`
	Seq uint64
	ID  []byte
	At  int64
}

type wireDeactivation struct {
	_     struct{} `cbor:",toarray"`
	At    int64
	Final int64
}

// Bytes encodes the state as deterministic CBOR: equal states have equal bytes. SPEC.md section 8.
func (s *State) Bytes() ([]byte, error) {
	control, err := s.control.wire()
	if err != nil {
		return nil, err
	}
	next, err := s.next.wire()
	if err != nil {
		return nil, err
	}
	doc, err := s.content.wire()
	if err != nil {
		return nil, err
	}
	w := wireState{
		Version: stateVersion, Domain: s.net.Domain, Home: s.net.Home, SCID: s.scid.bytes(), Seq: s.seq, Head: s.head[:],
		Time: s.time, Created: s.created, Control: control, Next: next, Single: s.single, Document: doc,
		RemovedBefore: uint64(s.removedBefore), UsedBefore: uint64(s.usedBefore), History: s.history[:],
	}
	if w.Tiers, err = wireStandings(s.tiers); err != nil {
		return nil, err
	}
	if w.Retiring, err = wireStandings(s.retiring); err != nil {
		return nil, err
	}
	for _, m := range s.content.VerificationMethods {
		w.Added = append(w.Added, m.added)
	}
	for _, r := range s.removed {
		w.Removed = append(w.Removed, wireRemoved{
			Method: wireMethod{Fragment: r.Fragment, Key: r.Key.Multicodec(), Purposes: uint64(r.Purposes)},
			Added:  r.added, Removed: r.removed, Compromised: r.compromised, Since: r.compromisedSince,
		})
	}
	for _, d := range s.used {
		w.Used = append(w.Used, d[:])
	}
	for _, l := range s.turns {
		w.Turns = append(w.Turns, wireLink{Seq: l.seq, ID: l.id[:]})
	}
	if p := s.pending; p != nil {
		by, err := wireStandings([]standingTier{p.by})
		if err != nil {
			return nil, err
		}
		w.Pending = &wirePending{
			p.op.payload, by[0], p.filed, p.effective, p.revival,
			wireVersionRef{Seq: p.meanwhile.seq, ID: p.meanwhile.id[:], At: p.meanwhile.at},
		}
	}
	if d := s.deactivate; d != nil {
		w.Deactivate = &wireDeactivation{At: d.at, Final: d.final}
	}
	if m := s.migration; m != nil {
		w.Migration = &wireMigration{m.to, m.ready, m.departed}
	}
	if a := s.arrived; a != nil {
		w.Arrived = &wireArrival{a.from, a.at}
	}
	return encode(w)
}

func wireStandings(ts []standingTier) ([]wireStanding, error) {
	var out []wireStanding
	for _, t := range ts {
		w, err := t.Tier.wire()
		if err != nil {
			return nil, err
		}
		out = append(out, wireStanding{w, wireTierID{Seq: t.ID.Seq, Index: uint64(t.ID.Index)}, t.notBefore, t.until})
	}
	return out, nil
}

// ParseState reads what Bytes wrote. It trusts the ledger that kept the bytes as to where they come from, and checks form.
func ParseState(b []byte) (*State, error) {
	fail := func(what string, err error) (*State, error) {
		return nil, fmt.Errorf("realdid: state: %s: %w", what, err)
	}
	var w wireState
	if err := decode(b, &w); err != nil {
		return fail("encoding", err)
	}
	if w.Version != stateVersion {
		return fail("version", fmt.Errorf("%d is not known", w.Version))
	}
	if len(w.Head) != 32 || len(w.History) != 32 || w.Control == nil || w.Next == nil || w.Document == nil || len(w.Turns) == 0 || w.RemovedBefore > uint64(len(w.Removed)) || w.UsedBefore > uint64(len(w.Used)) {
		return fail("members", errNotCanonical)
	}
	if !w.wellFormed() {
		return fail("a name or time", errNotCanonical)
	}
	s := &State{
		net: Network{w.Domain, w.Home}, seq: w.Seq, head: Digest(w.Head), history: Digest(w.History), time: w.Time, created: w.Created,
		single: w.Single, removedBefore: int(w.RemovedBefore), usedBefore: int(w.UsedBefore),
	}
	var err error
	if s.scid, err = scidFromBytes(w.SCID); err != nil {
		return fail("scid", err)
	}
	if s.control, err = w.Control.keySet(parseControlKey); err != nil {
		return fail("control", err)
	}
	if s.next, err = w.Next.commitments(); err != nil {
		return fail("next", err)
	}
	if s.tiers, err = standings(w.Tiers); err != nil {
		return fail("tiers", err)
	}
	if s.retiring, err = standings(w.Retiring); err != nil {
		return fail("retiring", err)
	}
	if s.content, err = w.Document.content(); err != nil {
		return fail("document", err)
	}
	if len(w.Added) != len(s.content.VerificationMethods) {
		return fail("added", errNotCanonical)
	}
	for i, at := range w.Added {
		s.content.VerificationMethods[i].added = at
	}
	for _, r := range w.Removed {
		c, err := (&wireDocument{Methods: []wireMethod{r.Method}}).content()
		if err != nil {
			return fail("removed", err)
		}
		s.removed = append(s.removed, removedMethod{c.VerificationMethods[0], r.Added, r.Removed, r.Compromised, r.Since})
	}
	for _, d := range w.Used {
		if len(d) != 32 {
			return fail("used", errNotCanonical)
		}
		s.used = append(s.used, Digest(d))
	}
	for _, l := range w.Turns {
		if len(l.ID) != 32 {
			return fail("turns", errNotCanonical)
		}
		s.turns = append(s.turns, link{l.Seq, Digest(l.ID)})
	}
	if p := w.Pending; p != nil {
		op, err := parsePayload(p.Payload)
		if err != nil {
			return fail("pending", err)
		}
		by, err := standings([]wireStanding{p.By})
		if err != nil || len(p.Meanwhile.ID) != 32 {
			return fail("pending", cmp.Or(err, errNotCanonical))
		}
		meanwhile := versionRef{link{p.Meanwhile.Seq, Digest(p.Meanwhile.ID)}, p.Meanwhile.At}
		s.pending = &pendingRecovery{op, by[0], p.Filed, p.Effective, p.Revival, meanwhile}
	}
	if d := w.Deactivate; d != nil {
		s.deactivate = &deactivation{d.At, d.Final}
	}
	if m := w.Migration; m != nil {
		if !validHome(m.To) || m.To == w.Home {
			return fail("migration", errNotCanonical)
		}
		s.migration = &migration{m.To, m.Ready, m.Departed}
	}
	if a := w.Arrived; a != nil {
		if !validHome(a.From) || a.From == w.Home {
			return fail("arrival", errNotCanonical)
		}
		s.arrived = &arrival{from: a.From, at: a.At}
	}
	return s, nil
}

func standings(ws []wireStanding) ([]standingTier, error) {
	var out []standingTier
	for i := range ws {
		t, err := ws[i].Tier.tier()
		if err != nil {
			return nil, err
		}
		if ws[i].ID.Index >= MaxTiers {
			return nil, errNotCanonical
		}
		out = append(out, standingTier{t, TierID{ws[i].ID.Seq, int(ws[i].ID.Index)}, ws[i].NotBefore, ws[i].Until})
	}
	return out, nil
}
