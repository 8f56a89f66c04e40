package realperson

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
)

// Platform is a service whose accounts belong to one real person each. It learns of a person a pseudonym that exists nowhere else, a
// pairwise DID, and the claims that its policy asks for. It is safe for concurrent use.
type Platform struct {
	id          did.DID // canonical
	method      did.URL
	endpoint    string
	signer      keys.Signer
	keys        vc.Keys
	authorities map[string]Parameters // by DID as the credentials write it
	issuers     []did.DID
	accounts    accountStore
	policy      PlatformPolicy
	rules       accountRules
	requestAge  time.Duration
	clock       func() time.Time
	nonces      *nonces
	pairwise    *realdid.Method // resolves long forms, and nothing else
	holderKeys  holderKeys
}

// PlatformConfig is what a Platform is made of. What follows Policy may be left zero.
type PlatformConfig struct {
	Method      did.URL       // of the key that signs requests; its DID is who the platform is
	Signer      keys.Signer   // that key, one for authentication
	Endpoint    string        // where wallets send their responses: a URL with https, or with http to this machine
	Keys        vc.Keys       // finds the keys of authorities; resolver.Keys is one
	Authorities []Parameters  // that are accepted, at least one; who is enrolled with two of them can have two accounts
	Accounts    ledger.Ledger // the platform's own and private store of accounts, with no Reducer that refuses them
	Policy      PlatformPolicy

	Clock       func() time.Time // nil: time.Now
	RebindDelay time.Duration    // from a theft report to its completion; 0: DefaultRebindDelay
	RequestAge  time.Duration    // how long a request can be answered; 0: DefaultRequestAge; at most one hour
	// NonceSecret is what nonces are made with, 32 bytes: several processes of one platform share it, and then need a Spent that they
	// share too. nil: a random one, so that a restart ends all requests that are under way.
	NonceSecret []byte
	// Spent remembers which nonces were used. nil: a set in memory, of up to DefaultMaxSpent.
	Spent SpentNonces
}

// What zero durations of PlatformConfig mean.
const (
	DefaultRebindDelay = 72 * time.Hour
	DefaultRequestAge  = 5 * time.Minute
)

// PlatformPolicy is what a platform is ready to believe and wants to know. Its zero value is refused: the mode must be said.
type PlatformPolicy struct {
	Mode OpeningMode // Strict; Escrowed is ErrEscrowUnavailable

	// Claims are asked for, and must be as they say, at sign-up and for scopes.
	Claims []Requirement
	// Generation asks at sign-up and for scopes how often the person has started anew. nil: it is not asked for.
	Generation *GenerationPolicy

	// IssuerEvidence says what must be known of the DID of an authority.
	IssuerEvidence vc.EvidenceNeeds
	// InsecureGenesisOnly accepts an authority of whose DID only the first state is known.
	InsecureGenesisOnly bool
}

// Requirement is one claim that a platform wants to know.
type Requirement struct {
	Claim string // name: "ageOver18"
	// OneOf are the values that are accepted: bools, strings and integers of type int or int64. Empty: every value, which the
	// platform wants to know all the same.
	OneOf []any
}

// GenerationPolicy is what a platform wants of the generation of a person's secrets. Whoever lost everything and enrolled anew is of
// the next generation, and can have another account.
type GenerationPolicy struct {
	Max int // the highest that is accepted; negative: every generation, which the platform wants to know all the same
}

// NewPlatform makes a platform of its parts. It keeps c.Authorities and c.Policy as they are now.
func NewPlatform(c *PlatformConfig) (*Platform, error) {
	p, err := newPlatform(c)
	if err != nil {
		return nil, fmt.Errorf("realperson: platform: %w", err)
	}
	return p, nil
}

func newPlatform(c *PlatformConfig) (*Platform, error) {
	switch {
	case c == nil:
		return nil, errors.New("no configuration")
	case !c.Method.IsKeyReference() || c.Signer == nil:
		return nil, errors.New("no key to sign requests with, or not one that a DID names")
	case c.Keys == nil || c.Accounts == nil:
		return nil, errors.New("no keys of authorities, or no store of accounts")
	case len(c.Authorities) == 0 || len(c.Authorities) > maxAuthorities:
		return nil, errors.New("the authorities are not 1 to 64")
	case c.RebindDelay < 0 || c.RequestAge < 0 || c.RequestAge > maxRequestAge:
		return nil, errors.New("a duration out of its range")
	case c.NonceSecret != nil && len(c.NonceSecret) != nonceSecretSize:
		return nil, errors.New("the secret of nonces has not 32 bytes")
	case c.NonceSecret != nil && c.Spent == nil:
		return nil, errors.New("a secret of nonces that others know, or that lasts, needs a memory of answered ones that does too")
	}
	if err := checkEndpoint(c.Endpoint); err != nil {
		return nil, err
	}
	p := &Platform{
		method: c.Method, endpoint: c.Endpoint, signer: c.Signer, keys: c.Keys, accounts: accountStore{c.Accounts}, clock: c.Clock, requestAge: c.RequestAge,
		authorities: make(map[string]Parameters, len(c.Authorities)),
	}
	var err error
	if p.id, err = canonicalDID(c.Method.DID()); err != nil {
		return nil, err
	}
	if p.policy, err = c.Policy.checked(); err != nil {
		return nil, err
	}
	longest := time.Duration(0)
	for i := range c.Authorities {
		a := c.Authorities[i].clone()
		if err := a.Check(); err != nil {
			return nil, err
		}
		if err := p.policy.fits(&a); err != nil {
			return nil, err
		}
		name := a.Authority.String()
		if _, twice := p.authorities[name]; twice {
			return nil, errors.New("one authority stands twice")
		}
		p.authorities[name] = a
		p.issuers = append(p.issuers, a.Authority)
		longest = max(longest, a.Epochs.length())
	}
	if p.clock == nil {
		p.clock = time.Now
	}
	if p.requestAge = (p.requestAge + time.Second - 1).Truncate(time.Second); p.requestAge == 0 { // messages have whole seconds
		p.requestAge = DefaultRequestAge
	}
	if p.rules.delay = c.RebindDelay; p.rules.delay == 0 {
		p.rules.delay = DefaultRebindDelay
	}
	p.rules.lifetime = p.rules.delay + 2*longest + reportSlack
	secret := append([]byte(nil), c.NonceSecret...)
	if secret == nil {
		secret = make([]byte, nonceSecretSize)
		rand.Read(secret)
	}
	if p.nonces = newNonces(secret, c.Spent); c.Spent == nil {
		p.nonces.spent = newSpentSet(DefaultMaxSpent, p.clock)
	}
	p.pairwise, err = realdid.New(nil, nil)
	return p, err
}

// reportSlack is how much longer than it must a theft report stands: a delay and two epochs are what an owner may have to wait.
const reportSlack = 30 * 24 * time.Hour

// DID returns who the platform is: what pseudonyms are computed from.
func (p *Platform) DID() did.DID { return p.id }

// now returns the platform's time in whole seconds, as messages have it.
func (p *Platform) now() time.Time { return p.clock().UTC().Truncate(time.Second) }
