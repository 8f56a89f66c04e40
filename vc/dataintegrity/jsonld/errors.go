package jsonld

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Why a document or context was refused. Every error of this package is an [*Error] that is one of these (errors.Is).
var (
	ErrSyntax         = errors.New("not valid JSON-LD")
	ErrUnknownContext = errors.New("unknown context")
	ErrUndefinedTerm  = errors.New("undefined term")
	ErrRelativeIRI    = errors.New("relative IRI")
	ErrLoss           = errors.New("value that RDF would lose")
	ErrLimit          = errors.New("over a limit")
)

// Error says why a document or context was refused, and where. It quotes names (of members, terms, contexts), never values.
type Error struct {
	Kind   error  // one of the Err… values of this package
	Detail string // what is wrong
	Path   string // JSON Pointer (RFC 6901) to the place in the document, with "*" for a key of a map; "" if that is the whole document
}

// Error names the kind, the place and the detail.
func (e *Error) Error() string {
	s := "jsonld: " + e.Kind.Error()
	if e.Path != "" {
		s += " at " + printable(e.Path)
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

func refuse(kind error, format string, args ...any) error {
	return &Error{Kind: kind, Detail: fmt.Sprintf(format, args...)}
}

// printable is s fit for one line of a log: quoted where that is needed, and cut.
func printable(s string) string {
	const most = 200
	if len(s) > most {
		s = s[:most] + "…"
	}
	if q := strconv.QuoteToGraphic(s); q != `"`+s+`"` {
		return q
	}
	return s
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// within puts a member name before the place of an error.
func within(err error, name string) error {
	var e *Error
	if errors.As(err, &e) {
		if len(e.Path) < 1000 {
			e.Path = "/" + pointerEscaper.Replace(name) + e.Path
		}
	}
	return err
}

// withinElem puts the index of an array element before the place of an error.
func withinElem(err error, i int) error { return within(err, strconv.Itoa(i)) }
