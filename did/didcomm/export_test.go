package didcomm

// AccountSize returns of how many DIDs it is noted when their source was asked.
func (a *Agent) AccountSize() int { return len(a.refreshes.asked) }
