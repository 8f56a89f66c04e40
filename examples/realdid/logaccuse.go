package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger/proof"
)

// accusedJSON is what log accuse prints.
type accusedJSON struct {
	Guilty bool         `json:"guilty"`
	Log    string       `json:"log"`
	Sizes  []uint64     `json:"sizes"` // of the two checkpoints
	Keys   []accusedKey `json:"keys"`  // that signed both
	Reason string       `json:"reason,omitempty"`
	File   string       `json:"file,omitempty"` // that --out wrote
}

type accusedKey struct {
	Name string `json:"name"`
	Role string `json:"role"` // "log", "witness", "mirror" or "auditor"
}

func newLogAccuse(a *app) *cobra.Command {
	var out string
	var vkeys []string
	c := &cobra.Command{
		Use:   "accuse [FILE]",
		Short: "Check evidence that a log, or a cosigner, signed two histories",
		Long: `Checks an accusation: two checkpoints of one log that cannot both be true, and who of the trust domain (--domain) signed both. It needs
no trust in whoever presents it: nobody can make one against a key that signed one history. Witnesses and mirrors write such files into their
state (accusation-…). Without FILE, the evidence is that which this home has in its memory, because a log once showed it two histories; -o FILE
takes it out, to be shown to others.

Exit status: 0 somebody is guilty, 1 nobody is, 2 could not check.`,
		Example: `  realdid log accuse accusation-4f1d5a5a2b1c9e00 --domain ./demo
  realdid log accuse --domain ./demo -o evidence.accusation
  realdid log accuse evidence --key ledger.example+1f2e3d4c+AQ…`,
		Args: args(0, 1),
	}
	fl := c.Flags()
	fl.StringVarP(&out, "out", "o", "", "write the evidence to a new `FILE`")
	fl.StringArrayVar(&vkeys, "key", nil, "`VKEY` to try, where there is no descriptor; repeat")
	return verb(c, func(_ *cobra.Command, args []string) error {
		b, err := a.evidence(args)
		if err != nil {
			return err
		}
		return a.accuse(b, vkeys, out)
	})
}

// evidence reads the file, or takes what this home remembers.
func (a *app) evidence(args []string) ([]byte, error) {
	if len(args) == 1 {
		return a.readInput(args[0], "the accusation")
	}
	if !a.home.exists(a.home.memory()) {
		return nil, invalid("", "this home has seen no log: it has no evidence")
	}
	m, err := a.memory()
	if err != nil {
		return nil, err
	}
	switch list := m.Accusations(); len(list) {
	case 0:
		return nil, invalid("", "this home has no evidence against any log")
	default:
		return list[0], nil
	}
}

func (a *app) accuse(b []byte, vkeys []string, file string) error {
	acc, err := proof.ParseAccusation(b)
	if err != nil {
		return invalid("an accusation is a file that a witness, a mirror or this program wrote", "%s", withoutPackages(err.Error()))
	}
	out := &accusedJSON{Keys: []accusedKey{}}
	if out.Log, err = acc.Origin(); err != nil {
		return invalid("", "%s", withoutPackages(err.Error()))
	}
	for _, note := range [][]byte{acc.A, acc.B} {
		if n, err := proof.ParseNote(note); err == nil {
			if c, err := proof.ParseCheckpoint(n.Text); err == nil {
				out.Sizes = append(out.Sizes, c.Size)
			}
		}
	}
	suspects, err := a.suspects(out.Log, vkeys)
	if err != nil {
		return err
	}
	for _, s := range suspects {
		if err := acc.Verify(s.key); err == nil {
			out.Keys = append(out.Keys, s.accusedKey)
		} else if s.Role == "log" {
			out.Reason = withoutPackages(err.Error())
		}
	}
	if out.Guilty = len(out.Keys) > 0; out.Guilty {
		out.Reason = ""
		if file != "" {
			out.File = file
			if err := createFileMode(file, b, 0o644); err != nil {
				return err
			}
		}
	}
	return a.showAccused(out)
}

// A suspect is a key that may sign for the log.
type suspect struct {
	accusedKey
	key proof.VerifierKey
}

// suspects are the keys that the command line and the trust domain name.
func (a *app) suspects(origin string, vkeys []string) ([]suspect, error) {
	var out []suspect
	for _, text := range vkeys {
		k, err := proof.ParseVerifierKey(text)
		if err != nil {
			return nil, usage("as log key and domain show print it: NAME+HEX+BASE64", "--key: not a verifier key: %.80q", text)
		}
		role := "cosigner"
		if k.Type() == proof.LogEd25519 {
			role = "log"
		}
		out = append(out, suspect{accusedKey{k.Name(), role}, k})
	}
	d, err := a.domain()
	if err != nil {
		return nil, err
	}
	if d == nil && out == nil {
		return nil, usage("--domain DIR|FILE names whose keys to try, or --key VKEY", "no --domain")
	}
	if d == nil {
		return out, nil
	}
	trust, err := d.trustOf(origin)
	if err != nil && out != nil {
		return out, nil // the keys that were given are enough
	}
	if err != nil {
		return nil, err
	}
	out = append(out, suspect{accusedKey{trust.Log.Name(), "log"}, trust.Log})
	for _, c := range trust.Cosigners {
		out = append(out, suspect{accusedKey{c.Key.Name(), c.Role.String()}, c.Key})
	}
	return out, nil
}

func (a *app) showAccused(out *accusedJSON) error {
	var fail error
	if !out.Guilty {
		if out.Reason == "" {
			out.Reason = "none of the keys signed both"
		}
		fail = &failure{status: statusInvalid, quiet: true, detail: "it proves nothing against anybody: " + out.Reason}
	}
	if a.flags.json {
		if err := a.printJSON(out); err != nil {
			return err
		}
		return fail
	}
	if !out.Guilty {
		fmt.Fprintln(a.stdout, a.paint.bold("nobody is shown to be guilty"))
		return fail
	}
	fmt.Fprintln(a.stdout, a.paint.bold(a.paint.red("GUILTY")))
	s := sheet{p: a.paint}
	s.add("log", out.Log)
	what := "two checkpoints of one size, with different roots"
	if out.Sizes[0] != out.Sizes[1] {
		what = "two checkpoints, of which the smaller is no beginning of the greater"
	}
	s.add("proven", what)
	s.add("sizes", fmt.Sprintf("%d and %d leaves", out.Sizes[0], out.Sizes[1]))
	for i, k := range out.Keys {
		s.tinted(a.paint.red, first(i, "signed both"), k.Name, k.Role)
	}
	if out.File != "" {
		s.add("evidence", out.File)
	}
	s.write(a.stdout)
	return nil
}
