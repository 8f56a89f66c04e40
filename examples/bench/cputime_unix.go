//go:build unix

package main

import (
	"syscall"
	"time"
)

// cpuTime is the processor time that the whole process has used, in user mode and in the kernel.
func cpuTime() (time.Duration, bool) {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0, false
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), true
}
