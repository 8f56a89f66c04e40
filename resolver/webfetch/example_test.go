package webfetch_test

import (
	"fmt"

	"github.com/realdid/realdid/resolver/webfetch"
)

func ExampleParseLocation() {
	l, err := webfetch.ParseLocation("example.com%3A8443:people:ann")
	fmt.Println(l.URL("did.json"), err)
	_, err = webfetch.ParseLocation("169%2E254%2E169%2E254")
	fmt.Println(err)
	// Output:
	// https://example.com:8443/people/ann/did.json <nil>
	// webfetch: host: an IP address
}
