package main

import (
	"errors"
	"os"
	"sync"
)

// groupFile is the least that a durable ledger can do: records of all who wait are written with one write and one fsync.
type groupFile struct {
	file *os.File

	mu      sync.Mutex
	pending []byte
	waiting []chan error
	wake    *sync.Cond
	closed  bool
	done    chan struct{}
}

func openGroupFile(dir string) (*groupFile, error) {
	f, err := os.CreateTemp(dir, "append")
	if err != nil {
		return nil, err
	}
	g := &groupFile{file: f, done: make(chan struct{})}
	g.wake = sync.NewCond(&g.mu)
	go g.commit()
	return g, nil
}

// append returns once record is on the disk.
func (g *groupFile) append(record []byte) error {
	answer := make(chan error, 1)
	g.mu.Lock()
	g.pending = append(g.pending, record...)
	g.waiting = append(g.waiting, answer)
	g.mu.Unlock()
	g.wake.Signal()
	return <-answer
}

func (g *groupFile) commit() {
	defer close(g.done)
	var records []byte
	var waiting []chan error
	for {
		g.mu.Lock()
		for len(g.waiting) == 0 && !g.closed {
			g.wake.Wait()
		}
		if len(g.waiting) == 0 {
			g.mu.Unlock()
			return
		}
		records, g.pending = g.pending, records[:0]
		waiting, g.waiting = g.waiting, waiting[:0]
		g.mu.Unlock()

		_, err := g.file.Write(records)
		if err == nil {
			err = g.file.Sync()
		}
		for _, w := range waiting {
			w <- err
		}
	}
}

func (g *groupFile) close() error {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.wake.Signal()
	<-g.done
	return errors.Join(g.file.Close(), os.Remove(g.file.Name()))
}

// appendFloors say what the disk and a bare file give: threads are writers.
func appendFloors() []benchCase {
	record := make([]byte, 512)
	return []benchCase{
		{
			name: "floor-fsync", op: "floor: append 512 bytes + fsync", peer: std, batch: 1, waits: true,
			setup: func(p plan) ([]func() error, func() error, error) {
				var files []*os.File
				cleanUp := func() error {
					var err error
					for _, f := range files {
						err = errors.Join(err, f.Close(), os.Remove(f.Name()))
					}
					return err
				}
				fns := make([]func() error, p.threads)
				for i := range fns {
					f, err := os.CreateTemp("", "fsync")
					if err != nil {
						return nil, cleanUp, err
					}
					files = append(files, f)
					fns[i] = func() error {
						if _, err := f.Write(record); err != nil {
							return err
						}
						return f.Sync()
					}
				}
				return fns, cleanUp, nil
			},
		},
		groupAppend("floor-group-append", "floor: append 512 bytes, group commit + fsync", record, nil),
		groupAppend("floor-verified-append", "floor: one ed25519 verification, then append 512 bytes, group commit + fsync", record, ed25519Check),
	}
}

// groupAppend is a case in which all threads append to one file, each after a check of its own if there is one.
func groupAppend(name, op string, record []byte, newCheck func() (func() error, error)) benchCase {
	return benchCase{
		name: name, op: op, peer: std, batch: 1, waits: true,
		setup: func(p plan) ([]func() error, func() error, error) {
			g, err := openGroupFile("")
			if err != nil {
				return nil, nil, err
			}
			fns := make([]func() error, p.threads)
			for i := range fns {
				fns[i] = func() error { return g.append(record) }
				if newCheck == nil {
					continue
				}
				check, err := newCheck()
				if err != nil {
					return nil, g.close, err
				}
				fns[i] = func() error {
					if err := check(); err != nil {
						return err
					}
					return g.append(record)
				}
			}
			return fns, g.close, nil
		},
	}
}
