// Package evmledger keeps ledgers on chains that run the Ethereum virtual machine: Ethereum itself, and others such as FISCO
// BCOS. There are two ways, each with a small contract (contract/Realdid.sol) that nobody can change once it is deployed:
//
//   - Direct: a [Ledger] whose operations are in the contract. Everybody who reads the chain has the same ledger. Each append
//     pays a fee and waits until its block is final.
//   - Anchor: a log that is kept elsewhere (package tlog) writes the digest of each checkpoint into the contract, so that the
//     chain is a witness that cannot be shown two histories: [Anchors] and [AnchoredLog]. Appends do not wait for the chain.
//
// # What a direct ledger guarantees
//
// Durability and finality: an acknowledged entry is in a block that is final by the [Finality] which was chosen; there is no
// default. Order: that of the chain, with the time of the block. The contract compares and swaps the number of a key's
// entries, so any number of processes may write.
//
// The contract admits nothing by itself, because it cannot execute a method's rules: it takes what its operator sends, or
// what anybody sends if it has none. An operation is tried with the Reducer before it is sent, and every reader executes
// the Reducer over all that the contract has and skips what it refuses. What is skipped has no index and no seq; the
// contract's own count of a key's steps includes it. In a contract without an operator, set [Options].Linked, so that
// strangers who put garbage behind a key cannot hold up what is appended to it. They can cost the key its evidence, never its
// history: a proof brings everything that the contract took for the key, and once that is more than [MaxProofSize], which
// costs little more than 3 million gas, there is no proof of the key any more ([ErrProofSize]). Whoever needs answers that are provably the
// latest deploys with an operator, or anchors.
//
// # Who can do what
//
// A contract's operator can refuse to write, and nothing else; without one nobody can refuse. Proposers of blocks can delay,
// and so can those who outbid. What the chain's consensus rewrites below its finality is rewritten here: a reader finds that out
// and stops with [ErrReorganised].
//
// The node that is asked can delay and hide. A reader compares the events that it is given with the contract's slots, so a
// node that answers for the slots truthfully cannot invent, change, reorder or leave out operations of a key whose events it gives
// at all. It can hide a key altogether, and change the order among different keys, in which case indexes differ. If the node may lie about the
// slots too, ask one's own, or verify proofs.
//
// Whoever creates a contract can leave slots and events in it that its code did not write: the code that a chain shows does
// not say what ran before it. A reader refuses events whose time is not that of their block, as corrupt, so that what is
// left in this way counts at most as what anybody could have sent to an open contract in its first block; with an operator it would
// count as the operator's. [ChainTrust] knows neither events nor times of earlier blocks: under it the creator could give a key a history
// that no reader has. [Open] checks the transaction that created the contract where it can: if [Deployment].Block is the block of
// it, the node has it, and an account sent it and no contract. In all other cases, and always for ChainTrust, the contract has to be one
// that one deployed oneself ([Deploy]), or somebody has to audit that transaction: its data has to be the bytecode in
// contract/Realdid.json and the operator as a word of 32 bytes, and nothing else.
//
// # Evidence
//
// With eth_getProof, a [ProvenLedger] or [AnchoredLog] proves to others what stands at a key, under a block header that the
// verifier pinned or that observers cosigned; [ChainTrust] verifies that without a node. On the chain's word alone a direct
// ledger is so *latest* and *absent*, because the proof brings all operations of the key; an anchored log needs auditors.
// Nodes without eth_getProof, such as FISCO BCOS's (whose Ethereum interface is off by default and lacks eth_feeHistory as well, in
// whose place the gas price is asked for), can prove nothing: the ledgers work, replay is all the evidence there is, and
// the constructors say [ErrNoProof].
//
// # Replay
//
// No transaction counts on another chain: the chain's identity is part of what is signed (EIP-155), and a signer that leaves
// it out is refused. No checkpoint and no proof counts for another contract: its [Origin], which names chain and address, is the
// origin of the log and of what [ChainTrust] verifies. An operation of did:realdid signs the name of its home ledger, and the
// descriptor of the network says which origin has that name: give no two contracts one name.
//
// # On the chain
//
// RealdidAnchor has its chain of digests in slot 0, RealdidDirect that of key k in slot keccak256(keccak256(name of k) ‖ 32
// zero bytes). A chain is 224 bits of hash and 32 bits of length, so that a step writes one slot; contract/Realdid.sol says
// what is hashed, and what the events and the data of a transaction contain. The operator is in the code.
//
// # In the directory
//
// [Options].Directory has an index: entries/, a boltledger with the entries that count, and chain.db, the position in the
// chain (positionfile.go). It can be deleted at any time, and is then read from the chain again.
package evmledger
