// Package cwt reads and writes Token Status Lists as CWTs (draft-ietf-oauth-status-list-20, section 5.2): one COSE_Sign1 with its tag,
// signed by an issuer. It is a package of its own so that only those link CBOR who need it:
//
//	lists := status.NewLists(verifier, source, &status.Options{Formats: map[string]func([]byte) vc.Presentation{
//		status.CWTMediaType: func(b []byte) vc.Presentation { return cwt.Received(b, nil) },
//	}})
//
// Reading is strict: definite lengths, no duplicate keys, no tag but that of COSE_Sign1, no parameter in both headers, nothing after the end.
// COSE_Mac0 is refused.
package cwt
