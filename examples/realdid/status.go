package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/status"
)

// newStatus is the group of verbs for status lists.
func newStatus(a *app) *cobra.Command {
	return group("status", "Make status lists, revoke with them, look at them", newStatusBuild(a), newStatusPublish(a), newStatusSet(a), newStatusShow(a), newStatusCheck(a))
}

// statusListJSON is a status list as status build, publish, set and show print it.
type statusListJSON struct {
	Format    string            `json:"format"` // token-jwt, token-cwt or bitstring
	URI       string            `json:"uri,omitempty"`
	Issuer    string            `json:"issuer,omitempty"`
	Key       string            `json:"key,omitempty"` // that signed it now
	Purposes  []string          `json:"purposes,omitempty"`
	Entries   uint64            `json:"entries"`
	Bits      int               `json:"bits"`   // of an entry
	Values    map[string]uint64 `json:"values"` // how many entries have a value other than 0, by value
	Allocated *uint64           `json:"allocated,omitempty"`
	Free      *uint64           `json:"free,omitempty"`
	IssuedAt  string            `json:"issuedAt,omitempty"`
	Expires   string            `json:"expires,omitempty"`
	TTL       int64             `json:"ttl,omitempty"` // seconds
	File      string            `json:"file"`
	MediaType string            `json:"mediaType"`
	Bytes     int               `json:"bytes"`
	Published *bool             `json:"published,omitempty"` // of a folder: the file says what the entries say
	Set       *statusSetJSON    `json:"set,omitempty"`
	Verified  any               `json:"verified,omitempty"` // *bool; null: could not check
	Reason    string            `json:"reason,omitempty"`
}

// statusSetJSON is what status set changed.
type statusSetJSON struct {
	Index uint64 `json:"index"`
	Was   uint64 `json:"was"`
	Value uint64 `json:"value"`
}

// describe says what stands in a published list.
func (d *statusDocument) describe(file string) *statusListJSON {
	out := &statusListJSON{
		Format: d.format(), URI: d.uri, Issuer: d.issuer, Purposes: d.purposes, Entries: d.bits.Len(), Bits: d.bits.Size(), Values: countValues(d.bits),
		IssuedAt: timeText(d.issuedAt), Expires: timeText(d.expires), TTL: int64(d.ttl.Seconds()), File: file, MediaType: "application/" + d.mediaType, Bytes: len(d.raw),
	}
	return out
}

func (d *statusDocument) format() string {
	switch {
	case d.mechanism == vc.BitstringStatusList:
		return bitstring
	case d.mediaType == status.CWTMediaType:
		return tokenCWT
	}
	return tokenJWT
}

// countValues counts the entries that are not 0.
func countValues(b *status.Bits) map[string]uint64 {
	var counts [256]uint64
	if perByte := uint64(8 / b.Size()); 8%b.Size() == 0 {
		for at, x := range b.Bytes() {
			if x == 0 {
				continue // nearly all
			}
			for i := uint64(at) * perByte; i < (uint64(at)+1)*perByte; i++ {
				v, _ := b.Get(i)
				counts[v]++
			}
		}
	} else {
		for i := range b.Len() {
			v, _ := b.Get(i)
			counts[v]++
		}
	}
	out := map[string]uint64{}
	for v, n := range counts[1:] {
		if n > 0 {
			out[strconv.Itoa(v+1)] = n
		}
	}
	return out
}

// valueWords are what people call values; those without a word are numbers.
func valueWord(m vc.StatusMechanism, purpose string, v uint64) string {
	switch meaning := status.Meaning(vc.StatusReference{Mechanism: m, Purpose: purpose}, v); meaning {
	case vc.StatusValid, vc.StatusRevoked, vc.StatusSuspended:
		return meaning.String()
	}
	return "value " + strconv.FormatUint(v, 10)
}
