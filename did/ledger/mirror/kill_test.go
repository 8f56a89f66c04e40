package mirror

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/ledger/witness"
)

// inMemory is a file without a disk.
type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

// The test binary is also the process that is killed: a mirror and an archive that follow a log and cosign it.
const (
	childDir  = "REALDID_TEST_MIRROR_DIR"
	childURL  = "REALDID_TEST_MIRROR_URL"
	childKey  = "REALDID_TEST_MIRROR_KEY"
	childOnce = "REALDID_TEST_MIRROR_ONCE"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := child(dir); err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(dir string) error {
	ctx := context.Background()
	key, err := proof.ParseVerifierKey(os.Getenv(childKey))
	if err != nil {
		return err
	}
	src, err := witness.NewHTTPSource(os.Getenv(childURL), nil)
	if err != nil {
		return err
	}
	cosigners, closeAll, err := openBoth(dir, src, key)
	if err != nil {
		return err
	}
	defer closeAll()
	for {
		for _, c := range cosigners {
			if err := c.(interface{ Sync(context.Context) error }).Sync(ctx); err != nil {
				return fmt.Errorf("sync: %w", err)
			}
			size, err := cosignPending(ctx, c, key)
			if err != nil {
				return fmt.Errorf("cosign: %w", err)
			}
			fmt.Println(c.Name(), size)
		}
		if os.Getenv(childOnce) != "" {
			return nil
		}
	}
}

// openBoth opens a mirror with a durable replica and an archive below dir. Both are new if there is none.
func openBoth(dir string, src Source, key proof.VerifierKey) (_ []witness.Cosigner, closeAll func() error, err error) {
	var closers []func() error
	closeAll = func() (err error) {
		for i := len(closers) - 1; i >= 0; i-- {
			err = errors.Join(err, closers[i]())
		}
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll())
		}
	}()
	signer := func(name string) *proof.NoteSigner {
		s, signerErr := proof.NewNoteSigner(name, proof.CosignatureEd25519, []byte("seed of a test "+(name + "                 ")[:17]))
		if signerErr != nil {
			panic(signerErr)
		}
		return s
	}
	options := func(sub string) *Options {
		_, statErr := os.Stat(filepath.Join(dir, sub, "opened")) // as one who keeps keys knows whether one is new
		return &Options{Cosigner: &witness.Options{Create: statErr != nil}, Clock: func() time.Time { return noon.Add(time.Hour) }, MaxSkew: 2 * time.Hour}
	}
	opened := func(sub string) error { return os.WriteFile(filepath.Join(dir, sub, "opened"), nil, 0o600) }

	replica, err := boltledger.Open(filepath.Join(dir, "replica"), toyReducer{}, &boltledger.Options{Wait: time.Minute})
	if err != nil {
		return nil, closeAll, err
	}
	closers = append(closers, replica.Close)
	trust := &proof.Trust{Origin: origin, Log: key, InsecureNoQuorum: true}
	m, err := Open(filepath.Join(dir, "mirror"), src, replica, toyReducer{}, trust, signer("mirror"), options("mirror"))
	if err != nil {
		return nil, closeAll, fmt.Errorf("mirror: %w", err)
	}
	closers = append(closers, m.Close)
	a, err := OpenArchive(filepath.Join(dir, "archive"), src, key, origin, signer("archive"), options("archive"))
	if err != nil {
		return nil, closeAll, fmt.Errorf("archive: %w", err)
	}
	closers = append(closers, a.Close)
	return []witness.Cosigner{m, a}, closeAll, errors.Join(opened("mirror"), opened("archive"))
}

// cosignPending asks c to cosign what the log is about to publish.
func cosignPending(ctx context.Context, c witness.Cosigner, key proof.VerifierKey) (uint64, error) {
	res, err := http.Get(os.Getenv(childURL) + "/pending")
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	note := make([]byte, 0, 1024)
	for s := bufio.NewScanner(res.Body); s.Scan(); {
		note = append(append(note, s.Bytes()...), '\n')
	}
	cp, _, err := witness.VerifySigned(key, origin, note)
	if err != nil {
		return 0, err
	}
	src, err := witness.NewHTTPSource(os.Getenv(childURL), nil)
	if err != nil {
		return 0, err
	}
	for old := uint64(0); ; {
		path, err := proof.ConsistencyPath(witness.NewHashReader(ctx, src, cp.Size), old, cp.Size)
		if err != nil {
			return 0, err
		}
		_, err = c.Cosign(ctx, old, path, note)
		var size *witness.SizeError
		if !errors.As(err, &size) {
			return cp.Size, err
		}
		old = size.Size
	}
}

// TestKill runs alone, because a process that is being started holds the locks of others for an instant. The process is killed at
// any moment, again and again; what it cosigned stays held, and the next one goes on.
func TestKill(t *testing.T) {
	rounds := 10
	if testing.Short() {
		rounds = 3
	}
	clock := &testClock{now: noon}
	op := newOperator(t, clock)
	grow := func(epochs int) {
		for range epochs {
			for range rand.IntN(60) {
				op.entry(fmt.Sprint("key-", rand.IntN(40)), fmt.Sprint("op ", op.entries))
			}
			clock.add(time.Second)
			op.seal()
		}
	}
	files := NewFileHandler(func(path string) (io.ReadSeekCloser, error) {
		b, err := op.ReadFile(context.Background(), path)
		return inMemory{bytes.NewReader(b)}, err
	})
	var pending atomic.Pointer[[]byte]
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/pending" {
			w.Write(*pending.Load())
			return
		}
		files.ServeHTTP(w, r)
	}))
	defer web.Close()

	dir := t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	promised := map[string]uint64{}
	run := func(once bool, kill time.Duration) {
		t.Helper()
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), childDir+"="+dir, childURL+"="+web.URL, childKey+"="+op.signer.Verifier().String())
		if once {
			cmd.Env = append(cmd.Env, childOnce+"=1")
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if !once {
			defer time.AfterFunc(kill, func() { cmd.Process.Kill() }).Stop()
		}
		for s := bufio.NewScanner(out); s.Scan(); {
			var name string
			var size uint64
			if n, _ := fmt.Sscan(s.Text(), &name, &size); n != 2 {
				t.Errorf("the process says: %s", s.Text())
				continue
			}
			promised[name] = max(promised[name], size)
		}
		if err := cmd.Wait(); once && err != nil {
			t.Fatal(err)
		}
	}
	for range rounds {
		grow(1 + rand.IntN(8))
		op.publish(op.note())
		grow(1 + rand.IntN(3))
		note := op.note()
		pending.Store(&note)
		run(false, time.Duration(rand.IntN(400))*time.Millisecond)
	}
	run(true, 0)

	cosigners, closeAll, err := openBoth(dir, op, op.signer.Verifier())
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll()
	m, a := cosigners[0].(*Mirror), cosigners[1].(*Archive)
	held, err := a.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := op.frontier.Size()
	if m.size() != want || held != want || promised["mirror"] != want || promised["archive"] != want {
		t.Errorf("held: %d and %d, cosigned: %v, want %d", m.size(), held, promised, want)
	}
	op.publish(op.note())
	if err := m.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.Store().Fsck(t.Context(), func(f tlog.Fault) { t.Errorf("mirror: %v", f) }); err != nil {
		t.Error(err)
	}
	for key, state := range op.states {
		if got, _, err := m.State(t.Context(), key); err != nil || string(got) != string(state) {
			t.Errorf("%s: state %q, %v, want %q", key, got, err, state)
		}
	}
	tree, err := openTree(t.Context(), a.files(), mustCheckpoint(t, op.note()))
	if err != nil {
		t.Fatal(err)
	}
	n := uint64(0)
	err = tree.leaves(t.Context(), 0, func(index uint64, leaf []byte) error {
		if n++; string(leaf) != string(op.leaves[index]) {
			t.Errorf("leaf %d of the archive differs", index)
		}
		return nil
	})
	if err != nil || n != want {
		t.Errorf("%d leaves of the archive, want %d: %v", n, want, err)
	}
}
