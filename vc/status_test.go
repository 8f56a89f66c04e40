package vc_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/vc"
)

// lists answers by URI, and remembers the questions.
type lists struct {
	answers map[string]vc.StatusEntry
	errs    map[string]error
	asked   []vc.StatusQuery
}

func (l *lists) Status(_ context.Context, q vc.StatusQuery) (vc.StatusEntry, error) {
	l.asked = append(l.asked, q)
	e := l.answers[q.Reference.URI]
	e.Reference = q.Reference
	return e, l.errs[q.Reference.URI]
}

func TestStatus(t *testing.T) {
	ref := func(uris ...string) (refs []vc.StatusReference) {
		for i, u := range uris {
			refs = append(refs, vc.StatusReference{Mechanism: vc.TokenStatusList, URI: u, Index: uint64(i)})
		}
		return refs
	}
	unavailable := vc.UnknownBecause("status.list.unavailable", errors.New("no answer"))
	for _, c := range []struct {
		name string
		refs []vc.StatusReference
		want string
		ok   int // answers in the report
	}{
		{"valid", ref("valid"), "", 1},
		{"message", ref("message", "valid"), "", 2},
		{"revoked", ref("revoked"), "vc.status.revoked", 1},
		{"second revoked", ref("valid", "revoked"), "vc.status.revoked", 2},
		{"suspended", ref("suspended"), "vc.status.suspended", 1},
		{"meaning of nothing", ref("other"), "vc.status.other", 1},
		{"unavailable", ref("unavailable"), "status.list.unavailable", 0},
		{"unavailable, then revoked", ref("unavailable", "revoked"), "vc.status.revoked", 1},
		{"revoked, then unavailable", ref("revoked", "unavailable"), "vc.status.revoked", 1},
		{"unavailable, then valid", ref("unavailable", "valid"), "status.list.unavailable", 1},
		{"no such entry", ref("outside", "unavailable"), "status.index", 0},
		{"unknown mechanism", append(ref("valid"), vc.StatusReference{URI: "valid"}), "vc.status.unchecked", 1},
		{"unknown mechanism alone", nil, "vc.status.unchecked", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &lists{
				answers: map[string]vc.StatusEntry{
					"valid": {Meaning: vc.StatusValid, Obtained: now}, "revoked": {Meaning: vc.StatusRevoked, Value: 1}, "other": {Value: 3},
					"suspended": {Meaning: vc.StatusSuspended, Value: 2}, "message": {Meaning: vc.StatusMessage, Value: 1, Message: "lost"},
				},
				errs: map[string]error{"unavailable": unavailable, "outside": vc.Invalid("status.index", "no such entry")},
			}
			s := newScene(t)
			s.expect.StatusLists, s.doc.disclosed.HasStatus, s.doc.disclosed.Status = l, true, c.refs
			_, report, err := s.verify(t)
			if vc.Code(err) != c.want || len(report.Status) != c.ok {
				t.Errorf("got %v and %d entries, want %q and %d", err, len(report.Status), c.want, c.ok)
			}
			for _, q := range l.asked {
				if q.Issuer != authority.String() || !q.At.Equal(now) || q.MaxAge != vc.DefaultMaxStatusAge {
					t.Errorf("got question %+v", q)
				}
			}
			if c.want != "vc.status.unchecked" {
				return
			}
			s.doc.disclosed.Types = []string{"other"} // whose refusal is final
			if _, _, err := s.verify(t); vc.Code(err) != "vc.type.notaccepted" {
				t.Errorf("got %v, want vc.type.notaccepted", err)
			}
		})
	}
}

// TestStatusWithoutFlag: references alone say that there is a status.
func TestStatusWithoutFlag(t *testing.T) {
	s := newScene(t)
	s.doc.disclosed.Status = []vc.StatusReference{{Mechanism: vc.BitstringStatusList}}
	if _, _, err := s.verify(t); vc.Code(err) != "vc.status.unchecked" {
		t.Errorf("got %v, want vc.status.unchecked", err)
	}
	l := &lists{answers: map[string]vc.StatusEntry{"": {Meaning: vc.StatusValid, Obtained: now}}}
	s.expect.StatusLists, s.expect.MaxStatusAge = l, time.Hour
	if _, report, err := s.verify(t); err != nil || len(report.Status) != 1 || l.asked[0].MaxAge != time.Hour {
		t.Errorf("got %v", err)
	}
}

// TestStatusReport: the report says what was found and how old it is, and not which entry it was.
func TestStatusReport(t *testing.T) {
	s := newScene(t)
	s.doc.disclosed.Status = []vc.StatusReference{{Mechanism: vc.BitstringStatusList, URI: "https://list.example/7", Index: 4711, Purpose: "revocation"}}
	s.expect.StatusLists = &lists{answers: map[string]vc.StatusEntry{
		"https://list.example/7": {Meaning: vc.StatusValid, ListIssuedAt: now.Add(-time.Hour), Obtained: now, Expires: now.Add(time.Hour)},
	}}
	_, report, err := s.verify(t)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	want := `"status":[{"mechanism":"Bitstring Status List","purpose":"revocation","meaning":"valid","value":0,"issuedAt":"2026-11-01T11:00:00Z","obtained":"2026-11-01T12:00:00Z","expires":"2026-11-01T13:00:00Z"}]`
	if !strings.Contains(string(b), want) || strings.Contains(string(b), "4711") || strings.Contains(string(b), "list.example") {
		t.Errorf("got %s, want %s", b, want)
	}
}

// schemas fails as told.
type schemas struct {
	err  error
	refs []vc.SchemaReference
}

func (c *schemas) CheckSchema(_ context.Context, refs []vc.SchemaReference, claims map[string]any) error {
	if c.refs = refs; claims["age_over_18"] != true {
		return errors.New("got other claims")
	}
	return c.err
}

func TestSchema(t *testing.T) {
	s := newScene(t)
	s.doc.disclosed.Schemas = []vc.SchemaReference{{ID: "https://schema.example/1", Type: "JsonSchema"}}
	if _, report, err := s.verify(t); err != nil || !strings.Contains(report.Checks[len(report.Checks)-1].Detail, "does not ask") {
		t.Errorf("no checker: got %v", err)
	}
	c := &schemas{}
	s.expect.Schemas = c
	if _, _, err := s.verify(t); err != nil || len(c.refs) != 1 {
		t.Errorf("got %v, asked for %d", err, len(c.refs))
	}
	c.err = vc.Invalid("vcdm.schema.violated", "no")
	if _, _, err := s.verify(t); vc.Code(err) != "vcdm.schema.violated" {
		t.Errorf("got %v, want the checker's", err)
	}
}
