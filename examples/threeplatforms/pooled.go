package main

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// rowSize is how many octets in a row no two parties have by chance.
const rowSize = 8

// pooled puts together what all know, each with everything that ever came over its wire, and looks for what links a person at one party to
// a person at another: values, and rows of octets inside of long ones, that not everybody has there.
func (k *knowledge) pooled(platforms ...*platform) {
	k.title("ALL OF THEM POOLED, with every octet that they ever received: what links")
	parties := []string{"authority"}
	for _, p := range platforms {
		parties = append(parties, p.name)
	}
	k.row("", "alice to herself", "alice to bob")
	for i, a := range parties {
		for _, b := range parties[i+1:] {
			k.row(a+" and "+b, k.links(a, "alice", b, "alice"), k.links(a, "alice", b, "bob"))
		}
	}
	k.row("the shop and itself, to compare", k.links("shop", "alice", "shop", "alice"), k.links("shop", "alice", "shop", "bob"))
}

// links counts what a knows of x and b knows of y, but for what a, or b, knows of everybody. Of rows of octets, none counts that everybody's
// has a half of: they stand where what is the same for all ends.
func (k *knowledge) links(a, x, b, y string) string {
	everybody := func(of func(party, person string) set) set {
		return union(common(of(a, "alice"), of(a, "bob")), common(of(b, "alice"), of(b, "bob")))
	}
	values := minus(common(k.values(a, x), k.values(b, y)), everybody(k.values))
	halves := everybody(func(party, person string) set { return k.rows(party, person, rowSize/2) })
	rows := 0
	for row := range common(k.rows(a, x, rowSize), k.rows(b, y, rowSize)) {
		own := true
		for i := 0; i+rowSize/2 <= rowSize; i++ {
			own = own && !halves[row[i:i+rowSize/2]]
		}
		if own {
			rows++
		}
	}
	return fmt.Sprintf("%d values, %d rows of octets", len(values), rows)
}

type set map[string]bool

func common(a, b set) set {
	out := set{}
	for s := range a {
		if b[s] {
			out[s] = true
		}
	}
	return out
}

func minus(a, b set) set {
	out := set{}
	for s := range a {
		if !b[s] {
			out[s] = true
		}
	}
	return out
}

func union(a, b set) set {
	out := set{}
	for s := range a {
		out[s] = true
	}
	for s := range b {
		out[s] = true
	}
	return out
}

// values are all values that a party has of a person, in its stores and on its wire.
func (k *knowledge) values(party, person string) set {
	out := set{}
	take := func(b []byte) {
		for _, v := range leaves(b) {
			out[v] = true
		}
	}
	for _, m := range k.wire {
		if m.party == party && m.person == person {
			take(payload(m.bytes))
		}
	}
	if party == "authority" {
		for record, owner := range k.records {
			if owner == person {
				out[record] = true
				for key, op := range all(k.registry) {
					if strings.HasSuffix(key, record) {
						take(op)
					}
				}
			}
		}
		return out
	}
	for _, p := range k.platforms {
		for key, op := range all(p.accounts) {
			if p.name == party && k.owners[p.name+key] == person {
				out[key] = true
				take(op)
			}
		}
	}
	return out
}

// rows are all rows of n octets inside of long values, as they are written and as what they are the writing of. Short ones are times, numbers
// and words, which are compared as a whole.
func (k *knowledge) rows(party, person string, n int) set {
	out := set{}
	take := func(s string) {
		for i := 0; i+n <= len(s); i++ {
			out[s[i:i+n]] = true
		}
	}
	for v := range k.values(party, person) {
		if len(v) < 24 {
			continue
		}
		take(v)
		for _, part := range strings.FieldsFunc(v, func(r rune) bool { return r == ':' || r == '.' || r == '#' }) {
			for _, text := range []string{part, strings.TrimPrefix(part, "u")} {
				if b, err := base64.RawURLEncoding.DecodeString(text); err == nil {
					take(string(b))
				}
			}
		}
	}
	return out
}
