// Points of the curves, with integers of any size: whether a public key is a canonical encoding of a point that is not of small
// order, and verification for SM2, which node:crypto does not offer by an interface of its own. Nothing here is secret, and
// nothing here takes constant time.

import { hex } from './bytes.mjs';
import { sm3 } from './sm3.mjs';

export const number = (b) => BigInt('0x0' + hex(b));
export const mod = (a, p) => ((a % p) + p) % p;

export function power(base, exponent, p) {
  let out = 1n;
  for (base = mod(base, p); exponent > 0n; exponent >>= 1n, base = (base * base) % p) {
    if (exponent & 1n) out = (out * base) % p;
  }
  return out;
}

const inverse = (a, p) => power(a, p - 2n, p);

// y² = x³ + ax + b over the field of p, of prime order n; all four p are 3 modulo 4.
export const curves = {
  'P-256': {
    size: 32, p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn, a: -3n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  'P-384': {
    size: 48, p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n, a: -3n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  secp256k1: {
    size: 32, p: 2n ** 256n - 2n ** 32n - 977n, a: 0n, b: 7n,
    n: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  },
  SM2: {
    size: 32, p: 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn, a: -3n,
    b: 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n,
    n: 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
    g: [0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n,
      0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n],
  },
};

// decompress gives the point [x, y] of a compressed encoding.
export function decompress(curve, b) {
  const { p, a, size } = curve;
  if (b.length !== size + 1 || (b[0] !== 2 && b[0] !== 3)) throw new Error('key: not a compressed point');
  const x = number(b.subarray(1));
  if (x >= p) throw new Error('key: coordinate not below the prime');
  const square = mod(x * x * x + a * x + curve.b, p);
  const y = power(square, (p + 1n) / 4n, p);
  if ((y * y) % p !== square) throw new Error('key: not on the curve');
  return [x, Number(y & 1n) === (b[0] & 1) ? y : p - y];
}

function add(curve, P, Q) {
  const { p, a } = curve;
  if (!P) return Q;
  if (!Q) return P;
  const [x1, y1] = P, [x2, y2] = Q;
  if (x1 === x2 && mod(y1 + y2, p) === 0n) return null;
  const slope = x1 === x2 ? (3n * x1 * x1 + a) * inverse(2n * y1, p) : (y2 - y1) * inverse(mod(x2 - x1, p), p);
  const x = mod(slope * slope - x1 - x2, p);
  return [x, mod(slope * (x1 - x) - y1, p)];
}

export function multiply(curve, k, P) {
  let out = null;
  for (; k > 0n; k >>= 1n, P = add(curve, P, P)) if (k & 1n) out = add(curve, out, P);
  return out;
}

// verifySM2 is GB/T 32918.2 with SM3 and the user ID 1234567812345678 (SPEC.md, section 3.2).
export function verifySM2([x, y], message, r, s) {
  const c = curves.SM2;
  const bytes = (v) => Buffer.from(mod(v, c.p).toString(16).padStart(64, '0'), 'hex');
  const id = Buffer.from('1234567812345678');
  const z = sm3(Buffer.concat([Buffer.from([0, id.length * 8]), id, ...[c.a, c.b, ...c.g, x, y].map(bytes)]));
  const e = number(sm3(Buffer.concat([z, message])));
  const t = (r + s) % c.n;
  if (t === 0n) return false;
  const R = add(c, multiply(c, s, c.g), multiply(c, t, [x, y]));
  return R !== null && (e + R[0]) % c.n === r;
}

const p25519 = 2n ** 255n - 19n;
const littleEndian = (b) => number(Buffer.from(b).reverse());

// ed25519Point says whether 32 bytes are the canonical encoding of a point of edwards25519 that is not of small order.
export function ed25519Point(b) {
  const p = p25519, d = mod(-121665n * inverse(121666n, p), p);
  const sign = b[31] >> 7;
  const y = littleEndian(b) & (2n ** 255n - 1n);
  if (y >= p) return false;
  const u = mod(y * y - 1n, p), v = mod(d * y * y + 1n, p);
  const square = mod(u * inverse(v, p), p);
  let x = power(square, (p + 3n) / 8n, p);
  if ((x * x) % p !== square) x = (x * power(2n, (p - 1n) / 4n, p)) % p;
  if ((x * x) % p !== square || (x === 0n && sign)) return false;
  let point = [Number(x & 1n) === sign ? x : p - x, y];
  for (let i = 0; i < 3; i++) { // eight times the point
    const [X, Y] = point, k = mod(d * X * X * Y * Y, p);
    point = [mod(2n * X * Y * inverse(1n + k, p), p), mod((Y * Y + X * X) * inverse(mod(1n - k, p), p), p)];
  }
  return !(point[0] === 0n && point[1] === 1n);
}

// x25519Point says the same of curve25519: u is below the prime, and its point, which may be of the twist, not of small order.
// Points of small order have u = 0, 1, -1 or one of two more: doubling three times makes nothing of them.
export function x25519Point(b) {
  const p = p25519, u = littleEndian(b);
  if (u >= p) return false;
  let x = u, z = 1n;
  for (let i = 0; i < 3; i++) { // doubling on the line of u, RFC 7748
    const s = mod((x + z) ** 2n, p), t = mod((x - z) ** 2n, p), e = mod(s - t, p);
    [x, z] = [mod(s * t, p), mod(e * (t + 121666n * e), p)];
  }
  return z !== 0n;
}
