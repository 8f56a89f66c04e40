package vcalm_test

import (
	"net/http"
	"strings"
	"testing"
)

// FuzzHandler sends bodies to every path that takes one. Whatever they are, the answer is JSON with a status that the
// documentation has, and nothing verifies but what was signed.
func FuzzHandler(f *testing.F) {
	paths := []string{
		"/credentials/verify", "/presentations/verify", "/credentials/derive", "/credentials/status",
		"/issuers/" + edPath + "/credentials/issue", "/issuers/" + sdPath + "/credentials/issue",
	}
	for i := range paths {
		f.Add(i, `{"verifiableCredential":{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":"did:key:z","credentialSubject":{"id":"urn:a"},"proof":{"type":"DataIntegrityProof"}},"options":{"checks":["proof"]}}`)
		f.Add(i, `{"verifiablePresentation":{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"verifiableCredential":[{"type":"EnvelopedVerifiableCredential"}]},"options":{"checks":[],"challenge":""}}`)
		f.Add(i, `{"credentialId":"a","credentialStatus":{"type":"BitstringStatusListEntry","statusPurpose":"revocation"},"status":false}`)
		f.Add(i, `{"credential":{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":"`+didOf("Ed25519")+`","credentialSubject":{"id":"urn:a"}},"options":{"mandatoryPointers":["/issuer"],"credentialStatus":[]}}`)
	}
	f.Fuzz(func(t *testing.T, i int, body string) {
		path := paths[uint(i)%uint(len(paths))]
		s := newServer(t, func(o *optionsOf) { o.InsecureUnresolvedIssuers, o.InsecureRewritable = false, false })
		a := s.post(path, body)
		switch a.status {
		case http.StatusOK:
			// An unsigned presentation of nothing is the one thing that verifies without a key.
			if a.body["verified"] == true && !strings.Contains(body, didOf("other")) && path != "/presentations/verify" {
				t.Errorf("%s: %s\n%s", path, body, a.raw)
			}
		case http.StatusCreated:
			if c := a.body["verifiableCredential"].(object); path != "/issuers/"+sdPath+"/credentials/issue" && path != "/credentials/derive" {
				s.good(c, object{"checks": []string{"proof"}})
			}
		case http.StatusBadRequest, http.StatusNotFound, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
			if a.body["type"] == "" || a.body["verified"] == true {
				t.Errorf("%s: %s\n%s", path, body, a.raw)
			}
		default:
			t.Errorf("%s: %d\n%s\n%s", path, a.status, body, a.raw)
		}
	})
}
