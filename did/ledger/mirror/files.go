package mirror

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
	"github.com/realdid/realdid/internal/syncdir"
)

const (
	checkpointFile = "checkpoint"
	syncAt         = 256 // files that are written before they are synced
)

// advance fetches the files of a checkpoint that are not held, and makes it what is held.
func (a *Archive) advance(ctx context.Context, c proof.Checkpoint, signed []byte) error {
	if err := a.take(ctx); err != nil {
		return err
	}
	defer a.release()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(a.closed, cancel)()
	src := a.src
	if c.Size > a.held.Size {
		src = &resumed{held: a.files(), src: a.src}
	} else if a.target.c.Size == a.held.Size {
		src = a.files()
	}
	if err := a.target.check(ctx, src, c, signed); err != nil {
		return report(a.dir, err)
	}
	t, err := openTree(ctx, src, c)
	if err != nil {
		return err
	}
	if err := a.target.pin(ctx, t, signed); err != nil {
		return report(a.dir, err)
	}
	epoch, err := witness.LastEpoch(ctx, src, c)
	if errors.Is(err, witness.ErrRefused) {
		return report(a.dir, &Fault{Kind: NoEpoch, Leaf: c.Size - 1, Text: "the log does not end in an epoch", Checkpoint: signed})
	}
	if err != nil {
		return err
	}
	if now := a.opt.Clock(); epoch.Time > now.Add(a.opt.MaxSkew).Unix() {
		return report(a.dir, &Fault{
			Kind: Time, Leaf: c.Size - 1, Checkpoint: signed,
			Text: fmt.Sprintf("epoch of %s, and it is %s", stamp(epoch.Time), now.UTC().Format(time.RFC3339)),
		})
	}
	if c.Size <= a.held.Size {
		return nil
	}
	w := &fileWriter{root: filepath.Join(a.dir, logDir)}
	if err := a.fetch(ctx, t, w); err != nil {
		return err
	}
	if err := w.sync(); err != nil {
		return unavailable(err)
	}
	if err := writeFile(a.dir, heldFile, signed); err != nil {
		return unavailable(err)
	}
	old := a.held.Size
	a.held = c
	if err := a.deleteOutgrown(old); err != nil {
		return unavailable(err)
	}
	return nil
}

// fetch writes all files of t that what is held does not have.
func (a *Archive) fetch(ctx context.Context, t *tree, w *fileWriter) error {
	old, size := a.held.Size, t.c.Size
	var bundle []byte
	err := t.leaves(ctx, old/proof.TileWidth*proof.TileWidth, func(index uint64, leaf []byte) (err error) {
		if bundle, err = proof.AppendEntry(bundle, leaf); err != nil {
			return err
		}
		if n := index%proof.TileWidth + 1; n == proof.TileWidth || index+1 == size {
			err = w.write(proof.EntriesPath(index/proof.TileWidth, int(n)), bundle)
			bundle = bundle[:0]
		}
		return err
	})
	if err != nil {
		return err
	}
	for level := uint8(0); size>>(8*uint64(level)) > 0; level++ {
		for index := old >> (8 * (uint64(level) + 1)); proof.WidthAt(level, index, size) > 0; index++ {
			b, err := t.tile(ctx, level, index)
			if err != nil {
				return err
			}
			if err := w.write(proof.TilePath(level, index, proof.WidthAt(level, index, size)), b); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteOutgrown deletes the partial files that were the edge at the size of old and have become full since.
func (a *Archive) deleteOutgrown(old uint64) error {
	for level := uint8(0); old>>(8*uint64(level)) > 0; level++ {
		index := old >> (8 * (uint64(level) + 1))
		if proof.WidthAt(level, index, a.held.Size) < proof.TileWidth {
			continue
		}
		paths := []string{proof.TilePath(level, index, 1)}
		if level == 0 {
			paths = append(paths, proof.EntriesPath(index, 1))
		}
		for _, path := range paths {
			if err := os.RemoveAll(filepath.Dir(filepath.Join(a.dir, logDir, filepath.FromSlash(path)))); err != nil {
				return fmt.Errorf("mirror: %w", err)
			}
		}
	}
	return nil
}

// resumed reads full tiles that an earlier process has written where they lie, and the rest from the log.
type resumed struct{ held, src Source }

func (r *resumed) ReadFile(ctx context.Context, path string) ([]byte, error) {
	if t, err := proof.ParseTilePath(path); err == nil && t.Width == proof.TileWidth {
		if b, err := r.held.ReadFile(ctx, path); !errors.Is(err, fs.ErrNotExist) {
			return b, err
		}
	}
	return r.src.ReadFile(ctx, path)
}

// A fileWriter writes files below root, each at once or not at all, and makes them durable together.
type fileWriter struct {
	root  string
	files []string
	dirs  map[string]bool
}

func (w *fileWriter) write(path string, b []byte) error {
	name := filepath.Join(w.root, filepath.FromSlash(path))
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return unavailable(err)
	}
	if err := os.WriteFile(name+".new", b, 0o644); err != nil {
		return unavailable(err)
	}
	w.files = append(w.files, name)
	if w.dirs == nil {
		w.dirs = make(map[string]bool)
	}
	for ; !w.dirs[dir] && len(dir) >= len(w.root); dir = filepath.Dir(dir) {
		w.dirs[dir] = true
	}
	if len(w.files) >= syncAt {
		if err := w.sync(); err != nil {
			return unavailable(err)
		}
	}
	return nil
}

// sync makes what was written durable, and only then gives it its name.
func (w *fileWriter) sync() error {
	for _, name := range w.files {
		f, err := os.OpenFile(name+".new", os.O_RDWR, 0)
		if err == nil {
			err = errors.Join(f.Sync(), f.Close())
		}
		if err == nil {
			err = os.Rename(name+".new", name)
		}
		if err != nil {
			return fmt.Errorf("mirror: write: %w", err)
		}
	}
	for dir := range w.dirs {
		if err := syncdir.Sync(dir); err != nil {
			return err
		}
	}
	w.files, w.dirs = nil, nil
	return nil
}
