package ariesvdr_test

import (
	"testing"
	"time"

	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	"github.com/hyperledger/aries-framework-go/pkg/doc/util"
	"github.com/hyperledger/aries-framework-go/pkg/doc/verifiable"
	ariescontext "github.com/hyperledger/aries-framework-go/pkg/framework/context"
	"github.com/hyperledger/aries-framework-go/pkg/kms"
)

// kmsJWS signs with a key of the agent's key manager.
type kmsJWS struct {
	agent *ariescontext.Provider
	key   string
}

func (s kmsJWS) Sign(data []byte) ([]byte, error) {
	handle, err := s.agent.KMS().Get(s.key)
	if err != nil {
		return nil, err
	}
	return s.agent.Crypto().Sign(data, handle)
}

func (s kmsJWS) Alg() string { return "EdDSA" }

// One agent issues a credential under its identifier, another verifies it with the key that it finds; once the key is retired, it
// finds none.
func TestCredentialBetweenAgents(t *testing.T) {
	w := newWorld(t)
	issuer := w.agent(t)
	keyID, raw, err := issuer.KMS().CreateAndExportPubKeyBytes(kms.ED25519Type)
	if err != nil {
		t.Fatal(err)
	}
	m := diddoc.NewVerificationMethodFromBytes("#issue", "Ed25519VerificationKey2018", "", raw)
	doc := must(issuer.VDRegistry().Create("realdid", &diddoc.Doc{VerificationMethod: []diddoc.VerificationMethod{*m}}))(t).DIDDocument

	credential := &verifiable.Credential{
		Context: []string{"https://www.w3.org/2018/credentials/v1"}, Types: []string{"VerifiableCredential"}, ID: "urn:uuid:1",
		Issuer: verifiable.Issuer{ID: doc.ID}, Issued: util.NewTime(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), Subject: verifiable.Subject{ID: "did:example:holder"},
	}
	claims := must(credential.JWTClaims(false))(t)
	jws := must(claims.MarshalJWS(verifiable.EdDSA, kmsJWS{issuer, keyID}, doc.ID+"#issue"))(t)

	verifier := w.another(t)
	verify := func(token string) error {
		_, err := verifiable.ParseCredential([]byte(token), verifiable.WithJSONLDDocumentLoader(verifier.JSONLDDocumentLoader()),
			verifiable.WithPublicKeyFetcher(verifiable.NewVDRKeyResolver(verifier.VDRegistry()).PublicKeyFetcher()))
		return err
	}
	if err := verify(jws); err != nil {
		t.Fatalf("verify: %v", err)
	}
	if err := verify(jws[:len(jws)-8] + "AAAAAAAA"); err == nil {
		t.Error("an altered signature was accepted")
	}
	w.now = w.now.Add(time.Minute)
	other := signing(t, issuer, doc.ID+"#other")
	doc.VerificationMethod = nil
	doc.Authentication = []diddoc.Verification{*diddoc.NewReferencedVerification(&other, diddoc.Authentication)}
	doc.AssertionMethod = nil
	if err := issuer.VDRegistry().Update(doc); err != nil {
		t.Fatal(err)
	}
	if err := verify(jws); err == nil {
		t.Error("accepted with a key that is retired")
	}
}

func BenchmarkRead(b *testing.B) {
	w := newWorld(b)
	id := w.create(b, rich(b))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.v.Read(id); err != nil {
			b.Fatal(err)
		}
	}
}
