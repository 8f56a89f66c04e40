package realdid

// wellFormed reports what the types of wireState leave open: names are names, and no time is before 1970. SPEC.md section 8.1.
func (w *wireState) wellFormed() bool {
	if !validHome(w.Domain) || !validHome(w.Home) || min(w.Time, w.Created) < 0 || !standingSince1970(w.Tiers) || !standingSince1970(w.Retiring) {
		return false
	}
	for _, t := range w.Added {
		if t < 0 {
			return false
		}
	}
	for i := range w.Removed {
		if min(w.Removed[i].Added, w.Removed[i].Removed) < 0 {
			return false
		}
	}
	if p := w.Pending; p != nil && min(p.Filed, p.Effective, p.Meanwhile.At, p.By.NotBefore, p.By.Until) < 0 {
		return false
	}
	return (w.Deactivate == nil || min(w.Deactivate.At, w.Deactivate.Final) >= 0) &&
		(w.Migration == nil || w.Migration.Ready >= 0) && (w.Arrived == nil || w.Arrived.At >= 0)
}

func standingSince1970(ts []wireStanding) bool {
	for i := range ts {
		if min(ts[i].NotBefore, ts[i].Until) < 0 {
			return false
		}
	}
	return true
}
