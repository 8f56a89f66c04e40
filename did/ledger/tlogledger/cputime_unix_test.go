//go:build unix

package tlogledger

import (
	"syscall"
	"time"
)

// cpuTime is the processor time that this process has used, in user mode and in the kernel.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
