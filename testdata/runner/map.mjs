// The authenticated map from keys to head records (MAP.md).

import { ascii, equal } from './bytes.mjs';
import { sha256 } from './keys.mjs';
import { limits, must } from './shape.mjs';

const empty = Buffer.alloc(32);
export const pathOf = (key) => sha256(ascii('realdid/map/key/v1'), [0], key);
export const headHash = (head) => sha256(ascii('realdid/map/head/v1'), [0], head);
export const mapLeafHash = (path, hash) => sha256([0], path, hash);
const nodeHash = (left, right) => sha256([1], left, right);
const bit = (path, i) => (path[i >> 3] >> (7 - (i & 7))) & 1;

// mapRoot is the root of leaves { path, hash }, hash being that of the leaf, whose paths share their first depth bits.
export function mapRoot(leaves, depth = 0) {
  if (leaves.length === 0) return empty;
  if (leaves.length === 1) return leaves[0].hash;
  const side = (b) => mapRoot(leaves.filter((l) => bit(l.path, depth) === b), depth + 1);
  return nodeHash(side(0), side(1));
}

// parseMapProof refuses every encoding but the one of its proof.
export function parseMapProof(b) {
  must(b.length >= 2, 'map proof: cut short');
  const steps = b.readUInt16BE(0);
  must(steps <= 256, 'map proof: too many steps');
  let at = 2 + Math.ceil(steps / 8);
  must(b.length >= at, 'map proof: cut short');
  const marks = Buffer.concat([b.subarray(2, at), empty]);
  for (let i = steps; i < 8 * (at - 2); i++) must(bit(marks, i) === 0, 'map proof: a bit after the last sibling');
  const siblings = [];
  for (let i = 0; i < steps; i++) {
    if (!bit(marks, i)) { siblings.push(empty); continue; }
    const hash = b.subarray(at, at += 32);
    must(hash.length === 32 && !equal(hash, empty), 'map proof: a sibling is missing, or written as empty');
    siblings.push(hash);
  }
  must(steps === 0 || siblings[steps - 1] !== empty, 'map proof: the last sibling is empty');
  const rest = b.subarray(at);
  must(rest.length === 0 || rest.length === 64, 'map proof: bytes after the end');
  return { siblings, other: rest.length ? { path: rest.subarray(0, 32), headHash: rest.subarray(32) } : null };
}

function rootFrom(h, path, siblings) {
  for (let i = siblings.length - 1; i >= 0; i--) h = bit(path, i) ? nodeHash(siblings[i], h) : nodeHash(h, siblings[i]);
  return h;
}

// verifyMapProof checks that the head record, or none if it is null, stands at a path under a root.
export function verifyMapProof(proof, root, path, head) {
  let h = empty;
  if (head !== null) {
    must(head.length >= 1 && head.length <= limits.head, 'map proof: length of a head record');
    must(proof.other === null, 'map proof: present, and another leaf');
    h = mapLeafHash(path, headHash(head));
  } else if (proof.other) {
    must(!equal(proof.other.path, path), 'map proof: absent by its own leaf');
    for (let i = 0; i < proof.siblings.length; i++) must(bit(proof.other.path, i) === bit(path, i), 'map proof: a leaf of another place');
    h = mapLeafHash(proof.other.path, proof.other.headHash);
  }
  must(equal(rootFrom(h, path, proof.siblings), root), 'map proof: another root');
}

