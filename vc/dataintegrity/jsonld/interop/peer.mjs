// jsonld.js in safe mode, as the cryptosuites call it, beside the tests in ../interop_test.go. It reads lines of JSON
// {"doc", "contexts": {url: text}} and answers each with {"nq"}, the canonical N-Quads, or {"err"}. The packages are those
// of ../../interop.
import {createRequire} from 'node:module';
import {createInterface} from 'node:readline';

const require = createRequire(new URL('../../interop/package.json', import.meta.url));
const jsonld = require('jsonld');
const {canonize} = require('rdf-canonize');

for await (const line of createInterface({input: process.stdin})) {
  const {doc, contexts} = JSON.parse(line);
  const documentLoader = async url => {
    if(!(url in contexts)) {
      throw new Error('unknown context ' + url);
    }
    return {contextUrl: null, documentUrl: url, document: JSON.parse(contexts[url])};
  };
  let answer;
  try {
    const dataset = await jsonld.toRDF(JSON.parse(doc), {
      base: null, safe: true, rdfDirection: 'i18n-datatype', produceGeneralizedRdf: false, documentLoader
    });
    answer = {nq: await canonize(dataset, {algorithm: 'RDFC-1.0', format: 'application/n-quads'})};
  } catch(e) {
    answer = {err: `${e.message} ${e.details?.event?.code ?? e.details?.code ?? ''}`};
  }
  console.log(JSON.stringify(answer));
}
