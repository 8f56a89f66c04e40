package realperson

import (
	"bytes"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys/bbs"
)

// officeSeeds are one of each message between a wallet and an authority, for fuzz targets to change.
func officeSeeds(tb testing.TB) (enrolments, held, batches, entries, log, backups [][]byte) {
	tb.Helper()
	o := newOffice(tb, func(c *AuthorityConfig) { c.MinGenerationInterval = time.Hour })
	s := o.somebody(tb, "1")
	b, err := s.wallet.Backup()
	fatal(tb, err)
	backups = append(backups, b)
	enrolments = append(enrolments, o.request(tb, s))
	issued := o.enrol(tb, s)
	batches = append(batches, issued.Response)
	o.now = o.now.Add(time.Hour)
	w := o.wallet(tb)
	b, err = w.ReenrolmentRequest(tb.Context(), s.Citizen, o.authority.Challenge(), ReasonTheft)
	fatal(tb, err)
	enrolments = append(enrolments, b)
	issued, err = o.authority.Reenrol(tb.Context(), b, s.evidence)
	fatal(tb, err)
	batches = append(batches, issued.Response)
	fatal(tb, w.FinishEnrolment(tb.Context(), issued.Response))
	for _, request := range []func() ([]byte, error){
		func() ([]byte, error) { return w.ActivationRequest(tb.Context(), s.Citizen, o.authority.Challenge()) },
		func() ([]byte, error) { return w.RenewalRequest(tb.Context(), s.Citizen, o.authority.Challenge()) },
		w.Backup,
	} {
		b, err = request()
		fatal(tb, err)
		held = append(held, b)
	}
	backups, held = append(backups, held[2]), held[:2]
	_, err = o.authority.Refuse(tb.Context(), issued.Record, ReasonCourt)
	fatal(tb, err)
	_, err = o.authority.Reinstate(tb.Context(), issued.Record, ReasonAppeal)
	fatal(tb, err)
	for e, err := range o.registry.History(tb.Context(), registryPrefix+issued.Record, 0) {
		fatal(tb, err)
		entries = append(entries, e.Op)
	}
	for e, err := range o.log.History(tb.Context(), LogKey(o.authority.public.Authority), 0) {
		fatal(tb, err)
		log = append(log, e.Op)
	}
	return enrolments, held, batches, entries, log, backups
}

func add(f *testing.F, all [][]byte) {
	for _, b := range all {
		f.Add(b)
	}
}

// FuzzParseEnrolment: whatever is an enrolment request says who signs it, and commits to as many secrets as everybody.
func FuzzParseEnrolment(f *testing.F) {
	enrolments, held, _, _, _, _ := officeSeeds(f)
	add(f, append(enrolments, held[0]))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseEnrolment(bytes.Clone(b))
		if err != nil {
			return
		}
		n, err := bbs.CommitmentCount(r.commitment)
		if err != nil || n != NymCount || r.method.DID() != r.citizen || (r.kind == enrolAnew) != r.reason.fits(entryGeneration) {
			t.Error("an enrolment that should be none")
		}
	})
}

// FuzzParseHeld: whatever is an activation or a renewal names a record and shows an object.
func FuzzParseHeld(f *testing.F) {
	enrolments, held, _, _, _, _ := officeSeeds(f)
	add(f, append(held, enrolments[0]))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, typ := range []string{activationType, renewalType} {
			r, err := parseHeld(bytes.Clone(b), typ)
			if err != nil {
				continue
			}
			if !isPersonKey(r.record) || r.method.DID() != r.citizen || r.commitment == nil || r.same == nil {
				t.Error("a request that should be none")
			}
			_, _ = readShown(r.credential)
		}
	})
}

// FuzzParseBatch: what a wallet takes from a batch is in canonical form, and a wallet that did not ask takes nothing.
func FuzzParseBatch(f *testing.F) {
	_, _, batches, _, _, _ := officeSeeds(f)
	add(f, batches)
	o := newOffice(f)
	w := o.wallet(f)
	_, err := w.commit(enrolFirst)
	fatal(f, err)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseBatch(bytes.Clone(b))
		if err != nil {
			return
		}
		for _, c := range r.credentials {
			v, err := strictjson.Parse(c, batchLimits)
			if err != nil || string(strictjson.AppendCanonical(nil, v)) != string(c) {
				t.Error("a credential that is not in canonical form")
			}
		}
		if w.FinishEnrolment(t.Context(), b) == nil {
			t.Error("a batch of nobody is taken")
		}
	})
}

// FuzzParseEntry: an entry of the registry that is read is the one that is written.
func FuzzParseEntry(f *testing.F) {
	_, _, _, entries, _, _ := officeSeeds(f)
	add(f, entries)
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseEntry(bytes.Clone(b))
		if err != nil {
			return
		}
		once, err := e.encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseEntry(once)
		if err != nil {
			t.Fatalf("%v: %s", err, once)
		}
		if twice, err := again.encode(); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%s became %s", once, twice)
		}
	})
}

// FuzzParseLogEntry: an entry of a public log has one form.
func FuzzParseLogEntry(f *testing.F) {
	_, _, _, _, log, _ := officeSeeds(f)
	add(f, log)
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := ParseLogEntry(bytes.Clone(b))
		if err != nil {
			return
		}
		if again, err := e.encode(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("got %s, %v", again, err)
		}
	})
}

// FuzzRestore: a backup that is read is the one that is written.
func FuzzRestore(f *testing.F) {
	_, _, _, _, _, backups := officeSeeds(f)
	add(f, backups)
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := RestoreWallet(bytes.Clone(b), nil)
		if err != nil {
			return
		}
		once, err := w.Backup()
		if err != nil {
			t.Fatal(err)
		}
		again, err := RestoreWallet(once, nil)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := again.Backup(); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%v: the backup changed", err)
		}
	})
}

// FuzzParseParameters: parameters that are read are complete and are written as they were read.
func FuzzParseParameters(f *testing.F) {
	p := newOffice(f).authority.Parameters()
	b, err := p.MarshalJSON()
	fatal(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseParameters(bytes.Clone(b))
		if err != nil {
			return
		}
		once, err := p.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if q, err := ParseParameters(once); err != nil || !q.Equal(p) {
			t.Errorf("got %+v, %v", q, err)
		}
	})
}

// FuzzReduce: what the registry's reducer admits, a registry reads, and the other way round.
func FuzzReduce(f *testing.F) {
	_, _, _, entries, _, _ := officeSeeds(f)
	f.Add(bytes.Join(entries, []byte{'\n'}))
	key := registryPrefix + string(bytes.Repeat([]byte{'0'}, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		var state []byte
		p := &person{}
		for _, op := range bytes.Split(b, []byte{'\n'}) {
			r, refused := registryReducer{}.Reduce(key, state, op, ledger.Anchor{})
			e, err := parseEntry(op)
			if err == nil {
				err = p.apply(e)
			}
			if (refused == nil) != (err == nil) {
				t.Fatalf("the reducer says %v, the registry %v", refused, err)
			}
			if err != nil {
				return
			}
			state = r.State
		}
	})
}

// FuzzPersonKey: evidence with other parts has another key.
func FuzzPersonKey(f *testing.F) {
	f.Add("FR", "register", "1", "FR", "register", "2")
	p, err := NewPepper(make([]byte, minPepper))
	fatal(f, err)
	f.Fuzz(func(t *testing.T, c1, d1, n1, c2, d2, n2 string) {
		a, b := &Evidence{Country: c1, Document: d1, Number: n1}, &Evidence{Country: c2, Document: d2, Number: n2}
		x, err1 := personKey(t.Context(), p, nil, a)
		y, err2 := personKey(t.Context(), p, nil, b)
		if err1 == nil && err2 == nil && (x == y) != (c1 == c2 && d1 == d2 && n1 == n2) {
			t.Errorf("%q %q %q and %q %q %q", c1, d1, n1, c2, d2, n2)
		}
	})
}
