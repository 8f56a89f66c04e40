package didcomm_test

import (
	"runtime"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
)

// What a reader remembers of messages, such as ids against replays, does not keep the messages' texts in memory.
func TestRememberedPartsAreSmall(t *testing.T) {
	const size, rounds = 4 << 20, 4
	town := newTown()
	alice, bob := town.person(t, "alice", "x-1", "ed-1"), town.person(t, "bob", "x-1")
	m := letter(alice, bob)
	m.ID, m.Thread, m.ParentThread = "an-id-of-m", "a-thread", "a-parent"
	m.Ack, m.PleaseAck, m.Lang = []string{"another-id"}, []string{"an-id-of-m"}, "en"
	m.Attachments = []didcomm.Attachment{{ID: "a-1", Description: "zeros", Base64: make([]byte, size)}}
	packed := map[string][]byte{
		"authcrypt": ok(t)(alice.Authcrypt(t.Context(), m, nil)),
		"signed":    ok(t)(alice.Sign(t.Context(), m, alice.url("ed-1"))),
		"plaintext": ok(t)(m.JSON()),
	}
	for name, part := range map[string]struct {
		in   string
		keep func(r *didcomm.Received) any
	}{
		"id":            {"authcrypt", func(r *didcomm.Received) any { return r.Message.ID }},
		"id, plaintext": {"plaintext", func(r *didcomm.Received) any { return r.Message.ID }},
		"thread":        {"authcrypt", func(r *didcomm.Received) any { return r.Message.ThreadID() }},
		"parent":        {"authcrypt", func(r *didcomm.Received) any { return r.Message.ParentThread }},
		"type":          {"authcrypt", func(r *didcomm.Received) any { return r.Message.Type }},
		"lang":          {"authcrypt", func(r *didcomm.Received) any { return r.Message.Lang }},
		"ids":           {"authcrypt", func(r *didcomm.Received) any { return [][]string{r.Message.Ack, r.Message.PleaseAck} }},
		"from and to":   {"authcrypt", func(r *didcomm.Received) any { return append([]did.DID{r.Message.From}, r.Message.To...) }},
		"description":   {"authcrypt", func(r *didcomm.Received) any { return r.Message.Attachments[0].Description }},
		"sender's key":  {"authcrypt", func(r *didcomm.Received) any { return r.SenderKey }},
		"reader's key":  {"authcrypt", func(r *didcomm.Received) any { return r.RecipientKey }},
		"all keys":      {"authcrypt", func(r *didcomm.Received) any { return r.RecipientKeys }},
		"signer's key":  {"signed", func(r *didcomm.Received) any { return r.SignedBy }},
	} {
		t.Run(name, func(t *testing.T) {
			var kept []any
			before := heap()
			for range rounds {
				kept = append(kept, part.keep(must[*didcomm.Received](t)(bob.Unpack(t.Context(), packed[part.in], all))))
			}
			if grown := int64(heap()) - int64(before); grown > size/2 {
				t.Errorf("%d of them keep %d KiB", rounds, grown>>10)
			}
			runtime.KeepAlive(kept)
		})
	}
	runtime.KeepAlive(packed)
}

// heap is how many bytes are in use.
func heap() uint64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}
