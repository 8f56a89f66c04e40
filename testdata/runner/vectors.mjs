// Files of vectors: how they are read, and what comes of checking them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// Integers that a Number does not hold exactly become BigInts.
const stringsAndNumbers = /"(?:[^"\\]|\\.)*"|-?[0-9]{16,}/g;
const marked = /^\u0000-?[0-9]+$/;

export function readJSON(file) {
  const text = readFileSync(file, 'utf8').replace(stringsAndNumbers, (x) => (x[0] === '"' ? x : `"\\u0000${x}"`));
  return JSON.parse(text, (k, v) => (typeof v === 'string' && marked.test(v) ? BigInt(v.slice(1)) : v));
}

// load gives the vectors of a file, and what they share.
export function load(folder, path) {
  const file = readJSON(join(folder, path));
  if (file.version !== 1 || typeof file.kind !== 'string' || !Array.isArray(file.vectors)) {
    throw new Error(`${path}: not a file of vectors of version 1`);
  }
  return { kind: file.kind, setting: file.setting ?? {}, vectors: file.vectors };
}

export const seconds = (s) => (s === undefined ? undefined : Date.parse(s) / 1000);

// refused gives the error that a function throws, and fails if it throws none, or one that shows a fault of this program.
export function refused(f) {
  let out;
  try {
    out = f();
  } catch (e) {
    if (e instanceof ReferenceError || (e instanceof TypeError && e.code !== 'ERR_ENCODING_INVALID_ENCODED_DATA')) throw e;
    return e;
  }
  throw new Error(`accepted: ${JSON.stringify(out, (k, v) => (typeof v === 'bigint' ? String(v) : v))?.slice(0, 200)}`);
}
