package dataintegrity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/vcdm"
)

// Issuer is who signs.
type Issuer struct {
	Signer keys.Signer
	// Method is the DID URL of the signer's verification method. Its DID must be the issuer that the credential names.
	Method did.URL
}

// IssueOptions say how a credential is secured. nil is the zero value.
type IssueOptions struct {
	// Cryptosuite signs; nil means eddsa-rdfc-2022 for keys of Ed25519 and ecdsa-rdfc-2019 for P-256 and P-384. What only some suites
	// know is a field of the suite, such as the mandatory pointers of selective disclosure.
	Cryptosuite Cryptosuite

	ID      string    // a URL by which a later proof may refer to this one; "" leaves it out
	Created time.Time // whole seconds; zero means now, and none for an [Unlinkable] suite
	Undated bool      // leaves created out: the signature then counts for as long as the key is in service
	Expires time.Time // of the proof; zero leaves it out. Of the credential it is validUntil

	// PreviousProof are the ids of proofs of the credential that this one covers too, which makes a proof chain.
	PreviousProof []string

	// Contexts are the JSON-LD contexts that are known; nil means jsonld.Embedded().
	Contexts *jsonld.Contexts
}

// Issue secures a credential of the W3C data model, 2.0 or 1.1: built of map[string]any, []any, strings, bools, nil, numbers,
// []string and map[string]string, with "@context" and "issuer" among its members. Members are written in the order of RFC 8785.
func Issue(ctx context.Context, issuer Issuer, credential map[string]any, opt *IssueOptions) (*Credential, error) {
	b, err := strictjson.Canonical(credential)
	if err != nil {
		return nil, fmt.Errorf("dataintegrity: issue: %w", err)
	}
	return IssueJSON(ctx, issuer, b, opt)
}

// IssueJSON is [Issue] for a credential as JSON, which stays as it is but for the proof (see [AddProof]). A proof that is there
// makes a proof set: it must be well-formed, and is not verified. With a suite over RDF alone a Verifier takes it only if it is written
// plainly (see the package comment), has no value of a property twice, and says nothing of one subject in two objects.
func IssueJSON(ctx context.Context, issuer Issuer, credential []byte, opt *IssueOptions) (*Credential, error) {
	c, err := issue(ctx, issuer, credential, opt)
	if err != nil {
		return nil, fmt.Errorf("dataintegrity: issue: %w", err)
	}
	return c, nil
}

func issue(ctx context.Context, issuer Issuer, credential []byte, opt *IssueOptions) (*Credential, error) {
	if opt == nil {
		opt = &IssueOptions{}
	}
	v, err := parseJSON(credential)
	if err != nil {
		return nil, err
	}
	c, err := vcdm.ParseCredential(without(v, memberProof))
	if err != nil {
		return nil, err
	}
	if c.Issuer != issuer.Method.DID().String() {
		return nil, errors.New("the credential names another issuer than the DID of the verification method")
	}
	suite := opt.Cryptosuite
	if adapted, ok := suite.(CredentialSuite); ok {
		suite = adapted.ForCredential(v)
	}
	out, err := addProof(ctx, issuer.Signer, credential, &ProofOptions{
		Method: issuer.Method, Purpose: did.AssertionMethod, Cryptosuite: suite, ID: opt.ID, Created: opt.Created,
		Undated: opt.Undated, Expires: opt.Expires, PreviousProof: opt.PreviousProof, Contexts: opt.Contexts,
	})
	if err != nil {
		return nil, err
	}
	return &Credential{document{raw: out, opt: optionsWith(opt.Contexts, opt.Cryptosuite)}}, nil
}

func optionsWith(c *jsonld.Contexts, s Cryptosuite) *Options {
	o := &Options{Contexts: c}
	if s != nil {
		o.Cryptosuites = []Cryptosuite{s}
	}
	return o
}
