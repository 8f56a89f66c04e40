package realperson

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
)

// The vectors in testdata/realperson, for other implementations as well. A fault of "none" is to be taken.
type (
	valueVectors struct {
		PersonKeys   []personKeyVector   `json:"personKeys"`
		Contexts     []contextVector     `json:"contexts"`
		Headers      []headerVector      `json:"headers"`
		LogKeys      []logKeyVector      `json:"logKeys"`
		Fingerprints []fingerprintVector `json:"fingerprints"`
	}
	personKeyVector struct {
		Pepper   string `json:"pepper"`
		Salt     string `json:"salt"`
		Country  string `json:"country"`
		Document string `json:"document"`
		Number   string `json:"number"`
		Key      string `json:"key"`
	}
	contextVector struct {
		Authority string `json:"authority"`
		ContextID string `json:"contextID"`
	}
	headerVector struct {
		Type       string `json:"type"`
		Authority  string `json:"authority"`
		Citizen    string `json:"citizen"`
		Nonce      string `json:"nonce"`
		Issued     int64  `json:"issued"`
		Record     string `json:"record"`
		Commitment string `json:"commitment"`
		Header     string `json:"header"`
	}
	logKeyVector struct {
		Authority string `json:"authority"`
		Key       string `json:"key"`
	}
	fingerprintVector struct {
		Parameters  string `json:"parameters"`
		Fingerprint string `json:"fingerprint"`
	}
	textVector struct {
		Kind  string `json:"kind"`
		Fault string `json:"fault"`
		Text  string `json:"text"`
	}
	requestVector struct {
		Type  string `json:"type"`
		Fault string `json:"fault"`
		JWS   string `json:"jws"`
	}
	batchVectors struct {
		Time     string        `json:"time"`
		Wallet   string        `json:"wallet"` // a backup, before the answer
		Platform string        `json:"platform"`
		Batches  []batchVector `json:"batches"`
	}
	batchVector struct {
		Fault     string `json:"fault"`
		Batch     string `json:"batch"`
		Pseudonym string `json:"pseudonym,omitempty"` // for an account at the platform
	}
)

func readVectors[T any](tb testing.TB, name string) (v T) {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "realperson", name))
	fatal(tb, err)
	fatal(tb, json.Unmarshal(b, &v))
	return v
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	fatal(tb, err)
	return b
}

// wantFault compares whether there is an error with what a vector says.
func wantFault(t *testing.T, kind, fault string, err error) {
	t.Helper()
	if (err == nil) != (fault == "none") {
		t.Errorf("%s, fault %q: got error %v", kind, fault, err)
	}
}

func TestValueVectors(t *testing.T) {
	all := readVectors[valueVectors](t, "values.json")
	if len(all.PersonKeys) == 0 || len(all.Contexts) == 0 || len(all.Headers) == 0 || len(all.LogKeys) == 0 || len(all.Fingerprints) == 0 {
		t.Fatal("a list of vectors is empty")
	}
	for _, v := range all.PersonKeys {
		p, err := NewPepper(unhex(t, v.Pepper))
		fatal(t, err)
		got, err := personKey(t.Context(), p, unhex(t, v.Salt), &Evidence{Country: v.Country, Document: v.Document, Number: v.Number})
		fatal(t, err)
		wantText(t, "person", got, v.Key)
	}
	for _, v := range all.Contexts {
		wantText(t, "context", hex.EncodeToString(authorityContext(did.MustParse(v.Authority))), v.ContextID)
	}
	for _, v := range all.Headers {
		got := heldHeader(v.Type, did.MustParse(v.Authority), did.MustParse(v.Citizen), v.Nonce, time.Unix(v.Issued, 0), v.Record, unhex(t, v.Commitment))
		wantText(t, "header", hex.EncodeToString(got), v.Header)
	}
	for _, v := range all.LogKeys {
		wantText(t, "key of a log", LogKey(did.MustParse(v.Authority)), v.Key)
	}
	for _, v := range all.Fingerprints {
		p, err := ParseParameters([]byte(v.Parameters))
		fatal(t, err)
		got, err := p.Fingerprint()
		fatal(t, err)
		wantText(t, "fingerprint", got, v.Fingerprint)
	}
}

func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func TestTextVectors(t *testing.T) {
	for _, v := range readVectors[[]textVector](t, "texts.json") {
		var err error
		switch v.Kind {
		case "parameters":
			_, err = ParseParameters([]byte(v.Text))
		case "log-entry":
			_, err = ParseLogEntry([]byte(v.Text))
		case "registry-entry":
			_, err = parseEntry([]byte(v.Text))
		default:
			t.Fatalf("a vector of kind %q", v.Kind)
		}
		wantFault(t, v.Kind, v.Fault, err)
	}
}

func TestRequestVectors(t *testing.T) {
	for _, v := range readVectors[[]requestVector](t, "requests.json") {
		var err error
		if v.Type == enrolmentType {
			_, err = parseEnrolment([]byte(v.JWS))
		} else {
			_, err = parseHeld([]byte(v.JWS), v.Type)
		}
		wantFault(t, v.Type, v.Fault, err)
		if err != nil {
			wantError(t, err, ErrMessage)
		}
	}
}

func TestBatchVectors(t *testing.T) {
	all := readVectors[batchVectors](t, "batches.json")
	now, err := time.Parse(time.RFC3339, all.Time)
	fatal(t, err)
	for _, v := range all.Batches {
		w, err := RestoreWallet([]byte(all.Wallet), &WalletOptions{Now: func() time.Time { return now }})
		fatal(t, err)
		wantFault(t, "batch", v.Fault, w.FinishEnrolment(t.Context(), []byte(v.Batch)))
		if v.Fault == "none" {
			wantText(t, "pseudonym", hex.EncodeToString([]byte(pseudonym(t, w, all.Platform))), v.Pseudonym)
		}
	}
}
