package realperson

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/internal/strictjson"
)

// Reason says why an authority did what its public log shows. There is no free text, in which something about a person could stand.
type Reason string

// The reasons.
const (
	ReasonLoss    Reason = "loss"    // all secrets of the person are lost
	ReasonTheft   Reason = "theft"   // they are in other hands
	ReasonDeath   Reason = "death"   // of the person
	ReasonFraud   Reason = "fraud"   // the person enrolled as somebody else
	ReasonRequest Reason = "request" // the person wants it so
	ReasonCourt   Reason = "court"   // a court ordered it
	ReasonError   Reason = "error"   // the authority's own
	ReasonAppeal  Reason = "appeal"  // of the person, with success
)

// fits tells the reasons that there are for one type of entry.
func (r Reason) fits(typ string) bool {
	switch typ {
	case entryGeneration:
		return r == ReasonLoss || r == ReasonTheft || r == ReasonError
	case entryRefused:
		return r == ReasonDeath || r == ReasonFraud || r == ReasonRequest || r == ReasonCourt || r == ReasonError
	case entryReinstated:
		return r == ReasonRequest || r == ReasonCourt || r == ReasonError || r == ReasonAppeal
	}
	return false
}

// Decision is what an entry of a public log is about.
type Decision string

// The decisions.
const (
	NewGeneration Decision = "generation" // a person got new secrets, in the place of lost ones
	Refusal       Decision = "refusal"    // a person gets no more credentials
	Reinstatement Decision = "reinstatement"
)

// LogEntry is one act of an authority, as its public log shows it to everybody. Nothing in it tells whose it is: the act is a random
// number, which the person concerned is told.
type LogEntry struct {
	Number     uint64 // place in the authority's log, from 0 without gaps
	Decision   Decision
	Generation int // with NewGeneration: its number, from 1
	Reason     Reason
	Epoch      time.Time // start of the epoch in which it was decided
	Act        []byte    // 16 random bytes
}

const (
	maxNumber = 1<<53 - 1
	logPrefix = "realperson-log:"
)

var (
	logLimits = strictjson.Limits{Bytes: 1024, Depth: 2, Nodes: 16}

	// ErrLog says that the entries of a public log are not those of an authority that follows the profile.
	ErrLog = errors.New("realperson: log")
)

func (e *LogEntry) encode() ([]byte, error) {
	m := map[string]any{
		"v": 1, "type": string(e.Decision), "number": e.Number, "reason": string(e.Reason), "epoch": formatTime(e.Epoch), "act": encode(e.Act),
	}
	if e.Decision == NewGeneration {
		m["generation"] = e.Generation
	}
	return strictjson.Canonical(m)
}

// entryTypes are the registry's words for decisions.
var entryTypes = map[Decision]string{NewGeneration: entryGeneration, Refusal: entryRefused, Reinstatement: entryReinstated}

// ParseLogEntry reads one entry of a public log, strictly: it has one form only. Errors are ErrLog.
func ParseLogEntry(b []byte) (*LogEntry, error) {
	o, err := parseObject(b, logLimits, "v", "type", "number", "reason", "epoch", "act", "generation?")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLog, err)
	}
	o.integer("v", 1, 1)
	e := &LogEntry{
		Number: uint64(o.integer("number", 0, maxNumber)), Decision: Decision(o.text("type", maxReason)),
		Reason: Reason(o.text("reason", maxReason)), Epoch: o.time("epoch"), Act: o.octets("act", actSize, actSize),
	}
	if o.has("generation") {
		e.Generation = int(o.integer("generation", 1, MaxGeneration))
	}
	if o.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLog, o.err)
	}
	if !e.Reason.fits(entryTypes[e.Decision]) || (e.Decision == NewGeneration) != o.has("generation") {
		return nil, refuse(ErrLog, "members that do not go together")
	}
	if again, err := e.encode(); err != nil || !bytes.Equal(again, b) {
		return nil, refuse(ErrLog, "not in its one form")
	}
	return e, nil
}

// LogKey returns the key under which an authority's public log stands in a ledger.
func LogKey(authority did.DID) string {
	h := hashOf("realperson/log/v1", []byte(authority.String()))
	return logPrefix + hex.EncodeToString(h[:])
}

// ReadLog yields the entries of an authority's public log from a number on. It ends after an error: ErrLog for entries that are not
// those of such a log, else what the ledger says.
func ReadLog(ctx context.Context, lg ledger.Ledger, authority did.DID, from uint64) iter.Seq2[*LogEntry, error] {
	return func(yield func(*LogEntry, error) bool) {
		next := from
		for le, err := range lg.History(ctx, LogKey(authority), from) {
			if err != nil {
				yield(nil, fmt.Errorf("realperson: log: %w", err))
				return
			}
			e, err := ParseLogEntry(le.Op)
			if err == nil && e.Number != next {
				err = refuse(ErrLog, "a number does not follow the one before")
			}
			if !yield(e, err) || err != nil {
				return
			}
			next++
		}
	}
}

// publicLog is where an authority writes its log.
type publicLog struct {
	ledger    ledger.Ledger
	authority did.DID
	seen      atomic.Uint64 // how many entries there are, at least
}

// record makes sure that the log has one entry for an act, and returns its number. The act cannot stand before from. It may be called
// again, by others too: before it appends at a place, it has seen everything in the places before.
func (l *publicLog) record(ctx context.Context, e LogEntry, from uint64) (uint64, error) {
	for {
		for stands, err := range ReadLog(ctx, l.ledger, l.authority, from) {
			if err != nil {
				return 0, err
			}
			if bytes.Equal(stands.Act, e.Act) {
				return stands.Number, nil
			}
			from = stands.Number + 1
			l.saw(from)
		}
		e.Number = from
		b, err := e.encode()
		if err != nil {
			return 0, fmt.Errorf("realperson: log: %w", err)
		}
		_, err = l.ledger.Append(ctx, LogKey(l.authority), from, b)
		switch {
		case err == nil:
			l.saw(from + 1)
			return from, nil
		case !errors.Is(err, ledger.ErrConflict):
			return 0, fmt.Errorf("realperson: log: %w", err)
		case ctx.Err() != nil:
			return 0, ctx.Err()
		}
	}
}

func (l *publicLog) saw(length uint64) {
	for old := l.seen.Load(); old < length && !l.seen.CompareAndSwap(old, length); old = l.seen.Load() {
	}
}
