// What is done with the vectors of each file of proof/.

import { deepStrictEqual as same } from 'node:assert/strict';
import { fromHex, hex } from './bytes.mjs';
import { signEd25519 } from './derive.mjs';
import { parseLatest, parseTrust, verifyAccusation, verifyLatest } from './latest.mjs';
import { encodeLeaf, inclusionRoot, leafHash, parseLeaf, parseTilePath, root, verifyConsistency } from './log.mjs';
import { headHash, mapLeafHash, mapRoot, parseMapProof, pathOf, verifyMapProof } from './map.mjs';
import { cosignedMessage, parseCheckpoint, parseNote, parseVerifierKey, verifyCosignature, verifyLog } from './note.mjs';
import { refused, seconds } from './vectors.mjs';

const number = (v) => BigInt(v ?? 0);
const hashes = (list) => (list ?? []).map(fromHex);
const orNone = (text) => (text === undefined ? null : fromHex(text));

function checkLog(v) {
  const leaves = v.leaves.map((l) => leafHash(fromHex(l)));
  same(v.roots, Array.from({ length: leaves.length + 1 }, (_, n) => hex(root(leaves.slice(0, n)))));
  for (const p of v.inclusion) {
    same(hex(inclusionRoot(leaves[p.index], number(p.index), number(p.size), hashes(p.path))), v.roots[p.size]);
  }
  for (const p of v.consistency) {
    verifyConsistency(number(p.old), fromHex(v.roots[p.old]), number(p.size), fromHex(v.roots[p.size]), hashes(p.path));
  }
}

// A vector with a leaf is about inclusion, one without about consistency.
function checkBadLog(v) {
  const wanted = fromHex(v.root), path = hashes(v.path);
  if (v.leaf === undefined) {
    refused(() => verifyConsistency(number(v.old), fromHex(v.oldRoot), number(v.size), wanted, path));
    return;
  }
  refused(() => {
    if (!inclusionRoot(leafHash(fromHex(v.leaf)), number(v.index), number(v.size), path).equals(wanted)) throw new Error('another root');
  });
}

function checkLeaf(v) {
  const leaf = parseLeaf(fromHex(v.leaf));
  same([leaf.kind, leaf.time, hex(leafHash(fromHex(v.leaf)))], [v.kind, number(v.time), v.hash]);
  if (leaf.kind === 'entry') {
    same([leaf.index, leaf.seq, leaf.key.toString(), hex(leaf.op)], [number(v.index), number(v.seq), v.key, v.op]);
  } else {
    same([hex(leaf.mapRoot), leaf.size, leaf.entries], [v.mapRoot ?? '0'.repeat(64), number(v.size), number(v.entries)]);
  }
  same(hex(encodeLeaf(leaf)), v.leaf);
}

function checkMap(v) {
  const leaves = v.leaves.map((l) => {
    if (l.key !== undefined) same(hex(pathOf(Buffer.from(l.key))), l.path);
    const path = fromHex(l.path);
    const hash = mapLeafHash(path, headHash(fromHex(l.head)));
    same(hex(hash), l.hash);
    return { path, hash };
  });
  same(hex(mapRoot(leaves)), v.root);
  for (const p of v.proofs) {
    if (p.key !== undefined) same(hex(pathOf(Buffer.from(p.key))), p.path);
    verifyMapProof(parseMapProof(fromHex(p.proof)), fromHex(v.root), fromHex(p.path), orNone(p.head));
  }
}

// malformed says that the proof is refused by its form alone.
function checkBadMap(v) {
  if (v.malformed) { refused(() => parseMapProof(fromHex(v.proof))); return; }
  const proof = parseMapProof(fromHex(v.proof));
  refused(() => verifyMapProof(proof, fromHex(v.root), fromHex(v.path), orNone(v.head)));
}

// checkSeed: the seed is that of the key, and makes the signature. Of ML-DSA-44 this program verifies only.
function checkSeed(v, key, text, value) {
  if (key.type === 6) return;
  const signed = v.time === undefined ? text : fromHex(v.message);
  same(signEd25519(fromHex(v.seed), signed), { publicKey: hex(key.key), signature: hex(v.time === undefined ? value : value.subarray(8)) });
}

function checkCosignature(v) {
  const key = parseVerifierKey(v.key);
  const note = parseNote(Buffer.from(v.note));
  const [{ value }] = note.signatures;
  checkSeed(v, key, note.text, value);
  if (v.time === undefined) { verifyLog(key, note.text, value); return; }
  same(verifyCosignature(key, note.text, value), seconds(v.time));
  same(hex(cosignedMessage(key, note.text, seconds(v.time))), v.message);
}

function checkBadCosignature(v) {
  const key = parseVerifierKey(v.key);
  const note = parseNote(Buffer.from(v.note));
  refused(() => (v.byLog ? verifyLog : verifyCosignature)(key, note.text, note.signatures[0].value));
}

function checkCheckpoint(v) {
  const c = parseCheckpoint(Buffer.from(v.text));
  same([c.origin, c.size, hex(c.root), c.extensions], [v.origin, number(v.size), v.root, v.extensions ?? []]);
}

const texts = {
  checkpoint: parseCheckpoint, note: parseNote, key: (b) => parseVerifierKey(b.toString()), tile: (b) => parseTilePath(b.toString()),
};

const trust = (t) => parseTrust({ ...t, skew: t.maxClockSkewSeconds, nobody: t.insecureNoQuorum });
const open = (v) => verifyLatest(fromHex(v.proof), trust(v.trust), Buffer.from(v.key), seconds(v.now));

function checkLatest(v) {
  const p = open(v);
  same([p.latest, p.absent, p.asOf, p.head && hex(p.head)], [v.latest, v.absent, seconds(v.asOf), v.head ?? null]);
}

// malformed says the same as above. parseLatest verifies as well, so that the reverse is not checked.
function checkBadLatest(v) {
  if (v.malformed) refused(() => parseLatest(fromHex(v.proof), Buffer.from(v.key)));
  same(kinds[refused(() => open(v)).kind], v.error);
}

// The vectors know fewer kinds of errors: what is wrong with a signature is "invalid" there.
const kinds = { invalid: 'invalid', signature: 'invalid', unknown: 'unknown signature', quorum: 'quorum', trust: 'trust' };

function checkAccusation(v) {
  const accusation = fromHex(v.accusation);
  for (const key of v.guilty ?? []) verifyAccusation(accusation, parseVerifierKey(key));
  for (const key of v.innocent ?? []) refused(() => verifyAccusation(accusation, parseVerifierKey(key)));
}

export const proofChecks = {
  'proof/log.json': checkLog,
  'proof/bad-log.json': checkBadLog,
  'proof/leaves.json': checkLeaf,
  'proof/bad-leaves.json': (v) => refused(() => parseLeaf(fromHex(v.leaf))),
  'proof/map.json': checkMap,
  'proof/bad-map.json': checkBadMap,
  'proof/checkpoints.json': checkCheckpoint,
  'proof/cosignatures.json': checkCosignature,
  'proof/bad-cosignatures.json': checkBadCosignature,
  'proof/bad-texts.json': (v) => refused(() => texts[v.kind](fromHex(v.text))),
  'proof/latest.json': checkLatest,
  'proof/bad-latest.json': checkBadLatest,
  'proof/accusations.json': checkAccusation,
};
