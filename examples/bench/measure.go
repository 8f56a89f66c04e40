package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// peer is our name in the column that tells libraries apart.
const peer = "realdid"

const (
	maxThreads  = 1024
	sampleLimit = 1 << 20 // latencies kept per thread
)

// A benchCase is one operation. setup is called once and returns one function for each thread, each doing batch operations
// a call and failing on a wrong result, and a function that cleans up (or nil).
type benchCase struct {
	name, op, peer string
	batch          int
	// waits is set when threads wait for a disk rather than compute: then there are more of them than processors.
	waits bool
	setup func(p plan) ([]func() error, func() error, error)
}

type plan struct {
	threads int
	seconds float64
	rounds  int
}

// each makes a setup out of one that serves a single thread.
func each(one func() (func() error, error)) func(plan) ([]func() error, func() error, error) {
	return func(p plan) ([]func() error, func() error, error) {
		fns := make([]func() error, p.threads)
		for i := range fns {
			var err error
			if fns[i], err = one(); err != nil {
				return nil, nil, err
			}
		}
		return fns, nil, nil
	}
}

// measure runs one case and returns its row.
func (c benchCase) measure(p plan) (row string, err error) {
	if !c.waits {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(p.threads))
	}
	fns, cleanUp, err := c.setup(p)
	if cleanUp != nil {
		defer func() {
			if e := cleanUp(); err == nil {
				err = e
			}
		}()
	}
	if err != nil {
		return "", fmt.Errorf("set-up: %w", err)
	}

	workers := make([]*worker, p.threads)
	for i, fn := range fns {
		workers[i] = &worker{call: fn, keep: sampleLimit / p.rounds}
		workers[i].latency = make([]time.Duration, 0, workers[i].keep*p.rounds)
	}
	if _, err := together(workers, time.Duration(p.seconds*float64(time.Second)/2), false); err != nil {
		return "", err
	}
	debug.FreeOSMemory()

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpuBefore, cpuKnown := cpuTime()
	rates := make([]float64, p.rounds)
	for r := range rates {
		rate, err := together(workers, time.Duration(p.seconds*float64(time.Second)), true)
		if err != nil {
			return "", err
		}
		rates[r] = rate * float64(c.batch)
	}
	cpuAfter, _ := cpuTime()
	runtime.ReadMemStats(&after)

	var latency []time.Duration
	calls := 0
	for _, w := range workers {
		latency = append(latency, w.latency...)
		calls += w.calls
	}
	ops := float64(calls) * float64(c.batch)
	slices.Sort(latency)
	slices.Sort(rates)
	median := rates[len(rates)/2]
	cpu := "-"
	if cpuKnown {
		cpu = figure(micros(cpuAfter-cpuBefore) / ops)
	}
	return strings.Join([]string{
		c.op, c.peer,
		figure(median),
		figure(micros(quantile(latency, 0.50)) / float64(c.batch)),
		peakMemory(),
		strconv.Itoa(p.threads),
		figure(micros(quantile(latency, 0.99)) / float64(c.batch)),
		cpu,
		figure(float64(after.TotalAlloc-before.TotalAlloc) / ops),
		figure(float64(after.Mallocs-before.Mallocs) / ops),
		figure(100 * (rates[len(rates)-1] - rates[0]) / median),
	}, "\t"), nil
}

// A worker is one thread's loop and what it saw.
type worker struct {
	call    func() error
	keep    int // latencies kept a round
	calls   int // since the warm-up
	latency []time.Duration
}

// loop calls for at least d, and at least twice, and returns calls per second.
func (w *worker) loop(d time.Duration, record bool) (float64, error) {
	start := time.Now()
	last, n := start, 0
	for n < 2 || last.Sub(start) < d {
		if err := w.call(); err != nil {
			return 0, err
		}
		now := time.Now()
		if record && n < w.keep {
			w.latency = append(w.latency, now.Sub(last))
		}
		last = now
		n++
	}
	if record {
		w.calls += n
	}
	return float64(n) / last.Sub(start).Seconds(), nil
}

// together runs one round of all workers at once and returns the sum of their rates in calls per second.
func together(workers []*worker, d time.Duration, record bool) (float64, error) {
	rates, errs := make([]float64, len(workers)), make([]error, len(workers))
	gate := make(chan struct{})
	var wg sync.WaitGroup
	for i, w := range workers {
		wg.Go(func() {
			<-gate
			rates[i], errs[i] = w.loop(d, record)
		})
	}
	close(gate)
	wg.Wait()
	var sum float64
	for i := range workers {
		if errs[i] != nil {
			return 0, errs[i]
		}
		sum += rates[i]
	}
	return sum, nil
}

func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// figure prints three significant digits, and no exponent.
func figure(x float64) string {
	if x >= 100 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	if x < 0.001 {
		return "0"
	}
	for digits := 0; ; digits++ {
		if s := strconv.FormatFloat(x, 'f', digits, 64); digits == 5 || len(strings.TrimLeft(strings.Replace(s, ".", "", 1), "0")) >= 3 {
			return s
		}
	}
}

// peakMemory is the peak resident set in MiB where /proc tells it.
func peakMemory() string { return memory("VmHWM:") }

// memory is what /proc says in a field about the process, in MiB.
func memory(field string) string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "-"
	}
	for line := range bytes.Lines(status) {
		if rest, ok := bytes.CutPrefix(line, []byte(field)); ok {
			kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(string(rest)), " kB"))
			if err == nil {
				return strconv.Itoa(kib / 1024)
			}
		}
	}
	return "-"
}
