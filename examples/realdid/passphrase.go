package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"golang.org/x/term"

	"github.com/realdid/realdid/keys/keyfile"
)

// maxPassphrases bounds the lines of a passphrase file, each of which costs a key derivation.
const maxPassphrases = 8

// passphrases are what opens the key files of one run. The first one seals new files.
type passphrases struct {
	list   [][]byte
	asked  bool // the person at the terminal is asked for what is missing
	loaded bool
}

func (p *passphrases) wipe() {
	for _, b := range p.list {
		clear(b)
	}
}

// loadPassphrases reads --passphrase-file, or REALDID_PASSPHRASE; without both the terminal is asked as need arises.
func (a *app) loadPassphrases() error {
	p := &a.passphrases
	if p.loaded {
		return nil
	}
	if path := a.flags.passphraseFile; path != "" {
		b, err := a.readInput(path, "the passphrase")
		if err != nil {
			return err
		}
		for line := range bytes.Lines(b) {
			if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
				p.list = append(p.list, line)
			}
		}
		if len(p.list) > maxPassphrases {
			return usage("", "--passphrase-file: over %d lines", maxPassphrases)
		}
		if len(p.list) == 0 {
			return usage("a key file needs one", "--passphrase-file: the passphrase is empty")
		}
	} else if env := os.Getenv("REALDID_PASSPHRASE"); env != "" {
		p.list = [][]byte{[]byte(env)}
	} else {
		p.asked = true
	}
	p.loaded = true
	return nil
}

// newPassphrase returns what a new file is sealed under; at a terminal it is asked for twice, because nothing else shows a slip.
func (a *app) newPassphrase() ([]byte, error) {
	if err := a.loadPassphrases(); err != nil {
		return nil, err
	}
	p := &a.passphrases
	if len(p.list) > 0 {
		return p.list[0], nil
	}
	pass, err := a.ask("New passphrase: ")
	if err != nil {
		return nil, err
	}
	again, err := a.ask("Once more: ")
	switch {
	case err != nil:
		return nil, err
	case !bytes.Equal(pass, again):
		return nil, usage("nothing was written", "the two passphrases differ")
	case len(pass) == 0:
		return nil, usage("a key file needs one", "the passphrase is empty")
	}
	p.list = append(p.list, pass)
	return pass, nil
}

// unseal opens a file with one of the passphrases, and returns that one, under which a changed file is sealed again.
func (a *app) unseal(path string, file []byte) ([]keyfile.Entry, []byte, error) {
	if err := a.loadPassphrases(); err != nil {
		return nil, nil, err
	}
	p := &a.passphrases
	for _, pass := range p.list {
		entries, err := keyfile.Open(pass, file)
		if !errors.Is(err, keyfile.ErrPassphrase) {
			return entries, pass, err
		}
	}
	wrong := unknown("each key file can have its own passphrase; a --passphrase-file may have one on each line", "the passphrase does not open %s", path)
	if !p.asked {
		return nil, nil, wrong
	}
	for range 3 {
		pass, err := a.ask("Passphrase of " + path + ": ")
		if err != nil {
			return nil, nil, err
		}
		entries, err := keyfile.Open(pass, file)
		if !errors.Is(err, keyfile.ErrPassphrase) {
			p.list = append(p.list, pass)
			return entries, pass, err
		}
		a.note("that is not it")
	}
	return nil, nil, wrong
}

// ask asks for a line that does not show.
func (a *app) ask(prompt string) ([]byte, error) {
	tty, err := a.openTerminal()
	if err != nil {
		return nil, usage("give --passphrase-file FILE or set REALDID_PASSPHRASE", "a passphrase is needed, and there is no terminal to ask on")
	}
	defer tty.Close()
	fmt.Fprint(tty.out, prompt)
	return a.unlessInterrupted(tty, func() ([]byte, error) {
		p, err := term.ReadPassword(int(tty.in.Fd()))
		fmt.Fprintln(tty.out)
		return p, err
	})
}

// unlessInterrupted waits for a person's answer or for an interrupt, and leaves the terminal as it was.
func (a *app) unlessInterrupted(tty *terminal, read func() ([]byte, error)) ([]byte, error) {
	before, _ := term.GetState(int(tty.in.Fd())) // nil: nothing to restore
	type answer struct {
		text []byte
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		text, err := read()
		done <- answer{text, err}
	}()
	select {
	case got := <-done:
		if got.err != nil {
			return nil, unknown("", "the answer could not be read: %v", got.err)
		}
		return got.text, nil
	case <-a.interrupted:
		if before != nil {
			_ = term.Restore(int(tty.in.Fd()), before)
		}
		fmt.Fprintln(tty.out)
		return nil, unknown("", "interrupted")
	}
}

// A terminal is where questions are asked when standard input and output may be files.
type terminal struct {
	in    *os.File
	out   io.Writer
	close []*os.File
}

// Close closes what was opened for the question.
func (t *terminal) Close() {
	for _, f := range t.close {
		f.Close()
	}
}

func (a *app) openTerminal() (*terminal, error) {
	if f, ok := a.stdin.(*os.File); ok && a.stdinUse == "" && isTerminal(f) {
		return &terminal{in: f, out: a.stderr}, nil
	}
	if runtime.GOOS == "windows" {
		in, err := os.OpenFile("CONIN$", os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		return &terminal{in, a.stderr, []*os.File{in}}, nil
	}
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return &terminal{f, f, []*os.File{f}}, nil
}

// confirm asks a question whose answer must be typed in full; without a terminal the answer is no.
func (a *app) confirm(question, answer string) (bool, error) {
	tty, err := a.openTerminal()
	if err != nil {
		return false, nil
	}
	defer tty.Close()
	fmt.Fprintf(tty.out, "%s\nType %s to go on: ", question, answer)
	typed, err := a.unlessInterrupted(tty, func() ([]byte, error) {
		var line []byte
		one := make([]byte, 1)
		for len(line) < 200 { // byte by byte: what follows the line belongs to others
			if n, err := tty.in.Read(one); n == 0 || one[0] == '\n' || err != nil {
				break
			}
			line = append(line, one[0])
		}
		return line, nil
	})
	return string(bytes.TrimSpace(typed)) == answer, err
}
