// Quickstart shows the whole life of an identity on an embedded ledger: made, rotated, robbed, recovered, and shown in
// part all the while. It needs no network and leaves nothing behind.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

const realPerson, platform = "https://credentials.example/real-person", "https://platform.example"

// A holder has a seed on paper and, on the daily device, a control key and the key that its document names.
type holder struct {
	id                  did.DID
	seed                *realdid.Seed
	control, deviceKey  *keys.PrivateKey
	generation, devices uint32
}

func (h *holder) paper(ahead uint32) *keys.PrivateKey {
	return ok(h.seed.Control(keys.Ed25519, h.generation+ahead))
}

// device makes a key for the next device and the document that names it alone.
func (h *holder) device(p did.Purpose) (*keys.PrivateKey, realdid.Content) {
	key, name := ok(keys.Generate(keys.P256)), fmt.Sprint("key-", h.devices)
	h.devices++
	return key, realdid.Content{VerificationMethods: []realdid.VerificationMethod{{Fragment: name, Key: key.Public(), Purposes: p}}}
}

func create(ctx context.Context, m *realdid.Method, p did.Purpose, guardians ...realdid.Tier) *holder {
	h := &holder{seed: realdid.NewSeed()}
	h.control = h.paper(0)
	key, doc := h.device(p)
	res := ok(m.Create(ctx, &realdid.CreateRequest{
		Control: realdid.OneKey(h.control.Public()), Next: realdid.SHA256.Commit(h.paper(1).Public()), Recovery: guardians, Document: doc,
	}, h.control))
	h.id, h.deviceKey = res.DID, key
	return h
}

// rotate takes the paper out: the key on it becomes the control key, and the next one is committed to.
func (h *holder) rotate(ctx context.Context, m *realdid.Method, p did.Purpose, compromised map[string]uint64) {
	next := h.paper(1)
	key, doc := h.device(p)
	ok(m.Rotate(ctx, h.id, &realdid.RotateRequest{
		Reveal: []keys.PublicKey{next.Public()}, Next: realdid.SHA256.Commit(h.paper(2).Public()), Document: &doc, Compromised: compromised,
	}, next))
	h.control, h.deviceKey, h.generation = next, key, h.generation+1
}

func main() {
	dir := ok(os.MkdirTemp("", "realdid-quickstart-*"))
	tell(context.Background(), os.Stdout, dir)
	_ = ok(0, os.RemoveAll(dir))
}

func tell(ctx context.Context, out io.Writer, dir string) {
	say := func(format string, a ...any) { _ = ok(fmt.Fprintf(out, format+"\n", a...)) }
	now := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC) // a clock that the story sets forward
	clock := func() time.Time { return now }
	lg := ok(boltledger.Open(dir, realdid.Reducer(), &boltledger.Options{Clock: clock}))
	m := ok(realdid.New(lg, &realdid.Options{Clock: clock}))
	verifier := vc.NewVerifier(resolver.Keys{Resolver: m, Now: clock}, clock)

	bob, carol, dave := ok(keys.Generate(keys.Ed25519)), ok(keys.Generate(keys.Ed25519)), ok(keys.Generate(keys.Ed25519))
	guardians, cards := realdid.SHA256.NewTier(2, bob.Public(), carol.Public(), dave.Public())
	guardians.Vetoable = true
	authority, alice := create(ctx, m, did.AssertionMethod), create(ctx, m, did.Authentication, guardians)
	say("1  identities made\n   authority       %s\n   citizen         %s", authority.id, alice.id)

	issue := func() *sdjwt.Credential {
		return ok(sdjwt.Issue(ctx, sdjwt.Issuer{Signer: authority.deviceKey, Method: authority.id.WithFragment(fmt.Sprint("key-", authority.devices-1))},
			map[string]any{"vct": realPerson, "given_name": "Alice", "birthdate": "1990-05-17", "age_over_18": true},
			&sdjwt.IssueOptions{Disclosable: []string{"/given_name", "/birthdate", "/age_over_18"}, Holder: alice.id.URL(), IssuedAt: now}))
	}
	show := func(cred *sdjwt.Credential, device *keys.PrivateKey, fragment string) string {
		nonce := fmt.Sprint("nonce-", now.Unix())
		pres := ok(cred.Present(ctx, device, &sdjwt.PresentOptions{
			Reveal: []string{"/age_over_18"}, Audience: platform, Nonce: nonce, IssuedAt: now, Method: alice.id.WithFragment(fragment),
		}))
		got, _, err := verifier.Verify(ctx, sdjwt.Received(pres.Bytes()), &vc.Expect{
			Issuers: []did.DID{authority.id}, Types: []string{realPerson}, Audience: platform, Nonce: nonce,
		})
		if err != nil {
			return "refused: " + err.Error()
		}
		claims := got.Claims()
		for _, name := range []string{"iss", "iat", "cnf", "vct"} {
			delete(claims, name)
		}
		return "valid: " + string(ok(json.Marshal(claims)))
	}
	cred := issue()
	say("2  real-person credential issued: given_name, birthdate, age_over_18")
	say("3  presented to a platform, age_over_18 alone\n   platform learns %s", show(cred, alice.deviceKey, "key-0"))

	now = now.Add(24 * time.Hour)
	authority.rotate(ctx, m, did.AssertionMethod, nil)
	say("4  key retired by the authority\n   old credential  %s", show(cred, alice.deviceKey, "key-0"))

	thief := holder{control: alice.control, deviceKey: alice.deviceKey} // everything that the phone stores
	now = now.Add(24 * time.Hour)
	alice.rotate(ctx, m, did.Authentication, nil)
	say("5  phone stolen, keys rotated from paper\n   new phone       %s", show(cred, alice.deviceKey, "key-1"))
	say("   thief presents  %s", show(cred, thief.deviceKey, "key-0"))
	_, err := m.Rotate(ctx, alice.id, &realdid.RotateRequest{
		Reveal: []keys.PublicKey{thief.control.Public()}, Next: realdid.SHA256.Commit(thief.deviceKey.Public()),
	}, thief.control)
	say("   thief rotates   refused: %v", err)

	phone, doc := alice.device(did.Authentication) // the second phone is lost too, and so is the paper
	control, paper := ok(keys.Generate(keys.Ed25519)), ok(keys.Generate(keys.Ed25519))
	ok(m.Recover(ctx, alice.id, &realdid.RecoverRequest{
		Reveal: cards[:2], Control: realdid.OneKey(control.Public()), Next: realdid.SHA256.Commit(paper.Public()), Document: doc,
	}, bob, carol, control))
	_, err = m.CancelByNext(ctx, alice.id, []keys.PublicKey{alice.control.Public()}, realdid.SHA256.Commit(thief.control.Public()), false, alice.control)
	say("6  phone and paper lost, two of three guardians recover\n   finder cancels  refused: %v", err)
	say("   third phone     %s", show(cred, phone, "key-2"))
	now = now.Add(realdid.DefaultDelay)
	say("   72 hours later  %s", show(cred, phone, "key-2"))

	bad := issue()
	authority.rotate(ctx, m, did.AssertionMethod, map[string]uint64{"key-1": 1})
	say("7  key declared compromised by the authority\n   its credential  %s", show(bad, phone, "key-2"))
	_ = ok(0, lg.Close())
}

func ok[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}
