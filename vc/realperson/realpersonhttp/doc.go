// Package realpersonhttp carries the messages of package realperson over HTTP: between a wallet and the authority that it enrols with, and
// between a wallet and a platform. What counts is in the messages, which are signed and checked by package realperson on both sides;
// HTTP brings them there.
//
// An authority ([NewAuthorityHandler]):
//
//	GET  /parameters  → what everybody may know of it, for realperson.ParseParameters
//	GET  /challenge   → {"challenge"}: a nonce for one request
//	POST /enrol       {"request","evidence"} → {"issued"}; evidence is an object that [People] understands
//	POST /reenrol     the same, for a new generation
//	POST /activate    {"request"} → {"activated":true}
//	POST /renew       {"request"} → {"issued"}
//	GET  /log?from=N  → {"entries":[…]}: the public log, at most 256 at once
//
// A platform ([NewPlatformHandler]):
//
//	POST /requests    {"action","scope"?,"session"?} → 201 {"request"}
//	POST /responses   {"action","scope"?,"session"?,"response"} → {"action","account"?,"created"?,"reports"?,"scope"?,"index"?}
//
// A session is 16 to 256 secret bytes in base64url, which whoever asks for a request makes and keeps: a response to it is taken from nobody else.
// So a stranger's request that is slipped to a wallet, and answered by it, logs nobody in. A site with cookies uses its own
// (PlatformOptions.Session). Clients send a response to where its request says, which the platform signed, and none at all
// to another site than the one that they told the session.
//
// # Answers
//
// Bodies are strict JSON objects, of application/json and not encoded, without members that are not known. Failures are problem details (RFC
// 9457): {"type","title","status","code","detail"?}, where the code is one of the constants of type [Code], and is never renamed. Clients return
// them as a [*ProblemError], which is the error of package realperson that it stands for, in the sense of errors.Is.
//
//	400  malformed, message, scope
//	403  signature, nonce, issuer, not-verified, not-identified, citizen, not-citizen, other-secrets, decided, not-holder, stale-credential, vetoed, policy
//	404  not-found, no-record, no-account, no-such-scope
//	405  method-not-allowed
//	409  replayed, enrolled, not-activated, account-exists, no-report, too-early, issued-before, many-reports, scope-used
//	413  too-large
//	415  unsupported-media-type
//	422  escrow-unavailable, evidence, commitment
//	429  too-soon
//	500  failed
//	503  busy, overloaded, not-checked
//
// # What is left to others
//
// There is no limit on how often one client may ask, no TLS, and no hold on how slowly a body comes: those are for the http.Server and what
// stands before it. Nothing that is logged names anybody. What the network itself tells, from where and when somebody asks, is not hidden by this
// package: a wallet that renews just before it signs up somewhere can be guessed at by times alone.
package realpersonhttp
