// Sendfile sends a file from one person to another who knows nothing of the first but a DID: encrypted for the receiver alone, with keys and address
// found by DID. On the way the receiver's computer loses power, and both people change their keys. PROTOCOL.md describes the messages.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/realdid/realdid/examples/sendfile/filetransfer"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Stdout, os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "sendfile:", err)
		stop()
		os.Exit(1)
	}
}

// run makes a folder, tells the story in it and removes it, whatever happens.
func run(ctx context.Context, out io.Writer, args []string) (err error) {
	fs := flag.NewFlagSet("sendfile", flag.ContinueOnError)
	size, off := byteSize(1<<30), time.Duration(0)
	var file, temp string
	fs.Var(&size, "size", "`bytes` of the file to send, such as 8MiB or 1GiB")
	fs.StringVar(&file, "file", "", "send a copy of this `file` instead of random bytes")
	fs.StringVar(&temp, "temp", os.TempDir(), "`folder` with room for the file twice")
	fs.DurationVar(&off, "off", 2*time.Second, "how long the receiver's computer stays off")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if file != "" {
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		if err := filetransfer.CheckName(info.Name()); err != nil {
			return err
		}
		size = byteSize(info.Size())
	}
	if size < minSize || fs.NArg() > 0 {
		return fmt.Errorf("the file to send has at least %s, and nothing else is expected", byteSize(minSize).text())
	}
	dir, err := os.MkdirTemp(temp, "realdid-sendfile-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return tell(ctx, newScreen(out), dir, plot{size: int64(size), file: file, off: off})
}

// minSize is the shortest file in the middle of which enough can happen.
const minSize = 1 << 20

// byteSize is a number of bytes, as a flag and for people.
type byteSize int64

var units = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// Set reads "8MiB"; without a unit it is bytes.
func (b *byteSize) Set(s string) error {
	unit := int64(1)
	for _, u := range units {
		if n, ok := strings.CutSuffix(s, u.name); ok {
			s, unit = strings.TrimSpace(n), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > (1<<50)/unit {
		return errors.New("no number of bytes")
	}
	*b = byteSize(n * unit)
	return nil
}

// String writes three digits at most, and a unit.
func (b *byteSize) String() string { return b.text() }

func (b byteSize) text() string {
	for _, u := range units {
		if int64(b) >= u.bytes && u.bytes > 1 {
			n := float64(b) / float64(u.bytes)
			if n < 9.95 && n != float64(int64(n)) {
				return fmt.Sprintf("%.1f %s", n, u.name)
			}
			return fmt.Sprintf("%.0f %s", n, u.name)
		}
	}
	return fmt.Sprintf("%d B", int64(b))
}
