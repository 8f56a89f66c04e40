package realperson

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

// Authority makes sure that a person enrols once, and signs what a wallet shows. It sees nothing that platforms see: it signs secrets
// that it does not learn, and keeps no credential. It is safe for concurrent use, and several processes can share one Registry and Log.
type Authority struct {
	public   Parameters
	former   []Parameters
	config   AuthorityConfig
	registry registry
	log      *publicLog
	nonces   *nonces
}

// AuthorityConfig is what an Authority is made of. What follows Keys may be left zero.
type AuthorityConfig struct {
	Method did.URL           // of the key that signs credentials; its DID is who the authority is
	Signer bbs2023.NymSigner // that key: a bbs.PrivateKey, or what stands for one in a hardware module
	Claims []string          // what every credential states of a person: see Parameters
	Epochs Epochs

	// Registry is the authority's own and private store of persons, opened with RegistryReducer. It holds no name, number or claim,
	// and nothing that a platform sees.
	Registry ledger.Ledger
	// Log is the public record of decisions, opened with LogReducer: anybody can read it, and an authority that gives a person new secrets
	// leaves a trace there first.
	Log    ledger.Ledger
	Pepper Pepper
	Salt   []byte  // 16 to 64 bytes, this authority's own; it need not be secret, and never changes
	Keys   vc.Keys // finds the keys of persons' DIDs; resolver.Keys is one

	// Former are parameters of this authority with keys that it signs with no more: who holds a credential of one can renew.
	Former  []Parameters
	Citizen CitizenPolicy // what must be known of a person's DID
	Batch   int           // how many epochs one batch is for; 0: DefaultBatch; at most MaxBatch
	// MinGenerationInterval is how long a generation must have lasted before there is another; 0: DefaultGenerationInterval.
	MinGenerationInterval time.Duration
	ChallengeAge          time.Duration // how long a challenge can be answered; 0: DefaultChallengeAge; at most one hour
	// ChallengeSecret is what challenges are made with, 32 bytes: several processes of one authority share it, and then need a Spent
	// that they share too. nil: a random one, so that a restart ends all challenges.
	ChallengeSecret []byte
	Spent           SpentNonces // remembers which challenges were answered; nil: a set in memory
	Clock           func() time.Time
}

// Limits and defaults of AuthorityConfig.
const (
	DefaultBatch              = 4
	MaxBatch                  = 16
	DefaultGenerationInterval = 365 * 24 * time.Hour
	DefaultChallengeAge       = 10 * time.Minute
	maxChallengeAge           = time.Hour
)

// NewAuthority makes an authority of its parts.
func NewAuthority(c *AuthorityConfig) (*Authority, error) {
	a, err := newAuthority(c)
	if err != nil {
		return nil, fmt.Errorf("realperson: authority: %w", err)
	}
	return a, nil
}

func newAuthority(c *AuthorityConfig) (*Authority, error) {
	switch {
	case c == nil || c.Signer == nil || c.Registry == nil || c.Log == nil || c.Pepper == nil || c.Keys == nil:
		return nil, errors.New("a required part is missing")
	case c.Signer.Public().Algorithm() != keys.BLS12381G2:
		return nil, errors.New("the signer's key is not one of BLS12-381 G2")
	case len(c.Salt) < minSalt || len(c.Salt) > maxSalt:
		return nil, errors.New("the salt does not have 16 to 64 bytes")
	case c.Batch < 0 || c.Batch > MaxBatch:
		return nil, errors.New("a batch is for 1 to 16 epochs")
	case c.MinGenerationInterval < 0 || c.ChallengeAge < 0 || c.ChallengeAge > maxChallengeAge || c.Citizen.MaxAge < 0:
		return nil, errors.New("a duration out of its range")
	case c.ChallengeSecret != nil && len(c.ChallengeSecret) != nonceSecretSize:
		return nil, errors.New("the secret of challenges does not have 32 bytes")
	case c.ChallengeSecret != nil && c.Spent == nil:
		return nil, errors.New("a secret of challenges that others know, or that lasts, needs a memory of answered ones that does too")
	}
	a := &Authority{config: *c}
	a.public = (&Parameters{
		Authority: c.Method.DID(), Method: c.Method, Key: c.Signer.Public().Bytes(), Epochs: c.Epochs, NymCount: NymCount, Claims: c.Claims,
	}).clone()
	if err := a.public.check(); err != nil {
		return nil, err
	}
	if err := a.follow(c.Former); err != nil {
		return nil, err
	}
	a.config.defaults()
	a.config.Salt = append([]byte(nil), c.Salt...)
	secret := append([]byte(nil), c.ChallengeSecret...)
	if c.ChallengeSecret == nil {
		secret = make([]byte, nonceSecretSize)
		rand.Read(secret)
	}
	spent := c.Spent
	if spent == nil {
		spent = newSpentSet(DefaultMaxSpent, a.config.Clock)
	}
	a.nonces = newNonces(secret, spent)
	a.registry = registry{c.Registry}
	a.log = &publicLog{ledger: c.Log, authority: a.public.Authority}
	return a, nil
}

// follow takes over the keys that the authority had before.
func (a *Authority) follow(former []Parameters) error {
	for i := range former {
		p := former[i].clone()
		if err := p.check(); err != nil {
			return err
		}
		if p.Authority != a.public.Authority || p.Method == a.public.Method {
			return errors.New("former parameters are another authority's, or have the present method")
		}
		a.former = append(a.former, p)
	}
	return nil
}

func (c *AuthorityConfig) defaults() {
	if c.Batch == 0 {
		c.Batch = DefaultBatch
	}
	if c.MinGenerationInterval == 0 {
		c.MinGenerationInterval = DefaultGenerationInterval
	}
	if c.ChallengeAge == 0 {
		c.ChallengeAge = DefaultChallengeAge
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
}

// Parameters returns what everybody may know of the authority.
func (a *Authority) Parameters() Parameters { return a.public.clone() }

// now returns the authority's time in whole seconds, as messages have it.
func (a *Authority) now() time.Time { return a.config.Clock().UTC().Truncate(time.Second) }

// Challenge returns a nonce for one request to this authority. Nothing is remembered of it until it is answered.
func (a *Authority) Challenge() string {
	return a.nonces.make(challengeAbout(a.public.Authority), a.now().Add(a.config.ChallengeAge))
}

// challengeAbout is what challenges of an authority are about.
func challengeAbout(authority did.DID) [32]byte {
	return hashOf("realperson/challenge/v1", []byte(authority.String()))
}

// receive checks who sent a message, to whom and when: everything that holds for every kind of request. The nonce is not spent.
func (a *Authority) receive(ctx context.Context, m *message, now time.Time) (expires time.Time, err error) {
	if m.audience != a.public.Authority {
		return expires, refuse(ErrMessage, "for another authority")
	}
	if err := m.checkTime(now); err != nil {
		return expires, err
	}
	if expires, err = a.nonces.check(m.nonce, challengeAbout(a.public.Authority), now); err != nil {
		return expires, err
	}
	return expires, verifyCitizen(ctx, a.config.Keys, &a.config.Citizen, m.token, m.method, now)
}

// checkClaims returns a copy of the claims of one person, which are those of every credential.
func (p *Parameters) checkClaims(claims map[string]any) (map[string]any, error) {
	if len(claims) != len(p.Claims) {
		return nil, refuse(ErrEvidence, "the claims are not those that every credential states")
	}
	for _, name := range p.Claims {
		switch v := claims[name].(type) {
		case bool:
		case string:
			if !written(v, maxClaimValue, upper+lower+digits+"-") {
				return nil, refuse(ErrEvidence, "the value of a claim is not 1 to 64 of A-Z, a-z, 0-9 and -")
			}
		default:
			return nil, refuse(ErrEvidence, "a claim is missing, or neither a bool nor a string")
		}
	}
	return maps.Clone(claims), nil
}

const maxClaimValue = 64
