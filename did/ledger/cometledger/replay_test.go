package cometledger

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
)

// replayEnv makes TestReplayChild execute the blocks of a file: it names directory and file.
const replayEnv = "REALDID_COMET_REPLAY"

// A recorded block is one line of the file.
type recorded struct {
	Time time.Time
	Txs  [][]byte
}

// line is what has to be the same on every node after a block.
func line(height int64, r *abci.ResponseFinalizeBlock) string {
	h := sha256.New()
	for _, tx := range r.TxResults {
		b, err := tx.Marshal()
		if err != nil {
			panic(err)
		}
		h.Write(b)
	}
	return fmt.Sprintf("%d %x %x", height, r.AppHash, h.Sum(nil))
}

// TestReplayChild is the other process of TestReplay: by itself it has nothing to do.
func TestReplayChild(t *testing.T) {
	dir, file, ok := strings.Cut(os.Getenv(replayEnv), "|")
	if !ok {
		t.Skip("it is started by TestReplay")
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := newDriver(t, dir, appOptions{Snapshots: 7})
	in := bufio.NewScanner(f)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		var b recorded
		if err := json.Unmarshal(in.Bytes(), &b); err != nil {
			t.Fatal(err)
		}
		height := d.store.view().Height + 1
		switch height % 3 { // what a node did before it learnt the decision must not matter
		case 0:
			d.accepts(b.Time, b.Txs...)
		case 1:
			d.propose(b.Time, b.Txs...)
			for _, tx := range b.Txs {
				d.check(tx)
			}
		}
		if height%10 == 0 {
			d.taking.running.Wait()
			d.reopen()
		}
		fmt.Println("block", line(height, d.finalize(b.Time, b.Txs...)))
	}
	if err := d.store.check(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestReplay: processes that are fed the same blocks, honest and hostile ones, have the same app hashes and results, however many
// processors they have, and whether or not they executed proposals before.
func TestReplay(t *testing.T) {
	for seed := range uint64(2) {
		dir := t.TempDir()
		file := filepath.Join(dir, "blocks")
		var want []string
		var blocks bytes.Buffer
		d := newDriver(t, filepath.Join(dir, "here"), appOptions{})
		r := rand.New(rand.NewPCG(seed, 1))
		for range 60 {
			txs, err := randomBlock(r, d.store.view())
			if err != nil {
				t.Fatal(err)
			}
			at := d.time.Add(time.Duration(r.IntN(3000)) * time.Millisecond)
			if r.IntN(2) == 0 {
				txs = d.propose(at, txs...)
			}
			b, err := json.Marshal(recorded{at, txs})
			if err != nil {
				t.Fatal(err)
			}
			blocks.Write(append(b, '\n'))
			height := d.store.view().Height + 1
			want = append(want, line(height, d.finalize(at, txs...)))
		}
		if d.store.view().Entries < 100 {
			t.Fatalf("seed %d: got %d entries, too few to show anything", seed, d.store.view().Entries)
		}
		if err := os.WriteFile(file, blocks.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, processors := range []string{"1", "7"} {
			cmd := exec.Command(os.Args[0], "-test.run=^TestReplayChild$", "-test.v")
			cmd.Env = append(os.Environ(), replayEnv+"="+filepath.Join(dir, "other"+processors)+"|"+file, "GOMAXPROCS="+processors)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("seed %d, %s processors: %v\n%s", seed, processors, err, out)
			}
			var got []string
			for l := range strings.SplitSeq(string(out), "\n") {
				if l, ok := strings.CutPrefix(l, "block "); ok {
					got = append(got, l)
				}
			}
			if len(got) != len(want) {
				t.Fatalf("seed %d, %s processors: got %d blocks, want %d\n%s", seed, processors, len(got), len(want), out)
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("seed %d, %s processors: got %s, want %s", seed, processors, got[i], want[i])
				}
			}
		}
	}
}

// TestGolden keeps the rules of execution from changing unnoticed: validators of different versions must agree. A change of this hash needs
// another appVersion.
func TestGolden(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{})
	r := rand.New(rand.NewPCG(11, 12))
	for range 30 {
		txs, err := randomBlock(r, d.store.view())
		if err != nil {
			t.Fatal(err)
		}
		d.finalize(d.time.Add(time.Second), txs...)
	}
	hash := d.store.view().appHash
	const want = "3867558b492a8b43681d1bbaf6c460d7b8888114b8933a2ffb8fc55a08b3ca88"
	if got := hex.EncodeToString(hash[:]); got != want || d.store.view().Entries == 0 {
		t.Errorf("after 30 blocks and %d entries: got %s, want %s", d.store.view().Entries, got, want)
	}
}
