// What values of a decoded operation, state, head record or bundle may look like (the CDDL of SPEC.md, section 4.1), and the
// limits of section 5. Each function returns what it checked, or throws.

import { parseKey } from './keys.mjs';

export const limits = {
  operation: 4096, import: 16384, longForm: 2048, keys: 16, signatures: 32, tiers: 3, minDelay: 3600, maxDelay: 31536000,
  minRetirement: 604800, retiring: 12, minGrace: 2592000, turn: 16384, removedByUpdate: 1024, removed: 2048, usedKeys: 4096,
  portable: 8192, time: 221876927999, head: 512, bundle: 524288, chainProof: 262144, descriptor: 16384, clockSkew: 300,
};

export function must(holds, what) {
  if (!holds) throw new Error(what);
}

// fields checks that a map has the required members and no others but the allowed ones.
export function fields(v, required, allowed = []) {
  must(v instanceof Map, 'not a map');
  for (const k of required) must(v.has(k), `member ${k} is missing`);
  for (const k of v.keys()) must(required.includes(k) || allowed.includes(k), `unknown member ${k}`);
  return v;
}

export function uint(v, least = 0, most = 2n ** 64n - 1n) {
  must((typeof v === 'number' && Number.isInteger(v)) || typeof v === 'bigint', 'not a number');
  must(v >= least && v <= most, `number outside ${least} to ${most}`);
  return v;
}

export const time = (v) => uint(v, 0, limits.time);

export function bytes(v, length) {
  must(v instanceof Uint8Array, 'not a byte string');
  must(length === undefined || v.length === length, `not ${length} bytes`);
  return v;
}

export function text(v) {
  must(typeof v === 'string', 'not text');
  return v;
}

export function list(v, least, most) {
  must(Array.isArray(v), 'not a list');
  must(v.length >= least && v.length <= most, `not ${least} to ${most} members`);
  return v;
}

export const tuple = (v, n) => list(v, n, n);

export function distinct(values, what) {
  must(new Set(values.map((v) => (v instanceof Uint8Array ? v.toString('latin1') : v))).size === values.length, `${what}: one twice`);
}

// name is a trust domain or home ledger; absent means main, which is never written.
export function name(v) {
  if (v === undefined) return 'main';
  must(/^[a-z0-9-]{1,31}$/.test(text(v)) && v !== 'main', 'not a name');
  return v;
}

export const writtenName = (v) => (v === 'main' ? undefined : v);

export function flag(v) {
  must(v === undefined || v === true, 'a flag that is not true');
  return v === true;
}

export function signingKey(v) {
  must(parseKey(bytes(v)).signs, 'a key that does not sign');
  return v;
}

export const commitment = (v) => bytes(v, 32);

// set reads a key set or commitments (section 3.3).
export function set(v, member) {
  fields(v, [0, 1], [2]);
  const members = list(v.get(1), 1, limits.keys).map(member);
  distinct(members, 'set');
  let sum = members.length, weights;
  if (v.has(2)) {
    weights = tuple(v.get(2), members.length).map((w) => uint(w, 1, 255));
    must(weights.some((w) => w !== 1), 'weights that are all 1');
    sum = weights.reduce((a, b) => a + b);
  }
  return { threshold: uint(v.get(0), 1, sum), members, weights };
}

export const encodeSet = (s) => new Map([[0, s.threshold], [1, s.members], [2, s.weights]]);

export function tier(v) {
  fields(v, [0, 2], [1]);
  return { delay: uint(v.get(0), limits.minDelay, limits.maxDelay), vetoable: flag(v.get(1)), keys: set(v.get(2), commitment) };
}

export const encodeTier = (t) => new Map([[0, t.delay], [1, t.vetoable || undefined], [2, encodeSet(t.keys)]]);

export function fragment(v) {
  must(/^[A-Za-z0-9._-]{1,32}$/.test(text(v)), 'not a fragment');
  return v;
}

export function scid(v) {
  bytes(v, 33);
  must(v[0] === 0x71 || v[0] === 0x73, 'scid: unknown suite');
  return v;
}

export const suiteOf = (id) => String.fromCharCode(id[0]);

export const canonicalJSON = (v) => {
  if (Array.isArray(v)) return '[' + v.map(canonicalJSON).join(',') + ']';
  if (v !== null && typeof v === 'object') {
    return '{' + Object.keys(v).sort().map((k) => JSON.stringify(k) + ':' + canonicalJSON(v[k])).join(',') + '}';
  }
  return JSON.stringify(v);
};
