package jsonld

// CacheSize is the number of terms that the cache holds.
func CacheSize(c *Contexts) int64 { return c.known.Load().size.Load() + c.own.Load().size.Load() }

// MaxCached is the size at which half of the cache is thrown away.
const MaxCached = maxCached
