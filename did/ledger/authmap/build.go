package authmap

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/realdid/realdid/did/ledger/proof"
)

// BuildOptions of [Build]; nil means the defaults.
type BuildOptions struct {
	Version uint64 // of the map; default 1

	// Progress is called now and then, never by two goroutines at once, with how many changes are done; half of that number
	// is reached when all have been read.
	Progress func(done uint64)
}

const (
	buildBucket = 32 << 20 // bytes of leaves that one goroutine sorts in memory, at most
	buildPiece  = 128 << 10
	buildReport = 1 << 16 // changes between two calls of Progress
)

// Build makes a map in directory dir, which must not have one, of any number of changes in any order, each path once. It
// sorts on disk, for which dir needs room for all changes, and takes about as much memory as the map that is opened
// afterwards, and 60 MB for each core. A Build that ended early leaves no map; after a crash the next Build begins anew,
// and Open returns [ErrCorrupt] until then. Errors: [ErrInvalid] if a path is there twice, or a head is not 1 to
// [proof.MaxHeadSize] bytes, or there is a map; [ErrLocked]; what changes yields; that of ctx; those of the file system.
func Build(ctx context.Context, dir string, changes iter.Seq2[Change, error], opt *BuildOptions) error {
	d, lock, err := openDirectory(dir)
	if err != nil {
		return err
	}
	return errors.Join(build(ctx, d, changes, opt), lock.Close())
}

func build(ctx context.Context, d directory, changes iter.Seq2[Change, error], opt *BuildOptions) error {
	known, err := readFormat(d)
	if err != nil {
		return err
	}
	if known {
		return fmt.Errorf("%w: build: the directory has a map", ErrInvalid)
	}
	b := newBuilder(ctx, d, opt)
	if err := clearUnfinished(d, true); err != nil {
		return err
	}
	if err := b.run(changes); err != nil {
		return errors.Join(fmt.Errorf("authmap: build: %w", err), b.abandon())
	}
	return nil
}

// A builder fills partitions of the leaves by the first bits of their paths, and then makes each one's subtree.
type builder struct {
	ctx     context.Context
	d       directory
	version uint64
	report  func(uint64)
	bucket  int64 // buildBucket
	workers int

	store *pages

	mu    sync.Mutex // for what follows
	trie  trie
	total uint64 // leaves read
	count uint64 // and those that have their pages
}

func newBuilder(ctx context.Context, d directory, opt *BuildOptions) *builder {
	b := &builder{ctx: ctx, d: d, version: 1, report: func(uint64) {}, bucket: buildBucket, workers: runtime.GOMAXPROCS(0)}
	if opt != nil && opt.Version != 0 {
		b.version = opt.Version
	}
	if opt != nil && opt.Progress != nil {
		b.report = opt.Progress
	}
	return b
}

func (b *builder) run(changes iter.Seq2[Change, error]) (err error) {
	if err := writeFile(b.d, buildFile, nil); err != nil {
		return err
	}
	p := newPartition(b.d, spillFile, 0)
	defer func() { err = errors.Join(err, p.close()) }()
	if err := b.read(p, changes); err != nil {
		return err
	}
	if b.store, err = createPages(b.d); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.store.file.Close()) }()
	top, err := b.place(p)
	if err != nil {
		return err
	}
	if err := b.store.file.Sync(); err != nil {
		return err
	}
	j, err := startGeneration(b.d, 1, &snapshot{b.version, b.total, b.trie.hash(top)}, &b.trie, top)
	if err != nil {
		return err
	}
	if err := j.file.Close(); err != nil {
		return err
	}
	if err := writeFile(b.d, formatFile, []byte(formatText)); err != nil {
		return err
	}
	b.report(b.total)
	return b.d.Remove(buildFile)
}

// abandon removes what a run left behind that failed.
func (b *builder) abandon() error {
	if known, err := readFormat(b.d); known || err != nil {
		return err // only the marker could not be removed
	}
	err := clearUnfinished(b.d, true)
	if err == nil {
		err = b.d.Remove(buildFile)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// read fills the first partition.
func (b *builder) read(p *partition, changes iter.Seq2[Change, error]) error {
	for c, err := range changes {
		if err != nil {
			return err
		}
		if len(c.Head) == 0 || len(c.Head) > proof.MaxHeadSize {
			return fmt.Errorf("%w: a head of %d bytes, not 1 to %d", ErrInvalid, len(c.Head), proof.MaxHeadSize)
		}
		if err := p.add(c.Path, c.Head); err != nil {
			return err
		}
		b.total++
		if b.total%buildReport == 0 {
			b.report(b.total / 2)
			if err := b.ctx.Err(); err != nil {
				return err
			}
		}
	}
	return p.flush()
}

// place makes the subtree of a partition. Those of its buckets that do not fit into a page are made first, by several
// goroutines if it is the partition of all leaves.
func (b *builder) place(p *partition) (ref, error) {
	workers := 1
	if p.level == 0 {
		workers = b.workers
	}
	var (
		refs [256]ref
		next atomic.Int64
		wg   sync.WaitGroup
		errs = make([]error, workers)
	)
	work := func(n int) {
		w := &buildWorker{b: b, worker: worker{store: b.store, trie: &b.trie}}
		for errs[n] == nil {
			i := int(next.Add(1)) - 1
			if i >= len(refs) {
				return
			}
			if !p.fits(i, i+1) {
				refs[i], errs[n] = w.bucket(p, i)
			}
		}
		next.Add(int64(len(refs)))
	}
	for n := range workers {
		wg.Go(func() { work(n) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return 0, err
	}
	w := &buildWorker{b: b, worker: worker{store: b.store, trie: &b.trie}}
	return w.join(p, 0, len(refs), &refs)
}

// placed says that n more leaves have their pages. The caller holds mu.
func (b *builder) placed(n int) {
	before := b.count
	b.count += uint64(n)
	if before/buildReport != b.count/buildReport {
		b.report((b.total + b.count) / 2)
	}
}

func (b *builder) newInner(left, right ref) ref {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.trie.newInner(left, right)
}

// A buildWorker is what one goroutine of a Build needs.
type buildWorker struct {
	b      *builder
	worker worker
	raw    []byte
	leaves []leaf
}

// bucket makes the subtree of one bucket, and removes its file.
func (w *buildWorker) bucket(p *partition, i int) (made ref, err error) {
	if err := w.b.ctx.Err(); err != nil {
		return 0, err
	}
	if p.size(i, i+1) <= w.b.bucket || p.level == proof.HashSize-1 {
		if err := w.load(p, i, i+1); err != nil {
			return 0, err
		}
		made, err = w.subtree(w.leaves, p.depth(1))
	} else {
		var finer *partition
		if finer, err = p.refine(i); err != nil {
			return 0, err
		}
		made, err = w.b.place(finer)
		err = errors.Join(err, finer.close())
	}
	if err != nil {
		return 0, err
	}
	return made, p.remove(i)
}

// load makes leaves those of the buckets from to to, in the order of their paths.
func (w *buildWorker) load(p *partition, from, to int) (err error) {
	if w.raw, err = p.load(w.raw[:0], from, to); err != nil {
		return err
	}
	w.leaves = w.leaves[:0]
	for rest := w.raw; len(rest) > 0; {
		path, head, after, ok := cutChange(rest)
		if !ok {
			return p.fault(from)
		}
		w.leaves, rest = append(w.leaves, leaf{path: path, head: head}), after
	}
	slices.SortFunc(w.leaves, byPath)
	for i := 1; i < len(w.leaves); i++ {
		if w.leaves[i].path == w.leaves[i-1].path {
			return fmt.Errorf("%w: a path twice", ErrInvalid)
		}
	}
	return nil
}

// subtree makes the nodes and pages of leaves, a piece at a time.
func (w *buildWorker) subtree(leaves []leaf, depth int) (ref, error) {
	if leavesSize(leaves) > buildPiece {
		n := split(leaves, depth)
		left, err := w.subtree(leaves[:n], depth+1)
		if err != nil {
			return 0, err
		}
		right, err := w.subtree(leaves[n:], depth+1)
		if err != nil {
			return 0, err
		}
		return w.b.newInner(left, right), nil
	}
	t := [1]task{{depth: depth, changes: leaves}}
	if err := w.worker.group(t[:]); err != nil {
		return 0, err
	}
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	w.b.placed(len(leaves))
	g := growth{trie: &w.b.trie}
	return g.plant(&t[0].result), nil
}

// join makes the nodes of the buckets from to to. The subtrees of those that do not fit into a page are in refs.
func (w *buildWorker) join(p *partition, from, to int, refs *[256]ref) (ref, error) {
	switch {
	case p.size(from, to) == 0:
		return 0, nil
	case p.fits(from, to):
		if err := w.load(p, from, to); err != nil {
			return 0, err
		}
		return w.subtree(w.leaves, p.depth(to-from))
	case to-from == 1:
		return refs[from], nil
	}
	middle := (from + to) / 2
	left, err := w.join(p, from, middle, refs)
	if err != nil {
		return 0, err
	}
	right, err := w.join(p, middle, to, refs)
	if err != nil {
		return 0, err
	}
	return w.b.newInner(left, right), nil
}
