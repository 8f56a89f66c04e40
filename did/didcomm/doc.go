// Package didcomm exchanges encrypted and signed messages between holders of DIDs: DIDComm Messaging v2.1 (Decentralized Identity
// Foundation). Keys are those that the DID documents of sender and recipient name; nothing else is shared beforehand.
//
//	alice := didcomm.New(resolver, aliceSecrets, nil)
//	packed, err := alice.Authcrypt(ctx, &didcomm.Message{ID: didcomm.NewID(), Type: t, From: a, To: []did.DID{b}, Body: body}, nil)
//	…                                            // bring it to Bob: package didcommhttp, a file, a QR code
//	r, err := bob.Unpack(ctx, packed, &didcomm.Expect{Accept: didcomm.Authcrypt, From: a})
//
// [Agent.Authcrypt] proves the sender to the recipients and to nobody else, [Agent.Anoncrypt] hides the sender, [Agent.Sign] proves it to
// everybody, and EncryptOptions.SignBy does so inside of an encrypted message. [Agent.Unpack] reads all of them; what it accepts has to be said.
// The package opens no connections: it needs a resolver, and what it packs is brought to the other side by somebody else.
//
// # Keys
//
// Encryption is to the keyAgreement keys of a document, on X25519, P-384 or P-256; P-521, which the specification calls optional, is refused.
// Authcrypt is ECDH-1PU+A256KW (draft 04) with A256CBC-HS512, anoncrypt ECDH-ES+A256KW with A256CBC-HS512, A256GCM or XC20P. Signatures
// are by authentication keys: EdDSA, ES256, ES384, ES256K. A key is named by its DID URL, which must be, byte for byte, that of a method
// in the document of the URL's own DID.
//
// A document's keys can change between two messages. Expect.RetiredRecipientKeys reads what was on its way. Whoever cannot open a message
// ([ErrNotRecipient]) does not know who sent it, or in which thread: the key that an envelope names for its sender proves nothing as long as
// it is not opened, so there is nobody to answer. A party that waits for messages of a thread can tell the other side of it, in a problem
// report of that thread ([CodeTrustCrypto]), and a sender that gets no answer looks the keys up again (EncryptOptions.NoCache).
// A change of the DID itself is announced with [Agent.FromPrior] and read as Received.Prior.
//
// # Several recipients
//
// One envelope can be for several DIDs, if each has a key on one common curve ([ErrCurves]). Some implementations read envelopes for the keys
// of one DID only, and the specification's own way to several recipients is one envelope for each, because each may sit behind other
// mediators: pack the message once for each, with EncryptOptions.For.
//
// # Routing
//
// A document names endpoints in services of type DIDCommMessaging ([NewService], [Endpoints]). [Agent.Routes] finds the ways to a party,
// through mediators too, [Agent.Wrap] puts a packed message into the forward messages for the mediators of a way, and a mediator opens one with
// [Agent.UnwrapForward].
//
//	routes, err := alice.Routes(ctx, b, nil)
//	packed, err = alice.Wrap(ctx, packed, b.URL(), routes[0].Hops, nil)
//	…                                            // to routes[0].URI
//
// # What is refused
//
// Everything that two readers could read differently: members that stand twice, parameters that stand both in the protected header and
// in another, a header that does not say what it is for (typ), compression, critical extensions, party information (apu, apv) that is not
// that of the keys, a sender, signer or recipient who is not the one in the message. The addressees of a message (to), if it has any, must
// include the one whose key opened it. from and to are DIDs; DID URLs with a path or query, which the specification also allows, are refused.
// A message's id is of at most 255 characters: the specification says 32 bytes, and recommends UUIDs, which have 36.
//
// Errors are [ErrInvalid], which is final, or [ErrUnknown]: the document or key could not be had, and may be had later. Limits are constants of
// this package; work on an envelope that is for nobody here ends before anybody's document is asked for.
//
// # What is left to the caller
//
// Replays: a message that was seen before must not be acted on twice. It is told by its sender and its id together, From if it is
// authenticated and ID, the id without regard to letter case ([SameID]): other senders may use the same ids, and who sends again can write
// them in other letters. Answers: whom [Message.Reply] and [NewProblem] address is proven if Received.Authenticated says so. Order:
// [Message.ThreadID] and what the protocol puts into messages. Trust: a forward message says where to send something, and a mediator sends to
// whom it has agreed with. Attachments that are linked are not fetched, and signatures of attachments are kept and not verified.
package didcomm
