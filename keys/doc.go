// Package keys holds the algorithms of the library and the encodings of their keys: one table says what each algorithm
// is called everywhere, and nothing outside the table is accepted.
//
//	            signs  JOSE   JWK kty, crv    multicodec  COSE alg, kty, crv  public  secret  signature  hash
//	Ed25519     yes    EdDSA  OKP, Ed25519    0xed        -8, 1, 6            32      32      64         (inside)
//	P-256       yes    ES256  EC, P-256       0x1200      -7, 2, 1            33      32      64         SHA-256
//	P-384       yes    ES384  EC, P-384       0x1201      -35, 2, 2           49      48      96         SHA-384
//	secp256k1   yes    ES256K EC, secp256k1   0xe7        -47, 2, 8           33      32      64         SHA-256
//	SM2         yes    –      –               0x1206      –                   33      32      64         SM3
//	X25519      no     –      OKP, X25519     0xec        none, 1, 4          32      32      –          –
//	BLS12-381-G2  no   –      –               0xeb        –                   96      –       –          –
//
// Lengths are in bytes. Public keys of the elliptic curves in Weierstrass form are compressed points (SEC 1, 2.3.3).
//
// # What is checked
//
// A [PublicKey] exists only when its bytes are the one canonical encoding of a point on the curve that is not of small
// order: of Ed25519 and X25519 both the encoding and the order are looked at, the other curves have prime order. The parsed
// point stays inside the value, so that Verify repeats none of this. The exception is BLS12-381 G2, the issuers' keys of BBS
// signatures: their bytes are checked for form alone, so that this package links no pairing; package keys/bbs checks the point.
//
// Ed25519 signatures follow the rule of the standard library: no cofactor, s below the group order, R compared as bytes.
// Together with the rule for keys every implementation that follows RFC 8032, 5.1.7 without the cofactor agrees. Batch
// verification follows another rule and is not used.
//
// ECDSA and SM2 signatures are r‖s, each of the length of the curve's order, each in [1, n-1]; ASN.1 appears only in
// PEM. [PrivateKey.Sign] always yields the lower of s and n-s for P-256, P-384 and secp256k1; [PublicKey.Verify] takes both
// because JOSE and COSE do, [PublicKey.VerifyLowS] only the lower, so that nobody else can make a second signature from a first.
//
// # SM2
//
// Signatures follow GB/T 32918.2-2016 with SM3 (GB/T 32905-2016) and the user identifier 1234567812345678 of GM/T 0009. There is
// no low-s form: s and n-s are not both signatures. Neither the JOSE nor the COSE registries of IANA hold a name for SM2; the
// Internet-Draft that asked for one (draft-dang-webauthn-sm2-00) expired in May 2022. Therefore [Algorithm.JOSE] and
// [Algorithm.COSE] refuse it and it has no JWK: a private name would be understood by nobody and could come to mean something
// else. As Multikey it has the code that the multicodec table and Controlled Identifiers 1.0 give it.
//
// # EdDSA and Ed25519
//
// RFC 9864 deprecates the JOSE name EdDSA in favour of Ed25519. [AlgorithmByJOSE] reads both; [Algorithm.JOSE] writes EdDSA,
// which every verifier in the field knows.
//
// # Secrets
//
// A [PrivateKey] prints as its algorithm and public key under every verb of fmt, and refuses encoding/json. Ed25519, P-256, P-384 and
// X25519 run in the constant time of the standard library, SM2 in that of its library. The secp256k1 library multiplies and inverts
// in variable time: it is given secrets only after they were blinded with fresh randomness.
package keys
