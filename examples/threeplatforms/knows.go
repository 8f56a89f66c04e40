package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/realdid/realdid/did/ledger/memledger"
)

// knowledge prints what everybody knows. Rows are what stands in a store, or came over the wire; the columns are the two people, whom only
// this program and the authority can tell by name.
type knowledge struct {
	*town
	out    io.Writer
	people []string
}

func (k *knowledge) title(s string) { fmt.Fprintf(k.out, "\n%s\n", s) }

func (k *knowledge) row(what string, values ...string) {
	line := fmt.Sprintf("  %-37s", what)
	for _, v := range values {
		line += fmt.Sprintf("  %-32s", short(v))
	}
	fmt.Fprintln(k.out, strings.TrimRight(line, " "))
}

// short leaves out the middle of what is long.
func short(s string) string {
	if len(s) <= 32 {
		return s
	}
	return s[:19] + "…" + s[len(s)-12:]
}

// facts are values by their names.
type facts map[string]string

// table prints facts about several people side by side.
func (k *knowledge) table(of []facts) {
	names := map[string]bool{}
	for _, f := range of {
		for name := range f {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		var values []string
		for _, f := range of {
			values = append(values, f[name])
		}
		k.row(name, values...)
	}
}

// authority prints its register, and all that its registry has.
func (k *knowledge) authority() {
	k.title("THE AUTHORITY knows")
	of := []facts{}
	for _, name := range k.people {
		f := facts{}
		e := k.register[name]
		f["counter: person"] = strings.Join([]string{e.Country, e.Document, e.Number}, " ")
		for c, v := range e.Claims {
			f["counter: "+c] = fmt.Sprint(v)
		}
		for record, owner := range k.records {
			if owner != name {
				continue
			}
			f["registry: record"] = record
			for path, v := range stored(k.town.registry, "person:"+record) {
				f["registry: "+path] = v
			}
		}
		of = append(of, f)
	}
	k.row("", k.people...)
	k.table(of)
	k.row("credentials", "signed blindly, none is kept")
}

// platform prints all that a platform stores, and what the newest response to it showed.
func (k *knowledge) platform(p *platform) {
	k.title("THE " + strings.ToUpper(p.name) + " knows")
	of := []facts{}
	for _, name := range k.people {
		f := facts{}
		for path, v := range k.shown(p, name) {
			f["shown: "+path] = v
		}
		for key, op := range all(p.accounts) {
			if k.owners[p.name+key] == name {
				f["store: key"] = key
				for path, v := range leaves(op) {
					f["store: "+path] = v
				}
			}
		}
		of = append(of, f)
	}
	k.row("", "one person", "another person")
	k.table(of)
}

// shown is what the first response with a credential said in the clear.
func (k *knowledge) shown(p *platform, person string) facts {
	f := facts{}
	for _, m := range k.wire {
		values := leaves(payload(m.bytes))
		if m.party != p.name || m.person != person || values["credential.issuer"] == "" {
			continue
		}
		for path, v := range values {
			if path != "credential.@context.0" && path != "credential.@context.1" && !strings.HasPrefix(path, "credential.type") {
				f[strings.TrimPrefix(path, "credential.")] = v
			}
		}
		break
	}
	return f
}

// ledgers prints what is public.
func (k *knowledge) ledgers() {
	k.title("THE PUBLIC LEDGER has, for everybody to read")
	n := 0
	for range all(k.ids) {
		n++
	}
	k.row("DIDs", fmt.Sprintf("%d: authority, platforms, people", n))
	pairwise, found := set{}, 0
	for _, m := range k.wire {
		if id := leaves(payload(m.bytes))["iss"]; m.party != "authority" && id != "" {
			pairwise[id] = true
		}
	}
	for id := range pairwise { // did:realdid:SCID:GENESIS, of which the ledger would have the SCID
		if scid := strings.Split(id, ":")[2]; holds(k.ids, scid) {
			found++
		}
	}
	k.row("of the DIDs that platforms saw", fmt.Sprintf("%d of %d", found, len(pairwise)))
	k.title("THE AUTHORITY'S PUBLIC LOG has")
	n = 0
	for range all(k.public) {
		n++
	}
	k.row("new generations, refusals", fmt.Sprint(n))
}

// stored returns what entries of one key say, the newest value of each member.
func stored(lg *memledger.Ledger, key string) facts {
	f := facts{}
	for at, op := range all(lg) {
		if at == key {
			for path, v := range leaves(op) {
				f[path] = v
			}
		}
	}
	return f
}

// holds tells whether a ledger has entries of an identifier.
func holds(lg *memledger.Ledger, scid string) bool {
	for key := range all(lg) {
		if strings.Contains(key, scid) {
			return true
		}
	}
	return false
}

// all yields everything that a ledger holds.
func all(lg *memledger.Ledger) func(yield func(key string, op []byte) bool) {
	return func(yield func(string, []byte) bool) {
		for e, err := range lg.Follow(context.Background(), 0) {
			if err != nil || !yield(e.Key, e.Op) {
				return
			}
		}
	}
}

// payload is that of a compact JWS; anything else is returned as it is.
func payload(b []byte) []byte {
	if parts := bytes.Split(b, []byte(".")); len(parts) == 3 {
		if p, err := base64.RawURLEncoding.DecodeString(string(parts[1])); err == nil {
			return p
		}
	}
	return b
}

// leaves are the values of a JSON text by their paths.
func leaves(b []byte) facts {
	f := facts{}
	var v any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return f
	}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, m := range v {
				walk(strings.TrimPrefix(path+"."+name, "."), m)
			}
		case []any:
			for i, m := range v {
				walk(fmt.Sprintf("%s.%d", path, i), m)
			}
		default:
			f[path] = fmt.Sprint(v)
		}
	}
	walk("", v)
	return f
}
