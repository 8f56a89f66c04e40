// What is done with the vectors of each file of did/ and realdid/. A check throws if what it computes is not what the vector says.

import { deepStrictEqual as same, ok } from 'node:assert/strict';
import { base32, fromHex, fromMultikey, hex, multikey } from './bytes.mjs';
import { verifyBundle } from './bundle.mjs';
import { derive, deriveKey } from './derive.mjs';
import { didDocument } from './document.mjs';
import { next as nextDescriptor, parseDescriptor, parseFirst } from './descriptor.mjs';
import { append, documentOf, emptyHistory, pass, select, typeName, versionId } from './history.mjs';
import { keyOf, longForm, parseDID, parseDIDURL, parseIdentifier } from './identifier.mjs';
import { parseKey } from './keys.mjs';
import { defaultSkew, parseTrust } from './latest.mjs';
import { Unchecked } from './moving.mjs';
import { parseOperation, signedBytes } from './operation.mjs';
import { apply, emptyState } from './rules.mjs';
import { encodeState, head, parseHead, parseState, portable } from './state.mjs';
import { refused, seconds } from './vectors.mjs';

const plain = (v) => JSON.parse(JSON.stringify(v));

// A trust of the vectors: { origin, log, cosigners, witnesses, auditors }, with a skew of 5 minutes.
const trust = (t) => parseTrust({ ...t, quorum: { witness: t.witnesses, mirror: 0, auditor: t.auditors }, skew: defaultSkew });

const predecessors = (list = []) => list.map((p) => ({
  home: p.home, trust: trust(p.trust), until: seconds(p.until),
  final: p.final && { size: BigInt(p.final.size), root: Buffer.from(p.final.root, 'base64'), successor: p.final.successor },
}));

const stateOf = (text) => (text ? parseState(fromHex(text)) : emptyState);

function checkHistory(v) {
  let history = emptyHistory;
  const ids = [];
  v.steps.forEach((step, index) => {
    history = append(history, fromHex(step.operation), { index, time: seconds(step.time) });
    const { state, last } = history;
    same([typeName(last), hex(last.id), versionId(last.id)], [step.type, step.id, step.versionId]);
    same(hex(encodeState(state)), step.state, `state after step ${index}`);
    same(hex(encodeState(parseState(fromHex(step.state)))), step.state);
    same(hex(head(state)), step.head, `head record after step ${index}`);
    parseHead(fromHex(step.head));
    ids.push(last.id);
  });
  const { domain = 'main', home = 'main' } = v;
  same([history.state.domain, history.state.home], [domain, home]);
  const first = parseOperation(fromHex(v.steps[0].operation));
  same(longForm(first), v.longForm);
  same(parseIdentifier(v.longForm).short, v.did);
  const now = pass(history, seconds(v.now));
  for (const look of v.looks) {
    const version = select(now.versions, { versionId: look.versionId, versionTime: seconds(look.versionTime) });
    same(plain(documentOf(v.did, version)), look.document);
    same([hex(version.id), Boolean(now.state.deactivated)], [hex(ids[look.versionOf]), look.deactivated]);
  }
}

function checkOperation(v) {
  const o = parseOperation(fromHex(v.operation));
  same([typeName(o), o.suite, hex(o.payload), hex(o.id), versionId(o.id)], [v.type, v.suite, v.payload, v.id, v.versionId]);
  same('did:realdid:' + keyOf(o.domain, o.scid), v.did);
  same(o.type === 'import' ? undefined : hex(signedBytes(o)), v.signedBytes);
  same(o.type === 'create', v.create !== undefined);
  if (!v.create) return;
  const { scid, longForm: long, document } = v.create;
  same([hex(o.scid), longForm(o)], [scid, long]);
  if (long) same(plain(didDocument(long, parseIdentifier(long).create.state.document)), document);
}

// checkWalk: what does not parse or is not valid is passed over, as on a ledger that admits everything.
function checkWalk(v) {
  let state = emptyState;
  v.steps.forEach((step, index) => {
    const anchor = { index, time: seconds(step.time) }, operation = fromHex(step.operation);
    if (step.head === undefined) {
      try {
        refused(() => apply(state, parseOperation(operation), anchor));
      } catch (e) {
        throw new Error(`step ${index}: ${e.message}`);
      }
      return;
    }
    state = apply(state, parseOperation(operation), anchor);
    same(hex(head(state)), step.head, `head record after step ${index}`);
  });
  same(hex(encodeState(state)), v.state);
}

function checkImport(v) {
  const o = parseOperation(fromHex(v.operation));
  const state = apply(stateOf(v.before), o, { index: v.index ?? 0, time: seconds(v.time) }, predecessors(v.predecessors));
  same(hex(encodeState(state)), v.state);
  same(hex(head(state)), v.head);
}

function checkBadImport(v) {
  const state = stateOf(v.before);
  const e = refused(() => apply(state, parseOperation(fromHex(v.operation)), { index: 0, time: seconds(v.time) }, predecessors(v.predecessors)));
  same(e instanceof Unchecked ? 'unchecked' : 'invalid', v.kind);
}

const openBundle = (v, setting) => verifyBundle(
  fromHex(v.bundle), v.did, () => v.trust && { trust: trust(setting.trusts[v.trust]) }, seconds(setting.now), { versionTime: seconds(v.versionTime) });

function checkBundle(v, setting) {
  const { document, versionId: version, evidence } = plain(openBundle(v, setting));
  const want = { ...v.evidence };
  if (want.asOf) want.asOf = seconds(want.asOf);
  same({ document, version, evidence }, { document: v.document, version: v.versionId, evidence: want });
}

// checkMovedBundle: each ledger that is trusted is so by its policy, and as a former home.
function checkMovedBundle(v, setting) {
  const trusts = Object.fromEntries(v.trusts.map((home) => [home, trust(setting.trusts[home])]));
  const predecessors_ = Object.entries(trusts).map(([home, t]) => ({ home, trust: t }));
  const asked = { versionTime: seconds(v.askedVersionTime), versionId: v.askedVersionId };
  const policies = (home) => trusts[home] && { trust: trusts[home], predecessors: predecessors_ };
  const open = () => verifyBundle(fromHex(v.bundle), v.did, policies, seconds(setting.now), asked);
  if (!v.valid) { same(refused(open).code, v.code); return; }
  const { document, versionId: version, evidence } = plain(open());
  const want = { ...v.answer.evidence };
  if (want.asOf) want.asOf = seconds(want.asOf);
  same({ document, version, evidence }, { document: v.answer.document, version: v.answer.versionId, evidence: want });
}

function checkDerivation(v) {
  const seed = fromHex(v.seed);
  if (v.secret !== undefined) {
    same(hex(derive(seed, v.path, v.secret.length / 2)), v.secret);
    return;
  }
  const { algorithm } = parseKey(fromMultikey(v.publicKeyMultibase));
  same(multikey(deriveKey(seed, v.path, algorithm)), v.publicKeyMultibase);
}

function checkURL(v) {
  const { path, query, fragment } = parseDIDURL(v.input);
  same([path, query ?? '', fragment ?? ''], [v.path ?? '', v.query ?? '', v.fragment ?? '']);
  same(path === '' && query === undefined && Boolean(fragment), v.key ?? false);
}

export const checks = {
  'did/dids.json': (v) => same(parseDID(v.input), { method: v.method, id: v.id }),
  'did/bad-dids.json': (v) => same(refused(() => parseDID(v.input)).message, v.code),
  'did/urls.json': checkURL,
  'did/bad-urls.json': (v) => { refused(() => parseDIDURL(v.input)); same(v.code, 'INVALID_DID_URL'); },
  'realdid/operations.json': checkOperation,
  'realdid/identifiers.json': (v) => {
    const id = parseIdentifier(v.did);
    same([hex(id.scid), id.genesis && hex(id.genesis), id.domain], [v.scid, v.genesis, v.domain ?? 'main']);
  },
  'realdid/bad-identifiers.json': (v) => refused(() => parseIdentifier(v.did)),
  'realdid/malformed.json': (v) => refused(() => parseOperation(fromHex(v.operation))),
  'realdid/refused.json': (v) => {
    const state = stateOf(v.state), o = parseOperation(fromHex(v.operation));
    const e = refused(() => apply(state, o, { index: 0, time: seconds(v.time) }));
    ok(!(e instanceof Unchecked));
  },
  'realdid/histories.json': checkHistory,
  'realdid/walks.json': checkWalk,
  'realdid/imports.json': checkImport,
  'realdid/bad-imports.json': checkBadImport,
  'realdid/portable.json': (v) => {
    const state = parseState(fromHex(v.state));
    same([hex(encodeState(portable(state))), hex(head(state))], [v.portable, v.head]);
  },
  'realdid/bad-heads.json': (v) => refused(() => parseHead(fromHex(v.head))),
  'realdid/bundles.json': checkBundle,
  'realdid/moved-bundles.json': checkMovedBundle,
  'realdid/bad-bundles.json': (v, setting) => same(refused(() => openBundle(v, setting)).code, v.code),
  'realdid/descriptors.json': (v) => {
    const d = JSON.parse(v.file).descriptor.sequence === 0 ? parseFirst(v.file) : parseDescriptor(v.file);
    same([hex(d.digest), d.chainId], [v.digest, v.chainId]);
    if (d.sequence === 0) same(base32(d.digest), v.chainId);
  },
  'realdid/descriptor-steps.json': (v) => {
    const step = () => nextDescriptor(parseDescriptor(v.before), v.file, fromHex(v.proof), seconds(v.now));
    if (v.valid) step();
    else refused(step);
  },
  'realdid/bad-descriptors.json': (v) => refused(() => parseDescriptor(v.file)),
  'realdid/derivation.json': checkDerivation,
};
