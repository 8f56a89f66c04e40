package realperson

import (
	"testing"
	"time"
)

const somePlatform = "did:example:platform"

// A person enrols, activates, renews, and keeps the pseudonyms.
func TestEnrolAndRenew(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	issued := o.enrol(t, s)
	if issued.Generation != 0 || s.wallet.Generation() != 0 {
		t.Errorf("got generation %d, want 0", issued.Generation)
	}
	before := pseudonym(t, s.wallet, somePlatform)
	if got, want := s.wallet.Until(), time.Date(2026, 12, 14, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("got credentials until %v, want %v", got, want)
	}
	o.nextEpoch()
	again, err := o.renew(t, s.wallet, s.Citizen, s.claims)
	fatal(t, err)
	fatal(t, s.wallet.FinishRenewal(t.Context(), again.Response))
	if pseudonym(t, s.wallet, somePlatform) != before {
		t.Error("the pseudonym has changed by renewal")
	}
	if got, want := s.wallet.Until(), time.Date(2026, 12, 21, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("got credentials until %v, want %v", got, want)
	}
}
