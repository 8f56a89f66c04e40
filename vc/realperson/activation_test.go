package realperson

import "testing"

// TestActivationByAnother is a limit that SPEC.md names: who has a person's DID key and record, and is enrolled, can activate the person's
// generation with a pseudonym of their own. They get no credentials by it, and once it is activated they can do nothing.
func TestActivationByAnother(t *testing.T) {
	o := newOffice(t)
	mallory := o.somebody(t, "1")
	o.enrol(t, mallory)
	for name, activated := range map[string]bool{"2": true, "3": false} {
		alice := o.somebody(t, name)
		issued, err := o.authority.Enrol(t.Context(), o.request(t, alice), alice.evidence)
		fatal(t, err)
		fatal(t, alice.wallet.FinishEnrolment(t.Context(), issued.Response))
		if activated {
			fatal(t, o.activate(t, alice.wallet, alice.Citizen))
		}
		backup, err := mallory.wallet.Backup()
		fatal(t, err)
		w := o.restore(t, backup)
		w.record = issued.Record
		if err = o.activate(t, w, alice.Citizen); activated {
			wantError(t, err, ErrOtherSecrets)
		} else {
			fatal(t, err)
			wantError(t, o.activate(t, alice.wallet, alice.Citizen), ErrOtherSecrets)
		}
		_, err = o.renew(t, w, alice.Citizen, alice.claims)
		wantError(t, err, ErrOtherSecrets)
	}
}
