// Encodes and decodes status lists with two npm packages, one JSON object per line in, one out.
import {createInterface} from 'node:readline';
import {createCredential, createList, decodeList} from '@digitalbazaar/vc-bitstring-status-list';
import {StatusList, createHeaderAndPayload, getListFromStatusListJWT} from '@sd-jwt/jwt-status-list';

const encode = {
  async bitstring({values, id}) {
    const list = await createList({length: values.length});
    values.forEach((v, i) => { if(v) list.setStatus(i, true); });
    return {encoded: await list.encode(), credential: await createCredential({id, list, statusPurpose: 'revocation'})};
  },
  async token({values, bits, id}) {
    const list = new StatusList(values, bits);
    const {payload} = createHeaderAndPayload(list, {sub: id, iat: 1793534400}, {alg: 'ES256'});
    return {encoded: list.compressStatusList(), payload};
  }
};

const decode = {
  async bitstring({encoded}) {
    const list = await decodeList({encodedList: encoded});
    return {values: Array.from({length: list.length}, (_, i) => list.getStatus(i) ? 1 : 0)};
  },
  async token({jwt}) {
    return {values: getListFromStatusListJWT(jwt).statusList};
  }
};

for await (const line of createInterface({input: process.stdin})) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = await (request.encode ? encode[request.encode] : decode[request.decode])(request);
  } catch(e) {
    answer = {error: String(e)};
  }
  console.log(JSON.stringify(answer));
}
