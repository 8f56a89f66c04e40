package realperson

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/vectors"
)

// The vectors in testdata/realperson, for other implementations as well.
type (
	personKeyVector struct {
		Name     string `json:"name"`
		Pepper   string `json:"pepper"`
		Salt     string `json:"salt"`
		Country  string `json:"country"`
		Document string `json:"document"`
		Number   string `json:"number"`
		Key      string `json:"key"`
	}
	contextVector struct {
		Name      string `json:"name"`
		Authority string `json:"authority"`
		ContextID string `json:"contextID"`
	}
	headerVector struct {
		Name       string `json:"name"`
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
		Name      string `json:"name"`
		Authority string `json:"authority"`
		Key       string `json:"key"`
	}
	fingerprintVector struct {
		Name        string `json:"name"`
		Parameters  string `json:"parameters"`
		Fingerprint string `json:"fingerprint"`
	}
	textVector struct {
		Name  string `json:"name"`
		Valid bool   `json:"valid"`
		Kind  string `json:"kind"`
		Text  string `json:"text"`
	}
	requestVector struct {
		Name  string `json:"name"`
		Valid bool   `json:"valid"`
		Type  string `json:"type"`
		JWS   string `json:"jws"`
	}
	batchSetting struct {
		Time     string `json:"time"`
		Wallet   string `json:"wallet"` // a backup, before the answer
		Platform string `json:"platform"`
	}
	batchVector struct {
		Name      string `json:"name"`
		Valid     bool   `json:"valid"`
		Batch     string `json:"batch"`
		Pseudonym string `json:"pseudonym,omitempty"` // for an account at the platform
	}
)

func readVectors[V any](tb testing.TB, name string) []V {
	tb.Helper()
	return vectors.Read[vectors.None, V](tb, "realperson/"+name).Vectors
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	fatal(tb, err)
	return b
}

// wantValid compares whether there is an error with what a vector says.
func wantValid(t *testing.T, kind, name string, valid bool, err error) {
	t.Helper()
	if (err == nil) != valid {
		t.Errorf("%s %q: got error %v, want valid %v", kind, name, err, valid)
	}
}

func TestValueVectors(t *testing.T) {
	for _, v := range readVectors[personKeyVector](t, "person-keys") {
		p, err := NewPepper(unhex(t, v.Pepper))
		fatal(t, err)
		got, err := personKey(t.Context(), p, unhex(t, v.Salt), &Evidence{Country: v.Country, Document: v.Document, Number: v.Number})
		fatal(t, err)
		wantText(t, "person", got, v.Key)
	}
	for _, v := range readVectors[contextVector](t, "contexts") {
		wantText(t, "context", hex.EncodeToString(authorityContext(did.MustParse(v.Authority))), v.ContextID)
	}
	for _, v := range readVectors[headerVector](t, "headers") {
		got := heldHeader(v.Type, did.MustParse(v.Authority), did.MustParse(v.Citizen), v.Nonce, time.Unix(v.Issued, 0), v.Record, unhex(t, v.Commitment))
		wantText(t, "header", hex.EncodeToString(got), v.Header)
	}
	for _, v := range readVectors[logKeyVector](t, "log-keys") {
		wantText(t, "key of a log", LogKey(did.MustParse(v.Authority)), v.Key)
	}
	for _, v := range readVectors[fingerprintVector](t, "fingerprints") {
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
	for _, v := range readVectors[textVector](t, "texts") {
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
		wantValid(t, v.Kind, v.Name, v.Valid, err)
	}
}

func TestRequestVectors(t *testing.T) {
	for _, v := range readVectors[requestVector](t, "requests") {
		var err error
		if v.Type == enrolmentType {
			_, err = parseEnrolment([]byte(v.JWS))
		} else {
			_, err = parseHeld([]byte(v.JWS), v.Type)
		}
		wantValid(t, v.Type, v.Name, v.Valid, err)
		if err != nil {
			wantError(t, err, ErrMessage)
		}
	}
}

func TestBatchVectors(t *testing.T) {
	all := vectors.Read[batchSetting, batchVector](t, "realperson/batches")
	now, err := time.Parse(time.RFC3339, all.Setting.Time)
	fatal(t, err)
	for _, v := range all.Vectors {
		w, err := RestoreWallet([]byte(all.Setting.Wallet), &WalletOptions{Now: func() time.Time { return now }})
		fatal(t, err)
		wantValid(t, "batch", v.Name, v.Valid, w.FinishEnrolment(t.Context(), []byte(v.Batch)))
		if v.Valid {
			wantText(t, "pseudonym", hex.EncodeToString([]byte(pseudonym(t, w, all.Setting.Platform))), v.Pseudonym)
		}
	}
}
