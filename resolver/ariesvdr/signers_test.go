package ariesvdr_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	vdrapi "github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"
	"github.com/hyperledger/aries-framework-go/pkg/kms"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/keystest"
	"github.com/realdid/realdid/resolver/ariesvdr"
)

func TestKMSSigner(t *testing.T) {
	agent := newWorld(t).agent(t)
	id, _, err := agent.KMS().CreateAndExportPubKeyBytes(kms.ED25519Type)
	if err != nil {
		t.Fatal(err)
	}
	keystest.Run(t, func() keys.Signer {
		return must(ariesvdr.NewKMSSigner(agent.KMS(), agent.Crypto(), id))(t)
	})
	p256, _, err := agent.KMS().CreateAndExportPubKeyBytes(kms.ECDSAP256TypeIEEEP1363)
	if err != nil {
		t.Fatal(err)
	}
	for name, keyID := range map[string]string{"P-256": p256, "no such key": "x"} {
		if _, err := ariesvdr.NewKMSSigner(agent.KMS(), agent.Crypto(), keyID); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if _, err := ariesvdr.NewKMSSigner(nil, nil, id); err == nil {
		t.Error("no key manager: got no error")
	}
}

// guarded is a signer that counts how often it was needed.
type guarded struct {
	keys.Signer
	used *int
}

func (g guarded) Sign(ctx context.Context, msg []byte) ([]byte, error) {
	*g.used++
	return g.Signer.Sign(ctx, msg)
}

// Control keys rest in the agent's key manager and next keys apart from it: those are needed for rotations and nothing else.
func TestKeyringApart(t *testing.T) {
	w := newWorld(t)
	agent := w.agent(t)
	used := 0
	ring := ariesvdr.NewKeyring(&ariesvdr.KeyringOptions{
		Control: func(context.Context) (keys.Signer, error) {
			id, _, err := agent.KMS().CreateAndExportPubKeyBytes(kms.ED25519Type)
			if err != nil {
				return nil, err
			}
			return ariesvdr.NewKMSSigner(agent.KMS(), agent.Crypto(), id)
		},
		Next: func(context.Context) (keys.Signer, error) {
			k, err := keys.Generate(keys.P256)
			return guarded{k, &used}, err
		},
	})
	v := must(ariesvdr.New(w.m, realdid.NewRegistrar(w.m), ring, w.options()))(t)
	made := must(v.Create(&diddoc.Doc{}))(t)
	id := made.DIDDocument.ID
	if w.state(t, id).Facts().SingleSecret {
		t.Error("recorded as a single secret, although the next key is apart")
	}
	doc := made.DIDDocument
	for range 2 {
		doc.AlsoKnownAs = append(doc.AlsoKnownAs, fmt.Sprintf("urn:x:%d", len(doc.AlsoKnownAs)))
		if err := v.Update(doc); err != nil {
			t.Fatal(err)
		}
	}
	if used != 0 {
		t.Errorf("the next key was used %d times before any rotation", used)
	}
	for range 2 {
		if err := v.Update(doc, vdrapi.WithOption(ariesvdr.OptionRotate, true)); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Deactivate(id); err != nil {
		t.Fatal(err)
	}
	if used != 3 {
		t.Errorf("the next keys were used %d times, want once for each of two rotations and the deactivation", used)
	}
}

func TestKeyringFaults(t *testing.T) {
	w := newWorld(t)
	broken := func(context.Context) (keys.Signer, error) { return nil, errors.New("out of keys") }
	for name, opt := range map[string]*ariesvdr.KeyringOptions{"control": {Control: broken}, "next": {Next: broken}} {
		v := must(ariesvdr.New(w.m, realdid.NewRegistrar(w.m), ariesvdr.NewKeyring(opt), w.options()))(t)
		if _, err := v.Create(&diddoc.Doc{}); err == nil || !strings.Contains(err.Error(), "out of keys") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, _, ok := w.ring.Held(did.MustParse("did:realdid:x")); ok {
		t.Error("keys of an identifier that nobody made")
	}
	// A thief's next key in the ring signs nothing that counts.
	id := w.create(t, realdid.Content{})
	control, _, _ := w.ring.Held(did.MustParse(id))
	w.ring.Hold(did.MustParse(id), control, must(keys.Generate(keys.Ed25519))(t))
	if err := w.v.Deactivate(id); err == nil {
		t.Error("deactivated with a key to which nobody committed")
	}
}

// lossy is a registrar whose answers get lost: the first, or all, of those to Submit.
type lossy struct {
	did.Registrar
	lose    int  // so many answers
	deliver bool // although the change was registered
	refuse  bool // finally
	tries   int
}

func (l *lossy) Submit(ctx context.Context, state []byte, signatures map[string][]byte) (*did.Registered, error) {
	l.tries++
	if l.refuse {
		return nil, &did.Error{Code: did.InvalidOptions, Detail: "refused"}
	}
	if l.lose == 0 {
		return l.Registrar.Submit(ctx, state, signatures)
	}
	l.lose--
	if l.deliver {
		if _, err := l.Registrar.Submit(ctx, state, signatures); err != nil {
			return nil, err
		}
	}
	return nil, &did.Error{Code: did.InternalError, Detail: "the line went dead"}
}

// When nobody knows whether a rotation stands, the next change makes sure that it does, with the keys that it was signed for.
func TestUnfinishedRotation(t *testing.T) {
	for _, deliver := range []bool{true, false} {
		w := newWorld(t)
		reg := &lossy{Registrar: realdid.NewRegistrar(w.m)}
		v := must(ariesvdr.New(w.m, reg, w.ring, w.options()))(t)
		made := must(v.Create(&diddoc.Doc{VerificationMethod: []diddoc.VerificationMethod{edMethod(t, "#k", 1)}}))(t)
		doc := made.DIDDocument

		reg.lose, reg.deliver, reg.tries = 1, deliver, 0
		if err := v.Update(doc, vdrapi.WithOption(ariesvdr.OptionRotate, true)); err != nil || reg.tries != 2 {
			t.Errorf("one lost answer: got %v after %d tries", err, reg.tries)
		}
		reg.lose, reg.tries = 100, 0
		err := v.Update(doc, vdrapi.WithOption(ariesvdr.OptionRotate, true))
		if e, ok := errors.AsType[*did.Error](err); !ok || !e.Temporary() || reg.tries != 3 {
			t.Fatalf("all answers lost: got %v after %d tries, want a temporary error after 3", err, reg.tries)
		}
		if err := v.Deactivate(doc.ID); err == nil || !strings.Contains(err.Error(), "before this one") {
			t.Errorf("while the line is dead: got %v", err)
		}
		reg.lose = 0
		doc.AlsoKnownAs = []string{"urn:x:y"}
		if err := v.Update(doc); err != nil {
			t.Fatalf("delivered %v: after the line is back: %v", deliver, err)
		}
		if seq := w.state(t, doc.ID).Seq(); seq != 3 {
			t.Errorf("delivered %v: got %d operations after the create, want two rotations and an update", deliver, seq)
		}
		if err := v.Deactivate(doc.ID); err != nil {
			t.Errorf("the keyring lost the next key: %v", err)
		}
	}
}

// A change that never can stand does not block those after it.
func TestRefusedIsNotUnfinished(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, realdid.Content{})
	reg := &lossy{Registrar: realdid.NewRegistrar(w.m), lose: 100}
	v := must(ariesvdr.New(w.m, reg, w.ring, w.options()))(t)
	doc := must(v.Read(id))(t).DIDDocument
	doc.AlsoKnownAs = []string{"urn:x:lost"}
	if err := v.Update(doc); err == nil {
		t.Fatal("got no error")
	}
	other := *doc
	other.AlsoKnownAs = []string{"urn:x:first"}
	if err := w.v.Update(&other); err != nil { // another agent of the same holder was faster
		t.Fatal(err)
	}
	reg.lose = 0
	doc.AlsoKnownAs = []string{"urn:x:third"}
	if err := v.Update(doc); err != nil {
		t.Fatal(err)
	}
	if got := must(v.Read(id))(t).DIDDocument.AlsoKnownAs; len(got) != 1 || got[0] != "urn:x:third" {
		t.Errorf("got %v", got)
	}
}

// stranger prepares changes of another identifier than the one that it was asked for.
type stranger struct {
	did.Registrar
	id did.DID
}

func (s stranger) Prepare(ctx context.Context, c *did.Change) (*did.Preparation, error) {
	other := *c
	other.DID = s.id
	return s.Registrar.Prepare(ctx, &other)
}

func TestRegistrarOfAnother(t *testing.T) {
	w := newWorld(t)
	mine, other := w.create(t, realdid.Content{}), w.create(t, realdid.Content{})
	v := must(ariesvdr.New(w.m, stranger{realdid.NewRegistrar(w.m), did.MustParse(other)}, w.ring, w.options()))(t)
	doc := must(v.Read(mine))(t).DIDDocument
	doc.AlsoKnownAs = []string{"urn:x:y"}
	if err := v.Update(doc); err == nil {
		t.Error("a change of another identifier was signed")
	}
	if w.state(t, other).Seq() != 0 {
		t.Error("another identifier was changed")
	}
}

// hanging answers nothing until it is told to give up.
type hanging struct{}

func (hanging) Resolve(ctx context.Context, _ did.DID, _ *did.ResolveOptions) (*did.Resolution, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestReadEnds(t *testing.T) {
	v := must(ariesvdr.New(hanging{}, nil, nil, &ariesvdr.Options{Timeout: time.Millisecond}))(t)
	_, err := v.Read("did:realdid:x")
	if e, ok := errors.AsType[*did.Error](err); !ok || !e.Temporary() || errors.Is(err, vdrapi.ErrNotFound) {
		t.Errorf("out of time: got %v, want a temporary error that is no vdr.ErrNotFound", err)
	}
	v = must(ariesvdr.New(hanging{}, nil, nil, nil))(t)
	ended := make(chan error)
	go func() {
		_, err := v.Read("did:realdid:x")
		ended <- err
	}()
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("closed: got no error")
	}
}

// A resolver that answers for another identifier is not believed.
func TestReadAnotherDocument(t *testing.T) {
	for name, res := range map[string]*did.Resolution{
		"none": nil, "no document": {Evidence: did.Evidence{Replayed: true}},
		"another": {Document: &did.Document{ID: did.MustParse("did:realdid:y")}, Evidence: did.Evidence{Replayed: true}},
	} {
		v := must(ariesvdr.New(fixed{res, nil}, nil, nil, nil))(t)
		if _, err := v.Read("did:realdid:x"); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
