// Package vcgo exchanges credentials with vc-go of TrustBloc, the successor of Aries: Data Integrity proofs over RDF, and Bitstring Status
// Lists. It is a module of its own because vc-go replaces modules that others here need in another version.
package vcgo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/piprate/json-gold/ld"
	didgo "github.com/trustbloc/did-go/doc/did"
	"github.com/trustbloc/did-go/method/key"
	"github.com/trustbloc/did-go/vdr"
	"github.com/trustbloc/kms-go/doc/jose/jwk"
	"github.com/trustbloc/kms-go/kms"
	"github.com/trustbloc/kms-go/secretlock/noop"
	kmsapi "github.com/trustbloc/kms-go/spi/kms"
	wrapperapi "github.com/trustbloc/kms-go/wrapper/api"
	"github.com/trustbloc/kms-go/wrapper/localsuite"
	theirs "github.com/trustbloc/vc-go/dataintegrity"
	"github.com/trustbloc/vc-go/dataintegrity/models"
	"github.com/trustbloc/vc-go/dataintegrity/suite/ecdsa2019"
	"github.com/trustbloc/vc-go/dataintegrity/suite/eddsa2022"
	"github.com/trustbloc/vc-go/legacy/mock/storage"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

func TestMain(m *testing.M) { matrix.Main(m) }

// exchanged is how many credentials go each way.
const exchanged = 60

func row(t *testing.T, what string, d matrix.Direction) matrix.Row {
	t.Helper()
	return matrix.Row{Peer: "TrustBloc vc-go", Version: matrix.ModuleVersion(t, "github.com/trustbloc/vc-go"), What: what, Direction: d}
}

func differing(t *testing.T, what string, d matrix.Direction, differ, right string) *matrix.Recording {
	t.Helper()
	r := row(t, what, d)
	r.Differ, r.Right = differ, right
	return matrix.Record(t, r)
}

var (
	created  = time.Date(2024, 3, 1, 10, 0, 0, 0, time.UTC)
	now      = time.Date(2024, 4, 1, 10, 0, 0, 0, time.UTC)
	clock    = func() time.Time { return now }
	verifier = vc.NewVerifier(resolver.Keys{Resolver: didkey.Resolver{Now: clock}, Now: clock}, clock)
	registry = vdr.New(vdr.WithVDR(key.New()))
)

// contexts gives their JSON-LD processor the contexts that ours knows.
type contexts struct{}

func (contexts) LoadDocument(url string) (*ld.RemoteDocument, error) {
	b, ok := jsonld.Embedded().Bytes(url)
	if !ok {
		return nil, fmt.Errorf("no context %s", url)
	}
	doc, err := ld.DocumentFromReader(bytes.NewReader(b))
	return &ld.RemoteDocument{DocumentURL: url, Document: doc}, err
}

// suites are what both sides have.
var suites = []struct {
	name   string
	ours   keys.Algorithm
	theirs kmsapi.KeyType
}{
	{eddsa2022.SuiteType, keys.Ed25519, kmsapi.ED25519},
	{ecdsa2019.SuiteTypeNew, keys.P256, kmsapi.ECDSAP256IEEEP1363},
	{ecdsa2019.SuiteTypeNew, keys.P384, kmsapi.ECDSAP384IEEEP1363},
}

// peer is their key management, signer and verifier.
type peer struct {
	kms      wrapperapi.KMSCrypto
	signer   *theirs.Signer
	verifier *theirs.Verifier
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	provider, err := kms.NewAriesProviderWrapper(storage.NewMockStoreProvider())
	must(err)
	local, err := localsuite.NewLocalCryptoSuite("local-lock://custom/master/key/", provider, &noop.NoLock{})
	must(err)
	p := &peer{}
	p.kms, err = local.KMSCrypto()
	must(err)
	p.signer, err = theirs.NewSigner(&theirs.Options{DIDResolver: registry},
		eddsa2022.NewSignerInitializer(&eddsa2022.SignerInitializerOptions{LDDocumentLoader: contexts{}, SignerGetter: eddsa2022.WithKMSCryptoWrapper(p.kms)}),
		ecdsa2019.NewSignerInitializer(&ecdsa2019.SignerInitializerOptions{LDDocumentLoader: contexts{}, SignerGetter: ecdsa2019.WithKMSCryptoWrapper(p.kms)}))
	must(err)
	p.verifier, err = theirs.NewVerifier(&theirs.Options{DIDResolver: registry},
		eddsa2022.NewVerifierInitializer(&eddsa2022.VerifierInitializerOptions{LDDocumentLoader: contexts{}}),
		ecdsa2019.NewVerifierInitializer(&ecdsa2019.VerifierInitializerOptions{LDDocumentLoader: contexts{}}))
	must(err)
	return p
}

// newKey makes a key there and returns its public half as ours. The JWK is its name there.
func (p *peer) newKey(t *testing.T, i int) (*jwk.JWK, keys.PublicKey) {
	t.Helper()
	j, err := p.kms.Create(suites[i%len(suites)].theirs)
	if err != nil {
		t.Fatal(err)
	}
	k, err := keys.FromStandard(j.JSONWebKey.Key)
	if err != nil {
		t.Fatal(err)
	}
	return j, k
}

// sign adds a proof there, by the suite of i.
func (p *peer) sign(t *testing.T, i int, document []byte, j *jwk.JWK, k keys.PublicKey) []byte {
	t.Helper()
	return p.signWith(t, document, j, k, models.ProofOptions{SuiteType: suites[i%len(suites)].name, Purpose: theirs.AssertionMethod, Created: created})
}

func (p *peer) signWith(t *testing.T, document []byte, j *jwk.JWK, k keys.PublicKey, opt models.ProofOptions) []byte {
	t.Helper()
	vm, err := didgo.NewVerificationMethodFromJWK(k.DIDKeyURL(), "JsonWebKey2020", k.DIDKey(), j)
	if err != nil {
		t.Fatal(err)
	}
	opt.VerificationMethod, opt.VerificationMethodID, opt.ProofType = vm, k.DIDKeyURL(), models.DataIntegrityProof
	signed, err := p.signer.AddProof(document, &opt)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// check checks the proofs there, as a verifier that resolves the key does.
func (p *peer) check(document []byte) error {
	return p.verifier.VerifyProof(document, &models.ProofOptions{Purpose: theirs.AssertionMethod, ProofType: models.DataIntegrityProof})
}

// verify verifies here as somebody who asks for no holder.
func verify(t *testing.T, p vc.Presentation, issuer keys.PublicKey, change func(*vc.Expect)) (*vc.Verified, error) {
	t.Helper()
	e := &vc.Expect{Issuers: []did.DID{didkey.Of(issuer)}, InsecureAnyType: true, InsecureNoHolderBinding: true}
	if change != nil {
		change(e)
	}
	got, _, err := verifier.Verify(t.Context(), p, e)
	return got, err
}

// allKeys finds the keys of did:key.
var allKeys = resolver.Keys{Resolver: didkey.Resolver{Now: clock}, Now: clock}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func text(r *rand.Rand) string {
	return []string{"Wert", "\"quoted\" \\ text", "数量 ☃", "a~b.c", "</script>\u2028", "line\nend\ttab"}[r.IntN(6)] + fmt.Sprint(" ", r.IntN(1_000_000))
}

// graduate makes a credential of the data model 2.0.
func graduate(i int, issuer string) map[string]any {
	r := rand.New(rand.NewPCG(uint64(i), 4))
	subject := map[string]any{
		"id": fmt.Sprintf("did:example:graduate-%d", i), "name": text(r),
		"degree": map[string]any{"type": "ExampleBachelorDegree", "name": text(r)},
	}
	if i%2 == 0 {
		subject["alumniOf"] = map[string]any{"id": "did:example:school", "name": []any{
			map[string]any{"@value": text(r), "@language": "en"}, map[string]any{"@value": text(r), "@language": "de"},
		}}
	}
	m := map[string]any{
		"@context": []any{"https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"},
		"type":     []any{"VerifiableCredential", "ExampleDegreeCredential"}, "issuer": issuer, "credentialSubject": subject,
	}
	if i%3 == 0 {
		m["id"], m["validFrom"], m["validUntil"] = fmt.Sprintf("urn:example:%d", i), "2024-01-01T00:00:00Z", "2030-01-01T00:00:00+01:00"
	}
	if i%5 == 0 {
		m["issuer"] = map[string]any{"id": issuer, "name": text(r), "description": map[string]any{"@value": text(r), "@language": "en"}}
	}
	return m
}
