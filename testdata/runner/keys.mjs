// Public keys in multicodec form, hashes by suite, and verification of signatures (SPEC.md, sections 3.1 and 3.2).

import { createHash, createPublicKey, verify as nodeVerify } from 'node:crypto';
import { ascii, base64url, concat } from './bytes.mjs';
import { curves, decompress, ed25519Point, number, verifySM2, x25519Point } from './curves.mjs';
import { sm3 } from './sm3.mjs';

export const sha256 = (...parts) => createHash('sha256').update(concat(...parts)).digest();

// H is the hash of a suite over a label, one zero byte, and byte strings.
export function H(suite, label, ...parts) {
  const input = concat(ascii(label), [0], ...parts);
  return suite === 's' ? sm3(input) : sha256(input);
}

export const nextCommitment = (suite, key) => H(suite, 'realdid/next/v1', key);
export const recoveryCommitment = (suite, salt, key) => H(suite, 'realdid/recovery/v1', salt, key);

// Codes as unsigned varints.
const algorithms = [
  { name: 'Ed25519', code: [0xed, 0x01], length: 32, signature: 64 },
  { name: 'P-256', code: [0x80, 0x24], length: 33, signature: 64, hash: 'sha256' },
  { name: 'P-384', code: [0x81, 0x24], length: 49, signature: 96, hash: 'sha384' },
  { name: 'secp256k1', code: [0xe7, 0x01], length: 33, signature: 64, hash: 'sha256' },
  { name: 'SM2', code: [0x86, 0x24], length: 33, signature: 64 },
  { name: 'X25519', code: [0xec, 0x01], length: 32 },
  { name: 'BLS12-381 G2', code: [0xeb, 0x01], length: 96 },
];

const blsPrime = BigInt('0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab');

const parsed = new Map(); // keys come back many times, and square roots take time

// parseKey checks a key and says what algorithm it is of.
export function parseKey(key) {
  const memo = Buffer.from(key).toString('latin1');
  if (!parsed.has(memo)) parsed.set(memo, parseNew(key));
  return parsed.get(memo);
}

function parseNew(key) {
  const algorithm = algorithms.find((a) => key[0] === a.code[0] && key[1] === a.code[1]);
  if (!algorithm) throw new Error('key: unknown algorithm');
  const raw = key.subarray(2);
  if (raw.length !== algorithm.length) throw new Error('key: length');
  const out = { algorithm: algorithm.name, signs: algorithm.signature !== undefined, raw };
  if (algorithm.name === 'Ed25519') {
    if (!ed25519Point(raw)) throw new Error('key: not a point, not canonical, or of small order');
  } else if (algorithm.name === 'X25519') {
    if (!x25519Point(raw)) throw new Error('key: not a point, not canonical, or of small order');
  } else if (algorithm.name === 'BLS12-381 G2') {
    if (raw[0] >> 6 !== 2) throw new Error('key: flags');
    const first = Buffer.from(raw.subarray(0, 48));
    first[0] &= 0x1f;
    if (number(first) >= blsPrime || number(raw.subarray(48)) >= blsPrime) throw new Error('key: coordinate not below the prime');
  } else {
    out.point = decompress(curves[algorithm.name], raw);
  }
  return out;
}

// verify says whether a signature is one of a key over a message. It never throws for a bad signature.
export function verify(key, message, signature) {
  const k = parseKey(key);
  const algorithm = algorithms.find((a) => a.name === k.algorithm);
  if (signature.length !== algorithm.signature) return false;
  if (k.algorithm === 'Ed25519') return verifyEd25519(k.raw, message, signature);
  const curve = curves[k.algorithm], half = signature.length / 2;
  const r = number(signature.subarray(0, half)), s = number(signature.subarray(half));
  if (r < 1n || r >= curve.n || s < 1n || s >= curve.n) return false;
  if (k.algorithm === 'SM2') return verifySM2(k.point, message, r, s);
  if (s > curve.n / 2n) return false;
  const coordinate = (v) => base64url(Buffer.from(v.toString(16).padStart(2 * curve.size, '0'), 'hex'));
  const jwk = { kty: 'EC', crv: k.algorithm, x: coordinate(k.point[0]), y: coordinate(k.point[1]) };
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
  return nodeVerify(algorithm.hash, message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
}

const orderEd25519 = 2n ** 252n + 27742317777372353535851937790883648493n;

// verifyEd25519: OpenSSL multiplies by no cofactor and compares R as bytes; that S is below the order is checked here as well.
export function verifyEd25519(raw, message, signature) {
  if (signature.length !== 64 || number(Buffer.from(signature.subarray(32)).reverse()) >= orderEd25519) return false;
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: base64url(raw) }, format: 'jwk' });
  return nodeVerify(null, message, key, signature);
}
