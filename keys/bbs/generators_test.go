package bbs

import "testing"

// TestGeneratorsGrow asks for generators in several steps, which must be those of one step.
func TestGeneratorsGrow(t *testing.T) {
	for _, s := range []Ciphersuite{SHA256, SHAKE256} {
		whole, parts := api{s, "one id for both"}, api{s, "one id for both"}
		want := whole.generators(9)
		generatorsMu.Lock()
		delete(generatorSets, parts)
		generatorsMu.Unlock()
		for _, n := range []int{0, 1, 4, 2, 9} {
			got := parts.generators(n)
			if len(got) != n || cap(got) != n {
				t.Fatalf("%v: got %d of %d, want %d", s, len(got), cap(got), n)
			}
			for i := range got {
				if got[i].encoded != want[i].encoded {
					t.Errorf("%v: generator %d of %d: got %x, want %x", s, i, n, got[i].encoded, want[i].encoded)
				}
			}
		}
		seen := map[encodedPoint]bool{s.basePoint().encoded: true}
		for i, g := range want {
			if seen[g.encoded] {
				t.Errorf("%v: generator %d occurs twice", s, i)
			}
			seen[g.encoded] = true
			other := api{s, "another id"}.generators(i + 1)[i]
			if other.encoded == g.encoded {
				t.Errorf("%v: generator %d is the same under another id", s, i)
			}
		}
	}
	list := coreAPI(t).generators(MaxTables + 1)
	for i, want := range map[int]bool{0: true, MaxTables - 1: true, MaxTables: false} {
		if got := list[i].secretTable() != nil && list[i].publicTable() != nil; got != want {
			t.Errorf("generator %d has tables: got %v, want %v", i, got, want)
		}
	}
}

// TestGeneratorsGrowInSteps asks for more than are made at once. Nobody waits for one who needs very many: the lock is held for one step
// alone.
func TestGeneratorsGrowInSteps(t *testing.T) {
	a := api{SHA256, "in steps"}
	set := a.set()
	want := 2*growth + 1
	for step := 1; step <= 3; step++ {
		list, ok := a.grow(set, want)
		if got, enough := len(set.list), min(step*growth, want); got != enough || ok != (step == 3) || (list != nil) != ok {
			t.Fatalf("step %d: made %d of %d, returned %d, %v", step, got, enough, len(list), ok)
		}
		if few, ok := a.grow(set, growth); !ok || len(few) != growth {
			t.Errorf("step %d: %d of those that are made: got %d, %v", step, growth, len(few), ok)
		}
	}
	if got := a.generators(want); len(got) != want || got[want-1] != set.list[want-1] {
		t.Errorf("got %d generators, want %d", len(got), want)
	}
}
