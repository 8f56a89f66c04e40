// Runs the vectors of did/, realdid/ and proof/ through this implementation: node run.mjs [folder of the vectors].
// It prints a line for each file, and each difference; it exits with 1 if there is one, or if a file is missing or empty.

import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checks } from './checks.mjs';
import { proofChecks } from './proofchecks.mjs';
import { load } from './vectors.mjs';

const folder = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..');
const all = { ...checks, ...proofChecks };

// What is there and not checked here, by name: vectors of DID 1.1 itself, for which the texts of this method say nothing.
const notChecked = ['did/dereference.json', 'did/bad-dereference.json', 'did/documents.json', 'did/bad-documents.json'];

let failures = 0;

function fail(what) {
  failures++;
  console.log(`  DIFFERS ${what}`);
}

function runFile(path, check) {
  let file;
  try {
    file = load(folder, path);
  } catch (e) {
    console.log(`${path}: 0`);
    fail(`${path}: ${e.message}`);
    return 0;
  }
  console.log(`${path}: ${file.vectors.length}`);
  if (file.vectors.length === 0) fail(`${path}: no vectors`);
  for (const v of file.vectors) {
    try {
      check(v, file.setting);
    } catch (e) {
      fail(`${path}: ${v.name}: ${e.message.split('\n').slice(0, 12).join(' ')}`);
    }
  }
  return file.vectors.length;
}

let total = 0;
for (const [path, check] of Object.entries(all)) total += runFile(path, check);
for (const path of notChecked) console.log(`${path}: not checked`);
for (const topic of ['did', 'realdid', 'proof']) {
  for (const f of readdirSync(join(folder, topic)).filter((f) => f.endsWith('.json'))) {
    const path = `${topic}/${f}`;
    if (!all[path] && !notChecked.includes(path)) fail(`${path}: nothing here checks it`);
  }
}
console.log(`${total} vectors, ${failures} differences`);
process.exit(failures === 0 ? 0 : 1);
