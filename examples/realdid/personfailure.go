package main

import (
	"errors"

	"github.com/realdid/realdid/vc/realperson"
	"github.com/realdid/realdid/vc/realperson/realpersonhttp"
)

// personFailures say what errors of a real person's wallet, authority and platforms mean to a person. They are final unless again is set.
var personFailures = []struct {
	err   error
	hint  string
	again bool
}{
	{realpersonhttp.ErrUnavailable, "is the server running, and is this its URL? the same command can be given again", true},
	{realpersonhttp.ErrOtherSite, "is this the site that you meant? it would be let in with you: use the URL of the platform itself", false},
	{realpersonhttp.ErrAnswer, "is there an authority or a platform behind this URL?", true},
	{realpersonhttp.ErrNotIdentified, "country, document, number and code must be those of the letter; after a few wrong codes only the counter helps", false},
	{realperson.ErrEnrolled, "on another phone: person backup there, person restore here; if every copy is lost: person enrol --anew loss", false},
	{realperson.ErrTooSoon, "until then a copy of the wallet is the only way", false},
	{realperson.ErrNoRecord, "leave --anew out", false},
	{realperson.ErrNotEnrolled, `"realdid person enrol" gets credentials`, false},
	{realperson.ErrNoCredential, `"realdid person renew" gets new credentials`, false},
	{realperson.ErrAccountExists, `"realdid person login" logs in; a second account cannot be had`, false},
	{realperson.ErrNoAccount, `"realdid person signup" opens one`, false},
	{realperson.ErrNotHolder, "the account is bound to another key: on another phone? else person report-theft", false},
	{realperson.ErrRefused, "--reveal PATH lets this platform see it", false},
	{realperson.ErrScopeUsed, "used by a copy of this wallet? then again, later: it shows the next one. Else the platform lies, to link what you do there", false},
	{realperson.ErrScopeExhausted, "everybody has so many, and no more", false},
	{realperson.ErrStaleCredential, `"realdid person renew" gets a later one`, false},
	{realperson.ErrIssuedBefore, `"realdid person renew" in the next epoch, then again`, false},
	{realperson.ErrTooEarly, "the present key can veto until then", false},
	{realperson.ErrCitizen, "the authority wants a DID on its ledger, and a key that this DID has now", false},
	{realperson.ErrUnauthenticated, "who is behind this URL is not who it says", false},
	{realperson.ErrAuthority, "another platform, or another authority", false},
	{realperson.ErrUnavailable, "the platform's DID could not be resolved: is the ledger there?", true},
}

// explainPerson returns nil for errors of others.
func explainPerson(err error, text string) *failure {
	for _, p := range personFailures {
		if !errors.Is(err, p.err) {
			continue
		}
		if p.again {
			return unknown(p.hint, "%s", text)
		}
		return invalid(p.hint, "%s", text)
	}
	if p, ok := errors.AsType[*realpersonhttp.ProblemError](err); ok {
		if p.Temporary() {
			return unknown("try again", "%s", text)
		}
		return invalid("", "%s", text)
	}
	for _, final := range []error{realperson.ErrMessage, realperson.ErrBatch, realperson.ErrMarked, realperson.ErrLog, realperson.ErrIssuer} {
		if errors.Is(err, final) {
			return invalid("", "%s", text)
		}
	}
	return nil
}

// meetFailure adds what depends on where it happened.
func meetFailure(err error, url string) error {
	f := explainLibrary(err)
	if errors.Is(err, realpersonhttp.ErrUnavailable) {
		f.detail += "; the platform at " + clean(url) + " may have accepted it all the same"
	}
	return f
}
