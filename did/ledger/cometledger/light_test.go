package cometledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cometbft/cometbft/types"

	"github.com/realdid/realdid/did/ledger/proof"
)

const period = time.Hour

// trusting returns the policy that pins the validators of ms.
func trusting(ms []member) *LightTrust {
	return &LightTrust{
		ChainID: testChainID, TrustingPeriod: period,
		Pins: []Pin{{Height: 1, Validators: proof.Hash(setOf(ms).Hash()), Time: genesisTime}},
	}
}

// trustingHeader returns the policy that pins the hash of a block's header.
func trustingHeader(b *types.LightBlock) *LightTrust {
	return &LightTrust{ChainID: testChainID, TrustingPeriod: period, Pins: []Pin{{Height: b.Height, Header: proof.Hash(b.Hash()), Time: b.Time}}}
}

func TestLightVerify(t *testing.T) {
	w := newWorld(t, testChainID)
	four := members("four", 10, 10, 10, 10)
	shifted := append(slices.Clone(four[1:]), members("new", 10)...) // one of four is another
	strangers := members("strangers", 5, 6, 7, 8)
	target := recipe{height: 9, members: four, appHash: w.digest}.block(t)
	now := blockTime(12)

	first := recipe{height: 1, members: four}.block(t)
	tests := map[string]struct {
		trust  *LightTrust
		blocks []*types.LightBlock
	}{
		"pinned validators":             {trusting(four), []*types.LightBlock{target}},
		"pinned header":                 {trustingHeader(target), []*types.LightBlock{target}},
		"one validator silent":          {trusting(four), []*types.LightBlock{recipe{height: 9, members: four, appHash: w.digest, silent: []int{2}}.block(t)}},
		"one validator for no block":    {trusting(four), []*types.LightBlock{recipe{height: 9, members: four, appHash: w.digest, nils: []int{1}}.block(t)}},
		"one validator":                 {trusting(four[:1]), []*types.LightBlock{recipe{height: 9, members: four[:1], appHash: w.digest}.block(t)}},
		"over a gap":                    {trustingHeader(first), []*types.LightBlock{first, target}},
		"a third of the old set signed": {trusting(four), []*types.LightBlock{first, recipe{height: 9, members: shifted, appHash: w.digest}.block(t)}},
		"next block, all others": {trusting(four), []*types.LightBlock{
			recipe{height: 8, members: four, next: strangers}.block(t), recipe{height: 9, members: strangers, appHash: w.digest}.block(t),
		}},
		"two steps": {trusting(four), []*types.LightBlock{
			first, recipe{height: 4, members: shifted, next: strangers}.block(t), recipe{height: 5, members: strangers}.block(t),
			recipe{height: 9, members: strangers, appHash: w.digest}.block(t),
		}},
		"second of two pins": {
			&LightTrust{ChainID: testChainID, TrustingPeriod: period, Pins: append(trusting(strangers).Pins, trusting(four).Pins...)},
			[]*types.LightBlock{target},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, key := range []string{"alice", "bob"} {
				b := evidence(t, w.latest(t, key), test.blocks...)
				v, err := test.trust.VerifyHead(key, b, now)
				if err != nil {
					t.Fatalf("VerifyHead(%s): %v", key, err)
				}
				if key == "alice" && (string(v.Head) != "head of alice" || !v.Latest || v.Absent) {
					t.Errorf("alice: %q, latest %v, absent %v", v.Head, v.Latest, v.Absent)
				}
				if key == "bob" && (v.Head != nil || v.Latest || !v.Absent) {
					t.Errorf("bob: %q, latest %v, absent %v", v.Head, v.Latest, v.Absent)
				}
				last := test.blocks[len(test.blocks)-1]
				if want := last.Time.Truncate(time.Second); !v.AsOf.Equal(want) {
					t.Errorf("as of %v, want %v", v.AsOf, want)
				}
				signed := 0
				for _, s := range last.Commit.Signatures {
					if s.BlockIDFlag == types.BlockIDFlagCommit {
						signed++
					}
				}
				if len(v.Validators) != signed {
					t.Errorf("%d validators, want %d", len(v.Validators), signed)
				}
				for _, val := range v.Validators {
					if len(val.Name) != 40 || val.Time.Before(last.Time) || val.Time.Location() != time.UTC {
						t.Errorf("validator %v", val)
					}
				}
			}
			if other := evidence(t, w.latest(t, "alice"), test.blocks...); true {
				if _, err := test.trust.VerifyHead("carol", other, now); !errors.Is(err, proof.ErrInvalid) {
					t.Errorf("alice's proof for carol: %v, want ErrInvalid", err)
				}
			}
		})
	}
}

// TestLightRefuses: what an attacker who holds less than what it takes could send.
func TestLightRefuses(t *testing.T) {
	w := newWorld(t, testChainID)
	elsewhere := newWorld(t, "other-chain")
	four := members("four", 10, 10, 10, 10)
	uneven := members("uneven", 40, 20, 20, 20)
	shifted := append(slices.Clone(four[1:]), members("new", 10)...)
	mostlyNew := append(slices.Clone(four[:1]), members("new", 10, 10, 10)...) // a quarter of the old power
	strangers := members("strangers", 5, 6, 7, 8)
	honest := recipe{height: 9, members: four, appHash: w.digest}
	target := honest.block(t)
	first := recipe{height: 1, members: four}.block(t)
	now := blockTime(12)

	with := func(change func(r *recipe)) []*types.LightBlock {
		r := honest
		change(&r)
		return []*types.LightBlock{r.block(t)}
	}
	spoiled := func(change func(b *types.LightBlock)) []*types.LightBlock {
		b := honest.block(t)
		change(b)
		return []*types.LightBlock{b}
	}
	latest := w.latest(t, "alice")
	tests := map[string]struct {
		trust  *LightTrust
		latest *proof.Latest
		blocks []*types.LightBlock
		now    time.Time
		want   error
	}{
		"half of the validators":               {blocks: with(func(r *recipe) { r.silent = []int{0, 1} })},
		"half of them for no block":            {blocks: with(func(r *recipe) { r.nils = []int{0, 1} })},
		"exactly two thirds":                   {trust: trusting(four[:3]), blocks: with(func(r *recipe) { r.members, r.silent = four[:3], []int{1} })},
		"three of four with 60 per cent":       {trust: trusting(uneven), blocks: with(func(r *recipe) { r.members, r.silent = uneven, []int{0} })},
		"nobody signed":                        {blocks: with(func(r *recipe) { r.silent = []int{0, 1, 2, 3} })},
		"votes for another chain":              {blocks: with(func(r *recipe) { r.signAs = "other-chain" })},
		"header of another chain":              {blocks: with(func(r *recipe) { r.chain = "other-chain" })},
		"checkpoint of another chain":          {latest: elsewhere.latest(t, "alice"), blocks: with(func(r *recipe) { r.appHash = elsewhere.digest })},
		"other application hash":               {blocks: with(func(r *recipe) { r.appHash = elsewhere.digest })},
		"no application hash":                  {blocks: with(func(r *recipe) { r.appHash = nil })},
		"long application hash":                {blocks: with(func(r *recipe) { r.appHash = append(bytes.Clone(w.digest), 0) })},
		"keys of other validators":             {blocks: with(func(r *recipe) { r.keys = []int{1, 0, 2, 3} })},
		"one validator signs for all":          {blocks: with(func(r *recipe) { r.keys = []int{0, 0, 0, 0} })},
		"validators nobody pinned":             {blocks: with(func(r *recipe) { r.members = strangers })},
		"header changed after signing":         {blocks: spoiled(func(b *types.LightBlock) { b.Header.Time = b.Header.Time.Add(time.Second) })},
		"application hash changed after":       {latest: elsewhere.latest(t, "alice"), blocks: spoiled(func(b *types.LightBlock) { b.AppHash = elsewhere.digest })},
		"validators swapped":                   {blocks: spoiled(func(b *types.LightBlock) { b.ValidatorSet = setOf(strangers) })},
		"power changed":                        {blocks: spoiled(func(b *types.LightBlock) { b.ValidatorSet.Validators[0].VotingPower = 1000 })},
		"validators in another order":          {blocks: spoiled(func(b *types.LightBlock) { slices.Reverse(b.ValidatorSet.Validators) })},
		"vote at another time":                 {blocks: spoiled(func(b *types.LightBlock) { b.Commit.Signatures[0].Timestamp = now })},
		"votes of another round":               {blocks: spoiled(func(b *types.LightBlock) { b.Commit.Round++ })},
		"votes for other parts":                {blocks: spoiled(func(b *types.LightBlock) { b.Commit.BlockID.PartSetHeader.Total++ })},
		"one bad vote beyond two thirds":       {blocks: spoiled(func(b *types.LightBlock) { b.Commit.Signatures[3].Signature[5] ^= 1 })},
		"one bad vote":                         {blocks: spoiled(func(b *types.LightBlock) { b.Commit.Signatures[0].Signature[5] ^= 1 })},
		"a vote in the place of another":       {blocks: spoiled(func(b *types.LightBlock) { b.Commit.Signatures[1] = b.Commit.Signatures[0] })},
		"header from the future":               {now: target.Time.Add(-DefaultClockDrift)},
		"trusting period over":                 {now: genesisTime.Add(period), want: proof.ErrTrust},
		"header on the way expired":            {trust: &LightTrust{ChainID: testChainID, TrustingPeriod: period, Pins: []Pin{{Height: 1, Validators: proof.Hash(setOf(four).Hash()), Time: blockTime(5)}}}, blocks: []*types.LightBlock{first, target}, now: genesisTime.Add(period), want: proof.ErrTrust},
		"another header pinned":                {trust: trustingHeader(first)},
		"pinned header of another height":      {trust: func() *LightTrust { t := trustingHeader(target); t.Pins[0].Height = 8; return t }()},
		"begins with strangers":                {trust: trustingHeader(first), blocks: []*types.LightBlock{recipe{height: 1, members: strangers}.block(t), target}},
		"a quarter of the old set signed":      {blocks: []*types.LightBlock{first, recipe{height: 9, members: mostlyNew, appHash: w.digest}.block(t)}},
		"nobody of the old set signed":         {blocks: []*types.LightBlock{first, recipe{height: 9, members: strangers, appHash: w.digest}.block(t)}},
		"the old ones of the new set silent":   {blocks: []*types.LightBlock{first, recipe{height: 9, members: append(slices.Clone(four), members("new", 100)...), silent: []int{0, 1, 2, 3}, appHash: w.digest}.block(t)}},
		"next block of unannounced validators": {blocks: []*types.LightBlock{recipe{height: 8, members: four}.block(t), recipe{height: 9, members: strangers, appHash: w.digest}.block(t)}},
		"next block with too few votes":        {blocks: []*types.LightBlock{recipe{height: 8, members: four, next: shifted}.block(t), recipe{height: 9, members: shifted, silent: []int{0, 1}, appHash: w.digest}.block(t)}},
		"first block with too few votes":       {blocks: []*types.LightBlock{recipe{height: 1, members: four, silent: []int{0, 1}}.block(t), target}},
		"time goes back":                       {blocks: []*types.LightBlock{recipe{height: 1, members: four, at: blockTime(10)}.block(t), target}},
		"map says another head":                {latest: func() *proof.Latest { l := *latest; l.Head = []byte("head of mallory"); return &l }()},
		"map without its sibling":              {latest: func() *proof.Latest { l := *latest; l.Map.Siblings = nil; return &l }()},
		"another epoch":                        {latest: func() *proof.Latest { l := *latest; l.Epoch.Entries--; return &l }()},
		"another path to the epoch":            {latest: func() *proof.Latest { l := *latest; l.EpochPath = []proof.Hash{{1}}; return &l }()},
		"another checkpoint":                   {latest: func() *proof.Latest { l := *latest; l.Checkpoint = elsewhere.text; return &l }()},
		"absence claimed of who is there":      {latest: func() *proof.Latest { l := *latest; l.Head = nil; return &l }()},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.trust == nil {
				test.trust = trusting(four)
			}
			if test.latest == nil {
				test.latest = latest
			}
			if test.blocks == nil {
				test.blocks = []*types.LightBlock{target}
			}
			if test.now.IsZero() {
				test.now = now
			}
			if test.want == nil {
				test.want = proof.ErrInvalid
			}
			v, err := test.trust.VerifyHead("alice", evidence(t, test.latest, test.blocks...), test.now)
			if v != nil || !errors.Is(err, test.want) || errors.Is(err, proof.ErrTrust) != (test.want == proof.ErrTrust) {
				t.Errorf("got %v, error %v; want %v", v, err, test.want)
			}
		})
	}
}

func TestLightTrustCheck(t *testing.T) {
	four := members("four", 10, 10, 10, 10)
	good := func() *LightTrust { return trusting(four) }
	if err := good().Check(); err != nil {
		t.Fatal(err)
	}
	b := evidence(t, newWorld(t, testChainID).latest(t, "alice"), recipe{height: 9, members: four}.block(t))
	for name, change := range map[string]func(*LightTrust){
		"zero":             func(l *LightTrust) { *l = LightTrust{} },
		"no chain":         func(l *LightTrust) { l.ChainID = "" },
		"long chain":       func(l *LightTrust) { l.ChainID = string(make([]byte, 51)) },
		"no pins":          func(l *LightTrust) { l.Pins = nil },
		"too many pins":    func(l *LightTrust) { l.Pins = make([]Pin, MaxPins+1) },
		"no period":        func(l *LightTrust) { l.TrustingPeriod = 0 },
		"negative period":  func(l *LightTrust) { l.TrustingPeriod = -1 },
		"negative drift":   func(l *LightTrust) { l.MaxClockDrift = -1 },
		"empty pin":        func(l *LightTrust) { l.Pins[0].Validators = proof.Hash{} },
		"pin of height 0":  func(l *LightTrust) { l.Pins[0].Height = 0 },
		"pin without time": func(l *LightTrust) { l.Pins[0].Time = time.Time{} },
		"pin twice":        func(l *LightTrust) { l.Pins = append(l.Pins, l.Pins[0]) },
	} {
		l := good()
		change(l)
		if err := l.Check(); !errors.Is(err, proof.ErrTrust) {
			t.Errorf("%s: Check: %v", name, err)
		}
		if _, err := l.VerifyHead("alice", b, blockTime(12)); !errors.Is(err, proof.ErrTrust) {
			t.Errorf("%s: VerifyHead: %v", name, err)
		}
		if _, err := l.Renew(b, blockTime(12)); !errors.Is(err, proof.ErrTrust) {
			t.Errorf("%s: Renew: %v", name, err)
		}
	}
	if err := (*LightTrust)(nil).Check(); !errors.Is(err, proof.ErrTrust) {
		t.Errorf("nil: %v", err)
	}
}

// TestLightRenew: who renews follows the chain through changes of all its validators, with short proofs, and forgets what has expired.
func TestLightRenew(t *testing.T) {
	w := newWorld(t, testChainID)
	latest := w.latest(t, "alice")
	a, b := members("a", 10, 10, 10), members("b", 1, 1, 1)
	trust := trusting(a)
	now := blockTime(50)
	change := evidence(t, latest, recipe{height: 19, members: a, next: b}.block(t), recipe{height: 20, members: b, appHash: w.digest}.block(t))
	alone := evidence(t, latest, recipe{height: 40, members: b, appHash: w.digest}.block(t))
	if _, err := trust.VerifyHead("alice", alone, now); !errors.Is(err, proof.ErrInvalid) {
		t.Fatalf("before the change is known: %v", err)
	}
	if _, err := trust.Renew(alone, now); !errors.Is(err, proof.ErrInvalid) {
		t.Fatalf("Renew before the change is known: %v", err)
	}
	renewed, err := trust.Renew(change, now)
	if err != nil {
		t.Fatal(err)
	}
	if len(trust.Pins) != 1 || len(renewed.Pins) != 2 || renewed.Pins[1].Height != 20 || !renewed.Pins[1].Time.Equal(blockTime(20)) {
		t.Fatalf("pins %v, from %v", renewed.Pins, trust.Pins)
	}
	if _, err := renewed.VerifyHead("alice", alone, now); err != nil {
		t.Fatalf("after the change: %v", err)
	}
	old := evidence(t, latest, recipe{height: 18, members: a, appHash: w.digest}.block(t))
	if _, err := renewed.VerifyHead("alice", old, now); err != nil {
		t.Errorf("an older proof, by the validators of then: %v", err)
	}
	again, err := renewed.Renew(alone, now)
	if err != nil || len(again.Pins) != 2 || again.Pins[1].Height != 40 {
		t.Fatalf("renewed by the same validators: %v, %v", again, err)
	}
	if same, err := again.Renew(change, now); err != nil || !slices.Equal(same.Pins, again.Pins) {
		t.Errorf("an older proof changed the pins: %v, %v", same, err)
	}
	late := genesisTime.Add(period + 5*time.Second)
	after, err := again.Renew(alone, late)
	if err != nil || len(after.Pins) != 1 || after.Pins[0].Height != 40 {
		t.Errorf("after the first pin has expired: %v, %v", after, err)
	}
	if _, err := after.VerifyHead("alice", old, late); !errors.Is(err, proof.ErrInvalid) {
		t.Errorf("validators who were forgotten: %v", err)
	}

	full := *again
	for i := len(full.Pins); i < MaxPins; i++ {
		full.Pins = append(full.Pins, Pin{Height: int64(100 + i), Header: proof.Hash{byte(i)}, Time: blockTime(int64(2 + i))})
	}
	c := members("c", 1)
	next, err := full.Renew(evidence(t, latest, recipe{height: 45, members: b, next: c}.block(t), recipe{height: 46, members: c, appHash: w.digest}.block(t)), now)
	if err != nil || len(next.Pins) != MaxPins || next.Check() != nil || next.Pins[MaxPins-1].Height != 46 || slices.Contains(next.Pins, full.Pins[0]) {
		t.Errorf("a full list of pins: %v, %v", next, err)
	}
}

func TestLightTrustJSON(t *testing.T) {
	want := trusting(members("four", 10, 10, 10, 10))
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got LightTrust
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if got.ChainID != want.ChainID || got.TrustingPeriod != want.TrustingPeriod || !slices.Equal(got.Pins, want.Pins) {
		t.Errorf("%s gives %+v", b, got)
	}
}

func TestGenesisTrust(t *testing.T) {
	four := members("four", 10, 20, 30, 10)
	doc := types.GenesisDoc{ChainID: testChainID, GenesisTime: genesisTime, ConsensusParams: types.DefaultConsensusParams(), InitialHeight: 1}
	for _, m := range four {
		doc.Validators = append(doc.Validators, types.GenesisValidator{Address: m.key.PubKey().Address(), PubKey: m.key.PubKey(), Power: m.power})
	}
	file := t.TempDir() + "/genesis.json"
	if err := doc.SaveAs(file); err != nil {
		t.Fatal(err)
	}
	trust, err := GenesisTrust(read(t, file), period)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, testChainID)
	if _, err := trust.VerifyHead("alice", evidence(t, w.latest(t, "alice"), recipe{height: 9, members: four, appHash: w.digest}.block(t)), blockTime(10)); err != nil {
		t.Error(err)
	}
	good := doc.Validators
	for name, spoil := range map[string]func(v []types.GenesisValidator) []types.GenesisValidator{
		"a validator twice": func(v []types.GenesisValidator) []types.GenesisValidator { return append(v, v[0]) },
		"negative power":    func(v []types.GenesisValidator) []types.GenesisValidator { v[1].Power = -1; return v },
		"immense power":     func(v []types.GenesisValidator) []types.GenesisValidator { v[1].Power = 1 << 62; return v },
		"no key":            func(v []types.GenesisValidator) []types.GenesisValidator { v[1].PubKey = nil; return v },
	} {
		doc.Validators = spoil(slices.Clone(good))
		if err := doc.SaveAs(file); err != nil {
			t.Fatal(err)
		}
		if _, err := GenesisTrust(read(t, file), period); !errors.Is(err, proof.ErrTrust) {
			t.Errorf("%s: %v", name, err)
		}
	}
	doc.Validators = nil
	if err := doc.SaveAs(file); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"no validators": read(t, file), "not JSON": []byte("x"), "empty": nil} {
		if _, err := GenesisTrust(b, period); !errors.Is(err, proof.ErrTrust) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := GenesisTrust(read(t, file), 0); !errors.Is(err, proof.ErrTrust) {
		t.Errorf("no period: %v", err)
	}
}

// TestLightEveryBit: no bit of a proof can be changed.
func TestLightEveryBit(t *testing.T) {
	w := newWorld(t, testChainID)
	four := members("four", 10, 10, 10, 10)
	shifted := append(slices.Clone(four[1:]), members("new", 10)...)
	trust := trusting(four)
	b := evidence(t, w.latest(t, "alice"), recipe{height: 1, members: four}.block(t), recipe{height: 9, members: shifted, appHash: w.digest, silent: []int{0}}.block(t))
	now := blockTime(12)
	if _, err := trust.VerifyHead("alice", b, now); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	for i := range b {
		bad := bytes.Clone(b)
		bad[i] ^= 1 << random.IntN(8)
		if _, err := trust.VerifyHead("alice", bad, now); !errors.Is(err, proof.ErrInvalid) {
			t.Errorf("byte %d of %d changed: %v", i, len(b), err)
		}
	}
	for _, bad := range [][]byte{nil, b[:len(b)-1], append(bytes.Clone(b), 0), make([]byte, MaxLightProofSize+1)} {
		if _, err := trust.VerifyHead("alice", bad, now); !errors.Is(err, proof.ErrInvalid) {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
}

func BenchmarkLightVerify(b *testing.B) {
	w := newWorld(b, testChainID)
	four := members("four", 10, 10, 10, 10)
	trust := trusting(four)
	p := evidence(b, w.latest(b, "alice"), recipe{height: 9, members: four, appHash: w.digest}.block(b))
	b.ReportMetric(float64(len(p)), "proof-bytes")
	for b.Loop() {
		if _, err := trust.VerifyHead("alice", p, blockTime(12)); err != nil {
			b.Fatal(err)
		}
	}
}
