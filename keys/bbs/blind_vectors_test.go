package bbs

import (
	"encoding/hex"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/vectors"
)

// hexScalar is a scalar of the fixtures, which may lack leading zeros.
type hexScalar []byte

func (h *hexScalar) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(strings.Repeat("0", max(0, 2*scalarSize-len(text))) + string(text))
	return err
}

func (h hexScalar) blind(t *testing.T) *Blind {
	t.Helper()
	b, err := BlindFromSecret(h)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// committedFixture has the members of all fixtures of blind signatures and of pseudonyms.
type committedFixture struct {
	Keys struct {
		SecretKey, PublicKey hexBytes
	} `json:"signerKeyPair"`
	SignerPublicKey     hexBytes
	ProverBlind         hexScalar
	CommitmentWithProof hexBytes
	Header              hexBytes
	PresentationHeader  hexBytes
	Messages            []hexBytes
	CommittedMessages   []hexBytes
	Signature           hexBytes
	L                   int
	Revealed            map[int]hexBytes `json:"revealedMessages"`
	RevealedCommitted   map[int]hexBytes `json:"revealedCommittedMessages"`
	Proof               hexBytes
	Result              struct{ Valid bool }
	Trace               struct {
		B, Domain                string // text, because two files have an error in it
		Abar, Bbar, D, T1, T2    hexBytes
		Challenge                hexScalar
		Pseudonym, Ut, OP        hexBytes
		PolyEvalPseudo           hexScalar     `json:"poly_eval_pseudo"`
		PolyEvalProof            hexScalar     `json:"poly_eval_proof"`
		Random                   randomFixture `json:"random_scalars"`
		RandomInTheSpellingOfTwo randomFixture `json:"randomScalars"`
	}
	Mock struct {
		Seed   string `json:"SEED"`
		Commit struct{ DST string }
		Proof  struct{ DST string }
	} `json:"mockRngParameters"`

	// Of pseudonyms.
	Entropy    hexScalar `json:"signer_nym_entropy"`
	ProverNyms []hexScalar
	NymSecrets []hexScalar `json:"nym_secrets"`
	Pseudonym  hexBytes
	ContextID  hexBytes `json:"context_id"`
}

type randomFixture struct {
	STilde  hexScalar   `json:"s_tilde"`
	MTildes []hexScalar `json:"m_tildes"`
	R1, R2  hexScalar
	// The names of the others differ in case, which encoding/json forgives.
	ETilde  hexScalar   `json:"e_tilde"`
	R1Tilde hexScalar   `json:"r1_tilde"`
	R3Tilde hexScalar   `json:"r3_tilde"`
	MTilde  []hexScalar `json:"m_tilde_scalars"`
}

// committedFixtures calls f with every file of a topic under one of the folders, for both ciphersuites, and demands count files in all.
func committedFixtures(t *testing.T, topic, folder string, count int, f func(t *testing.T, s Ciphersuite, fx *committedFixture)) {
	dir := vectors.Dir(t, topic)
	var all struct{ Messages, CommittedMessages []hexBytes }
	readJSON(t, filepath.Join(dir, "messages.json"), &all)
	seen := 0
	for _, s := range []Ciphersuite{SHA256, SHAKE256} {
		names, err := filepath.Glob(filepath.Join(dir, fixtureDirs[s], folder, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			seen++
			t.Run(s.String()+"/"+filepath.Base(name), func(t *testing.T) {
				var fx committedFixture
				readJSON(t, name, &fx)
				if !fx.Result.Valid {
					t.Fatal("the fixture is an invalid one: the test does not know what for")
				}
				if fx.Proof != nil && fx.Messages == nil {
					fx.Messages, fx.CommittedMessages = all.Messages, all.CommittedMessages
				}
				f(t, s, &fx)
			})
		}
	}
	if seen != count {
		t.Errorf("got %d files of %s/%s, want %d", seen, topic, folder, count)
	}
}

// source returns the fixture's random scalars.
func (fx *committedFixture) source(s Ciphersuite, dst string) scalarSource {
	return mockScalars(s, dst, []byte(fx.Mock.Seed))
}

// commitSource is for fixtures of signatures, which may lack the parameters.
func (fx *committedFixture) commitSource(s Ciphersuite) scalarSource {
	return mockScalars(s, s.ID()+"H2G_HM2S_COMMIT_MOCK_RANDOM_SCALARS_DST_", mockSeed)
}

func (fx *committedFixture) key(t *testing.T) *PrivateKey {
	t.Helper()
	k, err := NewPrivateKey(fx.Keys.SecretKey)
	if err != nil {
		t.Fatal(err)
	}
	wantHex(t, "public key", k.PublicKey().Bytes(), fx.Keys.PublicKey)
	return k
}

func (fx *committedFixture) public(t *testing.T) *PublicKey {
	t.Helper()
	k, err := ParsePublicKey(fx.SignerPublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// shown returns the indexes in ascending order, and their messages.
func shown(m map[int]hexBytes) (indexes []int, messages [][]byte) {
	for i := range m {
		indexes = append(indexes, i)
	}
	slices.Sort(indexes)
	for _, i := range indexes {
		messages = append(messages, m[i])
	}
	return indexes, messages
}

// wantTrace compares text, so that a fixture with an error in it fails until it is named as such.
func wantTrace(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if hex.EncodeToString(got) != want {
		t.Errorf("%s: got %x, want %s", what, got, want)
	}
}

// checkProofTrace compares what a verifier computes of a proof.
func checkProofTrace(t *testing.T, fx *committedFixture, a api, public *PublicKey, header []byte, nyms int) {
	t.Helper()
	p, err := parseProof(fx.Proof)
	if err != nil {
		t.Fatal(err)
	}
	disclosed, messages := shown(fx.Revealed)
	more, committed := shown(fx.RevealedCommitted)
	indexes, err := joinIndexes(disclosed, fx.L, more, len(fx.CommittedMessages))
	if err != nil {
		t.Fatal(err)
	}
	gens := a.committedGenerators(fx.L, len(fx.CommittedMessages)+nyms)
	domain := a.domain(public, gens, header)
	a.proofVerifyInit(p, gens, &domain, indexes, append(a.messageScalars(messages), a.messageScalars(committed)...))
	d := scalarBytes(&domain)
	wantTrace(t, "domain", d[:], fx.Trace.Domain)
	wantHex(t, "Abar", p.encoded.aBar[:], fx.Trace.Abar)
	wantHex(t, "Bbar", p.encoded.bBar[:], fx.Trace.Bbar)
	wantHex(t, "D", p.encoded.d[:], fx.Trace.D)
	wantHex(t, "T1", p.encoded.t1[:], fx.Trace.T1)
	wantHex(t, "T2", p.encoded.t2[:], fx.Trace.T2)
	wantScalar(t, "challenge", p.c, hexBytes(fx.Trace.Challenge))
}

// checkRandom compares the random scalars of a proof with their trace.
func checkRandom(t *testing.T, fx *committedFixture, s Ciphersuite, hidden int) {
	t.Helper()
	want := &fx.Trace.Random
	if want.R1 == nil {
		want = &fx.Trace.RandomInTheSpellingOfTwo
	}
	all := append([]hexScalar{want.R1, want.R2, want.ETilde, want.R1Tilde, want.R3Tilde}, want.MTilde...)
	got := fx.source(s, fx.Mock.Proof.DST)(proofScalars + hidden)
	if len(got) != len(all) {
		t.Fatalf("got %d random scalars, want %d", len(got), len(all))
	}
	for i := range got {
		wantScalar(t, "random scalar", got[i], hexBytes(all[i]))
	}
}

func TestVectorsBlindGenerators(t *testing.T) {
	checkGenerators(t, "bbs-blind", Ciphersuite.blind)
}

// checkGenerators compares the generators of an interface and of its commitments.
func checkGenerators(t *testing.T, topic string, of func(Ciphersuite) (api, error)) {
	t.Helper()
	dir := vectors.Dir(t, topic)
	for _, s := range []Ciphersuite{SHA256, SHAKE256} {
		type set struct {
			ID            string `json:"api_id"`
			P1, Q1        hexBytes
			MsgGenerators []hexBytes
		}
		var fx struct{ Generators, BlindGenerators set }
		readJSON(t, filepath.Join(dir, fixtureDirs[s], "generators.json"), &fx)
		a, err := of(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			a    api
			want set
		}{{a, fx.Generators}, {a.committing(), fx.BlindGenerators}} {
			if c.a.id != c.want.ID {
				t.Errorf("got api_id %s, want %s", c.a.id, c.want.ID)
			}
			wantHex(t, "P1", s.basePoint().encoded[:], c.want.P1)
			want := append([]hexBytes{c.want.Q1}, c.want.MsgGenerators...)
			if len(want) < 6 {
				t.Fatalf("got %d generators in the fixture, want 6 at least", len(want))
			}
			for i, g := range c.a.generators(len(want)) {
				wantHex(t, "generator", g.encoded[:], want[i])
			}
		}
	}
}

func TestVectorsBlindCommit(t *testing.T) {
	committedFixtures(t, "bbs-blind", "commit", 2, func(t *testing.T, s Ciphersuite, fx *committedFixture) {
		a, err := s.blind()
		if err != nil {
			t.Fatal(err)
		}
		checkCommit(t, a, fx, a.messageScalars(lists(fx.CommittedMessages)), fx.source(s, fx.Mock.Commit.DST))
		drawn := fx.source(s, fx.Mock.Commit.DST)(2 + len(fx.CommittedMessages))
		wantScalar(t, "s~", drawn[1], hexBytes(fx.Trace.Random.STilde))
		for i, m := range fx.Trace.Random.MTildes {
			wantScalar(t, "m~", drawn[2+i], hexBytes(m))
		}
	})
}

// checkCommit makes the commitment of a fixture and opens it.
func checkCommit(t *testing.T, a api, fx *committedFixture, scalars []scalar, random scalarSource) {
	t.Helper()
	count := len(scalars)
	commitment, blind, err := a.commit(scalars, random)
	if err != nil {
		t.Fatal(err)
	}
	wantHex(t, "commitment", commitment, fx.CommitmentWithProof)
	wantHex(t, "blind", blind.Secret(), hexBytes(fx.ProverBlind))
	if n, err := CommitmentCount(fx.CommitmentWithProof); err != nil || n != count {
		t.Errorf("count: got %d, %v, want %d", n, err, count)
	}
	if _, err := a.openCommitment(fx.CommitmentWithProof, count); err != nil {
		t.Errorf("the commitment does not open: %v", err)
	}
}

func TestVectorsBlindSign(t *testing.T) {
	committedFixtures(t, "bbs-blind", "signature", 6, func(t *testing.T, s Ciphersuite, fx *committedFixture) {
		a, err := s.blind()
		if err != nil {
			t.Fatal(err)
		}
		checkCommit(t, a, fx, a.messageScalars(lists(fx.CommittedMessages)), fx.source(s, fx.Mock.Commit.DST))
		k := fx.key(t)
		sig, err := k.BlindSignMessages(t.Context(), s, fx.CommitmentWithProof, fx.Header, lists(fx.Messages))
		if err != nil {
			t.Fatal(err)
		}
		wantHex(t, "signature", sig, fx.Signature)
		messages, committed := lists(fx.Messages), lists(fx.CommittedMessages)
		if err := s.BlindVerify(k.PublicKey(), fx.Signature, fx.Header, messages, committed, fx.ProverBlind.blind(t)); err != nil {
			t.Errorf("verify: %v", err)
		}
		// One fixture has its B written where the domain belongs, and another point in place of B. Its signature is right.
		b, domain := fx.Trace.B, fx.Trace.Domain
		if s == SHA256 && len(fx.Messages) > 0 && len(domain) == 2*pointSize {
			b, domain = domain, ""
		}
		h := holding{signature: fx.Signature, header: fx.Header, messages: messages, committed: committed, blind: fx.ProverBlind.blind(t)}
		checkSignTrace(t, a, k.PublicKey(), &h, b, domain)
	})
}

// checkSignTrace compares B and the domain; an empty text is not compared.
func checkSignTrace(t *testing.T, a api, public *PublicKey, h *holding, b, domain string) {
	t.Helper()
	p, err := h.prepare(a, public, h.header)
	if err != nil {
		t.Fatal(err)
	}
	d := scalarBytes(&p.domain)
	if domain != "" {
		wantTrace(t, "domain", d[:], domain)
	}
	sum := encodePoints(a.commitMessages(p.gens, &p.domain, p.scalars))
	wantTrace(t, "B", sum[0][:], b)
}

func TestVectorsBlindProof(t *testing.T) {
	committedFixtures(t, "bbs-blind", "proof", 8, func(t *testing.T, s Ciphersuite, fx *committedFixture) {
		a, err := s.blind()
		if err != nil {
			t.Fatal(err)
		}
		public := fx.public(t)
		held := &BlindSigned{
			Signature: fx.Signature, Header: fx.Header, Messages: lists(fx.Messages[:fx.L]), Committed: lists(fx.CommittedMessages),
			Blind: fx.ProverBlind.blind(t),
		}
		disclosed, messages := shown(fx.Revealed)
		more, committed := shown(fx.RevealedCommitted)
		proof, err := s.blindProofGen(public, held, fx.PresentationHeader, &Disclose{disclosed, more}, fx.source(s, fx.Mock.Proof.DST))
		if err != nil {
			t.Fatal(err)
		}
		wantHex(t, "proof", proof, fx.Proof)
		says := &BlindStatement{
			Header: fx.Header, PresentationHeader: fx.PresentationHeader, MessageCount: fx.L, CommittedCount: len(fx.CommittedMessages),
			Disclosed: disclosed, Messages: messages, DisclosedCommitted: more, Committed: committed,
		}
		if err := s.BlindProofVerify(public, fx.Proof, says); err != nil {
			t.Errorf("verify: %v", err)
		}
		if err := s.BlindVerify(public, fx.Signature, fx.Header, held.Messages, held.Committed, held.Blind); err != nil {
			t.Errorf("signature: %v", err)
		}
		checkProofTrace(t, fx, a, public, fx.Header, 0)
		checkRandom(t, fx, s, fx.L+1+len(fx.CommittedMessages)-len(disclosed)-len(more))
		h := holding{signature: fx.Signature, header: fx.Header, messages: held.Messages, committed: held.Committed, blind: held.Blind}
		checkSignTrace(t, a, public, &h, fx.Trace.B, fx.Trace.Domain)
	})
}
