package realperson

// Every credential names itself and its subject by the same two constants, and has exactly the claims that the authority publishes
// (Parameters), each with one value. It has then no blank nodes, and its statements, sorted, stand in one order for everybody. Otherwise
// the labels of blank nodes and the indexes of statements in a bbs-2023 proof, which stay the same in every showing and which the issuer
// chose with its HMAC key, would be a mark: two blank nodes give one bit, five give seven, and optional or repeated claims move the indexes.
// Whatever else stands in the clear is the same for everybody too: proof members (no created, no nonce, the verification method of the
// parameters), validFrom and validUntil, types, contexts. Wallets refuse a credential that differs, and platforms a presentation that does.
const (
	CredentialID = "https://github.com/realdid/realdid/vc/realperson/v1#credential"
	HolderID     = "https://github.com/realdid/realdid/vc/realperson/v1#holder"
)
