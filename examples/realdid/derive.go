package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/sdjwt"
)

// derivedJSON is what vc derive prints.
type derivedJSON struct {
	Credential any      `json:"credential"`
	Revealed   []string `json:"revealed"`
	Withheld   []string `json:"withheld"`
	Bytes      int      `json:"bytes"`
	File       string   `json:"file,omitempty"`
}

func newVCDerive(a *app) *cobra.Command {
	var reveal []string
	var out string
	var contexts contextFlags
	var header headerFlag
	c := &cobra.Command{
		Use:   "derive CREDENTIAL",
		Short: "Cut a credential down to some of its claims",
		Long: `Makes of CREDENTIAL (a FILE, "-", or a name in HOME/credentials) one that says only what --reveal selects and what the issuer made
mandatory, still with the issuer's proof: of ecdsa-sd-2023 and bbs-2023 a derived proof, of an SD-JWT fewer disclosures. Nobody signs that the holder
shows it: vc present does that, for one verifier. What is derived in bbs-2023 cannot be linked to what else is derived of the same
credential, except by what it says; --presentation-header binds it to one occasion, such as a verifier's nonce.`,
		Example: `  realdid vc derive degree.json --reveal /credentialSubject/degree > shown.json
  realdid vc derive person.sdjwt --reveal /age_over_18 --out adult.sdjwt
  realdid vc derive card.json --reveal /credentialSubject/birthCountry --presentation-header n-123 > shown.json`,
		Args: args(1, 1),
	}
	fl := c.Flags()
	fl.StringArrayVar(&reveal, "reveal", nil, "`PATH` of what to reveal: a JSON Pointer such as /credentialSubject/name; repeat")
	fl.StringVar(&out, "out", "", "write to a new `FILE` instead of standard output")
	contexts.register(fl)
	header.register(fl, "`TEXT` that the proof is bound to (bbs-2023)")
	return verb(c, func(c *cobra.Command, args []string) error {
		return a.vcDerive(c.Context(), args[0], reveal, &contexts, &header, out)
	})
}

func (a *app) vcDerive(ctx context.Context, arg string, reveal []string, contexts *contextFlags, header *headerFlag, out string) error {
	raw, err := a.readCredential(arg)
	if err != nil {
		return err
	}
	opt, err := contexts.load(a)
	if err != nil {
		return err
	}
	cred, err := parseHeld(raw, opt)
	if err != nil {
		return err
	}
	derived, err := deriveFrom(ctx, cred, reveal, header)
	if err != nil {
		return revealFailure(cred, err)
	}
	hidden, err := withheld(cred, derived)
	if err != nil {
		return err
	}
	if !a.flags.json {
		if err := a.writeCredential(out, derived.Bytes()); err != nil {
			return err
		}
		a.note("reveals %s; withheld: %s", listOr(reveal, "what is mandatory"), listOr(hidden, "nothing"))
		return nil
	}
	if out != "" && out != "-" {
		if err := a.writeCredential(out, derived.Bytes()); err != nil {
			return err
		}
	}
	return a.printJSON(derivedJSON{Credential: jsonOrText(derived.Bytes()), Revealed: orEmpty(reveal), Withheld: hidden, Bytes: len(derived.Bytes()), File: out})
}

// shown is a credential or presentation that was just made.
type shown interface {
	Bytes() []byte
	UnverifiedClaims() (map[string]any, error)
}

func deriveFrom(ctx context.Context, cred held, reveal []string, header *headerFlag) (shown, error) {
	if header.text != "" {
		if c, ok := cred.(integral); ok && hasProof(c, formatBBS) {
			return c.Derive(ctx, reveal, &dataintegrity.DeriveOptions{Cryptosuite: header.suite()})
		}
		return nil, usage("leave it out", "--presentation-header is for credentials in "+formatBBS)
	}
	switch c := cred.(type) {
	case integral:
		return c.Derive(ctx, reveal, nil)
	case *sdjwt.Credential:
		return c.Present(ctx, nil, &sdjwt.PresentOptions{Reveal: reveal, Serialization: c.Serialization()})
	}
	return nil, invalid("vc present shows it as a whole", "nothing can be withheld of a credential of this format")
}

// hasProof tells whether a credential has a proof of a cryptosuite.
func hasProof(c integral, suite string) bool {
	list, err := c.Proofs()
	return err == nil && slices.ContainsFunc(list, func(p *dataintegrity.Proof) bool { return p.Cryptosuite == suite })
}

// revealFailure says what could be revealed.
func revealFailure(cred held, err error) error {
	switch {
	case errors.Is(err, dataintegrity.ErrNotSelective):
		return invalid("vc present shows it as a whole; --format ecdsa-sd-2023 and bbs-2023 issue credentials whose holder can choose", "the issuer's proof covers the credential as a whole")
	case errors.Is(err, sdjwt.ErrNoSuchClaim), errors.Is(err, vc.ErrPathMismatch), vc.Code(err) == "dataintegrity.sd.pointer":
		list, _ := disclosable(cred)
		return usage("the credential has "+listOr(list, "nothing that can be withheld"), "--reveal: a path selects no claim")
	case vc.Code(err) == "dataintegrity.sd.nothing":
		list, _ := disclosable(cred)
		return usage("--reveal PATH; the credential has "+listOr(list, "nothing"), "nothing is mandatory in this credential, and nothing was chosen")
	case errors.Is(err, sdjwt.ErrHolder), errors.Is(err, dataintegrity.ErrHolder), errors.Is(err, errJOSEHolder), errors.Is(err, errCOSEHolder):
		return invalid("another --as NAME?", "%s", withoutPackages(err.Error()))
	}
	return explainLibrary(err)
}

// disclosable lists what the holder of a credential may reveal or not.
func disclosable(cred held) ([]string, error) {
	switch c := cred.(type) {
	case integral:
		return c.Disclosable()
	case *sdjwt.Credential:
		list, err := c.Disclosable()
		slices.Sort(list)
		return list, err
	}
	return nil, nil
}

// missing lists what full has and part has not, as JSON Pointers; of an array that lost elements it tells how many.
func missing(full, part any, at string) (out []string) {
	switch f := full.(type) {
	case map[string]any:
		p, ok := part.(map[string]any)
		if !ok {
			return []string{at}
		}
		for _, name := range slices.Sorted(maps.Keys(f)) {
			path := at + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
			if v, ok := p[name]; ok {
				out = append(out, missing(f[name], v, path)...)
			} else {
				out = append(out, path)
			}
		}
	case []any:
		if p, ok := part.([]any); !ok || len(p) != len(f) {
			return []string{fmt.Sprintf("%s (%d of %d)", at, len(f)-len(p), len(f))}
		}
		for i, p := range part.([]any) {
			out = append(out, missing(f[i], p, fmt.Sprintf("%s/%d", at, i))...)
		}
	}
	return out
}
