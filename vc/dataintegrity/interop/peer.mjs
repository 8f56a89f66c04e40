// Issues, derives and verifies with @digitalbazaar, one JSON object per line in, one out. A request {"op", …} gives {"ok"…} or
// {"error"}. "contexts" names the JSON-LD contexts once; nothing else is ever loaded.
import {createInterface} from 'node:readline';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import {cryptosuite as eddsaRdfc} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {cryptosuite as ecdsaRdfc} from '@digitalbazaar/ecdsa-rdfc-2019-cryptosuite';
import * as ecdsaSd from '@digitalbazaar/ecdsa-sd-2023-cryptosuite';
import * as vc from '@digitalbazaar/vc';

const contexts = new Map();

// documentLoader knows the contexts, and of a did:key its document and its one key.
async function documentLoader(url) {
  if (contexts.has(url)) return {documentUrl: url, document: contexts.get(url), contextUrl: null};
  if (url.startsWith('did:key:')) {
    const [did, fragment] = url.split('#');
    const publicKeyMultibase = did.slice('did:key:'.length);
    const method = {
      '@context': 'https://w3id.org/security/multikey/v1',
      id: `${did}#${publicKeyMultibase}`, type: 'Multikey', controller: did, publicKeyMultibase,
    };
    if (fragment) return {documentUrl: url, document: method, contextUrl: null};
    const document = {
      '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
      id: did, verificationMethod: [method], assertionMethod: [method.id], authentication: [method.id],
    };
    return {documentUrl: url, document, contextUrl: null};
  }
  throw new Error(`a document is not known: ${url}`);
}

const verifying = () => [eddsaRdfc, ecdsaRdfc, ecdsaSd.createVerifyCryptosuite()].map(cryptosuite => new DataIntegrityProof({cryptosuite}));

async function signer({publicKeyMultibase, secretKeyMultibase}) {
  const did = `did:key:${publicKeyMultibase}`;
  const Multikey = publicKeyMultibase.startsWith('z6Mk') ? Ed25519Multikey : EcdsaMultikey;
  const key = await Multikey.from({
    '@context': 'https://w3id.org/security/multikey/v1', type: 'Multikey', controller: did, id: `${did}#${publicKeyMultibase}`,
    publicKeyMultibase, secretKeyMultibase,
  });
  return key.signer();
}

const suites = {
  'eddsa-rdfc-2022': () => eddsaRdfc,
  'ecdsa-rdfc-2019': () => ecdsaRdfc,
  'ecdsa-sd-2023': r => ecdsaSd.createSignCryptosuite({mandatoryPointers: r.mandatory}),
};

// reason digs out what an aggregate error hides.
const reason = e => [e.message, ...(e.errors || []).map(reason), ...(e.cause ? [reason(e.cause)] : []), e.details ? JSON.stringify(e.details).slice(0, 300) : '']
  .filter(Boolean).join('; ');

const operations = {
  contexts: async r => {
    for (const [url, text] of Object.entries(r.contexts)) contexts.set(url, JSON.parse(text));
    return {};
  },
  issue: async r => {
    const suite = new DataIntegrityProof({signer: await signer(r.key), date: r.created, cryptosuite: suites[r.suite](r)});
    return {credential: await vc.issue({credential: r.credential, suite, documentLoader, now: r.now})};
  },
  derive: async r => {
    const suite = new DataIntegrityProof({cryptosuite: ecdsaSd.createDiscloseCryptosuite({selectivePointers: r.reveal})});
    return {credential: await vc.derive({verifiableCredential: r.credential, suite, documentLoader})};
  },
  verify: async r => {
    const got = await vc.verifyCredential({credential: r.credential, suite: verifying(), documentLoader, now: r.now, checkStatus: async () => ({verified: true})});
    if (!got.verified) throw got.error || new Error('not verified');
    return {};
  },
  present: async r => {
    const presentation = vc.createPresentation({verifiableCredential: r.credential, holder: `did:key:${r.key.publicKeyMultibase}`, now: r.now});
    const suite = new DataIntegrityProof({signer: await signer(r.key), date: r.created, cryptosuite: suites[r.suite](r)});
    return {credential: await vc.signPresentation({presentation, suite, challenge: r.challenge, domain: r.domain, documentLoader})};
  },
  verifypresentation: async r => {
    const got = await vc.verify({presentation: r.credential, suite: verifying(), challenge: r.challenge, domain: r.domain, documentLoader, now: r.now});
    if (!got.verified) throw got.error || (got.credentialResults || []).map(c => c.error).find(Boolean) || new Error('not verified');
    return {};
  },
};

for await (const line of createInterface({input: process.stdin})) {
  let out;
  try {
    const r = JSON.parse(line);
    out = await operations[r.op](r);
  } catch (e) {
    out = {error: reason(e) || String(e)};
  }
  process.stdout.write(JSON.stringify(out) + '\n');
}
