package main

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/keys"
)

// keyJSON is what the key verbs print of one key.
type keyJSON struct {
	Name       string `json:"name"`
	Label      string `json:"label,omitempty"`
	Algorithm  string `json:"algorithm"`
	Multikey   string `json:"publicKeyMultibase"`
	DIDKey     string `json:"didKey"`
	JWK        any    `json:"publicKeyJwk,omitempty"`
	Thumbprint string `json:"thumbprint,omitempty"`
	File       string `json:"file,omitempty"` // where the private key is sealed; absent if it is not here
}

func newKeyNew(a *app) *cobra.Command {
	var algorithm string
	c := &cobra.Command{
		Use:   "new [NAME]",
		Short: "Make a key and seal it in keys/NAME.key",
		Long: `Makes a key pair, seals the private key under the passphrase in keys/NAME.key and prints the public key. Identities make their
own keys: a key by itself is for guardians, for did create --key, and, with BLS12-381-G2, to issue credentials in bbs-2023.`,
		Example: `  realdid key new guardian
  realdid key new signing --algorithm P-256
  realdid key new issuer --algorithm BLS12-381-G2`,
		Args: args(0, 1),
	}
	c.Flags().StringVar(&algorithm, "algorithm", "Ed25519", "`NAME`: "+strings.Join(algorithmNames(), ", "))
	_ = c.RegisterFlagCompletionFunc("algorithm", cobra.FixedCompletions(algorithmNames(), cobra.ShellCompDirectiveNoFileComp))
	return verb(c, func(_ *cobra.Command, args []string) error {
		name, err := a.keyName(args)
		if err != nil {
			return err
		}
		alg, err := parseAlgorithm(algorithm)
		if err != nil {
			return err
		}
		k, err := generateKey(alg)
		if err != nil {
			return err
		}
		return a.storeKey(name, k, k.Public(), "made")
	})
}

func newKeyImport(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "import [NAME] FILE",
		Short: "Import a key from PEM, JWK or Multikey",
		Long: `Reads a key from FILE ("-" reads standard input) and seals it in keys/NAME.key. The form is recognised: PEM as openssl genpkey and
openssl ecparam write it, a private JWK, a secret Multikey. Of a public key (PEM, JWK, Multikey, did:key) only the name is kept: for
people whom you make guardians. A seed from paper, as key show --label seed writes it, is sealed in keys/NAME.seed.`,
		Example: `  openssl genpkey -algorithm ed25519 | realdid key import signing -
  realdid key import signing key.jwk
  echo z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH | realdid key import bob -`,
		Args: args(1, 2),
	}
	return verb(c, func(_ *cobra.Command, args []string) error {
		name, err := a.keyName(args[:len(args)-1])
		if err != nil {
			return err
		}
		b, err := a.readInput(args[len(args)-1], "the key")
		if err != nil {
			return err
		}
		defer clear(b)
		if isSeedText(b) {
			return a.importSeed(name, b)
		}
		private, public, err := parseKeyFile(b)
		if err != nil {
			return invalid("PEM (not encrypted), JWK, Multikey or did:key, one key alone", "%s", strings.TrimPrefix(err.Error(), "keys: "))
		}
		if private != nil {
			public = private.Public()
		}
		return a.storeKey(name, private, public, "imported")
	})
}

func newKeyShow(a *app) *cobra.Command {
	var secret bool
	var format, label string
	c := &cobra.Command{
		Use:   "show [NAME]",
		Short: "Show the public keys of a name; the private one only with --secret",
		Long: `Shows the public keys that NAME stands for: one of a key, several of an identity. It asks for no passphrase. --format prints one key
alone, to be used elsewhere. --secret prints the private key, and needs the passphrase; of an identity --label says which one, and the label
seed is its seed in a form for paper.`,
		Example: `  realdid key show guardian
  realdid key show alice --json
  realdid key show signing --format pem > public.pem
  realdid key show signing --secret --format pem > private.pem
  realdid key show alice --secret --label seed`,
		Args: args(0, 1),
	}
	c.Flags().BoolVar(&secret, "secret", false, "print the private key")
	c.Flags().StringVar(&format, "format", "", "print one key alone, as multikey, didkey, jwk or pem")
	c.Flags().StringVar(&label, "label", "", "which key of an identity: `LABEL` such as control, '#auth-1' or seed")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"multikey", "didkey", "jwk", "pem"}, cobra.ShellCompDirectiveNoFileComp))
	c.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		if a.setUp() != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.home.names(false), cobra.ShellCompDirectiveNoFileComp
	}
	return verb(c, func(_ *cobra.Command, args []string) error {
		name, err := a.keyName(args)
		if err != nil {
			return err
		}
		if label == "seed" {
			return a.showSeed(name, secret)
		}
		r, err := a.home.readRecord(name)
		if err != nil {
			return err
		}
		if secret || format != "" || label != "" {
			entry, err := r.one(label)
			if err != nil {
				return err
			}
			return a.printKey(r, entry, secret, format)
		}
		return a.showRecord(r)
	})
}

// keyName takes the name from the argument, or from --as.
func (a *app) keyName(args []string) (string, error) {
	if len(args) == 1 {
		return args[0], checkName(args[0])
	}
	if a.flags.as == "" {
		return "", usage("for example: realdid key new guardian", "no NAME")
	}
	return a.flags.as, checkName(a.flags.as)
}

// storeKey writes the sealed file, unless only the public half is here, and the record.
func (a *app) storeKey(name string, private privateKey, public keys.PublicKey, how string) error {
	for _, path := range []string{a.home.record(name), a.home.sealed(name)} {
		if a.home.exists(path) {
			return existsFailure(path)
		}
	}
	r := &record{Name: name, Keys: []recordedKey{{Key: public.Multikey(), Label: labelKey, Known: private == nil}}}
	if private != nil {
		ring := &ring{path: a.home.sealed(name)}
		ring.add(labelKey, private)
		defer ring.wipe()
		if err := a.createRing(ring); err != nil {
			return err
		}
	}
	if err := r.write(a.home, true); err != nil {
		return err
	}
	if !a.flags.json {
		fmt.Fprintf(a.stdout, "%s  %s\n", a.paint.green(how), a.paint.bold(name))
	}
	return a.showRecord(r)
}

// one picks a key of a record.
func (r *record) one(label string) (*recordedKey, error) {
	var labels []string
	for i := range r.Keys {
		if r.Keys[i].Label == label || r.Keys[i].Label == "#"+label || label == "" && len(r.Keys) == 1 {
			return &r.Keys[i], nil
		}
		labels = append(labels, r.Keys[i].Label)
	}
	return nil, usage("give --label, one of "+strings.Join(labels, ", "), "%s has several keys, and none is called %q", r.Name, label)
}

func describeKey(h home, r *record, e *recordedKey) (keyJSON, error) {
	k, err := keys.ParseMultikey(e.Key)
	if err != nil {
		return keyJSON{}, unknown("", "%s: damaged: %v", h.record(r.Name), err)
	}
	out := keyJSON{
		Name: r.Name, Algorithm: k.Algorithm().String(), Multikey: e.Key, DIDKey: k.DIDKey(), Thumbprint: k.Thumbprint(), File: h.sealed(r.Name),
	}
	if e.Label != labelKey {
		out.Label = e.Label
	}
	if jwk := k.JWK(); jwk != nil {
		out.JWK = rawJSON(jwk)
	}
	if e.From != "" {
		out.File = h.sealed(e.From)
	}
	if e.Known {
		out.File = ""
	}
	return out, nil
}

func (a *app) showRecord(r *record) error {
	out := struct {
		Name string    `json:"name"`
		DID  string    `json:"did,omitempty"`
		Keys []keyJSON `json:"keys"`
	}{r.Name, r.DID, nil}
	for i := range r.Keys {
		k, err := describeKey(a.home, r, &r.Keys[i])
		if err != nil {
			return err
		}
		out.Keys = append(out.Keys, k)
	}
	if a.flags.json {
		return a.printJSON(out)
	}
	s := sheet{p: a.paint}
	if r.DID != "" {
		s.add("did", r.DID)
		for _, k := range out.Keys {
			s.add(k.Label, k.Algorithm, k.Multikey)
		}
	} else {
		k := out.Keys[0]
		s.add("algorithm", k.Algorithm)
		s.add("multikey", k.Multikey)
		s.add("did:key", k.DIDKey)
		if k.Thumbprint != "" {
			s.add("thumbprint", k.Thumbprint)
		}
	}
	switch file := out.Keys[0].File; {
	case file == "":
		s.add("private key", "not here")
	default:
		s.add("private key", file)
	}
	s.write(a.stdout)
	return nil
}

// printKey prints one key alone. The private one leaves its file here and nowhere else.
func (a *app) printKey(r *record, e *recordedKey, secret bool, format string) error {
	public, err := keys.ParseMultikey(e.Key)
	if err != nil {
		return unknown("", "%s: damaged: %v", a.home.record(r.Name), err)
	}
	var private privateKey
	if secret {
		from := r.Name
		if e.From != "" {
			from = e.From
		}
		if e.Known {
			return usage("", "%s: only the public half is here", r.Name)
		}
		sealed, err := a.openRing(a.home.sealed(from))
		if err != nil {
			return err
		}
		defer sealed.wipe()
		if private = sealed.find(public); private == nil {
			return unknown("", "%s does not hold this key", a.home.sealed(from))
		}
	}
	text, err := formatKey(public, private, format)
	if err != nil {
		return err
	}
	if !a.flags.json {
		_, err = a.stdout.Write(text)
		return err
	}
	k, err := describeKey(a.home, r, e)
	if err != nil {
		return err
	}
	out := struct {
		keyJSON
		Format string `json:"format,omitempty"`
		Secret string `json:"secret,omitempty"`
		Text   string `json:"text,omitempty"`
	}{keyJSON: k, Format: format}
	if secret {
		out.Secret = string(text)
	} else {
		out.Text = string(text)
	}
	return a.printJSON(out)
}

// formatKey writes the private key, or the public one if private is nil.
func formatKey(public keys.PublicKey, private privateKey, format string) ([]byte, error) {
	var b []byte
	var err error
	single, _ := private.(*keys.PrivateKey)
	switch format {
	case "", "multikey":
		b = []byte(public.Multikey())
		if private != nil {
			var s string
			s, err = secretMultikey(private)
			b = []byte(s)
		}
	case "didkey":
		if b = []byte(public.DIDKey()); private != nil {
			err = usage("multikey, jwk or pem", "--format didkey has no private form")
		}
	case "jwk":
		if b = public.JWK(); b == nil {
			err = keys.ErrUnsupported
		} else if private != nil {
			b, err = single.PrivateJWK()
		}
	case "pem":
		switch {
		case private == nil:
			b, err = public.MarshalPublicPEM()
		case single == nil:
			err = keys.ErrUnsupported
		default:
			b, err = single.MarshalPEM()
		}
	default:
		return nil, usage("multikey, didkey, jwk or pem", "--format: %.20q", format)
	}
	if _, ok := err.(*failure); err != nil && !ok {
		return nil, invalid("--format multikey has a form for every algorithm", "%v has no form %s", public.Algorithm(), format)
	}
	if len(b) > 0 && b[len(b)-1] != '\n' {
		b = append(b, '\n')
	}
	return b, err
}

// rawJSON embeds JSON that is already written.
type rawJSON []byte

// MarshalJSON returns r, or null for nothing.
func (r rawJSON) MarshalJSON() ([]byte, error) {
	if r == nil {
		return []byte("null"), nil
	}
	return r, nil
}

var base64url = base64.RawURLEncoding.Strict()
