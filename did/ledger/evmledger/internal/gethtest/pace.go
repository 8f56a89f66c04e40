package gethtest

import "time"

// pace lets a loop look for something a hundred times a second until it is told to stop.
type pace struct {
	stop   <-chan struct{}
	ticker *time.Ticker
}

func newPace(stop <-chan struct{}) *pace { return &pace{stop, time.NewTicker(10 * time.Millisecond)} }

// next waits for the next turn; it is false at the end.
func (p *pace) next() bool {
	select {
	case <-p.ticker.C:
		return true
	case <-p.stop:
		p.ticker.Stop()
		return false
	}
}
