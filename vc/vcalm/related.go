package vcalm

import (
	"net/http"
	"slices"

	"github.com/realdid/realdid/vc/vcdm"
)

// formerDigests are those of texts that stood at a URL before the one that is known here, as relatedResource has them.
var formerDigests = map[string][]string{
	// until February 2025
	vcdm.ContextV2: {"sha384-NSOcNpmdIVUxIJGvGUoe22FjTWrXiaXlsZ8q6912LdnR3KraQO2n75Ica4wK4Qeg", "uJKGMkOmFbVJhEfKTduMC2XCyvRAYLjOVmZWwIH1wQ7k"},
}

// checkRelated refuses to vouch for a digest that no known text of a resource has, former ones among them: which of them counts is
// for the verifier to say, who uses one. A resource that is not known here is the issuer's own affair.
func (h *Handler) checkRelated(c *vcdm.Credential) error {
	for i := range c.Related {
		one := vcdm.Credential{Related: c.Related[i : i+1]}
		if err := one.CheckRelated(h.opt.Contexts.Bytes); err != nil && !isFormer(&c.Related[i]) {
			return fail(http.StatusBadRequest, problemOf(err, malformed()))
		}
	}
	return nil
}

// isFormer tells whether all digests are of former texts.
func isFormer(r *vcdm.RelatedResource) bool {
	former := formerDigests[r.ID]
	unknown := func(digest string) bool { return !slices.Contains(former, digest) }
	return (r.DigestSRI == "" || !unknown(r.DigestSRI)) && !slices.ContainsFunc(r.DigestMultibase, unknown)
}
