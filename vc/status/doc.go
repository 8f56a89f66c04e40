// Package status is about status lists: arrays of small values, one for each credential, by which an issuer revokes or suspends what it
// issued without anybody having to ask it about one credential. There are two kinds, with one array ([Bits]) below both:
//
//   - Token Status List (draft-ietf-oauth-status-list-20): least significant bit first, zlib, signed as a JWT ([IssueToken], [ReceivedToken])
//     or a CWT (vc/status/cwt), entries of 1, 2, 4 or 8 bits. SD-JWT VC and other tokens refer to it ([TokenStatus]).
//   - Bitstring Status List 1.0 (W3C Recommendation of 2025-05-15): most significant bit first, gzip, at least 131,072 entries, in a credential
//     of its own ([BitstringList]) which any format of W3C credentials signs. W3C credentials refer to it ([BitstringEntry]).
//
// # Verifiers
//
// [Lists] fetch each list once, verify it, keep it and look entries up:
//
//	lists := status.NewLists(verifier, source, &status.Options{Formats: …})
//	got, report, err := verifier.Verify(ctx, presentation, &vc.Expect{StatusLists: lists, …})
//
// No list is fetched for one credential: all who refer to the same list share it, and it is asked for again only when its ttl has passed. The
// report tells how old what it rested on is. Without a [Source] only lists that were brought ([Lists.Add]) are known.
//
// A list is verified like a credential, by the same vc.Verifier. It must be signed by the issuer of the credential, with any of its
// keys for assertions, or by one whom [Options].Delegates names. Its own URI (sub, id) must be the one by which it was asked for.
//
// What is final and what is not: an index, a purpose or a size that the list does not have is the credential's fault, and final
// (vc.ErrInvalid). Everything that can be brought about by whoever stands between verifier and list is vc.ErrUnknown: no answer, a list that
// does not verify, one of another issuer, another one of the same issuer, an old one, one that is cut off or inflates without end. An index
// after the end is looked for in a newer copy first.
//
// Age: a list counts until exp (validUntil), and no longer than the policy (vc.Expect.MaxStatusAge) after it was obtained; between, a copy that
// cannot be replaced goes on counting. A list that does not say when it ends counts as long after it was made. [Options].MaxListAge bounds the
// age of every list. Among two copies the one that was issued later counts. ttl only says when to ask again, and is kept between a minute and a
// day.
//
// Meaning: of a Token Status List 0 is valid, 1 revoked, 2 suspended, and everything else is refused as unknown to this library. Of a Bitstring
// Status List every value but 0 revokes (purpose revocation) or suspends (suspension); purposes message and refresh are reported and take no
// validity away; other purposes are refused if the value is not 0. A credential may refer to several lists: each must be known and must not
// revoke or suspend.
//
// # Issuers
//
// [IssuerList] is one list on the issuer's disk. It gives entries away at random and never twice, also across crashes, and publishes the list
// through any io.Writer:
//
//	l, err := status.CreateList("lists/1", status.ListOptions{Mechanism: vc.TokenStatusList, Entries: 1 << 20, Size: 2})
//	index, err := l.Allocate(1)                                         // for a credential's "status"
//	err = l.Set(status.Invalid, index[0])                               // revoke
//	err = l.PublishToken(ctx, file, issuer, status.TokenList{URI: uri, Expires: …, TTL: …})
//
// # A million credentials
//
// One list of 2^20 to 2^21 entries is enough, and is better than many small ones: a verifier cannot be followed by the list that it asks for, and
// revoked entries have a crowd to hide in. With one entry in a hundred revoked, 2^20 entries of one bit are 128 KiB, of which compression leaves 15,
// and the signed JWT has 27; a verifier reads it in less than a millisecond. Some rules that have proven themselves:
//
//   - Begin the next list when half of the entries are given away or earlier, not when [ErrFull] comes, so that the place of an
//     entry does not tell that it was among the last. Give entries of several open lists away at random.
//   - Allocate for a batch of credentials at once: one disk write for all. Every copy of a credential (batch issuance) needs its own entry.
//   - One list for each purpose and each year in which credentials expire, so that a list can be dropped with the last of them.
//   - Sign the list again at a fixed rhythm, also if nothing changed: say every hour, with a ttl of an hour and an exp of a day. Who cannot reach
//     the server for a day then no longer accepts credentials: choose exp by how long that may take, and ttl by how fast a revocation must be seen.
//   - Write to a temporary file and rename it, or to an object store, and let a content network serve it: the list is signed, so whoever serves it
//     can hold it back and not change it. Serve it under its media type, with Cache-Control like ttl, and with no log of who asked.
//   - Add decoys ([IssuerList.AddDecoys]) when the number of revocations, or their times, would say too much.
//   - Give no list a URI that differs for each credential; verifiers would be followed by it.
//   - Keep the file of an IssuerList in the backup, and never put an old copy back into service.
package status
