package jsonld

import (
	"math"
	"strconv"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

const (
	rdfJSON    = rdfNS + "JSON"
	xsd        = "http://www.w3.org/2001/XMLSchema#"
	xsdBoolean = xsd + "boolean"
	xsdDouble  = xsd + "double"
	xsdInteger = xsd + "integer"
	i18n       = "https://www.w3.org/ns/i18n#"
)

// scalar converts a string, number or boolean (API, section 5.3.2).
func (x *conversion) scalar(c *context, prop *term, v strictjson.Value, at *place) error {
	if at.kind == freely || prop == nil || at.wrap != noWrap {
		return refuse(ErrLoss, "a value that is no value of a property")
	}
	if prop.hasScope() {
		var err error
		if c, err = x.scoped(c, scope{term: prop}); err != nil {
			return err
		}
		prop = prop.in(c)
	}
	if s, ok := v.Str(); ok {
		t, err := x.text(c, prop, s)
		if err != nil {
			return err
		}
		if t.Kind != rdf.Literal {
			if at.extra != nil && at.extra.id != "" && x.resource(at.extra.id) != t {
				return refuse(ErrLoss, "the key of an @id map, beside another identifier")
			}
			return x.link(at, t)
		}
		return x.putLiteral(at, t)
	}
	if prop.coerce == toJSON {
		return x.putLiteral(at, jsonLiteral(v))
	}
	t, err := native(v, prop.datatype)
	if err != nil {
		return err
	}
	return x.putLiteral(at, t)
}

// putLiteral puts a literal, of which a map cannot say anything.
func (x *conversion) putLiteral(at *place, t rdf.Term) error {
	if at.extra != nil {
		return refuse(ErrSyntax, "the key of a map cannot be said of a literal")
	}
	return x.put(at, t)
}

// text converts a string that is a value of prop.
func (x *conversion) text(c *context, prop *term, s string) (rdf.Term, error) {
	switch prop.coerce {
	case toID:
		return x.named(c, s, false)
	case toVocab:
		return x.named(c, s, true)
	case toDatatype:
		return typedLiteral(s, prop.datatype)
	case toJSON:
		return rdf.Term{Kind: rdf.Literal, Value: string(strictjson.AppendString(nil, s)), Datatype: rdfJSON}, nil
	}
	language, direction := c.language, c.direction
	if prop.hasLanguage {
		language = prop.language
	}
	if prop.hasDirection {
		direction = prop.direction
	}
	return textLiteral(s, language, direction), nil
}

// textLiteral is a text in a language. A direction goes into the datatype (API, section 8.2.2, rdfDirection "i18n-datatype"),
// because it would not be signed otherwise.
func textLiteral(s, language, direction string) rdf.Term {
	switch {
	case direction != "":
		return rdf.Term{Kind: rdf.Literal, Value: s, Datatype: i18n + language + "_" + direction}
	case language != "":
		return rdf.Term{Kind: rdf.Literal, Value: s, Datatype: rdf.LangString, Language: language}
	}
	return rdf.Term{Kind: rdf.Literal, Value: s, Datatype: rdf.XSDString}
}

// typedLiteral is a string with a datatype. Some processors rewrite strings that are doubles, so those must be canonical.
func typedLiteral(s, datatype string) (rdf.Term, error) {
	if datatype == xsdDouble {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || double(f) != s {
			return rdf.Term{}, refuse(ErrSyntax, "a double that is not in canonical form: processors do not agree on it")
		}
	}
	return rdf.Term{Kind: rdf.Literal, Value: s, Datatype: datatype}, nil
}

func jsonLiteral(v strictjson.Value) rdf.Term {
	return rdf.Term{Kind: rdf.Literal, Value: string(strictjson.AppendCanonical(nil, v)), Datatype: rdfJSON}
}

// native converts a number or boolean (API, section 8.2.2, steps 9 to 11); datatype "" means the one of its kind.
func native(v strictjson.Value, datatype string) (rdf.Term, error) {
	t := rdf.Term{Kind: rdf.Literal, Datatype: datatype}
	kind := ""
	if b, ok := v.Bool(); ok {
		t.Value, kind = strconv.FormatBool(b), xsdBoolean
	} else {
		s, _ := v.Number()
		f, _ := strconv.ParseFloat(s, 64) // in range: it was parsed
		switch {
		case f == math.Trunc(f) && math.Abs(f) < 1e21 && datatype != xsdDouble:
			t.Value, kind = strconv.FormatFloat(f+0, 'f', 0, 64), xsdInteger // + 0 because of -0
		default:
			t.Value, kind = double(f), xsdDouble
		}
		if err := agreed(s, f); err != nil {
			return t, err
		}
	}
	if t.Datatype == "" {
		t.Datatype = kind
	}
	return t, nil
}

// agreed refuses the numbers that reach RDF as another number: integers beyond what a double holds, unless it holds them
// exactly, and tiny numbers that some processors take for integers.
func agreed(s string, f float64) error {
	switch abs := math.Abs(f); {
	case abs >= 1<<53 && (abs < 1e21 || !strings.ContainsAny(s, ".eE")) && digits(s) > 15 && strconv.FormatFloat(f, 'f', 0, 64) != s:
		return refuse(ErrLoss, "an integer beyond the precision of a double")
	case abs > 0 && abs < 1e-6 && !strings.Contains(strconv.FormatFloat(f, 'e', -1, 64), "."):
		return refuse(ErrSyntax, "a number of one digit below 0.000001: processors do not agree on it")
	}
	return nil
}

// digits counts the significant digits of a number as it is written. Two numbers of at most 15 are never the same double.
func digits(s string) int {
	mantissa := strings.TrimLeft(s, "-0.")
	if e := strings.IndexAny(mantissa, "eE"); e >= 0 {
		mantissa = mantissa[:e]
	}
	n := 0
	for i, zeros := 0, 0; i < len(mantissa); i++ {
		switch mantissa[i] {
		case '.':
		case '0':
			zeros++
		default:
			n += zeros + 1
			zeros = 0
		}
	}
	return n
}

// double writes f as the canonical form of xsd:double in JSON-LD has it (API, section 8.6): at most 16 digits.
func double(f float64) string {
	s := strconv.FormatFloat(f, 'E', 15, 64)
	mantissa, exponent, _ := strings.Cut(s, "E")
	mantissa = strings.TrimRight(mantissa, "0")
	if strings.HasSuffix(mantissa, ".") {
		mantissa += "0"
	}
	n, _ := strconv.Atoi(exponent)
	return mantissa + "E" + strconv.Itoa(n)
}

// valueObject converts an object with @value.
func (x *conversion) valueObject(o *object, at *place) error {
	if at.kind == freely || at.wrap != noWrap {
		return refuse(ErrLoss, "a value that is no value of a property")
	}
	if !o.hasOnly(kwContext, kwValue, kwType, kwLanguage, kwDirection) {
		if o.has&(1<<kwIndex) != 0 {
			return refuse(ErrLoss, "@index")
		}
		return refuse(ErrSyntax, "a value object with another member")
	}
	var value strictjson.Value
	var datatype expanded
	var tag, dir string
	for i, m := range o.members {
		var err error
		switch x.words[o.base+i].keyword {
		case noKeyword:
			err = refuse(ErrSyntax, "a value object with another member")
		case kwValue:
			value = m.Value
		case kwType:
			if s, ok := m.Value.Str(); ok {
				datatype, err = x.expand(o.typed, s, true)
			} else {
				err = refuse(ErrSyntax, "the type of a value must be a string")
			}
			if err == nil && datatype.keyword != kwJSON && !isIRI(datatype.iri) {
				err = refuse(ErrRelativeIRI, "the type of a value must be an absolute IRI")
			}
		case kwLanguage:
			if tag, err = language(m.Value); tag == "" && err == nil {
				err = refuse(ErrLoss, "null")
			}
		case kwDirection:
			if dir, err = direction(m.Value); dir == "" && err == nil {
				err = refuse(ErrLoss, "null")
			}
		}
		if err != nil {
			return within(err, m.Name)
		}
	}
	t, err := valueLiteral(value, datatype, tag, dir)
	if err != nil {
		return err
	}
	return x.putLiteral(at, t)
}

func valueLiteral(v strictjson.Value, datatype expanded, tag, dir string) (rdf.Term, error) {
	if (datatype != expanded{}) && tag+dir != "" {
		return rdf.Term{}, refuse(ErrSyntax, "a value with a type and a language or direction")
	}
	if datatype.keyword == kwJSON {
		return jsonLiteral(v), nil
	}
	s, isString := v.Str()
	switch v.Kind() {
	case strictjson.Null:
		return rdf.Term{}, refuse(ErrLoss, "null")
	case strictjson.Array, strictjson.Object:
		return rdf.Term{}, refuse(ErrSyntax, "@value must be a string, number or boolean")
	}
	switch {
	case !isString && tag+dir != "":
		return rdf.Term{}, refuse(ErrSyntax, "only a string has a language or direction")
	case !isString:
		return native(v, datatype.iri)
	case datatype.iri != "":
		return typedLiteral(s, datatype.iri)
	}
	return textLiteral(s, tag, dir), nil
}
