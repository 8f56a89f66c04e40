package realperson

import (
	"errors"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
)

// Epochs are the periods in which credentials are valid. They are the same for everybody, so that dates identify nobody: whoever
// shows a credential of an epoch hides among all who hold one. The zero value has weeks that begin on Mondays at 00:00 UTC.
type Epochs struct {
	// Anchor is one of the boundaries, before or after any other: UTC, whole seconds. Zero means 2024-01-01T00:00:00Z, a Monday.
	Anchor time.Time
	// Length of an epoch, in whole minutes, 1 minute to 366 days. Zero means 7 days. Long ones make larger crowds, and let a
	// credential live on for longer after it should not have.
	Length time.Duration
}

// Limits of Epochs.
const (
	defaultEpoch = 7 * 24 * time.Hour
	minEpoch     = time.Minute
	maxEpoch     = 366 * 24 * time.Hour
)

// defaultAnchor is a Monday.
var defaultAnchor = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// The years in which epochs lie, so that durations do not overflow and dates have four digits.
const firstYear, lastYear = 2000, 2200

func (e Epochs) anchor() time.Time {
	if e.Anchor.IsZero() {
		return defaultAnchor
	}
	return e.Anchor
}

func (e Epochs) length() time.Duration {
	if e.Length == 0 {
		return defaultEpoch
	}
	return e.Length
}

// check says whether the epochs keep to their limits.
func (e Epochs) check() error {
	a, l := e.anchor(), e.length()
	switch {
	case !a.Equal(a.Truncate(time.Second)) || a.Year() < firstYear || a.Year() > lastYear:
		return errors.New("the anchor of the epochs is not in whole seconds, or not of this time")
	case l < minEpoch || l > maxEpoch || l%time.Minute != 0:
		return errors.New("the length of the epochs is not whole minutes, or not between 1 minute and 366 days")
	}
	return nil
}

// Start returns when the epoch began that t lies in: the last boundary that is not after t, in UTC.
func (e Epochs) Start(t time.Time) time.Time {
	since := t.Sub(e.anchor())
	rest := since % e.length()
	if rest < 0 {
		rest += e.length()
	}
	return t.Add(-rest).UTC().Round(0)
}

// End returns when the epoch ends that t lies in: the first boundary after t.
func (e Epochs) End(t time.Time) time.Time { return e.Start(t).Add(e.length()) }

// IsBoundary reports whether an epoch starts at t exactly.
func (e Epochs) IsBoundary(t time.Time) bool { return e.Start(t).Equal(t) }

// equal compares what two values mean.
func (e Epochs) equal(f Epochs) bool {
	return e.length() == f.length() && e.anchor().Equal(f.anchor())
}

// members returns the epochs as members of a JSON object.
func (e Epochs) members() map[string]any {
	return map[string]any{"anchor": formatTime(e.anchor()), "seconds": int64(e.length() / time.Second)}
}

// parseEpochs reads what members wrote.
func parseEpochs(v strictjson.Value) (Epochs, error) {
	o, err := readObject(v, "anchor", "seconds")
	if err != nil {
		return Epochs{}, err
	}
	e := Epochs{Anchor: o.time("anchor")}
	seconds := o.integer("seconds", int64(minEpoch/time.Second), int64(maxEpoch/time.Second))
	e.Length = time.Duration(seconds) * time.Second
	if o.err != nil {
		return Epochs{}, o.err
	}
	return e, e.check()
}

// formatTime writes a time in the one form that this profile uses: UTC, whole seconds, "Z".
func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// parseTime reads what formatTime wrote, and nothing that only means the same.
func parseTime(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || formatTime(t) != s || t.Year() < firstYear || t.Year() > lastYear {
		return time.Time{}, false
	}
	return t.UTC(), true
}
