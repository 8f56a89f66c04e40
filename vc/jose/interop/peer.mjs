// Signs and verifies with jose, one JSON object per line in, one out.
import {createInterface} from 'node:readline';
import {CompactSign, importJWK, jwtVerify} from 'jose';

const operations = {
  sign: async r => ({
    token: await new CompactSign(new TextEncoder().encode(r.payload)).setProtectedHeader(r.header).sign(await importJWK(r.key, r.alg)),
  }),
  verify: async r => {
    const got = await jwtVerify(r.token, await importJWK(r.key, r.alg), {
      typ: r.typ, audience: r.audience, currentDate: new Date(r.now), algorithms: [r.alg],
    });
    return {payload: got.payload, header: got.protectedHeader};
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
