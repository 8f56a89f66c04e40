package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/ledger/witness"
	"github.com/realdid/realdid/did/realdid"
)

// proofJSON is what log prove prints.
type proofJSON struct {
	Kind  string  `json:"kind"` // "entry" or "state"
	Log   string  `json:"log"`
	Size  uint64  `json:"size"`            // of the log under the checkpoint, in leaves
	Entry *uint64 `json:"entry,omitempty"` // of the ledger
	Leaf  *uint64 `json:"leaf,omitempty"`  // of the log
	DID   string  `json:"did,omitempty"`
	File  string  `json:"file,omitempty"`
	Proof any     `json:"proof"` // text of an entry's, base64 of a state's
}

func newLogProve(a *app) *cobra.Command {
	var place, out string
	c := &cobra.Command{
		Use:   "prove INDEX|DID|NAME",
		Short: "Prove that an entry stands in the log, or what stands at a DID",
		Long: `Writes a proof that log verify checks, and whoever knows the formats.

Of an entry of the ledger, by its INDEX from 0: that it stands in the log (C2SP tlog-proof, a text; the extra line holds the leaf). It is
found by the log's tiles, which any web server may publish. Of a DID: its newest head record, or that it has none, under the map of the last
epoch. A bundle (did bundle) is more: it also holds what the head record describes.

The log is that of --log, else of --ledger URL, else of the trust domain. With --domain the checkpoint in the proof carries the signatures
that its quorum needs; a log's folder must not be in use for a proof of a DID.`,
		Example: `  realdid log prove 0 --domain ./demo
  realdid log prove 17 --log http://127.0.0.1:8473 -o entry-17.proof
  realdid log prove did:realdid:qaaaa… --domain ./demo -o alice.latest`,
		Args: args(1, 1),
	}
	fl := c.Flags()
	fl.StringVar(&place, "log", "", "`DIR|URL` where the log is published")
	fl.StringVarP(&out, "out", "o", "", "write to a new `FILE` instead of standard output")
	return verb(c, func(c *cobra.Command, args []string) error {
		if place == "" {
			var err error
			if place, err = a.ledgerPlace(); err != nil {
				return err
			}
			if !isURL(place) {
				return usage("--log DIR names the folder of a log, as serve ledger keeps it", "the ledger at %s publishes no log", place)
			}
		}
		if index, err := strconv.ParseUint(args[0], 10, 64); err == nil {
			return a.proveEntry(c.Context(), place, index, out)
		}
		id, err := a.bundled(args)
		if err != nil {
			return err
		}
		if (out == "" || out == "-") && !a.flags.json && isTerminal(a.stdout) {
			return usage("-o FILE writes it to a file", "a proof of a DID is binary, and this is a terminal")
		}
		return a.proveState(c.Context(), place, id, out)
	})
}

// folderWith returns the first of dir and folders below it that holds a file.
func (a *app) folderWith(file, dir string, below ...string) (string, error) {
	for _, b := range append([]string{""}, below...) {
		if sub := filepath.Join(dir, b); a.home.exists(filepath.Join(sub, file)) {
			return sub, nil
		}
	}
	return "", unknown("a server keeps its log in the folder tlog of its state", "there is no log in %s", dir)
}

// logFiles reads the published files of a log.
func (a *app) logFiles(place string) (witness.Source, error) {
	if isURL(place) {
		return a.logSource(place)
	}
	dir, err := a.folderWith("checkpoint", place, "log", filepath.Join(tlogDir, "log"))
	if err != nil {
		return nil, err
	}
	return witness.NewDirSource(dir), nil
}

// selected is a checkpoint with the signatures that a proof should carry.
func (a *app) selected(note []byte) ([]byte, proof.Checkpoint, error) {
	n, err := proof.ParseNote(note)
	if err != nil {
		return nil, proof.Checkpoint{}, err
	}
	c, err := proof.ParseCheckpoint(n.Text)
	if err != nil {
		return nil, c, err
	}
	d, err := a.domain()
	if err != nil || d == nil {
		return note, c, err
	}
	trust, err := d.trustOf(c.Origin)
	if err == nil {
		note, err = trust.Select(note, a.now())
	}
	return note, c, err
}

// trustOf is the policy for the log of a name.
func (d *domainFolder) trustOf(origin string) (*proof.Trust, error) {
	for _, l := range d.Trusted() {
		if l.Trust.Origin == origin {
			return l.Trust, nil
		}
	}
	return nil, unknown("--domain names the descriptor of another trust domain", "%s names no log %q", d.path, origin)
}

func (a *app) proveEntry(ctx context.Context, place string, index uint64, out string) error {
	src, err := a.logFiles(place)
	if err != nil {
		return err
	}
	note, err := src.ReadFile(ctx, "checkpoint")
	if err != nil {
		return err
	}
	note, c, err := a.selected(note)
	if err != nil {
		return err
	}
	e, err := witness.FindEntry(ctx, src, c, index)
	if errors.Is(err, fs.ErrNotExist) {
		return invalid("entries are counted from 0, and published with the next epoch", "the log of %d leaves has no entry %d", c.Size, index)
	}
	if err != nil {
		return err
	}
	text := (&proof.LogProof{Extra: e.Leaf, Index: e.Place, Path: e.Path, Checkpoint: note}).Append(nil)
	j := proofJSON{Kind: "entry", Log: c.Origin, Size: c.Size, Entry: &index, Leaf: &e.Place, DID: didOf(e.Key), Proof: string(text)}
	return a.deliverProof(text, j, out, fmt.Sprintf("entry %d is leaf %d of %d of the log %s", index, e.Place, c.Size, c.Origin))
}

// didOf is the identifier whose operations stand at a key of the ledger; empty if the key is another's.
func didOf(key string) string {
	id, err := did.Parse("did:" + realdid.MethodName + ":" + key)
	if err == nil {
		_, err = realdid.ParseIdentifier(id)
	}
	if err != nil {
		return ""
	}
	return id.String()
}

func (a *app) proveState(ctx context.Context, place string, id did.DID, out string) error {
	parsed, err := realdid.ParseIdentifier(id)
	if err != nil {
		return err
	}
	l, err := a.latestOf(ctx, place, parsed.Key())
	if err != nil {
		return err
	}
	note, c, err := a.selected(l.Checkpoint)
	if err != nil {
		return err
	}
	l.Checkpoint = note
	b, err := l.Bytes()
	if err != nil {
		return err
	}
	what := "is the newest of"
	if l.Head == nil {
		what = "there is none; that is what it proves of"
	}
	j := proofJSON{Kind: "state", Log: c.Origin, Size: c.Size, DID: parsed.Short().String(), Proof: b}
	return a.deliverProof(b, j, out, fmt.Sprintf("the head record %s %s, as of leaf %d of the log %s", what, parsed.Short(), c.Size-1, c.Origin))
}

// latestOf asks a ledger behind a URL, or the log in a folder.
func (a *app) latestOf(ctx context.Context, place, key string) (*proof.Latest, error) {
	if !isURL(place) {
		dir, err := a.folderWith("FORMAT", place, tlogDir)
		if err != nil {
			return nil, err
		}
		origin, err := originIn(dir)
		if err != nil {
			return nil, err
		}
		s, err := tlog.OpenStore(dir, &tlog.StoreOptions{Origin: origin})
		if err != nil {
			return nil, err
		}
		defer s.Close()
		return s.Prove(key)
	}
	c, err := a.ledgerClient(place)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	p, ok := any(c).(ledger.Prover)
	if !ok {
		return nil, unknown("", "the ledger at %s proves nothing", place)
	}
	b, err := p.Prove(ctx, key, 0)
	if err != nil {
		return nil, err
	}
	return proof.ParseLatest(b)
}

// originIn reads the name of the log in a folder from its checkpoint.
func originIn(dir string) (string, error) {
	note, err := witness.NewDirSource(filepath.Join(dir, "log")).ReadFile(context.Background(), "checkpoint")
	if errors.Is(err, fs.ErrNotExist) {
		return "", unknown("it is published when its cosigners have signed", "the log in %s has not been published yet", dir)
	}
	if err != nil {
		return "", err
	}
	return checkpointOrigin(note)
}

func (a *app) deliverProof(b []byte, j proofJSON, out, says string) error {
	toFile := out != "" && out != "-"
	if toFile {
		j.File = out
		if err := createFileMode(out, b, 0o644); err != nil {
			return err
		}
	}
	if a.flags.json {
		return a.printJSON(j)
	}
	if toFile {
		fmt.Fprintf(a.stdout, "%s  %s\n", a.paint.green("proven"), a.paint.bold(clean(out)))
		fmt.Fprintf(a.stdout, "  %s\n", clean(says))
		return nil
	}
	_, err := a.stdout.Write(b)
	a.note("%s", says)
	return err
}
