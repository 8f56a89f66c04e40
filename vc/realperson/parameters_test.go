package realperson

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
)

func TestParametersRoundTrip(t *testing.T) {
	o := newOffice(t, func(c *AuthorityConfig) { c.Epochs = Epochs{Length: 24 * time.Hour} })
	p := o.authority.Parameters()
	b, err := json.Marshal(p)
	fatal(t, err)
	q, err := ParseParameters(b)
	fatal(t, err)
	var r Parameters
	fatal(t, json.Unmarshal(b, &r))
	if !q.Equal(&p) || !r.Equal(&p) {
		t.Errorf("got %+v and %+v, want %+v", q, r, p)
	}
	one, err := p.Fingerprint()
	fatal(t, err)
	for name, change := range map[string]func(*Parameters){
		"method": func(p *Parameters) { p.Method = p.Authority.WithFragment("x") },
		"key":    func(p *Parameters) { p.Key[95] ^= 1 },
		"epochs": func(p *Parameters) { p.Epochs.Length = time.Hour },
		"anchor": func(p *Parameters) { p.Epochs.Anchor = defaultAnchor.Add(time.Hour) },
		"claims": func(p *Parameters) { p.Claims = p.Claims[:1] },
	} {
		c := p.clone()
		change(&c)
		two, err := c.Fingerprint()
		fatal(t, err)
		if one == two || c.Equal(&p) {
			t.Errorf("another %s makes no difference", name)
		}
	}
	if p.Claims[0] = "residentOf"; o.authority.Parameters().Claims[0] != "ageOver18" {
		t.Error("the parameters are shared")
	}
}

func TestParametersRefused(t *testing.T) {
	o := newOffice(t)
	p := o.authority.Parameters()
	text, err := p.MarshalJSON()
	fatal(t, err)
	for name, change := range map[string][2]string{
		"one more member":   {`{"authority"`, `{"x":1,"authority"`},
		"one member less":   {`"nyms":8`, `"names":8`},
		"another number":    {`"nyms":8`, `"nyms":7`},
		"key":               {`"key":"`, `"key":"AA`},
		"method of another": {`"method":"did:example:authority`, `"method":"did:example:other`},
		"no fragment":       {`#bbs-1`, ``},
		"claim in a list":   {`"ageOver18"`, `["ageOver18"]`},
		"unknown claim":     {`"ageOver18"`, `"ageOver17"`},
		"claims no list":    {`["ageOver18","residentOf"]`, `"ageOver18"`},
		"claim twice":       {`"residentOf"`, `"ageOver18"`},
		"epochs":            {`"seconds":604800`, `"seconds":604801`},
		"anchor":            {`2024-01-01T00:00:00Z`, `2024-01-01T00:00:00+00:00`},
		"member twice":      {`"nyms":8`, `"nyms":8,"nyms":8`},
	} {
		changed := strings.Replace(string(text), change[0], change[1], 1)
		if changed == string(text) {
			t.Fatalf("%s: nothing to change in %s", name, text)
		}
		if _, err := ParseParameters([]byte(changed)); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	long := did.MustParse("did:realdid:qaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	for name, change := range map[string]func(*Parameters){
		"no authority":    func(p *Parameters) { p.Authority = did.DID{} },
		"other authority": func(p *Parameters) { p.Authority = long },
		"no key":          func(p *Parameters) { p.Key = nil },
	} {
		c := p.clone()
		change(&c)
		if c.Check() == nil {
			t.Errorf("%s: got no error", name)
		}
		if _, err := c.MarshalJSON(); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}

// Everybody must see one key: a wallet compares the parameters with the authority's DID.
func TestCheckMethod(t *testing.T) {
	key, err := bbs.Generate()
	fatal(t, err)
	id := did.MustParse("did:key:" + key.Public().Multikey())
	p := Parameters{Authority: id, Method: id.WithFragment(id.ID()), Key: key.Public().Bytes(), NymCount: NymCount}
	k := resolver.Keys{Resolver: didkey.Resolver{}}
	fatal(t, p.CheckMethod(t.Context(), k))
	other, err := bbs.Generate()
	fatal(t, err)
	marked := p.clone()
	marked.Key = other.Public().Bytes()
	wantError(t, marked.CheckMethod(t.Context(), k), ErrIssuer)
	marked = p.clone()
	marked.Method = id.WithFragment("x")
	wantError(t, marked.CheckMethod(t.Context(), k), ErrIssuer)
	for name, change := range map[string]func(*did.ResolvedKey){
		"another method":     func(r *did.ResolvedKey) { r.Method.ID = id.WithFragment("x") },
		"another controller": func(r *did.ResolvedKey) { r.Method.Controller = did.MustParse(somePlatform) },
		"another purpose":    func(r *did.ResolvedKey) { r.Method.Purposes = did.Authentication },
		"compromised":        func(r *did.ResolvedKey) { r.Status = did.KeyCompromised },
		"deactivated":        func(r *did.ResolvedKey) { r.Deactivated = true },
		"no key":             func(r *did.ResolvedKey) { r.Method.Key = keys.PublicKey{} },
	} {
		if err := p.CheckMethod(t.Context(), changedKeys{k, change}); !errors.Is(err, ErrIssuer) {
			t.Errorf("%s: got %v, want ErrIssuer", name, err)
		}
	}
	wantUnknown(t, p.CheckMethod(t.Context(), awayKeys{}))
}

// changedKeys answers something else than what it found.
type changedKeys struct {
	resolver.Keys
	change func(*did.ResolvedKey)
}

func (k changedKeys) Key(ctx context.Context, u did.URL, p did.Purpose, at time.Time) (*did.ResolvedKey, error) {
	r, err := k.Keys.Key(ctx, u, p, at)
	if err != nil {
		return nil, err
	}
	c := *r
	k.change(&c)
	return &c, nil
}

// awayKeys cannot be asked.
type awayKeys struct{}

func (awayKeys) Key(context.Context, did.URL, did.Purpose, time.Time) (*did.ResolvedKey, error) {
	return nil, &did.Error{Code: did.InternalError}
}
