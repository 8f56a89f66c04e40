package didwebvh

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/realdid/realdid/keys"
)

// signature is a signature of an entry that is still to be verified: all else about the entry was found right.
type signature struct {
	entry   int // index
	key     keys.PublicKey
	message []byte
	bytes   []byte
}

func (s *signature) ok() bool { return s.key.Verify(s.message, s.bytes) == nil }

const (
	maxWorkers   = 4
	perWorker    = 4 // signatures at least, so that a worker is worth its start
	noBadEntries = MaxEntries
)

// firstBad returns the index of the first entry with a signature that does not verify, noBadEntries if all do.
// Signatures are nearly the whole cost of a log and do not depend on each other, so that several are verified at once.
func firstBad(list []signature) int {
	var next, bad atomic.Int64
	bad.Store(noBadEntries)
	work := func() {
		for {
			i := int(next.Add(1)) - 1
			// The entries are in order: after a bad one nothing can come first.
			if i >= len(list) || int64(list[i].entry) >= bad.Load() {
				return
			}
			if list[i].ok() {
				continue
			}
			for old := bad.Load(); int64(list[i].entry) < old && !bad.CompareAndSwap(old, int64(list[i].entry)); old = bad.Load() {
			}
		}
	}
	var wg sync.WaitGroup
	for range min(len(list)/perWorker, maxWorkers, runtime.GOMAXPROCS(0)) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return int(bad.Load())
}
