package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/sdjwt"
)

// inspectedJSON is what vc inspect prints. Nothing in it is verified.
type inspectedJSON struct {
	Format        string           `json:"format"`
	Serialization string           `json:"serialization,omitempty"` // of an SD-JWT
	Bytes         int              `json:"bytes"`
	Header        json.RawMessage  `json:"header,omitempty"` // of JWTs
	Claims        map[string]any   `json:"claims"`
	Disclosable   []string         `json:"disclosable"` // paths of the claims that can be withheld and are here
	Hidden        int              `json:"hiddenDigests"`
	Sizes         partSizes        `json:"sizes"`
	Proofs        []inspectedProof `json:"proofs,omitempty"` // Data Integrity
	KeyBinding    *inspectedJWT    `json:"keyBinding"`
	Saved         string           `json:"saved,omitempty"`
	Verified      bool             `json:"verified"`
	Report        *vc.Report       `json:"report,omitempty"` // with --save
	Checks        *vc.Report       `json:"checks"`           // for somebody who believes everybody
}

type inspectedJWT struct {
	Header  json.RawMessage `json:"header"`
	Payload json.RawMessage `json:"payload"`
}

func newVCInspect(a *app) *cobra.Command {
	var save string
	var contexts contextFlags
	c := &cobra.Command{
		Use:   "inspect CREDENTIAL",
		Short: "Look inside a credential or presentation, without believing it",
		Long: `Shows header, claims and sizes of CREDENTIAL (a FILE, "-", or a name in HOME/credentials): which claims stand in the clear, which the
holder can withhold, and how many digests hide something that is not here; of a W3C credential or presentation its proofs. Nothing of this is
verified. At the end stands why a verifier would refuse it who believes every issuer, if one would.

--save NAME keeps a credential in HOME/credentials, after its issuer's signature was verified.`,
		Example: `  realdid vc inspect person.sdjwt
  realdid vc inspect - --save person < person.sdjwt
  realdid vc inspect person --json`,
		Args: args(1, 1),
	}
	c.Flags().StringVar(&save, "save", "", "keep it in HOME/credentials as `NAME`, if the issuer's signature is valid")
	contexts.register(c.Flags())
	return verb(c, func(c *cobra.Command, args []string) error { return a.vcInspect(c.Context(), args[0], save, &contexts) })
}

func (a *app) vcInspect(ctx context.Context, arg, save string, contexts *contextFlags) error {
	raw, err := a.readCredential(arg)
	if err != nil {
		return err
	}
	known, err := contexts.load(a)
	if err != nil {
		return err
	}
	take := a.inspectSDJWT
	if recognise(raw) != sdJWT {
		take = a.inspectW3C
	}
	out, err := take(raw, known)
	if err != nil {
		return err
	}
	if save != "" {
		if out.Report, err = a.verifyAndSave(ctx, raw, known, save); err != nil {
			return err
		}
		out.Saved, out.Verified = a.home.credential(save), true
	}
	out.Checks = a.dryRun(ctx, raw, known)
	if a.flags.json {
		out.Disclosable = orEmpty(out.Disclosable)
		return a.printJSON(out)
	}
	if recognise(raw) == sdJWT {
		a.showInspected(out)
	} else {
		a.showW3C(out)
	}
	a.showDryRun(out.Checks)
	if out.Saved != "" {
		fmt.Fprintf(a.stdout, "\n%s  %s\n", a.paint.green("signature valid, kept as"), out.Saved)
	}
	return nil
}

func (a *app) inspectSDJWT(raw []byte, _ *dataintegrity.Options) (*inspectedJSON, error) {
	pres, err := sdjwt.Parse(raw)
	if err != nil {
		return nil, err
	}
	claims, err := pres.UnverifiedClaims()
	if err != nil {
		return nil, err
	}
	parts, err := takeApart(raw)
	if err != nil {
		return nil, err
	}
	out := &inspectedJSON{
		Format: sdJWT.String(), Serialization: forms[pres.Serialization()], Bytes: len(raw), Header: parts.header, Claims: claims, Sizes: parts.sizes(), KeyBinding: parts.binding,
	}
	if out.Disclosable, err = parts.disclosed(); err != nil {
		return nil, err
	}
	out.Hidden, err = parts.hidden()
	return out, err
}

// verifyAndSave keeps a credential whose issuer signed it, whoever that is: the person has seen the name.
func (a *app) verifyAndSave(ctx context.Context, raw []byte, known *dataintegrity.Options, name string) (*vc.Report, error) {
	cred, err := parseHeld(raw, known)
	if err != nil {
		return nil, err
	}
	parsed, err := cred.Open()
	if err != nil {
		return nil, err
	}
	finder, done := a.keyFinder()
	defer done()
	_, report, err := vc.NewVerifier(finder, a.now).Verify(ctx, cred, &vc.Expect{
		InsecureAnyIssuer: true, InsecureAnyType: true, InsecureNoHolderBinding: true, InsecureGenesisOnly: true, InsecureIgnoreStatus: true,
		MediaTypes: []string{parsed.MediaType()},
	})
	if err != nil {
		f := explainLibrary(err)
		f.hint = "it was not kept: a credential is kept when its issuer's signature is valid"
		return nil, f
	}
	return report, a.saveCredential(name, raw)
}

// A part of the claims tree is printed with one of these before it.
const (
	markClear    = "│"
	markWithheld = "◆"
)

func (a *app) showInspected(in *inspectedJSON) {
	fmt.Fprintf(a.stdout, "%s  %s\n", a.paint.bold("SD-JWT"), a.paint.yellow("nothing here is verified"))
	var header map[string]any
	_ = json.Unmarshal(in.Header, &header) // parsed before
	s := sheet{p: a.paint}
	for _, name := range slices.Sorted(maps.Keys(header)) {
		s.add(name, short(header[name]))
	}
	s.add("size", fmt.Sprintf("%d bytes: header %d, payload %d, signature %d, %s %d, key binding %d", in.Bytes, in.Sizes.Header, in.Sizes.Payload,
		in.Sizes.Signature, plural(len(in.Disclosable), "disclosure"), in.Sizes.Disclosures, in.Sizes.KeyBinding))
	s.write(a.stdout)
	fmt.Fprintf(a.stdout, "\n%s  (%s can be withheld, %s always visible)\n", a.paint.bold("claims"), a.paint.green(markWithheld), markClear)
	a.showTree(a.stdout, in.Claims, "", "  ", in.Disclosable)
	if in.Hidden > 0 {
		fmt.Fprintf(a.stdout, "  %s\n", a.paint.dim(plural(in.Hidden, "digest")+" of claims that are not here, or of nothing"))
	}
	if in.KeyBinding != nil {
		var p map[string]any
		_ = json.Unmarshal(in.KeyBinding.Payload, &p) // parsed before
		fmt.Fprintf(a.stdout, "\n%s\n", a.paint.bold("key binding"))
		s := sheet{p: a.paint}
		for _, name := range slices.Sorted(maps.Keys(p)) {
			s.add(name, dated(name, p[name]))
		}
		s.write(a.stdout)
	}
}

// showTree prints claims with a mark that tells which can be withheld.
func (a *app) showTree(w io.Writer, v any, at, indent string, disclosable []string) {
	line := func(name, path string, v any) {
		mark := markClear
		if slices.Contains(disclosable, path) {
			mark = a.paint.green(markWithheld)
		}
		switch v.(type) {
		case map[string]any, []any:
			fmt.Fprintf(w, "%s%s %s\n", indent, mark, clean(name))
			a.showTree(w, v, path, indent+"    ", disclosable)
		default:
			fmt.Fprintf(w, "%s%s %s  %s\n", indent, mark, a.paint.dim(clean(name)), clean(dated(name, v)))
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			line(name, at+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), v[name])
		}
	case []any:
		for i, e := range v {
			line(fmt.Sprint(i), fmt.Sprintf("%s/%d", at, i), e)
		}
	}
}

// dated writes dates of JWTs for people as well.
func dated(name string, v any) string {
	text := short(v)
	switch name {
	case "iat", "exp", "nbf":
		var n json.Number
		switch v := v.(type) {
		case json.Number:
			n = v
		case float64:
			n = json.Number(fmt.Sprintf("%.0f", v))
		}
		if sec, err := n.Int64(); err == nil {
			return text + "  (" + when(time.Unix(sec, 0)) + ")"
		}
	}
	return text
}

// short writes a value in one line.
func short(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case nil:
		return "null"
	case float64:
		return fmt.Sprintf("%.15g", v)
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return string(b)
}
