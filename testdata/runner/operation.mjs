// Operations: their encoding and members (SPEC.md, section 4), IDs (section 3.1), and who signs (section 4.2).

import { ascii, concat } from './bytes.mjs';
import { decode } from './cbor.mjs';
import { parseDocument } from './document.mjs';
import { H, verify } from './keys.mjs';
import {
  bytes, commitment, distinct, fields, flag, fragment, limits, list, must, name, scid, set, signingKey, suiteOf, tier, tuple,
  uint,
} from './shape.mjs';

// Member numbers of a payload, and for each what reads it.
const [suite, scidMember, sequence, predecessor, salt, control, next, tiers, document] = [4, 5, 6, 7, 8, 9, 10, 11, 12];
const [compromised, reveal, revealRecovery, acting, single, root, cleared, to, from, state, proof] =
  [13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23];

const readers = {
  [suite]: ['suite', (v) => { must(v === 'q' || v === 's', 'suite'); return v; }],
  [scidMember]: ['scid', scid],
  [sequence]: ['sequence', (v) => uint(v, 1)],
  [predecessor]: ['predecessor', (v) => bytes(v, 32)],
  [salt]: ['salt', (v) => bytes(v, 16)],
  [control]: ['control', (v) => set(v, signingKey)],
  [next]: ['next', (v) => set(v, commitment)],
  [tiers]: ['tiers', (v) => list(v, 1, limits.tiers).map(tier)],
  [document]: ['document', parseDocument],
  [compromised]: ['compromised', readCompromised],
  [reveal]: ['reveal', (v) => readReveal(v, 2)],
  [revealRecovery]: ['revealRecovery', (v) => readReveal(v, 3)],
  [acting]: ['acting', (v) => { tuple(v, 2); return { place: uint(v[0]), rank: uint(v[1], 0, 2) }; }],
  [single]: ['single', flag],
  [root]: ['root', (v) => bytes(v, 32)],
  [cleared]: ['cleared', (v) => list(v, 1, Infinity).map(fragment)],
  [to]: ['to', name],
  [from]: ['from', name],
  [state]: ['state', (v) => { must(bytes(v).length > 0, 'state: empty'); return v; }],
  [proof]: ['proof', (v) => { must(bytes(v).length > 0, 'proof: empty'); return v; }],
};

function readCompromised(v) {
  must(v instanceof Map && v.size > 0, 'compromised');
  return new Map([...v].map(([f, place]) => [fragment(f), uint(place)]));
}

function readReveal(v, width) {
  let last = -1;
  const out = list(v, 1, limits.keys).map((entry) => {
    tuple(entry, width);
    const r = { index: uint(entry[0], 0, limits.keys - 1), key: signingKey(entry[width - 1]) };
    if (width === 3) r.salt = bytes(entry[1], 16);
    must(r.index > last, 'reveal: indices do not ascend');
    last = r.index;
    return r;
  });
  distinct(out.map((r) => r.key), 'revealed keys');
  return out;
}

const link = [scidMember, sequence, predecessor];

// What each type has to have and may have (section 4.3).
const forms = {
  create: [1, [suite, salt, control, next], [tiers, document, single]],
  update: [2, [...link, document], []],
  anchor: [3, [...link, root], []],
  rotate: [4, [...link, reveal, control, next], [tiers, document, compromised, single]],
  recover: [5, [...link, revealRecovery, acting, control, next, tiers, document], [compromised, cleared, single]],
  cancelByNext: [6, [...link, reveal, next], [single]],
  cancelByTier: [6, [...link, revealRecovery, acting], []],
  deactivate: [7, [...link, reveal], []],
  announce: [8, [...link, reveal, next], [to, single]],
  depart: [8, link, [to]],
  import: [9, [scidMember, state, proof], [from]],
};

function formOf(payload) {
  const number = uint(payload.get(1), 1, 9);
  if (number === 6) return payload.has(reveal) ? 'cancelByNext' : 'cancelByTier';
  if (number === 8) return payload.has(reveal) ? 'announce' : 'depart';
  return Object.keys(forms).find((f) => forms[f][0] === number);
}

// parsePayload reads what is signed.
export function parsePayload(payload) {
  const m = decode(payload);
  must(m instanceof Map && m.get(0) === 1, 'operation: version');
  const type = formOf(m);
  const [, required, allowed] = forms[type];
  fields(m, [0, 1, ...required], [2, 3, ...allowed]);

  const o = { type, payload, domain: name(m.get(2)), home: name(m.get(3)), single: false };
  for (const [number, [field, read]] of Object.entries(readers)) {
    if (m.has(Number(number))) o[field] = read(m.get(Number(number)));
  }
  if (type === 'announce' || type === 'depart') {
    o.to = name(m.get(to));
    must(o.to !== o.home, 'migrate: within one ledger');
  }
  if (type === 'import') {
    o.from = name(m.get(from));
    must(o.from !== o.home, 'import: within one ledger');
  }

  o.suite = type === 'create' ? o.suite : suiteOf(o.scid);
  if (type === 'create') o.scid = concat(ascii(o.suite), H(o.suite, 'realdid/scid/v1', payload));
  o.id = H(o.suite, 'realdid/id/v1', payload);
  return o;
}

// parseOperation reads a signed operation and refuses what section 4 and the limits of section 5 refuse.
export function parseOperation(b) {
  must(b.length <= limits.import, 'operation: over the limit of an import');
  const envelope = tuple(decode(b), 2);
  const o = parsePayload(bytes(envelope[0]));
  const imported = o.type === 'import';
  must(imported || b.length <= limits.operation, 'operation: over the limit');
  o.signatures = list(envelope[1], imported ? 0 : 1, imported ? 0 : limits.signatures).map((s) => {
    tuple(s, 2);
    return { signer: uint(s[0]), value: bytes(s[1]) };
  });
  o.signatures.forEach((s, i) => must(i === 0 || s.signer > o.signatures[i - 1].signer, 'signers do not ascend'));
  return o;
}

// signers are the keys that signer numbers count, given the control set of the state.
export function signersOf(o, stateControl) {
  if (['update', 'anchor', 'depart'].includes(o.type)) return stateControl.members;
  const revealed = [...(o.reveal ?? []), ...(o.revealRecovery ?? [])].map((r) => r.key);
  const rest = (o.control?.members ?? []).filter((k) => !revealed.some((r) => r.equals(k)));
  return [...revealed, ...rest];
}

// signedBytes is what every signer signs.
export const signedBytes = (o) => concat(ascii('realdid/op/v1'), [0], o.payload);

// verifySignatures checks every signature, needed or not, and gives the keys that signed.
export function verifySignatures(o, signers) {
  const message = signedBytes(o);
  return o.signatures.map(({ signer, value }) => {
    must(signer < signers.length, `signature: no signer ${signer}`);
    must(verify(signers[signer], message, value), `signature: signer ${signer}`);
    return signers[signer];
  });
}

// reaches says whether the weights of those members of a set that signed make its threshold.
export function reaches(target, indices) {
  return indices.reduce((sum, i) => sum + (target.weights?.[i] ?? 1), 0) >= target.threshold;
}

export const controlReached = (control_, signed) =>
  reaches(control_, [...control_.members.keys()].filter((i) => signed.some((k) => k.equals(control_.members[i]))));
