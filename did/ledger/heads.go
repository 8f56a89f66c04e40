package ledger

import "context"

// A HeadReader is a [Store] that reads the heads of several keys in one go, as one that is asked over a network does. A
// [Sequencer] then uses this method in place of Head.
type HeadReader interface {
	// Heads returns what stands durably at each of keys, in their order, or an error for all of them. It returns early if
	// ctx ends.
	Heads(ctx context.Context, keys []string) ([]Head, error)
}

// heads reads the heads of a batch's keys together; ok is false if the store does not do that.
func (s *Sequencer) heads(batch []*admission) (heads []Head, ok bool, err error) {
	r, ok := s.store.(HeadReader)
	if !ok || len(batch) == 0 {
		return nil, false, nil
	}
	keys := make([]string, len(batch))
	for i, a := range batch {
		keys[i] = a.Entry.Key
	}
	heads, err = r.Heads(context.Background(), keys)
	return heads, true, err
}

// head reads the head of one key, and does not wait longer than ctx where the store can be left.
func (s *Sequencer) head(ctx context.Context, key string) (Head, error) {
	r, ok := s.store.(HeadReader)
	if !ok {
		return s.store.Head(key)
	}
	heads, err := r.Heads(ctx, []string{key})
	if err != nil {
		return Head{}, err
	}
	return heads[0], nil
}
