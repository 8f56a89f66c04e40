package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"

	"golang.org/x/term"
)

// askPassphrase returns the passphrase of the key files: from --passphrase-file, REALDID_PASSPHRASE or a prompt. For a new file a
// prompt asks twice. The caller must not change the slice.
func (a *app) askPassphrase(fresh bool) ([]byte, error) {
	if a.passphrase != nil {
		return a.passphrase, nil
	}
	var p []byte
	var err error
	if path := a.flags.passphraseFile; path != "" {
		p, err = a.readPassphraseFile(path)
	} else if env, ok := os.LookupEnv("REALDID_PASSPHRASE"); ok {
		p = []byte(env)
	} else {
		p, err = a.promptPassphrase(fresh)
	}
	if err != nil {
		return nil, err
	}
	if len(p) == 0 {
		return nil, usage("a key file needs one", "the passphrase is empty")
	}
	a.passphrase = p
	return p, nil
}

func (a *app) readPassphraseFile(path string) ([]byte, error) {
	b, err := a.readInput(path, "the passphrase")
	if err != nil {
		return nil, err
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), nil
}

func (a *app) promptPassphrase(fresh bool) ([]byte, error) {
	tty, err := a.openTerminal()
	if err != nil {
		return nil, usage("give --passphrase-file FILE or set REALDID_PASSPHRASE", "a passphrase is needed, and there is no terminal to ask on")
	}
	defer tty.Close()
	ask := func(prompt string) ([]byte, error) {
		fmt.Fprint(tty.out, prompt)
		p, err := term.ReadPassword(int(tty.in.Fd()))
		fmt.Fprintln(tty.out)
		if err != nil {
			return nil, unknown("", "the passphrase could not be read: %v", err)
		}
		return p, nil
	}
	if !fresh {
		return ask("Passphrase: ")
	}
	p, err := ask("New passphrase: ")
	if err != nil {
		return nil, err
	}
	again, err := ask("Once more: ")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(p, again) {
		return nil, usage("nothing was written", "the two passphrases differ")
	}
	return p, nil
}

// A terminal is where questions are asked when standard input and output may be files.
type terminal struct {
	in    *os.File
	out   io.Writer
	close []*os.File
}

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
	var typed []byte
	one := make([]byte, 1)
	for len(typed) < 200 { // byte by byte: what follows the line belongs to others
		n, err := tty.in.Read(one)
		if err != nil && err != io.EOF {
			return false, unknown("", "the answer could not be read: %v", err)
		}
		if n == 0 || one[0] == '\n' {
			break
		}
		typed = append(typed, one[0])
	}
	return string(bytes.TrimSpace(typed)) == answer, nil
}
