package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// inspectedProof is a Data Integrity proof as vc inspect prints it.
type inspectedProof struct {
	Of                 string `json:"of"` // "credential" or "presentation"
	Cryptosuite        string `json:"cryptosuite"`
	VerificationMethod string `json:"verificationMethod"`
	Purpose            string `json:"proofPurpose"`
	Created            string `json:"created,omitempty"`
	Expires            string `json:"expires,omitempty"`
	Domain             string `json:"domain,omitempty"`
	Challenge          string `json:"challenge,omitempty"`
	Kind               string `json:"kind,omitempty"` // of selective disclosure: "base" or "derived"
	Bytes              int    `json:"bytes"`          // of the whole proof
}

// inspectW3C takes a W3C credential or presentation apart.
func (a *app) inspectW3C(raw []byte, known *dataintegrity.Options) (*inspectedJSON, error) {
	out := &inspectedJSON{Format: recognise(raw).String(), Bytes: len(raw)}
	var err error
	if cred, failed := parseHeld(raw, known); failed == nil {
		if out.Disclosable, err = disclosable(cred); err != nil {
			return nil, err
		}
		if out.Claims, err = cred.UnverifiedClaims(); err != nil {
			return nil, err
		}
	} else if out.Claims, err = claimsOf(received(raw, known)); err != nil {
		return nil, err
	}
	switch recognise(raw) {
	case dataIntegrity:
		return out, out.takeIntegral(raw, known)
	case joseJWT:
		return out, out.takeToken(string(raw))
	}
	return out, out.takeCOSE(raw)
}

// claimsOf looks inside a presentation.
func claimsOf(p vc.Presentation) (map[string]any, error) {
	parsed, err := p.Open()
	if err != nil {
		return nil, err
	}
	d, err := parsed.Disclose()
	if err != nil {
		return nil, err
	}
	return d.Claims(), nil
}

func (in *inspectedJSON) takeToken(token string) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return invalid("", "not a JWT")
	}
	in.Sizes = partSizes{Header: len(parts[0]), Payload: len(parts[1]), Signature: len(parts[2])}
	header, err := base64url.DecodeString(parts[0])
	if err != nil {
		return invalid("", "the header is not base64url")
	}
	in.Header = header
	return nil
}

func (in *inspectedJSON) takeCOSE(raw []byte) error {
	var tag cbor.RawTag
	var parts struct {
		_           struct{} `cbor:",toarray"`
		Protected   []byte
		Unprotected cbor.RawMessage
		Payload     []byte
		Signature   []byte
	}
	if err := cbor.Unmarshal(raw, &tag); err != nil {
		return invalid("", "not COSE")
	}
	if err := cbor.Unmarshal(tag.Content, &parts); err != nil {
		return invalid("", "not a COSE_Sign1")
	}
	in.Sizes = partSizes{Header: len(parts.Protected), Payload: len(parts.Payload), Signature: len(parts.Signature)}
	return nil
}

// takeIntegral lists the proofs of a presentation and of its credentials.
func (in *inspectedJSON) takeIntegral(raw []byte, known *dataintegrity.Options) error {
	doc, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		return err
	}
	kinds := proofKinds(raw, known)
	of := "credential"
	if held, ok := doc.Get("verifiableCredential"); ok {
		of = "presentation"
		for _, c := range elements(held) {
			in.addProofs(c, "credential", kinds)
		}
	}
	in.addProofs(doc, of, kinds)
	for _, p := range in.Proofs {
		in.Sizes.Signature += p.Bytes
	}
	in.Sizes.Payload = len(raw) - in.Sizes.Signature
	return nil
}

func elements(v strictjson.Value) []strictjson.Value {
	if v.Kind() == strictjson.Array {
		return v.Elems()
	}
	return []strictjson.Value{v}
}

func (in *inspectedJSON) addProofs(doc strictjson.Value, of string, kinds map[string]string) {
	list, ok := doc.Get("proof")
	if !ok {
		return
	}
	for _, p := range elements(list) {
		text := func(name string) string {
			v, _ := p.Get(name)
			s, _ := v.Str()
			return s
		}
		in.Proofs = append(in.Proofs, inspectedProof{
			Of: of, Cryptosuite: text("cryptosuite"), VerificationMethod: text("verificationMethod"), Purpose: text("proofPurpose"), Created: text("created"),
			Expires: text("expires"), Domain: text("domain"), Challenge: text("challenge"), Kind: kinds[text("proofValue")], Bytes: len(p.Raw()),
		})
	}
}

// proofKinds tells base proofs from derived ones, by proofValue.
func proofKinds(raw []byte, known *dataintegrity.Options) map[string]string {
	kinds := map[string]string{}
	proofs := func(list []*dataintegrity.Proof, err error) {
		if err != nil {
			return
		}
		for _, p := range list {
			suite, ok := suites[p.Cryptosuite].(dataintegrity.Selective)
			if !ok {
				continue
			}
			if base, err := suite.IsBase(p.Value); err == nil {
				kinds[p.Value] = map[bool]string{true: "base", false: "derived"}[base]
			}
		}
	}
	if c, err := dataintegrity.ParseCredential(raw, known); err == nil {
		proofs(c.Proofs())
	} else if p, err := dataintegrity.Parse(raw, known); err == nil {
		proofs(p.Proofs())
	}
	return kinds
}

// dryRun verifies for somebody who believes everybody: what fails here fails for every verifier.
func (a *app) dryRun(ctx context.Context, raw []byte, known *dataintegrity.Options) *vc.Report {
	var p vc.Presentation = received(raw, known)
	if cred, err := parseHeld(raw, known); err == nil {
		p = cred
	}
	e := &vc.Expect{
		InsecureAnyIssuer: true, InsecureAnyType: true, InsecureNoHolderBinding: true, InsecureGenesisOnly: true, InsecureIgnoreStatus: true,
		InsecureUnrotatableHolderKey: true,
	}
	if parsed, err := p.Open(); err == nil {
		e.MediaTypes = []string{parsed.MediaType()}
		if b := parsed.Binding(); b.Present && b.Audience != "" && b.Nonce != "" {
			e.InsecureNoHolderBinding, e.Audience, e.Nonce, e.MaxPresentationAge = false, b.Audience, b.Nonce, 100*365*24*time.Hour
		}
	}
	finder, done := a.keyFinder()
	defer done()
	_, report, _ := vc.NewVerifier(finder, a.now).Verify(ctx, p, e)
	return report
}

// showW3C prints what inspectW3C found.
func (a *app) showW3C(in *inspectedJSON) {
	fmt.Fprintf(a.stdout, "%s  %s\n", a.paint.bold(in.Format), a.paint.yellow("nothing here is verified"))
	s := sheet{p: a.paint}
	if in.Header != nil {
		s.add("header", string(in.Header))
	}
	for i, p := range in.Proofs {
		label := fmt.Sprintf("proof %d", i+1)
		s.add(label, strings.TrimSpace(p.Cryptosuite+" "+p.Kind), "of the "+p.Of)
		s.add("", p.VerificationMethod)
		s.add("", strings.Join(slices.DeleteFunc([]string{p.Purpose, p.Created, p.Domain, p.Challenge}, func(s string) bool { return s == "" }), "  "))
	}
	if in.Sizes.Header > 0 {
		s.add("size", fmt.Sprintf("%d bytes: header %d, payload %d, signature %d", in.Bytes, in.Sizes.Header, in.Sizes.Payload, in.Sizes.Signature))
	} else {
		s.add("size", fmt.Sprintf("%d bytes: document %d, proofs %d", in.Bytes, in.Sizes.Payload, in.Sizes.Signature))
	}
	s.write(a.stdout)
	fmt.Fprintf(a.stdout, "\n%s  (%s can be withheld, %s always visible)\n", a.paint.bold("claims"), a.paint.green(markWithheld), markClear)
	a.showTree(a.stdout, in.Claims, "", "  ", in.Disclosable)
}

// showDryRun prints what every verifier would find.
func (a *app) showDryRun(r *vc.Report) {
	fmt.Fprintf(a.stdout, "\n%s\n", a.paint.bold("what every verifier finds"))
	s := sheet{p: a.paint}
	c, failed := r.Fault()
	switch {
	case !failed:
		s.tinted(a.paint.green, "checks", "pass", fmt.Sprintf("all %d", len(r.Checks)), "that need no policy")
	case c.Result == vc.Unknown:
		s.tinted(a.paint.yellow, "checks", c.Result.String(), c.Code, c.Detail)
	default:
		s.tinted(a.paint.red, "checks", c.Result.String(), c.Code, c.Detail)
	}
	s.write(a.stdout)
}
