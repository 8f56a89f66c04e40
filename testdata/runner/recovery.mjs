// Recovery tiers: standing, filing, cancelling, taking effect, and the passing of time (SPEC.md, sections 6.5 and 6.6).

import { controlReached, parsePayload, signersOf } from './operation.mjs';
import { declare, replaceDocument, revealed, unused, use } from './rules.mjs';
import { limits, must } from './shape.mjs';

// standings gives tiers their IDs: the place of the operation, and ranks from a first one on.
export const standings = (tiers, place, firstRank) =>
  tiers.map((tier, i) => ({ tier, place, rank: firstRank + i, notBefore: 0, usableBefore: 0 }));

const above = (a, b) => a.place < b.place || (a.place === b.place && a.rank < b.rank);
const same = (a, b) => a.place === b.place && a.rank === b.rank;

// usable tiers are the present ones, and of the replaced ones those that time has not dropped.
export const usable = (s) => [...s.tiers, ...s.replaced];

// replaceTiers puts present tiers among the replaced ones at time t, the lowest first. Each outlasts those that are there below it,
// by their delay; the time of one that is there already does not change.
export function replaceTiers(s, gone, t) {
  const all = [...s.replaced];
  for (const x of gone.toReversed()) {
    const below = all.filter((b) => above(x, b)).map((b) => b.usableBefore + b.tier.delay);
    all.push({ ...x, usableBefore: Math.max(t + Math.max(limits.minRetirement, x.tier.delay), ...below) });
  }
  s.replaced = all.sort((a, b) => (above(a, b) ? -1 : 1));
}

// passTime gives a copy of the state to which time has passed.
export function passTime(state, t) {
  let s = { ...state };
  if (s.pending && s.pending.effective <= t) s = takeEffect(s);
  s.replaced = s.replaced.filter((x) => x.usableBefore > t);
  return s;
}

// version is the operation that the version that stands is of, and when that took effect (section 7.3).
export const version = (s) => s.pending?.version ?? { place: s.place, id: s.id, time: s.time };

export function recover(s, o, t, signed) {
  const filing = usable(s).find((x) => same(x, o.acting));
  must(filing, 'recover: no such tier');
  must(t >= filing.notBefore, 'recover: the tier waits after a cancel');
  must(!s.deactivated || s.pending || t < s.deactivated.final, 'recover: the deactivation is final');
  must(!s.pending || above(filing, s.pending.standing), 'recover: only a tier above the one that filed');
  must(filing.rank + o.tiers.length <= limits.tiers, 'recover: too many tiers');
  revealed(o.suite, filing.tier.keys, o.revealRecovery, signed);
  must(controlReached(o.control, signed), 'control: below the threshold');
  unused(s, o, signersOf(o));
  const trial = { ...s };
  replaceDocument(trial, o.document, t);
  declare(trial, o, s.place + 1);
  s.pending = {
    payload: o.payload, standing: filing, filed: t, effective: t + filing.tier.delay, revival: Boolean(s.deactivated), version: version(s),
  };
  s.migration = undefined;
}

function takeEffect(s) {
  const { payload, standing: T, effective: e } = s.pending;
  const o = parsePayload(payload);
  s.pending = undefined;
  s.deactivated = undefined;
  s.replaced = s.replaced.filter((x) => x.usableBefore > e);
  Object.assign(s, { control: o.control, next: o.next, single: o.single, time: e });
  use(s, o.suite, signersOf(o));
  const stays = (x) => above(x, T);
  const isVoid = (x) => x.place > T.place;
  s.replaced = s.replaced.filter((x) => !isVoid(x));
  const gone = s.tiers.filter((x) => !stays(x) && !isVoid(x));
  s.tiers = [...s.tiers.filter(stays), ...standings(o.tiers, s.place, T.rank)];
  replaceTiers(s, gone, e);
  s.replaced = s.replaced.slice(0, limits.retiring);
  replaceDocument(s, o.document, e);
  declare(s, o, s.place);
  s.removedAt = s.removed.length;
  s.usedAt = s.used.length;
  return s;
}

export function cancelByTier(s, o, t, signed) {
  must(s.pending, 'cancel: no recovery is pending');
  const acting = usable(s).find((x) => same(x, o.acting));
  must(acting && above(acting, s.pending.standing), 'cancel: not a tier above the one that filed');
  revealed(o.suite, acting.tier.keys, o.revealRecovery, signed);
  endPending(s, t);
}

export function cancelByNext(s, o, t, signed) {
  must(s.pending || s.migration, 'cancel: nothing to cancel');
  must(!s.pending || (s.pending.standing.tier.vetoable && !s.deactivated), 'cancel: the next keys cannot cancel this recovery');
  must(s.pending || !s.deactivated, 'cancel: deactivated');
  revealed(o.suite, s.next, o.reveal, signed);
  const signers = signersOf(o);
  unused(s, o, signers);
  use(s, o.suite, signers, true);
  Object.assign(s, { next: o.next, single: o.single });
  if (s.pending) endPending(s, t);
  else s.migration = undefined;
}

function endPending(s, t) {
  const filed = s.pending.standing;
  const wait = (x) => (same(x, filed) ? { ...x, notBefore: t + x.tier.delay } : x);
  s.tiers = s.tiers.map(wait);
  s.replaced = s.replaced.map(wait);
  s.pending = undefined;
  s.cancelled = true;
}
