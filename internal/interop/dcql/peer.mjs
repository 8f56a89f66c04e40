// Asks credentials for claims, and checks answers, with dcql: one JSON object per line in, one out.
import {createInterface} from 'node:readline';
import {DcqlPresentationResult, DcqlQuery} from 'dcql';

const query = r => {
  const q = DcqlQuery.parse({credentials: [{
    id: 'q', format: 'dc+sd-jwt', meta: {vct_values: [r.vct]}, claims: r.paths.map((path, i) => ({id: `c${i}`, path})),
    ...(r.sets && {claim_sets: r.sets}),
  }]});
  DcqlQuery.validate(q);
  return q;
};

const credential = r => ({credential_format: 'dc+sd-jwt', vct: r.claims.vct, claims: r.claims, cryptographic_holder_binding: true});

const operations = {
  // select gives the claims that a query selects of a credential.
  select: r => {
    const result = DcqlQuery.query(query(r), [credential(r)]);
    const match = result.credential_matches.q;
    if (!result.can_be_satisfied) return {satisfied: false};
    const chosen = match.valid_credentials[0].claims;
    return {satisfied: true, outputs: chosen.valid_claims.map(c => c.output), set: chosen.valid_claim_sets[0].claim_set_index ?? -1};
  },
  // check tells whether claims that were presented answer a query.
  check: r => ({satisfied: DcqlPresentationResult.fromDcqlPresentation({q: [credential(r)]}, {dcqlQuery: query(r)}).can_be_satisfied}),
};

for await (const line of createInterface({input: process.stdin})) {
  let out;
  try {
    const r = JSON.parse(line);
    out = operations[r.op](r);
  } catch (e) {
    out = {error: String(e && e.message || e)};
  }
  process.stdout.write(JSON.stringify(out) + '\n');
}
