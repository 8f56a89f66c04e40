// Deterministic CBOR (RFC 8949, section 4.2.1), as far as the formats use it: unsigned and negative integers, byte and text
// strings, arrays, maps, true, false and null. Everything else is refused, and so is everything that would encode differently.
//
// A map is a Map; an integer is a Number where that is exact and a BigInt beyond; a byte string is a Buffer.

import { concat, utf8 } from './bytes.mjs';

const maxDepth = 16;

export function decode(b) {
  const reader = { b, at: 0 };
  const v = item(reader, 0);
  if (reader.at !== b.length) throw new Error('cbor: bytes after the end');
  return v;
}

function take(r, n) {
  if (n > r.b.length - r.at) throw new Error('cbor: cut short');
  const part = r.b.subarray(r.at, r.at + n);
  r.at += n;
  return part;
}

function head(r) {
  const first = take(r, 1)[0];
  const major = first >> 5, info = first & 31;
  if (info < 24) return { major, info, n: info };
  if (major === 7 || info > 27) throw new Error('cbor: a float, an indefinite length or a simple value');
  const width = 1 << (info - 24);
  const big = BigInt('0x' + take(r, width).toString('hex'));
  const least = [24n, 1n << 8n, 1n << 16n, 1n << 32n][info - 24];
  if (big < least) throw new Error('cbor: a number is not in its shortest form');
  return { major, info, n: big <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(big) : big };
}

function item(r, depth) {
  if (depth > maxDepth) throw new Error('cbor: nested too deep');
  const { major, n } = head(r);
  switch (major) {
    case 0: return n;
    case 1: return typeof n === 'number' ? -1 - n : -1n - n;
    case 2: return Buffer.from(take(r, n));
    case 3: return utf8(take(r, n));
    case 4: {
      const list = [];
      for (let i = 0; i < n; i++) list.push(item(r, depth + 1));
      return list;
    }
    case 5: return map(r, n, depth);
    case 7:
      if (n === 20) return false;
      if (n === 21) return true;
      if (n === 22) return null;
  }
  throw new Error('cbor: a tag or a simple value');
}

function map(r, n, depth) {
  const m = new Map();
  let last = null;
  for (let i = 0; i < n; i++) {
    const start = r.at;
    const k = item(r, depth + 1);
    const encoded = r.b.subarray(start, r.at);
    if (last && Buffer.compare(last, encoded) >= 0) throw new Error('cbor: keys do not ascend');
    last = encoded;
    m.set(k, item(r, depth + 1));
  }
  return m;
}

function encodeHead(major, n) {
  if (n < 24) return Buffer.from([(major << 5) | Number(n)]);
  const info = n < 256 ? 24 : n < 65536 ? 25 : n < 4294967296 ? 26 : 27;
  let digits = BigInt(n).toString(16).padStart(2 << (info - 24), '0');
  return concat([(major << 5) | info], Buffer.from(digits, 'hex'));
}

// encode writes a map with its keys in the order of their bytes, and leaves out members that are undefined.
export function encode(v) {
  if (v === null) return Buffer.from([0xf6]);
  if (v === false || v === true) return Buffer.from([v ? 0xf5 : 0xf4]);
  if (typeof v === 'number' || typeof v === 'bigint') return v >= 0 ? encodeHead(0, v) : encodeHead(1, -1n - BigInt(v));
  if (typeof v === 'string') return concat(encodeHead(3, Buffer.byteLength(v)), Buffer.from(v));
  if (v instanceof Uint8Array) return concat(encodeHead(2, v.length), v);
  if (Array.isArray(v)) return concat(encodeHead(4, v.length), ...v.map(encode));
  const pairs = [...v].filter(([, x]) => x !== undefined).map(([k, x]) => [encode(k), encode(x)]);
  pairs.sort((a, b) => Buffer.compare(a[0], b[0]));
  return concat(encodeHead(5, pairs.length), ...pairs.flat());
}

// members makes a Map of a list of values by their index: members[3] is member 3.
export const members = (list) => new Map(list.map((v, i) => [i, v]).filter(([, v]) => v !== undefined));
