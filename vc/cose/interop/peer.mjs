// Signs and verifies with @auth0/cose, one JSON object per line in, one out. Messages are in base64url.
import {createInterface} from 'node:readline';
import {Sign1} from '@auth0/cose';
import {importJWK} from 'jose';

const algorithms = {EdDSA: -8, ES256: -7, ES384: -35};

// claims are CWT claims by name.
const labels = {iss: 1, sub: 2, aud: 3, exp: 4, nbf: 5, iat: 6, nonce: 10};
const byLabel = claims => new Map(Object.entries(claims).map(([k, v]) => [labels[k], k === 'nonce' ? Buffer.from(v) : v]));
const plain = v => v instanceof Map ? Object.fromEntries([...v].map(([k, x]) => [k, plain(x)])) : ArrayBuffer.isView(v) ? Buffer.from(v).toString() : v;

const operations = {
  sign: async r => {
    const header = [[1, algorithms[r.alg]], [3, r.contentType], [4, Buffer.from(r.kid)], [15, byLabel(r.claims)], [16, r.typ]];
    const signed = await Sign1.sign(new Map(header), undefined, new TextEncoder().encode(r.payload), await importJWK(r.key, r.alg));
    return {token: Buffer.from(signed.encode()).toString('base64url')};
  },
  verify: async r => {
    const signed = Sign1.decode(new Uint8Array(Buffer.from(r.token, 'base64url')));
    await signed.verify(await importJWK(r.key, r.alg), {algorithms: [algorithms[r.alg]]});
    return {payload: JSON.parse(Buffer.from(signed.payload).toString()), header: plain(signed.protectedHeaders)};
  },
};

for await (const line of createInterface({input: process.stdin})) {
  let out;
  try {
    const r = JSON.parse(line);
    out = await operations[r.op](r);
  } catch (e) {
    out = {error: String(e && e.message || e)};
  }
  process.stdout.write(JSON.stringify(out) + '\n');
}
