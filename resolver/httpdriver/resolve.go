package httpdriver

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
)

var (
	varyAccept = []string{"Accept"}
	noSniff    = []string{"nosniff"}
)

// identifiers answers /1.0/identifiers/; target is the escaped path after it.
func (x *exchange) identifiers(target string) {
	r := x.r
	post := r.Method == http.MethodPost
	if !post && r.Method != http.MethodGet && !x.allow(http.MethodGet, http.MethodHead, http.MethodPost) {
		return
	}
	if len(target) > maxTarget || len(r.URL.RawQuery) > maxQuery {
		x.problem(http.StatusRequestURITooLong, "no DID URL is this long")
		return
	}
	var body []byte
	if post {
		if !isJSONBody(r.Header) {
			x.problem(http.StatusUnsupportedMediaType, "options are a JSON object")
			return
		}
		var ok bool
		if body, ok = x.readBody(maxOptions); !ok {
			return
		}
	}
	var q query
	err := q.parse(target, r.URL.RawQuery, body)
	x.method = q.id.Method()
	accept := q.accept
	if accept == "" {
		accept = acceptHeader(r.Header)
	}
	offers := resolutionOffers
	if !q.url.IsZero() {
		offers = dereferencingOffers
	}
	v := negotiate(accept, offers)
	if v == variantNone && q.url.IsZero() && negotiate(accept, dereferencingOffers) == variantDereferenced {
		q.url, v = q.id.URL(), variantDereferenced // a DID is a DID URL without more, and a version of it is in the options
	}
	switch {
	case err != nil:
		x.fail(err, v)
	case v == variantNone:
		x.fail(&did.Error{Code: did.RepresentationNotSupported, Detail: "none of the media types that the request accepts is served"}, v)
	case q.opt.NoCache && x.h.opt.RefuseNoCache:
		x.fail(&did.Error{Code: did.FeatureNotSupported, Detail: "noCache: answers may be remembered for a moment here"}, v)
	case !q.url.IsZero():
		x.dereference(&q, v)
	default:
		x.resolve(&q, v)
	}
}

func acceptHeader(hd http.Header) string {
	switch values := hd["Accept"]; len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	default:
		return strings.Join(values, ",")
	}
}

// isJSONBody tells whether the body is said to be JSON. Without a word it is.
func isJSONBody(hd http.Header) bool {
	t := hd.Get("Content-Type")
	if t == "" {
		return true
	}
	t, _, err := mime.ParseMediaType(t)
	return err == nil && (t == typeJSON || strings.HasSuffix(t, "+json"))
}

// resolve answers a resolution.
func (x *exchange) resolve(q *query, v variant) {
	h, k := x.h, answerKey{q.id, v}
	if q.plain() {
		if a := h.answers.get(k, x.now); a != nil {
			x.cached = true
			x.give(a, h.ages)
			return
		}
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), h.opt.Timeout)
	defer cancel()
	ask := func(ctx context.Context) (*answer, error) { return h.ask(ctx, q, k) }
	var a *answer
	var err error
	ages := h.ages
	switch {
	case q.plain() && h.opt.Fresh > 0:
		a, err = h.answers.do(ctx, k, x.now, ask)
	case q.opt.NoCache && q.opt.Newest():
		ages = nil // for whom it is in time, it is so once
		forgets := h.answers.forgets(q.id)
		if a, err = ask(ctx); err == nil {
			h.answers.keep(a, forgets)
		}
	default:
		a, err = ask(ctx)
		if q.opt.NoCache {
			ages = nil
		}
	}
	if err != nil {
		x.fail(err, v)
		return
	}
	x.give(a, ages)
}

// ask asks the resolver, and the prover if there is one, and writes the answer.
func (h *Handler) ask(ctx context.Context, q *query, k answerKey) (*answer, error) {
	asked := h.opt.Now()
	var opt *did.ResolveOptions
	if q.opt != (did.ResolveOptions{}) {
		opt = &q.opt
	}
	res, err := h.resolution(ctx, q.id, opt)
	if err != nil {
		return nil, err
	}
	a := &answer{key: k, status: http.StatusOK, until: asked.Add(h.opt.Fresh), proved: true}
	if next := res.Metadata.NextUpdate; !next.IsZero() && next.Before(a.until) {
		a.until = next
	}
	if res.Metadata.Deactivated {
		a.status = http.StatusGone
	}
	switch k.variant {
	case variantResult, variantJSON, variantLegacy:
		out := did.ResultOptions{}
		if k.variant == variantLegacy {
			out.Context, out.ContentType = did.ResolutionContext, typeDIDLDJSON
		}
		if p := h.proverOf(q.id.Method()); p != nil {
			out.Proof, a.proved = h.prove(ctx, p, q.id, opt)
		}
		a.body, err = res.AppendJSON(nil, &out)
	default:
		a.body = res.Document.Canonical()
	}
	if err != nil {
		return nil, &did.Error{Code: did.InternalError, Detail: "the metadata cannot be written", Err: err}
	}
	a.setHeaders()
	return a, nil
}

// resolution asks the resolver and does not believe it that its answer is one.
func (h *Handler) resolution(ctx context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	res, err := h.resolver.Resolve(ctx, id, opt)
	switch {
	case err != nil:
		return nil, did.AsError(err)
	case res == nil || res.Document == nil || res.Document.ID != id:
		return nil, &did.Error{Code: did.InvalidDIDDocument, Detail: "the resolver answered with the document of another DID, or none"}
	}
	return res, nil
}

// prove returns the proof. An answer whose proof cannot be had is given without one, and not kept; the prover has half of
// the time that a request has.
func (h *Handler) prove(ctx context.Context, p did.Prover, id did.DID, opt *did.ResolveOptions) (proof []did.MethodProof, final bool) {
	ctx, cancel := context.WithTimeout(ctx, h.opt.Timeout/2)
	defer cancel()
	b, err := p.Prove(ctx, id, opt)
	if err != nil || len(b) == 0 {
		return nil, err == nil || !did.AsError(err).Temporary()
	}
	return []did.MethodProof{{Method: id.Method(), Value: b}}, true
}

// setHeaders sets what follows from the body. The entity tag changes whenever a byte does, the proof's included: a client
// that asks again because its proof has become old gets the new one.
func (a *answer) setHeaders() {
	hash := sha256.New()
	hash.Write([]byte{byte(a.key.variant)}) // the same bytes under another media type are another representation
	hash.Write(a.body)
	a.etag = `"` + base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:16]) + `"`
	a.etagHeader = []string{a.etag}
	a.contentType = contentTypes[a.key.variant]
	a.length = []string{strconv.Itoa(len(a.body))}
}

// give writes an answer. ages nil: it is not to be stored.
func (x *exchange) give(a *answer, ages [][]string) {
	hd := x.w.Header()
	hd["Content-Type"] = a.contentType
	hd["Vary"] = varyAccept
	hd["X-Content-Type-Options"] = noSniff
	hd["Etag"] = a.etagHeader
	if ages == nil {
		hd["Cache-Control"] = noStore
	} else {
		left := max(a.until.Sub(x.now)/time.Second, 0)
		hd["Cache-Control"] = ages[min(int(left), len(ages)-1)]
	}
	if a.status == http.StatusOK && x.r.Method != http.MethodPost {
		if match := x.r.Header["If-None-Match"]; match != nil && matches(match, a.etag) {
			delete(hd, "Content-Type")
			x.status = http.StatusNotModified
			x.w.WriteHeader(x.status)
			return
		}
	}
	hd["Content-Length"] = a.length
	x.write(a.status, a.body)
}

// matches compares If-None-Match (RFC 9110, section 13.1.2) with an entity tag, weakly.
func matches(header []string, etag string) bool {
	for _, line := range header {
		if line == etag || line == "*" {
			return true
		}
		for item := range strings.SplitSeq(line, ",") {
			if strings.TrimPrefix(strings.TrimSpace(item), "W/") == etag {
				return true
			}
		}
	}
	return false
}
