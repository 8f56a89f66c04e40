// The hash SM3 (GB/T 32905-2016).

const iv = [0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e];
const rotate = (x, n) => ((x << (n & 31)) | (x >>> (-n & 31))) >>> 0;
const p0 = (x) => (x ^ rotate(x, 9) ^ rotate(x, 17)) >>> 0;
const p1 = (x) => (x ^ rotate(x, 15) ^ rotate(x, 23)) >>> 0;

function compress(v, block) {
  const w = [];
  for (let j = 0; j < 16; j++) w.push(block.readUInt32BE(4 * j));
  for (let j = 16; j < 68; j++) {
    w.push((p1(w[j - 16] ^ w[j - 9] ^ rotate(w[j - 3], 15)) ^ rotate(w[j - 13], 7) ^ w[j - 6]) >>> 0);
  }
  let [a, b, c, d, e, f, g, h] = v;
  for (let j = 0; j < 64; j++) {
    const ss1 = rotate((rotate(a, 12) + e + rotate(j < 16 ? 0x79cc4519 : 0x7a879d8a, j)) >>> 0, 7);
    const ss2 = ss1 ^ rotate(a, 12);
    const ff = j < 16 ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
    const gg = j < 16 ? e ^ f ^ g : (e & f) | (~e & g);
    const tt1 = (ff + d + ss2 + (w[j] ^ w[j + 4])) >>> 0;
    const tt2 = (gg + h + ss1 + w[j]) >>> 0;
    [a, b, c, d] = [tt1, a, rotate(b, 9), c];
    [e, f, g, h] = [p0(tt2), e, rotate(f, 19), g];
  }
  return [a, b, c, d, e, f, g, h].map((x, i) => (x ^ v[i]) >>> 0);
}

export function sm3(message) {
  const length = Math.ceil((message.length + 9) / 64) * 64;
  const padded = Buffer.alloc(length);
  padded.set(message);
  padded[message.length] = 0x80;
  padded.writeBigUInt64BE(BigInt(message.length) * 8n, length - 8);
  let v = iv;
  for (let i = 0; i < length; i += 64) v = compress(v, padded.subarray(i, i + 64));
  const out = Buffer.alloc(32);
  v.forEach((x, i) => out.writeUInt32BE(x, 4 * i));
  return out;
}
