package main

import (
	"slices"

	"github.com/spf13/pflag"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/sdjwt"
	"github.com/realdid/realdid/vc/status"
)

// A statusListFlag names the lists in which vc issue takes an entry for the credential.
type statusListFlag struct{ dirs []string }

func (f *statusListFlag) register(fl *pflag.FlagSet) {
	fl.StringArrayVar(&f.dirs, "status-list", nil, "take a random unused entry of the status list in `DIR`, which status build made, so that the credential can be revoked; repeat")
}

// take takes an entry of each list and returns the members that the credential gets: status or credentialStatus. No flag, no members. An
// entry that was taken is never given again, also if the credential is not issued after all.
func (f *statusListFlag) take(a *app, format string) (map[string]any, error) {
	if len(f.dirs) == 0 {
		return nil, nil
	}
	id, err := a.identity()
	if err != nil {
		return nil, err
	}
	var folders []*statusFolder
	defer func() {
		for _, d := range folders {
			d.close()
		}
	}()
	tokens := 0
	for _, dir := range f.dirs {
		conf, err := a.readStatusConfig(dir)
		if err != nil {
			return nil, err
		}
		if conf.mechanism() == vc.TokenStatusList {
			tokens++
		}
		switch err := statusFits(format, conf.mechanism()); {
		case err != nil:
			return nil, err
		case tokens > 1:
			return nil, usage("one Token Status List; with --bits 2 it can suspend and revoke", "--status-list: a credential has one entry of a Token Status List")
		}
	}
	for _, dir := range f.dirs { // all are open before the first gives an entry
		d, err := a.openStatusFolder(dir)
		if err != nil {
			return nil, err
		}
		folders = append(folders, d)
		if d.list.Free() == 0 {
			return nil, statusListFailure(status.ErrFull)
		}
	}
	var entries []any
	claims := map[string]any{}
	for _, d := range folders {
		index, claim, err := d.take()
		if err != nil {
			return nil, err
		}
		if d.conf.mechanism() == vc.TokenStatusList {
			claims["status"] = claim
		} else {
			entries = append(entries, claim)
		}
		a.note("its status is entry %d of %s; a new entry needs no publication. \"realdid status set %s\" with the credential changes it; serve %s there as application/%s",
			index, d.conf.URI, d.dir, d.published(), d.mediaType())
		if d.conf.Issuer != id.id.String() {
			a.note("the list is signed by another than the credential, %s: verifiers have to be told (--status-issuer)", d.conf.Issuer)
		}
	}
	switch len(entries) {
	case 0:
	case 1:
		claims["credentialStatus"] = entries[0]
	default:
		claims["credentialStatus"] = entries
	}
	return claims, nil
}

// addEntry puts what take returned into the claims or the credential.
func addEntry(claims, entry map[string]any) error {
	for name, v := range entry {
		if _, twice := claims[name]; twice {
			return usage("leave one out", "--status-list, and the claims have %s", name)
		}
		claims[name] = v
	}
	return nil
}

// withTokenStatus are the formats of vc issue whose credentials can refer to a Token Status List. All but the first can refer to a
// Bitstring Status List.
var withTokenStatus = []string{sdjwt.MediaType, sdjwt.W3CMediaType, jose.MediaType}

// statusFits refuses a kind of list that credentials of a format cannot refer to.
func statusFits(format string, m vc.StatusMechanism) error {
	switch {
	case m == vc.BitstringStatusList && format == sdjwt.MediaType:
		return usage("a list of status build --format token-jwt or token-cwt", "--status-list: a credential in %s refers to a Token Status List, and this is a Bitstring Status List", format)
	case m == vc.TokenStatusList && !slices.Contains(withTokenStatus, format):
		return usage("a list of status build --format bitstring", "--status-list: a credential in %s refers to a Bitstring Status List, and this is a Token Status List", format)
	}
	return nil
}

// take gives one entry away.
func (f *statusFolder) take() (index uint64, claim map[string]any, err error) {
	messages, err := f.conf.messages()
	if err != nil {
		return 0, nil, err
	}
	taken, err := f.list.Allocate(1)
	if err != nil {
		return 0, nil, statusListFailure(err)
	}
	index = taken[0]
	if f.conf.mechanism() == vc.TokenStatusList {
		return index, status.TokenStatus(f.conf.URI, index), nil
	}
	opt := f.list.Options()
	e := status.BitstringEntry{List: f.conf.URI, Index: index, Purpose: opt.Purpose, Messages: messages}
	if opt.Size > 1 {
		e.Size = opt.Size
	}
	claim, err = e.Claim()
	return index, claim, err
}
