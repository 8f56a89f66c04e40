package bbs

import "testing"

// TestSignPointRefuses gives what hashing brings about once in 2^254 times: e is minus the key, so that there is no 1/(secret+e); e is zero,
// which nobody accepts; and B is the identity, so that A is.
func TestSignPointRefuses(t *testing.T) {
	g := secretPoint(&coreAPI(t).generators(1)[0].point)
	ks := randomScalars(2)
	minus := ks[0]
	minus.Neg()
	for _, c := range []struct {
		name string
		e    scalar
		b    point
		ok   bool
	}{
		{"any", ks[1], g, true},
		{"e is minus the key", minus, g, false},
		{"e is zero", scalar{}, g, false},
		{"B is the identity", ks[1], identity(), false},
	} {
		sig, err := signPoint(&ks[0], &c.e, &c.b)
		if (err == nil) != c.ok || (sig == nil) == c.ok {
			t.Errorf("%s: got %d bytes, %v, want a signature: %v", c.name, len(sig), err, c.ok)
		}
	}
}
