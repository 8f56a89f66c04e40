package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// tierOptions are what can be said of a recovery tier beside its keys.
type tierOptions struct {
	delay    time.Duration
	vetoable bool
}

// recoveryFlags are the flags that set recovery tiers.
type recoveryFlags struct {
	ownDelay, guardianDelay string
	guardians               []string
	threshold               int
	noOwnBackup             bool
	ownVetoable             bool
	guardianFinal           bool
	cardOut                 string
}

func (r *recoveryFlags) register(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&r.guardians, "guardian", nil, "guardian's public `KEY`: "+keyForms+"; repeat for each")
	f.IntVar(&r.threshold, "guardian-threshold", 0, "how many guardians recover together (default: more than half)")
	f.StringVar(&r.guardianDelay, "guardian-delay", "72h", "how long a recovery by guardians waits, such as 72h or 14d")
	f.BoolVar(&r.guardianFinal, "guardian-unvetoable", false, "your next key cannot cancel a recovery by guardians: safer against a thief of the seed, less against guardians")
	f.StringVar(&r.ownDelay, "own-delay", "72h", "how long a recovery by the own backup waits")
	f.BoolVar(&r.ownVetoable, "own-vetoable", false, "the next key can cancel a recovery by the own backup")
	f.BoolVar(&r.noOwnBackup, "no-own-backup", false, "no recovery by the seed alone")
	f.StringVar(&r.cardOut, "card-out", "", "write the recovery card to `FILE` instead of keys/NAME.card")
}

// parseDelay reads a duration that may also be in days.
func parseDelay(s, flag string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d%time.Second != 0 {
		return 0, usage("for example 72h or 14d", "%s: not a time span: %.20q", flag, s)
	}
	return d, nil
}

// A card tells who the guardians of a tier are, and the salts without which nobody can see that in the history. It holds no secret key:
// who has it learns the guardians and cannot recover anything.
type card struct {
	Kind      string         `json:"kind"`
	Version   int            `json:"version"`
	DID       string         `json:"did"`
	Suite     string         `json:"suite"`
	Threshold int            `json:"threshold"`
	Delay     string         `json:"delay"`
	Vetoable  bool           `json:"vetoable"`
	Guardians []cardGuardian `json:"guardians"`
}

type cardGuardian struct {
	Key  string `json:"key"`
	Salt string `json:"salt"`
}

const cardKind = "realdid recovery card"

// newCard salts the guardians' keys anew.
func newCard(suite realdid.Suite, guardians []keys.PublicKey, threshold int, o tierOptions) *card {
	c := &card{
		Kind: cardKind, Version: 1, Suite: string(rune(suite)), Threshold: threshold, Delay: o.delay.String(), Vetoable: o.vetoable,
	}
	_, salted := suite.NewTier(threshold, guardians...)
	for _, k := range salted {
		c.Guardians = append(c.Guardians, cardGuardian{k.Key.Multikey(), base64.RawURLEncoding.EncodeToString(k.Salt[:])})
	}
	return c
}

// keys returns the guardians' keys with their salts.
func (c *card) keys() ([]realdid.RecoveryKey, error) {
	var out []realdid.RecoveryKey
	for _, g := range c.Guardians {
		k, err := keys.ParseMultikey(g.Key)
		if err != nil {
			return nil, unknown("", "the card is damaged: %v", err)
		}
		salt, err := base64.RawURLEncoding.Strict().DecodeString(g.Salt)
		if err != nil || len(salt) != len(realdid.RecoverySalt{}) {
			return nil, unknown("", "the card is damaged: a salt has not 16 bytes")
		}
		out = append(out, realdid.RecoveryKey{Salt: realdid.RecoverySalt(salt), Key: k})
	}
	return out, nil
}

func (c *card) publicKeys() ([]keys.PublicKey, error) {
	ks, err := c.keys()
	var out []keys.PublicKey
	for _, k := range ks {
		out = append(out, k.Key)
	}
	return out, err
}

// tier returns the tier that the card describes.
func (c *card) tier() (realdid.Tier, error) {
	ks, err := c.keys()
	if err != nil {
		return realdid.Tier{}, err
	}
	delay, err := time.ParseDuration(c.Delay)
	if err != nil {
		return realdid.Tier{}, unknown("", "the card is damaged: delay")
	}
	t := realdid.Tier{Delay: delay, Vetoable: c.Vetoable, Keys: realdid.Commitments{Threshold: c.Threshold}}
	for _, k := range ks {
		t.Keys.Digests = append(t.Keys.Digests, realdid.Suite(c.Suite[0]).CommitRecovery(k.Salt, k.Key))
	}
	return t, nil
}

func (c *card) encode() ([]byte, error) {
	b, err := json.MarshalIndent(c, "", "  ")
	return append(b, '\n'), err
}

// readCard reads a card; "" is that of the identity in this home.
func (a *app) readCard(name, path string) (*card, error) {
	if path == "" {
		path = a.home.card(name)
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage("give --card FILE: you or your guardians keep it", "there is no recovery card at %s", path)
	}
	if err != nil {
		return nil, readFailure("recovery card", err)
	}
	var c card
	if err := decodeStrict(b, &c); err != nil || c.Kind != cardKind || c.Version != 1 || c.Suite != "q" && c.Suite != "s" {
		return nil, invalid("", "%s: not a recovery card of a known version", path)
	}
	return &c, nil
}

// guardianCard reads the guardian flags. The card is nil if there are no guardians.
func (a *app) guardianCard(r *recoveryFlags, suite realdid.Suite) (*card, error) {
	if len(r.guardians) == 0 {
		if r.threshold != 0 {
			return nil, usage("name each guardian with --guardian KEY", "--guardian-threshold without --guardian")
		}
		return nil, nil
	}
	delay, err := parseDelay(r.guardianDelay, "--guardian-delay")
	if err != nil {
		return nil, err
	}
	var ks []keys.PublicKey
	for _, g := range r.guardians {
		k, err := a.parseKeyArgument(g, "--guardian")
		if err != nil {
			return nil, err
		}
		if !k.Algorithm().CanSign() {
			return nil, usage("", "--guardian: %v does not sign", k.Algorithm())
		}
		ks = append(ks, k)
	}
	threshold := r.threshold
	if threshold == 0 {
		threshold = len(ks)/2 + 1
	}
	if threshold < 1 || threshold > len(ks) {
		return nil, usage("", "--guardian-threshold: from 1 to %d", len(ks))
	}
	return newCard(suite, ks, threshold, tierOptions{delay, !r.guardianFinal}), nil
}

// ownOptions reads the flags of the own backup.
func (r *recoveryFlags) ownOptions() (tierOptions, error) {
	delay, err := parseDelay(r.ownDelay, "--own-delay")
	return tierOptions{delay, r.ownVetoable}, err
}
