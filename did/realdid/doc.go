// Package realdid is the DID method did:realdid: identifiers that their holders alone control, on a ledger that orders
// operations and decides nothing else. SPEC.md beside this file is normative.
//
// An [Operation] proves itself by signatures, by the predecessor that it names and by keys that were committed to before
// they were shown. [Apply] is the one pure function that says whether an operation may follow a state, and what the state
// is then; ledgers that admit operations, resolvers and auditors all use it. A [Method] writes and resolves identifiers
// on a ledger; it implements did.Resolver. [Seed] derives the keys of a holder in a way that keeps the means to rotate
// and to recover away from the device that is used every day.
//
// On a ledger that proves what it says (ledger.Prover), answers have the evidence of its proofs. A [Bundle] is one file with
// which a [Verifier] comes to the same answer without any network; a [Memory] keeps the checkpoints that a client has seen, so
// that it notices a log that shows two histories; a [Descriptor] names whom to trust in a trust domain. A [Registrar] prepares
// and submits operations for holders whose keys it never sees.
package realdid
