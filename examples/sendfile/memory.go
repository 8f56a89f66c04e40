package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// peakMemory is the most memory that this process has had: as Linux counts it, elsewhere as the Go runtime does.
func peakMemory() byteSize {
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		for line := range strings.Lines(string(status)) {
			if kib, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				n, err := strconv.ParseInt(strings.Fields(kib + " 0")[0], 10, 64)
				if err == nil {
					return byteSize(n << 10)
				}
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return byteSize(m.Sys)
}
