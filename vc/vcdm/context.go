package vcdm

import (
	"slices"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// readContext reads @context: the base context of a version first, then URLs and objects (VCDM 2.0, section 4.3; 1.1, section
// 4.1). The one base context may stand there as a string, as it does in the specification's own enveloped credentials.
func readContext(d *document) (Version, []string, error) {
	if !d.has(propContext) {
		return 0, nil, vc.Invalid("vcdm.context", "there is no @context")
	}
	items, err := list(&d[propContext], "vcdm.context", "@context")
	if err != nil {
		return 0, nil, err
	}
	var version Version
	switch first, _ := items[0].Str(); first {
	case ContextV1:
		version = V1
	case ContextV2:
		version = V2
	default:
		return 0, nil, vc.Invalid("vcdm.context.base", "the first context is not the base context of a version")
	}
	urls := make([]string, 0, len(items))
	for i := range items {
		s, isString := items[i].Str()
		switch {
		case isString && !isURL(s):
			return 0, nil, vc.Invalid("vcdm.context", "a context is not a URL")
		case isString && slices.Contains(urls, s):
			return 0, nil, vc.Invalid("vcdm.context.duplicate", "a context stands in @context twice")
		case isString:
			urls = append(urls, s)
		case items[i].Kind() != strictjson.Object:
			return 0, nil, vc.Invalid("vcdm.context", "a context is neither a URL nor an object")
		}
	}
	if slices.Contains(urls, ContextV1) && slices.Contains(urls, ContextV2) {
		return 0, nil, vc.Invalid("vcdm.context.mixed", "the base contexts of both versions")
	}
	return version, urls, nil
}
