// The document of an operation or state (SPEC.md, section 4.1), and the DID document that it makes (section 7.2).

import { multikey } from './bytes.mjs';
import { parseKey } from './keys.mjs';
import { bytes, canonicalJSON, distinct, fields, fragment, list, must, text, tuple, uint } from './shape.mjs';

const maxEndpoint = 512;
const uriPattern = /^[A-Za-z][A-Za-z0-9+.-]*:([A-Za-z0-9._~:/?#[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$/;

export function uri(v) {
  must(uriPattern.test(text(v)) && v.length <= maxEndpoint, 'not a URI');
  return v;
}

function method(v) {
  tuple(v, 3);
  const m = { fragment: fragment(v[0]), key: bytes(v[1]), purposes: uint(v[2], 1, 31) };
  const { algorithm } = parseKey(m.key);
  must(algorithm !== 'X25519' || m.purposes === 4, 'a key for agreement alone');
  must(algorithm !== 'BLS12-381 G2' || m.purposes === 2, 'a key for assertions alone');
  return m;
}

// properties become an object; __proto__ is a name like others.
function properties(v) {
  const out = Object.create(null);
  must(v instanceof Map && v.size > 0, 'neither a URI nor properties');
  for (const [k, x] of v) {
    must(typeof x === 'string' || (Array.isArray(x) && x.every((e) => typeof e === 'string')), 'neither a string nor a list of strings');
    out[text(k)] = x;
  }
  must(Buffer.byteLength(canonicalJSON(out)) <= maxEndpoint, 'properties are too long');
  return v;
}

function service(v) {
  tuple(v, 3);
  const s = { fragment: fragment(v[0]), types: list(v[1], 1, 8).map(text), endpoints: list(v[2], 1, 8) };
  for (const t of s.types) must(t.length > 0 && Buffer.byteLength(t) <= 64, 'type of a service');
  distinct(s.types, 'types');
  s.endpoints.forEach((e) => (typeof e === 'string' ? uri(e) : properties(e)));
  return s;
}

export const emptyDocument = { methods: [], services: [], aliases: [] };

export function parseDocument(v) {
  fields(v, [], [0, 1, 2]);
  const part = (n, read) => (v.has(n) ? list(v.get(n), 1, 16).map(read) : []);
  const d = { methods: part(0, method), services: part(1, service), aliases: part(2, uri) };
  distinct([...d.methods, ...d.services].map((x) => x.fragment), 'fragments');
  distinct(d.methods.map((m) => m.key), 'keys of methods');
  distinct(d.aliases, 'aliases');
  return d;
}

const orAbsent = (x) => (x.length ? x : undefined);
export const encodeMethod = (m) => [m.fragment, m.key, m.purposes];

export const encodeDocument = (d) => new Map([
  [0, orAbsent(d.methods.map(encodeMethod))],
  [1, orAbsent(d.services.map((s) => [s.fragment, s.types, s.endpoints]))],
  [2, orAbsent(d.aliases)],
]);

const relationships = ['authentication', 'assertionMethod', 'keyAgreement', 'capabilityInvocation', 'capabilityDelegation'];
const oneOrList = (x) => (x.length === 1 ? x[0] : x);

// didDocument is the document that resolution answers for a DID.
export function didDocument(did, d, deactivated) {
  const out = { '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'], id: did };
  if (deactivated) return out;
  if (d.aliases.length) out.alsoKnownAs = d.aliases;
  if (d.methods.length) {
    out.verificationMethod = d.methods.map((m) => (
      { id: `${did}#${m.fragment}`, type: 'Multikey', controller: did, publicKeyMultibase: multikey(m.key) }));
  }
  relationships.forEach((r, bit) => {
    const ids = d.methods.filter((m) => (m.purposes >> bit) & 1).map((m) => `${did}#${m.fragment}`);
    if (ids.length) out[r] = ids;
  });
  if (d.services.length) {
    out.service = d.services.map((s) => ({
      id: `${did}#${s.fragment}`, type: oneOrList(s.types),
      serviceEndpoint: oneOrList(s.endpoints.map((e) => (typeof e === 'string' ? e : Object.fromEntries(e)))),
    }));
  }
  return out;
}
