package filetransfer

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/realdid/realdid/did/didcomm"
)

// FuzzBodies reads anything as each of the bodies: what is read is within the limits, and is written as it was read.
func FuzzBodies(f *testing.F) {
	d := Digest(sha256.Sum256([]byte("x")))
	f.Add((&offer{Name: "holiday.tar", Size: 1 << 30, Digest: d}).body())
	f.Add((&accept{Offer: "1", Offset: 7, Digest: d, Chunk: 1 << 20, Window: 1 << 24}).body())
	f.Add((&ack{Offset: 7, Digest: d}).body())
	f.Add([]byte(`{"offset":1e400}`))
	f.Add([]byte(`{"name":"..","size":-1,"sha256":"\ud800"}`))
	f.Add([]byte(`{"offset":1,"offset":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := &didcomm.Message{Body: b}
		same := func(again []byte, err error) {
			if err != nil {
				t.Fatalf("%q: what was written is not read: %v", again, err)
			}
		}
		if o, err := readOffer(m); err == nil {
			if o.Size < 0 || o.Size > maxSize || o.Name == "" || len(o.Name) > maxName {
				t.Fatalf("over the limits: %+v", o)
			}
			o2, err := readOffer(&didcomm.Message{Body: o.body()})
			same(o.body(), err)
			if *o2 != *o {
				t.Fatalf("got %+v, want %+v", o2, o)
			}
			if CheckName(o.Name) == nil && filepath.Base(filepath.Clean(o.Name)) != o.Name {
				t.Fatalf("%q is a path", o.Name)
			}
		} else if !errors.Is(err, ErrMessage) {
			t.Fatalf("offer: got %v, want ErrMessage", err)
		}
		if a, err := readAccept(m); err == nil {
			if a.Chunk < minChunk || a.Chunk > MaxChunk || a.Window < a.Chunk || a.Window > maxWindow || a.Offset < 0 {
				t.Fatalf("over the limits: %+v", a)
			}
			a2, err := readAccept(&didcomm.Message{Body: a.body()})
			same(a.body(), err)
			if *a2 != *a {
				t.Fatalf("got %+v, want %+v", a2, a)
			}
		}
		if a, err := readAck(m); err == nil {
			a2, err := readAck(&didcomm.Message{Body: a.body()})
			same(a.body(), err)
			if *a2 != *a {
				t.Fatalf("got %+v, want %+v", a2, a)
			}
		}
		_, _ = readComplete(m)
		_, _, _ = readChunk(m)
		readClaim(b)
	})
}

// FuzzState reads anything as the state of a transfer that a receiver finds on its disk.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"version":1,"from":"did:example:alice","id":"t","name":"f","size":3,"sha256":"`+emptyDigest.String()+`","offset":0,"offsetSha256":"`+emptyDigest.String()+`"}`), []byte("abc"))
	f.Add([]byte(`{"version":1,"from":"did:example:alice","id":"t","name":"f","size":3,"sha256":"`+emptyDigest.String()+`","offset":3,"offsetSha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}`), []byte("abcd"))
	f.Fuzz(func(t *testing.T, state, partial []byte) {
		dir := t.TempDir()
		if err := errors.Join(os.WriteFile(filepath.Join(dir, stateFile), state, 0o600), os.WriteFile(filepath.Join(dir, partialFile), partial, 0o600)); err != nil {
			t.Fatal(err)
		}
		tr, err := openIncoming(fakeDisk, dir, t.TempDir(), incomingState{Version: stateVersion, Name: "f", Size: 3, Prefix: emptyDigest.String()})
		if err != nil {
			t.Fatal(err)
		}
		if tr.state.Done {
			return
		}
		defer tr.file.Close()
		left, err := os.ReadFile(filepath.Join(dir, partialFile))
		if err != nil || int64(len(left)) != tr.next || tr.next > tr.state.Size || !bytes.HasPrefix(partial, left) || Digest(sha256.Sum256(left)).String() != tr.state.Prefix {
			t.Fatalf("goes on at %d with %d bytes (%v)", tr.next, len(left), err)
		}
	})
}
