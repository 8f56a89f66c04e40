package realdid_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

type descriptorVector struct {
	Name    string   `json:"name"`
	File    string   `json:"file"`
	Digest  hexBytes `json:"digest"`
	ChainID string   `json:"chainId"`
}

type badDescriptorVector struct {
	Fault string `json:"name"`
	File  string `json:"file"`
	Error string `json:"error"`
}

// rootKey is root key n; their Multikeys ascend with n.
func rootKey(n int) *keys.PrivateKey { return sortedRoots()[n] }

func sortedRoots() []*keys.PrivateKey {
	ks := []*keys.PrivateKey{ed(900), ed(901), ed(902), ed(903), ed(904)}
	for i := range ks {
		for j := range i {
			if ks[i].Public().Multikey() < ks[j].Public().Multikey() {
				ks[i], ks[j] = ks[j], ks[i]
			}
		}
	}
	return ks
}

// domain is the body of a first descriptor: root keys 0 to 2, of whom two sign, four witnesses and one auditor.
func domain(t testing.TB) *realdid.DescriptorBody {
	t.Helper()
	b := &realdid.DescriptorBody{
		Version: 1, Domain: "main", Roots: realdid.RootKeys{Threshold: 2},
		Ledgers: []realdid.LedgerEntry{{
			Home: "main", Origin: testOrigin, Log: noteSigner(t, testOrigin, proof.LogEd25519).Verifier(), URLs: []string{"https://ledger.example/"},
		}},
		Quorum: realdid.DomainQuorum{Witnesses: realdid.RoleQuorum{Need: 3, Faulty: 1}, Auditors: realdid.RoleQuorum{Need: 1}},
		Limits: realdid.DomainLimits{ClockSkew: 300, MaxAge: 86400},
	}
	for n := range 3 {
		b.Roots.Keys = append(b.Roots.Keys, rootKey(n).Public().Multikey())
	}
	for i, role := range []string{"witness", "witness", "witness", "witness", "auditor"} {
		name := "d" + string(rune('a'+i)) + ".example"
		b.Cosigners = append(b.Cosigners, realdid.CosignerEntry{
			Key: noteSigner(t, name, proof.CosignatureEd25519).Verifier(), Role: role, URL: "https://" + name + "/",
		})
	}
	return b
}

// endedDomain has a second ledger, which has ended.
func endedDomain(t testing.TB) *realdid.DescriptorBody {
	t.Helper()
	b := domain(t)
	b.Ledgers = append(b.Ledgers, realdid.LedgerEntry{
		Home: "second", Origin: secondOrigin, Log: noteSigner(t, secondOrigin, proof.LogEd25519).Verifier(),
		Final: &realdid.FinalCheckpoint{Size: 7, Root: proof.Hash{1}}, Successor: "main",
	})
	return b
}

func signDescriptor(t testing.TB, b *realdid.DescriptorBody, roots ...int) *realdid.Descriptor {
	t.Helper()
	var by []keys.Signer
	for _, n := range roots {
		by = append(by, rootKey(n))
	}
	d, err := realdid.SignDescriptor(t.Context(), b, by...)
	ok(t, "sign descriptor", err)
	return d
}

// rotated adds a cosigner and replaces root key 0 by 3.
func rotated(t testing.TB, d *realdid.Descriptor) *realdid.DescriptorBody {
	t.Helper()
	next := d.Successor()
	next.Roots.Keys = []string{rootKey(1).Public().Multikey(), rootKey(2).Public().Multikey(), rootKey(3).Public().Multikey()}
	next.Cosigners = append(next.Cosigners, realdid.CosignerEntry{Key: noteSigner(t, "mirror.example", proof.CosignatureEd25519).Verifier(), Role: "mirror"})
	return next
}

func TestDescriptor(t *testing.T) {
	d := signDescriptor(t, domain(t), 0, 2)
	again := must(realdid.ParseDescriptor(d.Bytes()))(t)
	if again.Digest() != d.Digest() || again.Sequence != 0 || again.Key() != d.ChainID()+":descriptor" || len(d.ChainID()) != 52 {
		t.Errorf("got %x %s", again.Digest(), again.Key())
	}
	ok(t, "key", ledger.CheckKey(d.Key()))
	trust := must(d.Trust("main"))(t)
	if q := trust.Quorum; trust.Origin != testOrigin || q.Witnesses != 3 || q.Auditors != 1 || q.Mirrors != 0 || len(trust.Cosigners) != 5 || trust.MaxClockSkew != 5*time.Minute {
		t.Errorf("got %+v", trust)
	}
	if _, err := d.Trust("other"); !errors.Is(err, realdid.ErrDescriptor) {
		t.Errorf("another ledger: got %v", err)
	}
	if _, err := d.Trust(""); err != nil {
		t.Errorf("main: %v", err)
	}
	if ledgers := d.Trusted(); len(ledgers) != 1 || ledgers[0].Network != (realdid.Network{Domain: "main", Home: "main"}) {
		t.Errorf("got %+v", ledgers)
	}
	_, err := realdid.NewVerifier(d.Trusted(), nil)
	ok(t, "verifier", err)

	pinned := func(threshold int, ns ...int) realdid.KeySet {
		set := realdid.KeySet{Threshold: threshold}
		for _, n := range ns {
			set.Keys = append(set.Keys, rootKey(n).Public())
		}
		return set
	}
	ok(t, "pinned", d.SignedBy(pinned(2, 0, 1, 2)))
	for name, set := range map[string]realdid.KeySet{"nobody": {}, "others": pinned(1, 3, 4), "too few": pinned(2, 0, 1), "more than signed": pinned(3, 0, 1, 2)} {
		if err := d.SignedBy(set); !errors.Is(err, realdid.ErrDescriptor) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	// The same, with signatures that were collected on other devices.
	input := must(domain(t).SigningInput())(t)
	sigs := map[string][]byte{}
	for _, n := range []int{0, 1} {
		sig, err := rootKey(n).Sign(t.Context(), input)
		ok(t, "sign", err)
		sigs[rootKey(n).Public().Multikey()] = sig
	}
	if e := must(realdid.AssembleDescriptor(domain(t), sigs))(t); e.Digest() != d.Digest() || bytes.Equal(e.Bytes(), d.Bytes()) {
		t.Error("who signs changes the digest")
	}
	if _, err := realdid.SignDescriptor(t.Context(), domain(t), failingSigner{rootKey(0)}); !errors.Is(err, errSigner) {
		t.Errorf("a signer that fails: got %v", err)
	}
}

// descriptorFiles are the good vectors.
func descriptorFiles(t *testing.T) []*realdid.Descriptor {
	first := signDescriptor(t, domain(t), 0, 1)
	second := signDescriptor(t, rotated(t, first), 0, 1, 2)
	return []*realdid.Descriptor{first, second, signDescriptor(t, endedDomain(t), 0, 1)}
}

func TestDescriptorVectors(t *testing.T) {
	var made []descriptorVector
	for i, d := range descriptorFiles(t) {
		digest := d.Digest()
		made = append(made, descriptorVector{[]string{"first", "after a rotation of root keys", "with a ledger that has ended"}[i], string(d.Bytes()), digest[:], d.ChainID()})
	}
	compareVectors(t, "descriptors", made)
	for _, v := range readVectors[descriptorVector](t, "descriptors") {
		d, err := realdid.ParseDescriptor([]byte(v.File))
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		if got := d.Digest(); !bytes.Equal(got[:], v.Digest) || d.ChainID() != v.ChainID {
			t.Errorf("%s: got %x %s", v.Name, got, d.ChainID())
		}
	}
	compareVectors(t, "bad-descriptors", badDescriptors(t))
	names := map[string]bool{}
	for _, v := range readVectors[badDescriptorVector](t, "bad-descriptors") {
		if names[v.Fault] {
			t.Errorf("%s: twice", v.Fault)
		}
		names[v.Fault] = true
		if _, err := realdid.ParseDescriptor([]byte(v.File)); !errors.Is(err, realdid.ErrDescriptor) || !strings.Contains(err.Error(), v.Error) {
			t.Errorf("%s: got %v, want %q", v.Fault, err, v.Error)
		}
	}
}

// badDescriptors are signed by enough root keys, unless that is the fault.
func badDescriptors(t *testing.T) []badDescriptorVector {
	var out []badDescriptorVector
	raw := func(fault, text, file string) { out = append(out, badDescriptorVector{fault, file, text}) }
	good := string(signDescriptor(t, domain(t), 0, 1).Bytes())
	bad := func(fault, text string, change func(b *realdid.DescriptorBody)) {
		b := domain(t)
		change(b)
		raw(fault, text, signAnyway(t, b, 0, 1))
	}
	raw("empty", "descriptor: ", "")
	raw("no object", "descriptor", "[]")
	raw("nothing in it", "says nothing", `{"descriptor":null,"signatures":[]}`)
	raw("a space", "not the canonical JSON", strings.Replace(good, ",", ", ", 1))
	raw("a newline at the end", "not the canonical JSON", good+"\n")
	raw("a member twice", "duplicate", strings.Replace(good, `"domain":"main"`, `"domain":"main","domain":"main"`, 1))
	raw("a member in another case", "not the canonical JSON", strings.Replace(good, `"domain"`, `"Domain"`, 1))
	raw("an unknown member", "unknown field", strings.Replace(good, `"domain":"main"`, `"domain":"main","extra":1`, 1))
	raw("one character of what is signed", "signature 0", strings.Replace(good, `"maxAge":86400`, `"maxAge":86401`, 1))
	raw("signed by one of two", "weight 1 signed, threshold 2", signAnyway(t, domain(t), 0))
	raw("signed by nobody", "weight 0 signed, threshold 2", signAnyway(t, domain(t)))
	raw("signed by others", "weight 0 signed, threshold 2", signAnyway(t, domain(t), 3, 4))
	raw("signatures out of order", "do not ascend", swapSignatures(t, good))
	bad("version 2", "version 2", func(b *realdid.DescriptorBody) { b.Version = 2 })
	bad("domain is no name", "domain", func(b *realdid.DescriptorBody) { b.Domain = "A" })
	bad("first with a predecessor", "but the first", func(b *realdid.DescriptorBody) { b.Previous = strings.Repeat("a", 52) })
	bad("later without a chain", "but the first", func(b *realdid.DescriptorBody) { b.Sequence, b.Previous = 1, strings.Repeat("a", 52) })
	bad("digest with pad bits", "52 characters", func(b *realdid.DescriptorBody) {
		b.Sequence, b.ID, b.Previous = 1, strings.Repeat("a", 52), strings.Repeat("a", 51)+"b"
	})
	bad("no root keys", "threshold 2 of 0", func(b *realdid.DescriptorBody) { b.Roots.Keys = []string{} })
	bad("root threshold of nobody", "threshold 0", func(b *realdid.DescriptorBody) { b.Roots.Threshold = 0 })
	bad("root threshold that cannot be met", "threshold 4 of 3", func(b *realdid.DescriptorBody) { b.Roots.Threshold = 4 })
	bad("root key twice", "do not ascend", func(b *realdid.DescriptorBody) { b.Roots.Keys[1] = b.Roots.Keys[0] })
	bad("root key that cannot sign", "none that signs", func(b *realdid.DescriptorBody) { b.Roots.Keys[0] = testKey(keys.X25519, 1).Public().Multikey() })
	bad("root key that cosigns", "that of a log or cosigner", func(b *realdid.DescriptorBody) {
		b.Cosigners[0].Key = must(proof.NewVerifierKey("x", proof.CosignatureEd25519, rootKey(0).Public().Bytes()))(t)
	})
	end := func(fault, text string, change func(b *realdid.DescriptorBody)) {
		b := endedDomain(t)
		change(b)
		raw(fault, text, signAnyway(t, b, 0, 1))
	}
	end("successor of a ledger that goes on", "has not ended", func(b *realdid.DescriptorBody) { b.Ledgers[1].Final = nil })
	end("final checkpoint of no leaves", "final: size", func(b *realdid.DescriptorBody) { b.Ledgers[1].Final.Size = 0 })
	end("final checkpoint over 63 bits", "final: size", func(b *realdid.DescriptorBody) { b.Ledgers[1].Final.Size = 1 << 63 })
	end("the first ledger has ended", "keeps the descriptors", func(b *realdid.DescriptorBody) {
		b.Ledgers[0], b.Ledgers[1] = b.Ledgers[1], b.Ledgers[0]
		b.Ledgers[0].Successor = "main"
	})
	end("successor that is not there", "not another ledger", func(b *realdid.DescriptorBody) { b.Ledgers[1].Successor = "third" })
	end("successor of itself", "not another ledger", func(b *realdid.DescriptorBody) { b.Ledgers[1].Successor = "second" })
	bad("no ledger", "0 ledgers", func(b *realdid.DescriptorBody) { b.Ledgers = []realdid.LedgerEntry{} })
	bad("ledger twice", "of another", func(b *realdid.DescriptorBody) { b.Ledgers = append(b.Ledgers, b.Ledgers[0]) })
	bad("home is no name", "home: not a name", func(b *realdid.DescriptorBody) { b.Ledgers[0].Home = "" })
	bad("url of another scheme", "not http or https", func(b *realdid.DescriptorBody) { b.Ledgers[0].URLs[0] = "file:///etc" })
	bad("url of a cosigner", "not http or https", func(b *realdid.DescriptorBody) { b.Cosigners[0].URL = "ftp://x" })
	bad("unknown role", "role", func(b *realdid.DescriptorBody) { b.Cosigners[0].Role = "watcher" })
	bad("one key in two roles", "shares its name or its key", func(b *realdid.DescriptorBody) { b.Cosigners[4].Key = b.Cosigners[0].Key })
	bad("cosigner has the log's key", "has the log's", func(b *realdid.DescriptorBody) {
		b.Cosigners[0].Key = must(proof.NewVerifierKey("x", proof.CosignatureEd25519, b.Ledgers[0].Log.Public()))(t)
	})
	bad("quorum above the number of cosigners", "quorum of 5", func(b *realdid.DescriptorBody) { b.Quorum.Witnesses.Need = 5 })
	bad("quorums without an honest one in common", "need not share an honest one", func(b *realdid.DescriptorBody) { b.Quorum.Witnesses.Faulty = 2 })
	bad("quorum of half", "need not share an honest one", func(b *realdid.DescriptorBody) { b.Quorum.Witnesses = realdid.RoleQuorum{Need: 2} })
	bad("quorum of auditors with a faulty one", "need not share an honest one", func(b *realdid.DescriptorBody) { b.Quorum.Auditors.Faulty = 1 })
	bad("no witness is needed", "no witness is needed", func(b *realdid.DescriptorBody) { b.Quorum.Witnesses = realdid.RoleQuorum{} })
	bad("no auditor is needed", "no auditor is needed", func(b *realdid.DescriptorBody) { b.Quorum.Auditors = realdid.RoleQuorum{} })
	bad("faulty mirrors of which none is needed", "may be faulty", func(b *realdid.DescriptorBody) { b.Quorum.Mirrors.Faulty = 1 })
	bad("negative number of faulty ones", "may be faulty", func(b *realdid.DescriptorBody) { b.Quorum.Witnesses.Faulty = -1 })
	bad("clock skew of nothing", "limits", func(b *realdid.DescriptorBody) { b.Limits.ClockSkew = 0 })
	bad("clock skew of more than an hour", "limits", func(b *realdid.DescriptorBody) { b.Limits.ClockSkew = 3601 })
	bad("age of more than a year", "limits", func(b *realdid.DescriptorBody) { b.Limits.MaxAge = 366*86400 + 1 })
	return out
}

// signAnyway signs a body that the package refuses, by SPEC.md section 10.2.
func signAnyway(t *testing.T, b *realdid.DescriptorBody, roots ...int) string {
	t.Helper()
	body := canonicalText(t, b)
	sigs := []map[string]any{}
	for _, n := range roots {
		sig, err := rootKey(n).Sign(t.Context(), []byte("realdid/descriptor/v1\x00"+body))
		ok(t, "sign", err)
		sigs = append(sigs, map[string]any{"key": rootKey(n).Public().Multikey(), "value": base64url(sig)})
	}
	return `{"descriptor":` + body + `,"signatures":` + canonicalText(t, sigs) + `}`
}

func swapSignatures(t *testing.T, file string) string {
	t.Helper()
	var v struct {
		Descriptor json.RawMessage   `json:"descriptor"`
		Signatures []json.RawMessage `json:"signatures"`
	}
	ok(t, "read", json.Unmarshal([]byte(file), &v))
	v.Signatures[0], v.Signatures[1] = v.Signatures[1], v.Signatures[0]
	return string(must(json.Marshal(v))(t))
}

func TestEveryMutantOfADescriptorIsRefused(t *testing.T) {
	file := signDescriptor(t, domain(t), 0, 1).Bytes()
	for i := range file {
		for _, flip := range []byte{0x01, 0x20} {
			if raceEnabled && i%7 != 0 {
				continue
			}
			mutant := bytes.Clone(file)
			mutant[i] ^= flip
			if _, err := realdid.ParseDescriptor(mutant); err == nil {
				t.Errorf("byte %d of %d flipped with %#x: accepted", i, len(file), flip)
			}
		}
	}
}

func FuzzParseDescriptor(f *testing.F) {
	f.Add(signDescriptor(f, domain(f), 0, 1).Bytes())
	f.Add([]byte(`{"descriptor":{},"signatures":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := realdid.ParseDescriptor(b)
		if err != nil {
			if !errors.Is(err, realdid.ErrDescriptor) {
				t.Fatalf("got %v", err)
			}
			return
		}
		if !bytes.Equal(d.Bytes(), b) {
			t.Fatal("other bytes")
		}
		if _, err := realdid.NewVerifier(d.Trusted(), nil); err != nil {
			t.Fatalf("a descriptor that cannot be trusted: %v", err)
		}
	})
}

// newChainLedger is a ledger that admits by the method.
func newChainLedger(clock func() time.Time) *memledger.Ledger {
	return memledger.New(realdid.Reducer(), &memledger.Options{Clock: clock})
}
