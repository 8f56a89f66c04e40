package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/cose"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/sdjwt"
	"github.com/realdid/realdid/vc/vcdm"
)

// w3cFormats are the formats of --format that hold a credential of the W3C data model, each with the algorithms whose keys sign it.
var w3cFormats = map[string][]keys.Algorithm{
	"eddsa-jcs-2022":   {keys.Ed25519},
	"eddsa-rdfc-2022":  {keys.Ed25519},
	"ecdsa-jcs-2019":   {keys.P256, keys.P384},
	"ecdsa-rdfc-2019":  {keys.P256, keys.P384},
	formatECDSASD:      {keys.P256},
	formatBBS:          {keys.BLS12381G2},
	jose.MediaType:     joseAlgorithms,
	cose.MediaType:     joseAlgorithms,
	sdjwt.W3CMediaType: joseAlgorithms,
}

var joseAlgorithms = []keys.Algorithm{keys.Ed25519, keys.P256, keys.P384, keys.Secp256k1}

const (
	formatSDJWT   = sdjwt.MediaType
	formatECDSASD = "ecdsa-sd-2023"
	formatBBS     = bbs2023.Name
)

// selective tells the formats with Data Integrity whose holder can leave something out.
func selective(format string) bool { return format == formatECDSASD || format == formatBBS }

// formatNames are the values of --format, the default first.
var formatNames = []string{
	formatSDJWT, sdjwt.W3CMediaType, jose.MediaType, cose.MediaType,
	"eddsa-jcs-2022", "eddsa-rdfc-2022", "ecdsa-jcs-2019", "ecdsa-rdfc-2019", formatECDSASD, formatBBS,
}

// issueW3C issues a credential of the W3C data model.
func (a *app) issueW3C(ctx context.Context, f *issueFlags) error {
	if err := f.checkW3C(); err != nil {
		return err
	}
	credential, err := a.readW3C(f)
	if err != nil {
		return err
	}
	opt, err := f.contexts.load(a)
	if err != nil {
		return err
	}
	mux, done := a.resolvers()
	defer done()
	holder, err := a.bindSubject(ctx, f, mux, credential)
	if err != nil {
		return err
	}
	id, err := a.identity()
	if err != nil {
		return err
	}
	reachable, err := a.reachableDID(id.Name)
	if err != nil {
		return err
	}
	fits := func(m did.VerificationMethod) bool { return slices.Contains(w3cFormats[f.format], m.Key.Algorithm()) }
	m, signer, wipe, err := a.signingMethodThat(ctx, mux, id, reachable, did.AssertionMethod, strings.TrimPrefix(f.method, "#"), fits)
	if err != nil {
		return formatHint(err, f.format, id.Name)
	}
	defer wipe()
	if err := a.completeW3C(credential, m.ID.DID(), f); err != nil {
		return err
	}
	entry, err := f.status.take(a, f.format)
	if err != nil {
		return err
	}
	if err := addEntry(credential, entry); err != nil {
		return err
	}
	cred, err := a.signW3C(ctx, f, signer, m.ID, credential, holder, opt)
	if err != nil {
		return w3cFailure(err)
	}
	return a.deliverW3C(cred, m.ID, credential, holder, f)
}

// checkW3C refuses flags that other formats have.
func (f *issueFlags) checkW3C() error {
	switch {
	case f.claims == "":
		return usage("--claims FILE, or --claims - for standard input", "no claims")
	case len(f.mandatory) > 0 && !selective(f.format):
		return usage("--format "+formatECDSASD+" or "+formatBBS, "--mandatory is for credentials whose holder chooses")
	case f.format == sdjwt.W3CMediaType:
		return nil
	case len(f.disclosable) > 0 || len(f.inClear) > 0 || f.decoys > 0 || f.form != forms[0]:
		return usage("in ecdsa-sd-2023 and bbs-2023 the holder may reveal or not whatever is not --mandatory", "--disclosable, --in-clear, --decoys and --serialization are for SD-JWTs")
	}
	return nil
}

func formatHint(err error, format, name string) error {
	if f, ok := errors.AsType[*failure](err); ok && f.status == statusInvalid && strings.Contains(f.detail, "holds no key") {
		names := make([]string, 0, 4)
		for _, alg := range w3cFormats[format] {
			names = append(names, alg.String())
		}
		f.hint = format + " needs a key of " + strings.Join(names, ", ") + ": realdid did update --as " + name + " --add-method assert-2,assertionMethod," + names[0]
	}
	return err
}

// readW3C reads a whole credential, which has an @context, or makes one about the claims of its subject.
func (a *app) readW3C(f *issueFlags) (map[string]any, error) {
	b, err := a.readInput(f.claims, "the claims")
	if err != nil {
		return nil, err
	}
	v, err := strictjson.Parse(b, strictjson.Limits{})
	if err != nil {
		return nil, invalid("", "the claims: %s", firstLine(err.Error()))
	}
	claims, ok := v.Interface().(map[string]any)
	if !ok {
		return nil, invalid(`for example {"givenName":"Alice"}`, "the claims are not a JSON object")
	}
	if _, whole := claims["@context"]; whole {
		if len(f.context) > 0 {
			return nil, usage("leave one out", "--context, and the claims are a whole credential with an @context")
		}
		return claims, nil
	}
	if f.typ == "" {
		return nil, usage("--type TYPE, or a whole credential with @context and type", "no type")
	}
	contexts := []any{vcdm.ContextV2}
	for _, c := range f.context {
		contexts = append(contexts, c)
	}
	return map[string]any{"@context": contexts, "type": []any{"VerifiableCredential"}, "credentialSubject": claims}, nil
}

// completeW3C adds what the flags say and the credential does not.
func (a *app) completeW3C(credential map[string]any, issuer did.DID, f *issueFlags) error {
	if f.typ != "" {
		if list, ok := credential["type"].([]any); !ok {
			credential["type"] = []any{credential["type"], f.typ}
		} else if !slices.Contains(list, any(f.typ)) {
			credential["type"] = append(list, f.typ)
		}
	}
	if credential["issuer"] == nil {
		credential["issuer"] = issuer.String()
	}
	from, err := a.parseMoment(f.notBefore, "--not-before")
	if err != nil {
		return err
	}
	until, err := a.parseMoment(f.expires, "--expires")
	if err != nil {
		return err
	}
	// The moment would mark all that is ever derived from a credential in bbs-2023.
	if _, old := credential["issuanceDate"]; !old && credential["validFrom"] == nil && from.IsZero() && f.format != formatBBS {
		from = a.now()
	}
	for name, t := range map[string]time.Time{"validFrom": from, "validUntil": until} {
		switch {
		case t.IsZero():
		case credential[name] != nil:
			return usage("leave one out", "--not-before or --expires, and the credential has a %s", name)
		default:
			credential[name] = t.UTC().Format(time.RFC3339)
		}
	}
	return nil
}

// subjectBinding is whom a credential is bound to.
type subjectBinding struct {
	holder did.URL
	key    keys.PublicKey
}

// bindSubject makes the holder the subject, after a look whether anybody could present the credential. JWTs, COSE and SD-JWTs can name one key.
func (a *app) bindSubject(ctx context.Context, f *issueFlags, r did.Resolver, credential map[string]any) (subjectBinding, error) {
	var b subjectBinding
	_, integrity := suites[f.format]
	switch {
	case f.holderKey != "" && integrity:
		return b, usage("--holder with the did:key of the key", "--holder-key: with Data Integrity the holder is a DID")
	case f.holder == "" && f.holderKey == "" && f.subject == "":
		if subject, _ := credential["credentialSubject"].(map[string]any); subject["id"] == nil {
			a.note("bound to no holder: everybody who has a copy can present this credential")
		}
		return b, nil
	}
	opt := &sdjwt.IssueOptions{}
	if err := a.bindHolder(ctx, f, r, nil, opt); err != nil {
		return b, err
	}
	b.holder, b.key = opt.Holder, opt.HolderKey
	if integrity && b.holder.Fragment() != "" {
		return b, usage("name the DID alone", "--holder: with Data Integrity a credential is bound to a DID, not to one key of it")
	}
	about := b.holder.DID()
	if f.subject != "" {
		var err error
		if about, err = a.parseDID(f.subject); err != nil {
			return b, err
		}
		if integrity && f.holder != "" && about != b.holder.DID() {
			return b, usage("leave one out", "--subject and --holder differ: with Data Integrity the subject is the holder")
		}
	}
	if about.IsZero() {
		return b, nil
	}
	subject, ok := credential["credentialSubject"].(map[string]any)
	if !ok {
		return b, usage("one subject, as an object", "--holder: the credential has several subjects, or none")
	}
	if old, ok := subject["id"]; ok && old != about.String() {
		return b, usage("leave one out", "--holder or --subject, and the credentialSubject has another id")
	}
	subject["id"] = about.String()
	return b, nil
}

// suites are the cryptosuites by --format.
var suites = map[string]dataintegrity.Cryptosuite{
	"eddsa-jcs-2022": dataintegrity.EdDSAJCS2022{}, "eddsa-rdfc-2022": dataintegrity.EdDSARDFC2022{},
	"ecdsa-jcs-2019": dataintegrity.ECDSAJCS2019{}, "ecdsa-rdfc-2019": dataintegrity.ECDSARDFC2019{}, formatECDSASD: dataintegrity.ECDSASD2023{},
	formatBBS: bbs2023.Suite{},
}

// signW3C signs in the format that was asked for.
func (a *app) signW3C(ctx context.Context, f *issueFlags, s keys.Signer, method did.URL, credential map[string]any, b subjectBinding, opt *dataintegrity.Options) (held, error) {
	switch f.format {
	case jose.MediaType:
		return jose.Issue(ctx, jose.Issuer{Signer: s, Method: method}, credential, &jose.IssueOptions{Holder: b.holder, HolderKey: b.key, IssuedAt: a.now()})
	case cose.MediaType:
		return cose.Issue(ctx, cose.Issuer{Signer: s, Method: method}, credential, &cose.IssueOptions{Holder: b.holder, HolderKey: b.key, IssuedAt: a.now()})
	case sdjwt.W3CMediaType:
		return a.signW3CSDJWT(ctx, f, s, method, credential, b)
	}
	how := &dataintegrity.IssueOptions{Cryptosuite: suites[f.format], Created: a.now(), Contexts: opt.Contexts}
	switch f.format {
	case formatECDSASD:
		how.Cryptosuite = dataintegrity.ECDSASD2023{Mandatory: f.mandatory}
	case formatBBS:
		how.Cryptosuite, how.Created = bbs2023.Suite{Mandatory: f.mandatory}, time.Time{}
	}
	c, err := dataintegrity.Issue(ctx, dataintegrity.Issuer{Signer: s, Method: method}, credential, how)
	if err != nil {
		return nil, err
	}
	return integral{c}, nil
}

func (a *app) signW3CSDJWT(ctx context.Context, f *issueFlags, s keys.Signer, method did.URL, credential map[string]any, b subjectBinding) (held, error) {
	opt := &sdjwt.IssueOptions{
		MediaType: sdjwt.W3CMediaType, Holder: b.holder, HolderKey: b.key, IssuedAt: a.now(), Disclosable: f.disclosable,
	}
	if f.decoys > 0 {
		opt.Decoys = []sdjwt.Decoys{{In: "/credentialSubject", Count: f.decoys}}
	}
	var err error
	if opt.Serialization, err = parseForm(f.form); err != nil {
		return nil, err
	}
	if subject, ok := credential["credentialSubject"].(map[string]any); ok && len(f.disclosable) == 0 {
		for _, path := range topLevel(subject, append(f.inClear, "id", "type")) {
			opt.Disclosable = append(opt.Disclosable, "/credentialSubject"+path)
		}
	}
	return sdjwt.Issue(ctx, sdjwt.Issuer{Signer: s, Method: method}, credential, opt)
}

// deliverW3C prints and keeps what was issued.
func (a *app) deliverW3C(cred held, method did.URL, credential map[string]any, b subjectBinding, f *issueFlags) error {
	raw := cred.Bytes()
	if f.save != "" {
		if err := a.saveCredential(f.save, raw); err != nil {
			return err
		}
	}
	disclosable, err := disclosable(cred)
	if err != nil {
		return err
	}
	types := strings.Join(textList(credential["type"]), " ")
	if !a.flags.json {
		if err := a.writeCredential(f.out, raw); err != nil {
			return err
		}
		choice := "it is shown as a whole"
		if len(disclosable) > 0 {
			choice = "the holder chooses among " + strings.Join(disclosable, " ")
		}
		a.note("%s (%s) of %d bytes, signed by %s; %s", types, f.format, len(raw), method, choice)
		return nil
	}
	if f.out != "" && f.out != "-" {
		if err := a.writeCredential(f.out, raw); err != nil {
			return err
		}
	}
	holder := b.holder.String()
	if holder == "" {
		if holder, _, err = cred.Holder(); err != nil {
			return err
		}
	}
	return a.printJSON(issuedJSON{
		Credential: jsonOrText(raw), Format: f.format, Issuer: method.DID().String(), Key: method.String(), Type: types, Holder: holder,
		IssuedAt: timeText(a.now()), Expires: validUntil(credential), Disclosable: orEmpty(disclosable), Bytes: len(raw), File: f.out,
	})
}

func validUntil(credential map[string]any) string {
	for _, name := range [...]string{"validUntil", "expirationDate"} {
		if s, ok := credential[name].(string); ok {
			return s
		}
	}
	return ""
}

// textList returns the texts of a value that is one, or a list of them.
func textList(v any) (out []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	case []any:
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

func w3cFailure(err error) error {
	f := explainLibrary(err)
	if f.status == statusUnknown { // keys are here and nothing is asked: what cannot be issued now never can be
		f.status = statusInvalid
	}
	if f.hint == "" && strings.Contains(err.Error(), "undefined term") {
		f.hint = "--context URL names what defines it, --context-file URL=FILE brings a context that is not embedded"
	}
	return f
}
