package realdid_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/internal/vectors"
)

var update = flag.Bool("update", false, "write testdata/realdid anew")

// compareVectors compares what a generator made with a file of testdata/realdid, or writes the file with -update.
func compareVectors[V any](t *testing.T, name string, made []V) {
	t.Helper()
	vectors.Compare(t, *update, "realdid/"+name, vectors.File[vectors.None, V]{Kind: "realdid." + name, Vectors: made})
}

func readVectors[V any](t *testing.T, name string) []V {
	t.Helper()
	return vectors.Read[vectors.None, V](t, "realdid/"+name).Vectors
}

// hexBytes is lower-case hexadecimal in JSON.
type hexBytes []byte

func (h hexBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

// A malformed operation is refused by itself.
type malformedVector struct {
	Fault     string   `json:"name"`
	Operation hexBytes `json:"operation"`
	Error     string   `json:"error"` // a part of the text
}

// A refused operation is well-formed and does not follow the state.
type refusedVector struct {
	Fault     string    `json:"name"`
	State     hexBytes  `json:"state,omitempty"` // absent: before the create
	Operation hexBytes  `json:"operation"`
	Time      time.Time `json:"time"`
	Error     string    `json:"error"`
}

type stepVector struct {
	Operation hexBytes  `json:"operation"`
	Type      string    `json:"type"`
	ID        hexBytes  `json:"id"`
	VersionID string    `json:"versionId"`
	Time      time.Time `json:"time"`
	State     hexBytes  `json:"state"`
	Head      hexBytes  `json:"head"`
}

type badHeadVector struct {
	Fault string   `json:"name"`
	Head  hexBytes `json:"head"`
	Error string   `json:"error"`
}

type lookVector struct {
	VersionTime string          `json:"versionTime,omitempty"`
	VersionID   string          `json:"versionId,omitempty"`
	Document    json.RawMessage `json:"document"`
	VersionOf   int             `json:"versionOf"` // the step whose operation made the version
	Deactivated bool            `json:"deactivated"`
}

// A history is a list of operations with what must come out.
type historyVector struct {
	Name     string       `json:"name"`
	DID      string       `json:"did"`
	LongForm string       `json:"longForm,omitempty"`
	Domain   string       `json:"domain,omitempty"`
	Home     string       `json:"home,omitempty"`
	Steps    []stepVector `json:"steps"`
	Now      time.Time    `json:"now"`
	Looks    []lookVector `json:"looks"`
}

type identifierVector struct {
	Name    string   `json:"name"`
	DID     string   `json:"did"`
	Domain  string   `json:"domain,omitempty"`
	SCID    hexBytes `json:"scid"` // suite letter and digest
	Genesis hexBytes `json:"genesis,omitempty"`
}

type badIdentifierVector struct {
	Fault string `json:"name"`
	DID   string `json:"did"`
	Error string `json:"error"`
}

func TestMalformedVectors(t *testing.T) {
	names := map[string]bool{}
	for _, v := range readVectors[malformedVector](t, "malformed") {
		if names[v.Fault] {
			t.Errorf("%s: twice", v.Fault)
		}
		names[v.Fault] = true
		_, err := realdid.ParseOperation(v.Operation)
		if !errors.Is(err, realdid.ErrOperation) || !strings.Contains(err.Error(), v.Error) {
			t.Errorf("%s: got %v, want %q", v.Fault, err, v.Error)
		}
		if _, err := modelParse(v.Operation); err == nil {
			t.Errorf("%s: the model takes it", v.Fault)
		}
	}
}

func TestRefusedVectors(t *testing.T) {
	names := map[string]bool{}
	for _, v := range readVectors[refusedVector](t, "refused") {
		if names[v.Fault] {
			t.Errorf("%s: twice", v.Fault)
		}
		names[v.Fault] = true
		op, err := realdid.ParseOperation(v.Operation)
		if err != nil {
			t.Errorf("%s: not well-formed: %v", v.Fault, err)
			continue
		}
		var s *realdid.State
		if v.State != nil {
			if s, err = realdid.ParseState(v.State); err != nil {
				t.Errorf("%s: state: %v", v.Fault, err)
				continue
			}
		}
		_, err = realdid.Apply(s, op, ledger.Anchor{Time: v.Time})
		if !errors.Is(err, realdid.ErrOperation) || !strings.Contains(err.Error(), v.Error) {
			t.Errorf("%s: got %v, want %q", v.Fault, err, v.Error)
		}
	}
}

func TestHistoryVectors(t *testing.T) {
	for _, v := range readVectors[historyVector](t, "histories") {
		t.Run(v.Name, func(t *testing.T) {
			id, err := realdid.ParseIdentifier(did.MustParse(v.DID))
			if err != nil {
				t.Fatal(err)
			}
			lg := &listLedger{}
			var s *realdid.State
			var m *mState
			for i, step := range v.Steps {
				op := mustParse(t, step.Operation)
				if got := op.ID(); !bytes.Equal(got[:], step.ID) || op.VersionID() != step.VersionID || op.Type().String() != step.Type {
					t.Errorf("step %d: got %v %x, want %s %x", i, op.Type(), got, step.Type, step.ID)
				}
				at := ledger.Anchor{Index: uint64(i), Time: step.Time}
				if s, err = realdid.Apply(s, op, at); err != nil {
					t.Fatalf("step %d: %v", i, err)
				}
				mop, err := modelParse(step.Operation)
				if err != nil {
					t.Fatal(err)
				}
				if m, err = modelApply(m, mop, uint64(i), step.Time.Unix()); err != nil {
					t.Fatalf("step %d: model: %v", i, err)
				}
				if got := stateBytes(t, s); !bytes.Equal(got, step.State) || !bytes.Equal(got, m.bytes(t)) {
					t.Errorf("step %d: state: got %x, want %x", i, got, step.State)
				}
				if got := headBytes(t, s); !bytes.Equal(got, step.Head) || !bytes.Equal(got, m.head(t, m.bytes(t))) {
					t.Errorf("step %d: head: got %x, want %x", i, got, step.Head)
				}
				roundTrip(t, s)
				lg.entries = append(lg.entries, ledger.Entry{Key: id.Key(), Seq: uint64(i), Op: step.Operation, Anchor: at})
			}
			checkLooks(t, v, lg)
		})
	}
}

// resolveVector answers one look.
func resolveVector(t *testing.T, v historyVector, lg ledger.Ledger, id, versionID, versionTime string) *did.Resolution {
	t.Helper()
	m := must(realdid.New(lg, &realdid.Options{
		Network: realdid.Network{Domain: v.Domain, Home: v.Home}, Clock: func() time.Time { return v.Now },
	}))(t)
	opt := &did.ResolveOptions{VersionID: versionID}
	if versionTime != "" {
		opt.VersionTime = must(time.Parse(time.RFC3339, versionTime))(t)
	}
	return must(m.Resolve(t.Context(), did.MustParse(id), opt))(t)
}

func checkLooks(t *testing.T, v historyVector, lg ledger.Ledger) {
	t.Helper()
	for i, look := range v.Looks {
		r := resolveVector(t, v, lg, v.DID, look.VersionID, look.VersionTime)
		var want bytes.Buffer
		if err := json.Compact(&want, look.Document); err != nil {
			t.Fatal(err)
		}
		if got := r.Document.Canonical(); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("look %d: document: got %s, want %s", i, got, want.Bytes())
		}
		if got, want := r.Metadata.VersionID, v.Steps[look.VersionOf].VersionID; got != want {
			t.Errorf("look %d: version: got %s, want %s", i, got, want)
		}
		if got, want := r.Metadata.Deactivated, look.Deactivated; got != want {
			t.Errorf("look %d: deactivated: got %v, want %v", i, got, want)
		}
	}
	if v.LongForm != "" {
		r := resolveVector(t, v, nil, v.LongForm, "", "")
		if got := r.Metadata.CanonicalID; got != v.DID || !r.Evidence.GenesisOnly {
			t.Errorf("long form: got %s", got)
		}
	}
}

func TestIdentifierVectors(t *testing.T) {
	for _, v := range readVectors[identifierVector](t, "identifiers") {
		id, err := realdid.ParseIdentifier(did.MustParse(v.DID))
		if err != nil {
			t.Errorf("%s: %v", v.DID, err)
			continue
		}
		got := append([]byte{byte(id.SCID.Suite)}, id.SCID.Digest[:]...)
		if id.Domain != v.Domain || !bytes.Equal(got, v.SCID) || !bytes.Equal(id.Genesis, v.Genesis) {
			t.Errorf("%s: got %+v", v.DID, id)
		}
	}
	for _, v := range readVectors[badIdentifierVector](t, "bad-identifiers") {
		d, err := did.Parse(v.DID)
		if err == nil {
			_, err = realdid.ParseIdentifier(d)
			if err == nil { // the operation that a long form carries is checked by resolution
				_, err = must(realdid.New(nil, nil))(t).Resolve(t.Context(), d, nil)
			} else if !errors.Is(err, realdid.ErrIdentifier) {
				t.Errorf("%s: got %v, want ErrIdentifier", v.Fault, err)
			}
		}
		if err == nil || did.AsError(err).Code == did.NotFound || !strings.Contains(err.Error(), v.Error) {
			t.Errorf("%s: got %v, want %q", v.Fault, err, v.Error)
		}
	}
}
