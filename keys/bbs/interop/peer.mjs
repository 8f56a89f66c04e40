// Makes keys, signs, proves and verifies with two libraries, one JSON object per line in, one out. A request {"library", "op", …}
// gives {"key"…}, {"bytes"}, {"valid"} or {"error"}. Octet strings are hexadecimal; of header and presentationHeader one that is
// absent is not given to the library where it can be left out.
import {createRequire} from 'node:module';
import {createInterface} from 'node:readline';
import * as digitalbazaar from '@digitalbazaar/bbs-signatures';

const pairing = createRequire(import.meta.url)('@mattrglobal/pairing-crypto').bbs;

const bytes = hex => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = b => Buffer.from(b).toString('hex');
const given = v => (v === undefined ? undefined : bytes(v));
const orEmpty = v => bytes(v ?? '');

const libraries = {
  digitalbazaar: {
    keys: async r => digitalbazaar.generateKeyPair({seed: bytes(r.material), ciphersuite: r.suite}),
    sign: async r => digitalbazaar.sign({
      secretKey: bytes(r.secret), publicKey: bytes(r.public), header: orEmpty(r.header), messages: r.messages.map(bytes), ciphersuite: r.suite,
    }),
    verify: async r => digitalbazaar.verifySignature({
      publicKey: bytes(r.public), signature: bytes(r.signature), header: orEmpty(r.header), messages: r.messages.map(bytes), ciphersuite: r.suite,
    }),
    prove: async r => digitalbazaar.deriveProof({
      publicKey: bytes(r.public), signature: bytes(r.signature), header: orEmpty(r.header), presentationHeader: orEmpty(r.presentationHeader),
      messages: r.messages.map(bytes), disclosedMessageIndexes: r.disclosed, ciphersuite: r.suite,
    }),
    check: async r => digitalbazaar.verifyProof({
      publicKey: bytes(r.public), proof: bytes(r.proof), header: orEmpty(r.header), presentationHeader: orEmpty(r.presentationHeader),
      disclosedMessages: r.messages.map(bytes), disclosedMessageIndexes: r.disclosed, ciphersuite: r.suite,
    }),
  },
  pairing: {
    keys: async r => pairingSuite(r).generateKeyPair({ikm: bytes(r.material), keyInfo: orEmpty(r.info)}),
    sign: async r => pairingSuite(r).sign({
      secretKey: bytes(r.secret), publicKey: bytes(r.public), header: given(r.header), messages: r.messages.map(bytes),
    }),
    verify: async r => decided(await pairingSuite(r).verify({
      publicKey: bytes(r.public), signature: bytes(r.signature), header: given(r.header), messages: r.messages.map(bytes),
    })),
    prove: async r => pairingSuite(r).deriveProof({
      publicKey: bytes(r.public), signature: bytes(r.signature), verifySignature: false, header: given(r.header),
      presentationHeader: given(r.presentationHeader), messages: r.messages.map((m, i) => ({value: bytes(m), reveal: r.disclosed.includes(i)})),
    }),
    check: async r => decided(await pairingSuite(r).verifyProof({
      publicKey: bytes(r.public), proof: bytes(r.proof), header: given(r.header), presentationHeader: given(r.presentationHeader),
      messages: Object.fromEntries(r.messages.map((m, i) => [r.disclosed[i], bytes(m)])),
    })),
  },
};

const pairingSuite = r => ({'BLS12-381-SHA-256': pairing.bls12381_sha256, 'BLS12-381-SHAKE-256': pairing.bls12381_shake256})[r.suite];

// decided turns what the library says of itself into a failure: a request that it cannot read is not an invalid signature.
const decided = r => {
  if (r.error) throw new Error(r.error);
  return r.verified;
};

const answers = {
  keys: k => ({secret: hex(k.secretKey), public: hex(k.publicKey)}),
  sign: b => ({bytes: hex(b)}), prove: b => ({bytes: hex(b)}),
  verify: valid => ({valid}), check: valid => ({valid}),
};

for await (const line of createInterface({input: process.stdin})) {
  const r = JSON.parse(line);
  let answer;
  try {
    answer = answers[r.op](await libraries[r.library][r.op](r));
  } catch (e) {
    answer = {error: String(e.message || e)};
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
