// The log: hashes and proofs of RFC 6962, leaves, tile paths (LOG.md, "Log").

import { concat, equal, utf8 } from './bytes.mjs';
import { sha256 } from './keys.mjs';
import { must } from './shape.mjs';

export const maxLogTime = 253402300799n;
export const leafHash = (leaf) => sha256([0], leaf);
const nodeHash = (left, right) => sha256([1], left, right);

// root is the root hash of a log of leaves, given by their hashes.
export function root(hashes) {
  if (hashes.length === 0) return sha256();
  if (hashes.length === 1) return hashes[0];
  let half = 1;
  while (2 * half < hashes.length) half *= 2;
  return nodeHash(root(hashes.slice(0, half)), root(hashes.slice(half)));
}

// inclusionRoot computes the root that an inclusion path leads to (RFC 9162, section 2.1.3.2). Numbers are BigInts.
export function inclusionRoot(hash, index, size, path) {
  must(index < size, 'inclusion: index beyond the end');
  let r = hash, fn = index, sn = size - 1n;
  for (const p of path) {
    must(sn !== 0n, 'inclusion: path is too long');
    if (fn & 1n || fn === sn) {
      r = nodeHash(p, r);
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      r = nodeHash(r, p);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  must(sn === 0n, 'inclusion: path is too short');
  return r;
}

// verifyConsistency checks that a log of the old size and root is the beginning of the other (RFC 9162, section 2.1.4.2).
export function verifyConsistency(old, oldRoot, size, newRoot, path) {
  must(old <= size, 'consistency: backwards');
  if (old === size || old === 0n) {
    must(path.length === 0, 'consistency: a path where there is none');
    must(equal(oldRoot, old === 0n ? sha256() : newRoot), 'consistency: other roots');
    return;
  }
  const rest = (old & (old - 1n)) === 0n ? [oldRoot, ...path] : [...path];
  must(rest.length > 0, 'consistency: no path');
  let fn = old - 1n, sn = size - 1n;
  while (fn & 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  let fr = rest.shift(), sr = fr;
  for (const c of rest) {
    must(sn !== 0n, 'consistency: path is too long');
    if (fn & 1n || fn === sn) {
      [fr, sr] = [nodeHash(c, fr), nodeHash(c, sr)];
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      sr = nodeHash(sr, c);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  must(sn === 0n && equal(fr, oldRoot) && equal(sr, newRoot), 'consistency: does not lead from root to root');
}

// parseLeaf reads an entry or an epoch. All its numbers are BigInts.
export function parseLeaf(b) {
  must(b.length > 0 && b.length <= 65535, 'leaf: length');
  const number = (at) => b.readBigUInt64BE(at);
  let leaf;
  if (b[0] === 0) {
    must(b.length >= 26 && b[25] > 0 && b.length >= 26 + b[25], 'leaf: entry cut short');
    const end = 26 + b[25];
    leaf = { kind: 'entry', index: number(1), time: number(9), seq: number(17), key: b.subarray(26, end), op: b.subarray(end) };
  } else {
    must(b[0] === 1, 'leaf: unknown kind');
    must(b.length === 57, 'leaf: an epoch has 57 bytes');
    leaf = { kind: 'epoch', mapRoot: b.subarray(1, 33), size: number(33), entries: number(41), time: number(49) };
    must(leaf.entries <= leaf.size, 'leaf: more entries than leaves');
  }
  must(leaf.time <= maxLogTime, 'leaf: after the year 9999');
  return leaf;
}

export function encodeLeaf(leaf) {
  const number = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(n); return b; };
  if (leaf.kind === 'epoch') return concat([1], leaf.mapRoot, number(leaf.size), number(leaf.entries), number(leaf.time));
  return concat([0], number(leaf.index), number(leaf.time), number(leaf.seq), [leaf.key.length], leaf.key, leaf.op);
}

// parseTilePath reads the name of a file of C2SP tlog-tiles.
export function parseTilePath(s) {
  const m = /^tile\/(0|[1-9][0-9]?|entries)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(s);
  must(m && !s.endsWith('\n'), 'tile: path');
  must(m[1] === 'entries' || Number(m[1]) < 64, 'tile: level');
  must(!m[2].startsWith('x000/'), 'tile: a group too many');
  const index = BigInt(m[2].replace(/[x/]/g, ''));
  must(index < 2n ** 64n, 'tile: index');
  must(m[3] === undefined || Number(m[3]) < 256, 'tile: width');
  return { level: m[1], index, width: m[3] === undefined ? 256 : Number(m[3]) };
}

// splitHashes reads a path that is written as one byte string.
export function splitHashes(b, most) {
  must(b.length % 32 === 0 && b.length <= 32 * most, 'path: not so many whole hashes');
  return Array.from({ length: b.length / 32 }, (_, i) => b.subarray(32 * i, 32 * i + 32));
}

export const isText = (b) => {
  try { return !/[\u0000-\u0009\u000b-\u001f]/.test(utf8(b)); } catch { return false; }
};
