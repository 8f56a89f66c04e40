//go:build !unix

package tessera

import "time"

// cpuTime is not known here.
func cpuTime() time.Duration { return 0 }
