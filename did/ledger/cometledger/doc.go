// Package cometledger is a ledger that several operators run together: an application of CometBFT 0.38, whose validators execute every
// operation and agree on every block. [StartNode] runs a validator in this process, with files that [InitFiles] made; [Dial] is the ledger
// for those who use it.
//
// # Guarantees
//
// Finality: an append returns when its block is decided and executed, and a decided block is never taken back as long as less than a third of
// the votes is hostile. Blocks go on while more than two thirds of the votes take part; with less, appends wait, and nothing is lost.
//
// Admission: every validator asks the [ledger.HeadReducer] about every operation, once when it comes (CheckTx) and once when it is proposed
// (ProcessProposal). A proposal with a single operation that is refused, in conflict or malformed is voted down, so a hostile proposer delays a
// block and cannot put anything into it. All validators must run the same reducer: one that decides differently stops its validator.
//
// Durability: before a validator votes for the next block it has synced this one. What more than two thirds have synced survives the loss of
// any of the others' disks.
//
// Order and time: indexes are consecutive, in the order of blocks and in them of transactions. An anchor's time is that of its block, in whole
// seconds: the weighted median of the clocks of those who decided the block before. It is late by up to the time between two blocks,
// [NodeConfig.EmptyBlocks] at most while validators take part, and nobody with less than a third of the votes can move it out of the range of
// the honest clocks.
//
// Evidence: after each block the app hash is [proof.Checkpoint.Digest] of a log whose leaves are the entries and, at the end of each block with
// entries, an epoch with the root of the map of all heads, all in the formats of package proof. The header of the next block has that hash
// and is signed by more than two thirds. So [Client.Prove] gives the newest head of a key, or its absence, to somebody who trusts the validators
// only, by headers and signatures ([LightTrust]): the validators executed the operations, which makes it the evidence Latest or Absent. A block
// without operations leaves the app hash as it is and makes it fresh again, because its header has it too.
//
// What operators can do: with a third of the votes or more, stop the chain; with more than two thirds, write another history, invent entries that the
// reducer accepts, though none for whose signatures they lack keys, and set times. Any single validator can delay an operation that it
// alone was sent. A validator's RPC may answer falsely; what counts is therefore read with a proof, or from entries that are verified by
// themselves.
//
// What strangers can do: whoever reaches the RPC can append what the reducer accepts and ask. A transaction has a key at most once, and each of its
// operations costs 1 and as much again for every 4 KiB of the state before it and of itself; a transaction may cost 768, a proposal
// 8,192, and what waits in a mempool 65,536 and 32 MB, so that neither fat states nor long transactions make blocks slow. A full mempool
// refuses, and who may ask how much is for what stands before the RPC to limit. Whoever reaches the P2P address without being named
// ([NodeConfig.Peers], [NodeConfig.OpenPeers]) is sent away after the handshake and takes no place of a peer; connections that never
// finish theirs are a firewall's to keep away.
//
// The validators are those of the genesis. Others are another chain, to which the ledger moves with its anchors by [ImportGenesis]. A validator
// that signed two blocks of one height is named in a block as evidence, for people to act upon.
//
// # On the wire
//
// A transaction is the byte 01 and a list of at most [MaxTxOps] operations of different keys, each [key, seq, operation], in deterministic CBOR,
// [MaxTxSize] bytes at most. It has no signature: operations are signed by those whom they concern. Its operations have nothing to do with each other; those that
// stand are taken, and a proposer leaves out the others. wire.go has the codes and results, querywire.go the queries.
//
// # On disk
//
// A validator's home has config (keys, genesis.json, and addresses in node.json) and data: CometBFT's stores, and the ledger in data/ledger, which
// is a goleveldb database and the map of package authmap beside it. A block is one synced batch of the database; a map that is behind or damaged
// is made again from it. A damaged record is an error and never an answer; [NodeConfig.Check] reads everything first. The way back from a
// damaged or lost ledger is [Reset] and [NodeConfig.StateSync]: others send all entries, which are executed anew and must lead to the app hash that
// the light client verified.
//
// Snapshots for that take no room, since entries never change. Blocks can be forgotten ([NodeConfig.Retain]); entries cannot.
package cometledger
