// Derivation of keys from a seed (SPEC.md, section 9). Here it is for test vectors: nothing is wiped, nothing takes constant time.

import { createECDH, createPrivateKey, createPublicKey, hkdfSync, sign } from 'node:crypto';
import { ascii, concat, fromBase64url, hex } from './bytes.mjs';
import { curves, multiply, number } from './curves.mjs';

export const derive = (seed, path, length) => Buffer.from(hkdfSync('sha256', seed, ascii('realdid/derive/v1'), ascii(path), length));

const nodeCurves = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', secp256k1: 'secp256k1' };
const codes = {
  Ed25519: [0xed, 0x01], 'P-256': [0x80, 0x24], 'P-384': [0x81, 0x24], secp256k1: [0xe7, 0x01], SM2: [0x86, 0x24], X25519: [0xec, 0x01],
};
const oids = { Ed25519: '70', X25519: '6e' };

// deriveKey gives the public key in multicodec form of the first output that is a secret key of an algorithm.
export function deriveKey(seed, path, algorithm) {
  for (let c = 0; c < 16; c++) {
    const secret = derive(seed, `${path}/${algorithm}/${c}`, algorithm === 'P-384' ? 48 : 32);
    const d = number(secret), curve = curves[algorithm];
    if (curve && (d < 1n || d >= curve.n - (algorithm === 'SM2' ? 1n : 0n))) continue;
    return concat(codes[algorithm], publicKey(algorithm, secret, d));
  }
  throw new Error('derive: no output is a secret key');
}

function privateKey(algorithm, secret) {
  const der = concat(Buffer.from(`302e020100300506032b65${oids[algorithm]}04220420`, 'hex'), secret);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

// signEd25519 gives the public key of a seed and its signature of a message, which RFC 8032 determines, in hexadecimal.
export function signEd25519(seed, message) {
  return { publicKey: hex(publicKey('Ed25519', seed)), signature: hex(sign(null, message, privateKey('Ed25519', seed))) };
}

function publicKey(algorithm, secret, d) {
  if (oids[algorithm]) {
    return fromBase64url(createPublicKey(privateKey(algorithm, secret)).export({ format: 'jwk' }).x);
  }
  if (algorithm === 'SM2') {
    const [x, y] = multiply(curves.SM2, d, curves.SM2.g);
    return concat([y & 1n ? 3 : 2], Buffer.from(x.toString(16).padStart(64, '0'), 'hex'));
  }
  const ecdh = createECDH(nodeCurves[algorithm]);
  ecdh.setPrivateKey(secret);
  return ecdh.getPublicKey(null, 'compressed');
}
