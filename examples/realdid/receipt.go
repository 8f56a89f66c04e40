package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// receiptJSON is a receipt that vc receipt made.
type receiptJSON struct {
	Credential string `json:"credential"` // the file
	File       string `json:"file"`
}

func newVCReceipt(a *app) *cobra.Command {
	var outDir string
	var height int
	c := &cobra.Command{
		Use:   "receipt CREDENTIAL…",
		Short: "Anchor credentials in the issuer's history, and write a receipt for each",
		Long: `Puts salted digests of credentials that --as NAME has issued into a tree, anchors the tree's root in the identity's history, and writes a
receipt beside each credential (CREDENTIAL.receipt), or into --out-dir: the path from the credential to that root. Give it to the holder
with the credential. With it the credential outlives the key that signed it, even one that is stolen later (vc verify --receipt).

The history shows one operation of fixed size for the whole batch, which tells neither what was issued nor, because the tree is filled up
to its height, how much. Anchor at regular times, so that the times tell nothing either. A receipt is as linkable as its credential: whoever
sees it twice knows it again. Do not use receipts where showings of a credential must not be linked.`,
		Example: `  realdid vc receipt person.sdjwt --as authority
  realdid vc receipt issued/alice.sdjwt issued/bob.sdjwt --as authority --out-dir receipts --json`,
		Args: args(1, 1<<vc.MaxReceiptHeight),
	}
	fl := c.Flags()
	fl.StringVar(&outDir, "out-dir", "", "write the receipts into this `DIR` (default: beside each credential)")
	fl.IntVar(&height, "height", 0, "of the tree: room for two to the power of `N` credentials (default 10, or as many as it takes)")
	return verb(c, func(c *cobra.Command, args []string) error { return a.vcReceipt(c.Context(), args, outDir, height) })
}

func (a *app) vcReceipt(ctx context.Context, files []string, outDir string, height int) error {
	if height == 0 {
		for height = vc.DefaultReceiptHeight; len(files) > 1<<height; height++ {
		}
	}
	if height < 0 || height > vc.MaxReceiptHeight || len(files) > 1<<height {
		return usage("at most 20, and enough for all", "--height: %d is no height for %s", height, plural(len(files), "credential"))
	}
	paths, err := receiptPaths(a.home, files, outDir)
	if err != nil {
		return err
	}
	c, err := a.begin(ctx)
	if err != nil {
		return err
	}
	defer c.end()
	if err := c.settled(); err != nil {
		return err
	}
	batch, err := vc.NewReceiptBatch(height)
	if err != nil {
		return err
	}
	places := make([]int, len(files))
	for i, file := range files {
		raw, err := a.readCredential(file)
		if err != nil {
			return err
		}
		digest, err := c.issued(raw)
		if err != nil {
			f := explainLibrary(err)
			f.detail = file + ": " + f.detail
			return f
		}
		if places[i], err = batch.Add(digest); err != nil {
			return err
		}
	}
	root := batch.Root()
	// The receipts are on disk before the history commits to their root: what is anchored can be shown, whatever happens now.
	out := make([]receiptJSON, len(files))
	for i := range files {
		r, err := batch.Receipt(places[i])
		if err == nil {
			err = createFile(paths[i], []byte(r.String()+"\n"))
		}
		if err != nil {
			return errors.Join(err, c.takeBack())
		}
		c.undo = append(c.undo, func() error { return os.Remove(paths[i]) })
		out[i] = receiptJSON{files[i], paths[i]}
	}
	draft, err := c.state.DraftAnchor(realdid.Digest(root))
	if err != nil {
		return errors.Join(err, c.takeBack())
	}
	signers, err := c.controlSigners()
	if err != nil {
		return errors.Join(err, c.takeBack())
	}
	res, err := c.commit(ctx, draft, signers, nil)
	if err != nil {
		return err
	}
	return a.showOperation(c.id.Name, "anchored", res, func(o *operationJSON) { o.Receipts = out })
}

// receiptPaths names the new files, which must be free and different.
func receiptPaths(h home, files []string, outDir string) ([]string, error) {
	paths := make([]string, len(files))
	taken := map[string]bool{}
	for i, file := range files {
		if file == "-" {
			return nil, usage("give files: each receipt is written beside its credential", "a receipt for standard input")
		}
		if checkName(file) == nil && !h.exists(file) && h.exists(h.credential(file)) {
			file = h.credential(file)
		}
		paths[i] = file + ".receipt"
		if outDir != "" {
			paths[i] = filepath.Join(outDir, filepath.Base(file)+".receipt")
		}
		if taken[paths[i]] {
			return nil, usage("give each credential once, or run it for each folder", "two receipts would be %s", paths[i])
		}
		if taken[paths[i]] = true; h.exists(paths[i]) {
			return nil, existsFailure(paths[i])
		}
	}
	return paths, nil
}

// issued returns the digest of a credential that the identity has issued with a key that stands in its document: for others a receipt
// would never count.
func (c *change) issued(raw []byte) (digest [32]byte, err error) {
	cred, err := parseHeld(raw, &dataintegrity.Options{Cryptosuites: moreSuites()})
	if err != nil {
		return digest, err
	}
	p, err := cred.Open()
	if err != nil {
		return digest, err
	}
	u, err := did.ParseURL(p.Origin().KeyID)
	if err != nil {
		return digest, invalid("receipts are for credentials whose issuer is a DID", "its key is not that of a DID")
	}
	for _, m := range c.before.Document.VerificationMethod {
		if m.ID.Fragment() != u.Fragment() || !m.Purposes.Has(did.AssertionMethod) || !c.is(u.DID()) {
			continue
		}
		if err := p.CheckSignature(m.Key); err != nil {
			return digest, err
		}
		i, ok := p.(vc.Issuance)
		if !ok {
			return digest, invalid("", "credentials of this format have no receipts")
		}
		return i.IssuanceDigest(), nil
	}
	return digest, invalid("a receipt counts only if it is anchored while the key stands in the document", "no key that %s has now has issued it", c.id.Name)
}

// is tells whether a DID, in whichever form, is that of the identity.
func (c *change) is(id did.DID) bool {
	parsed, err := realdid.ParseIdentifier(id)
	return err == nil && parsed.Short() == c.id.id
}
