package nuts

import (
	"strings"
	"testing"

	theirs "github.com/nuts-foundation/go-did/did"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/matrix"
)

// TestSyntax: DIDs and DID URLs, valid and not.
func TestSyntax(t *testing.T) {
	long := strings.Repeat("a", 500)
	same := matrix.Record(t, row(t, "DIDs and DID URLs, accepted or refused", matrix.OursAndTheirs))
	for _, s := range []string{
		"did:a:b", "did:x9:AZaz09.-_%4f%4F", "did:42:1", "did:web:example.com%3A8080:user:1", "did:example::b", "did:example:a:::b", "did:realdid:q" + long,
		"did:example:123456789abcdefghi", "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", "did:pkh:eip155:1:0xab16a96D359eC26a11e2C2b3d8f8B8942d5Bfcdb",
	} {
		our, err := did.Parse(s)
		their, errThere := theirs.ParseDID(s)
		if err != nil || errThere != nil || our.Method() != their.Method || our.ID() != their.ID || our.String() != their.String() {
			t.Errorf("%q: here %v, there %v", s, err, errThere)
		}
		same.Case()
	}
	for _, s := range []string{
		"did", "did:", "did::a", "did:example", "did:example:", "DID:example:a", "urn:example:a", " did:example:a", "did:example:a ", "did:Example:a", "did:ex-ample:a", "did:ex_ample:a",
		"did:ex%61mple:a", "did:example:a%", "did:example:a%4", "did:example:a%zz", "did:example:a?b", "did:example:a/b", "did:example:a#b", "did:example:a b", "did:example:ä", "did:example:a+b",
		"did:example:a@b", "did:example:(a)", "did:example:a\x00",
	} {
		_, err := did.Parse(s)
		_, errThere := theirs.ParseDID(s)
		if err == nil || errThere == nil {
			t.Errorf("%q: here %v, there %v", s, err, errThere)
		}
		same.Case()
	}
	for _, s := range []string{
		"did:example:a", "did:example:a#key-1", "did:example:a/b/c", "did:example:a?versionId=1", "did:example:a?service=files&relativeRef=%2Fa", "did:example:a/b;c=1,2@x?d=e/f#g/h",
		"did:example:a#!$'()*,;=:@", "did:example:a/b%20c", "did:example:a#z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
	} {
		our, err := did.ParseURL(s)
		their, errThere := theirs.ParseDIDURL(s)
		if err != nil || errThere != nil || our.DID().String() != their.DID.String() || our.Fragment() != their.Fragment {
			t.Errorf("%q: here %v, there %v", s, err, errThere)
		}
		same.Case()
	}
	loose := matrix.Record(t, differs(t, "DIDs and DID URLs that no grammar allows", matrix.RefusedByUs,
		"go-did accepts a DID that ends in a colon, and in path, query and fragment every character.",
		"realdid: DID 1.0, section 3.1 (method-specific-id ends in 1*idchar) and 3.2; RFC 3986, sections 3.3 to 3.5."))
	for _, s := range []string{"did:example:a:", "did:example:::", "did:example:a::"} {
		_, err := did.Parse(s)
		if _, errThere := theirs.ParseDID(s); err == nil || errThere != nil {
			t.Errorf("%q: here %v, there %v", s, err, errThere)
		}
		loose.Case()
	}
	for _, s := range []string{
		"did:example:a#b#c", "did:example:a/b c", "did:example:a?b[]=1", `did:example:a#"b"`, "did:example:a#schlüssel", "did:example:a#b\x00", "did:example:a:/b", "did:example:a/<b>", "did:example:a#{b}",
		"did:example:a?b|c", `did:example:a/b\c`,
	} {
		_, err := did.ParseURL(s)
		if _, errThere := theirs.ParseDIDURL(s); err == nil || errThere != nil {
			t.Errorf("%q: here %v, there %v", s, err, errThere)
		}
		loose.Case()
	}
	relative := matrix.Record(t, differs(t, "DID URLs that are relative", matrix.RefusedByUs,
		"go-did reads relative references and the empty text as DID URLs with an empty DID.",
		"both: DID 1.0, section 3.2, has the DID first; 3.2.2 allows relative references inside of documents, where realdid reads them too."))
	for _, s := range []string{"", "#key-1", "/a", "?b=c"} {
		_, err := did.ParseURL(s)
		if _, errThere := theirs.ParseDIDURL(s); err == nil || errThere != nil {
			t.Errorf("%q: here %v, there %v", s, err, errThere)
		}
		relative.Case()
	}
}
