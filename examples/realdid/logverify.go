package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// proofVerdictJSON is what log verify prints, whatever it says.
type proofVerdictJSON struct {
	Valid     *bool          `json:"valid"` // null: could not check
	Reason    string         `json:"reason,omitempty"`
	Kind      string         `json:"kind,omitempty"` // "entry", "epoch" or "state"
	Log       string         `json:"log,omitempty"`
	Size      uint64         `json:"size,omitempty"`
	Leaf      *uint64        `json:"leaf,omitempty"`
	Entry     *uint64        `json:"entry,omitempty"`
	DID       string         `json:"did,omitempty"`
	Sequence  *uint64        `json:"sequence,omitempty"`  // of an entry among those of its key; of a state, of the last operation
	Operation string         `json:"operation,omitempty"` // of an entry
	VersionID string         `json:"versionId,omitempty"`
	Status    string         `json:"status,omitempty"` // of a state
	Absent    bool           `json:"absent"`           // there is none
	Time      string         `json:"time,omitempty"`   // that the ledger gave
	AsOf      string         `json:"asOf,omitempty"`   // of a state
	Cosigners []cosignedJSON `json:"cosigners"`
}

func newLogVerify(a *app) *cobra.Command {
	var who string
	c := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check a proof of log prove, with no network",
		Long: `Checks a proof of an entry, or with --did a proof of what stands at a DID: the path, the log's signature, and the cosignatures that the
trust domain's descriptor (--domain) asks for. Nobody is asked.

Exit status: 0 it holds, 1 it does not, 2 could not check.`,
		Example: `  realdid log verify entry-17.proof --domain ./demo
  realdid log verify alice.latest --did did:realdid:qaaaa… --domain ./demo --json`,
		Args: args(1, 1),
	}
	c.Flags().StringVar(&who, "did", "", "whom a proof of a state is about: a `DID`, or name of an identity in this home")
	return verb(c, func(_ *cobra.Command, args []string) error {
		d, err := a.needDomain()
		if err != nil {
			return err
		}
		b, err := a.readInput(args[0], "the proof")
		if err != nil {
			return err
		}
		out := &proofVerdictJSON{Cosigners: []cosignedJSON{}}
		if bytes.HasPrefix(b, []byte("c2sp.org/tlog-proof@")) {
			return a.proofVerdict(out, a.verifyEntry(out, d, b))
		}
		if who == "" {
			return usage("such a proof does not name whom it is about: --did DID", "no --did")
		}
		id, err := a.reachableDID(who)
		if err != nil {
			return err
		}
		return a.proofVerdict(out, a.verifyState(out, d, id, b))
	})
}

// checkpointOrigin reads the name of the log, which is not verified.
func checkpointOrigin(note []byte) (string, error) {
	n, err := proof.ParseNote(note)
	if err != nil {
		return "", err
	}
	c, err := proof.ParseCheckpoint(n.Text)
	return c.Origin, err
}

func (o *proofVerdictJSON) checkpoint(v *proof.VerifiedCheckpoint) {
	o.Log, o.Size = v.Origin, v.Size
	for _, c := range v.Cosigned {
		o.Cosigners = append(o.Cosigners, cosignedJSON{c.Key.Name(), c.Role.String(), timeText(c.Time)})
	}
}

func unixText(seconds int64) string { return timeText(time.Unix(seconds, 0)) }

func (a *app) verifyEntry(out *proofVerdictJSON, d *domainFolder, b []byte) error {
	p, err := proof.ParseLogProof(b)
	if err != nil {
		return err
	}
	if p.Extra == nil {
		return unknown("log prove puts the leaf into the extra line", "the proof does not carry its leaf")
	}
	origin, err := checkpointOrigin(p.Checkpoint)
	if err != nil {
		return err
	}
	trust, err := d.trustOf(origin)
	if err != nil {
		return err
	}
	v, err := p.Verify(trust, p.Extra, a.now())
	if err != nil {
		return err
	}
	leaf, err := proof.ParseLeaf(p.Extra)
	if err != nil {
		return err
	}
	out.checkpoint(v)
	out.Leaf = &p.Index
	switch l := leaf.(type) {
	case proof.EpochLeaf:
		out.Kind, out.Time = "epoch", unixText(l.Time)
	case proof.EntryLeaf:
		out.Kind, out.Entry, out.Sequence, out.Time, out.DID = "entry", &l.Index, &l.Seq, unixText(l.Time), didOf(l.Key)
		if op, err := realdid.ParseOperation(l.Op); err == nil {
			out.Operation, out.VersionID = op.Type().String(), op.VersionID()
		}
	}
	return nil
}

func (a *app) verifyState(out *proofVerdictJSON, d *domainFolder, id did.DID, b []byte) error {
	parsed, err := realdid.ParseIdentifier(id)
	if err != nil {
		return err
	}
	l, err := proof.ParseLatest(b)
	if err != nil {
		return err
	}
	origin, err := checkpointOrigin(l.Checkpoint)
	if err != nil {
		return err
	}
	trust, err := d.trustOf(origin)
	if err != nil {
		return err
	}
	v, err := l.Verify(trust, parsed.Key(), a.now())
	if err != nil {
		return err
	}
	if !v.Latest && !v.Absent {
		return unknown("a trust domain needs witnesses and auditors for that", "its quorum vouches for no newest state")
	}
	if !v.Absent {
		h, err := realdid.ParseHead(v.Head)
		if err != nil {
			return err
		}
		op := realdid.SCID{Suite: parsed.SCID.Suite, Digest: h.Operation}.String()[1:] // as versionId writes it, without the suite
		out.Sequence, out.VersionID, out.Status, out.Time = &h.Seq, op, h.Status.String(), timeText(h.Time)
	}
	out.checkpoint(v.Checkpoint)
	out.Kind, out.DID, out.Absent, out.AsOf = "state", parsed.Short().String(), v.Absent, timeText(v.AsOf)
	return nil
}

// proofVerdict prints what was found.
func (a *app) proofVerdict(out *proofVerdictJSON, err error) error {
	yes, no := true, false
	var f *failure
	switch {
	case err == nil:
		out.Valid = &yes
	case errors.Is(err, proof.ErrInvalid), errors.Is(err, realdid.ErrHead):
		f = invalid("it was changed, or it is not of this trust domain's log and cosigners", "%s", withoutPackages(err.Error()))
		out.Valid = &no
	default:
		f = explainLibrary(err)
	}
	if f != nil {
		if f.status == statusUsage {
			return f
		}
		out.Reason, f.quiet = f.detail, true
	}
	if a.flags.json {
		if err := a.printJSON(out); err != nil {
			return err
		}
	} else {
		a.showProofVerdict(out)
	}
	if f != nil {
		return f
	}
	return nil
}

func (a *app) showProofVerdict(out *proofVerdictJSON) {
	if out.Valid == nil || !*out.Valid {
		verdict := a.paint.yellow("could not check")
		if out.Valid != nil {
			verdict = a.paint.red("INVALID")
		}
		fmt.Fprintln(a.stdout, a.paint.bold(verdict))
		s := sheet{p: a.paint}
		s.add("but", out.Reason)
		s.write(a.stdout)
		return
	}
	fmt.Fprintln(a.stdout, a.paint.bold(a.paint.green("valid")))
	s := sheet{p: a.paint}
	if out.DID != "" {
		s.add("did", out.DID)
	}
	switch out.Kind {
	case "entry":
		text := fmt.Sprintf("entry %d of the ledger, number %d of its key, stands in the log as leaf %d", *out.Entry, *out.Sequence, *out.Leaf)
		s.add("proven", text)
		if out.Operation != "" {
			s.add("operation", strings.TrimSpace(out.Operation+"  "+out.VersionID))
		}
		s.add("time", out.Time+" (what the ledger wrote)")
	case "epoch":
		s.add("proven", fmt.Sprintf("leaf %d of the log is an epoch of %s", *out.Leaf, out.Time))
	default:
		if out.Absent {
			s.add("proven", "it had no operation at "+out.AsOf)
		} else {
			s.add("proven", fmt.Sprintf("operation %d was the newest at %s: %s, %s", *out.Sequence, out.AsOf, out.VersionID, out.Status))
		}
	}
	s.add("log", fmt.Sprintf("%s, %d leaves", out.Log, out.Size))
	for i, c := range out.Cosigners {
		s.add(first(i, "cosigned by"), c.Name, c.Role, c.Time)
	}
	s.write(a.stdout)
}
