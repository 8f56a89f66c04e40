package httpdriver

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
)

// Limits of a request.
const (
	maxTarget  = 3 * did.MaxURL // bytes of the escaped path: every byte of a DID URL may be percent-encoded
	maxQuery   = 3 * did.MaxURL
	maxOptions = 8 << 10 // bytes of the body with options
)

// query is what a request asks for.
type query struct {
	id  did.DID
	url did.URL // zero: resolve id; else dereference
	opt did.ResolveOptions

	relationship did.Purpose // with url: what the verification method must be for; 0: anything
	accept       string      // the option, which outweighs the header
	given        uint        // the options that were set, by their place in optionNames
}

// optionNames are the options that are understood (DID Resolution 1.0, sections 4.1, 5.1 and 13.2).
var optionNames = [...]string{"accept", "versionId", "versionTime", "noCache", "expandRelativeUrls", "verificationRelationship"}

// plain tells a query for the newest state of a DID with no options.
func (q *query) plain() bool {
	return q.url.IsZero() && q.opt.Newest() && !q.opt.NoCache
}

// parse reads the target, which is the escaped path after /1.0/identifiers/, the query of the HTTP URL, and the options in
// the body of the POST binding. The target has two forms (DID Resolution 1.0, section 12.1). If it starts with "did:", it is
// the DID or DID URL itself, except that "?" and "#" may be percent-encoded with all that follows, and parameters in the HTTP
// query that are no options belong to the DID URL. Else it is percent-encoded as a whole, and the HTTP query holds options
// alone. Errors are *did.Error; what was read before them stays, so that the error can be told in the form asked for.
func (q *query) parse(target, httpQuery string, body []byte) error {
	text, literal := decodeTarget(target)
	if !literal {
		if err := q.setIdentifier(text); err != nil {
			return err
		}
	}
	if err := q.setOptions(httpQuery, literal, &text); err != nil {
		return err
	}
	if err := q.addBody(body); err != nil {
		return err
	}
	if literal {
		if err := q.setIdentifier(text); err != nil {
			return err
		}
	}
	return q.finish()
}

// decodeTarget returns the DID or DID URL, and whether it was written literally.
func decodeTarget(target string) (text string, literal bool) {
	if !strings.HasPrefix(target, "did:") {
		return unescape(target), false
	}
	for i := 0; i+2 < len(target); i++ {
		if target[i] == '%' && (target[i+1:i+3] == "23" || target[i+1] == '3' && target[i+2]|0x20 == 'f') {
			return target[:i] + unescape(target[i:]), true
		}
	}
	return target, true
}

// unescape decodes percent-encoded octets; what is none stays.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			high, low := unhex(s[i+1]), unhex(s[i+2])
			if high < 16 && low < 16 {
				b = append(b, high<<4|low)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 16
}

func (q *query) setIdentifier(text string) (err error) {
	if !strings.ContainsAny(text, "/?#") {
		q.id, err = did.Parse(text)
		return err
	}
	if q.url, err = did.ParseURL(text); err != nil {
		return err
	}
	q.id = q.url.DID()
	return nil
}

// finish takes the parameters of the DID URL that are options, and checks what is there against each other.
func (q *query) finish() error {
	if q.url.IsZero() {
		if q.relationship != 0 {
			return &did.Error{Code: did.InvalidVerificationMethod, Detail: "verificationRelationship with a DID, which names no verification method"}
		}
		return q.opt.Check()
	}
	of, err := q.url.ResolveOptions()
	if err != nil {
		return err
	}
	if of != nil {
		if !q.opt.Newest() && (q.opt.VersionID != of.VersionID || !q.opt.VersionTime.Equal(of.VersionTime)) {
			return &did.Error{Code: did.InvalidOptions, Detail: "the options and the DID URL ask for different versions"}
		}
		q.opt.VersionID, q.opt.VersionTime = of.VersionID, of.VersionTime
	}
	if q.url.Path() == "" && q.url.Fragment() == "" && q.relationship == 0 && onlyVersion(q.url.Query()) {
		q.url = did.URL{} // a version of the document: resolution
	}
	return q.opt.Check()
}

func onlyVersion(params string) bool {
	for part := range strings.SplitSeq(params, "&") {
		name, _, _ := strings.Cut(part, "=")
		if name != "" && name != "versionId" && name != "versionTime" {
			return false
		}
	}
	return true
}

// setOptions reads the query of the HTTP URL. What is no option is appended to a literal DID URL.
func (q *query) setOptions(httpQuery string, literal bool, text *string) error {
	if httpQuery == "" {
		return nil
	}
	for part := range strings.SplitSeq(httpQuery, "&") {
		name, value, _ := strings.Cut(part, "=")
		var err error
		switch {
		case name == "":
		case slices.Contains(optionNames[:], name):
			err = q.set(name, unescape(value))
		case literal:
			*text, err = addParameter(*text, part)
		default:
			err = unknownOption()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func addParameter(didURL, param string) (string, error) {
	switch {
	case strings.Contains(didURL, "#"):
		return didURL, &did.Error{Code: did.InvalidDIDURL, Detail: "a parameter after a fragment"}
	case strings.Contains(didURL, "?"):
		return didURL + "&" + param, nil
	}
	return didURL + "?" + param, nil
}

func unknownOption() error {
	return &did.Error{Code: did.FeatureNotSupported, Detail: "an option that is not known here"}
}

// set sets one option, once.
func (q *query) set(name, value string) error {
	invalid := func(detail string) error { return &did.Error{Code: did.InvalidOptions, Detail: detail} }
	place := slices.Index(optionNames[:], name)
	if place < 0 {
		return unknownOption()
	}
	if q.given&(1<<place) != 0 {
		return invalid("an option is given twice")
	}
	q.given |= 1 << place
	switch name {
	case "accept":
		if q.accept = value; value == "" || len(value) > maxAccept {
			return invalid("accept is empty or too long")
		}
	case "versionId":
		if q.opt.VersionID = value; value == "" || !printable(value) {
			return invalid("versionId is empty or not printable ASCII")
		}
	case "versionTime":
		t, err := time.Parse(timeLayout, value)
		if err != nil || t.IsZero() || t.Format(timeLayout) != value {
			return invalid("versionTime is not a date and time in UTC and whole seconds")
		}
		q.opt.VersionTime = t
	case "noCache", "expandRelativeUrls":
		on, ok := value == "true", value == "true" || value == "false"
		if !ok {
			return invalid(name + " is neither true nor false")
		}
		if name == "noCache" {
			q.opt.NoCache = on
		} // DID URLs in documents of package did are absolute, so that expandRelativeUrls is done whether asked for or not
	case "verificationRelationship":
		p, ok := did.ParsePurpose(value)
		if !ok {
			return &did.Error{Code: did.InvalidRelationship, Detail: "no such verification relationship"}
		}
		q.relationship = p
	}
	return nil
}

// timeLayout is UTC in whole seconds (DID Resolution 1.0, section 3.1).
const timeLayout = "2006-01-02T15:04:05Z"

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// addBody reads the options of the POST binding: a JSON object whose values are strings or, where it makes sense, true and
// false. An empty body is no options.
func (q *query) addBody(b []byte) error {
	if len(bytes.TrimSpace(b)) == 0 {
		return nil
	}
	v, err := strictjson.Parse(b, strictjson.Limits{Bytes: maxOptions, Depth: 4, Nodes: 256})
	if err != nil || v.Kind() != strictjson.Object {
		return &did.Error{Code: did.InvalidOptions, Detail: "the body is not a JSON object with options"}
	}
	for _, m := range v.Members() {
		text, ok := m.Value.Str()
		if on, isBool := m.Value.Bool(); isBool {
			text, ok = "false", true
			if on {
				text = "true"
			}
		}
		if !ok {
			return &did.Error{Code: did.InvalidOptions, Detail: "an option that is neither a string nor true or false"}
		}
		if err := q.set(m.Name, text); err != nil {
			return err
		}
	}
	return nil
}
