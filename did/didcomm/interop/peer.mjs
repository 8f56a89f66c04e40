// Packs and unpacks messages with the npm package didcomm-node, for the tests in ../interop_test.go. Requests and answers are
// JSON, one a line.
import { FromPrior, Message } from "didcomm-node";
import { createInterface } from "node:readline";

let docs = new Map();
let secrets = new Map();

const resolver = { resolve: async (did) => docs.get(did) ?? null };
const keys = {
  get_secret: async (id) => secrets.get(id) ?? null,
  find_secrets: async (ids) => ids.filter((id) => secrets.has(id)),
};

const operations = {
  // world sets the documents that can be resolved and the secret keys that are held, in the forms of the package.
  world(q) {
    docs = new Map(q.docs.map((d) => [d.id, d]));
    secrets = new Map(q.secrets.map((s) => [s.id, s]));
    return {};
  },
  async encrypt(q) {
    const [packed, info] = await new Message(q.message).pack_encrypted(
      q.to, q.from ?? null, q.signBy ?? null, resolver, keys, q.options);
    return { packed, info };
  },
  async sign(q) {
    const [packed, info] = await new Message(q.message).pack_signed(q.by, resolver, keys);
    return { packed, info };
  },
  async plain(q) {
    return { packed: await new Message(q.message).pack_plaintext(resolver) };
  },
  async unpack(q) {
    const [m, info] = await Message.unpack(q.packed, resolver, keys, {});
    return { message: m.as_value(), info };
  },
  // forward unpacks a forward message and says what it asks for.
  async forward(q) {
    const [m] = await Message.unpack(q.packed, resolver, keys, {});
    const f = m.try_parse_forward();
    return { next: f.next, packed: JSON.stringify(f.forwarded_msg) };
  },
  async wrap(q) {
    return { packed: await Message.wrap_in_forward(q.packed, {}, q.to, q.hops, q.alg, resolver) };
  },
  async prior(q) {
    const [token, kid] = await new FromPrior(q.claims).pack(q.kid, resolver, keys);
    return { token, kid };
  },
  async checkPrior(q) {
    const [claims, kid] = await FromPrior.unpack(q.token, resolver);
    return { claims: claims.as_value(), kid };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const q = JSON.parse(line);
    answer = await operations[q.op](q);
  } catch (e) {
    answer = { error: `${e?.name ?? "error"}: ${e?.message ?? e}` };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
