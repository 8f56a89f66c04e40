package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
)

// The media types of DID documents in DID Core 1.0, by which W3C's test suite goes.
const (
	didJSON   = "application/did+json"
	didJSONLD = "application/did+ld+json"
)

var conformanceKinds = []string{"did", "resolver", "dereferencer"}

func newDIDExportConformance(a *app) *cobra.Command {
	var kind, out, implementation, implementer string
	c := &cobra.Command{
		Use:   "export-conformance DID|NAME…",
		Short: "Write what W3C's DID test suite reads",
		Long: `Resolves DIDs of one method and writes the file by which an implementation takes part in the W3C DID Core test suite (w3c/did-test-suite,
suites/implementations/*.json). There are three kinds of it: did (documents and their representations, the default), resolver and dereferencer
(what those functions answered, errors included). What stands in the files are this program's answers, in the form of DID Core 1.0.

"serve resolver" is the endpoint for suites that ask for themselves.`,
		Example: `  realdid did export-conformance alice bob -o did-realdid.json
  realdid did export-conformance alice --kind resolver -o resolver-realdid.json
  realdid did export-conformance did:key:z6Mk… --kind dereferencer`,
		Args: args(1, 100),
	}
	fl := c.Flags()
	fl.StringVar(&kind, "kind", "did", "`KIND` of file: did, resolver or dereferencer")
	fl.StringVarP(&out, "out", "o", "", "write to a new `FILE` instead of standard output")
	fl.StringVar(&implementation, "implementation", "https://github.com/realdid/realdid", "`TEXT` that names the implementation")
	fl.StringVar(&implementer, "implementer", "realdid", "`TEXT` that names who made it")
	_ = c.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(conformanceKinds, cobra.ShellCompDirectiveNoFileComp))
	c.ValidArgsFunction = a.completeIdentities
	return verb(c, func(c *cobra.Command, args []string) error {
		if !slices.Contains(conformanceKinds, kind) {
			return usage("one of "+strings.Join(conformanceKinds, ", "), "--kind: %.20q", kind)
		}
		e := &conformance{ctx: c.Context(), file: map[string]any{"implementation": implementation, "implementer": implementer}}
		for _, arg := range args {
			id, err := a.reachableDID(arg)
			if err != nil {
				return err
			}
			if e.ids = append(e.ids, id); id.Method() != e.ids[0].Method() {
				return usage("one file for each method", "%s and %s are of different methods", e.ids[0], id)
			}
		}
		e.file["didMethod"] = "did:" + e.ids[0].Method()
		mux, done := a.resolvers()
		defer done()
		e.resolver = mux
		export := map[string]func() error{"did": e.documents, "resolver": e.resolutions, "dereferencer": e.dereferences}[kind]
		if err := export(); err != nil {
			return err
		}
		b, err := json.MarshalIndent(e.file, "", "  ")
		if err != nil {
			return err
		}
		if out == "" || out == "-" {
			_, err = a.stdout.Write(append(b, '\n'))
			return err
		}
		return createFileMode(out, append(b, '\n'), 0o644)
	})
}

// A conformance is a file for the test suite in the making.
type conformance struct {
	ctx      context.Context
	resolver did.Resolver
	ids      []did.DID
	file     map[string]any
}

// A representation is a document in the words of DID Core 1.0: entries of the data model, and @context, which belongs to JSON-LD alone.
type representation struct {
	properties map[string]json.RawMessage
	context    json.RawMessage
	texts      map[string]string // by media type
}

func represent(d *did.Document) (*representation, error) {
	r := &representation{texts: map[string]string{didJSONLD: string(d.Canonical())}}
	if err := json.Unmarshal(d.Canonical(), &r.properties); err != nil {
		return nil, err
	}
	r.context = r.properties["@context"]
	delete(r.properties, "@context")
	b, err := json.Marshal(r.properties)
	r.texts[didJSON] = string(b)
	return r, err
}

// documentMetadata has the members that DID Core names, and none of the method's own, whose numbers its data model does not know.
func documentMetadata(m *did.DocumentMetadata) map[string]any {
	out := map[string]any{}
	for name, text := range map[string]string{
		"created": timeText(m.Created), "updated": timeText(m.Updated), "nextUpdate": timeText(m.NextUpdate),
		"versionId": m.VersionID, "nextVersionId": m.NextVersionID, "canonicalId": m.CanonicalID,
	} {
		if text != "" {
			out[name] = text
		}
	}
	if len(m.EquivalentID) > 0 {
		out["equivalentId"] = m.EquivalentID
	}
	if m.Deactivated {
		out["deactivated"] = true
	}
	return out
}

// documents is the file of kind did.
func (e *conformance) documents() error {
	parameters := map[string]string{}
	var ids []string
	for _, id := range e.ids {
		res, err := e.resolver.Resolve(e.ctx, id, nil)
		if err != nil {
			return err
		}
		r, err := represent(res.Document)
		if err != nil {
			return err
		}
		ids = append(ids, id.String())
		one := map[string]any{"didDocumentDataModel": map[string]any{"properties": r.properties}}
		for mediaType, text := range r.texts {
			own := map[string]any{}
			if mediaType == didJSONLD {
				own["@context"] = r.context
			}
			one[mediaType] = map[string]any{
				"didDocumentDataModel": map[string]any{"representationSpecificEntries": own}, "representation": text,
				"didDocumentMetadata": documentMetadata(&res.Metadata), "didResolutionMetadata": map[string]string{"contentType": mediaType},
			}
		}
		e.file[id.String()] = one
		if res.Metadata.VersionID != "" {
			parameters["versionId"] = id.String() + "?versionId=" + res.Metadata.VersionID
		}
		if at := res.Metadata.Created; !at.IsZero() {
			parameters["versionTime"] = id.String() + "?versionTime=" + at.UTC().Format(time.RFC3339)
		}
		if len(res.Document.Service) > 0 {
			parameters["service"] = id.String() + "?service=" + res.Document.Service[0].ID.Fragment()
		}
	}
	e.file["dids"], e.file["didParameters"] = ids, parameters
	e.file["supportedContentTypes"] = []string{didJSON, didJSONLD}
	return nil
}

// An execution is a call of a function with its answer.
type execution struct {
	Function string         `json:"function"`
	Input    map[string]any `json:"input"`
	Output   map[string]any `json:"output"`
}

// executions puts calls into the file by what they should come to.
func (e *conformance) executions(kinds []string, calls map[string][]execution) error {
	outcomes, all := map[string][]int{}, []execution{}
	for _, kind := range kinds {
		outcomes[kind] = []int{}
		for _, x := range calls[kind] {
			outcomes[kind] = append(outcomes[kind], len(all))
			all = append(all, x)
		}
	}
	for kind := range maps.Keys(calls) {
		if !slices.Contains(kinds, kind) {
			return fmt.Errorf("an outcome that the suite does not know: %s", kind)
		}
	}
	e.file["expectedOutcomes"], e.file["executions"] = outcomes, all
	return nil
}
