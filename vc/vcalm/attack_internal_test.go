package vcalm

import (
	"errors"
	"testing"
	"time"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/status"
)

// TestIDsAreBounded: whoever may issue cannot make the lists remember without end.
func TestIDsAreBounded(t *testing.T) {
	k, err := keys.Generate(keys.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	issuer := &Issuer{Signer: k, Method: didkey.URL(k.Public()), Cryptosuite: dataintegrity.EdDSARDFC2022{}}
	l := newLists("https://a.example", jsonld.Embedded(), time.Now)
	_, release, err := l.reserve(issuer, "urn:uuid:1", []string{status.Revocation})
	if err != nil || l.ids != len("urn:uuid:1") {
		t.Fatalf("got %d bytes, %v", l.ids, err)
	}
	release()
	if l.ids != 0 {
		t.Errorf("got %d bytes after the release, want none", l.ids)
	}
	l.ids = maxIDs - 3
	if _, _, err := l.reserve(issuer, "four", []string{status.Revocation}); err == nil {
		t.Error("got room for an id, want none")
	} else if f, ok := errors.AsType[*failure](err); !ok || f.status != 503 {
		t.Errorf("got %v", err)
	}
	if _, _, err := l.reserve(issuer, "3by", []string{status.Revocation}); err != nil || l.ids != maxIDs {
		t.Errorf("got %d bytes, %v", l.ids, err)
	}
}
