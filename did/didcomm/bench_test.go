package didcomm_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/realdid/realdid/did/didcomm"
)

// benchSizes are those of the attachment that a message carries, in bytes.
var benchSizes = []struct {
	name string
	n    int
}{{"1KiB", 1 << 10}, {"1MiB", 1 << 20}}

func benchMessage(from, to *person, n int) *didcomm.Message {
	m := letter(from, to)
	m.Attachments = []didcomm.Attachment{{ID: "1", Base64: bytes.Repeat([]byte{0x5a, 0xc3}, n/2)}}
	return m
}

func benchPair(b *testing.B) (alice, bob *person) {
	town := newTown()
	return town.person(b, "alice", "x-1", "ed-1"), town.person(b, "bob", "x-1")
}

func BenchmarkAuthcrypt(b *testing.B) {
	alice, bob := benchPair(b)
	for _, size := range benchSizes {
		b.Run(size.name, func(b *testing.B) {
			m := benchMessage(alice, bob, size.n)
			b.SetBytes(int64(size.n))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := alice.Authcrypt(context.Background(), m, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAnoncrypt(b *testing.B) {
	alice, bob := benchPair(b)
	for _, enc := range []didcomm.ContentEncryption{didcomm.A256CBCHS512, didcomm.A256GCM, didcomm.XC20P} {
		for _, size := range benchSizes {
			b.Run(string(enc)+"/"+size.name, func(b *testing.B) {
				m := benchMessage(alice, bob, size.n)
				b.SetBytes(int64(size.n))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := alice.Anoncrypt(context.Background(), m, &didcomm.EncryptOptions{ContentEncryption: enc}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkUnpack(b *testing.B) {
	alice, bob := benchPair(b)
	ctx := context.Background()
	for _, c := range []struct {
		name string
		pack func(m *didcomm.Message) ([]byte, error)
	}{
		{"authcrypt", func(m *didcomm.Message) ([]byte, error) { return alice.Authcrypt(ctx, m, nil) }},
		{"hidden", func(m *didcomm.Message) ([]byte, error) {
			return alice.Authcrypt(ctx, m, &didcomm.EncryptOptions{HideSender: true, ContentEncryption: didcomm.A256GCM})
		}},
		{"anoncrypt-A256GCM", func(m *didcomm.Message) ([]byte, error) {
			return alice.Anoncrypt(ctx, m, &didcomm.EncryptOptions{ContentEncryption: didcomm.A256GCM})
		}},
		{"anoncrypt-XC20P", func(m *didcomm.Message) ([]byte, error) {
			return alice.Anoncrypt(ctx, m, &didcomm.EncryptOptions{ContentEncryption: didcomm.XC20P})
		}},
		{"signed", func(m *didcomm.Message) ([]byte, error) { return alice.Sign(ctx, m, alice.url("ed-1")) }},
	} {
		for _, size := range benchSizes {
			b.Run(c.name+"/"+size.name, func(b *testing.B) {
				packed := ok(b)(c.pack(benchMessage(alice, bob, size.n)))
				b.SetBytes(int64(size.n))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := bob.Unpack(ctx, packed, all); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// manyKeys gives p as many keys as one envelope may have.
func manyKeys(b *testing.B, p *person) {
	var fragments []string
	for i := range 64 {
		f := fmt.Sprintf("x-%d", i)
		fragments = append(fragments, f)
		p.keys[f] = newKey(b, algorithms["x"], f)
	}
	p.publish(b, fragments...)
}

// BenchmarkRecipients is authcrypt for 64 keys.
func BenchmarkRecipients(b *testing.B) {
	alice, bob := benchPair(b)
	manyKeys(b, bob)
	m := letter(alice, bob)
	for b.Loop() {
		if _, err := alice.Authcrypt(context.Background(), m, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStrangers is an envelope for 64 keys, of which the reader has none.
func BenchmarkStrangers(b *testing.B) {
	alice, bob := benchPair(b)
	manyKeys(b, alice)
	packed := ok(b)(bob.Anoncrypt(context.Background(), letter(nil, alice), nil))
	for b.Loop() {
		if _, err := bob.Unpack(context.Background(), packed, all); err == nil {
			b.Fatal("read")
		}
	}
}
