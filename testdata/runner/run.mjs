// Runs the vectors of did/, realdid/ and proof/ through this implementation:
//
//   node run.mjs [folder of the vectors [file...]]
//
// It prints the number of vectors of each file, and each difference. It exits with 1 if there is a difference, if a file is missing
// or has other vectors than index.json says, if two vectors of a file are the same, if no check of a file reads a member of its
// vectors, or if the index has a file of these topics that nothing here knows.

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checks } from './checks.mjs';
import { proofChecks } from './proofchecks.mjs';
import { load, readJSON } from './vectors.mjs';

const [folder = join(dirname(fileURLToPath(import.meta.url)), '..'), ...only] = process.argv.slice(2);
const all = { ...checks, ...proofChecks };

// Not checked here: vectors of DID 1.1 itself, about which the texts of this method say nothing.
const notChecked = ['did/dereference.json', 'did/bad-dereference.json', 'did/documents.json', 'did/bad-documents.json'];

let total = 0, failures = 0;

function fail(what) {
  failures++;
  console.log(`  DIFFERS ${what}`);
}

function runFile(path, listed, check) {
  const { kind, setting, vectors } = load(folder, path);
  console.log(`${path}: ${vectors.length}`);
  if (vectors.length === 0 || vectors.length !== listed.count || kind !== listed.kind) {
    fail(`${path}: ${vectors.length} of kind ${kind}; the index has ${listed.count} of kind ${listed.kind}`);
  }
  const seen = new Map(), read = new Set(['name', 'error']);
  for (const v of vectors) {
    total++;
    for (const same of [`name ${v.name}`, `content ${content(v)}`]) {
      if (seen.has(same)) fail(`${path}: ${v.name}: the same as ${seen.get(same)}`);
      seen.set(same, v.name);
    }
    try {
      check(watched(v, read), setting);
    } catch (e) {
      fail(`${path}: ${v.name}: ${e.message.split('\n').slice(0, 12).join(' ')}`);
    }
  }
  for (const member of new Set(vectors.flatMap(Object.keys))) {
    if (!read.has(member)) fail(`${path}: nothing here reads ${member}`);
  }
}

// content is a vector without what it is called and what comes of it, so that no refusal is counted twice.
function content({ name, error, code, ...rest }) {
  return JSON.stringify(rest, (k, x) => (typeof x === 'bigint' ? String(x) : x));
}

// watched is a vector that notes which of its members are read.
function watched(vector, read) {
  return new Proxy(vector, {
    get(v, member) {
      read.add(member);
      return v[member];
    },
  });
}

const index = readJSON(join(folder, 'index.json')).files.filter((f) => /^(did|realdid|proof)\//.test(f.file));
const listed = new Map(index.map((f) => [f.file, f]));
for (const path of only.length ? only : [...new Set([...Object.keys(all), ...listed.keys()])]) {
  try {
    if (!listed.has(path)) fail(`${path}: the index does not have it`);
    else if (notChecked.includes(path)) console.log(`${path}: not checked`);
    else if (!all[path]) fail(`${path}: nothing here checks it`);
    else runFile(path, listed.get(path), all[path]);
  } catch (e) {
    fail(`${path}: ${e.message}`);
  }
}
console.log(`${total} vectors, ${failures} differences`);
process.exit(failures === 0 && total > 0 ? 0 : 1);
