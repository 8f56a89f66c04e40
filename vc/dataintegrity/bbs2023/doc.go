// Package bbs2023 is the cryptosuite bbs-2023 (Data Integrity BBS Cryptosuites 1.0, W3C Candidate Recommendation of 2024-04-04, with the
// editors' text of 2025-04): the issuer signs every statement of a document at once with a key of BLS12-381 G2, and the holder derives documents
// that say less, each with a fresh proof that has nothing in common with the signature or with another proof.
//
//	cred, err := dataintegrity.Issue(ctx, issuer, credential, &dataintegrity.IssueOptions{Cryptosuite: bbs2023.Suite{Mandatory: …}})
//	shown, err := cred.Derive(ctx, []string{"/credentialSubject/name"}, nil)
//	got, report, err := verifier.Verify(ctx, dataintegrity.Received(shown.Bytes(), &dataintegrity.Options{
//		Cryptosuites: []dataintegrity.Cryptosuite{bbs2023.Suite{}},
//	}), &vc.Expect{…})
//
// Package dataintegrity does not know the suite by itself: who verifies names it in dataintegrity.Options.
//
// # Feature options
//
//	baseline                  0xd95d02, 0xd95d03  W3C's; draft-irtf-cfrg-bbs-signatures. Whoever has the base proof can derive
//	anonymous_holder_binding  0xd95d04, 0xd95d05  W3C's; blind signatures of the draft of 2026 give the values of W3C's vectors. Only who knows
//	                                              the secret that the holder committed to can derive
//	pseudonym                 0xd95d06 … 0xd95d09 W3C's, also with holder binding: refused (bbs2023.feature)
//	CFRG pseudonym of 2026    0xd95d40, 0xd95d41  this library's own, and not W3C's
//
// W3C's text describes pseudonyms after a draft of early 2025. The one of 2026 (bbs.NymDraft) has several nym secrets, signs how many they
// are, and computes another challenge: the pseudonym of one secret is the same in both, signatures and proofs are not, and no proof of one
// verifies as the other. So that nobody takes one for the other, this package's has other headers; it keeps the name bbs-2023, and readers
// of W3C's text refuse it by the header. Besides those, the base proof has the label of every blank node in the place of the HMAC
// key, the issuer's entropy and the number of nym secrets; the derived proof has the pseudonym and the number of signed messages
// behind the components of the baseline. The context and the number of nym secrets do not stand in it: the verifier says them.
//
// # What showings have in common
//
// A proof tells nothing but what it proves. Two showings of one credential can still be recognised by what is the same in both:
//
//   - The members of proof, which the issuer chooses: created, expires, id, nonce, domain. dataintegrity.Issue leaves created out unless
//     IssueOptions.Created is set; set it, if at all, to a time that many credentials share. A signature without a time counts for as
//     long as the key is in service.
//   - The values that are shown, the mandatory ones always. An id of the credential, an id of the subject, a credentialStatus, a
//     validUntil to the second is as good as a name. Nothing here refuses them; package vc/realperson does.
//   - The number of signed statements, which the length of the proof tells, and the places of the shown ones among them. They are the same
//     for credentials of one shape: the same claims, each with as many values.
//   - Labels of blank nodes. Objects without an id get numbers, which the issuer shuffles with an HMAC key for each credential, so that they
//     tell nothing of the values. n objects have n! orders: two of them are one bit that all showings share, five are seven. With
//     pseudonyms the numbers are those of the document's order, and so the same for credentials of one shape. Objects with ids that are
//     the same for everybody need no labels.
//   - The presentation header, if it is not new each time.
//
// # Keys, base proofs, receipts
//
// An issuer's key is used by no other algorithm. A base proof is as secret as the credential: it holds every value, and without holder
// binding or pseudonyms it is all that a thief needs. Credentials have no issuance receipts (dataintegrity.ErrNoReceipts), which would tell
// showings apart; a proof set with another suite's proof beside this one would do that, too.
package bbs2023
