package didcomm

import (
	"slices"
)

// check compares the message with the keys that protected it, and with what is expected.
func (u *unpacking) check() error {
	if err := u.consistent(); err != nil {
		return err
	}
	m, want := u.got.Message, u.expect
	switch {
	case !want.From.IsZero() && !u.got.Authenticated:
		return invalidBecause("unpack", "nothing proves that it is from the expected sender", ErrRefused)
	case !want.To.IsZero() && !u.got.Encrypted && !slices.Contains(m.To, want.To):
		return invalidBecause("unpack", "not addressed to the expected recipient", ErrRefused)
	case want.Thread != "" && !SameID(m.ThreadID(), want.Thread):
		return invalidBecause("unpack", "of another thread", ErrRefused)
	case !m.Expires.IsZero() && !u.agent.clock().Before(m.Expires) && !want.InsecureExpired:
		return invalidBecause("unpack", "", ErrExpired)
	}
	return nil
}

// consistent is the section "Message Layer Addressing Consistency". That the signer is the sender, verify has checked. The section
// "Message Headers" would have a reader accept a message that does not name it; this one demands an error, and who passes on
// what was meant for others should not succeed.
func (u *unpacking) consistent() error {
	m := u.got.Message
	if u.got.Protection == Authcrypt && m.From != u.got.SenderKey.DID() {
		return invalid("unpack", "from is not the DID of skid")
	}
	if !u.got.Encrypted {
		return nil
	}
	if u.got.Signed && len(m.To) == 0 {
		return invalid("unpack", "signed and encrypted, and it does not say to whom")
	}
	if len(m.To) > 0 && !slices.Contains(m.To, u.got.RecipientKey.DID()) {
		return invalid("unpack", "to does not name the DID of the recipient's kid")
	}
	return nil
}
