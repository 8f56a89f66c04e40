package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/realdid"
)

const (
	scaleBatch     = 4096    // entries of an Import
	scaleEpoch     = 1 << 16 // entries of an epoch, about 30 MB of leaves
	scaleSigned    = 100_000 // identities that are signed and checked; the others are fillers
	scaleQuestions = 20_000
	scaleWriters   = 64
	scaleMore      = 20_000 // creates when all is built
)

// scale makes a ledger of n identities, with log and map, in dir, and reports what each part costs.
type scale struct {
	n           int
	out, errs   io.Writer
	dir         string
	signed      int // identities at most that are real
	questions   int
	more        int
	holder      *holder
	fillers     *fillers
	asked       []did.DID
	begun       time.Time
	cpu         time.Duration
	lastPercent int
}

func runScale(n int, dir string, out, errs io.Writer) error {
	dir, err := os.MkdirTemp(dir, "scale")
	if err != nil {
		return err
	}
	s := &scale{n: n, signed: scaleSigned, questions: scaleQuestions, more: scaleMore, out: out, errs: errs, dir: dir}
	return errors.Join(s.run(), os.RemoveAll(dir))
}

func (s *scale) run() (err error) {
	if s.holder, err = newHolder(); err != nil {
		return err
	}
	if s.fillers, err = newFillers(s.holder); err != nil {
		return err
	}
	lg, err := boltledger.Open(filepath.Join(s.dir, "ledger"), s.fillers, nil)
	if err != nil {
		return err
	}
	p, err := s.build(lg)
	if err != nil {
		return errors.Join(err, lg.Close())
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := s.ask(p); err != nil {
		return err
	}
	return s.grow(p)
}

func (s *scale) build(lg *boltledger.Ledger) (*provenLedger, error) {
	s.begin()
	if err := s.fill(lg); err != nil {
		return nil, err
	}
	s.end(fmt.Sprintf("import, of which one in %d signed here", max(1, s.n/s.signed)), s.n)
	s.begin()
	p, err := openProven(lg, filepath.Join(s.dir, "log"), s.fillers, &tlog.Options{MaxEntries: scaleEpoch})
	if err != nil {
		return nil, err
	}
	if err := s.prove(p); err != nil {
		return nil, errors.Join(err, p.log.Close())
	}
	s.end("log and map", s.n)
	for _, part := range []string{"ledger", "log/log", "log/map", "log"} {
		size, err := treeSize(filepath.Join(s.dir, filepath.FromSlash(part)))
		if err != nil {
			return nil, errors.Join(err, p.log.Close())
		}
		fmt.Fprintf(s.out, "%d\tbytes an identity: %s\t%d\n", s.n, part, size/int64(s.n))
	}
	return p, nil
}

// prove waits until the log has all entries.
func (s *scale) prove(p *provenLedger) error {
	done := make(chan error, 1)
	go func() { done <- p.log.Seal(context.Background()) }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			s.progress("log and map", int(p.log.Store().Entries()))
		}
	}
}

// fill imports n creates, which as many goroutines make as there are processors.
func (s *scale) fill(lg *boltledger.Ledger) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	batches := make(chan []ledger.Entry, runtime.GOMAXPROCS(0))
	var left atomic.Int64
	left.Store(int64(s.n))
	var work sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() {
			for ctx.Err() == nil {
				n := min(scaleBatch, scaleBatch+int(left.Add(-scaleBatch)))
				if n <= 0 {
					return
				}
				b, err := s.creates(ctx, n)
				if err != nil {
					cancel(err)
					return
				}
				select {
				case batches <- b:
				case <-ctx.Done():
				}
			}
		})
	}
	go func() { work.Wait(); close(batches) }()
	index, at := uint64(0), time.Now().UTC().Truncate(time.Second)
	for b := range batches {
		for i := range b {
			b[i].Anchor = ledger.Anchor{Index: index, Time: at}
			index++
			if isFiller(b[i].Key) {
				continue
			}
			id, err := did.Parse("did:realdid:" + b[i].Key)
			if err != nil {
				return err
			}
			s.asked = append(s.asked, id)
		}
		if err := lg.Import(ctx, b); err != nil {
			return err
		}
		s.progress("import", int(index))
	}
	return context.Cause(ctx)
}

// creates makes n creates, of which those that are too many to be signed are fillers.
func (s *scale) creates(ctx context.Context, n int) ([]ledger.Entry, error) {
	b, every := make([]ledger.Entry, n), max(1, s.n/s.signed)
	for i := range b {
		if i%every != 0 {
			b[i] = s.fillers.entry()
			continue
		}
		op, err := s.holder.signedCreate(ctx)
		if err != nil {
			return nil, err
		}
		b[i] = ledger.Entry{Key: op.key, Op: op.bytes}
	}
	return b, nil
}

// ask resolves, proves and bundles identities by chance, one after the other, and verifies what comes.
func (s *scale) ask(p *provenLedger) error {
	ctx := context.Background()
	m, err := p.method(0)
	if err != nil {
		return err
	}
	v, err := realdid.NewVerifier([]realdid.TrustedLedger{{Trust: p.trust}}, nil)
	if err != nil {
		return err
	}
	var bundle *realdid.Bundle
	for _, q := range []struct {
		name string
		one  func(did.DID) error
	}{
		{"proof", func(id did.DID) error {
			parsed, err := realdid.ParseIdentifier(id)
			if err == nil {
				_, err = p.log.Prove(ctx, parsed.Key(), 0)
			}
			return err
		}},
		{"resolve, replayed and proved", func(id did.DID) error {
			r, err := m.Resolve(ctx, id, nil)
			if err != nil {
				return err
			}
			return right(r.Evidence.Latest && r.Evidence.Replayed)
		}},
		{"bundle", func(id did.DID) (err error) {
			bundle, err = m.Bundle(ctx, id, nil)
			return err
		}},
		{"bundle verified", func(id did.DID) error {
			r, err := v.Verify(ctx, bundle.DID(), bundle.Bytes(), nil)
			if err != nil {
				return err
			}
			return right(r.Evidence.Latest)
		}},
	} {
		s.begin()
		took := make([]time.Duration, 0, s.questions)
		for range cap(took) {
			id := s.asked[rand.IntN(len(s.asked))]
			begun := time.Now()
			if err := q.one(id); err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
			took = append(took, time.Since(begun))
		}
		s.end(q.name, len(took))
		slices.Sort(took)
		fmt.Fprintf(s.out, "%d\t%s\tp50 %.1f µs\tp99 %.1f µs\n", s.n, q.name, micros(quantile(took, 0.5)), micros(quantile(took, 0.99)))
	}
	fmt.Fprintf(s.out, "%d\tbundle\t%d bytes\n", s.n, len(bundle.Bytes()))
	return nil
}

// grow appends further creates, signed beforehand, as many clients at once do, until they are proven.
func (s *scale) grow(p *provenLedger) error {
	ctx := context.Background()
	s.signed = s.n // all of them
	more, err := s.creates(ctx, s.more)
	if err != nil {
		return err
	}
	s.begin()
	var next atomic.Int64
	errs := make([]error, scaleWriters)
	var work sync.WaitGroup
	for w := range errs {
		work.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(more)); i = next.Add(1) - 1 {
				if _, errs[w] = p.log.Append(ctx, more[i].Key, 0, more[i].Op); errs[w] != nil {
					return
				}
			}
		})
	}
	work.Wait()
	s.end("create, 64 writers, log and map beside", len(more))
	if err := errors.Join(append(errs, p.log.Seal(ctx))...); err != nil {
		return err
	}
	s.end("create, 64 writers, until proven", len(more))
	return nil
}

func (s *scale) begin() {
	runtime.GC()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak of memory, where the system lets us
	s.begun, s.lastPercent = time.Now(), -1
	s.cpu, _ = cpuTime()
}

func (s *scale) end(what string, ops int) {
	took := time.Since(s.begun)
	cpu, _ := cpuTime()
	fmt.Fprintf(s.out, "%d\t%s\t%.1f s\t%.0f/s\tCPU %s µs each\tpeak %s MiB, at the end %s of its own\n",
		s.n, what, took.Seconds(), float64(ops)/took.Seconds(), figure(micros(cpu-s.cpu)/float64(ops)), peakMemory(), memory("RssAnon:"))
}

// progress draws a bar, once for each percent.
func (s *scale) progress(what string, done int) {
	const width = 50
	percent := int(100 * int64(done) / int64(s.n))
	if percent == s.lastPercent {
		return
	}
	s.lastPercent = percent
	end := ""
	if percent >= 100 {
		end = "\n"
	}
	fmt.Fprintf(s.errs, "\r%-12s [%-*s] %3d %%  %d of %d  %.0f s%s", what, width, bar[:min(width, percent*width/100)], percent, done, s.n, time.Since(s.begun).Seconds(), end)
}

const bar = "=================================================="

func treeSize(dir string) (int64, error) {
	var n int64
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) { // removed meanwhile
			return nil
		}
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}

func parseScale(args []string) (n int, dir string, err error) {
	if len(args) < 1 || len(args) > 2 {
		return 0, "", fmt.Errorf("scale: got %d arguments", len(args))
	}
	if n, err = strconv.Atoi(args[0]); err != nil || n < 1 || n > 1_000_000_000 {
		return 0, "", fmt.Errorf("scale: IDENTITIES is %q, want 1 to a thousand million", args[0])
	}
	if len(args) > 1 {
		dir = args[1]
	}
	return n, dir, nil
}
