package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// screen shows lines and, below them on a terminal, how far the file has come. Elsewhere that is a line for every tenth.
type screen struct {
	mu       sync.Mutex
	out      io.Writer
	terminal *os.File // nil if it is none

	begun      time.Time
	before     moment // more than ratePeriod ago; the rate is that since then
	recent     moment
	whole      int64
	sent, disk int64 // as far as the sender knows, and on the receiver's disk
	drawn      time.Time
	bar        bool // one stands below the lines
	tenth      int64
}

// moment is how many bytes were on the receiver's disk when.
type moment struct {
	at   time.Time
	disk int64
}

const ratePeriod = 2 * time.Second

func newScreen(out io.Writer) *screen {
	s := &screen{out: out}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		s.terminal = f
	}
	return s
}

// say writes a line.
func (s *screen) say(format string, a ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	fmt.Fprintf(s.out, format+"\n", a...)
	s.draw()
}

// title writes a line that stands out.
func (s *screen) title(format string, a ...any) {
	text := fmt.Sprintf(format, a...)
	if s.terminal != nil && os.Getenv("NO_COLOR") == "" {
		text = "\x1b[1m" + text + "\x1b[0m"
	}
	s.say("%s", text)
}

// begin starts the clock and shows the bar.
func (s *screen) begin(size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun, s.whole, s.tenth = time.Now(), size, 1
	s.before = moment{at: s.begun}
	s.recent = s.before
	s.draw()
}

// progress moves the bar. A negative number leaves things as they are.
func (s *screen) progress(sent, disk int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.whole == 0 {
		return
	}
	if sent >= 0 {
		s.sent = sent
	}
	if disk >= 0 {
		s.disk = disk
	}
	if now := time.Now(); now.Sub(s.recent.at) > ratePeriod {
		s.before, s.recent = s.recent, moment{now, s.disk}
	}
	s.sent = max(s.sent, s.disk)
	switch {
	case s.terminal != nil && time.Since(s.drawn) > 100*time.Millisecond:
		s.draw()
	case s.terminal == nil && s.disk*10 >= s.tenth*s.whole:
		fmt.Fprintln(s.out, "  "+s.numbers())
		s.tenth = s.disk*10/s.whole + 1
	}
}

// goOn forgets how fast it was before an interruption.
func (s *screen) goOn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = moment{time.Now(), s.disk}
	s.recent = s.before
}

// end takes the bar away and returns how long it stood.
func (s *screen) end() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	took := time.Since(s.begun)
	s.whole = 0
	return took
}

func (s *screen) wipe() {
	if s.bar {
		fmt.Fprint(s.out, "\r\x1b[K")
		s.bar = false
	}
}

// draw is called with the lock held.
func (s *screen) draw() {
	if s.terminal == nil || s.whole == 0 {
		return
	}
	numbers := s.numbers()
	width, _, err := term.GetSize(int(s.terminal.Fd()))
	if err != nil || width <= 0 {
		width = 80
	}
	cells := int64(max(10, min(60, width-len(numbers)-5)))
	disk, sent := cells*s.disk/s.whole, cells*s.sent/s.whole
	fmt.Fprintf(s.out, "\r\x1b[K  %s%s%s %s", strings.Repeat("█", int(disk)), strings.Repeat("▒", int(sent-disk)), strings.Repeat("░", int(cells-sent)), numbers)
	s.bar, s.drawn = true, time.Now()
}

func (s *screen) numbers() string {
	rate := float64(s.disk-s.before.disk) / max(time.Since(s.before.at).Seconds(), 1e-3)
	text := fmt.Sprintf("%3d%%  %8s  %8s/s", 100*s.disk/s.whole, byteSize(s.disk).text(), byteSize(rate).text())
	if s.terminal == nil {
		return text
	}
	left := ""
	if seconds := float64(s.whole-s.disk) / max(rate, 1); seconds < 1000 {
		left = fmt.Sprintf("%3.0f s left", seconds)
	}
	return fmt.Sprintf("%s  %-10s", text, left)
}
