package jwtvc_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc/internal/envelopetest"
	"github.com/realdid/realdid/vc/internal/vectortest"
	"github.com/realdid/realdid/vc/jwtvc"
)

// withSubject is a credential whose subject has one more member.
func withSubject(value any) map[string]any {
	c := credential()
	c["credentialSubject"] = map[string]any{"id": vectortest.Holder, "x": value}
	return c
}

// nested is n arrays in each other.
func nested(n int) any {
	var v any = "x"
	for range n {
		v = []any{v}
	}
	return v
}

// TestIssuedIsRead: what Issue makes can be read, up to the last that it makes; and it does not stop before the limits.
func TestIssuedIsRead(t *testing.T) {
	issuer := jwtvc.Issuer(envelopetest.NewParties(t, keys.Ed25519).Issuer)
	for name, c := range map[string]struct {
		make      func(n int) any
		from, end int // of them some are issued, and the last is not
	}{
		"nested": {nested, jwtvc.MaxDepth - 4, jwtvc.MaxDepth + 2},
		"values": {func(n int) any { return slices.Repeat([]any{1}, n) }, 1<<16 - 40, 1<<16 + 1},
		"size":   {func(n int) any { return strings.Repeat("x", n) }, jwtvc.MaxSize/4*3 - 1400, jwtvc.MaxSize / 4 * 3},
	} {
		step, issued := max(1, (c.end-c.from)/50), 0
		for n := c.from; n <= c.end; n += step {
			got, err := jwtvc.Issue(t.Context(), issuer, withSubject(c.make(n)), nil)
			if err != nil {
				break
			}
			issued++
			if _, err := jwtvc.ParseCredential(got.Bytes()); err != nil {
				t.Errorf("%s %d: issued, and cannot be read: %v", name, n, err)
			}
		}
		if all := (c.end-c.from)/step + 1; issued == 0 || issued == all {
			t.Errorf("%s: issued %d of %d", name, issued, all)
		}
	}
}

// TestTimesWritten: no date is written that is not read.
func TestTimesWritten(t *testing.T) {
	p := envelopetest.NewParties(t, keys.Ed25519)
	issuer := jwtvc.Issuer(p.Issuer)
	cred, err := jwtvc.Issue(t.Context(), issuer, credential(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{-5, -1, 0, 1, jws.Latest, jws.Latest + 1} {
		want := at >= 0 && at <= jws.Latest
		pres, err := cred.Present(t.Context(), p.Holder, &jwtvc.PresentOptions{Audience: "a", Nonce: "n", Method: p.Method, IssuedAt: time.Unix(at, 0)})
		if (err == nil) != want {
			t.Errorf("presented at %d: %v", at, err)
		}
		if err == nil {
			_, err = jwtvc.Parse(pres.Bytes())
		}
		if (err == nil) != want {
			t.Errorf("presented at %d, and read: %v", at, err)
		}
		if _, err := jwtvc.Issue(t.Context(), issuer, credential(), &jwtvc.IssueOptions{IssuedAt: time.Unix(at, 0)}); (err == nil) != want {
			t.Errorf("issued at %d: %v", at, err)
		}
	}
	c := credential()
	c["expirationDate"] = "9999-12-31T23:59:59-01:00"
	if got, err := jwtvc.Issue(t.Context(), issuer, c, nil); err == nil {
		t.Errorf("issued with an end after 9999: %v", got)
	}
}

// TestPresentTooLarge: a credential that can be read may be too large to be presented.
func TestPresentTooLarge(t *testing.T) {
	p := envelopetest.NewParties(t, keys.Ed25519)
	cred, err := jwtvc.Issue(t.Context(), jwtvc.Issuer(p.Issuer), withSubject(strings.Repeat("x", jwtvc.MaxSize/4*3-2000)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := cred.Present(t.Context(), p.Holder, &jwtvc.PresentOptions{Audience: "a", Nonce: "n", Method: p.Method}); !errors.Is(err, jws.ErrSize) {
		t.Errorf("got %v, %v, want %v", got, err, jws.ErrSize)
	}
}
