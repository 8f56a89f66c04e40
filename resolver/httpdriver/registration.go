package httpdriver

import (
	"encoding/base64"
	"strings"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
)

// registration is a request of DID Registration 1.0 (section "Input Fields").
type registration struct {
	path      string // "create", "update", "deactivate" or "execute"
	method    string
	operation string // of did.Change
	did       did.DID
	document  []byte
	options   []byte

	job        *job // nil: the first request about a change
	signatures map[string][]byte
}

// universalOptions are those of DID Registration 1.0; they are not the method's.
var universalOptions = []string{"clientSecretMode", "storeSecrets", "returnSecrets", "requestVerificationMethod"}

func badChange(detail string) error { return &did.Error{Code: did.InvalidOptions, Detail: detail} }

// parseRegistration reads a request. What could be read stands in the registration even if there is an error.
func parseRegistration(path, httpQuery string, body []byte) (*registration, error) {
	req := &registration{path: path, operation: path}
	v, err := strictjson.Parse(body, strictjson.Limits{Bytes: maxChange, Depth: 24})
	if err != nil || v.Kind() != strictjson.Object {
		return req, badChange("the body is not a JSON object")
	}
	if holdsSecret(v) {
		return req, badChange("the request holds a private key or another secret: this registrar accepts signatures alone")
	}
	for _, m := range v.Members() {
		switch m.Name {
		case "jobId", "method", "did", "options", "secret", "didDocument", "didDocumentOperation", "operation", "operationData":
		default:
			return req, badChange("an input field that is not known")
		}
	}
	for _, step := range []func(strictjson.Value) error{
		req.parseDID, func(v strictjson.Value) error { return req.parseMethod(v, httpQuery) }, req.parseSecret, req.parseJob,
		req.parseOperation, req.parseDocument, req.parseOptions,
	} {
		if err := step(v); err != nil {
			return req, err
		}
	}
	return req, nil
}

// member returns a member that is neither absent nor null.
func member(v strictjson.Value, name string) (strictjson.Value, bool) {
	m, ok := v.Get(name)
	return m, ok && m.Kind() != strictjson.Null
}

func (req *registration) parseDID(v strictjson.Value) error {
	m, ok := member(v, "did")
	if !ok {
		return nil
	}
	text, _ := m.Str()
	var err error
	req.did, err = did.Parse(text)
	return err
}

// parseMethod takes the method from the DID; for a create without one, from the HTTP query or the input field.
func (req *registration) parseMethod(v strictjson.Value, httpQuery string) error {
	name := ""
	for part := range strings.SplitSeq(httpQuery, "&") {
		key, value, _ := strings.Cut(part, "=")
		switch {
		case key == "":
		case key != "method" || name != "":
			return badChange("the query is not one method")
		default:
			name = unescape(value)
		}
	}
	if m, ok := member(v, "method"); ok {
		text, _ := m.Str()
		if name != "" && name != text || text == "" {
			return badChange("method is not one name")
		}
		name = text
	}
	if !req.did.IsZero() {
		if name != "" && name != req.did.Method() {
			return badChange("method is not that of the DID")
		}
		name = req.did.Method()
	}
	req.method = name
	return nil
}

func (req *registration) parseSecret(v strictjson.Value) error {
	s, ok := member(v, "secret")
	if !ok {
		return nil
	}
	if s.Kind() != strictjson.Object {
		return badChange("secret is not an object")
	}
	for _, m := range s.Members() {
		switch {
		case m.Name == "signingResponse" && m.Value.Kind() == strictjson.Object:
			if err := req.parseSignatures(m.Value); err != nil {
				return err
			}
		case m.Name == "verificationMethod" && m.Value.Kind() == strictjson.Array && len(m.Value.Elems()) == 0:
		default:
			return badChange("secret holds something else than a signingResponse: this registrar accepts signatures alone")
		}
	}
	return nil
}

func (req *registration) parseSignatures(v strictjson.Value) error {
	if len(v.Members()) > maxSignatures {
		return badChange("too many signatures")
	}
	req.signatures = make(map[string][]byte, len(v.Members()))
	for _, m := range v.Members() {
		s, _ := m.Value.Get("signature")
		text, ok := s.Str()
		sig, err := decodeBase64(text)
		if !ok || err != nil || len(sig) == 0 || len(sig) > maxSignature {
			return badChange("a signature is missing, not base64, or too long")
		}
		req.signatures[m.Name] = sig
	}
	return nil
}

// Limits of signatures; the longest is of ML-DSA-87.
const (
	maxSignatures = 64
	maxSignature  = 8 << 10
)

// decodeBase64 reads standard base64, and that of URLs, with and without padding.
func decodeBase64(s string) ([]byte, error) {
	s = strings.TrimRight(s, "=")
	if strings.ContainsAny(s, "-_") {
		return base64.RawURLEncoding.Strict().DecodeString(s)
	}
	return base64.RawStdEncoding.Strict().DecodeString(s)
}

func (req *registration) parseJob(v strictjson.Value) error {
	m, ok := member(v, "jobId")
	if !ok {
		if req.signatures != nil {
			return badChange("signatures without the jobId that they belong to")
		}
		switch {
		case req.path != "create" && req.did.IsZero():
			return badChange("did is missing")
		case req.method == "":
			return badChange("method is missing")
		}
		return nil
	}
	text, _ := m.Str()
	j, err := parseJob(text)
	switch {
	case err != nil:
		return err
	case req.signatures == nil:
		return badChange("a jobId without signatures")
	case j.path != req.path || req.method != "" && req.method != j.method || !req.did.IsZero() && req.did != j.did:
		return badChange("the jobId belongs to another request")
	}
	req.job, req.method, req.did = j, j.method, j.did
	return nil
}

// parseOperation takes the operation of an execute, which is one alone.
func (req *registration) parseOperation(v strictjson.Value) error {
	m, ok := member(v, "operation")
	data, hasData := member(v, "operationData")
	switch {
	case req.job != nil:
		return nil
	case req.operation != "execute":
		if ok || hasData {
			return badChange("operation and operationData belong to execute")
		}
		return nil
	}
	list := m.Elems()
	if !ok || len(list) != 1 {
		return badChange("operation is not a list of one name")
	}
	name, _ := list[0].Str()
	switch name {
	case "", "create", "update", "deactivate", "execute":
		return badChange("operation is not the name of an operation of the method")
	}
	req.operation = name
	if hasData {
		list := data.Elems()
		if len(list) != 1 || list[0].Kind() != strictjson.Object {
			return badChange("operationData is not a list of one object")
		}
		req.options = list[0].Raw()
	}
	return nil
}

func (req *registration) parseDocument(v strictjson.Value) error {
	m, ok := member(v, "didDocument")
	how, hasHow := member(v, "didDocumentOperation")
	if req.job != nil {
		return nil
	}
	if hasHow {
		list := how.Elems()
		if req.operation != "update" || len(list) != 1 {
			return badChange("didDocumentOperation belongs to update, and is a list of one name")
		}
		if name, _ := list[0].Str(); name != "setDidDocument" {
			return &did.Error{Code: did.FeatureNotSupported, Detail: "a didDocumentOperation other than setDidDocument"}
		}
	}
	if !ok {
		return nil
	}
	if m.Kind() == strictjson.Array && req.operation == "update" && len(m.Elems()) == 1 {
		m = m.Elems()[0]
	}
	switch {
	case req.operation != "create" && req.operation != "update":
		return badChange("didDocument belongs to create and update")
	case m.Kind() != strictjson.Object || len(m.Raw()) > did.MaxDocument:
		return badChange("didDocument is not one object, or too large")
	}
	req.document = m.Raw()
	return nil
}

func (req *registration) parseOptions(v strictjson.Value) error {
	m, ok := member(v, "options")
	if !ok {
		return nil
	}
	if m.Kind() != strictjson.Object {
		return badChange("options is not an object")
	}
	for name, wanted := range map[string]bool{"clientSecretMode": true, "storeSecrets": false, "returnSecrets": false} {
		if o, ok := member(m, name); ok {
			if on, isBool := o.Bool(); !isBool || on != wanted {
				return &did.Error{Code: did.FeatureNotSupported, Detail: "client-managed secret mode is the only one here: " + name}
			}
		}
	}
	own := methodOptions(m)
	switch {
	case own == nil || req.job != nil:
	case req.options != nil:
		return badChange("options of the method stand in operationData")
	default:
		req.options = own
	}
	return nil
}

// methodOptions returns the options that are the method's, as a JSON object, or nil.
func methodOptions(v strictjson.Value) []byte {
	var b []byte
next:
	for _, m := range v.Members() {
		for _, name := range universalOptions {
			if m.Name == name {
				continue next
			}
		}
		if b == nil {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b = append(strictjson.AppendString(b, m.Name), ':')
		b = append(b, m.Value.Raw()...)
	}
	if b != nil {
		b = append(b, '}')
	}
	return b
}

// holdsSecret looks for private keys anywhere: members that are named as such, and JWKs with private parts.
func holdsSecret(v strictjson.Value) bool {
	for _, e := range v.Elems() {
		if holdsSecret(e) {
			return true
		}
	}
	_, isJWK := v.Get("kty")
	for _, m := range v.Members() {
		name := strings.ToLower(m.Name)
		switch {
		case strings.HasPrefix(name, "privatekey"), strings.HasPrefix(name, "secretkey"), name == "seed", name == "mnemonic", name == "passphrase":
			return true
		case isJWK && (name == "d" || name == "k" || name == "p" || name == "q" || name == "dp" || name == "dq" || name == "qi" || name == "oth" || name == "priv"):
			return true
		}
		if holdsSecret(m.Value) {
			return true
		}
	}
	return false
}
