// Descriptors of trust domains (SPEC.md, section 10.2): what a reader of one file checks, and the step from one to the next.

import { ascii, base32, concat, fromBase32, fromBase64, fromBase64url, fromMultikey } from './bytes.mjs';
import { uri } from './document.mjs';
import { parseTrust, verifyLatest } from './latest.mjs';
import { parseKey, sha256, verify } from './keys.mjs';
import { parseVerifierKey } from './note.mjs';
import { parseHead } from './state.mjs';
import { canonicalJSON, distinct, limits, list, must, uint } from './shape.mjs';

// object checks that a value is an object with the required members and no others but the allowed ones.
function object(v, required, allowed = []) {
  must(v !== null && typeof v === 'object' && !Array.isArray(v), 'descriptor: not an object');
  for (const k of required) must(Object.hasOwn(v, k), `descriptor: ${k} is missing`);
  for (const k of Object.keys(v)) must(required.includes(k) || allowed.includes(k), `descriptor: unknown member ${k}`);
  return v;
}

function name(v) {
  must(typeof v === 'string' && /^[a-z0-9-]{1,31}$/.test(v), 'descriptor: not a name');
  return v;
}

function digest(v) {
  must(typeof v === 'string' && v.length === 52 && fromBase32(v).length === 32, 'descriptor: not a digest');
  return v;
}

function url(v) {
  must(/^https?:\/\//.test(uri(v)), 'descriptor: not http or https');
}

function rootKey(v) {
  const key = fromMultikey(v);
  must(parseKey(key).signs, 'descriptor: a root key that does not sign');
  return key;
}

const ascends = (texts, what) => texts.forEach((t, i) => must(i === 0 || texts[i - 1] < t, `descriptor: ${what} do not ascend`));

function ledger(l) {
  object(l, ['home', 'origin', 'log'], ['urls', 'final', 'successor']);
  const key = parseVerifierKey(l.log);
  must(key.type !== 4, 'descriptor: not a key of a log');
  must(typeof l.origin === 'string' && l.origin !== '' && Buffer.byteLength(l.origin) <= 255, 'descriptor: origin');
  if (l.urls) list(l.urls, 1, 8).forEach(url);
  if (l.final) {
    object(l.final, ['size', 'root']);
    uint(l.final.size, 1, Number.MAX_SAFE_INTEGER);
    must(fromBase64(l.final.root).length === 32, 'descriptor: final root');
  }
  must(l.successor === undefined || l.final, 'descriptor: a successor of what has not ended');
  return { home: name(l.home), final: l.final, successor: l.successor, key, origin: l.origin };
}

function cosigner(c) {
  object(c, ['key', 'role'], ['url']);
  const key = parseVerifierKey(c.key);
  must(key.type !== 1, 'descriptor: not a key that cosigns');
  must(['witness', 'mirror', 'auditor'].includes(c.role), 'descriptor: role');
  if (c.url !== undefined) url(c.url);
  return { ...key, role: c.role };
}

function quorum(q, n, needed) {
  object(q, ['need', 'faulty']);
  uint(q.need, needed ? 1 : 0, n);
  uint(q.faulty, 0, n);
  must(q.need > 0 ? 2 * q.need - n > q.faulty : q.faulty === 0, 'descriptor: two quorums need not share an honest cosigner');
}

// parseDescriptor reads a file, checks it and its signatures, and gives the digest and the ID of the chain.
export function parseDescriptor(file) {
  must(Buffer.byteLength(file) <= limits.descriptor, 'descriptor: too long');
  const v = JSON.parse(file);
  must(canonicalJSON(v) === file, 'descriptor: not canonical JSON');
  object(v, ['descriptor', 'signatures']);
  const d = object(v.descriptor, ['version', 'domain', 'sequence', 'roots', 'ledgers', 'cosigners', 'quorum', 'limits'], ['id', 'previous']);
  must(d.version === 1, 'descriptor: version');
  name(d.domain);
  uint(d.sequence, 0, Number.MAX_SAFE_INTEGER);
  const later = d.sequence > 0;
  must(Object.hasOwn(d, 'id') === later && Object.hasOwn(d, 'previous') === later, 'descriptor: all but the first name chain and predecessor');
  if (later) [d.id, d.previous].forEach(digest);

  object(d.roots, ['threshold', 'keys']);
  const roots = list(d.roots.keys, 1, limits.keys).map(rootKey);
  ascends(d.roots.keys, 'root keys');
  uint(d.roots.threshold, 1, roots.length);

  const ledgers = list(d.ledgers, 1, 16).map(ledger);
  const cosigners = list(d.cosigners, 1, 63).map(cosigner);
  distinct(ledgers.map((l) => l.home), 'names of ledgers');
  distinct(ledgers.map((l) => l.origin), 'origins');
  distinct([...new Set(ledgers.map((l) => l.key.name)), ...cosigners.map((c) => c.name)], 'names of logs and cosigners');
  const ed25519 = roots.filter((k) => parseKey(k).algorithm === 'Ed25519').map((k) => k.subarray(2));
  distinct([...ed25519, ...ledgers.map((l) => l.key.key), ...cosigners.map((c) => c.key)], 'keys');
  must(!ledgers[0].final, 'descriptor: the first ledger has ended');
  for (const l of ledgers) {
    must(l.successor === undefined || (l.successor !== l.home && ledgers.some((x) => x.home === l.successor)), 'descriptor: the successor is not another ledger');
  }

  object(d.quorum, ['witnesses', 'mirrors', 'auditors']);
  const count = (role) => cosigners.filter((c) => c.role === role).length;
  quorum(d.quorum.witnesses, count('witness'), true);
  quorum(d.quorum.mirrors, count('mirror'), false);
  quorum(d.quorum.auditors, count('auditor'), true);
  object(d.limits, ['clockSkew', 'maxAge']);
  uint(d.limits.clockSkew, 1, 3600);
  uint(d.limits.maxAge, 1, 31622400);

  const signed = Buffer.from(canonicalJSON(d));
  verifyRoots(v.signatures, d, signed);
  const id = sha256(ascii('realdid/descriptor-id/v1'), [0], signed);
  return { ...d, signers: v.signatures.map((s) => s.key), digest: id, chainId: later ? d.id : base32(id) };
}

// parseFirst reads a descriptor that begins a chain.
export function parseFirst(file) {
  const d = parseDescriptor(file);
  must(d.sequence === 0, 'descriptor: not the first of its chain');
  checkLedgers([], d.ledgers);
  return d;
}

// next reads the descriptor that follows one that is trusted, with the proof under the old one's quorum that it is the newest on
// the old one's first ledger, by a clock that says now.
export function next(before, file, proof, now) {
  const d = parseDescriptor(file);
  must(d.sequence === before.sequence + 1 && d.previous === base32(before.digest), 'descriptor: of another predecessor');
  must(d.id === before.chainId && d.domain === before.domain, 'descriptor: of another chain');
  const old = d.signers.filter((k) => before.roots.keys.includes(k));
  must(old.length >= before.roots.threshold, 'descriptor: signed by too few of the old root keys');
  must(d.signers.every((k) => old.includes(k) || d.roots.keys.includes(k)), 'descriptor: signed by somebody else');
  checkLedgers(before.ledgers, d.ledgers);

  const p = verifyLatest(proof, trustOf(before), Buffer.from(before.chainId + ':descriptor'), now);
  must(p.latest, 'descriptor: not proven to be logged');
  const record = parseHead(p.head);
  must(record.place === d.sequence && record.id.equals(d.digest), 'descriptor: another one is the newest on the ledger');
  return d;
}

// checkLedgers: what was said of a ledger stays, and nothing that has ended is named as a successor for the first time.
function checkLedgers(before, ledgers) {
  const find = (list_, home) => list_.find((l) => l.home === home);
  for (const was of before) {
    const is = find(ledgers, was.home);
    must(is && is.origin === was.origin && is.log === was.log, 'descriptor: a ledger is left out, or another one under its name');
    must(!was.final || (is.final && is.final.size === was.final.size && is.final.root === was.final.root), 'descriptor: another end');
    must(!was.successor || is.successor === was.successor, 'descriptor: another successor');
  }
  for (const l of ledgers) {
    const named = find(before, l.home)?.successor !== undefined;
    must(l.successor === undefined || named || !find(ledgers, l.successor).final, 'descriptor: the successor has ended');
  }
}

// trustOf is the policy of a descriptor for its first ledger.
function trustOf(d) {
  const [{ origin, log }] = d.ledgers;
  const { witnesses, mirrors, auditors } = d.quorum;
  const need = { witness: witnesses.need, mirror: mirrors.need, auditor: auditors.need };
  return parseTrust({ origin, log, cosigners: d.cosigners, quorum: need, skew: d.limits.clockSkew });
}

// verifyRoots checks every signature, and that the own root keys reach their threshold. Of a later descriptor, some of the
// signatures may be of the root keys of its predecessor.
function verifyRoots(signatures, d, signed) {
  const message = concat(ascii('realdid/descriptor/v1'), [0], signed);
  const keys = list(signatures, 0, 2 * limits.keys).map((s) => {
    object(s, ['key', 'value']);
    must(verify(rootKey(s.key), message, fromBase64url(s.value)), 'descriptor: a signature does not verify');
    return s.key;
  });
  ascends(keys, 'signatures');
  const own = keys.filter((k) => d.roots.keys.includes(k));
  must(own.length >= d.roots.threshold, 'descriptor: signed by too few root keys');
  must(d.sequence > 0 || own.length === keys.length, 'descriptor: signed by somebody else');
}
