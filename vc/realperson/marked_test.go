package realperson

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

// marker is an authority that wants to know a person again: it signs whatever it likes.
type marker struct {
	credential func(i int, m map[string]any)
	suite      func(i int, s *bbs2023.Suite)
	options    func(i int, o *dataintegrity.IssueOptions)
	text       func(i int, b string) string
	response   func(r *batchResponse)
	generation int
	epochs     int // how many epochs later than the present one the batch begins
}

// batch signs one for a wallet that asked.
func (o *office) batch(tb testing.TB, w *Wallet, commitment []byte, mark *marker) []byte {
	tb.Helper()
	p := o.authority.public
	start := p.Epochs.Start(o.now)
	for range mark.epochs {
		start = p.Epochs.End(start)
	}
	if mark.epochs < 0 {
		start = p.Epochs.Start(start.Add(-time.Second))
	}
	s := &statement{start: start, issued: start, generation: mark.generation, claims: map[string]any{"ageOver18": true, "residentOf": "FR"}}
	r := &batchResponse{record: strings.Repeat("ab", 32), generation: mark.generation, act: make([]byte, actSize)}
	entropy := bbs.NewNymEntropy()
	for i := range 2 {
		m := p.credential(s)
		suite := bbs2023.Suite{Mandatory: mandatory(), Commitment: &bbs2023.Commitment{WithProof: commitment, N: NymCount, Entropy: entropy}}
		if mark.suite != nil {
			mark.suite(i, &suite)
		}
		opt := &dataintegrity.IssueOptions{Undated: true, Contexts: Contexts()}
		if mark.credential != nil {
			mark.credential(i, m)
		}
		if mark.options != nil {
			mark.options(i, opt)
		}
		opt.Cryptosuite = suite
		c, err := dataintegrity.Issue(tb.Context(), dataintegrity.Issuer{Signer: o.signer, Method: p.Method}, m, opt)
		fatal(tb, err)
		b := string(c.Bytes())
		if mark.text != nil {
			b = mark.text(i, b)
		}
		r.credentials = append(r.credentials, []byte(b))
		s.start = p.Epochs.End(s.start)
	}
	if mark.response != nil {
		mark.response(r)
	}
	b, err := r.encode()
	fatal(tb, err)
	return b
}

func subjectIn(m map[string]any) map[string]any {
	s, _ := m["credentialSubject"].(map[string]any)
	return s
}

// A batch that differs from everybody's in anything that platforms could see is refused, with a reason.
func TestMarkedBatch(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	w := s.wallet
	_, err := w.EnrolmentRequest(t.Context(), s.Citizen, "x")
	fatal(t, err)

	each := func(f func(m map[string]any)) marker {
		return marker{credential: func(_ int, m map[string]any) { f(m) }}
	}
	second := func(f func(m map[string]any)) marker {
		return marker{credential: func(i int, m map[string]any) {
			if i == 1 {
				f(m)
			}
		}}
	}
	for name, mark := range map[string]marker{
		"validFrom is no boundary": each(func(m map[string]any) { m["validFrom"] = "2026-11-16T00:00:01Z" }),
		"validFrom of the second":  second(func(m map[string]any) { m["validFrom"] = "2026-11-23T00:00:01Z" }),
		"an epoch is left out": second(func(m map[string]any) {
			m["validFrom"], m["validUntil"] = "2026-11-30T00:00:00Z", "2026-12-07T00:00:00Z"
		}),
		"one epoch twice": second(func(m map[string]any) {
			m["validFrom"], m["validUntil"] = "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"
		}),
		"validUntil is no boundary": each(func(m map[string]any) { m["validUntil"] = "2026-11-23T00:00:01Z" }),
		"validUntil is later":       each(func(m map[string]any) { m["validUntil"] = "2026-11-30T00:00:00Z" }),
		"no validUntil": {
			credential: func(_ int, m map[string]any) { delete(m, "validUntil") },
			suite:      func(_ int, s *bbs2023.Suite) { s.Mandatory = slices.Delete(mandatory(), 2, 3) },
		},
		"another way of a date": each(func(m map[string]any) { m["validFrom"] = "2026-11-16T00:00:00+00:00" }),
		"the next epoch":        {epochs: 1},
		"the epoch before":      {epochs: -1},
		"an id":                 each(func(m map[string]any) { m["id"] = "urn:uuid:4f2d2b6e-0f39-4b0c-8a52-7f5b1b1f2b11" }),
		"no id":                 each(func(m map[string]any) { delete(m, "id") }),
		"the subject's id":      each(func(m map[string]any) { subjectIn(m)["id"] = "did:example:1" }),
		"no id of the subject":  each(func(m map[string]any) { delete(subjectIn(m), "id") }),
		"a status": each(func(m map[string]any) {
			m["credentialStatus"] = map[string]any{
				"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "7", "statusListCredential": "https://example.org/1",
			}
		}),
		"a type": each(func(m map[string]any) {
			m["type"], m["@context"] = []any{"VerifiableCredential", CredentialType, "Special"}, []any{credentialsContext, ContextURL, "https://www.w3.org/ns/credentials/undefined-terms/v2"}
		}),
		"a context":      each(func(m map[string]any) { m["@context"] = []any{credentialsContext, ContextURL, dataintegrity.ContextV2} }),
		"types in order": each(func(m map[string]any) { m["type"] = []any{CredentialType, "VerifiableCredential"} }),
		"a name":         each(func(m map[string]any) { m["name"] = "For Alice" }),
		"one more claim": each(func(m map[string]any) { subjectIn(m)["citizenOf"] = "FR" }),
		"a claim less":   each(func(m map[string]any) { delete(subjectIn(m), "residentOf") }),
		"a claim of the second": second(func(m map[string]any) {
			subjectIn(m)["residentOf"] = "DE"
		}),
		"a claim's spelling":  each(func(m map[string]any) { subjectIn(m)["residentOf"] = "FR " }),
		"a claim twice":       each(func(m map[string]any) { subjectIn(m)["residentOf"] = []any{"FR", "DE"} }),
		"a claim as a number": each(func(m map[string]any) { subjectIn(m)["ageOver18"] = 1 }),
		"the opening mode":    each(func(m map[string]any) { subjectIn(m)["openingMode"] = "escrowed" }),
		"the issued epoch":    each(func(m map[string]any) { subjectIn(m)["issuedEpoch"] = "2026-11-09T00:00:00Z" }),
		"a generation":        each(func(m map[string]any) { subjectIn(m)["generation"] = 7 }),
		"a later generation":  {generation: 1},
		"the proof has a date": {options: func(_ int, o *dataintegrity.IssueOptions) {
			o.Created = time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
			o.Undated = false
		}},
		"the proof has an end":  {options: func(_ int, o *dataintegrity.IssueOptions) { o.Expires = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) }},
		"the proof has an id":   {options: func(_ int, o *dataintegrity.IssueOptions) { o.ID = "urn:proof:1" }},
		"one more is mandatory": {suite: func(_ int, s *bbs2023.Suite) { s.Mandatory = append(mandatory(), PointerGeneration) }},
		"one less is mandatory": {suite: func(_ int, s *bbs2023.Suite) { s.Mandatory = mandatory()[:3] }},
		"mandatory in order":    {suite: func(_ int, s *bbs2023.Suite) { s.Mandatory = append(mandatory()[1:], mandatory()[0]) }},
		"no proof value":        {text: func(_ int, b string) string { return strings.Replace(b, `"proofValue"`, `"jws"`, 1) }},
		"two proofs": {text: func(_ int, b string) string {
			at := strings.Index(b, `"proof":`) + len(`"proof":`)
			return b[:at] + "[" + b[at:len(b)-1] + "," + b[at:len(b)-1] + "]}"
		}},
		"other secrets": {suite: func(i int, s *bbs2023.Suite) {
			if i == 1 {
				s.Commitment = &bbs2023.Commitment{WithProof: s.Commitment.WithProof, N: NymCount, Entropy: bbs.NewNymEntropy()}
			}
		}},
		"no validFrom": {
			credential: func(_ int, m map[string]any) { delete(m, "validFrom") },
			suite:      func(_ int, s *bbs2023.Suite) { s.Mandatory = slices.Delete(mandatory(), 1, 2) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := w.FinishEnrolment(t.Context(), o.batch(t, w, w.commitment, &mark))
			if !errors.Is(err, ErrMarked) {
				t.Errorf("got %v, want ErrMarked", err)
			}
			if w.Enrolled() {
				t.Fatal("the wallet took it")
			}
		})
	}
	fatal(t, w.FinishEnrolment(t.Context(), o.batch(t, w, w.commitment, &marker{})))
}

// What is not signed says nothing: the order of members, and how texts and numbers are written, are gone from what the wallet keeps.
func TestUnsignedMarksAreGone(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	_, err := s.wallet.EnrolmentRequest(t.Context(), s.Citizen, "x")
	fatal(t, err)
	b := string(o.batch(t, s.wallet, s.wallet.commitment, &marker{}))
	for _, change := range [][2]string{
		{`"generation":0,"id"`, `"generation":-0,"id"`},
		{`"residentOf":"FR"`, `"residentOf":"\u0046R"`},
		{`"ageOver18":true,`, `"ageOver18" : true, `},
	} {
		if !strings.Contains(b, change[0]) {
			t.Fatalf("no %s in the batch", change[0])
		}
		b = strings.ReplaceAll(b, change[0], change[1])
	}
	fatal(t, s.wallet.FinishEnrolment(t.Context(), []byte(b)))
	for _, h := range s.wallet.credentials {
		v, err := strictjson.Parse(h.base, batchLimits)
		fatal(t, err)
		if string(strictjson.AppendCanonical(nil, v)) != string(h.base) {
			t.Errorf("the wallet keeps a mark: %s", h.base)
		}
	}
}

// A batch by another key, over other secrets, or damaged, is refused.
func TestWrongBatch(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	w := s.wallet
	commitment := func(n int) []byte {
		nyms, err := bbs.NewNymSecrets(n)
		fatal(t, err)
		c, _, err := bbs.SHA256.NymCommit(nil, nyms)
		fatal(t, err)
		return c
	}
	wantError(t, w.FinishEnrolment(t.Context(), o.batch(t, w, commitment(NymCount), &marker{})), ErrBatch) // nothing was asked for
	_, err := w.EnrolmentRequest(t.Context(), s.Citizen, "x")
	fatal(t, err)
	other, err := bbs.Generate()
	fatal(t, err)
	for name, batch := range map[string]func() []byte{
		"other secrets": func() []byte { return o.batch(t, w, commitment(NymCount), &marker{}) },
		"another number of secrets": func() []byte {
			return o.batch(t, w, commitment(NymCount-1), &marker{suite: func(_ int, s *bbs2023.Suite) { s.Commitment.N = NymCount - 1 }})
		},
		"another key": func() []byte {
			mine := o.signer
			defer func() { o.signer = mine }()
			o.signer = other
			return o.batch(t, w, w.commitment, &marker{})
		},
		"a claim changed": func() []byte {
			b := string(o.batch(t, w, w.commitment, &marker{}))
			return []byte(strings.ReplaceAll(b, `"ageOver18":true`, `"ageOver18":false`))
		},
		"no pseudonym": func() []byte {
			return o.batch(t, w, w.commitment, &marker{suite: func(_ int, s *bbs2023.Suite) { s.Commitment = nil }})
		},
		"no credentials": func() []byte {
			return o.batch(t, w, w.commitment, &marker{response: func(r *batchResponse) { r.credentials = nil }})
		},
		"too many credentials": func() []byte {
			return o.batch(t, w, w.commitment, &marker{response: func(r *batchResponse) { r.credentials = slices.Repeat(r.credentials, MaxBatch) }})
		},
		"no record": func() []byte {
			return o.batch(t, w, w.commitment, &marker{response: func(r *batchResponse) { r.record = "Alice" }})
		},
		"an act of a first generation": func() []byte {
			b := string(o.batch(t, w, w.commitment, &marker{}))
			return []byte(strings.Replace(b, `{"credentials"`, `{"act":"AAAAAAAAAAAAAAAAAAAAAA","number":0,"credentials"`, 1))
		},
		"another version": func() []byte {
			return []byte(strings.Replace(string(o.batch(t, w, w.commitment, &marker{})), `"v":1}`, `"v":2}`, 1))
		},
		"not JSON": func() []byte { return []byte(`{`) },
		"a proof that is none": func() []byte {
			return o.batch(t, w, w.commitment, &marker{text: func(_ int, b string) string { return strings.Replace(b, `"proofValue":"u`, `"proofValue":"z`, 1) }})
		},
	} {
		if err := w.FinishEnrolment(t.Context(), batch()); !errors.Is(err, ErrBatch) {
			t.Errorf("%s: got %v, want ErrBatch", name, err)
		}
	}
	if w.Enrolled() {
		t.Error("the wallet took one")
	}
}

// A later generation is the same one after renewal: its number, its act and where the log has it.
func TestMarkedGeneration(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	o.enrol(t, s)
	w := s.wallet
	b, err := w.RenewalRequest(t.Context(), s.Citizen, "x")
	fatal(t, err)
	r, err := parseHeld(b, renewalType)
	fatal(t, err)
	batch := o.batch(t, w, r.commitment, &marker{
		generation: 1, suite: func(_ int, s *bbs2023.Suite) { s.Commitment.Entropy = w.entropy }, response: func(r *batchResponse) { r.record = w.record },
	})
	for _, c := range []struct {
		generation int
		act        byte
		number     uint64
		taken      bool
	}{{2, 0, 0, false}, {1, 1, 0, false}, {1, 0, 1, false}, {1, 0, 0, true}} {
		w.generation, w.act, w.number = c.generation, make([]byte, actSize), c.number
		w.act[0] = c.act
		err := w.FinishRenewal(t.Context(), batch)
		if (err == nil) != c.taken || err != nil && !errors.Is(err, ErrMarked) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}

// A renewal is of the same person, generation and secrets.
func TestMarkedRenewal(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	o.enrol(t, s)
	w := s.wallet
	wantError(t, w.FinishRenewal(t.Context(), o.batch(t, w, w.commitment, &marker{})), ErrBatch) // nothing was asked for
	b, err := w.RenewalRequest(t.Context(), s.Citizen, "x")
	fatal(t, err)
	r, err := parseHeld(b, renewalType)
	fatal(t, err)
	right := func(r *batchResponse) { r.record = w.record }
	entropy := func(_ int, s *bbs2023.Suite) { s.Commitment.Entropy = w.entropy }
	wantError(t, w.FinishRenewal(t.Context(), o.batch(t, w, r.commitment, &marker{suite: entropy})), ErrMarked)
	wantError(t, w.FinishRenewal(t.Context(), o.batch(t, w, r.commitment, &marker{suite: entropy, response: right, generation: 1})), ErrMarked)
	wantError(t, w.FinishRenewal(t.Context(), o.batch(t, w, r.commitment, &marker{response: right})), ErrMarked) // other entropy
	wantError(t, w.FinishRenewal(t.Context(), o.batch(t, w, w.commitment, &marker{suite: entropy, response: right})), ErrBatch)
	fatal(t, w.FinishRenewal(t.Context(), o.batch(t, w, r.commitment, &marker{suite: entropy, response: right})))
	wantError(t, w.FinishRenewal(t.Context(), o.batch(t, w, r.commitment, &marker{suite: entropy, response: right})), ErrBatch)
}

// Near a boundary the clocks of wallet and authority may lie in two epochs.
func TestBatchNearBoundary(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	boundary := o.authority.public.Epochs.End(o.now)
	for _, c := range []struct {
		signed, received time.Duration
		taken            bool
	}{
		{0, -clockSkew - time.Second, false},
		{0, -clockSkew, true},
		{0, 0, true},
		{-time.Second, batchSlack - time.Second, true},
		{-time.Second, batchSlack, false},
	} {
		o.now = boundary.Add(c.signed)
		w := o.wallet(t)
		_, err := w.EnrolmentRequest(t.Context(), s.Citizen, "x")
		fatal(t, err)
		b := o.batch(t, w, w.commitment, &marker{})
		o.now = boundary.Add(c.received)
		err = w.FinishEnrolment(t.Context(), b)
		if (err == nil) != c.taken {
			t.Errorf("signed %v and received %v after the boundary: got %v, want taken %v", c.signed, c.received, err, c.taken)
		}
	}
}
