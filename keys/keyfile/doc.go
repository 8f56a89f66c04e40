// Package keyfile keeps private keys and seeds in a file under a passphrase.
//
// # Format, version 1
//
// A file is a header line and a body. The header is
//
//	realdid-keyfile v1 argon2id t=3 m=65536 p=4
//
// with the cost of Argon2id (RFC 9106): passes, memory in KiB, lanes, in decimal without leading zeros. The body is standard
// base64 with padding (RFC 4648, section 4) in lines of 64 characters, the last one shorter or not; every line ends in one line feed.
// There is one text for each content: anything else is not read. The body holds, one after the other:
//
//	salt    16 bytes, random
//	check   32 bytes, SHA-256 of "realdid-keyfile/check" and the second half of the Argon2id output
//	nonce   24 bytes, random
//	sealed  XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) under the first half of the Argon2id output, with the header line
//	        and its line feed as additional data
//
// The Argon2id output is 64 bytes of the passphrase and the salt. The plaintext is a count of entries (two bytes, big endian) and the
// entries, each of four strings with a length byte before each: kind, label, algorithm, secret. The kind "key" goes with an algorithm of
// package keys and a secret as keys.NewPrivateKey takes it; every other kind with an empty algorithm and a secret of 32 bytes.
//
// # What it protects
//
// Whoever reads the file learns its size and the cost, and can try passphrases at that cost. Whoever can change it can destroy it or put
// an older one back. The cost has a floor, so that nobody is talked into a cheap one, and a ceiling, so that a file cannot make its
// reader run out of memory or time.
package keyfile
