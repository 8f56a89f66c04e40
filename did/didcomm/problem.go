package didcomm

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
)

// TypeProblemReport is the type of messages that report a problem.
const TypeProblemReport = "https://didcomm.org/report-problem/2.0/problem-report"

// Problem codes of DIDComm Messaging v2.1, section "Problem Codes", for the rejection of one message (scope m). A code may
// go on with more specific tokens.
const (
	CodeTrust       = "e.m.trust"        // not protected as is required
	CodeTrustCrypto = "e.m.trust.crypto" // does not decrypt, or a signature or key is not valid
	CodeTransfer    = "e.m.xfer"         // cannot be transported
	CodeDID         = "e.m.did"          // a DID cannot be used
	CodeMessage     = "e.m.msg"          // the content is not as the protocol says
	CodeInternal    = "e.m.me"           // a fault on the reporter's side
	CodeRequirement = "e.m.req"          // out of order, or a precondition is missing
	CodeTime        = "e.m.req.time"     // expired or timed out
	CodeTooManyErrs = "e.p.req.max-errors-exceeded"
	CodeTooLarge    = "e.m.me.res.storage.message_too_big"
)

// Limits of problem reports, in bytes where nothing else is said.
const (
	maxCode    = 256
	maxComment = 4096
	maxArgs    = 32   // arguments
	maxArg     = 1024 // of one
)

// Problem is what a problem report says.
type Problem struct {
	Code       string   // such as "e.p.xfer.cant-use-endpoint"; see Is
	Comment    string   // text for people that belongs to Code, with {1}, {2}, … in the places of Args
	Args       []string // "?" stands for one that is missing
	EscalateTo string   // URI at which there is help; empty if there is none
}

// NewProblem returns a report on m, from one of its addressees to its sender: it begins a thread whose parent is m's.
// Reports must not be answered with reports forever: section "Cascading Problems" says how to stop. An error is ErrInvalid.
//
// Who does not authenticate can put anybody's DID into from. Report on messages with Received.Authenticated only: a report on others
// goes to a party that may have sent nothing, as often as somebody likes.
func NewProblem(m *Message, from did.DID, p Problem) (*Message, error) {
	if err := p.check(); err != nil {
		return nil, invalidBecause("problem report", "", err)
	}
	var w writer
	w.open()
	w.text("code", p.Code)
	w.optional("comment", p.Comment)
	if len(p.Args) > 0 {
		w.list("args", p.Args)
	}
	w.optional("escalate_to", p.EscalateTo)
	if w.notUTF8 {
		return nil, invalid("problem report", "a text is not UTF-8")
	}
	r := &Message{
		ID: NewID(), Type: TypeProblemReport, From: from, ParentThread: m.ThreadID(), Ack: []string{m.ID},
		Body: append(w.b, '}'),
	}
	if !m.From.IsZero() {
		r.To = []did.DID{m.From}
	}
	return r, nil
}

// ParseProblem reads a problem report. The thread in which the problem occurred is m.ParentThread.
func ParseProblem(m *Message) (*Problem, error) {
	const what = "problem report"
	if m.Type != TypeProblemReport {
		return nil, invalid(what, "the message is not of type %s", TypeProblemReport)
	}
	if m.ParentThread == "" {
		return nil, invalid(what, "pthid is missing")
	}
	v, err := strictjson.Parse(bodyOf(m), messageLimits)
	if err != nil {
		return nil, invalidBecause(what, "body", err)
	}
	var p Problem
	for _, e := range v.Members() {
		switch e.Name {
		case "code":
			p.Code, err = text(e.Value)
		case "comment":
			p.Comment, err = text(e.Value)
		case "args":
			p.Args, err = list(e.Value, maxArgs, argument)
		case "escalate_to":
			p.EscalateTo, err = text(e.Value)
		}
		if err != nil {
			return nil, invalidBecause(what, e.Name, err)
		}
	}
	if err := p.check(); err != nil {
		return nil, invalidBecause(what, "", err)
	}
	return &p, nil
}

// argument reads a value to be put into the comment: text, or a number or truth value as it is written; null is missing.
func argument(v strictjson.Value) (string, error) {
	switch v.Kind() {
	case strictjson.String:
		return text(v)
	case strictjson.Number, strictjson.Bool:
		return string(v.Raw()), nil
	case strictjson.Null:
		return "?", nil
	}
	return "", errNoString
}

func (p *Problem) check() error {
	if len(p.Comment) > maxComment || len(p.Code) > maxCode || len(p.Args) > maxArgs || len(p.EscalateTo) > maxComment {
		return errors.New("over the limits")
	}
	for _, a := range p.Args {
		if len(a) > maxArg {
			return errors.New("over the limits")
		}
	}
	tokens := strings.Split(p.Code, ".")
	if len(tokens) < 2 || tokens[0] != "e" && tokens[0] != "w" {
		return errors.New("code does not begin with e. or w. and a scope")
	}
	for _, t := range tokens {
		if t == "" || strings.Trim(t, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return errors.New("code is not lower-case tokens with dots between them")
		}
	}
	return nil
}

// IsWarning tells whether the reporter does not know if the problem defeats anybody's intentions (sorter w).
func (p *Problem) IsWarning() bool { return strings.HasPrefix(p.Code, "w.") }

// Is tells whether the problem is of a kind: whether kind is the descriptor of the code, the tokens after sorter and scope, or
// a prefix of it. For "e.p.xfer.cant-use-endpoint" it is true of "xfer" and of "xfer.cant-use-endpoint".
func (p *Problem) Is(kind string) bool {
	parts := strings.SplitN(p.Code, ".", 3)
	return len(parts) == 3 && kind != "" && strings.HasPrefix(parts[2]+".", kind+".")
}

// Text returns the comment with the arguments in their places, those left over at its end (section "Problem Reports"). It is
// text from somebody else: not markup, not to be trusted.
func (p *Problem) Text() string {
	used := make([]bool, len(p.Args))
	var out strings.Builder
	rest := p.Comment
	for {
		before, after, ok := strings.Cut(rest, "{")
		out.WriteString(before)
		if !ok {
			break
		}
		number, tail, closed := strings.Cut(after, "}")
		n, err := strconv.Atoi(number)
		if !closed || err != nil || n < 1 || number[0] == '+' {
			out.WriteByte('{')
			rest = after
			continue
		}
		if n <= len(p.Args) {
			out.WriteString(p.Args[n-1])
			used[n-1] = true
		} else {
			out.WriteByte('?')
		}
		rest = tail
	}
	for i, a := range p.Args {
		if !used[i] {
			if out.Len() > 0 {
				out.WriteString(", ")
			}
			out.WriteString(a)
		}
	}
	return out.String()
}

// Types of the Trust Ping Protocol 2.0, which tests whether a party can be reached and answers.
const (
	TypePing         = "https://didcomm.org/trust-ping/2.0/ping"
	TypePingResponse = "https://didcomm.org/trust-ping/2.0/ping-response"
)

// NewPing returns a trust ping that asks for a response. A receiver answers it with
// ping.Reply(itself, TypePingResponse, nil) if PingWantsResponse.
func NewPing(from, to did.DID) *Message {
	return &Message{
		ID: NewID(), Type: TypePing, From: from, To: []did.DID{to}, Body: json.RawMessage(`{"response_requested":true}`),
	}
}

// PingWantsResponse tells whether m is a trust ping that is to be answered: it is, unless it says otherwise.
func PingWantsResponse(m *Message) bool {
	v, err := strictjson.Parse(bodyOf(m), messageLimits)
	if m.Type != TypePing || err != nil {
		return false
	}
	wanted, ok := v.Get("response_requested")
	if !ok {
		return true
	}
	yes, isBool := wanted.Bool()
	return yes && isBool
}
