// Compiles Realdid.sol and writes Realdid.json beside it, or to the file that is given as the argument ("-" is standard output).
// The same source and compiler always give the same bytes: no metadata hash is appended to the code.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import solc from "solc";

const here = dirname(fileURLToPath(import.meta.url));
const settings = {
  evmVersion: "paris",
  optimizer: { enabled: true, runs: 1000000 },
  viaIR: true,
  metadata: { bytecodeHash: "none", appendCBOR: false },
};
const input = {
  language: "Solidity",
  sources: { "Realdid.sol": { content: readFileSync(join(here, "Realdid.sol"), "utf8") } },
  settings: {
    ...settings,
    outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode", "storageLayout"] } },
  },
};
const output = JSON.parse(solc.compile(JSON.stringify(input)));
for (const e of output.errors ?? []) console.error(e.formattedMessage);
if (output.errors?.length) process.exit(1); // warnings too

const contracts = {};
for (const [name, c] of Object.entries(output.contracts["Realdid.sol"])) {
  contracts[name] = {
    abi: c.abi,
    storage: c.storageLayout.storage.map(({ label, slot, offset, type }) => ({ label, slot, offset, type })),
    bytecode: "0x" + c.evm.bytecode.object,
    runtime: "0x" + c.evm.deployedBytecode.object,
    operator: Object.values(c.evm.deployedBytecode.immutableReferences).flat().map((r) => r.start), // offsets of its 32-byte word in runtime
  };
}
const text = JSON.stringify({ compiler: solc.version(), settings, contracts }, null, 1) + "\n";
const target = process.argv[2] ?? join(here, "Realdid.json");
if (target === "-") process.stdout.write(text);
else writeFileSync(target, text);
