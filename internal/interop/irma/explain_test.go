package irma

import (
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/interop/claims"
	"github.com/realdid/realdid/internal/matrix"
)

// A disagreement is something in a credential that the two sides treat in two ways.
type disagreement struct {
	what, differ, right string
	// in tells whether a credential has it, when reveal is revealed.
	in func(c *claims.Credential, reveal []string) bool
}

// reading are the disagreements when irmago reads; building when its builder writes.
var (
	reading = []disagreement{
		{
			"a top-level claim in the clear that is null",
			"irmago refuses a token with such a claim, whatever its name.",
			"realdid: RFC 7519, section 2 (a claim value can be any JSON value).",
			func(c *claims.Credential, _ []string) bool { return nullInClear(c) },
		},
		{
			"disclosures inside an array's element that is disclosed itself, or that is an array",
			"irmago leaves what stands in such an element as it is: disclosures there are unreferenced for it and the whole is refused; digests that nothing discloses " +
				"stay among the claims, as `_sd` and `...`.",
			"realdid: RFC 9901, section 7.1, steps 3.b.ii (all elements of arrays), 3.c.iii.3 (the value of an element is processed recursively) and 3.d and 3.e " +
				"(what is left is removed).",
			unread,
		},
	}
	building = []disagreement{{
		"a revealed element of an array that could have been withheld and is an object or array",
		"irmago's builder gives the disclosure of such an element three members (salt, empty name, value). Both sides refuse to read that.",
		"realdid: RFC 9901, section 4.2.2 (the disclosure of an element has two members) and section 7.1, step 3.c.iii.1 (any other is rejected).",
		withheldContainer,
	}}
)

// records are the rows of one kind of exchange: that of the agreed, and one of each disagreement.
type records struct {
	agreed *matrix.Recording
	known  []disagreement
	rows   []*matrix.Recording
}

func record(t *testing.T, agreed matrix.Row, known []disagreement, refused matrix.Direction) *records {
	t.Helper()
	r := &records{agreed: matrix.Record(t, agreed), known: known}
	for _, d := range known {
		r.rows = append(r.rows, matrix.Record(t, differs(t, agreed.What+", with "+d.what, refused, d.differ, d.right)))
	}
	return r
}

// explained counts a case. The two sides must differ exactly if there is an explanation, and each explanation must by itself be one.
func (r *records) explained(t *testing.T, c *claims.Credential, reveal []string, same bool) bool {
	t.Helper()
	var found []*matrix.Recording
	for i, d := range r.known {
		if d.in(c, reveal) {
			found = append(found, r.rows[i])
		}
	}
	if same != (len(found) == 0) {
		t.Fatalf("the same: %t, and there are %d explanations\nclaims %v\ndisclosable %q\nreveal %q", same, len(found), c.Claims, c.Disclosable, reveal)
	}
	switch len(found) {
	case 0:
		r.agreed.Case()
	case 1:
		found[0].Case()
	}
	return same
}

// nullInClear tells whether a claim that cannot be withheld is null.
func nullInClear(c *claims.Credential) bool {
	for name, v := range c.Claims {
		if v == nil && !slices.Contains(c.Disclosable, "/"+claims.Escape(name)) {
			return true
		}
	}
	return false
}

// withheldContainer tells whether an element of an array is seen that could have been withheld, and is an object or array.
func withheldContainer(c *claims.Credential, reveal []string) bool {
	return slices.ContainsFunc(c.Disclosable, func(p string) bool { return isContainer(c.At(p)) && c.IsElement(p) && seen(c, p, reveal) })
}

func isContainer(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// unread tells whether something disclosable stands where irmago looks for no digests: in an element of an array that is itself disclosed,
// or that is an array.
func unread(c *claims.Credential, reveal []string) bool {
	return slices.ContainsFunc(c.Paths, func(region string) bool {
		if !c.IsElement(region) || !seen(c, region, reveal) {
			return false
		}
		_, array := c.At(region).([]any)
		return (array || slices.Contains(c.Disclosable, region)) &&
			slices.ContainsFunc(c.Disclosable, func(p string) bool { return strings.HasPrefix(p, region+"/") })
	})
}

// seen tells whether the value at a path is seen.
func seen(c *claims.Credential, path string, reveal []string) bool {
	for i := 1; i <= len(path); i++ {
		if (i == len(path) || path[i] == '/') && !c.Shown(path[:i], reveal) {
			return false
		}
	}
	return true
}
