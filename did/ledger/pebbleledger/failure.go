package pebbleledger

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/realdid/realdid/did/ledger"
)

// A failure is what ended writing for good.
type failure struct {
	once sync.Once
	err  error
	done chan struct{} // closed once err is set
}

func (f *failure) set(err error) {
	f.once.Do(func() {
		f.err = err
		close(f.done)
	})
}

func (f *failure) get() error {
	select {
	case <-f.done:
		return f.err
	default:
		return nil
	}
}

// fatalLogger is Pebble's Logger. Where Pebble cannot go on, as when the log or the manifest cannot be written, it calls Fatalf
// and expects it not to return; by default that ends the process, which is not for a library to decide.
type fatalLogger struct{ *failure }

func (fatalLogger) Infof(string, ...any) {}

func (fatalLogger) Errorf(string, ...any) {}

// Fatalf notes the failure and does not return: where this package reads, it panics, which guard takes up; elsewhere it waits for
// ever, because Pebble may hold locks that its deferred calls would get wrong.
func (l fatalLogger) Fatalf(format string, args ...any) {
	err := fmt.Errorf("%w: pebbleledger: %s", ledger.ErrUnavailable, fmt.Sprintf(format, args...))
	for _, arg := range args {
		if cause, ok := arg.(error); ok {
			err = wrap("write", cause)
		}
	}
	l.set(err)
	if reading() {
		panic(err)
	}
	select {}
}

// reading tells whether guard is among the callers, and run is not.
func reading() (guarded bool) {
	pcs := make([]uintptr, 128)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		if strings.Contains(frame.Function, "/pebbleledger.run[") {
			return false
		}
		guarded = guarded || strings.HasSuffix(frame.Function, "/pebbleledger.(*store).guard")
		if !more {
			return guarded
		}
	}
}

// guard calls f, which calls Pebble, and translates its errors: damage, and whatever panics because of it, is ErrCorrupt.
func (s *store) guard(what string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if err = s.failed.get(); err == nil {
				err = corrupt("pebble: %v", p)
			}
		}
	}()
	err = f()
	if err == nil || errors.Is(err, ledger.ErrCorrupt) {
		return err
	}
	return wrap(what, err)
}

// wrap gives an error of Pebble's or of the file system's the form that callers can act on: damage, or something that may pass.
func wrap(what string, err error) error {
	if pebble.IsCorruptionError(err) {
		return corrupt("%s: %v", what, err)
	}
	return fmt.Errorf("%w: pebbleledger: %s: %w", ledger.ErrUnavailable, what, err)
}

// run calls f in a goroutine of its own and waits until it has returned or something fatal has happened, in whatever goroutine:
// Pebble then may never return from where it is.
func run[T any](failed *failure, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	returned := make(chan result, 1)
	go func() {
		v, err := f()
		returned <- result{v, err}
	}()
	select {
	case r := <-returned:
		return r.value, r.err
	case <-failed.done:
		var none T
		return none, failed.get()
	}
}
