package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/realdid/realdid/keys/keyfile"
	"github.com/realdid/realdid/vc/realperson/realpersonhttp"
)

func walletApp(t *testing.T) *app {
	a := newApp(strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{})
	a.cost = keyfile.Cost{Passes: 2, MemoryKiB: 19 << 10, Lanes: 1}
	t.Setenv("REALDID_PASSPHRASE", "correct horse")
	return a
}

// TestWalletFile changes every line of a wallet file, which is then refused, and wants nothing of the content to be read in it.
func TestWalletFile(t *testing.T) {
	a, path := walletApp(t), filepath.Join(t.TempDir(), "alice.person")
	w, err := a.newWalletKey(path, "alice")
	if err != nil {
		t.Fatal(err)
	}
	w.content = []byte(strings.Repeat("a secret of alice. ", 20))
	file, err := w.encode()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := w.encode(); err != nil || bytes.Equal(file, again) {
		t.Errorf("sealed twice: got the same text, or %v", err)
	}
	if bytes.Contains(file, []byte("secret")) {
		t.Error("the content stands in the file")
	}
	open := func(b []byte) (*sealedWallet, error) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return a.openWalletFile(path)
	}
	got, err := open(file)
	if err != nil || !bytes.Equal(got.content, w.content) {
		t.Fatalf("got %v", err)
	}
	at := 0
	for line := range bytes.Lines(file) {
		changed := bytes.Clone(file)
		if changed[at] ^= 1; changed[at] != '\n' {
			if _, err := open(changed); err == nil {
				t.Errorf("a changed line %.20q: opened", line)
			}
		}
		if _, err := open(file[:at]); err == nil {
			t.Errorf("cut before %.20q: opened", line)
		}
		at += len(line)
	}
	other, err := a.newWalletKey(path, "alice")
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := bytes.Cut(file, []byte("\n\n"))
	mixed := bytes.Replace(file, head, []byte(walletHeader+strings.TrimSuffix(string(other.keyFile), "\n")), 1)
	if _, err := open(mixed); err == nil {
		t.Error("opened with the key of another file")
	}
}

// TestWalletLock lets one process at a time have a wallet.
func TestWalletLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var one, two sealedWallet
	if err := one.hold(path); err != nil {
		t.Fatal(err)
	}
	if err := two.hold(path); err == nil || explain(err).status != statusUnknown {
		t.Errorf("got %v, want that another process has it open", err)
	}
	one.wipe()
	if err := two.hold(path); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	two.wipe()
}

// TestIdentify counts wrong codes, and forgets them after the right one.
func TestIdentify(t *testing.T) {
	r := &register{people: map[personName]*registeredPerson{}, guesses: map[personName]int{}}
	for _, p := range []*registeredPerson{
		{Country: "FR", Document: "id", Number: "A1", Code: "counter-a1", Claims: map[string]any{"ageOver18": true}},
		{Country: "FR", Document: "id", Number: "B2", Code: "counter-b2", Claims: map[string]any{"ageOver18": false}},
	} {
		if err := r.add(p); err != nil {
			t.Fatal(err)
		}
	}
	say := func(country, number, code string) error {
		b, _ := json.Marshal(map[string]string{"country": country, "document": "id", "number": number, "code": code})
		e, err := r.Identify(t.Context(), b)
		if err == nil && (e.Number != number || e.Claims["ageOver18"] != (number == "A1")) {
			t.Errorf("%s: got another person", number)
		}
		return err
	}
	for _, wrong := range [][3]string{{"FR", "A1", "counter-b2"}, {"FR", "A1", ""}, {"DE", "A1", "counter-a1"}, {"FR", "Z9", "counter-a1"}} {
		if err := say(wrong[0], wrong[1], wrong[2]); err != realpersonhttp.ErrNotIdentified {
			t.Errorf("%v: got %v", wrong, err)
		}
	}
	if err := say("FR", "A1", "counter-a1"); err != nil {
		t.Fatal(err)
	}
	for range maxGuesses {
		_ = say("FR", "A1", "wrong")
	}
	if err := say("FR", "A1", "counter-a1"); err == nil {
		t.Error("no end to guessing")
	}
	if err := say("FR", "B2", "counter-b2"); err != nil {
		t.Errorf("another person: %v", err)
	}
	for _, b := range []string{`{"country":"FR","document":"id","number":"B2"}`, `{"country":"FR","document":"id","number":"B2","code":"counter-b2","more":1}`, `[]`, `{`} {
		if _, err := r.Identify(t.Context(), json.RawMessage(b)); err == nil {
			t.Errorf("%s: identified", b)
		}
	}
}
