// Imports: how an identifier arrives from another ledger (SPEC.md, section 6.10).

import { u64 } from './bytes.mjs';
import { keyOf } from './identifier.mjs';
import { H } from './keys.mjs';
import { judge, parseLatest } from './latest.mjs';
import { passTime, usable } from './recovery.mjs';
import { limits, must } from './shape.mjs';
import { headOfPortable, parseState } from './state.mjs';

// Unchecked says that what is wrong is whom one trusts: the import may be valid, and MUST NOT be passed over.
export class Unchecked extends Error {}

// applyImport: predecessors are { home, trust, until, final: { size, root, successor } }, the last two or three as far as known;
// trust is that of parseTrust, and until the last anchor time for which it counts.
export function applyImport(state, o, { time: t, index }, predecessors) {
  const imported = parseState(o.state);
  must(imported.scid.equals(o.scid) && imported.domain === o.domain && imported.home === o.from, 'import: state of another identifier or ledger');
  must(imported.time <= t, 'import: anchored before the state');
  if (state) {
    must(state.scid.equals(o.scid) && state.domain === o.domain && state.home === o.home, 'import: over another identifier or ledger');
    must(state.migration?.departed, 'import: it is on this ledger');
    must(imported.place >= state.place, 'import: from before it departed from here');
  }
  const departed = Boolean(imported.migration?.departed);
  must(!departed || imported.migration.to === o.home, 'import: it has moved to another ledger');

  // One policy that lets it pass is enough. What the proof of one kind of ledger looks like only those know who have a policy.
  const policies = predecessors.filter((x) => x.home === o.from && (x.until === undefined || t <= x.until));
  let reason = new Unchecked('import: nobody is trusted as the former home');
  for (const policy of policies) {
    try {
      return arrive(imported, o, t, index, endOf(policy, imported, o, t, departed));
    } catch (e) {
      if (policy === policies[0] || e instanceof Unchecked) reason = e;
    }
  }
  throw reason;
}

const trusted = (holds, what) => {
  if (!holds) throw new Unchecked(`import: could not be checked: ${what}`);
};

// endOf checks the proof under one policy. It gives the time of the final epoch if it is by an end, without a departure, that the
// identifier moves, and undefined otherwise.
function endOf(policy, imported, o, t, departed) {
  const p = parseLatest(o.proof, Buffer.from(keyOf(o.domain, o.scid)));
  let vouched = false;
  try {
    ({ vouched } = judge(p, policy.trust, t));
  } catch (e) {
    trusted(false, e.message);
  }
  must(p.head !== null && p.head.equals(headOfPortable(imported)), 'import: the proof is not of the state');
  must(p.epoch.time >= imported.time, 'import: the epoch is from before the state');
  trusted(vouched, 'a policy without witnesses or auditors');
  const { final } = policy, { size, root } = p.checkpoint;
  const isFinal = final && size === final.size && root.equals(final.root);
  trusted(!final || size < final.size || isFinal, 'the former home had ended before, or otherwise');
  if (departed) return undefined;
  trusted(isFinal && final.successor === o.home, 'it has not departed, and the former home has not ended there in favour of this one');
  must(p.epoch.time <= t, 'import: anchored before the end');
  return p.epoch.time;
}

// arrive gives the state on the new ledger. end is the time of the final epoch, if it came by an end without a departure.
function arrive(imported, o, t, index, end) {
  let s = { ...imported }, gap = t - imported.time;
  if (end !== undefined) {
    s = passTime(imported, end);
    gap = t - end + Math.max(limits.minRetirement, ...usable(s).map((x) => x.tier.delay));
  }
  s.replaced = s.replaced.map((x) => ({ ...x, usableBefore: x.usableBefore + gap }));
  if (s.deactivated && end !== undefined && s.deactivated.final > end) {
    s.deactivated = { ...s.deactivated, final: s.deactivated.final + gap };
  }
  if (s.pending) s.pending = { ...s.pending, filed: t, effective: t + s.pending.standing.tier.delay };
  return {
    ...s, home: o.home, migration: undefined, arrival: { from: o.from, time: t }, time: t,
    history: H(o.suite, 'realdid/history/v1', s.history, o.id, u64(index), u64(t)),
  };
}
