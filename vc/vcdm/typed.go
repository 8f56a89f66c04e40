package vcdm

import (
	"slices"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// eachTyped calls do for each object of a property whose values are objects that must have a type and may have an id. A property
// that is not there has none.
func eachTyped(d *document, p property, code string, do func(v *strictjson.Value, id string, types []string) error) error {
	if !d.has(p) {
		return nil
	}
	name := propertyNames[p]
	items, err := list(&d[p], code, name)
	if err != nil {
		return err
	}
	for i := range items {
		item := &items[i]
		if item.Kind() != strictjson.Object {
			return vc.Invalid(code, name+" is not an object")
		}
		if err := checkKeywords(item); err != nil {
			return err
		}
		types, err := readTypes(item, name)
		if err != nil {
			return err
		}
		id, err := readID(item, name)
		if err != nil {
			return err
		}
		if err := do(item, id, types); err != nil {
			return err
		}
	}
	return nil
}

func anyTyped(*strictjson.Value, string, []string) error { return nil }

// checkExtensions checks the properties of which the data model says only that their values have a type (VCDM 2.0, sections 5.4 to
// 5.6 and 5.10).
func checkExtensions(d *document, version Version) error {
	for _, p := range [...]property{propTerms, propEvidence, propConfidence, propRender} {
		if err := eachTyped(d, p, "vcdm.extension", anyTyped); err != nil {
			return err
		}
	}
	return eachTyped(d, propRefresh, "vcdm.extension", func(_ *strictjson.Value, id string, _ []string) error {
		if id == "" && version == V1 { // VCDM 1.1, section 5.4
			return vc.Invalid("vcdm.id", "refreshService has no id")
		}
		return nil
	})
}

// readSchemas reads credentialSchema (VCDM 2.0, section 4.11).
func (c *Credential) readSchemas(d *document) error {
	return eachTyped(d, propSchema, "vcdm.schema", func(v *strictjson.Value, id string, types []string) error {
		if id == "" {
			return vc.Invalid("vcdm.id", "credentialSchema has no id")
		}
		ref := vc.SchemaReference{ID: id, Type: types[0]}
		for _, known := range [...]string{"JsonSchemaCredential", "JsonSchema"} {
			if slices.Contains(types, known) {
				ref.Type = known
			}
		}
		if m, ok := v.Get("digestSRI"); ok {
			if ref.Digest, ok = m.Str(); !ok || !isSRI(ref.Digest) {
				return vc.Invalid("vcdm.schema", "digestSRI of credentialSchema is not a digest")
			}
		}
		c.Schemas = append(c.Schemas, ref)
		return nil
	})
}

// readProof tells whether there is a proof, and checks that each is an object with a type. The rest is the format's.
func readProof(d *document) (bool, error) {
	if !d.has(propProof) {
		return false, nil
	}
	items, err := list(&d[propProof], "vcdm.proof", "proof")
	if err != nil {
		return false, err
	}
	for i := range items {
		t, _ := items[i].Get("type")
		if s, ok := t.Str(); !ok || strings.TrimSpace(s) == "" {
			return false, vc.Invalid("vcdm.proof", "proof is not an object with a type")
		}
	}
	return true, nil
}
