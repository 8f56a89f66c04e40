package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/httpledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/vc"
)

// The exit statuses.
const (
	statusDone    = 0 // valid, or done
	statusInvalid = 1 // the answer is no
	statusUnknown = 2 // could not check, or could not do: may go away
	statusUsage   = 3 // the command line is not one
)

// A failure is how a command ends that does not succeed: a status, one line for people, and what they can do next.
type failure struct {
	status int
	what   string // "did create"
	detail string
	hint   string
	quiet  bool // standard output has said it already
}

func (f *failure) Error() string {
	if f.what == "" {
		return f.detail
	}
	return f.what + ": " + f.detail
}

func invalid(hint, format string, a ...any) *failure {
	return &failure{status: statusInvalid, detail: fmt.Sprintf(format, a...), hint: hint}
}

func unknown(hint, format string, a ...any) *failure {
	return &failure{status: statusUnknown, detail: fmt.Sprintf(format, a...), hint: hint}
}

func usage(hint, format string, a ...any) *failure {
	return &failure{status: statusUsage, detail: fmt.Sprintf(format, a...), hint: hint}
}

// explain turns any error into a failure. What has no meaning here is a fault of the command line, because verbs pass all
// their errors through explainLibrary.
func explain(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	return usage(`"realdid --help" lists the verbs, "realdid VERB --help" the flags`, "%s", firstLine(err.Error()))
}

// explainLibrary says what an error of the library means to a person. An error that is not known to be final is one of
// "could not check".
func explainLibrary(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	text := withoutPackages(err.Error())
	if f := explainPerson(err, text); f != nil {
		return f
	}
	f := unknown("", "%s", text)
	if d, ok := errors.AsType[*did.Error](err); ok && !d.Temporary() {
		f.status = statusInvalid
	}
	switch moved, _ := errors.AsType[*realdid.MovedError](err); {
	case moved != nil && moved.To == "":
		f.status, f.detail, f.hint = statusUnknown, "the ledger has ended, and nothing follows it", ""
	case moved != nil:
		f.status, f.detail, f.hint = statusUnknown, "it has moved to the ledger "+moved.To, movedHint
	case errors.Is(err, realdid.ErrPredecessor):
		f.hint = "it comes from another ledger: --domain DIR names whom to trust as that one"
	case errors.Is(err, context.Canceled):
		f.detail, f.hint = "interrupted", ""
	case errors.Is(err, ledger.ErrLocked):
		f.hint = "another process has this ledger open; wait for it to end, or name another with --ledger DIR"
	case errors.Is(err, ledger.ErrClock):
		f.hint = "set the clock forward with --at TIME, or wait"
	case errors.Is(err, ledger.ErrCorrupt):
		f.hint = `restore a backup into an empty folder: realdid ledger restore FILE --ledger DIR`
	case errors.Is(err, httpledger.ErrAnswer):
		f.hint = "is there a ledger behind this URL?"
	case errors.Is(err, realdid.ErrMemory):
		f.hint = "the file memory in this home is damaged: put back a copy; without it, a log that goes back is not noticed"
	case isRollback(err):
		f.hint = "somebody answers from an old copy, which may be a mirror that lags: wait, or ask another with --ledger URL"
	case isEquivocation(err):
		f.hint = "the log is guilty: trust nothing that rests on it; \"realdid log accuse -o FILE\" takes the evidence out of this home's memory, to tell others"
	case errors.Is(err, realdid.ErrContradiction):
		f.hint = "the ledger's answer and its own proof differ: believe neither, ask another mirror with --ledger URL, and tell others"
	case isUnavailable(err):
		f.hint = "is the server running, and is this its URL? nothing is lost: the same command can be given again"
	case errors.Is(err, realdid.ErrConflict):
		f.hint = "somebody else wrote to this identity at the same time; look at it with did history, then try again"
	case errors.Is(err, realdid.ErrNotFound):
		f.status = statusInvalid
		f.hint = "is it on another ledger? --ledger DIR|URL names one; a long-form DID needs none"
	case errors.Is(err, realdid.ErrOperation):
		f.status, f.hint = statusInvalid, operationHint(text)
	case errors.Is(err, realdid.ErrDescriptor), errors.Is(err, realdid.ErrIdentifier), errors.Is(err, vc.ErrInvalid), errors.Is(err, ledger.ErrInvalid):
		f.status = statusInvalid
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		f.hint = "check the path"
	}
	return f
}

// movedHint is for whoever asks a ledger that an identity has left.
const movedHint = `"home" in config.json names the ledger that is meant, --ledger where it is; "did import" brings what has not arrived`

func isRollback(err error) bool {
	_, ok := errors.AsType[*realdid.RollbackError](err)
	return ok
}

func isEquivocation(err error) bool {
	_, ok := errors.AsType[*realdid.EquivocationError](err)
	return ok
}

func isUnavailable(err error) bool {
	_, ok := errors.AsType[*httpledger.UnavailableError](err)
	return ok
}

// operationHint says what can be done about a refused operation.
func operationHint(text string) string {
	for _, h := range []struct{ part, hint string }{
		{"a recovery is pending", `a recovery waits for its delay: "did recover" by a tier above or "did cancel" settles it, anything else has to wait`},
		{"is deactivated", `"did recover" revives it while its grace lasts`},
		{"a cancelled tier waits", "a recovery by this tier was cancelled; it can try again when its delay has passed once more"},
		{"not a key that the last operation committed to", "this seed is not the one that the identity's next key came from: another --seed?"},
		{"next keys cannot cancel", "this tier is not vetoable: only a tier above it can cancel"},
		{"no recovery is pending", `"did history" shows what happened`},
	} {
		if strings.Contains(text, h.part) {
			return h.hint
		}
	}
	return ""
}

var packagePrefixes = []string{
	"realdid: ", "did: ", "vc: ", "sdjwt: ", "ledger: ", "boltledger: ", "open: ", "restore: ", "keyfile: ", "keys: ", "httpledger: ", "tlog: ",
	"witness: ", "mirror: ", "proof: ", "webfetch: ", "didweb: ", "didwebvh: ", "status: ", "cwt: ", "realperson: ", "realpersonhttp: ",
}

// withoutPackages leaves out the names of packages, which say nothing to a person.
func withoutPackages(text string) string {
	text = firstLine(text)
	for again := true; again; {
		again = false
		for _, prefix := range packagePrefixes {
			if rest, ok := strings.CutPrefix(text, prefix); ok {
				text, again = rest, true
			}
			text = strings.ReplaceAll(text, ": "+prefix, ": ")
		}
	}
	return text
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}

// report prints f: one line and a hint on standard error, and with --json an object on standard output.
func (a *app) report(f *failure) {
	if a.flags.json && !f.quiet {
		out := struct {
			Error struct {
				Message string `json:"message"`
				Hint    string `json:"hint,omitempty"`
				Status  int    `json:"exitStatus"`
			} `json:"error"`
		}{}
		out.Error.Message, out.Error.Hint, out.Error.Status = f.Error(), f.hint, f.status
		b, _ := json.Marshal(out)
		fmt.Fprintf(a.stdout, "%s\n", escapeControls(b))
	}
	if f.detail == "" {
		return
	}
	fmt.Fprintln(a.stderr, a.errPaint.red("realdid: "+clean(f.Error())))
	if f.hint != "" {
		fmt.Fprintln(a.stderr, "  "+a.errPaint.dim("hint: "+clean(f.hint)))
	}
}
