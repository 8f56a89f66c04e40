package status

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/realdid/realdid/vc/vcdm"
)

// Purposes of a Bitstring Status List (1.0, section 2.2). Others may be agreed upon; a value that is not zero then has a meaning
// that this package does not know.
const (
	Revocation = "revocation" // for good
	Suspension = "suspension" // for now
	Message    = "message"    // says something, and takes no validity away
	Refresh    = "refresh"    // a newer credential can be had; takes no validity away
)

// MinEntries is how many entries a Bitstring Status List has at least, so that there is a crowd to hide in.
const MinEntries = 131072

// The types of the credential and of its subject.
const (
	bitstringCredentialType = "BitstringStatusListCredential"
	bitstringListType       = "BitstringStatusList"
	bitstringEntryType      = "BitstringStatusListEntry"
)

// BitstringList is a Bitstring Status List: what is to be signed as a credential, or what was read from one (1.0, section 2.2).
type BitstringList struct {
	URL        string    // id of the credential: what statusListCredential of every entry says
	Purposes   []string  // statusPurpose, at least one
	ValidFrom  time.Time // zero leaves it out
	ValidUntil time.Time // zero leaves it out, which is not recommended
	// TTL is after how long a newer copy should be asked for, in whole milliseconds; zero leaves it out.
	TTL time.Duration
	// Messages say what the values mean, all of them; only with the purpose Message, and then required.
	Messages map[uint64]string
	Bits     *Bits // MostSignificantFirst
}

// undefinedTerms is the context of VCDM 2.0 for terms that no other context defines.
const undefinedTerms = "https://www.w3.org/ns/credentials/undefined-terms/v2"

// Credential returns the credential to sign with vc/dataintegrity, vc/jose or another format; the issuer is a DID or another URL. It is
// one of version 2.0. With the purpose Message it has statusSize and statusMessages, as section 2.2 demands; as the base context does not
// define them, the context for undefined terms is added.
func (l *BitstringList) Credential(issuer string) (map[string]any, error) {
	m, err := l.credential(issuer)
	if err != nil {
		return nil, fmt.Errorf("status: bitstring credential: %w", err)
	}
	return m, nil
}

func (l *BitstringList) credential(issuer string) (map[string]any, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	if !isURI(issuer) {
		return nil, errors.New("the issuer is not a URL")
	}
	encoded, err := EncodeBitstring(l.Bits)
	if err != nil {
		return nil, err
	}
	subject := map[string]any{"id": l.URL + "#list", "type": bitstringListType, "statusPurpose": l.Purposes[0], "encodedList": encoded}
	if len(l.Purposes) > 1 {
		purposes := make([]any, len(l.Purposes))
		for i, p := range l.Purposes {
			purposes[i] = p
		}
		subject["statusPurpose"] = purposes
	}
	if l.TTL > 0 {
		subject["ttl"] = json.Number(strconv.FormatInt(l.TTL.Milliseconds(), 10))
	}
	contexts := []any{vcdm.ContextV2}
	if len(l.Messages) > 0 {
		contexts = append(contexts, undefinedTerms)
		subject["statusSize"] = json.Number(strconv.Itoa(l.Bits.Size()))
		subject["statusMessages"] = messageList(l.Messages)
	}
	m := map[string]any{
		"@context": contexts, "id": l.URL, "type": []any{"VerifiableCredential", bitstringCredentialType}, "issuer": issuer,
		"credentialSubject": subject,
	}
	if !l.ValidFrom.IsZero() {
		m["validFrom"] = l.ValidFrom.UTC().Format(time.RFC3339)
	}
	if !l.ValidUntil.IsZero() {
		m["validUntil"] = l.ValidUntil.UTC().Format(time.RFC3339)
	}
	return m, nil
}

func (l *BitstringList) check() error {
	switch {
	case l == nil || l.Bits == nil || l.Bits.Order() != MostSignificantFirst:
		return errors.New("no entries, or entries with the least significant bit first")
	case l.Bits.Len() < MinEntries:
		return errShort
	case !isURI(l.URL):
		return errURI
	case len(l.Purposes) == 0 || slices.Contains(l.Purposes, ""):
		return errors.New("the list has no purpose")
	case l.TTL < 0 || l.TTL%time.Millisecond != 0:
		return errors.New("ttl is not a whole number of milliseconds")
	case !l.ValidUntil.IsZero() && !l.ValidUntil.After(l.ValidFrom):
		return errTimes
	case slices.Contains(l.Purposes, Message) != (len(l.Messages) > 0):
		return errors.New("messages go with the purpose message, and that with messages")
	}
	return checkMessages(l.Messages, l.Bits.Size())
}

var errShort = errors.New("fewer than 131,072 entries, too few to hide in")

// checkMessages wants a message for each value, or none at all.
func checkMessages(m map[uint64]string, size int) error {
	if len(m) != 0 && len(m) != 1<<size {
		return fmt.Errorf("%d messages for %d values", len(m), 1<<size)
	}
	for v := range m {
		if v >= 1<<size {
			return fmt.Errorf("a message for a value that does not fit into %d bits", size)
		}
	}
	return nil
}

// messageList is m as in statusMessage and statusMessages.
func messageList(m map[uint64]string) []any {
	list := make([]any, 0, len(m))
	for v := range uint64(len(m)) {
		list = append(list, map[string]any{"status": "0x" + strconv.FormatUint(v, 16), "message": m[v]})
	}
	return list
}
