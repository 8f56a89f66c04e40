package did

import (
	"slices"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
)

// Canonical returns the document in its canonical form (RFC 8785): what ParseDocument reads back to the same bytes. DID
// URLs are absolute, sets of one are written as their item where DID 1.1 allows it, empty sets are left out, and
// relationships name methods in the order of VerificationMethod. For a document that was not parsed the caller answers for
// the fields: Extra must hold canonical JSON under names that are not members of the model.
func (d *Document) Canonical() []byte {
	w := objectWriter{dst: make([]byte, 0, 256+256*len(d.VerificationMethod))}
	w.open(d.Extra)
	w.strings("@context", d.Context, true, appendContext)
	w.strings("alsoKnownAs", d.AlsoKnownAs, false, strictjson.AppendString)
	w.relationship(d, AssertionMethod)
	w.relationship(d, Authentication)
	w.relationship(d, CapabilityDelegation)
	w.relationship(d, CapabilityInvocation)
	controllers := make([]string, 0, len(d.Controller))
	for _, c := range d.Controller {
		controllers = append(controllers, c.s)
	}
	w.strings("controller", controllers, true, strictjson.AppendString)
	w.string("id", d.ID.s)
	w.relationship(d, KeyAgreement)
	w.services(d.Service)
	if slices.ContainsFunc(d.VerificationMethod, func(m VerificationMethod) bool { return !m.Embedded }) {
		w.name("verificationMethod")
		w.list()
		for i := range d.VerificationMethod {
			if m := &d.VerificationMethod[i]; !m.Embedded {
				w.item()
				w.dst = m.appendCanonical(w.dst)
			}
		}
		w.dst = append(w.dst, ']')
	}
	return w.close()
}

// MarshalJSON returns the canonical form.
func (d *Document) MarshalJSON() ([]byte, error) { return d.Canonical(), nil }

// Canonical returns the verification method in the canonical form in which it stands in a document.
func (m *VerificationMethod) Canonical() []byte { return m.appendCanonical(nil) }

func (m *VerificationMethod) appendCanonical(dst []byte) []byte {
	w := objectWriter{dst: dst}
	w.open(m.Extra)
	w.string("controller", m.Controller.s)
	w.time("expires", m.Expires)
	w.string("id", m.ID.s)
	if name, json := m.keyMember(); name != "" {
		w.name(name)
		w.dst = append(w.dst, json...)
	}
	w.time("revoked", m.Revoked)
	w.string("type", m.Type)
	return w.close()
}

// Canonical returns the service in the canonical form in which it stands in a document.
func (s *Service) Canonical() []byte { return s.appendCanonical(nil) }

func (s *Service) appendCanonical(dst []byte) []byte {
	w := objectWriter{dst: dst}
	w.open(s.Extra)
	if !s.ID.IsZero() {
		w.string("id", s.ID.s)
	}
	w.name("serviceEndpoint")
	if len(s.Endpoint) != 1 {
		w.list()
	}
	for i, e := range s.Endpoint {
		if i > 0 {
			w.dst = append(w.dst, ',')
		}
		if e.Object != "" {
			w.dst = append(w.dst, e.Object...)
		} else {
			w.dst = strictjson.AppendString(w.dst, e.URI)
		}
	}
	if len(s.Endpoint) != 1 {
		w.dst = append(w.dst, ']')
	}
	w.strings("type", s.Type, true, strictjson.AppendString)
	return w.close()
}

func appendContext(dst []byte, s string) []byte {
	if len(s) > 0 && s[0] == '{' {
		return append(dst, s...)
	}
	return strictjson.AppendString(dst, s)
}

// objectWriter writes one JSON object whose members are named in canonical order, and puts the extra ones between them.
type objectWriter struct {
	dst   []byte
	extra []Member // those still to be written, sorted
	some  bool     // a member was written
	first bool     // no item of the open list was written
}

func (w *objectWriter) open(extra []Member) {
	w.dst = append(w.dst, '{')
	byName := func(a, b Member) int { return strictjson.CompareNames(a.Name, b.Name) }
	if !slices.IsSortedFunc(extra, byName) {
		extra = slices.Clone(extra)
		slices.SortFunc(extra, byName)
	}
	w.extra = extra
}

func (w *objectWriter) close() []byte {
	for _, m := range w.extra {
		w.member(m)
	}
	return append(w.dst, '}')
}

func (w *objectWriter) member(m Member) {
	w.rawName(m.Name)
	w.dst = append(w.dst, m.JSON...)
}

func (w *objectWriter) rawName(name string) {
	if w.some {
		w.dst = append(w.dst, ',')
	}
	w.some = true
	w.dst = append(strictjson.AppendString(w.dst, name), ':')
}

// name starts a member, after all extra ones that sort before it.
func (w *objectWriter) name(name string) {
	for len(w.extra) > 0 && strictjson.CompareNames(w.extra[0].Name, name) < 0 {
		w.member(w.extra[0])
		w.extra = w.extra[1:]
	}
	w.rawName(name)
}

func (w *objectWriter) string(name, value string) {
	w.name(name)
	w.dst = strictjson.AppendString(w.dst, value)
}

func (w *objectWriter) time(name string, t time.Time) {
	if !t.IsZero() {
		w.string(name, t.UTC().Format(time.RFC3339Nano))
	}
}

func (w *objectWriter) list() {
	w.dst = append(w.dst, '[')
	w.first = true
}

func (w *objectWriter) item() {
	if !w.first {
		w.dst = append(w.dst, ',')
	}
	w.first = false
}

// strings writes a set, if it is not empty; one item alone without brackets if bare.
func (w *objectWriter) strings(name string, set []string, bare bool, appendItem func([]byte, string) []byte) {
	if len(set) == 0 {
		return
	}
	w.name(name)
	if bare && len(set) == 1 {
		w.dst = appendItem(w.dst, set[0])
		return
	}
	w.list()
	for _, s := range set {
		w.item()
		w.dst = appendItem(w.dst, s)
	}
	w.dst = append(w.dst, ']')
}

func (w *objectWriter) relationship(d *Document, p Purpose) {
	open := false
	for i := range d.VerificationMethod {
		m := &d.VerificationMethod[i]
		if !m.Purposes.Has(p) {
			continue
		}
		if !open {
			w.name(p.String())
			w.list()
			open = true
		}
		w.item()
		if m.Embedded {
			w.dst = m.appendCanonical(w.dst)
		} else {
			w.dst = strictjson.AppendString(w.dst, m.ID.s)
		}
	}
	if open {
		w.dst = append(w.dst, ']')
	}
}

func (w *objectWriter) services(list []Service) {
	if len(list) == 0 {
		return
	}
	w.name("service")
	w.list()
	for i := range list {
		w.item()
		w.dst = list[i].appendCanonical(w.dst)
	}
	w.dst = append(w.dst, ']')
}
