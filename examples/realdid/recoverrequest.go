package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// A request is a recovery that waits for guardians' signatures, on its way between devices. It holds no secret.
type request struct {
	Kind      string `json:"kind"`
	Version   int    `json:"version"`
	DID       string `json:"did"`
	Operation string `json:"operation"` // base64url, with the signatures so far
}

const requestKind = "realdid recovery request"

func encodeRequest(op *realdid.Operation) ([]byte, error) {
	b, err := json.MarshalIndent(request{
		requestKind, 1, op.Identifier().Short().String(), base64.RawURLEncoding.EncodeToString(op.Bytes()),
	}, "", "  ")
	return append(b, '\n'), err
}

// readRequest reads a recovery that may lack signatures.
func (a *app) readRequest(path string) (*realdid.Operation, error) {
	b, err := a.readInput(path, "the request")
	if err != nil {
		return nil, err
	}
	var r request
	if err := decodeStrict(b, &r); err != nil || r.Kind != requestKind || r.Version != 1 {
		return nil, invalid("did recover --request-out writes one", "%s: not a recovery request of a known version", path)
	}
	raw, err := base64url.DecodeString(r.Operation)
	if err != nil {
		return nil, invalid("", "%s: the operation is not base64url", path)
	}
	op, err := realdid.ParseOperation(raw)
	if err != nil {
		return nil, err
	}
	if op.Type() != realdid.Recover || op.Identifier().Short().String() != r.DID {
		return nil, invalid("", "%s: the operation is not a recovery of %s", path, r.DID)
	}
	return op, nil
}

// requestJSON is what did recover prints for --request-out and --approve.
type requestJSON struct {
	DID       string   `json:"did"`
	VersionID string   `json:"versionId"` // both sides compare it
	Signed    []string `json:"signedHere"`
	File      string   `json:"file,omitempty"`
	SeedFile  string   `json:"seedFile,omitempty"`
	CardFile  string   `json:"cardFile,omitempty"`
}

// ask writes a request instead of filing the recovery. The keys to come are kept, because the guardians sign for them.
func (c *change) ask(ctx context.Context, draft *realdid.Draft, signers []keys.Signer, fresh *ring, path string, out requestJSON) error {
	if err := draft.Sign(ctx, signers...); err != nil {
		return err
	}
	op, err := draft.Operation()
	if err != nil {
		return err
	}
	b, err := encodeRequest(op)
	if err != nil {
		return err
	}
	if err := c.keep(fresh); err != nil {
		return err
	}
	if err := c.app.writeOutput(path, b); err != nil {
		return err
	}
	for _, s := range signers {
		out.Signed = append(out.Signed, s.Public().Multikey())
	}
	out.DID, out.VersionID, out.File = c.id.DID, op.VersionID(), path
	if err := c.app.showRequest("recovery asked for", out, path); err != nil {
		return err
	}
	c.app.note("give %s to each guardian, who runs: realdid did recover --approve FILE --guardian-key NAME --out FILE", path)
	return nil
}

func (a *app) showRequest(how string, out requestJSON, path string) error {
	if path == "-" {
		return nil // standard output has the request itself
	}
	if a.flags.json {
		return a.printJSON(out)
	}
	fmt.Fprintf(a.stdout, "%s  %s\n", a.paint.green(how), a.paint.bold(out.DID))
	s := sheet{p: a.paint}
	s.add("request", out.File)
	s.add("code", out.VersionID[:4]+" "+out.VersionID[4:8]+" "+out.VersionID[8:12]+"  (compare it by voice)")
	if out.SeedFile != "" {
		s.add("seed", out.SeedFile)
	}
	if out.CardFile != "" {
		s.add("recovery card", out.CardFile)
	}
	s.write(a.stdout)
	return nil
}

// approve adds guardians' signatures to a request. It needs no ledger and no identity: a guardian has a key and nothing else.
func (a *app) approve(ctx context.Context, f *recoverFlags) error {
	if len(f.guardianKeys) == 0 {
		return usage("--guardian-key NAME", "--approve without a guardian's key")
	}
	if f.out == "" {
		return usage("--out FILE for the signed request, or --out - for standard output", "--approve without --out")
	}
	if f.out == "-" && a.flags.json {
		return usage("give a file", "--out - with --json")
	}
	op, err := a.readRequest(f.approve)
	if err != nil {
		return err
	}
	draft, err := op.Resume(nil)
	if err != nil {
		return err
	}
	out := requestJSON{DID: op.Identifier().Short().String(), VersionID: op.VersionID(), File: f.out}
	for _, name := range f.guardianKeys {
		k, err := a.guardianKey(name)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(draft.Signers(), k.Public().Equal) {
			return invalid("the request is for other guardians, or this is another key", "%s cannot sign this recovery", name)
		}
		if err := draft.Sign(ctx, k); err != nil {
			return err
		}
		out.Signed = append(out.Signed, k.Public().Multikey())
	}
	signed, err := draft.Operation()
	if err != nil {
		return err
	}
	b, err := encodeRequest(signed)
	if err != nil {
		return err
	}
	if err := a.writeOutput(f.out, b); err != nil {
		return err
	}
	if err := a.showRequest("approved", out, f.out); err != nil {
		return err
	}
	a.note("send it back only if the person who asks is who you think, and the code is the same there")
	return nil
}

// file files the recovery of one request, with the signatures of all its copies.
func (a *app) file(ctx context.Context, paths []string) error {
	c, err := a.begin(ctx)
	if err != nil {
		return err
	}
	defer c.end()
	var draft *realdid.Draft
	for _, path := range paths {
		op, err := a.readRequest(path)
		if err != nil {
			return err
		}
		if draft == nil {
			draft, err = op.Resume(nil)
		} else {
			err = draft.Merge(op)
		}
		if err != nil {
			return err
		}
	}
	res, err := c.commit(ctx, draft, nil, nil)
	if err != nil {
		return err
	}
	return a.showOperation(c.id.Name, "recovery filed", res, nil)
}
