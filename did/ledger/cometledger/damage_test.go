package cometledger

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/syndtr/goleveldb/leveldb"

	"github.com/realdid/realdid/did/ledger"
)

// filesOf returns the contents of the files in dir, and their names in order.
func filesOf(t *testing.T, dir string) (map[string][]byte, []string) {
	t.Helper()
	files, names := make(map[string][]byte), []string(nil)
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		names = append(names, name)
		files[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, names
}

func writeFiles(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, b := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamage: whatever byte of a store is changed, the node is refused, or it is what the chain was at some height.
func TestDamage(t *testing.T) {
	for _, c := range []struct {
		name   string
		tables bool
	}{{"journal", false}, {"tables", true}} {
		t.Run(c.name, func(t *testing.T) {
			d := newDriver(t, t.TempDir(), appOptions{})
			hashes := map[int64][]byte{0: nil}
			r := rand.New(rand.NewPCG(21, 22))
			note := func() {
				v := d.store.view()
				hashes[v.Height] = bytes.Clone(v.appHash[:])
			}
			note()
			for range 25 {
				txs, err := randomBlock(r, d.store.view())
				if err != nil {
					t.Fatal(err)
				}
				d.block(txs...)
				note()
			}
			if c.tables {
				if err := d.store.db.CompactRange(everything()); err != nil {
					t.Fatal(err)
				}
			}
			if err := d.app.close(); err != nil {
				t.Fatal(err)
			}
			files, names := filesOf(t, d.dir)
			tries, refused, older := 0, 0, 0
			for _, name := range names {
				base := filepath.Base(name)
				if base == "LOCK" || base == "LOG" || len(files[name]) == 0 {
					continue
				}
				for range 8 {
					dir := t.TempDir()
					broken := make(map[string][]byte)
					for n, b := range files {
						broken[n] = b
					}
					b := bytes.Clone(files[name])
					if tries%5 == 0 {
						b = b[:r.IntN(len(b))]
					} else {
						b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
					}
					broken[name] = b
					writeFiles(t, dir, broken)
					tries++
					s, err := openStore(t.Context(), dir, headed{})
					if err == nil {
						err = s.check(t.Context())
						v := s.view()
						if want, ok := hashes[v.Height]; err == nil && v.ChainID != "" && (!ok || !bytes.Equal(v.appHash[:], want)) {
							t.Fatalf("%s damaged: a node at height %d with app hash %x, and it was %x", name, v.Height, v.appHash, want)
						}
						if v.Height < 25 {
							older++
						}
						if err := s.close(); err != nil {
							t.Error(err)
						}
					}
					if err != nil {
						refused++
					}
				}
			}
			t.Logf("%d changes: %d refused, %d are an earlier block's", tries, refused, older)
			if refused == 0 {
				t.Error("got none refused")
			}
		})
	}
}

// TestMapBehind: a map that lost its newest commits, or all of it, is brought up from the database.
func TestMapBehind(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{})
	r := rand.New(rand.NewPCG(31, 32))
	d.grow(r, 10)
	if err := d.app.close(); err != nil {
		t.Fatal(err)
	}
	old, _ := filesOf(t, filepath.Join(d.dir, mapDir))
	for _, c := range []struct {
		name   string
		change func()
	}{
		{"behind", func() { writeFiles(t, filepath.Join(d.dir, mapDir), old) }},
		{"gone", func() {}},
		{"damaged", func() {
			for name, b := range old {
				if strings.HasPrefix(name, "index-") {
					b = b[:len(b)/2]
				}
				writeFiles(t, filepath.Join(d.dir, mapDir), map[string][]byte{name: b})
			}
		}},
	} {
		d.open()
		d.time = d.time.Add(time.Hour)
		d.grow(r, 5)
		want := d.store.view().appHash
		if err := d.app.close(); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(d.dir, mapDir)); err != nil {
			t.Fatal(err)
		}
		c.change()
		d.open()
		if got := d.store.view().appHash; got != want {
			t.Errorf("%s: got app hash %v, want %v", c.name, got, want)
		}
		if err := d.store.check(t.Context()); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if err := d.app.close(); err != nil {
			t.Fatal(err)
		}
	}
	d.open()
}

func TestLocked(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{})
	if _, err := openStore(t.Context(), d.dir, headed{}); !errors.Is(err, ledger.ErrLocked) {
		t.Errorf("got %v, want %v", err, ledger.ErrLocked)
	}
}

// killEnv makes TestKillChild make blocks until it is killed, in the directory that it names.
const killEnv = "REALDID_COMET_KILL"

func TestKillChild(t *testing.T) {
	dir := os.Getenv(killEnv)
	if dir == "" {
		t.Skip("it is started by TestKill")
	}
	d := newDriver(t, dir, appOptions{Snapshots: 3})
	d.time = d.time.Add(time.Duration(d.store.view().Height) * time.Hour)
	r := rand.New(rand.NewPCG(uint64(d.store.view().Height), 41))
	for {
		d.grow(r, 1)
		v := d.store.view()
		if _, err := os.Stdout.WriteString("block " + strconv.FormatInt(v.Height, 10) + " " + v.appHash.String() + "\n"); err != nil {
			return
		}
	}
}

// TestKill: a process that is killed at any moment has lost no block that it committed.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(51, 52))
	for range 6 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKillChild$")
		cmd.Env = append(os.Environ(), killEnv+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		limit := 1 + r.IntN(40)
		var seen []string
		buf := make([]byte, 1<<16)
		text := ""
		for len(seen) < limit {
			n, err := out.Read(buf)
			if err != nil {
				break
			}
			text += string(buf[:n])
			for {
				l, rest, ok := strings.Cut(text, "\n")
				if !ok {
					break
				}
				text = rest
				if l, ok := strings.CutPrefix(l, "block "); ok {
					seen = append(seen, l)
				}
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if len(seen) == 0 {
			t.Fatal("the child made no block")
		}
		s, err := openStore(t.Context(), dir, headed{})
		if err != nil {
			t.Fatal(err)
		}
		number, hash, _ := strings.Cut(seen[len(seen)-1], " ")
		height, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if v := s.view(); v.Height < height || v.Height == height && v.appHash.String() != hash {
			t.Errorf("got height %d, app hash %v; block %d was committed with %s", v.Height, v.appHash, height, hash)
		}
		if err := s.check(t.Context()); err != nil {
			t.Error(err)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
}

// TestTail: a store in whose newest records something is missing is not opened, though each record that it has is whole.
func TestTail(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{})
	d.block(d.tx(op("a", 0, nil, "1"), op("b", 0, nil, "1")))
	old, err := d.store.db.Get(headKey("a"), nil)
	if err != nil {
		t.Fatal(err)
	}
	d.block(d.tx(d.next("a", "2"), op("c", 0, nil, "1")))
	if err := d.app.close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filesOf(t, d.dir)
	for name, change := range map[string]func(*leveldb.DB) error{
		"entry":       func(db *leveldb.DB) error { return db.Delete(numbered(entryRecord, 2), nil) },
		"place":       func(db *leveldb.DB) error { return db.Delete(seqKey("a", 1), nil) },
		"head":        func(db *leveldb.DB) error { return db.Delete(headKey("c"), nil) },
		"older head":  func(db *leveldb.DB) error { return db.Put(headKey("a"), old, nil) },
		"epoch":       func(db *leveldb.DB) error { return db.Delete(numbered(epochRecord, 2), nil) },
		"tip":         func(db *leveldb.DB) error { return db.Delete([]byte{tipRecord}, nil) },
		"format":      func(db *leveldb.DB) error { return db.Delete([]byte{formatRecord}, nil) },
		"other place": func(db *leveldb.DB) error { return db.Put(seqKey("a", 1), numbered(0, 1)[1:], nil) },
	} {
		dir := t.TempDir()
		writeFiles(t, dir, files)
		db, err := leveldb.OpenFile(filepath.Join(dir, databaseDir), nil)
		if err == nil {
			err = errors.Join(change(db), db.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		s, err := openStore(t.Context(), dir, headed{})
		if !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("%s: got %v, want %v", name, err, ledger.ErrCorrupt)
		}
		if err == nil {
			s.close()
		}
	}
}

// TestCheckFinds: what Check is there for, an old record that is whole and wrong.
func TestCheckFinds(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{})
	d.block(d.tx(op("a", 0, nil, "1"), op("b", 0, nil, "1")))
	d.block(d.tx(op("c", 0, nil, "1")))
	good := func(key []byte) []byte {
		b, err := d.store.db.Get(key, nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	last := func(b []byte) []byte {
		b = bytes.Clone(b)
		b[len(b)-1] ^= 1
		return b
	}
	for name, key := range map[string][]byte{
		"entry": numbered(entryRecord, 0), "head": headKey("a"), "epoch": numbered(epochRecord, 1), "place": seqKey("b", 0),
	} {
		was := good(key)
		if err := d.store.db.Put(key, last(was), nil); err != nil {
			t.Fatal(err)
		}
		if err := d.store.publish(&d.store.view().tip); err != nil {
			t.Fatal(err)
		}
		if err := d.store.check(t.Context()); !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("%s: got %v, want %v", name, err, ledger.ErrCorrupt)
		}
		if err := d.store.db.Put(key, was, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.store.publish(&d.store.view().tip); err != nil {
		t.Fatal(err)
	}
	if err := d.store.check(t.Context()); err != nil {
		t.Error(err)
	}
}
