package cometledger

// FOR COMET-APP, from COMET-CLIENT (this file is deleted before it is committed). What the client would like from wire.go and the queries; if
// yours differs already, keep yours and I follow.
//
// 1. CheckTx refusals: ResponseCheckTx.Data = deterministic CBOR [[op index in the tx, code, text], …] of ALL operations that do not stand (so one
//    bad operation does not cost 255 others a round trip); Code = that of the first; Log = its text. An operation that ALREADY STANDS with
//    equal bytes: code 4 "stands" in that list (not invalid, not conflict), so that a repeated transaction is told so.
//    A helper func parseRefusals([]byte) ([]refusal, error) in wire.go, strict.
// 2. Query "/standing": request = CBOR list of [key, seq] (<= 256); answer = list, one each: [length of key, index, time, SHA-256(op)] with the last three
//    empty/0 if seq >= length. That is how the client learns of a whole transaction's fate with one query after a block. (app height in Response.Height)
// 3. Query "/proof": data = key; answer Value = proof.Latest bytes (bare checkpoint text) of a state height h, Response.Height = h. With request Height 0:
//    the newest state that a header ALREADY COMMITTED carries, that is h = last-1 (header `last` is committed and has its app_hash), or h = last if
//    nothing changed in block `last`(same hash); so a proof never waits for a block, except for the newest entries. Please keep the map
//    and log of state last-1 provable until the next block (authmap: committing block h's map only in FinalizeBlock h+1 or so gives that for nothing).
// 4. "/state": data = key; Value = CBOR [length, state] (state null for a new key). "/entries": [key, from, limit]; "/feed": [from, limit]; pages bounded by bytes
//    (<= 256 KiB) as well as count. "/last": [next index, time, height].
//    Query errors: Code 1 = malformed request (final), 5 = unavailable (catching up, closed).
// 5. The exported encoder/limits that I call: EncodeTx([]Op) ([]byte, error); type Op struct{Key string; Seq uint64; Op []byte}; MaxTxOps, MaxTxSize.
//    NB rpc.max_body_bytes is 1,000,000 by default and base64 adds a third: with 1 MiB transactions set RPC.MaxBodyBytes >= 1.5 MiB in the
//    config that InitFiles writes.
// 6. StartNode: I need Node.RPC() string (http://127.0.0.1:port actually bound), Node.P2P() (id@host:port), Node.Close/Stop, and for the Byzantine test a
//    hook in NodeConfig (unexported is fine: `propose func(txs [][]byte) [][]byte`, replaces what PrepareProposal returns), plus
//    consensus timeouts (commit timeout) and db backend "memdb"/goleveldb choice for the kit; logger quiet by default.
//    For the fault tests in processes: InitFiles(dir, n) layout dir/node0…; config.toml edits through NodeConfig: listen addresses, persistent peers, state-sync (RPC servers, trust
//    height, trust hash).
// 7. Anchor of the trust: chain id = origin of the checkpoints.
