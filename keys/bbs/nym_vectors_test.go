package bbs

import (
	"slices"
	"testing"
)

func nymsOf(t *testing.T, list []hexScalar) *NymSecrets {
	t.Helper()
	n, err := NymSecretsFromSecret(slices.Concat(asBytes(list)...))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func asBytes(list []hexScalar) [][]byte {
	out := make([][]byte, len(list))
	for i, k := range list {
		out[i] = k
	}
	return out
}

// committedScalars returns what a commitment with nyms is made of.
func (fx *committedFixture) committedScalars(t *testing.T, a api) []scalar {
	t.Helper()
	ks := a.messageScalars(lists(fx.CommittedMessages))
	nyms, err := nymsOf(t, fx.ProverNyms).get().scalars()
	if err != nil {
		t.Fatal(err)
	}
	return append(ks, nyms...)
}

func TestVectorsNymGenerators(t *testing.T) {
	checkGenerators(t, "bbs-pseudonym", Ciphersuite.nym)
}

func TestVectorsNymCommit(t *testing.T) {
	committedFixtures(t, "bbs-pseudonym", "nymCommit", 4, func(t *testing.T, s Ciphersuite, fx *committedFixture) {
		a, err := s.nym()
		if err != nil {
			t.Fatal(err)
		}
		random := fx.source(s, fx.Mock.Commit.DST)
		checkCommit(t, a, fx, fx.committedScalars(t, a), random)
		commitment, _, err := s.nymCommit(lists(fx.CommittedMessages), nymsOf(t, fx.ProverNyms), random)
		if err != nil {
			t.Fatal(err)
		}
		wantHex(t, "commitment", commitment, fx.CommitmentWithProof)
		drawn := random(2 + len(fx.CommittedMessages) + len(fx.ProverNyms))
		wantScalar(t, "s~", drawn[1], hexBytes(fx.Trace.Random.STilde))
		if len(fx.Trace.Random.MTildes) != len(drawn)-2 {
			t.Fatalf("got %d m~ in the trace, want %d", len(fx.Trace.Random.MTildes), len(drawn)-2)
		}
		for i, m := range fx.Trace.Random.MTildes {
			wantScalar(t, "m~", drawn[2+i], hexBytes(m))
		}
	})
}

func TestVectorsNymSign(t *testing.T) {
	committedFixtures(t, "bbs-pseudonym", "nymSignature", 6, func(t *testing.T, s Ciphersuite, fx *committedFixture) {
		a, err := s.nym()
		if err != nil {
			t.Fatal(err)
		}
		checkCommit(t, a, fx, fx.committedScalars(t, a), fx.commitSource(s))
		k, messages, committed := fx.key(t), lists(fx.Messages), lists(fx.CommittedMessages)
		sig, err := k.NymSignMessages(t.Context(), s, fx.CommitmentWithProof, len(fx.ProverNyms), fx.Entropy, fx.Header, messages)
		if err != nil {
			t.Fatal(err)
		}
		wantHex(t, "signature", sig, fx.Signature)
		final, err := s.NymFinalize(k.PublicKey(), fx.Signature, fx.Header, messages, committed, nymsOf(t, fx.ProverNyms), fx.Entropy, fx.ProverBlind.blind(t))
		if err != nil {
			t.Fatal(err)
		}
		wantHex(t, "nym secrets", final.Secret(), slices.Concat(asBytes(fx.NymSecrets)...))
		// The B of one fixture ends with a stray letter.
		b := fx.Trace.B
		if s == SHA256 && len(b) == 2*pointSize+1 && b[2*pointSize] == 's' {
			b = b[:2*pointSize]
		}
		secrets, err := final.get().scalars()
		if err != nil {
			t.Fatal(err)
		}
		h := holding{
			signature: fx.Signature, header: nymHeader(fx.Header, len(secrets)), messages: messages, committed: committed,
			blind: fx.ProverBlind.blind(t), nyms: secrets,
		}
		checkSignTrace(t, a, k.PublicKey(), &h, b, fx.Trace.Domain)
	})
}

func TestVectorsNymProof(t *testing.T) {
	committedFixtures(t, "bbs-pseudonym", "nymProof", 10, func(t *testing.T, s Ciphersuite, fx *committedFixture) {
		a, err := s.nym()
		if err != nil {
			t.Fatal(err)
		}
		public, messages, committed := fx.public(t), lists(fx.Messages), lists(fx.CommittedMessages)
		checkCommit(t, a, fx, fx.committedScalars(t, a), fx.source(s, fx.Mock.Commit.DST))
		final, err := s.NymFinalize(public, fx.Signature, fx.Header, messages, committed, nymsOf(t, fx.ProverNyms), fx.Entropy, fx.ProverBlind.blind(t))
		if err != nil {
			t.Fatal(err)
		}
		wantHex(t, "nym secrets", final.Secret(), slices.Concat(asBytes(fx.NymSecrets)...))
		nym, err := s.Pseudonym(fx.ContextID, final)
		if err != nil {
			t.Fatal(err)
		}
		wantHex(t, "pseudonym", nym, fx.Pseudonym)

		disclosed, shownMessages := shown(fx.Revealed)
		more, shownCommitted := shown(fx.RevealedCommitted)
		held := &NymSigned{
			Signature: fx.Signature, Header: fx.Header, Messages: messages, Committed: committed, Blind: fx.ProverBlind.blind(t), Nyms: final,
		}
		random := fx.source(s, fx.Mock.Proof.DST)
		proof, nym, err := s.nymProofGen(public, held, fx.ContextID, fx.PresentationHeader, &Disclose{disclosed, more}, random)
		if err != nil {
			t.Fatal(err)
		}
		wantHex(t, "proof", proof, fx.Proof)
		wantHex(t, "pseudonym of the proof", nym, fx.Pseudonym)
		says := &NymStatement{
			Header: fx.Header, PresentationHeader: fx.PresentationHeader, ContextID: fx.ContextID, NymCount: len(fx.ProverNyms),
			MessageCount: fx.L, CommittedCount: len(committed),
			Disclosed: disclosed, Messages: shownMessages, DisclosedCommitted: more, Committed: shownCommitted,
		}
		if err := s.NymProofVerify(public, fx.Proof, fx.Pseudonym, says); err != nil {
			t.Errorf("verify: %v", err)
		}
		hidden := fx.L + 1 + len(committed) + len(fx.ProverNyms) - len(disclosed) - len(more)
		checkRandom(t, fx, s, hidden)
		checkProofTrace(t, fx, a, public, nymHeader(fx.Header, len(fx.ProverNyms)), len(fx.ProverNyms))
		checkNymTrace(t, a, fx, final, random(proofScalars+hidden))
	})
}

// checkNymTrace compares what belongs to the pseudonym: the point of the context, both polynomials, and Ut from either side.
func checkNymTrace(t *testing.T, a api, fx *committedFixture, final *NymSecrets, drawn []scalar) {
	t.Helper()
	n := len(fx.ProverNyms)
	p, err := parseProof(fx.Proof)
	if err != nil {
		t.Fatal(err)
	}
	part, err := a.nymVerifyPart(fx.ContextID, fx.Pseudonym, p.mHat[len(p.mHat)-n:], &p.c)
	if err != nil {
		t.Fatal(err)
	}
	wantHex(t, "Ut of the verifier", part.points[1][:], fx.Trace.Ut)
	wantHex(t, "pseudonym of the trace", part.points[0][:], fx.Trace.Pseudonym)
	secrets, err := final.get().scalars()
	if err != nil {
		t.Fatal(err)
	}
	tildes := drawn[len(drawn)-n:]
	if part, err = a.nymPart(fx.ContextID, secrets, tildes); err != nil {
		t.Fatal(err)
	}
	wantHex(t, "Ut of the prover", part.points[1][:], fx.Trace.Ut)
	op, z, err := a.nymPoint(fx.ContextID)
	if err != nil {
		t.Fatal(err)
	}
	if fx.Trace.OP == nil {
		return // the first fixtures of SHA-256 are traced no further
	}
	encoded := op.Bytes()
	wantHex(t, "OP", encoded[:], fx.Trace.OP)
	wantScalar(t, "polynomial of the pseudonym", polynomial(secrets, &z), hexBytes(fx.Trace.PolyEvalPseudo))
	wantScalar(t, "polynomial of the proof", polynomial(tildes, &z), hexBytes(fx.Trace.PolyEvalProof))
}
