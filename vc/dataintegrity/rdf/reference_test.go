package rdf

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// reference is RDFC-1.0 as its text tells it, step by step, with maps of labels and texts: slow and simple, to compare with.
type reference struct {
	hash    crypto.Hash
	quads   []Quad           // none twice
	quadsOf map[string][]int // blank node to quads map
	canon   *issuer
	calls   int // of Hash N-Degree Quads; beyond maxCalls it gives up
}

const maxCalls = 3000

// issuer is an identifier issuer.
type issuer struct {
	prefix string
	ids    map[string]string
	order  []string
}

func newIssuer(prefix string) *issuer { return &issuer{prefix: prefix, ids: map[string]string{}} }

func (i *issuer) issue(label string) string {
	if id, ok := i.ids[label]; ok {
		return id
	}
	id := fmt.Sprint(i.prefix, len(i.order))
	i.ids[label], i.order = id, append(i.order, label)
	return id
}

func (i *issuer) clone() *issuer {
	c := newIssuer(i.prefix)
	for _, l := range i.order {
		c.issue(l)
	}
	return c
}

func blankName(t Term) string {
	if t.Kind != Blank {
		return ""
	}
	return fmt.Sprint("e", t.Blank)
}

// referenceCanonicalize returns the canonical document; ok is false if that takes too long.
func referenceCanonicalize(d *Dataset, hash crypto.Hash) (doc string, ok bool) {
	r := &reference{hash: hash, quadsOf: map[string][]int{}, canon: newIssuer("c14n")}
	for _, q := range d.Quads {
		if !slices.Contains(r.quads, q) {
			r.quads = append(r.quads, q)
		}
	}
	for i, q := range r.quads {
		for _, t := range []Term{q.Subject, q.Object, q.Graph} {
			if n := blankName(t); n != "" && !slices.Contains(r.quadsOf[n], i) {
				r.quadsOf[n] = append(r.quadsOf[n], i)
			}
		}
	}
	byHash := map[string][]string{}
	for b := range d.Blanks {
		n := blankName(NewBlank(b))
		if r.quadsOf[n] == nil {
			continue
		}
		h := r.first(n)
		byHash[h] = append(byHash[h], n)
	}
	var hashes []string
	for h := range byHash {
		hashes = append(hashes, h)
	}
	slices.Sort(hashes)
	for _, h := range hashes {
		if len(byHash[h]) == 1 {
			r.canon.issue(byHash[h][0])
		}
	}
	for _, h := range hashes {
		if len(byHash[h]) == 1 {
			continue
		}
		type result struct {
			hash string
			iss  *issuer
		}
		var results []result
		for _, n := range byHash[h] {
			if _, ok := r.canon.ids[n]; ok {
				continue
			}
			temp := newIssuer("b")
			temp.issue(n)
			hash, iss := r.nDegree(n, temp)
			if iss == nil {
				return "", false
			}
			results = append(results, result{hash, iss})
		}
		slices.SortStableFunc(results, func(a, b result) int { return strings.Compare(a.hash, b.hash) })
		for _, res := range results {
			for _, n := range res.iss.order {
				r.canon.issue(n)
			}
		}
	}
	var lines []string
	for _, q := range r.quads {
		lines = append(lines, string(AppendQuad(nil, &q, func(b int) string { return r.canon.ids[fmt.Sprint("e", b)] })))
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), ""), true
}

func (r *reference) sum(s string) string {
	h := r.hash.New()
	h.Write([]byte(s))
	return hex.EncodeToString(h.Sum(nil))
}

func (r *reference) first(n string) string {
	var lines []string
	for _, i := range r.quadsOf[n] {
		lines = append(lines, string(AppendQuad(nil, &r.quads[i], func(b int) string {
			if fmt.Sprint("e", b) == n {
				return "a"
			}
			return "z"
		})))
	}
	slices.Sort(lines)
	return r.sum(strings.Join(lines, ""))
}

func (r *reference) identifier(n string, iss *issuer) string {
	if id, ok := r.canon.ids[n]; ok {
		return "_:" + id
	}
	if id, ok := iss.ids[n]; ok {
		return "_:" + id
	}
	return ""
}

func (r *reference) related(n string, q *Quad, iss *issuer, position string) string {
	input := position
	if position != "g" {
		input += "<" + q.Predicate.Value + ">"
	}
	if id := r.identifier(n, iss); id != "" {
		return r.sum(input + id)
	}
	return r.sum(input + r.first(n))
}

func (r *reference) nDegree(n string, iss *issuer) (string, *issuer) {
	if r.calls++; r.calls > maxCalls {
		return "", nil
	}
	hn := map[string][]string{}
	for _, i := range r.quadsOf[n] {
		q := &r.quads[i]
		for k, t := range []Term{q.Subject, q.Object, q.Graph} {
			if m := blankName(t); m != "" && m != n {
				h := r.related(m, q, iss, "sog"[k:k+1])
				hn[h] = append(hn[h], m)
			}
		}
	}
	var hashes []string
	for h := range hn {
		hashes = append(hashes, h)
	}
	slices.Sort(hashes)
	var data bytes.Buffer
	for _, h := range hashes {
		data.WriteString(h)
		chosen, chosenIssuer := "", (*issuer)(nil)
		for p := range permutations(hn[h]) {
			copied, path := iss.clone(), ""
			var recursion []string
			for _, m := range p {
				if id, ok := r.canon.ids[m]; ok {
					path += "_:" + id
					continue
				}
				if _, ok := copied.ids[m]; !ok {
					recursion = append(recursion, m)
				}
				path += "_:" + copied.issue(m)
			}
			for _, m := range recursion {
				hash, result := r.nDegree(m, copied)
				if result == nil {
					return "", nil
				}
				path += "_:" + copied.issue(m) + "<" + hash + ">"
				copied = result
			}
			if chosen == "" || path < chosen {
				chosen, chosenIssuer = path, copied
			}
		}
		data.WriteString(chosen)
		iss = chosenIssuer
	}
	return r.sum(data.String()), iss
}

// permutations yields every order of the list (Heap's algorithm).
func permutations(list []string) func(func([]string) bool) {
	return func(yield func([]string) bool) {
		a := slices.Clone(list)
		var visit func(k int) bool
		visit = func(k int) bool {
			if k <= 1 {
				return yield(a)
			}
			for i := range k {
				if !visit(k - 1) {
					return false
				}
				if k%2 == 0 {
					a[i], a[k-1] = a[k-1], a[i]
				} else {
					a[0], a[k-1] = a[k-1], a[0]
				}
			}
			return true
		}
		visit(len(a))
	}
}
