// Proofs of what stands at a key (LOG.md, "Latest"), and accusations (LOG.md, "Accusation").
//
// An error has a kind: invalid, which is final; or what is wrong is the trust: trust (the policy is faulty), unknown (a signature
// of somebody else), quorum (too few), signature (of the note: it does not verify, is missing, or is ahead of the clock).

import { equal } from './bytes.mjs';
import { decode } from './cbor.mjs';
import { inclusionRoot, leafHash, parseLeaf, splitHashes, verifyConsistency } from './log.mjs';
import { parseMapProof, pathOf, verifyMapProof } from './map.mjs';
import { isOf, parseCheckpoint, parseNote, parseVerifierKey, verifyCosignature, verifyLog, verifyTimed } from './note.mjs';
import { bytes, limits, must, tuple } from './shape.mjs';

export class ProofError extends Error {
  constructor(kind, what) {
    super(what);
    this.kind = kind;
  }
}

function require(holds, kind, what) {
  if (!holds) throw new ProofError(kind, what);
}

const maxProof = 65536, maxAccusation = 532480;
const roles = ['witness', 'mirror', 'auditor'];

// parseTrust checks a policy: { origin, log, cosigners: [{ key, role }], quorum: { witness, mirror, auditor }, skew in seconds,
// nobody: true if it means to ask for no cosignature }.
export function parseTrust(t) {
  try {
    const log = parseVerifierKey(t.log);
    must(log.type === 1 || log.type === 6, 'trust: not a key of a log');
    must(t.cosigners.length <= 63, 'trust: too many cosigners');
    const cosigners = t.cosigners.map((c) => ({ ...parseVerifierKey(c.key), role: c.role }));
    must(cosigners.every((c) => c.type !== 1 && roles.includes(c.role)), 'trust: not a cosigner');
    const keys = [log, ...cosigners].map((c) => c.key.toString('hex'));
    const names = [log, ...cosigners].map((c) => c.name);
    must(new Set(keys).size === keys.length && new Set(names).size === names.length, 'trust: a key plays two parts, or a name occurs twice');
    must(t.quorum !== null && typeof t.quorum === 'object', 'trust: no quorum');
    for (const role of roles) {
      const n = cosigners.filter((c) => c.role === role).length;
      must(Number.isInteger(t.quorum[role]) && t.quorum[role] >= 0 && t.quorum[role] <= n, 'trust: a quorum that cannot be met');
    }
    must(t.nobody || roles.some((role) => t.quorum[role] > 0), 'trust: a quorum of nobody');
    return { origin: t.origin, log, cosigners, quorum: t.quorum, skew: t.skew };
  } catch (e) {
    throw new ProofError('trust', e.message);
  }
}

// parseLatest reads a proof and checks all that needs no trust: its form, the epoch, its place, and the map.
export function parseLatest(b, key) {
  must(b.length <= maxProof, 'latest: too long');
  const v = tuple(decode(b), 6);
  must(v[0] === 1, 'latest: version');
  const note = parseNote(bytes(v[1]));
  const checkpoint = parseCheckpoint(note.text);
  const leaf = bytes(v[2], 57), epoch = parseLeaf(leaf);
  must(epoch.kind === 'epoch' && epoch.size === checkpoint.size - 1n, 'latest: the epoch is not the last leaf');
  const path = splitHashes(bytes(v[3]), 64);
  must(equal(inclusionRoot(leafHash(leaf), epoch.size, checkpoint.size, path), checkpoint.root), 'latest: the epoch is not in the log');
  must(checkpoint.extensions.length === 0, 'latest: extension lines');
  const head = v[5] === null ? null : bytes(v[5]);
  const mapProof = parseMapProof(bytes(v[4]));
  verifyMapProof(mapProof, epoch.mapRoot, pathOf(key), head);
  return { note, checkpoint, epoch: { ...epoch, time: Number(epoch.time) }, head };
}

// judge checks the signatures of a parsed proof under a policy by a clock, and gives what it is worth.
export function judge(p, trust, now) {
  require(p.checkpoint.origin === trust.origin, 'signature', 'latest: another log');
  const times = { witness: [], mirror: [], auditor: [] };
  const seen = new Set();
  const cosigners = [];
  for (const s of p.note.signatures) {
    const cosigner = trust.cosigners.find((c) => isOf(s, c));
    const known = isOf(s, trust.log) ? trust.log : cosigner;
    require(known, 'unknown', 'latest: unknown signature');
    require(!seen.has(known), 'signature', 'latest: two signatures of one key');
    seen.add(known);
    try {
      if (!cosigner) { verifyLog(trust.log, p.note.text, s.value); continue; }
      const time = verifyCosignature(cosigner, p.note.text, s.value);
      must(time <= now + trust.skew, 'latest: a cosignature from the future');
      times[cosigner.role].push(time);
      cosigners.push(cosigner);
    } catch (e) {
      throw new ProofError('signature', e.message);
    }
  }
  require(seen.has(trust.log), 'signature', 'latest: not signed by the log');
  require(p.epoch.time <= now + trust.skew, 'signature', 'latest: an epoch from the future');
  let asOf = p.epoch.time;
  for (const role of roles) {
    const n = trust.quorum[role];
    require(times[role].length >= n, 'quorum', `latest: too few of role ${role}`);
    if (n > 0) asOf = Math.min(asOf, times[role].sort((a, b) => b - a)[n - 1]);
  }
  return { asOf, cosigners, vouched: trust.quorum.witness > 0 && trust.quorum.auditor > 0 };
}

// verifyLatest gives the head record or null, whether the proof says that it is the newest or that there is none, and as of when.
export function verifyLatest(b, trust, key, now) {
  let p;
  try {
    p = parseLatest(b, key);
  } catch (e) {
    throw e instanceof ProofError ? e : new ProofError('invalid', e.message);
  }
  const worth = judge(p, trust, now);
  return { ...p, ...worth, latest: worth.vouched && p.head !== null, absent: worth.vouched && p.head === null };
}

export const defaultSkew = limits.clockSkew;

function signed(key, text, value) {
  try {
    (key.type === 1 ? verifyLog : verifyTimed)(key, text, value);
    return true;
  } catch {
    return false;
  }
}

// verifyAccusation checks that the accused key signed two histories.
export function verifyAccusation(b, key) {
  must(b.length <= maxAccusation, 'accusation: too long');
  const v = tuple(decode(b), 5);
  must(v[0] === 1, 'accusation: version');
  const [A, B] = [v[1], v[2]].map((n) => {
    const note = parseNote(bytes(n));
    must(note.signatures.some((s) => isOf(s, key) && signed(key, note.text, s.value)), 'accusation: not signed by the accused');
    return parseCheckpoint(note.text);
  });
  must(A.origin === B.origin, 'accusation: of two logs');
  const oldRoot = bytes(v[3], 32), path = splitHashes(bytes(v[4]), 65);
  if (A.size === B.size) {
    must(!equal(A.root, B.root), 'accusation: one checkpoint');
    must(equal(oldRoot, Buffer.alloc(32)) && path.length === 0, 'accusation: a path at one size');
    return;
  }
  must(A.size > 0n && A.size < B.size && !equal(oldRoot, A.root), 'accusation: the older checkpoint is no other');
  verifyConsistency(A.size, oldRoot, B.size, B.root, path);
}
