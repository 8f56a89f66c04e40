package jsonld

import "embed"

//go:embed contexts/*.jsonld
var files embed.FS

// embeddedFiles names the file of each embedded context. SOURCE.md beside the files says where each one is from, and a test
// pins its bytes by SHA-256.
var embeddedFiles = map[string]string{
	"https://www.w3.org/2018/credentials/v1":               "credentials-v1.jsonld",
	"https://www.w3.org/2018/credentials/examples/v1":      "credentials-examples-v1.jsonld",
	"https://www.w3.org/ns/credentials/v2":                 "credentials-v2.jsonld",
	"https://www.w3.org/ns/credentials/examples/v2":        "credentials-examples-v2.jsonld",
	"https://www.w3.org/ns/credentials/undefined-terms/v2": "credentials-undefined-terms-v2.jsonld",
	"https://www.w3.org/ns/credentials/status/v1":          "vc-bitstring-status-list-v1.jsonld",
	"https://www.w3.org/ns/cid/v1":                         "cid-v1.jsonld",
	"https://www.w3.org/ns/did/v1":                         "did-v1.jsonld",
	"https://www.w3.org/ns/did/v1.1":                       "did-v1.1.jsonld",
	"https://www.w3.org/ns/odrl.jsonld":                    "odrl.jsonld",
	"https://w3id.org/security/v1":                         "security-v1.jsonld",
	"https://w3id.org/security/v2":                         "security-v2.jsonld",
	"https://w3id.org/security/data-integrity/v1":          "data-integrity-v1.jsonld",
	"https://w3id.org/security/data-integrity/v2":          "data-integrity-v2.jsonld",
	"https://w3id.org/security/multikey/v1":                "multikey-v1.jsonld",
	"https://w3id.org/security/jwk/v1":                     "jwk-v1.jsonld",
	"https://w3id.org/security/suites/ed25519-2018/v1":     "ed25519-2018-v1.jsonld",
	"https://w3id.org/security/suites/ed25519-2020/v1":     "ed25519-2020-v1.jsonld",
	"https://w3id.org/security/suites/x25519-2020/v1":      "x25519-2020-v1.jsonld",
	"https://w3id.org/vc/status-list/2021/v1":              "status-list-2021-v1.jsonld",
	"https://w3id.org/citizenship/v1":                      "citizenship-v1.jsonld",
	"https://w3id.org/citizenship/v2":                      "citizenship-v2.jsonld",
	"https://w3id.org/citizenship/v3":                      "citizenship-v3.jsonld",
	"https://w3id.org/citizenship/v4rc1":                   "citizenship-v4rc1.jsonld",
	"https://w3id.org/vdl/v1":                              "vdl-v1.jsonld",
	"https://w3id.org/vdl/v2":                              "vdl-v2.jsonld",
	"https://w3id.org/vdl/aamva/v1":                        "vdl-aamva-v1.jsonld",
}
