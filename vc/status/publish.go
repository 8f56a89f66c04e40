package status

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/realdid/realdid/vc"
)

// PublishToken signs the list as it stands as a JWT and writes it to w in one Write: a file, an upload, an HTTP response. t has
// everything but the entries.
func (l *IssuerList) PublishToken(ctx context.Context, w io.Writer, issuer Issuer, t TokenList) error {
	var err error
	if t.Bits, err = l.Bits(); err != nil {
		return err
	}
	b, err := IssueToken(ctx, issuer, &t)
	if err != nil {
		return err
	}
	return writeAll(w, b)
}

// PublishBitstring signs the list as it stands and writes it to w in one Write. t has everything but the entries and the purpose, issuer
// is who issues the list, and sign makes a signed credential of what it is given:
//
//	sign := func(ctx context.Context, m map[string]any) ([]byte, error) {
//		c, err := dataintegrity.Issue(ctx, issuer, m, nil)
//		if err != nil {
//			return nil, err
//		}
//		return c.Bytes(), nil
//	}
func (l *IssuerList) PublishBitstring(ctx context.Context, w io.Writer, issuer string, t BitstringList, sign func(context.Context, map[string]any) ([]byte, error)) error {
	if l.head.mechanism != vc.BitstringStatusList {
		return errors.New("status: publish: not a Bitstring Status List")
	}
	var err error
	if t.Bits, err = l.Bits(); err != nil {
		return err
	}
	t.Purposes = []string{l.head.purpose}
	m, err := t.Credential(issuer)
	if err != nil {
		return err
	}
	b, err := sign(ctx, m)
	if err != nil {
		return fmt.Errorf("status: publish: %w", err)
	}
	return writeAll(w, b)
}

func writeAll(w io.Writer, b []byte) error {
	n, err := w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("status: publish: %w", err)
	}
	return nil
}
