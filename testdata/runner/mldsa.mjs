// Verification for ML-DSA-44 (FIPS 204, algorithms 3 and 8, with an empty context). Node has it only from version 24 on.

import { createHash } from 'node:crypto';

const q = 8380417, k = 4, l = 4, gamma1 = 1 << 17, gamma2 = (q - 1) / 88, beta = 78, tau = 39, omega = 80, dropped = 13;
const shake256 = (length, ...parts) => createHash('shake256', { outputLength: length }).update(Buffer.concat(parts)).digest();
const shake128 = (length, ...parts) => createHash('shake128', { outputLength: length }).update(Buffer.concat(parts)).digest();

// multiply modulo q without leaving the integers that a Number holds exactly: both factors are below 2^23.
const times = (a, b) => (a * b) % q;
const reverse8 = (i) => parseInt(i.toString(2).padStart(8, '0').split('').reverse().join(''), 2);

function power(base, exponent) {
  let out = 1;
  for (; exponent > 0; exponent >>= 1, base = times(base, base)) if (exponent & 1) out = times(out, base);
  return out;
}

const zetas = Array.from({ length: 256 }, (_, i) => power(1753, reverse8(i)));

function ntt(w) {
  const a = [...w];
  for (let length = 128, m = 0; length >= 1; length >>= 1) {
    for (let start = 0; start < 256; start += 2 * length) {
      const zeta = zetas[++m];
      for (let j = start; j < start + length; j++) {
        const t = times(zeta, a[j + length]);
        a[j + length] = (a[j] - t + q) % q;
        a[j] = (a[j] + t) % q;
      }
    }
  }
  return a;
}

function inverseNTT(w) {
  const a = [...w];
  for (let length = 1, m = 256; length < 256; length <<= 1) {
    for (let start = 0; start < 256; start += 2 * length) {
      const zeta = q - zetas[--m];
      for (let j = start; j < start + length; j++) {
        const t = a[j];
        a[j] = (t + a[j + length]) % q;
        a[j + length] = times(zeta, (t - a[j + length] + q) % q);
      }
    }
  }
  return a.map((x) => times(x, 8347681));
}

// unpack reads n numbers of some bits each, least significant first.
function unpack(b, n, bits) {
  const out = [];
  let value = 0, have = 0, at = 0;
  while (out.length < n) {
    for (; have < bits; have += 8) value += b[at++] * 2 ** have;
    out.push(value % 2 ** bits);
    value = Math.floor(value / 2 ** bits);
    have -= bits;
  }
  return out;
}

function matrixEntry(rho, r, s) {
  const stream = shake128(3 * 600, rho, Buffer.from([s, r]));
  const out = [];
  for (let i = 0; out.length < 256; i += 3) {
    const v = stream[i] | (stream[i + 1] << 8) | ((stream[i + 2] & 0x7f) << 16);
    if (v < q) out.push(v);
  }
  return out;
}

function challenge(seed) {
  const stream = shake256(2000, seed);
  const c = new Array(256).fill(0);
  let at = 8;
  for (let i = 256 - tau; i < 256; i++) {
    let j;
    do j = stream[at++]; while (j > i);
    c[i] = c[j];
    const n = i + tau - 256;
    c[j] = (stream[n >> 3] >> (n & 7)) & 1 ? q - 1 : 1;
  }
  return c;
}

// hints reads the positions at which the high bits are to be corrected, or gives null if they are not in their one form.
function hints(b) {
  const h = Array.from({ length: k }, () => new Array(256).fill(0));
  let index = 0;
  for (let i = 0; i < k; i++) {
    const end = b[omega + i];
    if (end < index || end > omega) return null;
    for (const first = index; index < end; index++) {
      if (index > first && b[index - 1] >= b[index]) return null;
      h[i][b[index]] = 1;
    }
  }
  return b.subarray(index, omega).every((x) => x === 0) ? h : null;
}

function useHint(hint, r) {
  const m = (q - 1) / (2 * gamma2);
  let low = r % (2 * gamma2);
  if (low > gamma2) low -= 2 * gamma2;
  let high = (r - low) / (2 * gamma2);
  if (r - low === q - 1) [high, low] = [0, low - 1];
  if (!hint) return high;
  return (high + (low > 0 ? 1 : m - 1)) % m;
}

export function verifyMLDSA44(key, message, signature) {
  if (key.length !== 1312 || signature.length !== 2420) return false;
  const rho = key.subarray(0, 32);
  const t1 = unpack(key.subarray(32), 256 * k, 10);
  const seed = signature.subarray(0, 32);
  const z = unpack(signature.subarray(32, 32 + 32 * 18 * l), 256 * l, 18).map((v) => gamma1 - v);
  const h = hints(signature.subarray(32 + 32 * 18 * l));
  if (h === null || z.some((v) => Math.abs(v) >= gamma1 - beta)) return false;
  const mu = shake256(64, shake256(64, key), Buffer.from([0, 0]), message);
  const c = ntt(challenge(seed));
  const zHat = Array.from({ length: l }, (_, s) => ntt(z.slice(256 * s, 256 * s + 256).map((v) => (v + q) % q)));
  const packed = [];
  for (let r = 0; r < k; r++) {
    const t = ntt(t1.slice(256 * r, 256 * r + 256).map((v) => (v * 2 ** dropped) % q));
    let sum = c.map((v, i) => (q - times(v, t[i])) % q);
    for (let s = 0; s < l; s++) {
      const a = matrixEntry(rho, r, s);
      sum = sum.map((v, i) => (v + times(a[i], zHat[s][i])) % q);
    }
    const w1 = inverseNTT(sum).map((v, i) => useHint(h[r][i], v));
    for (let i = 0; i < 256; i += 4) {
      packed.push(w1[i] | ((w1[i + 1] << 6) & 255), (w1[i + 1] >> 2) | ((w1[i + 2] << 4) & 255), (w1[i + 2] >> 4) | (w1[i + 3] << 2));
    }
  }
  return seed.equals(shake256(32, mu, Buffer.from(packed)));
}
