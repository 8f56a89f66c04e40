package dataintegrity

import (
	"context"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// Cryptosuite is one way to make and to check the proofValue of a DataIntegrityProof (Data Integrity 1.0, section 3). Implementations are
// values without state, safe for concurrent use; parameters of making or checking a proof are fields of theirs. All errors of VerifyProof,
// Algorithm and the methods of [Selective] are a *vc.Fault, those of CreateProof need not be.
type Cryptosuite interface {
	// Name is the value of cryptosuite: "eddsa-jcs-2022".
	Name() string
	// CreateProof signs and returns the proofValue, with its Multibase prefix. The proofValue of in.Proof is empty.
	CreateProof(ctx context.Context, in *Input, signer keys.Signer) (proofValue string, err error)
	// Algorithm returns the algorithm that the key of this proofValue must have.
	Algorithm(proofValue string) (keys.Algorithm, error)
	// VerifyProof checks in.Proof.Value. A base proof of a [Selective] suite is an error here.
	VerifyProof(in *Input, key keys.PublicKey) error
}

// Selective is a Cryptosuite whose issuer makes base proofs, which only the holder sees, and whose holder derives from them documents
// that say less, with derived proofs, which verifiers check.
type Selective interface {
	Cryptosuite
	// IsBase tells a base proof from a derived one by the proofValue.
	IsBase(proofValue string) (bool, error)
	// Derive makes a derived proof of in.Proof, which is a base proof, over what reveal selects (JSON Pointers into in.Document)
	// beside what the issuer made mandatory. The members of the proof other than proofValue stay the same.
	Derive(ctx context.Context, in *Input, reveal []string) (*Derived, error)
}

// BaseVerifier is a Selective suite that checks a base proof as it stands. Without it the holder who checks what the issuer sent
// derives a proof that discloses everything, and checks that.
type BaseVerifier interface {
	Selective
	// VerifyBase checks in.Proof.Value, which is a base proof. All errors are a *vc.Fault.
	VerifyBase(in *Input, key keys.PublicKey) error
}

// Unlinkable is a Selective suite whose derived proofs do not tell by themselves that they are of one base proof. The other members of
// a proof are the same in all of them: for such a suite no time is in created unless ProofOptions.Created is set.
type Unlinkable interface {
	Selective
	// Unlinkable does nothing.
	Unlinkable()
}

// Derived is what [Selective].Derive makes.
type Derived struct {
	Document   strictjson.Value // a view of Input.Document, without a proof
	ProofValue string
}

// Input is what a Cryptosuite signs or checks: a document, and one proof of it.
type Input struct {
	// Document is the document without its proofs, or with those alone that this proof names in previousProof, always as an array (Data
	// Integrity 1.0, sections 4.3 and 4.5).
	Document strictjson.Value
	Proof    *Proof
	Contexts *jsonld.Contexts // never nil
}

// ProofConfiguration returns the proof's members without proofValue and with the @context of the document: what suites that
// canonicalize RDF hash beside the document (for instance EdDSA Cryptosuites 1.0, section 3.2.5).
func (in *Input) ProofConfiguration() strictjson.Value {
	options := in.Proof.Options()
	members := make([]strictjson.Member, 0, len(options.Members())+1)
	if c, ok := in.Document.Get(memberContext); ok {
		members = append(members, strictjson.Member{Name: memberContext, Value: c})
	}
	for _, m := range options.Members() {
		if m.Name != memberContext {
			members = append(members, m)
		}
	}
	return options.WithMembers(members)
}
