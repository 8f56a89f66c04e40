// Histories: operations applied in the order of a ledger, their versions, and what resolution answers (SPEC.md, section 7).

import { base32 } from './bytes.mjs';
import { didDocument } from './document.mjs';
import { parseOperation, parsePayload } from './operation.mjs';
import { passTime } from './recovery.mjs';
import { apply, emptyState } from './rules.mjs';
import { must } from './shape.mjs';

export const versionId = (id) => base32(id);

// A history is a state with the versions that led to it: { state, versions: [{ id, time, document, deactivated }] }.
export const emptyHistory = { state: emptyState, versions: [] };

const made = (s, id, time) => ({ id, time, document: s.document, deactivated: Boolean(s.deactivated) });

// pass lets time pass. A recovery that takes effect makes a version at its moment.
export function pass(history, t) {
  const { state } = history;
  if (!state || state.migration?.departed) return history;
  const after = passTime(state, t);
  const effect = state.pending && !after.pending;
  const versions = effect ? [...history.versions, made(after, state.id, state.pending.effective)] : history.versions;
  return { state: after, versions };
}

// append applies a signed operation, and throws if it is not valid. An import makes a version, too: it shows what stood at the
// former home, by the ID that this has.
export function append(history, signed, anchor, predecessors) {
  const o = parseOperation(signed);
  const state = apply(history.state, o, anchor, predecessors);
  const { versions } = pass(history, anchor.time);
  return { state, versions: o.type === 'recover' ? versions : [...versions, versionOfState(state)], last: o };
}

// versionOfState is the one version that a state alone shows.
export function versionOfState(s) {
  const v = s.pending?.version ?? { id: s.id, time: s.time };
  return made(s, v.id, v.time);
}

// select picks a version by ID or time, or the newest.
export function select(versions, { versionId: id, versionTime: time }) {
  must(id === undefined || time === undefined, 'INVALID_OPTIONS');
  if (id !== undefined) return versions.find((v) => versionId(v.id) === id) ?? must(false, 'NOT_FOUND');
  if (time !== undefined) return versions.filter((v) => v.time <= time).at(-1) ?? must(false, 'NOT_FOUND');
  return versions.at(-1);
}

export const documentOf = (did, version) => didDocument(did, version.document, version.deactivated);

// payloadType names the type of a payload, as the vectors do.
const names = { cancelByNext: 'cancel', cancelByTier: 'cancel', announce: 'migrate', depart: 'migrate' };
export const typeName = (o) => names[o.type] ?? o.type;
export const typeOfPayload = (payload) => typeName(parsePayload(payload));
