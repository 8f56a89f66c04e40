package did

// ProblemMediaType is that of a problem object (RFC 9457).
const ProblemMediaType = "application/problem+json"

// maxDetail is how many bytes of a detail a problem object repeats.
const maxDetail = 512

// Title returns the short text of the error's code, for people.
func (e *Error) Title() string {
	switch e.Code {
	case InvalidDID:
		return "Not a valid DID"
	case InvalidDIDURL:
		return "Not a valid DID URL"
	case InvalidOptions:
		return "Options that are not valid"
	case NotFound:
		return "Not found"
	case RepresentationNotSupported:
		return "Representation not supported"
	case MethodNotSupported:
		return "DID method not supported"
	case FeatureNotSupported:
		return "Feature not supported"
	case InvalidDIDDocument:
		return "The DID document is not valid"
	case InvalidVerificationMethod:
		return "Not a valid verification method"
	case InvalidRelationship:
		return "The verification method is not for this relationship"
	}
	return "Internal error"
}

// AppendProblem appends the problem object (RFC 9457) of the error: type, title, status and, if there is one, detail. The
// cause is told of final errors only: that of a temporary one speaks of the insides of whoever answers.
func (e *Error) AppendProblem(dst []byte) []byte {
	detail := e.Detail
	if e.Err != nil && !e.Temporary() {
		if detail != "" {
			detail += ": "
		}
		detail += e.Err.Error()
	}
	if len(detail) > maxDetail {
		detail = detail[:maxDetail]
	}
	w := objectWriter{dst: dst}
	w.open(nil)
	if detail = asciiText(detail); detail != "" {
		w.string("detail", detail)
	}
	w.name("status")
	w.dst = append(w.dst, statusText(e.Status())...)
	w.string("title", e.Title())
	w.string("type", e.Type())
	return w.close()
}

// AppendJSON appends the DID resolution result of a resolution that failed with e (DID Resolution 1.0, section 4.4).
func (e *Error) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"didDocument":null,"didDocumentMetadata":{},"didResolutionMetadata":{"error":`...)
	return append(e.AppendProblem(dst), "}}"...)
}

func statusText(n int) []byte {
	return []byte{'0' + byte(n/100), '0' + byte(n/10%10), '0' + byte(n%10)}
}

// asciiText replaces what is not printable ASCII, which a detail may have from an input.
func asciiText(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}
