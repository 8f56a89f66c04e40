package httpdriver

import (
	"context"
	"net/http"
	"strings"

	"github.com/realdid/realdid/did"
)

// dereference answers a DID URL (DID Resolution 1.0, sections 5, 10 and 12.1, all of them marked at risk: nothing outside
// this file depends on them). What a fragment names is given with the document's @context; the parameter service gives the
// document with that service alone, or, to who accepts text/uri-list, a redirection with status 303 to its first endpoint.
// A dereferencing result has its content twice: as "content", which is its name in section 10, and as "contentStream", its
// name in section 5.
func (x *exchange) dereference(q *query, v variant) {
	ctx, cancel := context.WithTimeout(x.r.Context(), x.h.opt.Timeout)
	defer cancel()
	res, err := x.h.resolution(ctx, q.id, &q.opt)
	if err != nil {
		x.fail(err, v)
		return
	}
	c, err := newContent(res, q, v)
	if err != nil {
		x.fail(err, v)
		return
	}
	if c.location != "" {
		hd := x.w.Header()
		hd.Set("Location", c.location)
		hd["Cache-Control"] = noStore
		hd["Vary"] = varyAccept
		x.write(http.StatusSeeOther, nil)
		return
	}
	a := &answer{key: answerKey{q.id, v}, status: http.StatusOK, body: c.body, until: x.now.Add(x.h.opt.Fresh)}
	if v == variantDereferenced {
		a.body = c.result()
	}
	if res.Metadata.Deactivated {
		a.status = http.StatusGone
	}
	a.setHeaders()
	ages := x.h.ages
	if q.opt.NoCache {
		ages = nil
	}
	x.give(a, ages)
}

// content is what a DID URL stands for.
type content struct {
	body     []byte
	metadata []byte
	location string // where else it is
}

func newContent(res *did.Resolution, q *query, v variant) (*content, error) {
	d, err := res.Document.Dereference(q.url)
	if err != nil {
		return nil, err
	}
	if q.relationship != 0 {
		switch {
		case d.Method == nil:
			return nil, &did.Error{Code: did.InvalidVerificationMethod, Detail: "the DID URL names no verification method"}
		case !d.Method.Purposes.Has(q.relationship):
			return nil, &did.Error{Code: did.InvalidRelationship, Detail: q.relationship.String()}
		}
	}
	_, byParameter, err := q.url.Param("service")
	if err != nil {
		return nil, err
	}
	switch {
	case v == variantURIList && byParameter && len(d.Endpoint) > 0:
		return &content{location: d.Endpoint[0]}, nil
	case v == variantURIList:
		return nil, &did.Error{Code: did.RepresentationNotSupported, Detail: "the DID URL names no endpoint that is a URI"}
	}
	c := &content{metadata: []byte("{}")}
	doc := d.Document
	switch {
	case d.Method != nil:
		c.body = withContext(res.Document, d.Method.Canonical())
	case byParameter:
		selected := *res.Document
		selected.Service = []did.Service{*d.Service}
		doc = &selected
	case d.Service != nil:
		c.body = withContext(res.Document, d.Service.Canonical())
	}
	if doc == nil {
		if res.Metadata.Deactivated {
			c.metadata = []byte(`{"deactivated":true}`)
		}
		return c, nil
	}
	c.body = doc.Canonical()
	if c.metadata, err = res.AppendDocumentMetadata(nil, nil); err != nil {
		return nil, &did.Error{Code: did.InternalError, Detail: "the metadata cannot be written", Err: err}
	}
	return c, nil
}

// withContext puts the @context of the document, which sorts before every other member, into an object of it.
func withContext(doc *did.Document, object []byte) []byte {
	if len(doc.Context) == 0 {
		return object
	}
	head := did.Document{Context: doc.Context, ID: doc.ID}
	context, _, _ := strings.Cut(string(head.Canonical()), `,"id":`)
	return append(append([]byte(context), ','), object[1:]...)
}

func (c *content) result() []byte {
	b := append([]byte(`{"content":`), c.body...)
	b = append(append(b, `,"contentMetadata":`...), c.metadata...)
	b = append(append(b, `,"contentStream":`...), c.body...)
	return append(b, `,"dereferencingMetadata":{"contentType":"`+did.MediaType+`"}}`...)
}

func appendDereferencingError(dst []byte, e *did.Error) []byte {
	dst = append(dst, `{"content":null,"contentMetadata":{},"contentStream":null,"dereferencingMetadata":{"error":`...)
	return append(e.AppendProblem(dst), "}}"...)
}
