package importrule

// A row says which of our packages the packages matched by pattern may import, besides internal/. A pattern is a path
// relative to the module, "p/..." is p and all below it. The first row that matches counts. "own" stands for the folder
// of the package one level below its pattern, so that a backend or a format may be split into packages of its own.
type row struct {
	pattern string
	may     []string
	why     string
}

const own = "own"

var table = []row{
	{"internal/interop/...", []string{"..."}, "tests of everything against the software of others"},
	{"internal/...", nil, "what everybody may import must not lead anybody round this table"},

	{"keys", nil, "keys know no documents"},
	{"keys/...", []string{"keys", own}, "keys know no documents"},

	{"did", []string{"keys"}, "a document is not a method"},
	{"did/didcomm/...", []string{"did", "keys", "keys/jws", "did/didcomm/..."}, "it receives a resolver, and knows no method"},
	{"did/didtest/...", []string{"did", "keys"}, "a kit for methods knows none of them"},
	{"did/ledger", nil, "a ledger stores bytes that it does not understand"},
	{"did/ledger/proof/...", []string{"did/ledger/proof/..."}, "a proof commits to bytes that it does not understand"},
	{"did/ledger/authmap/...", []string{"did/ledger/proof"}, "a map commits to bytes that it does not understand"},
	{"did/ledger/tlog/...", []string{"did/ledger", "did/ledger/proof", "did/ledger/authmap", own}, "a log proves any ledger"},
	{"did/ledger/witness/...", []string{"did/ledger/proof", own}, "a witness sees checkpoints and no entries"},
	{"did/ledger/mirror/...", []string{"did/ledger", "did/ledger/proof", "did/ledger/authmap", "did/ledger/tlog", "did/ledger/witness", own}, "a mirror follows a log and knows no method"},
	{"did/ledger/cometledger/...", []string{"did/ledger", "did/ledger/proof", "did/ledger/authmap", own}, "its application keeps the map, and knows no method"},
	{"did/ledger/evmledger/...", []string{"did/ledger", "did/ledger/proof", "did/ledger/tlog", "did/ledger/boltledger", "did/ledger/memledger", own}, "it anchors what a log publishes, and knows no method"},
	{"did/ledger/tlogledger/...", []string{"did/ledger", "did/ledger/proof", "did/ledger/authmap", "did/ledger/tlog", own}, "a log by another engine, with an index that can be lost"},
	{"did/ledger/...", []string{"did/ledger", "did/ledger/proof", own}, "a backend is given a Reducer and knows no method"},
	{"did/realdid/...", []string{"did", "did/ledger", "did/ledger/proof", "keys", "did/realdid/..."}, "the method runs on every backend"},

	{"resolver/ariesvdr/...", []string{"..."}, "it gives a method to an agent of another framework"},
	{"resolver/...", []string{"did", "keys", "resolver/..."}, "it receives the interfaces that a method implements"},

	{"vc", []string{"did", "keys"}, "verifying needs a key, which it is given"},
	{"vc/realperson/...", []string{"..."}, "a profile joins what it needs"},
	{"vc/vcalm/...", []string{"..."}, "an HTTP face joins formats"},
	{"vc/vcdm", []string{"vc", "did"}, "a data model knows no format and no keys"},
	{"vc/vcdm/...", []string{"vc", "vc/vcdm", own}, "a data model knows no format and no keys"},
	{"vc/dataintegrity/rdf", nil, "RDF knows no credentials"},
	{"vc/dataintegrity/jsonld/...", []string{"vc/dataintegrity/rdf", own}, "JSON-LD knows no credentials"},
	{"vc/dataintegrity/bbs2023", []string{"vc", "did", "keys", "keys/bbs", "vc/vcdm", "vc/dataintegrity/..."}, "a suite of its own, so that who wants no BBS links no pairing"},
	{"vc/dataintegrity/sd", []string{"vc/dataintegrity/rdf", "vc/dataintegrity/jsonld"}, "statements are chosen before anybody signs"},
	{"vc/internal/envelopetest", []string{"vc", "did", "keys", "vc/vcdm", "vc/internal/..."}, "the tests that formats share know none of them"},
	{"vc/internal/...", []string{"vc", "did", "keys", "keys/jws", "vc/vcdm"}, "what several formats share knows none of them"},
	{"vc/...", []string{"vc", "did", "keys", "keys/jws", "vc/vcdm", "vc/internal/...", "vc/dataintegrity/sd", own}, "one format knows no other"},

	{"examples/...", []string{"..."}, "programs join what they need"},
}

// thirdParty names the packages that alone may import a module directly; whoever imports those packages links it.
var thirdParty = []row{
	{"github.com/cockroachdb/pebble", []string{"did/ledger/pebbleledger/...", "did/ledger/cometledger/...", "did/ledger/tlogledger/..."}, "one backend, one engine"},
	{"github.com/cometbft/cometbft", []string{"did/ledger/cometledger/..."}, "one backend, one engine"},
	{"github.com/jackc/pgx", []string{"did/ledger/sqlledger/...", "examples/realdid-engines/..."}, "one backend, one engine"},
	{"modernc.org/sqlite", []string{"examples/realdid-engines/..."}, "the caller opens the database"},
	{"github.com/ethereum/go-ethereum", []string{"did/ledger/evmledger/...", "examples/realdid-engines/..."}, "one backend, one engine"},
	{"github.com/transparency-dev/tessera", []string{"did/ledger/tlogledger/...", "examples/realdid-engines/..."}, "one backend, one engine"},
	{"go.etcd.io/bbolt", []string{"did/ledger/boltledger/...", "did/ledger/evmledger/..."}, "one backend, one engine"},
	{"github.com/spf13/cobra", []string{"examples/..."}, "a library has no command line"},
	{"github.com/rogpeppe/go-internal", nil, "for tests"},
	{"github.com/piprate/json-gold", nil, "an oracle for tests"},
	{"github.com/santhosh-tekuri/jsonschema", []string{"vc/vcdm/schema/..."}, "who wants no schemas links none"},
	{"github.com/go-jose/go-jose", []string{"did/didcomm/..."}, "its key wrap and ciphers, for encrypted messages; signatures are those of keys/jws"},
	{"github.com/hyperledger/aries-framework-go", []string{"resolver/ariesvdr/...", "examples/ariesagents/..."}, "one framework, one bridge"},
	{"github.com/veraison/go-cose", []string{"vc/cose/...", "vc/status/cwt/..."}, "who wants no COSE links none"},
	{"github.com/consensys/gnark-crypto", []string{"keys/bbs/..."}, "who wants no BBS links no pairing"},
	{"github.com/cloudflare/circl", []string{"keys/bbs/..."}, "who wants no BBS links no pairing"},
}

// offline lists the packages that must not link net/http: verifying and replaying ask nobody.
var offline = []string{"keys/...", "did", "did/didcomm", "did/realdid/...", "did/ledger", "did/ledger/proof/...", "did/ledger/memledger/...", "did/ledger/boltledger/...", "did/ledger/authmap/...", "did/ledger/tlog/...", "resolver", "resolver/didkey/...", "resolver/didjwk/...", "vc", "vc/internal/...", "vc/vcdm/...", "vc/status/...", "vc/sdjwt/...", "vc/jose/...", "vc/jwtvc/...", "vc/cose/...", "vc/dataintegrity/...", "vc/realperson"}
