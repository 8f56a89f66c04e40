// Byte strings as text: hexadecimal, base32, base58btc, base64url, base64, each read strictly: one text for each byte string.

export const hex = (b) => Buffer.from(b).toString('hex');

export function fromHex(s) {
  if (!/^([0-9a-f]{2})*$/.test(s)) throw new Error('hex: not lower-case hexadecimal');
  return Buffer.from(s, 'hex');
}

export const concat = (...parts) => Buffer.concat(parts.map((p) => Buffer.from(p)));
export const equal = (a, b) => Buffer.compare(a, b) === 0;
export const ascii = (s) => Buffer.from(s, 'latin1');

// u64 is the eight bytes of a number, big-endian.
export function u64(n) {
  const b = Buffer.alloc(8);
  b.writeBigUInt64BE(BigInt(n));
  return b;
}

// utf8 reads text and refuses what is not UTF-8. The decoder keeps a byte order mark.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
export const utf8 = (b) => decoder.decode(b);

const base32Alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

export function base32(b) {
  let out = '', bits = 0, have = 0;
  for (const byte of b) {
    bits = (bits << 8) | byte;
    for (have += 8; have >= 5; have -= 5) out += base32Alphabet[(bits >> (have - 5)) & 31];
    bits &= 31;
  }
  return have > 0 ? out + base32Alphabet[(bits << (5 - have)) & 31] : out;
}

// fromBase32 refuses padding, capitals, and bits that are left over and not zero (SPEC.md, section 2).
export function fromBase32(s) {
  const out = [];
  let bits = 0, have = 0;
  for (const c of s) {
    const v = base32Alphabet.indexOf(c);
    if (v < 0) throw new Error('base32: not of the alphabet');
    bits = ((bits << 5) | v) & 0xfff;
    if ((have += 5) >= 8) out.push((bits >> (have -= 8)) & 255);
  }
  const b = Buffer.from(out);
  if (base32(b) !== s) throw new Error('base32: not canonical');
  return b;
}

const base58Alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

export function base58(b) {
  let n = b.length ? BigInt('0x0' + hex(b)) : 0n, out = '';
  for (; n > 0n; n /= 58n) out = base58Alphabet[Number(n % 58n)] + out;
  for (let i = 0; i < b.length && b[i] === 0; i++) out = '1' + out;
  return out;
}

export function fromBase58(s) {
  let n = 0n;
  for (const c of s) {
    const v = base58Alphabet.indexOf(c);
    if (v < 0) throw new Error('base58: not of the alphabet');
    n = n * 58n + BigInt(v);
  }
  const h = n === 0n ? '' : n.toString(16);
  const zeros = s.match(/^1*/)[0].length;
  return concat(Buffer.alloc(zeros), Buffer.from(h.length % 2 ? '0' + h : h, 'hex'));
}

export const base64url = (b) => Buffer.from(b).toString('base64url');

export function fromBase64url(s) {
  const b = Buffer.from(s, 'base64url');
  if (b.toString('base64url') !== s) throw new Error('base64url: not canonical');
  return b;
}

export function fromBase64(s) {
  const b = Buffer.from(s, 'base64');
  if (b.toString('base64') !== s) throw new Error('base64: not canonical');
  return b;
}

// A multikey is a public key as text: z, and in base58btc its multicodec form.
export const multikey = (key) => 'z' + base58(key);

export function fromMultikey(s) {
  if (typeof s !== 'string' || s[0] !== 'z' || s.length > 2048) throw new Error('multikey: not base58btc');
  return fromBase58(s.slice(1));
}
