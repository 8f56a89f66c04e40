package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
)

// createdJSON is what did create prints.
type createdJSON struct {
	Name       string   `json:"name"`
	DID        string   `json:"did"`
	LongForm   string   `json:"longForm,omitempty"` // absent if it would be over the limit
	Registered bool     `json:"registered"`
	VersionID  string   `json:"versionId"`
	Methods    []string `json:"verificationMethods"`
	KeyFile    string   `json:"keyFile"`
	SeedFile   string   `json:"seedFile"`
	CardFile   string   `json:"cardFile,omitempty"`
}

func (a *app) showCreated(n *newIdentity, op *realdid.Operation, seedPath, cardPath string, registered bool) error {
	out := createdJSON{
		Name: n.record.Name, DID: n.record.DID, Registered: registered, VersionID: op.VersionID(), KeyFile: n.ring.path, SeedFile: seedPath,
	}
	if long, err := op.LongForm(); err == nil {
		out.LongForm = long.String()
	}
	if n.card != nil {
		out.CardFile = cardPath
	}
	for _, k := range n.record.Keys {
		if strings.HasPrefix(k.Label, "#") {
			out.Methods = append(out.Methods, out.DID+k.Label)
		}
	}
	if a.flags.json {
		return a.printJSON(out)
	}
	fmt.Fprintf(a.stdout, "%s  %s\n", a.paint.green("created"), a.paint.bold(out.DID))
	s := sheet{p: a.paint}
	s.add("name", out.Name)
	if !registered {
		s.add("long form", out.LongForm)
	}
	s.add("daily keys", out.KeyFile)
	s.add("seed", seedPath)
	if n.card != nil {
		s.add("recovery card", cardPath)
	}
	s.write(a.stdout)
	switch {
	case n.record.Single:
		a.note("the seed stays beside the daily keys, as you asked: whoever steals this device and the passphrase has the identity. It is recorded.")
	case seedPath != a.home.seed(n.record.Name):
		a.note("keep %s away from this device: who holds it can rotate and recover, and nobody else.", seedPath)
	default:
		a.note("move %s to paper, a drive or a second device: who holds it can rotate and recover, and nobody else.", seedPath)
	}
	if n.card != nil {
		a.note("keep a copy of %s off this device and give one to each guardian: without it they cannot recover.", cardPath)
	}
	return nil
}

// operationJSON is what every verb prints that writes an operation.
type operationJSON struct {
	DID        string       `json:"did"`
	Operation  string       `json:"operation"`
	Sequence   uint64       `json:"sequence"`
	VersionID  string       `json:"versionId"`
	Time       string       `json:"time"`
	Index      uint64       `json:"ledgerIndex"`
	Added      []string     `json:"added,omitempty"`   // verification methods
	Removed    []string     `json:"removed,omitempty"` // verification methods
	Pending    *pendingJSON `json:"pendingRecovery,omitempty"`
	FinalAfter string       `json:"deactivationFinal,omitempty"`
	CardFile   string       `json:"cardFile,omitempty"`
	SeedFile   string       `json:"seedFile,omitempty"`

	Migration *migrationJSON `json:"migration,omitempty"`
	From      string         `json:"from,omitempty"` // of an import

	Receipts []receiptJSON `json:"receipts,omitempty"`
}

type migrationJSON struct {
	To       string `json:"to"`
	Ready    string `json:"ready"` // when it can be completed
	Departed bool   `json:"departed"`
}

type pendingJSON struct {
	Rank      int    `json:"rank"`
	Filed     string `json:"filed"`
	Effective string `json:"effective"`
	Vetoable  bool   `json:"vetoable"`
}

// showOperation prints an operation that the ledger holds.
func (a *app) showOperation(name, did string, res *realdid.Result, more func(*operationJSON)) error {
	out := operationJSON{
		DID: res.DID.String(), Operation: res.Operation.Type().String(), Sequence: res.State.Seq(), VersionID: res.Operation.VersionID(),
		Time: res.Anchor.Time.Format(time.RFC3339), Index: res.Anchor.Index,
	}
	pending, waits := res.State.Pending()
	if waits {
		out.Pending = &pendingJSON{
			pending.Tier.Index, pending.Filed.Format(time.RFC3339), pending.Effective.Format(time.RFC3339), pending.Vetoable,
		}
	}
	_, final, deactivated := res.State.Deactivated()
	if deactivated {
		out.FinalAfter = final.Format(time.RFC3339)
	}
	to, ready, departed, moving := res.State.Migration()
	if moving {
		out.Migration = &migrationJSON{to, ready.Format(time.RFC3339), departed}
	}
	if more != nil {
		more(&out)
	}
	if a.flags.json {
		return a.printJSON(out)
	}
	fmt.Fprintf(a.stdout, "%s  %s\n", a.paint.green(did), a.paint.bold(out.DID))
	s := sheet{p: a.paint}
	s.add("name", name)
	s.add("operation", fmt.Sprintf("%d, %s, at %s", out.Sequence, out.Operation, when(res.Anchor.Time)))
	for _, m := range out.Added {
		s.add("new key", m)
	}
	for _, m := range out.Removed {
		s.add("removed key", m)
	}
	if waits {
		s.tinted(a.paint.yellow, "takes effect", when(pending.Effective))
		s.add("cancellable by", pendingCancellers(pending))
	}
	switch {
	case departed:
		s.add("moved to", to)
	case moving:
		s.tinted(a.paint.yellow, "moves to", to, "at the earliest "+when(ready))
	}
	if out.From != "" {
		s.add("came from", out.From)
	}
	if deactivated {
		s.add("final after", when(final)+" (until then a recovery revives it)")
	}
	if out.SeedFile != "" {
		s.add("seed", out.SeedFile)
	}
	if out.CardFile != "" {
		s.add("recovery card", out.CardFile)
	}
	for i, r := range out.Receipts {
		s.add(first(i, "receipt"), r.File)
	}
	s.write(a.stdout)
	return nil
}

func pendingCancellers(p realdid.Pending) string {
	var who []string
	if p.Tier.Index > 0 {
		who = append(who, "a tier above it")
	}
	if p.Vetoable {
		who = append(who, "the next key")
	}
	if who == nil {
		return "nobody"
	}
	return strings.Join(who, ", ")
}

// timeText writes a time for JSON; empty for none.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// compare lists the methods that came and went between two documents.
func compare(before, after realdid.Content) (added, removed []string) {
	missing := func(from, in []realdid.VerificationMethod) (out []string) {
		for _, m := range from {
			if !slices.ContainsFunc(in, func(n realdid.VerificationMethod) bool { return n.Fragment == m.Fragment }) {
				out = append(out, fmt.Sprintf("#%s (%v, %v)", m.Fragment, m.Purposes, m.Key.Algorithm()))
			}
		}
		return out
	}
	return missing(after.VerificationMethods, before.VerificationMethods), missing(before.VerificationMethods, after.VerificationMethods)
}

// fragments turns what compare lists into DID URLs, for JSON.
func fragments(id did.DID, list []string) []string {
	var out []string
	for _, s := range list {
		f, _, _ := strings.Cut(s, " ")
		out = append(out, id.String()+f)
	}
	return out
}
