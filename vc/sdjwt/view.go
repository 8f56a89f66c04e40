package sdjwt

import "github.com/realdid/realdid/internal/strictjson"

// view is claims as a JSON value: the processed payload of what check accepted.
func (p *processor) view() strictjson.Value { return p.viewObject(p.payload, true) }

func (p *processor) viewValue(v strictjson.Value) strictjson.Value {
	switch v.Kind() {
	case strictjson.Object:
		return p.viewObject(v, false)
	case strictjson.Array:
		out := make([]strictjson.Value, 0, len(v.Elems()))
		for _, e := range v.Elems() {
			digest, hidden := e.Get("...")
			if !hidden {
				out = append(out, p.viewValue(e))
				continue
			}
			s, _ := digest.Str()
			if i := p.find(s); i >= 0 {
				out = append(out, p.viewValue(p.disclosures[i].value))
			}
		}
		return v.WithElems(out)
	}
	return v
}

func (p *processor) viewObject(v strictjson.Value, top bool) strictjson.Value {
	out := make([]strictjson.Member, 0, len(v.Members()))
	for _, m := range v.Members() {
		switch {
		case top && m.Name == "_sd_alg":
		case m.Name != "_sd":
			out = append(out, strictjson.Member{Name: m.Name, Value: p.viewValue(m.Value)})
		default:
			for _, digest := range m.Value.Elems() {
				s, _ := digest.Str()
				if i := p.find(s); i >= 0 {
					d := &p.disclosures[i]
					out = append(out, strictjson.Member{Name: d.name, Value: p.viewValue(d.value)})
				}
			}
		}
	}
	return v.WithMembers(out)
}
