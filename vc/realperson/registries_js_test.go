package realperson

import "testing"

// bbolt maps files into memory and knows no WebAssembly.
var registries = map[string]func(*testing.T, *AuthorityConfig){
	"memory": func(*testing.T, *AuthorityConfig) {},
}
