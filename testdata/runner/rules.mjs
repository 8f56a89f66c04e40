// The rules by which an operation follows a state (SPEC.md, section 6). apply gives the new state, or throws if the operation is
// not valid; it changes nothing that it was given.

import { u64 } from './bytes.mjs';
import { emptyDocument } from './document.mjs';
import { H, nextCommitment, recoveryCommitment } from './keys.mjs';
import { applyImport } from './moving.mjs';
import { controlReached, reaches, signersOf, verifySignatures } from './operation.mjs';
import { cancelByNext, cancelByTier, passTime, recover, replaceTiers, standings, usable } from './recovery.mjs';
import { limits, must, suiteOf, time } from './shape.mjs';

export const emptyState = null;

// apply: predecessors says whom to trust as former home ledgers, which imports alone need.
export function apply(state, o, anchor, predecessors = []) {
  time(anchor.time);
  must(!state || anchor.time >= state.time, 'before the last change');
  if (o.type === 'import') return applyImport(state, o, anchor, predecessors);
  must((state === emptyState) === (o.type === 'create'), 'a create, and only a create, follows the empty state');
  if (o.type === 'create') return finish(create(o, anchor.time), o, anchor);

  const s = passTime(state, anchor.time);
  must(o.domain === s.domain && o.home === s.home && o.scid.equals(s.scid), 'of another identifier or ledger');
  must(!s.migration?.departed, 'departed');
  must(allowedPredecessors(s, o.type).some((p) => p.id.equals(o.predecessor) && p.place + 1 === o.sequence), 'predecessor');
  const held = s.deactivated || s.pending;
  must(!held || ['recover', 'cancelByNext', 'cancelByTier'].includes(o.type), 'deactivated, or a recovery is pending');
  const signed = verifySignatures(o, signersOf(o, s.control));
  types[o.type](s, o, anchor.time, signed);
  return finish(s, o, anchor);
}

function finish(s, o, anchor) {
  const turn = { place: s.place + 1, id: o.id };
  const begins = o.type === 'create' || o.type === 'recover' || s.cancelled;
  if (begins) s.turns = [turn];
  else if (o.type !== 'update' && o.type !== 'anchor') s.turns = [...s.turns, turn];
  delete s.cancelled;
  return {
    ...s, place: turn.place, id: o.id, time: anchor.time,
    history: H(o.suite, 'realdid/history/v1', s.history, o.id, u64(anchor.index), u64(anchor.time)),
  };
}

// Section 6.2. turns begins with the last create, recover or cancel of a recovery and has every turn since.
function allowedPredecessors(s, type) {
  const last = { place: s.place, id: s.id };
  if (type === 'rotate') return [last, s.turns[s.turns.length - 1]];
  return type === 'recover' ? [last, ...s.turns] : [last];
}

// revealed checks revealed keys against a set, and that those which signed reach its threshold.
export function revealed(suite, target, reveals, signed) {
  const indices = reveals.map((r) => {
    const want = r.salt ? recoveryCommitment(suite, r.salt, r.key) : nextCommitment(suite, r.key);
    must(target.members[r.index]?.equals(want), 'a revealed key is not the one committed to');
    return r.index;
  });
  must(reaches(target, indices.filter((_, i) => signed.some((k) => k.equals(reveals[i].key)))), 'below the threshold');
}

// unused checks control keys and next commitments against the used keys and the signers of the operation.
export function unused(s, o, signers) {
  const isUsed = (digest) => s.used.some((u) => u.equals(digest));
  for (const k of o.control?.members ?? []) must(!isUsed(nextCommitment(o.suite, k)), 'control: a used key never returns');
  const shown = signers.map((k) => nextCommitment(o.suite, k));
  for (const c of o.next.members) {
    must(!isUsed(c) && !shown.some((d) => d.equals(c)), 'next: commits to a key that has been shown');
  }
}

// use adds keys to the used ones. Only some operations are refused if that leaves too many (section 6.9).
export function use(s, suite, keys, limited) {
  s.used = [...s.used];
  for (const k of keys) {
    const digest = nextCommitment(suite, k);
    if (!s.used.some((u) => u.equals(digest))) s.used.push(digest);
  }
  must(!limited || s.used.length - s.usedAt <= limits.usedKeys, 'too many used keys');
}

function create(o, t) {
  const signed = verifySignatures(o, signersOf(o));
  must(controlReached(o.control, signed), 'control: below the threshold');
  const s = {
    domain: o.domain, home: o.home, scid: o.scid, place: -1, created: t, control: o.control, next: o.next, single: o.single,
    tiers: standings(o.tiers ?? [], 0, 0), replaced: [], document: emptyDocument, removed: [], used: [], turns: [],
    removedAt: 0, usedAt: 0, history: Buffer.alloc(32),
  };
  unused(s, o, o.control.members);
  use(s, o.suite, o.control.members);
  if (o.document) replaceDocument(s, o.document, t);
  return s;
}

function countSinceTurn(s) {
  must(s.place + 1 - s.turns[s.turns.length - 1].place <= limits.turn, 'too many updates and anchors since the last turn');
}

const types = {
  update(s, o, t, signed) {
    must(controlReached(s.control, signed), 'control: below the threshold');
    countSinceTurn(s);
    const before = s.removed.length;
    replaceDocument(s, o.document, t);
    must(s.removed.length === before || s.removed.length - s.removedAt <= limits.removedByUpdate, 'too many removed methods');
  },

  anchor(s, o, t, signed) {
    must(controlReached(s.control, signed), 'control: below the threshold');
    countSinceTurn(s);
  },

  rotate(s, o, t, signed) {
    revealed(o.suite, s.next, o.reveal, signed);
    must(controlReached(o.control, signed), 'control: below the threshold');
    const signers = signersOf(o);
    unused(s, o, signers);
    use(s, o.suite, signers, true);
    Object.assign(s, { control: o.control, next: o.next, single: o.single });
    if (o.tiers) {
      replaceTiers(s, s.tiers, t);
      s.tiers = standings(o.tiers, s.place + 1, 0);
      must(s.replaced.length <= limits.retiring, 'too many replaced tiers');
    }
    if (o.document) replaceDocument(s, o.document, t);
    must(s.removed.length - s.removedAt <= limits.removed, 'too many removed methods');
    declare(s, o, s.place + 1);
  },

  deactivate(s, o, t, signed) {
    revealed(o.suite, s.next, o.reveal, signed);
    use(s, o.suite, signersOf(o));
    replaceDocument(s, emptyDocument, t);
    s.migration = undefined;
    s.deactivated = { since: t, final: t + Math.max(limits.minGrace, ...usable(s).map((x) => 2 * x.tier.delay)) };
  },

  announce(s, o, t, signed) {
    must(!s.migration, 'a migration is announced already');
    revealed(o.suite, s.next, o.reveal, signed);
    const signers = signersOf(o);
    unused(s, o, signers);
    use(s, o.suite, signers, true);
    Object.assign(s, { next: o.next, single: o.single });
    const delays = usable(s).map((x) => 2 * x.tier.delay);
    const notice = delays.length ? Math.max(limits.minRetirement, ...delays) : 0;
    s.migration = { to: o.to, notice: Math.max(t + notice, 1), departed: false };
  },

  depart(s, o, t, signed) {
    must(s.migration?.to === o.to, 'not announced');
    must(t >= s.migration.notice, 'the notice is not over');
    must(controlReached(s.control, signed), 'control: below the threshold');
    s.migration = { ...s.migration, departed: true };
  },

  recover,
  cancelByNext,
  cancelByTier,
};

// replaceDocument is section 6.7.
export function replaceDocument(s, d, t) {
  const present = s.document.methods;
  const methods = d.methods.map((m) => {
    const old = present.find((p) => p.fragment === m.fragment);
    if (old) {
      must(old.key.equals(m.key) && old.purposes === m.purposes, 'a fragment never names another key or purpose');
      return old;
    }
    must(!present.some((p) => p.key.equals(m.key)), 'a key never moves to another fragment');
    must(!s.removed.some((r) => r.fragment === m.fragment || r.key.equals(m.key)), 'a removed fragment or key never returns');
    return { ...m, added: t };
  });
  for (const service of d.services) {
    must(![...present, ...s.removed].some((m) => m.fragment === service.fragment), 'the fragment of a method never names a service');
  }
  const gone = present.filter((p) => !methods.includes(p)).map((m) => ({ ...m, removedAt: t, compromised: false, since: 0 }));
  s.removed = [...s.removed, ...gone];
  s.document = { ...d, methods };
}

// declare is section 6.8, for an operation at a place.
export function declare(s, o, place) {
  const byFragment = (f) => s.removed.findIndex((r) => r.fragment === f);
  s.removed = [...s.removed];
  for (const f of o.cleared ?? []) {
    const i = byFragment(f);
    must(i >= 0 && s.removed[i].compromised && !o.compromised?.has(f), 'cleared: not a compromised method');
    s.removed[i] = { ...s.removed[i], compromised: false, since: 0 };
  }
  for (const [f, since] of o.compromised ?? []) {
    const i = byFragment(f);
    must(i >= 0 && since <= place, 'compromised: not a removed method, or since a place to come');
    must(o.type === 'recover' || !s.removed[i].compromised, 'compromised: declared already');
    s.removed[i] = { ...s.removed[i], compromised: true, since };
  }
}

export const suite = (s) => suiteOf(s.scid);
