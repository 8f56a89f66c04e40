package main

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/spf13/pflag"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/cose"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/sdjwt"
)

// family is one of the ways in which credentials are secured.
type family uint8

const (
	sdJWT family = iota + 1
	dataIntegrity
	joseJWT
	coseSign1
)

// String is how people call it.
func (f family) String() string {
	return [...]string{"", "SD-JWT", "W3C credential with Data Integrity", "W3C credential as a JWT", "W3C credential in COSE"}[f]
}

// recognise tells the family of a credential or presentation by its first look; what is none of them is read as an SD-JWT, whose faults
// then say so.
func recognise(raw []byte) family {
	switch {
	case isCOSE(raw):
		return coseSign1
	case len(raw) > 0 && raw[0] == '{':
		v, err := strictjson.Parse(raw, strictjson.Limits{})
		if err != nil && !bytes.Contains(raw, []byte(`"@context"`)) {
			return sdJWT
		}
		if _, jws := v.Get("payload"); jws {
			return sdJWT
		}
		return dataIntegrity
	case !bytes.Contains(raw, []byte("~")) && isW3CToken(raw):
		return joseJWT
	}
	return sdJWT
}

// isCOSE tells a COSE_Sign1 (RFC 9052, section 4.2) by its tag.
func isCOSE(raw []byte) bool { return len(raw) > 0 && raw[0] == 0xd2 }

// isW3CToken tells vc+jwt and vp+jwt from other JWTs, which are taken for SD-JWTs without their "~".
func isW3CToken(raw []byte) bool {
	protected, _, ok := bytes.Cut(raw, []byte("."))
	if !ok {
		return false
	}
	b, err := base64url.DecodeString(string(protected))
	if err != nil {
		return false
	}
	var header struct {
		Typ string `json:"typ"`
	}
	_ = json.Unmarshal(b, &header) // read strictly later
	typ := strings.TrimPrefix(strings.ToLower(header.Typ), "application/")
	return typ == jose.MediaType || typ == jose.PresentationMediaType
}

// contextFlags are JSON-LD contexts that a verb knows beside the embedded ones.
type contextFlags struct{ files []string }

func (f *contextFlags) register(fl *pflag.FlagSet) {
	fl.StringArrayVar(&f.files, "context-file", nil, "know the JSON-LD context `URL=FILE` as well; nothing is ever fetched; repeat")
}

// load returns what Data Integrity needs to know.
func (f *contextFlags) load(a *app) (*dataintegrity.Options, error) {
	opt := &dataintegrity.Options{Cryptosuites: moreSuites()}
	if len(f.files) == 0 {
		return opt, nil
	}
	more, err := a.readByURL(f.files, "--context-file")
	if err != nil {
		return nil, err
	}
	if opt.Contexts, err = jsonld.NewContexts(more); err != nil {
		return nil, invalid("", "--context-file: %s", withoutPackages(err.Error()))
	}
	return opt, nil
}

// moreSuites are the cryptosuites that package dataintegrity leaves to others.
func moreSuites() []dataintegrity.Cryptosuite { return []dataintegrity.Cryptosuite{bbs2023.Suite{}} }

// headerFlag is --presentation-header.
type headerFlag struct{ text string }

func (f *headerFlag) register(fl *pflag.FlagSet, use string) {
	fl.StringVar(&f.text, "presentation-header", "", use)
}

// suite is bbs-2023 with the header, and without one if none was given.
func (f *headerFlag) suite() dataintegrity.Cryptosuite {
	if f.text == "" {
		return bbs2023.Suite{}
	}
	return bbs2023.Suite{PresentationHeader: []byte(f.text)}
}

// readByURL reads files that are given as URL=FILE.
func (a *app) readByURL(list []string, flag string) (map[string][]byte, error) {
	out := make(map[string][]byte, len(list))
	for _, s := range list {
		at := strings.LastIndex(s, "=")
		if at <= 0 || at == len(s)-1 {
			return nil, usage("for example https://example.org/context/v1=context.json", "%s: not URL=FILE: %.60q", flag, s)
		}
		if _, twice := out[s[:at]]; twice {
			return nil, usage("one file for each URL", "%s: %.60q twice", flag, s[:at])
		}
		b, err := a.readInput(s[at+1:], "the file of "+flag)
		if err != nil {
			return nil, err
		}
		out[s[:at]] = b
	}
	return out, nil
}

// received makes of bytes what a Verifier takes.
func received(raw []byte, opt *dataintegrity.Options) vc.Presentation {
	switch recognise(raw) {
	case dataIntegrity:
		return dataintegrity.Received(raw, opt)
	case joseJWT:
		return jose.Received(raw, &jose.Options{Formats: enveloped(opt)})
	case coseSign1:
		return cose.Received(raw, &cose.Options{Formats: enveloped(opt)})
	}
	return sdjwt.Received(raw)
}

// enveloped are the formats of credentials that a presentation may hold in envelopes.
func enveloped(opt *dataintegrity.Options) map[string]func([]byte) vc.Presentation {
	open := func(b []byte) vc.Presentation { return received(b, opt) }
	return map[string]func([]byte) vc.Presentation{jose.MediaType: open, cose.MediaType: open, "vc+sd-jwt": open}
}

// held is a credential of whatever format that somebody has.
type held interface {
	vc.Presentation
	Bytes() []byte
	UnverifiedClaims() (map[string]any, error)
	// Holder returns what it is bound to: a DID, a DID URL or a key; both are zero if it is bound to nobody.
	Holder() (keyID string, key keys.PublicKey, err error)
}

// parseHeld parses a credential.
func parseHeld(raw []byte, opt *dataintegrity.Options) (held, error) {
	switch recognise(raw) {
	case dataIntegrity:
		c, err := dataintegrity.ParseCredential(raw, opt)
		return integral{c}, err
	case joseJWT:
		return jose.ParseCredential(raw)
	case coseSign1:
		return cose.ParseCredential(raw)
	}
	return sdjwt.ParseCredential(raw)
}

// integral is a credential with Data Integrity: its subject is its holder.
type integral struct{ *dataintegrity.Credential }

// Holder returns the subject's id, if that is a DID.
func (c integral) Holder() (string, keys.PublicKey, error) {
	claims, err := c.UnverifiedClaims()
	if err != nil {
		return "", keys.PublicKey{}, err
	}
	subject, _ := claims["credentialSubject"].(map[string]any)
	id, _ := subject["id"].(string)
	if _, err := did.Parse(id); err != nil {
		return "", keys.PublicKey{}, nil // nobody who could present it
	}
	return id, keys.PublicKey{}, nil
}

// expect makes a verifier want the header, in credentials whose proofs can all carry it: others would pass without it.
func (f *headerFlag) expect(raw []byte, opt *dataintegrity.Options) error {
	if f.text == "" {
		return nil
	}
	var in inspectedJSON
	if recognise(raw) != dataIntegrity || in.takeIntegral(raw, opt) != nil {
		return usage("leave it out", "--presentation-header is for credentials in "+formatBBS)
	}
	for _, p := range in.Proofs {
		if p.Of == "credential" && p.Cryptosuite != formatBBS {
			return invalid("", "the credential has a proof in %.40q, which carries no presentation header", p.Cryptosuite)
		}
	}
	opt.Cryptosuites = []dataintegrity.Cryptosuite{f.suite()}
	return nil
}
