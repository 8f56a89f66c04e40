package didtest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didtest"
)

const faultEnv = "DIDTEST_FAULT"

var (
	known   = did.MustParse("did:example:known")
	unknown = did.MustParse("did:example:unknown")
)

// faulty resolves known as it should, but for one fault.
type faulty struct {
	fault string
	asked atomic.Int64
}

func (f *faulty) Resolve(_ context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	if f.fault != "contradicting options" {
		if err := opt.Check(); err != nil {
			return nil, err
		}
	}
	if id != known {
		switch f.fault {
		case "error without a code":
			return nil, errors.New("not found")
		case "temporary error":
			return nil, &did.Error{Code: did.InternalError}
		case "answer for all":
			return &did.Resolution{Document: &did.Document{ID: id}}, nil
		}
		return nil, &did.Error{Code: did.NotFound}
	}
	res := &did.Resolution{Document: &did.Document{ID: id}, Evidence: did.Evidence{AsOf: time.Unix(1e9, 0)}}
	n := f.asked.Add(1)
	switch f.fault {
	case "no document":
		res.Document = nil
	case "another document":
		res.Document.ID = unknown
	case "document that differs":
		res.Document.AlsoKnownAs = []string{fmt.Sprintf("urn:answer:%d", n)}
	case "NoCache refused":
		if opt != nil && opt.NoCache {
			return nil, &did.Error{Code: did.FeatureNotSupported}
		}
	case "no time":
		res.Evidence = did.Evidence{}
	case "malformed document":
		res.Document.AlsoKnownAs = []string{"not a URI"}
	case "one id twice":
		m := did.VerificationMethod{ID: id.WithFragment("k"), Controller: id, Type: "X"}
		res.Document.VerificationMethod = []did.VerificationMethod{m, m}
	}
	return res, nil
}

func TestKitAccepts(t *testing.T) { didtest.Run(t, &faulty{}, known, unknown) }

// TestKitRefuses runs the kit in a child process for each fault and wants it to fail there.
func TestKitRefuses(t *testing.T) {
	if fault := os.Getenv(faultEnv); fault != "" {
		didtest.Run(t, &faulty{fault: fault}, known, unknown)
		return
	}
	for _, fault := range []string{
		"contradicting options", "error without a code", "temporary error", "answer for all", "no document", "another document",
		"document that differs", "NoCache refused", "no time", "malformed document", "one id twice",
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKitRefuses$")
		cmd.Env = append(os.Environ(), faultEnv+"="+fault)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "--- FAIL") {
			t.Errorf("%s: the kit accepted it (%v): %s", fault, err, out)
		}
	}
}
