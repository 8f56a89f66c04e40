// Package filetransfer sends files between people who know each other by DID: in messages of DIDComm v2.1 that only the receiver can
// read and only the sender can have written, streamed with bounded memory on both sides, and resumed, after either side stopped, from
// the last byte that is on the receiver's disk and was checked. PROTOCOL.md in the folder above describes the messages.
//
// A Peer is one person's side: it finds others by DID, packs and unpacks. A Sender and a Receiver are its two roles.
package filetransfer
