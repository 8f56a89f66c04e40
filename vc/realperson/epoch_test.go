package realperson

import (
	"testing"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
	"pgregory.net/rapid"
)

func TestEpochs(t *testing.T) {
	var weeks Epochs
	monday := time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct{ at, start time.Time }{
		{monday, monday},
		{monday.Add(time.Nanosecond), monday},
		{monday.Add(7*24*time.Hour - time.Nanosecond), monday},
		{monday.Add(7 * 24 * time.Hour), monday.Add(7 * 24 * time.Hour)},
		{monday.Add(-time.Nanosecond), monday.Add(-7 * 24 * time.Hour)},
		{time.Date(2001, 1, 1, 5, 0, 0, 0, time.UTC), time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)}, // a Monday before the anchor
		{monday.In(time.FixedZone("east", 3600)), monday},
	} {
		if got := weeks.Start(c.at); got != c.start {
			t.Errorf("the epoch of %v starts at %v, want %v", c.at, got, c.start)
		}
		if got, want := weeks.End(c.at), c.start.Add(7*24*time.Hour); got != want {
			t.Errorf("the epoch of %v ends at %v, want %v", c.at, got, want)
		}
		if got, want := weeks.IsBoundary(c.at), c.at.Equal(c.start); got != want {
			t.Errorf("%v: a boundary: %v, want %v", c.at, got, want)
		}
	}
	if monday.Weekday() != time.Monday || defaultAnchor.Weekday() != time.Monday {
		t.Error("weeks do not begin on Monday")
	}
}

// Every time lies in one epoch, and epochs follow each other.
func TestEpochsCover(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Epochs{
			Anchor: time.Unix(rapid.Int64Range(firstSecond, lastSecond-1).Draw(t, "anchor"), 0).UTC(),
			Length: time.Duration(rapid.Int64Range(1, 366*24*60).Draw(t, "minutes")) * time.Minute,
		}
		if err := e.check(); err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(firstSecond, lastSecond-1).Draw(t, "at"), 0).UTC()
		start, end := e.Start(at), e.End(at)
		if at.Before(start) || !at.Before(end) || end.Sub(start) != e.Length || !e.IsBoundary(start) || e.Start(end) != end || e.Start(end.Add(-time.Second)) != start {
			t.Fatalf("epochs %+v: %v lies in %v to %v", e, at, start, end)
		}
		b, err := strictjson.Canonical(e.members())
		if err != nil {
			t.Fatal(err)
		}
		v, _ := strictjson.Parse(b, strictjson.Limits{})
		if again, err := parseEpochs(v); err != nil || !again.equal(e) {
			t.Fatalf("got %+v, %v after %s", again, err, b)
		}
	})
}

func TestEpochLimits(t *testing.T) {
	for name, e := range map[string]Epochs{
		"too short":       {Length: minEpoch - time.Second},
		"too long":        {Length: maxEpoch + time.Minute},
		"negative":        {Length: -time.Hour},
		"seconds":         {Length: 90 * time.Second},
		"part of seconds": {Anchor: defaultAnchor.Add(time.Millisecond)},
		"long ago":        {Anchor: time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)},
		"far ahead":       {Anchor: time.Date(2201, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if e.check() == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestDatesHaveOneForm(t *testing.T) {
	if got, ok := parseTime("2026-11-16T00:00:00Z"); !ok || !got.Equal(time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("got %v, %v", got, ok)
	}
	for _, s := range []string{
		"", "2026-11-16", "2026-11-16T00:00:00", "2026-11-16T00:00:00+00:00", "2026-11-16T00:00:00.0Z", "2026-11-16t00:00:00Z", "2026-11-31T00:00:00Z",
		"2026-11-16T24:00:00Z", "1999-12-31T23:59:59Z", "2201-01-01T00:00:00Z", " 2026-11-16T00:00:00Z",
	} {
		if got, ok := parseTime(s); ok {
			t.Errorf("%q is read as %v", s, got)
		}
	}
	for _, s := range []string{
		`[]`, `{}`, `{"anchor":"2024-01-01T00:00:00Z"}`, `{"anchor":"2024-01-01T00:00:00Z","seconds":604800,"x":1}`,
		`{"anchor":"2024-01-01T00:00:00Z","seconds":59}`, `{"anchor":"2024-01-01T00:00:00Z","seconds":"604800"}`, `{"anchor":1,"seconds":604800}`,
	} {
		v, err := strictjson.Parse([]byte(s), strictjson.Limits{})
		fatal(t, err)
		if _, err := parseEpochs(v); err == nil {
			t.Errorf("%s is read", s)
		}
	}
}
