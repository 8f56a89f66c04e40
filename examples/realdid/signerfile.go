package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/keys/keyfile"
)

// signerKind is the kind of the entry that holds the seed of a log's or cosigner's key in a sealed file. Its label is the type of the
// key and its name, parted by a space.
const signerKind = "note-signer"

// signerTypes are the types by the names that flags and labels have.
var signerTypes = []struct {
	name string
	typ  proof.KeyType
}{{"log", proof.LogEd25519}, {"cosigner", proof.CosignatureEd25519}, {"cosigner-ml-dsa-44", proof.CosignatureMLDSA44}}

func parseSignerType(name string) (proof.KeyType, error) {
	var names []string
	for _, t := range signerTypes {
		if t.name == name {
			return t.typ, nil
		}
		names = append(names, t.name)
	}
	return 0, usage("one of "+strings.Join(names, ", "), "--type: %.40q", name)
}

func signerTypeName(typ proof.KeyType) string {
	for _, t := range signerTypes {
		if t.typ == typ {
			return t.name
		}
	}
	return typ.String()
}

// newSigner makes a key for signed notes.
func newSigner(name string, typ proof.KeyType) (*proof.NoteSigner, error) {
	s, err := proof.GenerateNoteSigner(name, typ)
	if err != nil {
		return nil, usage("for example ledger.example/witness-1: no spaces and no plus", "not a name of a signer: %.80q", name)
	}
	return s, nil
}

// createSigner seals a key in a new file.
func (a *app) createSigner(path string, s *proof.NoteSigner) error {
	secret := s.Seed()
	defer clear(secret)
	seed, err := keyfile.NewSeed(secret)
	if err != nil {
		return err
	}
	v := s.Verifier()
	label := signerTypeName(v.Type()) + " " + v.Name()
	if len(label) > keyfile.MaxLabel {
		return usage("choose a shorter name", "the name of the key is over %d bytes", keyfile.MaxLabel-len("cosigner-ml-dsa-44 "))
	}
	file, err := a.seal([]keyfile.Entry{{Kind: signerKind, Label: label, Seed: seed}})
	if err != nil {
		return err
	}
	return createSealed(path, file)
}

// openSigner reads what createSigner wrote.
func (a *app) openSigner(path string) (*proof.NoteSigner, error) {
	entries, _, err := a.openSealed(path)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Kind != signerKind {
			continue
		}
		kind, name, _ := strings.Cut(e.Label, " ")
		typ, err := parseSignerType(kind)
		if err != nil {
			return nil, unknown("a newer realdid wrote it", "%s: its kind of key is not known", path)
		}
		secret := e.Seed.Bytes()
		defer clear(secret)
		return proof.NewNoteSigner(name, typ, secret)
	}
	return nil, invalid(`"realdid log key" and "realdid domain new" make such keys`, "%s holds no key of a log or cosigner", path)
}

// signerJSON is what log key prints.
type signerJSON struct {
	Name string `json:"name"`
	Type string `json:"type"`
	VKey string `json:"vkey"`
	File string `json:"file"`
}

func newLogKey(a *app) *cobra.Command {
	var name, typ, out string
	c := &cobra.Command{
		Use:   "key --name NAME",
		Short: "Make a key for a log or a cosigner",
		Long: `Makes a key that signs checkpoints, seals it in a new file (--out, default keys/NAME.key in this home) and prints its verifier key
(C2SP signed-note), which is public. Give that to who makes the trust domain's descriptor, and its file to "serve witness --key".

A name tells keys apart: a domain name that you own and a path, without a scheme, is one that nobody else has.`,
		Example: `  realdid log key --name witness.example/1 --out witness.key
  realdid log key --name ledger.example --type log --out log.key`,
	}
	fl := c.Flags()
	fl.StringVar(&name, "name", "", "`NAME` of the key")
	fl.StringVar(&typ, "type", "cosigner", "`KIND`: cosigner (Ed25519), cosigner-ml-dsa-44 or log")
	fl.StringVar(&out, "out", "", "new `FILE` for the sealed key")
	return verb(c, func(*cobra.Command, []string) error {
		if name == "" {
			return usage("for example --name witness.example/1", "no --name")
		}
		t, err := parseSignerType(typ)
		if err != nil {
			return err
		}
		if out == "" {
			if checkName(name) != nil {
				return usage("give --out FILE, or a name of a-z, 0-9, \"-\" and \"_\"", "%s cannot be the name of a file", name)
			}
			out = a.home.sealed(name)
		}
		s, err := newSigner(name, t)
		if err != nil {
			return err
		}
		defer s.Wipe()
		if err := a.createSigner(out, s); err != nil {
			return err
		}
		if a.flags.json {
			return a.printJSON(signerJSON{name, typ, s.Verifier().String(), out})
		}
		_, err = fmt.Fprintln(a.stdout, s.Verifier())
		return err
	})
}
