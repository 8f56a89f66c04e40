package main

import (
	"errors"
	"strings"

	"github.com/realdid/realdid/did"
)

// resolutions is the file of kind resolver.
func (e *conformance) resolutions() error {
	calls := map[string][]execution{}
	for _, id := range e.ids {
		kind, list, err := e.resolved(id)
		if err != nil {
			return err
		}
		calls[kind] = append(calls[kind], list...)
	}
	for kind, text := range map[string]string{
		"invalidDidErrorOutcome": "did:" + e.ids[0].Method() + "_invalid", "notFoundErrorOutcome": e.absent(),
	} {
		if text == "" {
			continue
		}
		x, ok, err := e.unresolved(text, kind)
		if err != nil {
			return err
		}
		if ok {
			calls[kind] = append(calls[kind], x)
		}
	}
	return e.executions([]string{
		"defaultOutcome", "invalidDidErrorOutcome", "notFoundErrorOutcome", "representationNotSupportedErrorOutcome", "deactivatedOutcome",
	}, calls)
}

// resolved are the calls of resolve and resolveRepresentation for an identifier that exists.
func (e *conformance) resolved(id did.DID) (kind string, list []execution, err error) {
	res, err := e.resolver.Resolve(e.ctx, id, nil)
	if err != nil {
		return "", nil, err
	}
	r, err := represent(res.Document)
	if err != nil {
		return "", nil, err
	}
	list = append(list, execution{
		Function: "resolve", Input: map[string]any{"did": id.String(), "resolutionOptions": map[string]any{}},
		Output: map[string]any{
			"didDocument": rawJSONOf(res.Document), "didDocumentMetadata": documentMetadata(&res.Metadata), "didResolutionMetadata": map[string]any{},
		},
	})
	for _, mediaType := range []string{didJSON, didJSONLD} {
		list = append(list, execution{
			Function: "resolveRepresentation",
			Input:    map[string]any{"did": id.String(), "resolutionOptions": map[string]any{"accept": mediaType}},
			Output: map[string]any{
				"didDocumentStream": r.texts[mediaType], "didDocumentMetadata": documentMetadata(&res.Metadata),
				"didResolutionMetadata": map[string]any{"contentType": mediaType},
			},
		})
	}
	if res.Metadata.Deactivated {
		return "deactivatedOutcome", list, nil
	}
	return "defaultOutcome", list, nil
}

func rawJSONOf(d *did.Document) rawJSON { return d.Canonical() }

// absent is an identifier of the method that nobody has; empty for methods of which each identifier has a document.
func (e *conformance) absent() string {
	text := e.ids[0].String()
	if e.ids[0].Method() != "realdid" {
		return ""
	}
	i := strings.LastIndex(text, ":q")
	return text[:i] + ":q" + strings.Repeat("a", 52)
}

// unresolved is a call that fails; ok tells whether it failed as it should.
func (e *conformance) unresolved(text, kind string) (x execution, ok bool, err error) {
	id, err := did.Parse(text)
	if err == nil {
		_, err = e.resolver.Resolve(e.ctx, id, nil)
	}
	if err == nil {
		return x, false, errors.New("an identifier resolves that nobody has")
	}
	failed := did.AsError(err)
	if failed.Temporary() {
		return x, false, err
	}
	name := failed.Code.LegacyName()
	return execution{
		Function: "resolve", Input: map[string]any{"did": text, "resolutionOptions": map[string]any{}},
		Output: map[string]any{"didDocument": nil, "didDocumentMetadata": map[string]any{}, "didResolutionMetadata": map[string]any{"error": name}},
	}, name+"ErrorOutcome" == kind, nil
}

// dereferences is the file of kind dereferencer.
func (e *conformance) dereferences() error {
	calls := map[string][]execution{}
	for _, id := range e.ids {
		res, err := e.resolver.Resolve(e.ctx, id, nil)
		if err != nil {
			return err
		}
		urls := []string{id.String()}
		for _, m := range res.Document.VerificationMethod {
			urls = append(urls, m.ID.String())
		}
		for _, s := range res.Document.Service {
			urls = append(urls, s.ID.String(), id.String()+"?service="+s.ID.Fragment())
		}
		for _, u := range urls {
			x, _ := dereference(res, u)
			calls["defaultOutcome"] = append(calls["defaultOutcome"], x)
		}
		x, name := dereference(res, id.String()+"#no-such-fragment")
		calls[name] = append(calls[name], x)
	}
	x, name := dereference(nil, "did:"+e.ids[0].Method()+"_invalid")
	calls[name] = append(calls[name], x)
	return e.executions([]string{"defaultOutcome", "invalidDidUrlErrorOutcome", "notFoundErrorOutcome"}, calls)
}

// dereference is a call for a URL of the DID that was resolved, with the outcome that its answer stands for.
func dereference(res *did.Resolution, text string) (execution, string) {
	x := execution{Function: "dereference", Input: map[string]any{"didUrl": text, "dereferenceOptions": map[string]any{"accept": didJSONLD}}}
	u, err := did.ParseURL(text)
	var got *did.Dereferenced
	if err == nil {
		got, err = res.Document.Dereference(u)
	}
	if err != nil {
		name := did.AsError(err).Code.LegacyName()
		x.Output = map[string]any{"dereferencingMetadata": map[string]any{"error": name}, "contentStream": "", "contentMetadata": map[string]any{}}
		return x, name + "ErrorOutcome"
	}
	mediaType, content, metadata := didJSONLD, "", map[string]any{}
	switch {
	case got.Endpoint != nil:
		mediaType, content = "text/uri-list", strings.Join(got.Endpoint, "\r\n")
	case got.Method != nil:
		content = string(got.Method.Canonical())
	case got.Service != nil:
		content = string(got.Service.Canonical())
	default:
		content, metadata = string(got.Document.Canonical()), documentMetadata(&res.Metadata)
	}
	x.Output = map[string]any{"dereferencingMetadata": map[string]any{"contentType": mediaType}, "contentStream": content, "contentMetadata": metadata}
	return x, "defaultOutcome"
}
