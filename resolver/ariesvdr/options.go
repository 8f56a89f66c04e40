package ariesvdr

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	vdrapi "github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"
	"github.com/hyperledger/aries-framework-go/pkg/vdr/peer"

	"github.com/realdid/realdid/did"
)

// Names of options, for vdr.WithOption. Read knows the first three, Create and Update the last two, Deactivate the last.
const (
	OptionVersionID   = "versionId"   // string; "versionID", which Aries' HTTP binding says, is the same
	OptionVersionTime = "versionTime" // string in the form of RFC 3339, or time.Time
	OptionNoCache     = "noCache"     // bool: ask the source, even if a cache knows

	// OptionRotate (bool, Update alone) makes the change a rotation of the control keys, with or without a new document.
	OptionRotate = "rotate"
	// OptionRegistrar (json.RawMessage, an object) has options for the registrar, such as the recovery tiers of a create or the
	// keys that a rotation declares compromised (did/realdid/SPEC.md, section 7.6). The Signers see them and add their own.
	OptionRegistrar = "registrar"
)

const (
	optionVersionIDOther = "versionID"
	optionStore          = "store" // set by Aries when it tells a registry of somebody else's document
)

// values applies the options, and refuses those that are not among the known.
func values(opts []vdrapi.DIDMethodOption, known ...string) (map[string]any, error) {
	all := vdrapi.DIDMethodOpts{Values: map[string]any{}}
	for _, o := range opts {
		if o != nil {
			o(&all)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(all.Values)) {
		if !slices.Contains(known, name) {
			return nil, badOption(name, "not one that this call knows")
		}
	}
	return all.Values, nil
}

func badOption(name, detail string) error {
	return &did.Error{Code: did.InvalidOptions, Detail: fmt.Sprintf("option %q: %s", name, detail)}
}

// option returns the value of a type, or the zero of it if the option is not there.
func option[T any](all map[string]any, name string) (v T, err error) {
	x, there := all[name]
	if !there || x == nil {
		return v, nil
	}
	v, ok := x.(T)
	if !ok {
		return v, badOption(name, fmt.Sprintf("a %T, want a %T", x, v))
	}
	return v, nil
}

// readOptions returns the options of a resolution, and the time that is asked for.
func readOptions(opts []vdrapi.DIDMethodOption) (*did.ResolveOptions, time.Time, error) {
	fail := func(err error) (*did.ResolveOptions, time.Time, error) { return nil, time.Time{}, err }
	all, err := values(opts, OptionVersionID, optionVersionIDOther, OptionVersionTime, OptionNoCache)
	if err != nil {
		return fail(err)
	}
	o := &did.ResolveOptions{}
	id, err := option[string](all, OptionVersionID)
	if err != nil {
		return fail(err)
	}
	other, err := option[string](all, optionVersionIDOther)
	if err != nil {
		return fail(err)
	}
	if id != "" && other != "" {
		return fail(badOption(optionVersionIDOther, "given in both spellings"))
	}
	o.VersionID = id + other
	if o.VersionTime, err = timeOption(all, OptionVersionTime); err != nil {
		return fail(err)
	}
	if o.NoCache, err = option[bool](all, OptionNoCache); err != nil {
		return fail(err)
	}
	return o, o.VersionTime, o.Check()
}

func timeOption(all map[string]any, name string) (time.Time, error) {
	if t, ok := all[name].(time.Time); ok {
		return t.UTC(), nil
	}
	s, err := option[string](all, name)
	if err != nil || s == "" {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, badOption(name, "not a time of RFC 3339")
	}
	return t.UTC(), nil
}

// registrarOptions returns those of the caller for the registrar; nil if there are none.
func registrarOptions(all map[string]any) ([]byte, error) {
	raw, err := option[json.RawMessage](all, OptionRegistrar)
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	if len(raw) > maxRegistrarOptions {
		return nil, badOption(OptionRegistrar, "too large")
	}
	return raw, nil
}

const maxRegistrarOptions = 64 << 10

// defaults are what Aries' registry adds to every create.
type defaults struct{ serviceType, endpoint string }

func createOptions(opts []vdrapi.DIDMethodOption) (def defaults, store bool, registrar []byte, err error) {
	all, err := values(opts, peer.DefaultServiceType, peer.DefaultServiceEndpoint, optionStore, OptionRegistrar)
	if err != nil {
		return def, false, nil, err
	}
	var errs [3]error
	def.serviceType, errs[0] = option[string](all, peer.DefaultServiceType)
	def.endpoint, errs[1] = option[string](all, peer.DefaultServiceEndpoint)
	store, errs[2] = option[bool](all, optionStore)
	if err := errors.Join(errs[:]...); err != nil {
		return def, false, nil, err
	}
	registrar, err = registrarOptions(all)
	return def, store, registrar, err
}

func updateOptions(opts []vdrapi.DIDMethodOption) (rotate bool, registrar []byte, err error) {
	all, err := values(opts, OptionRotate, OptionRegistrar)
	if err != nil {
		return false, nil, err
	}
	if rotate, err = option[bool](all, OptionRotate); err != nil {
		return false, nil, err
	}
	registrar, err = registrarOptions(all)
	return rotate, registrar, err
}
