package dataintegrity

import (
	"slices"

	"github.com/realdid/realdid/internal/strictjson"
)

// ContextV2 is the JSON-LD context that explains proofs, for documents whose own contexts do not.
const ContextV2 = "https://w3id.org/security/data-integrity/v2"

// explaining are the contexts that do.
var explaining = []string{ContextV2, "https://w3id.org/security/data-integrity/v1", "https://www.w3.org/ns/credentials/v2"}

// injectContext adds ContextV2 to a document that needs it to say what its proof means (Data Integrity 1.0, section 2.4.1), and
// returns the text and what it holds. A document that has a proof already is left alone: its proofs cover the @context. So is one
// without @context for a suite that canonicalizes JSON, where the addition would not be a part of anybody's vocabulary.
func injectContext(b []byte, suite Cryptosuite) ([]byte, strictjson.Value, error) {
	v, err := parseJSON(b)
	if err != nil {
		return nil, v, err
	}
	if _, secured := v.Get(memberProof); secured {
		return b, v, nil
	}
	c, ok := v.Get(memberContext)
	from, to := v.Offset()+1, v.Offset()+1
	insert := `"` + memberContext + `":"` + ContextV2 + `"`
	switch {
	case !ok && overJSON(suite):
		return b, v, nil
	case !ok:
		if len(v.Members()) > 0 {
			insert += ","
		}
	case slices.ContainsFunc(listOf(c), func(e strictjson.Value) bool {
		s, _ := e.Str()
		return slices.Contains(explaining, s)
	}):
		return b, v, nil
	case c.Kind() == strictjson.Array:
		from = c.Offset() + len(c.Raw()) - 1
		to = from
		insert = `"` + ContextV2 + `"`
		if len(c.Elems()) > 0 {
			insert = "," + insert
		}
	default:
		from, to = c.Offset(), c.Offset()+len(c.Raw())
		insert = "[" + string(c.Raw()) + `,"` + ContextV2 + `"]`
	}
	out := slices.Concat(b[:from], []byte(insert), b[to:])
	v, err = parseJSON(out)
	return out, v, err
}
