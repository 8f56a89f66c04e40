// States as bytes, the portable state, and head records (SPEC.md, section 8).

import { decode, encode, members } from './cbor.mjs';
import { encodeDocument, encodeMethod, parseDocument } from './document.mjs';
import { H } from './keys.mjs';
import { parsePayload } from './operation.mjs';
import {
  bytes, commitment, encodeSet, encodeTier, fields, flag, limits, list, must, name, scid, set, signingKey, suiteOf, tier, time, tuple,
  uint, writtenName,
} from './shape.mjs';

const orAbsent = (x) => (x.length ? x : undefined);
const stateTime = (v) => uint(v, 0, 2n ** 63n - 1n);
const orZero = (v, read) => (v === undefined ? 0 : read(v));

const encodeStanding = (x) => members([encodeTier(x.tier), [x.place, x.rank], x.notBefore || undefined, x.usableBefore || undefined]);

function standing(v) {
  fields(v, [0, 1], [2, 3]);
  const [place, rank] = tuple(v.get(1), 2);
  const later = (t) => uint(t, 1, 2n ** 63n - 1n);
  return {
    tier: tier(v.get(0)), place: uint(place), rank: uint(rank, 0, 2), notBefore: orZero(v.get(2), later), usableBefore: orZero(v.get(3), later),
  };
}

const encodeRemoved = (r) => members([encodeMethod(r), r.added, r.removedAt, r.compromised || undefined, r.since || undefined]);

function removed(v) {
  fields(v, [0, 1, 2], [3, 4]);
  const [method] = parseDocument(new Map([[0, [v.get(0)]]])).methods;
  const compromised = flag(v.get(3));
  must(compromised || !v.has(4), 'state: a place of what is not compromised');
  return { ...method, added: stateTime(v.get(1)), removedAt: stateTime(v.get(2)), compromised, since: orZero(v.get(4), (x) => uint(x, 1)) };
}

const encodePending = (p) => p && members([
  p.payload, encodeStanding(p.standing), p.filed, p.effective, p.revival || undefined, [p.version.place, p.version.id, p.version.time],
]);

// parsed gives back a payload that parses.
function parsed(payload) {
  parsePayload(payload);
  return payload;
}

function pending(v) {
  fields(v, [0, 1, 2, 3, 5], [4]);
  const [place, id, since] = tuple(v.get(5), 3);
  return {
    payload: parsed(bytes(v.get(0))), standing: standing(v.get(1)), filed: stateTime(v.get(2)), effective: stateTime(v.get(3)), revival: flag(v.get(4)),
    version: { place: uint(place), id: bytes(id, 32), time: stateTime(since) },
  };
}

const stateMembers = (s) => members([
  2, writtenName(s.domain), writtenName(s.home), s.scid, s.place, s.id, s.time, s.created, encodeSet(s.control), encodeSet(s.next),
  s.single || undefined, orAbsent(s.tiers.map(encodeStanding)), orAbsent(s.replaced.map(encodeStanding)), encodeDocument(s.document),
  orAbsent(s.document.methods.map((m) => m.added)), orAbsent(s.removed.map(encodeRemoved)), orAbsent(s.used), encodePending(s.pending),
  s.deactivated && [s.deactivated.since, s.deactivated.final], s.turns.map((t) => [t.place, t.id]), s.removedAt || undefined,
  s.usedAt || undefined, s.history,
  s.migration && members([writtenName(s.migration.to), s.migration.notice, s.migration.departed || undefined]),
  s.arrival && members([writtenName(s.arrival.from), s.arrival.time]),
]);

export const encodeState = (s) => encode(stateMembers(s));

// parseState reads a state. Whether it could have come out of a history is not checked: it is as good as what vouches for it.
export function parseState(b) {
  const v = decode(b);
  fields(v, [0, 3, 4, 5, 6, 7, 8, 9, 13, 19, 22], [1, 2, 10, 11, 12, 14, 15, 16, 17, 18, 20, 21, 23, 24]);
  must(v.get(0) === 2, 'state: version');
  const optional = (k, most, read) => (v.has(k) ? list(v.get(k), 1, most).map(read) : []);
  const document = parseDocument(v.get(13));
  const added = optional(14, 16, stateTime);
  must(added.length === document.methods.length, 'state: times of methods');
  const s = {
    domain: name(v.get(1)), home: name(v.get(2)), scid: scid(v.get(3)), place: uint(v.get(4)), id: bytes(v.get(5), 32), time: stateTime(v.get(6)),
    created: stateTime(v.get(7)), control: set(v.get(8), signingKey), next: set(v.get(9), commitment), single: flag(v.get(10)),
    tiers: optional(11, limits.tiers, standing), replaced: optional(12, limits.retiring, standing),
    document: { ...document, methods: document.methods.map((m, i) => ({ ...m, added: added[i] })) },
    removed: optional(15, Infinity, removed), used: optional(16, Infinity, (x) => bytes(x, 32)),
    turns: list(v.get(19), 1, Infinity).map((t) => { tuple(t, 2); return { place: uint(t[0]), id: bytes(t[1], 32) }; }),
    removedAt: orZero(v.get(20), (x) => uint(x, 1)), usedAt: orZero(v.get(21), (x) => uint(x, 1)), history: bytes(v.get(22), 32),
  };
  if (v.has(17)) s.pending = pending(v.get(17));
  if (v.has(18)) s.deactivated = ((x) => ({ since: stateTime(x[0]), final: stateTime(x[1]) }))(tuple(v.get(18), 2));
  if (v.has(23)) s.migration = ((m) => ({ to: name(m.get(0)), notice: stateTime(m.get(1)), departed: flag(m.get(2)) }))(fields(v.get(23), [1], [0, 2]));
  if (v.has(24)) s.arrival = ((m) => ({ from: name(m.get(0)), time: time(m.get(1)) }))(fields(v.get(24), [1], [0]));
  must(s.migration?.to !== s.home, 'state: migration within its ledger');
  must(s.arrival?.from !== s.home, 'state: arrival from its own ledger');
  must(s.removedAt <= s.removed.length && s.usedAt <= s.used.length, 'state: counts');
  must(encodeState(s).equals(b), 'state: encodes differently');
  return s;
}

const portableSize = (s) => encodeState({ ...s, pending: undefined }).length;

// portable gives the portable state (section 8.1): what does not fit goes, the least needed first.
export function portable(state) {
  let s = { ...state };
  const fits = () => portableSize(s) <= limits.portable;
  while (!fits()) {
    const next = withoutOne(s);
    if (!next) break;
    s = next;
  }
  return s;
}

function withoutOne(s) {
  if (s.turns.length > 2) return { ...s, turns: s.turns.toSpliced(1, 1) };
  const retired = s.removed.filter((r) => !r.compromised);
  if (retired.length > 0 && 2 * retired.length >= s.used.length) return withoutMethod(s, retired);
  if (s.used.length > 0) return { ...s, used: s.used.slice(1), usedAt: Math.max(0, s.usedAt - 1) };
  return s.removed.length > 0 ? withoutMethod(s, s.removed) : null;
}

function withoutMethod(s, among) {
  const stood = (r) => r.removedAt - r.added;
  const gone = among.reduce((best, r) => (stood(r) <= stood(best) ? r : best));
  const i = s.removed.indexOf(gone);
  return { ...s, removed: s.removed.toSpliced(i, 1), removedAt: i < s.removedAt ? s.removedAt - 1 : s.removedAt };
}

const status = { active: 1, pending: 2, deactivated: 3, announced: 5, departed: 6 };

function statusOf(s) {
  if (s.deactivated) return status.deactivated;
  if (s.pending) return status.pending;
  if (s.migration) return s.migration.departed ? status.departed : status.announced;
  return status.active;
}

// head gives the head record of a state (section 8.3), headOfPortable that of a state which is portable as it is.
export const head = (s) => headOfPortable(portable(s));

export function headOfPortable(s) {
  const digest = H(suiteOf(s.scid), 'realdid/state/v1', encodeState(s));
  const until = s.pending?.effective ?? (statusOf(s) === status.announced ? s.migration.notice : undefined);
  return encode(members([1, s.place, s.id, digest, s.history, statusOf(s), s.time, until]));
}

export function parseHead(b) {
  must(b.length <= limits.head, 'head: too long');
  const v = fields(decode(b), [0, 1, 2, 3, 4, 5, 6], [7]);
  must(v.get(0) === 1, 'head: version');
  const h = { place: uint(v.get(1)), id: bytes(v.get(2), 32), state: bytes(v.get(3), 32), history: bytes(v.get(4), 32), status: v.get(5) };
  h.time = time(v.get(6));
  h.until = v.has(7) ? uint(v.get(7), 1) : undefined;
  must(Object.values(status).includes(h.status), 'head: status');
  const hasUntil = h.until !== undefined;
  if (h.status === status.active || h.status === status.departed) must(!hasUntil, 'head: a time too many');
  if (h.status === status.pending || h.status === status.announced) must(hasUntil, 'head: a time is missing');
  if (h.status === status.pending || (h.status === status.deactivated && hasUntil)) must(h.until > h.time, 'head: takes effect too early');
  if (hasUntil) must(h.until - h.time <= (h.status === status.announced ? 2 : 1) * limits.maxDelay, 'head: too late');
  return h;
}
