// Issues, derives and verifies with @digitalbazaar, one JSON object per line in, one out. A request {"op", …} gives {"ok"…} or
// {"error"}. "contexts" names the JSON-LD contexts once; nothing else is ever loaded.
//
// There is no @digitalbazaar package of the suites over JSON: for those, this uses their keys and the package canonicalize.
import {createHash} from 'node:crypto';
import {createInterface} from 'node:readline';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as Bls12381Multikey from '@digitalbazaar/bls12-381-multikey';
import {cryptosuite as eddsaRdfc} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {cryptosuite as ecdsaRdfc} from '@digitalbazaar/ecdsa-rdfc-2019-cryptosuite';
import * as ecdsaSd from '@digitalbazaar/ecdsa-sd-2023-cryptosuite';
import * as bbs2023 from '@digitalbazaar/bbs-2023-cryptosuite';
import * as vc from '@digitalbazaar/vc';
import * as base58 from 'base58-universal';
import canonicalize from 'canonicalize';

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

const bytes = hex => new Uint8Array(Buffer.from(hex || '', 'hex'));

// verifying takes, for bbs-2023, any presentation header or the one given.
const verifying = ({header} = {}) => [
  eddsaRdfc, ecdsaRdfc, ecdsaSd.createVerifyCryptosuite(),
  bbs2023.createVerifyCryptosuite(header === undefined ? {} : {expectedPresentationHeader: bytes(header)}),
].map(cryptosuite => new DataIntegrityProof({cryptosuite}));

async function multikey({publicKeyMultibase, secretKeyMultibase}) {
  const did = `did:key:${publicKeyMultibase}`;
  const Multikey = publicKeyMultibase.startsWith('z6Mk') ? Ed25519Multikey : publicKeyMultibase.startsWith('zUC7') ? Bls12381Multikey : EcdsaMultikey;
  return Multikey.from({
    '@context': 'https://w3id.org/security/multikey/v1', type: 'Multikey', controller: did, id: `${did}#${publicKeyMultibase}`,
    publicKeyMultibase, ...(secretKeyMultibase && {secretKeyMultibase}),
  });
}

const signer = async pair => (await multikey(pair)).signer();

// jcsData is what suites over JSON sign.
function jcsData(publicKeyMultibase, document, proof) {
  const hash = v => createHash(publicKeyMultibase.startsWith('z82') ? 'sha384' : 'sha256').update(canonicalize(v)).digest();
  return new Uint8Array(Buffer.concat([hash(proof), hash(document)]));
}

const suites = {
  'eddsa-rdfc-2022': () => eddsaRdfc,
  'ecdsa-rdfc-2019': () => ecdsaRdfc,
  'ecdsa-sd-2023': r => ecdsaSd.createSignCryptosuite({mandatoryPointers: r.mandatory}),
  'bbs-2023': r => bbs2023.createSignCryptosuite({mandatoryPointers: r.mandatory}),
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
    const cryptosuite = r.credential.proof.cryptosuite === 'bbs-2023' ?
      bbs2023.createDiscloseCryptosuite({selectivePointers: r.reveal, presentationHeader: bytes(r.header)}) :
      ecdsaSd.createDiscloseCryptosuite({selectivePointers: r.reveal});
    const suite = new DataIntegrityProof({cryptosuite});
    return {credential: await vc.derive({verifiableCredential: r.credential, suite, documentLoader})};
  },
  verify: async r => {
    const got = await vc.verifyCredential({credential: r.credential, suite: verifying(r), documentLoader, now: r.now, checkStatus: async () => ({verified: true})});
    if (!got.verified) throw got.error || new Error('not verified');
    return {};
  },
  'jcs-issue': async r => {
    const key = await signer(r.key);
    const proof = {
      '@context': r.credential['@context'], type: 'DataIntegrityProof', cryptosuite: r.suite, created: r.created,
      verificationMethod: key.id, proofPurpose: 'assertionMethod',
    };
    const signature = await key.sign({data: jcsData(r.key.publicKeyMultibase, r.credential, proof)});
    return {credential: {...r.credential, proof: {...proof, proofValue: `z${base58.encode(signature)}`}}};
  },
  'jcs-verify': async r => {
    const {proof: {proofValue, ...proof}, ...document} = r.credential;
    const key = await multikey({publicKeyMultibase: proof.verificationMethod.split('#')[1]});
    if (JSON.stringify(proof['@context']) !== JSON.stringify(document['@context'])) throw new Error('another @context');
    const data = jcsData(proof.verificationMethod.split('#')[1], document, proof);
    if (!await key.verifier().verify({data, signature: base58.decode(proofValue.slice(1))})) throw new Error('not verified');
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
