// DIDs and DID URLs (DID 1.1), identifiers of did:realdid and their long form (SPEC.md, sections 2 and 7.1).

import { base32, concat, fromBase32, fromBase64url } from './bytes.mjs';
import { encode } from './cbor.mjs';
import { parseOperation } from './operation.mjs';
import { apply, emptyState } from './rules.mjs';
import { limits, must, name } from './shape.mjs';

const idchar = '(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})';
const didPattern = new RegExp(`^did:([a-z0-9]+):((?:${idchar}*:)*${idchar}+)$`);

export function parseDID(s) {
  const m = didPattern.exec(s);
  must(m && !s.endsWith('\n'), 'INVALID_DID');
  return { method: m[1], id: m[2] };
}

const pchar = "[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2}";
const urlPattern = new RegExp(`^([^/?#]*)((?:/(?:${pchar})*)*)(?:\\?((?:${pchar}|[/?])*))?(?:#((?:${pchar}|[/?])*))?$`);

export function parseDIDURL(s) {
  const m = urlPattern.exec(s);
  must(m && !s.endsWith('\n'), 'INVALID_DID_URL');
  return { did: s.slice(0, m[1].length), ...parseDID(m[1]), path: m[2], query: m[3], fragment: m[4] };
}

function parseScid(s) {
  must(s.length === 53 && /^[qs]/.test(s), 'scid');
  return concat(Buffer.from(s[0]), fromBase32(s.slice(1)));
}

export const keyOf = (domain, scid) =>
  (domain === 'main' ? '' : domain + ':') + String.fromCharCode(scid[0]) + base32(scid.subarray(1));

// parseKey reads the method-specific part of a short form, which is the key of ledgers.
export function parseLedgerKey(s) {
  const parts = s.split(':');
  must(parts.length <= 2, 'key');
  return { domain: parts.length === 2 ? name(parts[0]) : 'main', scid: parseScid(parts[parts.length - 1]) };
}

// parseIdentifier reads a short or a long form. Of a long form it checks the create operation that it carries.
export function parseIdentifier(s) {
  must(s.length <= limits.longForm, 'longer than a long form');
  const { method, id } = parseDID(s);
  must(method === 'realdid', 'another method');
  const parts = id.split(':');
  must(parts.length <= 3, 'too many segments');
  // Two segments are domain and scid, or scid and genesis: a name has at most 31 characters, and an scid has 53.
  const scidFirst = parts.length === 1 || (parts.length === 2 && parts[0].length > 31);
  const domain = scidFirst ? 'main' : name(parts.shift());
  const scid = parseScid(parts.shift() ?? '');
  const out = { did: s, domain, scid, key: keyOf(domain, scid) };
  out.short = 'did:realdid:' + out.key;
  if (parts.length) {
    out.genesis = fromBase64url(parts[0]);
    out.create = parseGenesis(out);
  }
  return out;
}

function parseGenesis({ genesis, domain, scid }) {
  const o = parseOperation(genesis);
  must(o.type === 'create', 'long form: not a create');
  must(o.domain === domain && o.scid.equals(scid), 'long form: of another identifier');
  const state = apply(emptyState, o, { time: 0, index: 0 });
  let sum = 0;
  o.signatures.forEach((s, i) => {
    must(s.signer === i && sum < o.control.threshold, 'long form: not exactly the first signers');
    sum += o.control.weights?.[i] ?? 1;
  });
  return { ...o, state };
}

// longForm is the identifier with its create operation, of which it keeps the first signatures that reach the control threshold.
// There is none if these are not of signers 0, 1, …, or if it were too long.
export function longForm(o) {
  let sum = 0, n = 0;
  for (; sum < o.control.threshold; n++) {
    if (o.signatures[n]?.signer !== n) return undefined;
    sum += o.control.weights?.[n] ?? 1;
  }
  const genesis = encode([o.payload, o.signatures.slice(0, n).map((s) => [s.signer, s.value])]);
  const did = `did:realdid:${keyOf(o.domain, o.scid)}:${Buffer.from(genesis).toString('base64url')}`;
  return did.length <= limits.longForm ? did : undefined;
}
