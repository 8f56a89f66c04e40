package authmap

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
)

var errDisk = errors.New("disk: failed")

// A disk is a directory in memory that remembers what is durable. Operations count from 1; the one that failAt says fails
// half done, and if dies is set all that follow fail too.
type disk struct {
	mu      sync.Mutex
	rnd     *rand.Rand
	names   map[string]*diskFile // as the process sees them
	durable map[string]*diskFile
	pending []nameChange // that are not durable
	ops     int
	failAt  int
	dies    bool
	dead    bool
}

type diskFile struct {
	live    []byte
	durable []byte
	dirty   map[int]bool // sectors written since the last sync
}

func newDisk(seed uint64) *disk {
	return &disk{rnd: rand.New(rand.NewPCG(seed, 7)), names: map[string]*diskFile{}, durable: map[string]*diskFile{}}
}

// step counts an operation and says whether it must fail.
func (d *disk) step() bool {
	d.ops++
	if d.dead {
		return true
	}
	if d.ops == d.failAt {
		d.dead = d.dies
		return true
	}
	return false
}

// A nameChange takes away the name from, unless it is empty, and puts a file at the name to, unless that is empty.
type nameChange struct {
	from, to string
	file     *diskFile
}

func (c nameChange) apply(names map[string]*diskFile) {
	delete(names, c.from)
	if c.to != "" {
		names[c.to] = c.file
	}
}

func (d *disk) change(c nameChange) {
	c.apply(d.names)
	d.pending = append(d.pending, c)
}

// loss says what a failure of the machine takes of what was not synced.
type loss int

const (
	loseNothing loss = iota // the process died, not the machine
	loseAll
	loseSome // any sectors, and any changes of names
)

// after returns the disk that is found after a failure.
func (d *disk) after(l loss) *disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	next := newDisk(d.rnd.Uint64())
	if l == loseNothing {
		d.clone(next)
		return next
	}
	names := maps.Clone(d.durable)
	if l == loseSome {
		for _, c := range d.pending {
			if d.rnd.IntN(3) > 0 {
				c.apply(names)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		b := names[name].after(l, d.rnd)
		next.names[name] = &diskFile{b, slices.Clone(b), map[int]bool{}}
	}
	next.durable = maps.Clone(next.names)
	return next
}

// clone makes next the same as d, with files of its own.
func (d *disk) clone(next *disk) {
	files := map[*diskFile]*diskFile{}
	file := func(f *diskFile) *diskFile {
		if f != nil && files[f] == nil {
			files[f] = &diskFile{slices.Clone(f.live), slices.Clone(f.durable), maps.Clone(f.dirty)}
		}
		return files[f]
	}
	for name, f := range d.names {
		next.names[name] = file(f)
	}
	for name, f := range d.durable {
		next.durable[name] = file(f)
	}
	for _, c := range d.pending {
		next.pending = append(next.pending, nameChange{c.from, c.to, file(c.file)})
	}
}

func (f *diskFile) after(l loss, rnd *rand.Rand) []byte {
	if l == loseAll {
		return slices.Clone(f.durable)
	}
	size := len(f.live)
	if grown := len(f.live) - len(f.durable); grown > 0 && rnd.IntN(2) == 0 {
		size = len(f.durable) + rnd.IntN(grown+1)
	}
	b := make([]byte, size)
	copy(b, f.durable)
	for _, s := range slices.Sorted(maps.Keys(f.dirty)) {
		if from := s * sector; from < size && rnd.IntN(3) > 0 {
			copy(b[from:min(from+sector, size)], f.live[from:])
		}
	}
	return b
}

// copy returns a disk like d.
func (d *disk) copy() *disk { return d.after(loseNothing) }

type openFile struct {
	d *disk
	f *diskFile
}

func (o openFile) ReadAt(b []byte, off int64) (int, error) {
	o.d.mu.Lock()
	defer o.d.mu.Unlock()
	if o.d.dead {
		return 0, errDisk
	}
	if off >= int64(len(o.f.live)) {
		return 0, io.EOF
	}
	n := copy(b, o.f.live[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (o openFile) WriteAt(b []byte, off int64) (int, error) {
	o.d.mu.Lock()
	defer o.d.mu.Unlock()
	fail := o.d.step()
	if fail && (o.d.ops != o.d.failAt) {
		return 0, errDisk
	}
	n := len(b)
	if fail {
		n = o.d.rnd.IntN(n + 1)
	}
	if n > 0 {
		end := int(off) + n
		if grown := end - len(o.f.live); grown > 0 {
			o.f.live = append(o.f.live, make([]byte, grown)...)
		}
		copy(o.f.live[off:end], b)
		for s := int(off) / sector; s*sector < end; s++ {
			o.f.dirty[s] = true
		}
	}
	if fail {
		return n, errDisk
	}
	return n, nil
}

func (o openFile) Sync() error {
	o.d.mu.Lock()
	defer o.d.mu.Unlock()
	if o.d.step() {
		return errDisk
	}
	o.f.durable = slices.Clone(o.f.live)
	clear(o.f.dirty)
	return nil
}

func (o openFile) Size() (int64, error) {
	o.d.mu.Lock()
	defer o.d.mu.Unlock()
	return int64(len(o.f.live)), nil
}

func (o openFile) Close() error { return nil }

func (d *disk) Create(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.step() {
		return nil, errDisk
	}
	f := &diskFile{dirty: map[int]bool{}}
	d.change(nameChange{to: name, file: f})
	return openFile{d, f}, nil
}

func (d *disk) Open(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.names[name]; f != nil {
		return openFile{d, f}, nil
	}
	return nil, fs.ErrNotExist
}

func (d *disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.step() {
		return errDisk
	}
	if d.names[from] == nil {
		return fs.ErrNotExist
	}
	d.change(nameChange{from, to, d.names[from]})
	return nil
}

func (d *disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.step() {
		return errDisk
	}
	if d.names[name] == nil {
		return fs.ErrNotExist
	}
	d.change(nameChange{from: name})
	return nil
}

func (d *disk) List() ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.names)), nil
}

func (d *disk) Sync() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.step() {
		return errDisk
	}
	d.durable, d.pending = maps.Clone(d.names), nil
	return nil
}
