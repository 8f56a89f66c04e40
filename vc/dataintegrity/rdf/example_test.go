package rdf_test

import (
	"fmt"

	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

func ExampleCanonicalize() {
	d, err := rdf.ParseNQuads([]byte(`
_:subject <https://schema.org/name> "Ada" .
<urn:credential> <https://www.w3.org/2018/credentials#credentialSubject> _:subject .
`), rdf.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := rdf.Canonicalize(d, nil)
	if err != nil {
		fmt.Println(err) // rdf.ErrWork: nobody needs a dataset like that
		return
	}
	fmt.Printf("%s", c.NQuads())
	fmt.Println(d.Blanks[0], "is", c.Labels[0])
	// Output:
	// <urn:credential> <https://www.w3.org/2018/credentials#credentialSubject> _:c14n0 .
	// _:c14n0 <https://schema.org/name> "Ada" .
	// subject is c14n0
}
