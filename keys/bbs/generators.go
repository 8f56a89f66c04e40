package bbs

import (
	"encoding/hex"
	"sync"
)

// MaxTables is how many generators of one interface have tables, the first ones. A table for work with secrets takes 20 KB and one for
// verifying 17 KB; each is made when its generator is first used for that. Sums over later generators take about three times as
// long for each, and no less care. The points of all generators that were ever needed, at most MaxMessages and a few, are kept with
// 250 bytes each.
const MaxTables = 128

// A generator is a point of G1 of which nobody knows a logarithm to the base of another. It is never changed after it was made,
// apart from the tables, which are made when they are first needed.
type generator struct {
	point   publicPoint
	encoded encodedPoint
	tables  *generatorTables // nil for a generator without
}

type generatorTables struct {
	onceSecret, oncePublic sync.Once
	secret                 *secretTable
	public                 *publicTable
}

// secretTable returns the table for secret scalars, nil for a generator without.
func (g *generator) secretTable() *secretTable {
	if g.tables == nil {
		return nil
	}
	g.tables.onceSecret.Do(func() { g.tables.secret = newSecretTable(&g.point) })
	return g.tables.secret
}

// publicTable returns the table for public scalars, nil for a generator without.
func (g *generator) publicTable() *publicTable {
	if g.tables == nil {
		return nil
	}
	g.tables.oncePublic.Do(func() { g.tables.public = newPublicTable(&g.point) })
	return g.tables.public
}

// basePoint returns P1, the point that is summed without a scalar (sections 7.2.1 and 7.2.2 of the draft).
func (s Ciphersuite) basePoint() *generator {
	if s == SHAKE256 {
		return basePointSHAKE256()
	}
	return basePointSHA256()
}

var (
	basePointSHA256 = sync.OnceValue(func() *generator {
		return mustGenerator("a8ce256102840821a3e94ea9025e4662b205762f9776b3a766c872b948f1fd225e7c59698588e70d11406d161b4e28c9")
	})
	basePointSHAKE256 = sync.OnceValue(func() *generator {
		return mustGenerator("8929dfbc7e6642c4ed9cba0856e493f8b9d7d5fcb0c31ef8fdcd34d50648a56c795e106e9eada6e0bda386b414150755")
	})
)

func mustGenerator(text string) *generator {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic("bbs: constant: " + err.Error())
	}
	p, err := parsePoint(b)
	if err != nil {
		panic("bbs: constant: " + err.Error())
	}
	return newGenerator(p, true)
}

// A generatorSet holds the first generators of one interface.
type generatorSet struct {
	mu   sync.Mutex
	v    [48]byte // the hash that the next one derives from
	list []*generator
}

var (
	generatorsMu  sync.Mutex
	generatorSets = map[api]*generatorSet{}
)

func (a api) set() *generatorSet {
	generatorsMu.Lock()
	defer generatorsMu.Unlock()
	set := generatorSets[a]
	if set == nil {
		set = new(generatorSet)
		generatorSets[a] = set
	}
	return set
}

// generators is create_generators: the first n of the interface, Q_1 first. n is at most MaxMessages + 2, as callers have checked
// before. The slice must not be written to.
func (a api) generators(n int) []*generator {
	for set := a.set(); ; {
		if list, ok := a.grow(set, n); ok {
			return list
		}
	}
}

// growth is how many generators are made at once, a few milliseconds of work.
const growth = 32

// grow returns the first n generators of set once it has them; before, it makes at most growth of those that are missing. A stranger
// decides how many a first proof needs, and whoever needs a few must not wait meanwhile until all of them are made.
func (a api) grow(set *generatorSet, n int) ([]*generator, bool) {
	set.mu.Lock()
	defer set.mu.Unlock()
	seedDST, pointDST := a.id+"SIG_GENERATOR_SEED_", a.id+"SIG_GENERATOR_DST_"
	if len(set.list) == 0 && n > 0 {
		a.suite.expand(set.v[:], seedDST, []byte(a.id+"MESSAGE_GENERATOR_SEED"))
	}
	last := min(n, len(set.list)+growth)
	for i := len(set.list) + 1; i <= last; i++ {
		a.suite.expand(set.v[:], seedDST, set.v[:], appendUint64(nil, i))
		set.list = append(set.list, newGenerator(a.suite.hashToCurve(pointDST, set.v[:]), i <= MaxTables))
	}
	if n > len(set.list) {
		return nil, false
	}
	return set.list[:n:n], true
}

func newGenerator(p publicPoint, tables bool) *generator {
	g := &generator{point: p, encoded: p.Bytes()}
	if tables {
		g.tables = new(generatorTables)
	}
	return g
}
