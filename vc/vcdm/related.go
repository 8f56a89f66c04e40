package vcdm

import (
	"slices"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// RelatedResource is a resource whose bytes the issuer vouches for (VCDM 2.0, section 5.3). It has at least one digest.
type RelatedResource struct {
	ID              string   // URL
	MediaType       string   // "" if it is not stated
	DigestSRI       string   // "" if there is none; may hold several digests
	DigestMultibase []string // multihashes
}

// readRelated reads relatedResource.
func (c *Credential) readRelated(d *document) error {
	if !d.has(propRelated) || c.Version == V1 {
		return nil
	}
	items, err := list(&d[propRelated], "vcdm.related", "relatedResource")
	if err != nil {
		return err
	}
	c.Related = make([]RelatedResource, 0, len(items))
	for i := range items {
		r, err := readRelatedResource(&items[i])
		if err != nil {
			return err
		}
		if slices.ContainsFunc(c.Related, func(other RelatedResource) bool { return other.ID == r.ID }) {
			return vc.Invalid("vcdm.related.duplicate", "two of relatedResource have the same id")
		}
		c.Related = append(c.Related, r)
	}
	return nil
}

func readRelatedResource(v *strictjson.Value) (r RelatedResource, err error) {
	if v.Kind() != strictjson.Object {
		return r, vc.Invalid("vcdm.related", "relatedResource is not an object")
	}
	if err := checkKeywords(v); err != nil {
		return r, err
	}
	if r.ID, err = readID(v, "relatedResource"); err != nil {
		return r, err
	}
	if r.ID == "" {
		return r, vc.Invalid("vcdm.id", "relatedResource has no id")
	}
	if m, ok := v.Get("mediaType"); ok {
		if r.MediaType, ok = m.Str(); !ok || r.MediaType == "" {
			return r, vc.Invalid("vcdm.related", "mediaType of relatedResource is not a string")
		}
	}
	if m, ok := v.Get("digestSRI"); ok {
		if r.DigestSRI, ok = m.Str(); !ok || !isSRI(r.DigestSRI) {
			return r, vc.Invalid("vcdm.related.digest", "digestSRI of relatedResource is not a digest")
		}
	}
	if m, ok := v.Get("digestMultibase"); ok {
		items, err := list(&m, "vcdm.related.digest", "digestMultibase")
		if err != nil {
			return r, err
		}
		for i := range items {
			s, _ := items[i].Str()
			if _, ok := decodeMultibase(s); !ok {
				return r, vc.Invalid("vcdm.related.digest", "digestMultibase of relatedResource is not in base58 or base64url with its prefix")
			}
			r.DigestMultibase = append(r.DigestMultibase, s)
		}
	}
	if r.DigestSRI == "" && r.DigestMultibase == nil {
		return r, vc.Invalid("vcdm.related.digest", "relatedResource has no digest")
	}
	return r, nil
}

// CheckRelated compares the resources that lookup has with their digests. One that lookup does not have is not used, and so needs no
// check. All kinds of digests that a resource has must fit, and of each the strongest that is known here (SHA-512, SHA-384, SHA-256);
// a kind with no known one is refused.
func (c *Credential) CheckRelated(lookup func(url string) ([]byte, bool)) error {
	for i := range c.Related {
		r := &c.Related[i]
		b, ok := lookup(r.ID)
		if !ok {
			continue
		}
		if r.DigestSRI != "" && !CheckSRI(r.DigestSRI, b) || r.DigestMultibase != nil && !checkMultihashes(r.DigestMultibase, b) {
			return vc.Invalid("vcdm.related.mismatch", "a related resource has not the digest that the issuer states")
		}
	}
	return nil
}
