package realpersonhttp_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/realdid/realdid/vc/realperson"
	"github.com/realdid/realdid/vc/realperson/realpersonhttp"
)

// TestCookies is a site whose sessions are those of a cookie, and which hears who came.
func TestCookies(t *testing.T) {
	c := newCity(t)
	cookie := "session-of-alice-1"
	type visit struct {
		action  realperson.Action
		account string
		index   int
	}
	var visits []visit
	fail := false
	c.newPlatformHandler(&realpersonhttp.PlatformOptions{
		Scopes: scopes,
		Session: func(*http.Request) ([]byte, error) {
			return []byte(cookie), nil
		},
		Accepted: func(w http.ResponseWriter, _ *http.Request, a realperson.Action, account *realperson.Account, use *realperson.Use) error {
			w.Header().Set("Set-Cookie", "in=1")
			v := visit{action: a, index: -1}
			if account != nil {
				v.account = account.ID
			}
			if use != nil {
				v.index = use.Index
			}
			visits = append(visits, v)
			if fail {
				return errors.New("alice lives at 7 Example Street")
			}
			return nil
		},
	})
	alice := c.enrolled("A1")
	asked := &realpersonhttp.Asked{Action: realperson.ActionSignUp}
	r, response, err := alice.ask(asked)
	if err != nil {
		t.Fatal(err)
	}
	cookie = "session-of-mallory"
	_, err = alice.platform.Respond(t.Context(), r, asked, response)
	refused(t, err, realperson.ErrNonce, realpersonhttp.BadNonce, http.StatusForbidden)
	cookie = "session-of-alice-1"
	a, err := alice.platform.Respond(t.Context(), r, asked, response)
	if err != nil {
		t.Fatal(err)
	}
	asked = &realpersonhttp.Asked{Action: realperson.ActionUseScope, Scope: "vote"}
	if r, response, err = alice.ask(asked); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.platform.Respond(t.Context(), r, asked, response); err != nil {
		t.Fatal(err)
	}
	want := []visit{{realperson.ActionSignUp, a.Account, -1}, {realperson.ActionUseScope, "", 0}}
	if len(visits) != 2 || visits[0] != want[0] || visits[1] != want[1] {
		t.Errorf("got %+v, want %+v", visits, want)
	}
	_, err = alice.platform.Request(t.Context(), &realpersonhttp.Asked{Action: realperson.ActionLogIn, Session: random(32)})
	if p, ok := errors.AsType[*realpersonhttp.ProblemError](err); !ok || p.Code != realpersonhttp.Malformed {
		t.Errorf("a session in the body: got %v", err)
	}
	fail = true
	asked = &realpersonhttp.Asked{Action: realperson.ActionLogIn}
	if r, response, err = alice.ask(asked); err != nil {
		t.Fatal(err)
	}
	_, err = alice.platform.Respond(t.Context(), r, asked, response)
	b, _ := json.Marshal(err.Error())
	if p, ok := errors.AsType[*realpersonhttp.ProblemError](err); !ok || p.Code != realpersonhttp.Failed || p.Detail != "" {
		t.Errorf("got %s", b)
	}
}

// TestHandlersWant refuses parts that are missing.
func TestHandlersWant(t *testing.T) {
	if _, err := realpersonhttp.NewPlatformHandler(nil, nil); err == nil {
		t.Error("a handler without a platform")
	}
	if _, err := realpersonhttp.NewAuthorityHandler(nil, &people{}, nil); err == nil {
		t.Error("a handler without an authority")
	}
	for _, wrong := range [][]realperson.Scope{{{Name: "vote", Limit: 1}, {Name: "vote", Period: "2027", Limit: 1}}, {{Name: "Vote", Limit: 1}}, {{Name: "vote"}}} {
		if _, err := realpersonhttp.NewPlatformHandler(&realperson.Platform{}, &realpersonhttp.PlatformOptions{Scopes: wrong}); err == nil {
			t.Errorf("%+v: no error", wrong)
		}
	}
}
