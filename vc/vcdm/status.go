package vcdm

import (
	"slices"
	"strconv"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// statusEntry is the type of an entry in a Bitstring Status List.
const statusEntry = "BitstringStatusListEntry"

// readStatus reads credentialStatus (VCDM 2.0, section 4.10).
func (c *Credential) readStatus(d *document) error {
	return eachTyped(d, propStatus, "vcdm.status", func(v *strictjson.Value, id string, types []string) error {
		ref := vc.StatusReference{URI: id}
		if slices.Contains(types, statusEntry) {
			var err error
			if ref, err = readStatusEntry(v, id); err != nil {
				return err
			}
		}
		c.Status = append(c.Status, ref)
		return nil
	})
}

func statusFault(detail string) error { return vc.Invalid("vcdm.status.bitstring", detail) }

// readStatusEntry reads a BitstringStatusListEntry (Bitstring Status List 1.0, section 2.1).
func readStatusEntry(v *strictjson.Value, id string) (vc.StatusReference, error) {
	ref := vc.StatusReference{Mechanism: vc.BitstringStatusList, Size: 1}
	m, _ := v.Get("statusPurpose")
	ref.Purpose, _ = m.Str()
	if ref.Purpose == "" {
		return ref, statusFault("statusPurpose is not a string")
	}
	m, _ = v.Get("statusListCredential")
	ref.URI, _ = m.Str()
	switch {
	case !isURL(ref.URI):
		return ref, statusFault("statusListCredential is not a URL")
	case id == ref.URI:
		return ref, statusFault("the entry has the id of its list")
	}
	m, _ = v.Get("statusListIndex")
	index, _ := m.Str()
	n, err := strconv.ParseUint(index, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != index {
		return ref, statusFault("statusListIndex is not a number of 64 bits, in a string and without leading zeros")
	}
	ref.Index = n
	if m, ok := v.Get("statusSize"); ok {
		size, ok := m.Int64()
		if !ok || size < 1 || size > maxStatusSize {
			return ref, statusFault("statusSize is not a number from 1 to 16")
		}
		ref.Size = int(size)
	}
	if ref.Messages, err = readStatusMessages(v, ref.Size); err != nil {
		return ref, err
	}
	return ref, checkStatusReference(v)
}

// maxStatusSize bounds the messages, of which there is one for every value.
const maxStatusSize = 16

// readStatusMessages reads statusMessage: one message for every value, and required if values have more than one bit.
func readStatusMessages(v *strictjson.Value, size int) (map[uint64]string, error) {
	m, ok := v.Get("statusMessage")
	if !ok {
		if size > 1 {
			return nil, statusFault("there is no statusMessage, and statusSize is more than 1")
		}
		return nil, nil
	}
	items := m.Elems()
	if len(items) != 1<<size {
		return nil, statusFault("statusMessage is not an array of one message for every value")
	}
	messages := make(map[uint64]string, len(items))
	for i := range items {
		s, _ := items[i].Get("status")
		t, _ := items[i].Get("message")
		status, _ := s.Str()
		message, ok := t.Str()
		digits, hex := strings.CutPrefix(status, "0x")
		n, err := strconv.ParseUint(digits, 16, size)
		if !ok || !hex || err != nil {
			return nil, statusFault("a statusMessage has no message, or no status that the size allows")
		}
		if _, twice := messages[n]; twice {
			return nil, statusFault("two of statusMessage have the same status")
		}
		messages[n] = message
	}
	return messages, nil
}

// checkStatusReference checks statusReference, which nobody reads here.
func checkStatusReference(v *strictjson.Value) error {
	m, ok := v.Get("statusReference")
	if !ok {
		return nil
	}
	items, err := list(&m, "vcdm.status.bitstring", "statusReference")
	if err != nil {
		return err
	}
	for i := range items {
		if s, ok := items[i].Str(); !ok || !isURL(s) {
			return statusFault("statusReference is not a URL")
		}
	}
	return nil
}
