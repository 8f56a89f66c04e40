package didwebvh

import (
	"errors"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/vectors"
)

var update = flag.Bool("update", false, "write the vectors in testdata anew")

// vector is one log in testdata/didwebvh.
type vector struct {
	Name    string `json:"name"`
	Fault   Fault  `json:"fault,omitempty"`
	DID     string `json:"did"`
	Now     string `json:"now"`
	Log     string `json:"log"`
	Witness string `json:"witness,omitempty"`
}

const forgedNow = "2026-01-01T00:00:00Z"

func vectorsOf(t *testing.T, cases []forged) []vector {
	var list []vector
	for _, c := range cases {
		f := &forger{tb: t}
		c.make(f)
		id := "did:webvh:" + f.scid + ":example.com"
		switch {
		case strings.HasPrefix(c.did, "did:"):
			id = c.did
		case c.did != "":
			id = "did:webvh:" + f.scid + ":" + strings.ReplaceAll(c.did, Placeholder, f.scid)
		}
		list = append(list, vector{c.name, c.fault, id, forgedNow, f.log(), string(f.witness)})
	}
	return list
}

// TestVectors holds the published vectors against what makes them, and the package against the vectors.
func TestVectors(t *testing.T) {
	bad := append(append(badEntries(t), badRules(t)...), badWitnesses(t)...)
	for name, cases := range map[string][]forged{"logs": goodLogs(t), "bad-logs": bad} {
		file := "didwebvh/" + name
		vectors.Compare(t, *update, file, vectors.File[vectors.None, vector]{Kind: "didwebvh." + name, Vectors: vectorsOf(t, cases)})
		for _, v := range vectors.Read[vectors.None, vector](t, file).Vectors {
			t.Run(v.Name, func(t *testing.T) { checkVector(t, v) })
		}
	}
}

func checkVector(t *testing.T, v vector) {
	now, err := time.Parse(time.RFC3339, v.Now)
	if err != nil {
		t.Fatal(err)
	}
	var witness []byte
	if v.Witness != "" {
		witness = []byte(v.Witness)
	}
	l, err := Verify(did.MustParse(v.DID), []byte(v.Log), witness, now)
	if v.Fault == "" {
		if err != nil {
			t.Fatalf("got error %v, want none", err)
		}
		if _, err := l.Resolution(l.Newest(), now); err != nil {
			t.Errorf("resolution: got error %v, want none", err)
		}
		return
	}
	f, ok := errors.AsType[*LogError](err)
	if !ok || f.Fault != v.Fault {
		t.Fatalf("got error %v, want fault %s", err, v.Fault)
	}
	code := did.InvalidDID
	if v.Fault == FaultMethod {
		code = did.FeatureNotSupported
	}
	if e := did.AsError(err); e.Code != code || e.Temporary() {
		t.Errorf("got error %v, want code %s", err, code)
	}
}
