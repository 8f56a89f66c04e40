// Signed notes, checkpoints, verifier keys and cosignatures (C2SP signed-note, tlog-checkpoint, tlog-cosignature; LOG.md, "Who
// signs what").

import { ascii, concat, equal, fromBase64, u64, utf8 } from './bytes.mjs';
import { ed25519Point } from './curves.mjs';
import { sha256, verifyEd25519 } from './keys.mjs';
import { isText, maxLogTime } from './log.mjs';
import { verifyMLDSA44 } from './mldsa.mjs';
import { must } from './shape.mjs';

const maxSignatures = 64, maxNote = 262144;
const goodName = (s) => s !== '' && !/[\s+\p{Z}]/u.test(s);

// parseVerifierKey reads name+id+base64.
export function parseVerifierKey(s) {
  const parts = /^([^+\n]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(s);
  must(parts && !s.endsWith('\n') && goodName(parts[1]), 'verifier key: form');
  const [, name, id, encoded] = parts;
  const b = fromBase64(encoded);
  const type = b[0], key = b.subarray(1);
  must(sha256(Buffer.from(name), [10], b).subarray(0, 4).toString('hex') === id, 'verifier key: ID');
  must(type === 1 || type === 4 || type === 6, 'verifier key: unknown type');
  if (type === 6) must(key.length === 1312, 'verifier key: length');
  else must(key.length === 32 && ed25519Point(key), 'verifier key: not a key of Ed25519');
  return { text: s, name, id: Buffer.from(id, 'hex'), type, key };
}

// parseNote gives the text, and the signatures { name, id, value }. Nothing is verified.
export function parseNote(b) {
  must(b.length <= maxNote && isText(b), 'note: too long, or not text');
  const s = utf8(b);
  const split = s.lastIndexOf('\n\n');
  must(split >= 0 && s.endsWith('\n'), 'note: no blank line, or no line feed at the end');
  const lines = s.slice(split + 2, -1).split('\n');
  must(lines.length <= maxSignatures, 'note: too many signatures');
  const signatures = lines.map((line) => {
    const m = /^\u2014 ([^ ]+) ([A-Za-z0-9+/]+=*)$/.exec(line);
    must(m && goodName(m[1]), 'note: a line is no signature');
    const value = fromBase64(m[2]);
    must(value.length > 4, 'note: a signature of nothing');
    return { name: m[1], id: value.subarray(0, 4), value: value.subarray(4) };
  });
  return { text: Buffer.from(s.slice(0, split + 1)), signatures };
}

// parseCheckpoint reads the text of a note. The size is a BigInt.
export function parseCheckpoint(b) {
  must(isText(b), 'checkpoint: not text');
  const lines = utf8(b).split('\n');
  must(lines.pop() === '' && lines.length >= 3, 'checkpoint: lines');
  const [origin, size, root, ...extensions] = lines;
  must(origin !== '' && Buffer.byteLength(origin) <= 255, 'checkpoint: origin');
  must(/^(0|[1-9][0-9]{0,18})$/.test(size) && BigInt(size) < 2n ** 63n, 'checkpoint: size');
  const hash = fromBase64(root);
  must(hash.length === 32, 'checkpoint: root');
  must(size !== '0' || equal(hash, sha256()), 'checkpoint: root of no leaves');
  must(extensions.every((e) => e !== ''), 'checkpoint: an empty extension line');
  return { origin, size: BigInt(size), root: hash, extensions };
}

const prefixed = (s) => concat([Buffer.byteLength(s)], Buffer.from(s));

// cosignedMessage is what a cosigner signs at a time, in seconds.
export function cosignedMessage(key, text, time) {
  if (key.type === 4) return concat(ascii(`cosignature/v1\ntime ${time}\n`), text);
  const c = parseCheckpoint(text);
  return concat(ascii('subtree/v1\n'), [0], prefixed(key.name), u64(time), prefixed(c.origin), u64(0), u64(c.size), c.root);
}

export const isOf = (signature, key) => signature.name === key.name && equal(signature.id, key.id);

// verifyCosignature gives the time of a cosignature, and throws if it does not verify.
export function verifyCosignature(key, text, value) {
  const time = verifyTimed(key, text, value);
  must(time > 0, 'cosignature: time 0');
  return time;
}

// verifyTimed is the same for any time, 0 included, with which a log signs.
export function verifyTimed(key, text, value) {
  must(key.type === 4 || key.type === 6, 'cosignature: not a key that cosigns');
  must(value.length === 8 + (key.type === 4 ? 64 : 2420), 'cosignature: length');
  const time = value.readBigUInt64BE(0);
  must(time <= maxLogTime, 'cosignature: time');
  const message = cosignedMessage(key, text, time);
  const check = key.type === 4 ? verifyEd25519 : verifyMLDSA44;
  must(check(key.key, message, value.subarray(8)), 'cosignature: does not verify');
  return Number(time);
}

// verifyLog checks the signature of a log.
export function verifyLog(key, text, value) {
  if (key.type === 1) {
    must(verifyEd25519(key.key, text, value), 'log: the signature does not verify');
    return;
  }
  must(key.type === 6 && verifyTimed(key, text, value) === 0, 'log: not a signature of a log');
  must(parseCheckpoint(text).extensions.length === 0, 'log: extension lines that the signature does not cover');
}
