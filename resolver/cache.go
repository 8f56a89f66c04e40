package resolver

import (
	"context"
	"hash/maphash"
	"time"

	"github.com/realdid/realdid/did"
)

// CacheOptions are the bounds of a Cache. A field that is zero means the default; a negative duration means never.
type CacheOptions struct {
	Entries int           // remembered answers; default 10,000
	Bytes   int           // their size in memory, roughly; default 64 MiB; an answer over it, or a sixteenth of 16 MiB and more, is not kept
	Found   time.Duration // how long a document is fresh; default 1 minute, and never beyond its NextUpdate
	Missing time.Duration // NOT_FOUND; default 10 seconds
	Final   time.Duration // other final errors; default 1 minute
	Failed  time.Duration // temporary errors, and the pause after one before the source is asked again; default 1 second
	Stale   time.Duration // the age up to which a document answers while the source fails; default 1 hour
	Now     func() time.Time
}

func (o *CacheOptions) withDefaults() CacheOptions {
	var c CacheOptions
	if o != nil {
		c = *o
	}
	number := func(n *int, def int) {
		if *n <= 0 {
			*n = def
		}
	}
	duration := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
		*d = max(*d, 0)
	}
	number(&c.Entries, 10_000)
	number(&c.Bytes, 64<<20)
	duration(&c.Found, time.Minute)
	duration(&c.Missing, 10*time.Second)
	duration(&c.Final, time.Minute)
	duration(&c.Failed, time.Second)
	duration(&c.Stale, time.Hour)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Cache remembers what a Resolver answered about the newest state of DIDs. Every caller gets the same *did.Resolution, which
// nobody may change, so a remembered answer costs no allocation. Its Evidence.AsOf is left as the source set it: a policy
// about freshness sees how old it is.
//
// Look-ups of one DID at the same time become one; it goes on when the caller that began it gives up, as long as another
// waits. While the source fails with a temporary error, the last document goes on answering up to the age Stale and its
// NextUpdate; without one, the error is remembered for a moment. NoCache asks the source and remembers what it says.
// Questions about a version or a past time always go to the source. A Cache is safe for concurrent use.
type Cache struct {
	source did.Resolver
	opt    CacheOptions
	seed   maphash.Seed
	shards []shard
}

// NewCache returns a cache in front of source. opt may be nil.
func NewCache(source did.Resolver, opt *CacheOptions) *Cache {
	c := &Cache{source: source, opt: opt.withDefaults(), seed: maphash.MakeSeed(), shards: make([]shard, 1)}
	if c.opt.Entries >= 1024 && c.opt.Bytes >= 16<<20 {
		c.shards = make([]shard, 16)
	}
	n := len(c.shards)
	for i := range c.shards {
		c.shards[i].init((c.opt.Entries+n-1)/n, c.opt.Bytes/n)
	}
	return c
}

func (c *Cache) shard(id did.DID) *shard {
	if len(c.shards) == 1 {
		return &c.shards[0]
	}
	return &c.shards[maphash.String(c.seed, id.String())%uint64(len(c.shards))]
}

// Resolve answers from memory if it can. An error is a *did.Error; a caller that gives up gets INTERNAL_ERROR around its
// context's error.
func (c *Cache) Resolve(ctx context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	if err := opt.Check(); err != nil {
		return nil, err
	}
	if !opt.Newest() {
		return c.source.Resolve(ctx, id, opt)
	}
	s := c.shard(id)
	if opt != nil && opt.NoCache {
		return c.refresh(ctx, s, id, opt)
	}
	now := c.opt.Now()
	if e := s.get(id); e != nil && e.freshAt(now) {
		return e.res, e.err
	}
	return c.join(ctx, s, id, now)
}

// Purge forgets what is known of id; look-ups that are under way will not be remembered.
func (c *Cache) Purge(id did.DID) { c.shard(id).purge(id) }

// PurgeAll forgets everything, as Purge does.
func (c *Cache) PurgeAll() {
	for i := range c.shards {
		c.shards[i].purgeAll()
	}
}

// ask puts the question to the source and makes an entry of the answer.
func (c *Cache) ask(ctx context.Context, s *shard, id did.DID, opt *did.ResolveOptions) *entry {
	e := &entry{id: id, asked: c.opt.Now()}
	purges := s.purges.Load()
	res, err := c.source.Resolve(ctx, id, opt)
	if err == nil {
		err = checkAnswer(id, res)
	}
	e.from = c.opt.Now()
	e.weight = 512 + 2*len(id.String())
	if err != nil {
		e.err = did.AsError(err)
		e.until = e.from.Add(c.lifetime(did.AsError(err)))
	} else {
		e.res = res
		e.weight += weigh(res)
		e.until, e.stale = e.from.Add(c.opt.Found), e.from.Add(c.opt.Stale)
		if next := res.Metadata.NextUpdate; !next.IsZero() {
			e.until, e.stale = earlier(e.until, next), earlier(e.stale, next)
		}
	}
	if ctx.Err() == nil || err == nil {
		s.put(e, purges)
	}
	return e
}

func (c *Cache) lifetime(err *did.Error) time.Duration {
	switch {
	case err.Temporary():
		return c.opt.Failed
	case err.Code == did.NotFound:
		return c.opt.Missing
	}
	return c.opt.Final
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (c *Cache) refresh(ctx context.Context, s *shard, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	old := s.get(id)
	if old != nil {
		old.tried.Store(c.opt.Now().UnixNano())
	}
	e := c.ask(ctx, s, id, opt)
	if old != nil && e.refused() {
		old.tried.Store(0)
	}
	return e.res, e.err
}

// age: see ager. An answer replaces the entry, so that one that says when it was tried has had none.
func (c *Cache) age(id did.DID) (age time.Duration, unanswered, ok bool) {
	e := c.shard(id).get(id)
	if e == nil {
		return 0, false, false
	}
	now := c.opt.Now()
	if tried := e.tried.Load(); tried != 0 {
		pause := now.Sub(time.Unix(0, tried))
		unanswered = 0 <= pause && pause <= refreshAfter
	}
	return now.Sub(e.asked), unanswered, true
}

// flight is one question under way, and those who wait for it.
type flight struct {
	done    chan struct{}
	entry   *entry // set before done is closed
	waiters int    // under the shard's lock
	cancel  context.CancelFunc
}

// join waits for the look-up of id that is under way, or begins it.
func (c *Cache) join(ctx context.Context, s *shard, id did.DID, now time.Time) (*did.Resolution, error) {
	s.mu.Lock()
	if e := s.entries[id]; e != nil && e.freshAt(now) {
		s.mu.Unlock()
		return e.res, e.err
	}
	f := s.flights[id]
	if f == nil {
		// The look-up outlives its first caller if others wait, and so has a context of its own.
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		f = &flight{done: make(chan struct{}), cancel: cancel}
		s.flights[id] = f
		go c.fly(own, s, id, f)
	}
	f.waiters++
	s.mu.Unlock()

	select {
	case <-f.done:
		return f.entry.res, f.entry.err
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.waiters--; f.waiters == 0 {
		f.cancel()
		if s.flights[id] == f {
			delete(s.flights, id)
		}
	}
	return nil, &did.Error{Code: did.InternalError, Detail: "the caller gave up", Err: context.Cause(ctx)}
}

func (c *Cache) fly(ctx context.Context, s *shard, id did.DID, f *flight) {
	defer f.cancel()
	e := c.ask(ctx, s, id, nil)
	if e.temporary() && ctx.Err() == nil {
		e = s.staleOr(e, c.opt.Failed)
	}
	f.entry = e
	s.mu.Lock()
	if s.flights[id] == f {
		delete(s.flights, id)
	}
	s.mu.Unlock()
	close(f.done)
}
