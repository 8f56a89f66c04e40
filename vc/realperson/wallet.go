package realperson

import (
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
)

// Wallet is a person's side of the profile: it enrols with one authority, renews what it got, and shows platforms pseudonyms. Its
// secrets are the vector that all pseudonyms come from, the order of rate-limited ones, and the seed of the pairwise keys; it prints
// none of them. It holds no key of the citizen's DID: those sign each request ([Citizen]) and may live in another place.
// A Wallet is safe for concurrent use.
type Wallet struct {
	authority Parameters // its DID never changes, and the rest under mu
	now       func() time.Time

	mu          sync.Mutex // guards what follows
	prover      *bbs.NymSecrets
	blind       *bbs.Blind      // of commitment
	commitment  []byte          // with its proof, as sent at enrolment
	entropy     []byte          // the authority's part; nil before enrolment
	nyms        *bbs.NymSecrets // final: the prover's part and the authority's; nil before enrolment
	kind        string          // of the enrolment that was asked for; "" if none is
	record      string          // by which the authority finds the person
	generation  int
	act         []byte // of the public log's entry about the generation; nil for the first
	number      uint64 // of that entry
	credentials []held // in the order of their epochs
	renewal     *renewal

	scopeSecret [scopeSecretSize]byte
	seed        *realdid.Seed // of the pairwise keys
	records     records       // of platforms
}

const scopeSecretSize = 32

// held is a credential for one epoch. It is immutable.
type held struct {
	start time.Time  // of the epoch
	base  []byte     // the base credential, as the authority sent it
	blind *bbs.Blind // of the commitment that it was signed over
}

// renewal is a request that waits for its answer.
type renewal struct {
	blind *bbs.Blind // of the fresh commitment
}

// WalletOptions are what a Wallet may be given. nil is the zero value.
type WalletOptions struct {
	Now func() time.Time // nil: time.Now
	// PairwiseSeed is what the keys for platforms derive from, best the device's seed of the citizen's (realdid.Seed.Device). nil: a
	// new random one, or that of the backup.
	PairwiseSeed *realdid.Seed
}

// Citizen is a person under the DID that the authority knows: who asks for credentials. Platforms never see it.
type Citizen struct {
	Method did.URL     // an authentication key of the citizen's registered DID
	Signer keys.Signer // the key of Method
}

var (
	// ErrNotEnrolled says that the wallet has no secrets that an authority signed.
	ErrNotEnrolled = errors.New("the wallet is not enrolled")
	// ErrNoCredential says that the wallet holds no credential for the present epoch: it has to renew.
	ErrNoCredential = errors.New("no credential for this epoch: renew")
)

// NewWallet makes a wallet with new secrets for one authority.
func NewWallet(authority Parameters, opt *WalletOptions) (*Wallet, error) {
	if opt == nil {
		opt = &WalletOptions{}
	}
	if err := authority.Check(); err != nil {
		return nil, err
	}
	prover, err := bbs.NewNymSecrets(NymCount)
	if err != nil {
		return nil, fmt.Errorf("realperson: wallet: %w", err)
	}
	w := &Wallet{authority: authority.clone(), now: opt.Now, prover: prover, seed: opt.PairwiseSeed}
	if w.now == nil {
		w.now = time.Now
	}
	if w.seed == nil {
		w.seed = realdid.NewSeed()
	}
	rand.Read(w.scopeSecret[:])
	return w, nil
}

// Authority returns the parameters of the wallet's authority.
func (w *Wallet) Authority() Parameters {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.authority.clone()
}

// Enrolled reports whether the wallet holds secrets that the authority signed.
func (w *Wallet) Enrolled() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.nyms != nil
}

// Generation returns the number of the person's generation, 0 before enrolment.
func (w *Wallet) Generation() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.generation
}

// Until returns when the last credential ends that the wallet holds: by then it must have renewed. Zero if it holds none.
func (w *Wallet) Until() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.credentials) == 0 {
		return time.Time{}
	}
	return w.authority.Epochs.End(w.credentials[len(w.credentials)-1].start)
}

// secrets is what a presentation is made of.
type secrets struct {
	nyms       *bbs.NymSecrets
	credential held
}

// present returns the secrets and the credential for the epoch of a time. Errors: ErrNotEnrolled, ErrNoCredential.
func (w *Wallet) present(at time.Time) (*secrets, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.nyms == nil {
		return nil, ErrNotEnrolled
	}
	start := w.authority.Epochs.Start(at)
	for _, h := range w.credentials {
		if h.start.Equal(start) {
			return &secrets{nyms: w.nyms, credential: h}, nil
		}
	}
	return nil, ErrNoCredential
}

// String names the type, and nothing that the wallet holds.
func (w *Wallet) String() string { return "realperson.Wallet" }

// GoString is String.
func (w *Wallet) GoString() string { return w.String() }

// Format writes String, whatever the verb.
func (w *Wallet) Format(f fmt.State, _ rune) { fmt.Fprint(f, w.String()) }

// MarshalJSON always fails: secrets leave a wallet by [Wallet.Backup], never by accident.
func (w *Wallet) MarshalJSON() ([]byte, error) {
	return nil, errors.New("realperson: wallet: not encoded as JSON; Backup does that by name")
}
