// Package didcommhttp carries packed messages of package didcomm over HTTPS (DIDComm Messaging v2.1, section "Transports", "HTTPS"):
// one POST for each message, under its media type, in one direction only.
//
// A Client sends to endpoints that strangers wrote into their DID documents, and lets nobody use it as a way into a network: only HTTPS is
// spoken, without proxies, cookies and compression. A host name is looked up once per connection, every address that it has must be public, and the
// connection goes to one of the addresses that were checked. Of redirects only status 307 is followed, to what passes the same checks.
//
// A Handler bounds the bytes that strangers can have it hold, and the number of messages that are worked on. Who sends that many bytes, and keeps
// the last ones back, keeps others out for HandlerOptions.Timeout; against that, a server in front limits connections by address.
package didcommhttp
