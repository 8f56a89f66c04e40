package bbs

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestTiming looks whether secrets show in how long things take (as "dude, is my code constant time?", Reparaz, Balasch, Verbauwhede
// 2017, does). It takes minutes and a machine that does not do much else, so that it runs only when asked:
//
//	REALDID_TIMING=100000 go test -run TestTiming -v -timeout 2h ./keys/bbs
//
// with the number of measurements of each operation, 20,000 at least. Every measurement draws, by a fair coin, a secret of one of two classes: short
// scalars (16 bits; what an algorithm that skips leading zeros, or does less for digits of zero, is quick with) or uniform ones.
// Secrets lie ready in equally many copies of each class and are copied to one place before the clock starts. Welch's t of the two
// samples is taken over all measurements and over those below each of some quantiles, which leaves out what interrupts cost; the largest
// in absolute value counts. Above 4.5 is suspicious, and above 10 fails.
//
// Operations in variable time go the same way, and must exceed 10: they show that the test finds a leak.
func TestTiming(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("REALDID_TIMING"))
	if err != nil {
		t.Skip("REALDID_TIMING is not set to a number of measurements")
	}
	t.Logf("%-58s %9s %12s %16s %8s", "operation", "samples", "median", "difference", "max |t|")
	for _, c := range timingCases(t) {
		t.Run(c.name, func(t *testing.T) {
			s := measure(n, c)
			worst, difference, se := s.compare()
			t.Logf("%-58s %9d %10.0fns %6.1f±%.1fns %8.2f", c.name, n, s.median(), difference, se, worst)
			switch {
			case c.leaks && worst < 10:
				t.Errorf("max |t| is %.2f for what leaks: the test would not find a leak", worst)
			case !c.leaks && worst > 10:
				t.Errorf("max |t| is %.2f: the time depends on the secret", worst)
			}
		})
	}
}

// timingCopies is how many secrets each class has.
const timingCopies = 64

// A timingCase is an operation whose time may not depend on the class that load was called with last. Only do is measured.
type timingCase struct {
	name  string
	leaks bool // on purpose
	load  func(class, copy int)
	do    func()
}

// timings are the measured nanoseconds of both classes.
type timings [2][]float64

func measure(n int, c timingCase) (s timings) {
	for i := -n / 10; i < n; i++ { // the first tenth warms up
		class := rand.IntN(2)
		c.load(class, rand.IntN(timingCopies))
		start := time.Now()
		c.do()
		took := time.Since(start)
		if i >= 0 {
			s[class] = append(s[class], float64(took))
		}
	}
	return s
}

func (s timings) sorted() []float64 {
	all := slices.Concat(s[0], s[1])
	slices.Sort(all)
	return all
}

func (s timings) median() float64 { all := s.sorted(); return all[len(all)/2] }

// compare returns the largest |t| over the crops, and the difference of the classes with its standard error at the crop of 90 %.
func (s timings) compare() (worst, difference, se float64) {
	all := s.sorted()
	for _, q := range []float64{1, 0.999, 0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1} {
		limit := all[min(len(all)-1, int(q*float64(len(all))))]
		d, e := welch(s[0], s[1], limit)
		if e > 0 {
			worst = max(worst, math.Abs(d/e))
		}
		if q == 0.9 {
			difference, se = d, e
		}
	}
	return worst, difference, se
}

// welch returns the difference of the means of the values up to limit, and its standard error.
func welch(a, b []float64, limit float64) (difference, se float64) {
	stats := func(values []float64) (n, mean, variance float64) {
		for _, v := range values {
			if v > limit {
				continue
			}
			n++
			d := v - mean
			mean += d / n
			variance += d * (v - mean)
		}
		return n, mean, variance / max(1, n-1)
	}
	na, ma, va := stats(a)
	nb, mb, vb := stats(b)
	if na < 2 || nb < 2 {
		return 0, 0
	}
	return ma - mb, math.Sqrt(va/na + vb/nb)
}
