package main

import (
	"bytes"
	"time"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/cose"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/status"
	"github.com/realdid/realdid/vc/status/cwt"
)

// A statusDocument is a status list as it is published. It is not verified.
type statusDocument struct {
	raw       []byte
	mediaType string
	mechanism vc.StatusMechanism
	uri       string // "" if it does not say
	issuer    string
	purposes  []string
	issuedAt  time.Time
	expires   time.Time
	ttl       time.Duration
	bits      *status.Bits
	shown     vc.Presentation // what a Verifier takes
}

// readStatusDocument recognises and reads a status list in any of its forms.
func readStatusDocument(raw []byte, opt *dataintegrity.Options) (*statusDocument, error) {
	if !isCOSE(raw) {
		raw = bytes.TrimSpace(raw)
	}
	d := &statusDocument{raw: raw}
	var err error
	switch {
	case len(raw) > 0 && raw[0] == '{':
		c, e := dataintegrity.ParseCredential(raw, opt)
		d.mediaType, d.shown, err = dataintegrity.MediaType, c, e
		if err == nil {
			err = d.readBitstring(c.UnverifiedClaims)
		}
	case isCOSE(raw):
		if c, e := cose.ParseCredential(raw); e == nil {
			d.mediaType, d.shown = cose.MediaType, c
			err = d.readBitstring(c.UnverifiedClaims)
			break
		}
		t := cwt.Received(raw, nil)
		d.mediaType, d.shown = status.CWTMediaType, t
		err = d.readToken(t.UnverifiedList())
	case isW3CToken(raw):
		c, e := jose.ParseCredential(raw)
		d.mediaType, d.shown, err = jose.MediaType, c, e
		if err == nil {
			err = d.readBitstring(c.UnverifiedClaims)
		}
	default:
		t := status.ReceivedToken(raw, nil)
		d.mediaType, d.shown = status.TokenMediaType, t
		err = d.readToken(t.UnverifiedList())
	}
	if err != nil {
		return nil, invalid("statuslist+jwt, statuslist+cwt, or a BitstringStatusListCredential", "not a status list: %s", withoutPackages(err.Error()))
	}
	return d, nil
}

func (d *statusDocument) readToken(l *status.TokenList, err error) error {
	if err != nil {
		return err
	}
	d.mechanism, d.uri, d.issuer, d.bits = vc.TokenStatusList, l.URI, l.Issuer, l.Bits
	d.issuedAt, d.expires, d.ttl = l.IssuedAt, l.Expires, l.TTL
	return nil
}

func (d *statusDocument) readBitstring(unverified func() (map[string]any, error)) error {
	claims, err := unverified()
	if err != nil {
		return err
	}
	l, err := status.ParseBitstringList(claims, 0)
	if err != nil {
		return err
	}
	d.mechanism, d.uri, d.purposes, d.bits = vc.BitstringStatusList, l.URL, l.Purposes, l.Bits
	d.issuedAt, d.expires, d.ttl = l.ValidFrom, l.ValidUntil, l.TTL
	d.issuer, _ = claims["issuer"].(string)
	if m, ok := claims["issuer"].(map[string]any); ok {
		d.issuer, _ = m["id"].(string)
	}
	return nil
}
