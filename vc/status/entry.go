package status

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/realdid/realdid/vc"
)

// TokenStatus returns the claim "status" of an SD-JWT or a JWT that has entry index of the Token Status List at uri (draft-20, section 6.2).
// In an SD-JWT VC it must not be selectively disclosable.
func TokenStatus(uri string, index uint64) map[string]any {
	return map[string]any{"status_list": map[string]any{"idx": json.Number(strconv.FormatUint(index, 10)), "uri": uri}}
}

// BitstringEntry is a credentialStatus (Bitstring Status List 1.0, section 2.1).
type BitstringEntry struct {
	List     string // statusListCredential: URL of the list
	Index    uint64
	Purpose  string
	Size     int               // statusSize; 0 means 1
	Messages map[uint64]string // statusMessage: one for each value; required if Size is above 1
	// Reference is statusReference: URLs of what says more about the messages.
	Reference []string
	NoID      bool // leave id out
}

// Claim returns the value of credentialStatus, or one element of it. Its id is the list's URL with the index as fragment.
func (e BitstringEntry) Claim() (map[string]any, error) {
	size := max(e.Size, 1)
	switch {
	case !isURI(e.List):
		return nil, fmt.Errorf("status: entry: %w", errURI)
	case e.Purpose == "":
		return nil, errors.New("status: entry: no purpose")
	case e.Size < 0 || size > MaxEntrySize:
		return nil, fmt.Errorf("status: entry of %d bits: %w", e.Size, ErrRange)
	case size > 1 && len(e.Messages) == 0:
		return nil, errors.New("status: entry: more than one bit, and no messages")
	}
	if err := checkMessages(e.Messages, size); err != nil {
		return nil, fmt.Errorf("status: entry: %w", err)
	}
	index := strconv.FormatUint(e.Index, 10)
	m := map[string]any{
		"type": bitstringEntryType, "statusPurpose": e.Purpose, "statusListIndex": index, "statusListCredential": e.List,
	}
	if !e.NoID {
		m["id"] = e.List + "#" + index
	}
	if e.Size > 0 {
		m["statusSize"] = json.Number(strconv.Itoa(e.Size))
	}
	if len(e.Messages) > 0 {
		m["statusMessage"] = messageList(e.Messages)
	}
	switch len(e.Reference) {
	case 0:
	case 1:
		m["statusReference"] = e.Reference[0]
	default:
		list := make([]any, len(e.Reference))
		for i, r := range e.Reference {
			list[i] = r
		}
		m["statusReference"] = list
	}
	return m, nil
}

// The values of a Token Status List (draft-20, section 7.1). 3 and 12 to 15 are for applications to give a meaning, the others are
// reserved.
const (
	Valid     = 0
	Invalid   = 1 // revoked
	Suspended = 2
)

// Meaning tells what a value means for a credential. Of a Token Status List 0, 1 and 2 have a meaning; of a Bitstring Status List every
// value other than 0 revokes or suspends, or says something, as the purpose has it. 0 takes no validity away, whatever the purpose.
func Meaning(r vc.StatusReference, value uint64) vc.StatusMeaning {
	if r.Mechanism == vc.TokenStatusList {
		switch value {
		case Valid:
			return vc.StatusValid
		case Invalid:
			return vc.StatusRevoked
		case Suspended:
			return vc.StatusSuspended
		}
		return vc.StatusOther
	}
	switch {
	case r.Mechanism != vc.BitstringStatusList:
		return vc.StatusOther
	case r.Purpose == Message || r.Purpose == Refresh && value != 0:
		return vc.StatusMessage
	case value == 0:
		return vc.StatusValid
	case r.Purpose == Revocation:
		return vc.StatusRevoked
	case r.Purpose == Suspension:
		return vc.StatusSuspended
	}
	return vc.StatusOther
}
