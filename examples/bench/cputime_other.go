//go:build !unix

package main

import "time"

// cpuTime is not told by the standard library here.
func cpuTime() (time.Duration, bool) { return 0, false }
