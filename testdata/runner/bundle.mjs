// Bundles (SPEC.md, section 8.4): one file with which a verifier without a network comes to the answer of a resolver.

import { decode } from './cbor.mjs';
import { append, documentOf, emptyHistory, pass, select, versionId, versionOfState } from './history.mjs';
import { parseIdentifier, parseLedgerKey } from './identifier.mjs';
import { parseLatest, verifyLatest } from './latest.mjs';
import { Unchecked } from './moving.mjs';
import { parseOperation } from './operation.mjs';
import { passTime } from './recovery.mjs';
import { bytes, fields, limits, list, must, name, text, time, tuple, uint } from './shape.mjs';
import { head, headOfPortable, parseHead, parseState } from './state.mjs';

export class BundleError extends Error {
  constructor(code, what) {
    super(what);
    this.code = code;
  }
}

function entries(v) {
  return list(v, 1, Infinity).map((e, i, all) => {
    tuple(e, 3);
    const entry = { operation: bytes(e[0]), index: uint(e[1]), time: time(e[2]) };
    if (i > 0) must(entry.index > all[i - 1][1] && entry.time >= all[i - 1][2], 'bundle: an entry is not after the one before');
    return entry;
  });
}

export function parseBundle(b) {
  must(b.length <= limits.bundle, 'bundle: too long');
  const v = fields(decode(b), [0, 1], [2, 3, 4, 5, 6, 7, 8]);
  must(v.get(0) === 1, 'bundle: version');
  const bundle = { key: text(v.get(1)), ...parseLedgerKey(v.get(1)), home: name(v.get(2)) };
  if (v.has(3)) bundle.operations = entries(v.get(3));
  if (v.has(8)) bundle.former = entries(v.get(8));
  if (v.has(4)) bundle.state = bytes(v.get(4));
  if (v.has(5)) bundle.head = bytes(v.get(5));
  if (v.has(6)) bundle.proof = bytes(v.get(6));
  if (v.has(7)) bundle.chainProof = bytes(v.get(7));
  const { operations, state, head: h, proof, chainProof, former } = bundle;
  must(!operations || !state, 'bundle: both operations and a state');
  must(!proof || !chainProof, 'bundle: two proofs');
  must(!chainProof || chainProof.length <= limits.chainProof, 'bundle: the proof of a chain is too long');
  must(!state || proof || chainProof, 'bundle: nothing vouches for the state');
  must(Boolean(h) === Boolean(operations && !proof && !chainProof), 'bundle: a head record stands beside operations without a proof, and only there');
  must(!former || (operations && parseOperation(operations[0].operation).type === 'import'), 'bundle: a former history and no import');
  return bundle;
}

// verifyBundle answers for a DID. policyOf gives { trust, predecessors } for a home ledger of the DID's trust domain, or undefined
// if that is not trusted; asked is what of the answer is asked for: { versionId } or { versionTime }, or nothing for the newest version.
export function verifyBundle(b, did, policyOf, now, asked = {}) {
  const invalid = (f) => {
    try {
      return f();
    } catch (e) {
      if (e instanceof BundleError) throw e;
      throw new BundleError(e instanceof Unchecked ? 'INTERNAL_ERROR' : 'INVALID_DID_DOCUMENT', e.message);
    }
  };
  const bundle = invalid(() => parseBundle(b));
  const id = parseOrRefuse(did);
  return invalid(() => answer(bundle, id, policyOf(bundle.home), now, asked));
}

function parseOrRefuse(did) {
  try {
    return parseIdentifier(did);
  } catch (e) {
    throw new BundleError('INVALID_DID', e.message);
  }
}

function answer(bundle, id, policy, now, asked) {
  must(id.key === bundle.key, 'bundle: of another identifier');
  const first = bundle.operations && parseOperation(bundle.operations[0].operation);
  must(!id.create || id.create.home === bundle.home || first?.type === 'import' || bundle.state, 'bundle: another home ledger');
  must(!bundle.chainProof, 'bundle: a proof of another kind than the policy');
  if (bundle.proof && !policy) throw new BundleError('INTERNAL_ERROR', 'no trust in the ledger');
  const proof = bundle.proof && verifyLatest(bundle.proof, policy.trust, Buffer.from(bundle.key), now);
  if (proof) must((proof.head !== null) === Boolean(bundle.operations || bundle.state), 'bundle: a head record without what it describes, or that without it');

  const evidence = {
    replayed: false, genesisOnly: false, included: false, latest: false, absent: false, operatorTime: false,
    cosigners: proof?.vouched ? proof.cosigners.map((c) => `${c.role} ${c.name}`) : [],
  };
  const until = proof ? proof.asOf : now;
  const history = bundle.state ? fromState(bundle, id, proof, until) : bundle.operations ? replay(bundle, policy, proof, until) : null;
  if (!history) return absent(id, proof, evidence, now, asked);
  if (history.state.migration?.departed) throw new BundleError('INTERNAL_ERROR', 'it has moved to another ledger');
  const version = pick(history, asked, until);
  evidence.replayed = history.whole;
  evidence.included = Boolean(proof?.vouched);
  evidence.latest = evidence.included && version === history.versions.at(-1);
  evidence.operatorTime = !evidence.included;
  if (proof) evidence.asOf = until;
  return { document: documentOf(id.did, version), versionId: versionId(version.id), evidence };
}

// pick selects a version. After the moment to which the evidence reaches, a recovery that is pending can still be cancelled.
function pick(history, asked, until) {
  if (history.state.pending && asked.versionTime > until) throw new BundleError('INTERNAL_ERROR', 'a recovery is pending');
  try {
    return select(history.versions, asked);
  } catch (e) {
    if (e.message === 'INVALID_OPTIONS') throw new BundleError(e.message, e.message);
    throw new BundleError(history.whole ? 'NOT_FOUND' : 'FEATURE_NOT_SUPPORTED', 'no such version, or not in this bundle');
  }
}

function replay(bundle, policy, proof, until) {
  let history = { ...emptyHistory, whole: parseOperation(bundle.operations[0].operation).type === 'create' };
  bundle.operations.forEach((entry, i) => {
    history = { ...history, ...appendFor(bundle, bundle.home, history, entry, policy?.predecessors) };
    if (i === 0 && bundle.former) history = withFormer(history, bundle, policy?.predecessors);
  });
  const last = bundle.operations.at(-1);
  if (proof) must(BigInt(last.index) < proof.epoch.entries, 'bundle: an operation that the epoch does not cover');
  const record = proof ? proof.head : bundle.head;
  parseHead(record);
  must(record.equals(head(history.state)), 'bundle: the head record is of another history');
  return proof ? { ...history, ...pass(history, until) } : history;
}

// appendFor refuses operations for another identifier or ledger before it asks whether they are valid.
function appendFor(bundle, home, history, { operation, ...anchor }, predecessors) {
  const o = parseOperation(operation);
  must(o.domain === bundle.domain && o.scid.equals(bundle.scid) && o.home === home, 'bundle: operations of another identifier or ledger');
  return append(history, operation, anchor, predecessors);
}

// withFormer puts the versions of the former home's history before those from the import on.
function withFormer(history, bundle, predecessors) {
  const o = history.last;
  let before = emptyHistory;
  for (const entry of bundle.former) before = appendFor(bundle, o.from, before, entry, predecessors);
  const imported = parseState(o.state);
  must(before.state.history.equals(imported.history), 'bundle: the former history is not that of the import');
  if (!imported.migration?.departed) before = pass(before, parseLatest(o.proof, Buffer.from(bundle.key)).epoch.time);
  const whole = parseOperation(bundle.former[0].operation).type === 'create';
  return { ...history, whole, versions: [...before.versions, ...history.versions] };
}

function fromState(bundle, id, proof, until) {
  const state = parseState(bundle.state);
  must(state.scid.equals(bundle.scid) && state.domain === bundle.domain && state.home === bundle.home, 'bundle: state of another identifier or ledger');
  must(proof.latest, 'bundle: no quorum of witnesses and auditors vouches for the state');
  must(!id.create || id.create.home === bundle.home || state.arrival, 'bundle: another home ledger');
  parseHead(proof.head);
  must(proof.head.equals(headOfPortable(state)), 'bundle: the head record is of another state');
  const now = state.migration?.departed ? state : passTime(state, until);
  return { state: now, versions: [versionOfState(now)], whole: false };
}

// absent answers from a long form, of which the ledger has nothing.
function absent(id, proof, evidence, now, asked) {
  if (!id.create) {
    if (proof?.absent) throw new BundleError('NOT_FOUND', 'proven absent');
    throw new BundleError('INVALID_DID_DOCUMENT', 'nobody vouches that there is nothing');
  }
  const version = versionOfState(id.create.state);
  const other = asked.versionId !== undefined && asked.versionId !== versionId(version.id);
  if (other || asked.versionTime !== undefined) throw new BundleError('NOT_FOUND', 'a create alone has no times, and one version');
  Object.assign(evidence, { replayed: true, genesisOnly: true, absent: Boolean(proof?.absent), asOf: proof?.absent ? proof.asOf : now });
  return { document: documentOf(id.did, version), versionId: versionId(version.id), evidence };
}
