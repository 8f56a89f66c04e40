package sqlledger

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/realdid/realdid/did/ledger"
)

// follow finds out what others append, until ctx ends.
func (l *Ledger) follow(ctx context.Context) {
	defer close(l.followed)
	_, listens := l.store.engine.(*postgres)
	for {
		if listens && l.opt.Listen != nil {
			l.tell(ctx, l.listen(ctx))
		}
		wait := time.NewTimer(l.opt.Poll)
		select {
		case <-ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		}
		l.tell(ctx, l.poll(ctx))
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

// notified takes note of a commit that somebody was told is durable: the number of entries after it. The entry is looked up,
// and only what is there counts.
func (l *Ledger) notified(ctx context.Context, n *pgconn.Notification) error {
	s := l.store
	next, err := strconv.ParseUint(n.Payload, 10, 63)
	if err != nil || next == 0 {
		return fmt.Errorf("sqlledger: a notification of %d bytes is no number of entries", len(n.Payload))
	}
	if next <= s.end().next {
		return nil
	}
	var page []ledger.Entry
	err = s.try(ctx, "follow", true, func(ctx context.Context) (err error) {
		page, err = s.engine.feed(ctx, next-1, 1)
		return err
	})
	if err != nil {
		return err
	}
	if len(page) == 0 || page[0].Anchor.Index != next-1 {
		return corrupt("entry %d was announced and is not there", next-1)
	}
	s.cover(tip{next: next, last: page[0].Anchor.Time})
	l.sequencer.Moved(next, page[0].Anchor.Time)
	return nil
}
