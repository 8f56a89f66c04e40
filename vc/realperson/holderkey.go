package realperson

import (
	"sync"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// holderKeys keeps the keys of pairwise DIDs that logged in lately. A long form says which key it has, so that what was read from it
// once stays true.
type holderKeys struct {
	mu       sync.Mutex
	old, new map[did.URL]keys.PublicKey
}

// maxHolderKeys bounds each half of a holderKeys.
const maxHolderKeys = 1 << 12

func (h *holderKeys) get(d did.URL) (keys.PublicKey, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	k, ok := h.new[d]
	if !ok {
		if k, ok = h.old[d]; ok {
			h.keep(d, k)
		}
	}
	return k, ok
}

func (h *holderKeys) put(d did.URL, k keys.PublicKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keep(d, k)
}

func (h *holderKeys) keep(d did.URL, k keys.PublicKey) {
	if h.new == nil || len(h.new) >= maxHolderKeys {
		h.old, h.new = h.new, make(map[did.URL]keys.PublicKey)
	}
	h.new[d] = k
}
