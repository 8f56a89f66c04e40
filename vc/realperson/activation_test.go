package realperson

import "testing"

// TestActivationByAnother: who has a person's DID key and record, and is enrolled as somebody else, puts no pseudonym on the person's
// generation, neither before it is activated nor after.
func TestActivationByAnother(t *testing.T) {
	o := newOffice(t)
	mallory, alice := o.somebody(t, "1"), o.somebody(t, "2")
	o.enrol(t, mallory)
	issued, err := o.authority.Enrol(t.Context(), o.request(t, alice), alice.evidence)
	fatal(t, err)
	fatal(t, alice.wallet.FinishEnrolment(t.Context(), issued.Response))
	mallory.wallet.record = alice.wallet.record
	wantError(t, o.activate(t, mallory.wallet, alice.Citizen), ErrOtherSecrets)
	commitment := mallory.wallet.commitment
	mallory.wallet.commitment = alice.wallet.commitment // which the authority may have lost; its blind is alice's
	wantError(t, o.activate(t, mallory.wallet, alice.Citizen), ErrOtherSecrets)
	mallory.wallet.commitment = commitment
	fatal(t, o.activate(t, alice.wallet, alice.Citizen))
	wantError(t, o.activate(t, mallory.wallet, alice.Citizen), ErrOtherSecrets)
	_, err = o.renew(t, alice.wallet, alice.Citizen, alice.claims)
	fatal(t, err)
}
