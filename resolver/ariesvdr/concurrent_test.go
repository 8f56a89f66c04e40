package ariesvdr_test

import (
	"context"
	"errors"
	"testing"

	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	vdrapi "github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/ariesvdr"
)

// hooked are signers that call back when a change is signed and when it stands.
type hooked struct {
	ariesvdr.Signers
	signed     func(operation string)
	registered func() error
}

type hookedSigning struct {
	ariesvdr.Signing
	of        *hooked
	operation string
}

func (h *hooked) Begin(ctx context.Context, c *did.Change) (ariesvdr.Signing, error) {
	s, err := h.Signers.Begin(ctx, c)
	return hookedSigning{s, h, c.Operation}, err
}

func (s hookedSigning) Sign(ctx context.Context, p *did.Preparation) (map[string][]byte, error) {
	signatures, err := s.Signing.Sign(ctx, p)
	if s.of.signed != nil {
		s.of.signed(s.operation)
	}
	return signatures, err
}

func (s hookedSigning) Registered(ctx context.Context, r *did.Registered) error {
	if s.of.registered != nil {
		if err := s.of.registered(); err != nil {
			return err
		}
	}
	return s.Signing.Registered(ctx, r)
}

var rotate = vdrapi.WithOption(ariesvdr.OptionRotate, true)

// inControl fails the test unless the keyring can still update, rotate and end the identifier.
func inControl(t *testing.T, v *ariesvdr.VDR, doc *diddoc.Doc) {
	t.Helper()
	again := *doc
	again.AlsoKnownAs = []string{"urn:x:still"}
	if err := errors.Join(v.Update(&again), v.Update(&again, rotate), v.Update(&again), v.Deactivate(doc.ID)); err != nil {
		t.Errorf("control is lost: %v", err)
	}
}

func (w *world) simple(t *testing.T, v *ariesvdr.VDR) *diddoc.Doc {
	t.Helper()
	return must(v.Create(&diddoc.Doc{VerificationMethod: []diddoc.VerificationMethod{edMethod(t, "#k", 1)}}))(t).DIDDocument
}

// Rotations of one identifier at the same time stand one after the other, also when two registries share a keyring, of whose
// rotations only one can stand.
func TestRotationsAtOnce(t *testing.T) {
	for round := range 10 {
		w := newWorld(t)
		other := must(ariesvdr.New(w.m, realdid.NewRegistrar(w.m), w.ring, w.options()))(t)
		doc := w.simple(t, w.v)
		errs := make(chan error)
		for range 3 {
			go func() { errs <- w.v.Update(doc, rotate) }()
		}
		for range 3 {
			if err := <-errs; err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		}
		for _, v := range []*ariesvdr.VDR{w.v, other, other} {
			go func() { errs <- v.Update(doc, rotate) }()
		}
		for range 3 {
			<-errs
		}
		inControl(t, w.v, doc)
	}
}

// A rotation whose answers are lost is not forgotten over a change that was signed before it.
func TestLostRotationAmongOthers(t *testing.T) {
	w := newWorld(t)
	reg := &lossy{Registrar: realdid.NewRegistrar(w.m)}
	signers := &hooked{Signers: w.ring}
	v := must(ariesvdr.New(w.m, reg, signers, w.options()))(t)
	doc := w.simple(t, v)
	in, out, done := make(chan struct{}), make(chan struct{}), make(chan error)
	signers.signed = func(operation string) {
		if operation == "update" {
			signers.signed = nil
			close(in)
			<-out
		}
	}
	go func() {
		changed := *doc
		changed.AlsoKnownAs = []string{"urn:x:first"}
		done <- v.Update(&changed)
	}()
	<-in
	rotated := make(chan error)
	go func() { rotated <- v.Update(doc, rotate) }() // waits for the update
	close(out)
	if err := errors.Join(<-done, <-rotated); err != nil {
		t.Fatal(err)
	}
	reg.lose, reg.deliver = 3, true
	if err := v.Update(doc, rotate); err == nil || !did.AsError(err).Temporary() {
		t.Fatalf("all answers lost: got %v", err)
	}
	inControl(t, v, doc)
}

// Who waits for the change of somebody else waits no longer than a call may take.
func TestWaitEnds(t *testing.T) {
	w := newWorld(t)
	signers := &hooked{Signers: w.ring}
	v := must(ariesvdr.New(w.m, realdid.NewRegistrar(w.m), signers, w.options()))(t)
	doc := w.simple(t, v)
	in, out, done := make(chan struct{}), make(chan struct{}), make(chan error)
	signers.signed = func(string) { close(in); <-out }
	go func() { done <- v.Deactivate(doc.ID) }()
	<-in
	waiting := make(chan error)
	go func() { waiting <- v.Update(doc) }()
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-waiting; err == nil {
		t.Error("got no error")
	}
	close(out)
	<-done
}

// Signers who could not note that a change stands are told again before the next.
func TestRegisteredIsToldAgain(t *testing.T) {
	w := newWorld(t)
	signers, fails := &hooked{Signers: w.ring}, 0
	v := must(ariesvdr.New(w.m, realdid.NewRegistrar(w.m), signers, w.options()))(t)
	doc := w.simple(t, v)
	signers.registered = func() error {
		if fails == 0 {
			return nil
		}
		fails--
		return &did.Error{Code: did.InvalidOptions, Detail: "disk full"}
	}
	fails = 2
	if err := v.Update(doc, rotate); err == nil || !did.AsError(err).Temporary() {
		t.Errorf("got %v, want a temporary error", err)
	}
	if err := v.Update(doc, rotate); err == nil || !did.AsError(err).Temporary() {
		t.Errorf("a second time: got %v, want a temporary error", err)
	}
	if seq := w.state(t, doc.ID).Seq(); seq != 1 {
		t.Errorf("got %d operations after the create, want one", seq)
	}
	inControl(t, v, doc)
}

// A rotation that came to nothing leaves the keyring as it was.
func TestRotationToNothing(t *testing.T) {
	w := newWorld(t)
	reg := &lossy{Registrar: realdid.NewRegistrar(w.m)}
	v := must(ariesvdr.New(w.m, reg, w.ring, w.options()))(t)
	doc := w.simple(t, v)
	reg.refuse = true
	if err := v.Update(doc, rotate); err == nil || did.AsError(err).Temporary() {
		t.Errorf("got %v, want a final error", err)
	}
	reg.refuse = false
	inControl(t, v, doc)
}

// nothing answers without an answer; closing closes the registry meanwhile.
type nothing struct {
	did.Registrar
	tries   int
	closing *ariesvdr.VDR
}

func (n *nothing) Submit(context.Context, []byte, map[string][]byte) (*did.Registered, error) {
	n.tries++
	if n.closing != nil {
		return nil, n.closing.Close()
	}
	return nil, nil
}

func TestSubmitWithoutAnswer(t *testing.T) {
	w := newWorld(t)
	reg := &nothing{Registrar: realdid.NewRegistrar(w.m)}
	v := must(ariesvdr.New(w.m, reg, w.ring, w.options()))(t)
	if _, err := v.Create(&diddoc.Doc{}); err == nil || reg.tries != 3 {
		t.Errorf("got %v after %d tries, want an error after 3", err, reg.tries)
	}
	reg.tries, reg.closing = 0, v
	if _, err := v.Create(&diddoc.Doc{}); err == nil || reg.tries != 1 {
		t.Errorf("closed meanwhile: got %v after %d tries, want an error after one", err, reg.tries)
	}
}

// What is told of a rotation late, or twice, puts nothing in place of newer keys.
func TestRegisteredLate(t *testing.T) {
	ring, id := ariesvdr.NewKeyring(nil), did.MustParse("did:realdid:x")
	ring.Hold(id, must(keys.Generate(keys.Ed25519))(t), must(keys.Generate(keys.Ed25519))(t))
	late := must(ring.Begin(t.Context(), &did.Change{Operation: "rotate", DID: id}))(t)
	now, next := must(keys.Generate(keys.Ed25519))(t), must(keys.Generate(keys.Ed25519))(t)
	ring.Hold(id, now, next)
	for range 2 {
		if err := late.Registered(t.Context(), &did.Registered{DID: id, Operation: "rotate"}); err != nil {
			t.Fatal(err)
		}
		if control, _, _ := ring.Held(id); !control.Public().Equal(now.Public()) {
			t.Error("the keys of an older rotation are in control")
		}
	}
}
