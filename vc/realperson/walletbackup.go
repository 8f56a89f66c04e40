package realperson

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
)

// MaxBackupSize bounds a backup, in bytes.
const MaxBackupSize = 4 << 20

const (
	backupType    = "realperson-wallet"
	backupVersion = 1
	secretSize    = 32
)

var backupLimits = strictjson.Limits{Bytes: MaxBackupSize, Depth: 16, Nodes: 1 << 18}

// ErrBackup says that a text is not the backup of a wallet, or is damaged. It tells nothing of its content.
var ErrBackup = errors.New("realperson: backup")

// Backup returns all that it takes to be the same person everywhere on another device: the secrets of the pseudonyms, of the order of
// scopes and of the pairwise keys, the credentials, and what the wallet remembers of platforms, so also where the person has accounts.
// It is not encrypted: seal it (package keyfile) before it leaves memory, and clear it. Who has it is this person to every platform
// until the next renewal fails. A renewal that waits for its answer is left out.
func (w *Wallet) Backup() ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	prover := w.prover.Secret()
	defer clear(prover)
	seed := w.seed.Secret()
	defer clear(seed)
	m := map[string]any{
		"type": backupType, "v": backupVersion, "parameters": w.authority.members(), "prover": encode(prover),
		"scopes": encode(w.scopeSecret[:]), "seed": encode(seed), "platforms": w.records.holderMembers(), "uses": w.records.scopeMembers(),
	}
	if w.commitment != nil {
		m["commitment"], m["blind"] = encode(w.commitment), encodeSecret(w.blind)
	}
	if w.kind != "" {
		m["kind"] = w.kind
	}
	if w.nyms != nil {
		enrolled, err := w.enrolledMembers()
		if err != nil {
			return nil, fmt.Errorf("realperson: backup: %w", err)
		}
		m["enrolled"] = enrolled
	}
	b, err := strictjson.Canonical(m)
	if err != nil {
		return nil, fmt.Errorf("realperson: backup: %w", err)
	}
	return b, nil
}

func (w *Wallet) enrolledMembers() (map[string]any, error) {
	credentials := make([]any, len(w.credentials))
	for i, h := range w.credentials {
		v, err := strictjson.Parse(h.base, backupLimits)
		if err != nil {
			return nil, err
		}
		credentials[i] = map[string]any{"credential": v, "blind": encodeSecret(h.blind)}
	}
	m := map[string]any{"record": w.record, "generation": w.generation, "credentials": credentials}
	if w.generation > 0 {
		m["act"], m["number"] = encode(w.act), w.number
	}
	return m, nil
}

func encodeSecret(b *bbs.Blind) string {
	secret := b.Secret()
	defer clear(secret)
	return encode(secret)
}

// RestoreWallet makes the wallet of a backup. The credentials are verified again, so that damage shows at once and not when an account
// cannot be reached. opt.PairwiseSeed takes the place of the backup's seed, from which all pairwise keys derive, also those that are to
// come: after a theft of the seed, with which the thief would have every key that an account is ever bound to. The wallet has other keys
// everywhere then, and gets its accounts back by [Wallet.ReportTheft]; one restored with nil has the old ones, to veto with until then.
// Errors: ErrBackup.
func RestoreWallet(backup []byte, opt *WalletOptions) (*Wallet, error) {
	if opt == nil {
		opt = &WalletOptions{}
	}
	w, err := restore(backup, opt)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBackup, err)
	}
	return w, nil
}

func restore(backup []byte, opt *WalletOptions) (*Wallet, error) {
	o, err := parseObject(backup, backupLimits, "type", "v", "parameters", "prover", "scopes", "seed", "platforms", "uses",
		"commitment?", "blind?", "kind?", "enrolled?")
	if err != nil {
		return nil, err
	}
	o.exactly("type", backupType)
	o.integer("v", backupVersion, backupVersion)
	p, err := readParameters(o.get("parameters"))
	if err != nil {
		return nil, err
	}
	w, err := NewWallet(*p, opt)
	if err != nil {
		return nil, err
	}
	prover, seed, scopes := o.octets("prover", NymCount*secretSize, NymCount*secretSize), o.octets("seed", realdid.SeedSize, realdid.SeedSize),
		o.octets("scopes", scopeSecretSize, scopeSecretSize)
	defer clear(prover)
	defer clear(seed)
	defer clear(scopes)
	if o.has("kind") {
		w.kind = o.text("kind", 8)
	}
	if o.has("commitment") || o.has("blind") {
		w.commitment, w.blind = o.octets("commitment", 1, maxCommitment), o.blind("blind")
	}
	if o.err != nil {
		return nil, o.err
	}
	if w.prover, err = bbs.NymSecretsFromSecret(prover); err != nil {
		return nil, err
	}
	if w.seed, err = realdid.SeedFromBytes(seed); err != nil {
		return nil, err
	}
	copy(w.scopeSecret[:], scopes)
	if err := w.records.read(o.get("platforms"), o.get("uses")); err != nil {
		return nil, err
	}
	if opt.PairwiseSeed != nil {
		w.seed, w.records.holders = opt.PairwiseSeed, nil // the numbers are those of the other seed's keys
	}
	if o.has("enrolled") {
		err = w.readEnrolled(o.get("enrolled"))
	}
	if err == nil {
		err = w.consistent()
	}
	return w, err
}

// blind reads a secret scalar.
func (o *object) blind(name string) *bbs.Blind {
	secret := o.octets(name, secretSize, secretSize)
	defer clear(secret)
	b, err := bbs.BlindFromSecret(secret)
	if err != nil {
		o.fail(name, "not a scalar")
	}
	return b
}

// readEnrolled reads what a wallet has from an authority, and verifies it.
func (w *Wallet) readEnrolled(v strictjson.Value) error {
	o, err := readObject(v, "record", "generation", "act?", "number?", "credentials")
	if err != nil {
		return err
	}
	w.record, w.generation = o.text("record", 64), int(o.integer("generation", 0, MaxGeneration))
	if w.generation > 0 {
		w.act, w.number = o.octets("act", actSize, actSize), uint64(o.integer("number", 0, maxNumber))
	}
	list := o.get("credentials")
	switch {
	case o.err != nil:
		return o.err
	case !isPersonKey(w.record) || (w.generation > 0) != o.has("act") || (w.generation > 0) != o.has("number"):
		return errors.New("members that do not go together")
	case list.Kind() != strictjson.Array || len(list.Elems()) == 0 || len(list.Elems()) > MaxBatch:
		return errors.New("not 1 to 16 credentials")
	}
	for _, e := range list.Elems() {
		if err := w.readHeld(e); err != nil {
			return err
		}
	}
	w.entropy, err = entropyOf(w.credentials[0].base)
	return err
}

func (w *Wallet) readHeld(v strictjson.Value) error {
	o, err := readObject(v, "credential", "blind")
	if err != nil {
		return err
	}
	h := held{base: strictjson.AppendCanonical(nil, o.get("credential")), blind: o.blind("blind")}
	if o.err != nil {
		return o.err
	}
	c, err := readObject(o.get("credential"), "@context", "id", "type", "issuer", "validFrom", "validUntil", "credentialSubject", "proof")
	if err != nil {
		return err
	}
	subject := &object{value: c.get("credentialSubject")}
	s := &statement{start: c.time("validFrom"), issued: subject.time(memberIssuedEpoch), generation: w.generation}
	if c.err != nil || subject.err != nil {
		return errors.New("a credential without dates")
	}
	p := &w.authority
	if _, err := p.checkTemplate(h.base, s); err != nil {
		return err
	}
	key, err := keys.NewPublicKey(keys.BLS12381G2, p.Key)
	if err != nil {
		return err
	}
	final, err := p.finalize(h.base, key, w.prover, h.blind)
	if err != nil {
		return err
	}
	if w.nyms != nil && (!sameSecrets(w.nyms, final) || !s.start.After(w.credentials[len(w.credentials)-1].start)) {
		return errors.New("credentials of other secrets, or not in the order of their epochs")
	}
	h.start, w.nyms = s.start, final
	w.credentials = append(w.credentials, h)
	return nil
}

// consistent tells whether what a wallet is in the middle of makes sense.
func (w *Wallet) consistent() error {
	switch {
	case (w.commitment == nil) != (w.blind == nil):
		return errors.New("a commitment without its blind, or a blind without its commitment")
	case w.commitment == nil && (w.nyms != nil || w.kind != ""):
		return errors.New("an enrolment without a commitment")
	case w.kind != "" && (w.nyms != nil || w.kind != enrolFirst && w.kind != enrolAnew):
		return errors.New("an enrolment of no kind, or after another")
	}
	return nil
}

// holderMembers writes which key the wallet uses where, in the order of the platforms' names.
func (r *records) holderMembers() []any {
	out := []any{}
	for platform, h := range r.holders {
		out = append(out, map[string]any{"platform": platform.String(), "number": int64(h.number)})
	}
	sortMembers(out, "platform")
	return out
}

// scopeMembers writes which indexes of scopes are used up.
func (r *records) scopeMembers() []any {
	out := []any{}
	for name, s := range r.scopes {
		used := []any{}
		for _, i := range s.used {
			used = append(used, i)
		}
		out = append(out, map[string]any{"platform": name.platform.String(), "name": name.name, "period": name.period, "limit": s.limit, "used": used})
	}
	sortMembers(out, "platform", "name", "period")
	return out
}

func sortMembers(list []any, names ...string) {
	slices.SortFunc(list, func(a, b any) int {
		for _, n := range names {
			x, _ := a.(map[string]any)[n].(string)
			y, _ := b.(map[string]any)[n].(string)
			if c := strings.Compare(x, y); c != 0 {
				return c
			}
		}
		return 0
	})
}

// maxHolderRecords bounds the platforms of a backup.
const maxHolderRecords = 1 << 16

// read reads what holderMembers and scopeMembers wrote.
func (r *records) read(platforms, uses strictjson.Value) error {
	if platforms.Kind() != strictjson.Array || uses.Kind() != strictjson.Array ||
		len(platforms.Elems()) > maxHolderRecords || len(uses.Elems()) > maxScopeRecords {
		return errors.New("platforms or uses are not lists, or too long")
	}
	r.holders, r.scopes = make(map[did.DID]holderRecord), make(map[scopeName]*scopeRecord)
	for _, e := range platforms.Elems() {
		o, err := readObject(e, "platform", "number")
		if err != nil {
			return err
		}
		platform, number := o.did("platform"), o.integer("number", 0, 1<<32-1)
		if _, twice := r.holders[platform]; o.err != nil || twice {
			return errors.New("a platform is none, or stands twice")
		}
		r.holders[platform] = holderRecord{number: uint32(number)}
	}
	for _, e := range uses.Elems() {
		if err := r.readUse(e); err != nil {
			return err
		}
	}
	return nil
}

func (r *records) readUse(v strictjson.Value) error {
	o, err := readObject(v, "platform", "name", "period", "limit", "used")
	if err != nil {
		return err
	}
	n := scopeName{platform: o.did("platform"), name: o.text("name", 64)}
	n.period, _ = o.get("period").Str()
	s := &scopeRecord{limit: int(o.integer("limit", 0, MaxScopeLimit))}
	if err := (Scope{Name: n.name, Period: n.period, Limit: 1}).Check(); err != nil || o.err != nil || r.scopes[n] != nil {
		return errors.New("a scope is none, or stands twice")
	}
	used := o.get("used")
	if used.Kind() != strictjson.Array || len(used.Elems()) > MaxScopeLimit {
		return errors.New("uses are not a list, or too many")
	}
	for _, e := range used.Elems() {
		i, ok := e.Int64()
		if !ok || i < 0 || i >= int64(s.limit) || slices.Contains(s.used, int(i)) {
			return errors.New("a use is none, or stands twice")
		}
		s.used = append(s.used, int(i))
	}
	r.scopes[n] = s
	return nil
}
