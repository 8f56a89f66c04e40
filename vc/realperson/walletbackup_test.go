package realperson

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
)

func (o *office) restore(tb testing.TB, backup []byte) *Wallet {
	tb.Helper()
	w, err := RestoreWallet(backup, &WalletOptions{Now: o.clock})
	fatal(tb, err)
	return w
}

// Two phones of one person are one person: same pseudonyms, same pairwise keys, same order of scopes, and both renew.
func TestBackupIsTheSamePerson(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	o.enrol(t, s)
	platform := did.MustParse(somePlatform)
	s.wallet.records.holders = map[did.DID]holderRecord{platform: {number: 2, last: "x"}}
	s.wallet.records.scopes = map[scopeName]*scopeRecord{
		{platform, "poll", "2026"}: {limit: 5, used: []int{4, 1}}, {platform, "poll", ""}: {limit: 1, used: []int{0}}, {platform, "a", ""}: {},
	}
	backup, err := s.wallet.Backup()
	fatal(t, err)
	second := o.restore(t, backup)
	again, err := second.Backup()
	fatal(t, err)
	if !bytes.Equal(backup, again) {
		t.Error("the backup of a restored wallet is another one")
	}
	for _, w := range []*Wallet{second, s.wallet} {
		if pseudonym(t, w, somePlatform) != pseudonym(t, s.wallet, somePlatform) {
			t.Error("the phones have two pseudonyms")
		}
		mine, err := w.Holder(t.Context(), platform)
		fatal(t, err)
		first, err := s.wallet.Holder(t.Context(), platform)
		fatal(t, err)
		if mine != first || w.scopeSecret != s.wallet.scopeSecret {
			t.Error("the phones have two pairwise DIDs, or two orders")
		}
		if got := w.records.scopes[scopeName{platform, "poll", "2026"}].used; !slices.Equal(got, []int{4, 1}) {
			t.Errorf("got uses %v, want 4 and 1", got)
		}
		o.now = o.now.Add(time.Hour)
		issued, err := o.renew(t, w, s.Citizen, s.claims)
		fatal(t, err)
		fatal(t, w.FinishRenewal(t.Context(), issued.Response))
	}
	if pseudonym(t, second, somePlatform) != pseudonym(t, s.wallet, somePlatform) {
		t.Error("the phones have two pseudonyms after renewal")
	}
}

// A phone that dies between request and answer loses nothing.
func TestBackupBeforeTheAnswer(t *testing.T) {
	o := newOffice(t, func(c *AuthorityConfig) { c.MinGenerationInterval = time.Hour })
	s := o.somebody(t, "1")
	request := o.request(t, s)
	backup, err := s.wallet.Backup()
	fatal(t, err)
	issued, err := o.authority.Enrol(t.Context(), request, s.evidence)
	fatal(t, err)
	w := o.restore(t, backup)
	fatal(t, w.FinishEnrolment(t.Context(), issued.Response))
	if w.Enrolled() == s.wallet.Enrolled() {
		t.Error("the restored wallet is not the one that enrolled")
	}
	empty, err := o.wallet(t).Backup()
	fatal(t, err)
	if o.restore(t, empty).Enrolled() {
		t.Error("an empty wallet is enrolled")
	}

	o.now = o.now.Add(time.Hour)
	anew := o.wallet(t)
	answer, err := o.reenrol(t, anew, s)
	fatal(t, err)
	backup, err = anew.Backup()
	fatal(t, err)
	w = o.restore(t, backup)
	fatal(t, w.FinishEnrolment(t.Context(), answer.Response))
	backup, err = w.Backup()
	fatal(t, err)
	w = o.restore(t, backup)
	fatal(t, w.CheckLog(t.Context(), o.log))
}

// What is damaged, or put together from two backups, is refused, and the error tells nothing of it.
func TestBackupDamaged(t *testing.T) {
	o := newOffice(t)
	s, other := o.somebody(t, "1"), o.somebody(t, "2")
	o.enrol(t, s)
	o.enrol(t, other)
	load := func(w *Wallet) map[string]any {
		b, err := w.Backup()
		fatal(t, err)
		v, err := strictjson.Parse(b, backupLimits)
		fatal(t, err)
		m, _ := v.Interface().(map[string]any)
		return m
	}
	good, foreign := load(s.wallet), load(other.wallet)
	in := func(m map[string]any, name string) map[string]any { v, _ := m[name].(map[string]any); return v }
	first := func(m map[string]any) map[string]any {
		list, _ := in(m, "enrolled")["credentials"].([]any)
		c, _ := list[0].(map[string]any)
		return c
	}
	for name, change := range map[string]func(m map[string]any){
		"another type":             func(m map[string]any) { m["type"] = "wallet" },
		"another version":          func(m map[string]any) { m["v"] = 2 },
		"one more member":          func(m map[string]any) { m["x"] = 1 },
		"one member less":          func(m map[string]any) { delete(m, "scopes") },
		"another prover":           func(m map[string]any) { m["prover"] = foreign["prover"] },
		"no prover":                func(m map[string]any) { m["prover"] = encode(make([]byte, NymCount*secretSize)) },
		"a short prover":           func(m map[string]any) { m["prover"] = encode(make([]byte, 32)) },
		"no seed":                  func(m map[string]any) { m["seed"] = encode(make([]byte, 32)) },
		"another enrolment":        func(m map[string]any) { m["enrolled"] = foreign["enrolled"] },
		"another credential":       func(m map[string]any) { first(m)["credential"] = first(foreign)["credential"] },
		"another credential's key": func(m map[string]any) { first(m)["blind"] = first(foreign)["blind"] },
		"no blind":                 func(m map[string]any) { delete(m, "blind") },
		"no commitment":            func(m map[string]any) { delete(m, "commitment"); delete(m, "blind") },
		"a kind":                   func(m map[string]any) { m["kind"] = enrolFirst },
		"another generation":       func(m map[string]any) { in(m, "enrolled")["generation"] = 1 },
		"an act":                   func(m map[string]any) { in(m, "enrolled")["act"] = encode(make([]byte, actSize)) },
		"another record":           func(m map[string]any) { in(m, "enrolled")["record"] = "Alice" },
		"another authority":        func(m map[string]any) { in(m, "parameters")["authority"] = "did:example:other" },
		"another key":              func(m map[string]any) { in(m, "parameters")["key"] = encode(make([]byte, 96)) },
		"other epochs":             func(m map[string]any) { in(in(m, "parameters"), "epochs")["seconds"] = 86400 },
		"no credentials":           func(m map[string]any) { in(m, "enrolled")["credentials"] = []any{} },
		"credentials in order": func(m map[string]any) {
			list, _ := in(m, "enrolled")["credentials"].([]any)
			slices.Reverse(list)
		},
		"a platform twice": func(m map[string]any) {
			p := map[string]any{"platform": somePlatform, "number": 1}
			m["platforms"] = []any{p, p}
		},
		"no platform": func(m map[string]any) { m["platforms"] = []any{map[string]any{"platform": "x", "number": 1}} },
		"a use twice": func(m map[string]any) {
			m["uses"] = []any{map[string]any{"platform": somePlatform, "name": "poll", "period": "", "limit": MaxScopeLimit, "used": []any{1, 1}}}
		},
		"a use beyond the limit": func(m map[string]any) {
			m["uses"] = []any{map[string]any{"platform": somePlatform, "name": "poll", "period": "", "limit": MaxScopeLimit, "used": []any{MaxScopeLimit}}}
		},
		"a number of a first generation": func(m map[string]any) { in(m, "enrolled")["number"] = 0 },
		"a later generation without an act": func(m map[string]any) {
			in(m, "enrolled")["generation"], in(m, "enrolled")["number"] = 1, 0
		},
		"credentials are no list": func(m map[string]any) { in(m, "enrolled")["credentials"] = first(m) },
		"too many credentials": func(m map[string]any) {
			in(m, "enrolled")["credentials"] = slices.Repeat([]any{first(m)}, MaxBatch+1)
		},
		"no date":                  func(m map[string]any) { in(first(m), "credential")["validFrom"] = "soon" },
		"no epoch":                 func(m map[string]any) { in(in(first(m), "credential"), "credentialSubject")["issuedEpoch"] = 1 },
		"no blind of a credential": func(m map[string]any) { first(m)["blind"] = encode(make([]byte, 32)) },
		"platforms are no list":    func(m map[string]any) { m["platforms"] = map[string]any{} },
		"a use beyond its limit": func(m map[string]any) {
			m["uses"] = []any{map[string]any{"platform": somePlatform, "name": "poll", "period": "", "limit": 2, "used": []any{2}}}
		},
		"a negative limit": func(m map[string]any) {
			m["uses"] = []any{map[string]any{"platform": somePlatform, "name": "poll", "period": "", "limit": -1, "used": []any{}}}
		},
		"uses are no list": func(m map[string]any) { m["uses"] = map[string]any{} },
		"a negative use": func(m map[string]any) {
			m["uses"] = []any{map[string]any{"platform": somePlatform, "name": "poll", "period": "", "limit": MaxScopeLimit, "used": []any{-1}}}
		},
		"a use that is no number": func(m map[string]any) {
			m["uses"] = []any{map[string]any{"platform": somePlatform, "name": "poll", "period": "", "limit": MaxScopeLimit, "used": []any{"1"}}}
		},
		"used is no list": func(m map[string]any) {
			m["uses"] = []any{map[string]any{"platform": somePlatform, "name": "poll", "period": "", "limit": MaxScopeLimit, "used": 1}}
		},
		"a scope twice": func(m map[string]any) {
			use := map[string]any{"platform": somePlatform, "name": "poll", "period": "", "limit": MaxScopeLimit, "used": []any{}}
			m["uses"] = []any{use, use}
		},
		"a scope of no platform": func(m map[string]any) {
			m["uses"] = []any{map[string]any{"platform": "x", "name": "poll", "period": "", "limit": MaxScopeLimit, "used": []any{}}}
		},
		"no scope": func(m map[string]any) {
			m["uses"] = []any{map[string]any{"platform": somePlatform, "name": "Poll", "period": "", "limit": MaxScopeLimit, "used": []any{}}}
		},
	} {
		m := load(s.wallet)
		change(m)
		b, err := strictjson.Canonical(m)
		fatal(t, err)
		_, err = RestoreWallet(b, nil)
		if !errors.Is(err, ErrBackup) {
			t.Errorf("%s: got %v, want ErrBackup", name, err)
			continue
		}
		for _, secret := range []string{"prover", "seed", "scopes", "blind"} {
			if text, _ := good[secret].(string); strings.Contains(err.Error(), text) {
				t.Errorf("%s: the error tells a secret", name)
			}
		}
	}
}
