package sqlledger

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// reconnect is how long the follower waits at most before it listens again.
const reconnect = 2 * time.Second

// follow finds out what others append, until ctx ends.
func (l *Ledger) follow(ctx context.Context) {
	listens := l.store.pg != nil && l.opt.Listen != nil
	for failures := 0; ; {
		wait := l.opt.Poll
		if listens {
			begun := time.Now()
			l.tell(ctx, l.listen(ctx))
			if failures++; time.Since(begun) > reconnect {
				failures = 1
			}
			wait = min(wait, reconnect, 10*time.Millisecond<<min(failures, 10))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if !listens {
			l.tell(ctx, l.poll(ctx))
		}
	}
}

func (l *Ledger) tell(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		l.opt.OnError(err)
	}
}

// poll looks whether others have appended.
func (l *Ledger) poll(ctx context.Context) error {
	s := l.store
	known := s.end()
	var found tip
	err := s.try(ctx, "follow", true, func(ctx context.Context) (err error) {
		found, err = s.engine.tip(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if found.next < known.next {
		return corrupt("%d entries were there, and now %d are", known.next, found.next)
	}
	if err := s.need(ctx, found.next); err != nil {
		return err
	}
	end := s.end()
	l.sequencer.Moved(end.next, end.last)
	return nil
}

// listen waits for notifications until the connection breaks, and looks by itself every Poll.
func (l *Ledger) listen(ctx context.Context) error {
	conn, err := l.connect(ctx)
	if err != nil {
		return unavailable("listen", err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if err := l.poll(ctx); err != nil { // what came before the LISTEN
		return err
	}
	next := time.Now().Add(l.opt.Poll)
	for {
		waiting, cancel := context.WithDeadline(ctx, next)
		n, err := conn.WaitForNotification(waiting)
		expired := waiting.Err() != nil
		cancel()
		switch {
		case err == nil:
			err = l.notified(ctx, n)
		case pgconn.Timeout(err) && expired && ctx.Err() == nil:
			err = l.poll(ctx)
			next = time.Now().Add(l.opt.Poll)
		default:
			err = unavailable("listen", err)
		}
		if err != nil {
			return err
		}
	}
}

func (l *Ledger) connect(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, l.opt.Timeout)
	defer cancel()
	conn, err := l.opt.Listen(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "listen "+pgx.Identifier{l.store.channel}.Sanitize()); err != nil {
		_ = conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

// notified takes note of a commit that was announced: the number of entries after it. That is no word of its durability, for a
// commit is announced too when somebody has put an end to its wait for the standby.
func (l *Ledger) notified(ctx context.Context, n *pgconn.Notification) error {
	next, err := strconv.ParseUint(n.Payload, 10, 63)
	if err != nil || next == 0 {
		return fmt.Errorf("sqlledger: a notification of %d bytes is no number of entries", len(n.Payload))
	}
	if err := l.store.need(ctx, next); err != nil {
		return err
	}
	end := l.store.end()
	l.sequencer.Moved(end.next, end.last)
	return nil
}

// announce tells whoever listens how far this process's commits have come, until ctx ends. What came together is told once.
func (l *Ledger) announce(ctx context.Context) {
	p := l.store.pg
	if p == nil {
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.store.grown:
		}
		next := l.store.end().next
		l.tell(ctx, l.store.try(ctx, "announce", true, func(ctx context.Context) error {
			return p.announce(ctx, l.store.channel, next)
		}))
	}
}
