package cometledger

type restore struct{}

func (a *app) snapshot(*view) {}

// retain returns the height below which CometBFT may forget blocks; 0: none.
func (a *app) retain(v *view) int64 {
	if a.opt.Retain <= 0 {
		return 0
	}
	return max(0, v.Height-a.opt.Retain+1)
}
