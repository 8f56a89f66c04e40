package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// paint colours text when it goes to a terminal, unless NO_COLOR is set (no-color.org) or the terminal is dumb.
type paint struct{ on bool }

func newPaint(w io.Writer) paint {
	return paint{isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (p paint) code(code, s string) string {
	if !p.on || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p paint) bold(s string) string   { return p.code("1", s) }
func (p paint) dim(s string) string    { return p.code("2", s) }
func (p paint) red(s string) string    { return p.code("31", s) }
func (p paint) green(s string) string  { return p.code("32", s) }
func (p paint) yellow(s string) string { return p.code("33", s) }

// clean makes text from elsewhere safe for a terminal: control characters, which could move the cursor or hide text, become
// visible.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || isControl(r) || r == utf8.RuneError {
			return '\uFFFD'
		}
		return r
	}, s)
}

// isControl tells the characters above space that a terminal obeys instead of showing them.
func isControl(r rune) bool {
	return r >= 0x7f && r <= 0x9f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// escapeControls writes the controls that JSON allows in strings in the other way that it has for them: the terminal may be the reader.
func escapeControls(text []byte) []byte {
	if !bytes.ContainsFunc(text, isControl) {
		return text
	}
	out := make([]byte, 0, len(text)+64)
	for _, r := range string(text) {
		if isControl(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

// A sheet is a block of aligned output: lines of a label and its value, the value in as many columns as it needs.
type sheet struct {
	p     paint
	lines []sheetLine
}

type sheetLine struct {
	label string
	cells []string
	tint  func(string) string // of the first cell
}

func (s *sheet) add(label string, cells ...string) { s.tinted(nil, label, cells...) }

func (s *sheet) tinted(tint func(string) string, label string, cells ...string) {
	for i := range cells {
		cells[i] = clean(cells[i])
	}
	s.lines = append(s.lines, sheetLine{label, cells, tint})
}

// write aligns labels among all lines, and columns among neighbouring lines that have several.
func (s *sheet) write(w io.Writer) {
	labels := 0
	for _, l := range s.lines {
		labels = max(labels, utf8.RuneCountInString(l.label))
	}
	for i := 0; i < len(s.lines); {
		end := i + 1
		for len(s.lines[i].cells) > 1 && end < len(s.lines) && len(s.lines[end].cells) > 1 && (s.lines[end].label == "" || len(s.lines[i].cells) == len(s.lines[end].cells)) {
			end++
		}
		widths := columnWidths(s.lines[i:end])
		for ; i < end; i++ {
			l := s.lines[i]
			line := "  " + s.p.dim(pad(l.label, labels))
			for j, cell := range l.cells {
				text := cell
				if j < len(l.cells)-1 {
					text = pad(cell, widths[j])
				}
				if j == 0 && l.tint != nil {
					text = l.tint(text)
				}
				line += "  " + text
			}
			fmt.Fprintln(w, strings.TrimRight(line, " "))
		}
	}
}

func columnWidths(lines []sheetLine) []int {
	var widths []int
	for _, l := range lines {
		for j, cell := range l.cells {
			if j == len(widths) {
				widths = append(widths, 0)
			}
			widths[j] = max(widths[j], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// note tells the person at the terminal something that is not the result: it goes to standard error.
func (a *app) note(format string, args ...any) {
	fmt.Fprintln(a.stderr, a.errPaint.yellow("note: ")+clean(fmt.Sprintf(format, args...)))
}

// progress returns a function that shows how far long work has come, on a terminal only, and one that wipes the line.
func (a *app) progress(what string) (tick func(done uint64), end func()) {
	if !isTerminal(a.stderr) || a.flags.json {
		return func(uint64) {}, func() {}
	}
	var last time.Time
	return func(done uint64) {
			if now := time.Now(); now.Sub(last) > 200*time.Millisecond {
				last = now
				fmt.Fprintf(a.stderr, "\r%s %d\x1b[K", what, done)
			}
		}, func() {
			if !last.IsZero() {
				fmt.Fprint(a.stderr, "\r\x1b[K")
			}
		}
}

// when writes a time as everything here does: UTC, whole seconds.
func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if stem, ok := strings.CutSuffix(one, "y"); ok && !strings.HasSuffix(one, "ey") {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, one)
}
