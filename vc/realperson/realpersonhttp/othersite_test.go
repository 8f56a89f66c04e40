package realpersonhttp_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/realdid/realdid/vc/realperson"
	"github.com/realdid/realdid/vc/realperson/realpersonhttp"
)

// TestOtherSite: a site that hands on a platform's requests has been told the session of whoever answers them; it would be let in with it. So
// nothing is answered, unless there is no session that it could know; and then the response goes to the platform, not to the site.
func TestOtherSite(t *testing.T) {
	c := newCity(t)
	alice := c.enrolled("A1")
	var responses atomic.Int32
	inner := c.platform.Config.Handler
	c.platform.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == realpersonhttp.PathResponses {
			responses.Add(1)
		}
		inner.ServeHTTP(w, r)
	})
	var paths []string
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		c.platformHandler.ServeHTTP(w, r)
	}))
	defer site.Close()
	var err error
	if alice.platform, err = realpersonhttp.NewPlatformClient(site.URL, nil); err != nil {
		t.Fatal(err)
	}
	asked := &realpersonhttp.Asked{Action: realperson.ActionSignUp, Session: random(32)}
	r, response, err := alice.ask(asked)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := alice.platform.Respond(t.Context(), r, asked, response); !errors.Is(err, realpersonhttp.ErrOtherSite) {
		t.Errorf("got %v, want ErrOtherSite", err)
	}
	if n := responses.Load(); n != 0 {
		t.Errorf("%d responses were sent", n)
	}
	asked = &realpersonhttp.Asked{Action: realperson.ActionSignUp}
	if r, response, err = alice.ask(asked); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.platform.Respond(t.Context(), r, asked, response); err != nil {
		t.Errorf("without a session: %v", err)
	}
	if len(paths) != 2 || paths[0] != "/requests" || paths[1] != "/requests" {
		t.Errorf("the site saw %v, want two requests alone", paths)
	}
}
