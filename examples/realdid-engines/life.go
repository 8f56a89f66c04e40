package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

func newLife() *cobra.Command {
	c := &cobra.Command{
		Use:   "life LEDGER",
		Short: "Make an identity on a ledger of any engine, rotate its keys, and resolve it",
		Long: `Makes an identity with a key on paper and a key on a device, loses the device, rotates the keys and shows what the ledger says of it.
Nothing but LEDGER depends on the engine.

` + placeHelp,
		Args:    cobra.ExactArgs(1),
		Example: "  realdid-engines life pebble:/tmp/ledger\n  realdid-engines life comet:http://127.0.0.1:26657",
	}
	return verb(c, func(c *cobra.Command, args []string) (err error) {
		lg, err := open(c.Context(), args[0], realdid.Reducer())
		if err != nil {
			return fmt.Errorf("%s: %w", kindOf(args[0]), err)
		}
		defer func() { err = errors.Join(err, lg.close()) }()
		m, err := realdid.New(lg.Readable, nil)
		if err != nil {
			return err
		}
		return live(c.Context(), m, c.OutOrStdout())
	})
}

// live is the same for every ledger.
func live(ctx context.Context, m *realdid.Method, out io.Writer) error {
	seed := realdid.NewSeed()
	defer seed.Wipe()
	var paper [3]*keys.PrivateKey
	for i := range paper {
		key, err := seed.Control(keys.Ed25519, uint32(i))
		if err != nil {
			return err
		}
		paper[i] = key
	}
	device := func(fragment string) (realdid.Content, error) {
		key, err := keys.Generate(keys.P256)
		if err != nil {
			return realdid.Content{}, err
		}
		return realdid.Content{VerificationMethods: []realdid.VerificationMethod{{Fragment: fragment, Key: key.Public(), Purposes: did.Authentication}}}, nil
	}
	first, err := device("phone-1")
	if err != nil {
		return err
	}
	begun := time.Now()
	made, err := m.Create(ctx, &realdid.CreateRequest{
		Control: realdid.OneKey(paper[0].Public()), Next: realdid.SHA256.Commit(paper[1].Public()), Document: first,
	}, paper[0])
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "made       %s, entry %d, in %s\n", made.DID, made.Anchor.Index, time.Since(begun).Round(time.Millisecond))

	second, err := device("phone-2")
	if err != nil {
		return err
	}
	begun = time.Now()
	turned, err := m.Rotate(ctx, made.DID, &realdid.RotateRequest{
		Reveal: []keys.PublicKey{paper[1].Public()}, Next: realdid.SHA256.Commit(paper[2].Public()), Document: &second,
	}, paper[1])
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "rotated    phone-1 is gone, entry %d, in %s\n", turned.Anchor.Index, time.Since(begun).Round(time.Millisecond))

	begun = time.Now()
	got, err := m.Resolve(ctx, made.DID, nil)
	if err != nil {
		return err
	}
	took := time.Since(begun).Round(10 * time.Microsecond)
	for _, v := range got.Document.VerificationMethod {
		fmt.Fprintf(out, "resolved   %s, in %s\n", v.ID, took)
	}
	return nil
}
