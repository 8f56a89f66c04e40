package realdid

import (
	"slices"
	"sync"
)

// kept holds histories that this process has replayed and checked, so that only what was appended since has to be. It is
// bounded in bytes: when the young half is full it becomes the old one, and what nobody asks for leaves with that.
type kept struct {
	half int // bytes of each half; 0 keeps nothing

	mu         sync.Mutex
	young, old map[string]*replayed
	size       int // of young
}

// get returns a replay of key to go on from, which is the caller's own; nil if there is none.
func (k *kept) get(key string) *replayed {
	if k.half == 0 {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	r, ok := k.young[key]
	if !ok {
		if r = k.old[key]; r == nil {
			return nil
		}
		k.keep(r)
	}
	return r.fork()
}

// put keeps a replay up to the last entry. r stays the caller's own.
func (k *kept) put(r *replayed) {
	if k.half == 0 || r.bytes() > k.half {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if have := k.young[r.key]; have == nil || len(have.steps) < len(r.steps) {
		k.keep(r.fork())
	}
}

func (k *kept) keep(r *replayed) {
	if have := k.young[r.key]; have != nil {
		k.size -= have.bytes()
	}
	n := r.bytes()
	if k.size+n > k.half || k.young == nil {
		k.young, k.old, k.size = map[string]*replayed{}, k.young, 0
	}
	k.young[r.key] = r
	k.size += n
}

// fork returns a copy that can go on by itself. States and operations are immutable, and what slices hold so far is.
func (r *replayed) fork() *replayed {
	c := *r
	c.steps, c.places, c.versions, c.anchored = slices.Clip(r.steps), slices.Clip(r.places), slices.Clip(r.versions), slices.Clip(r.anchored)
	c.absences, c.imports = slices.Clip(r.absences), slices.Clip(r.imports)
	return &c
}

// bytes estimates the memory of a replay: parsed operations take several times the room of their bytes.
func (r *replayed) bytes() int {
	n := 4096
	for i := range r.steps {
		n += 1024 + 4*len(r.steps[i].entry.Op)
	}
	return n
}
