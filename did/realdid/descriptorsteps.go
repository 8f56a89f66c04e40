package realdid

import "time"

// MaxDescriptorSteps is how many steps EncodeDescriptorSteps joins at most.
const MaxDescriptorSteps = 64

// A DescriptorStep is a descriptor with the proof that it was logged under its predecessor.
type DescriptorStep struct {
	File   []byte // ParseDescriptor reads it
	Logged []byte // proof.ParseLatest reads it
}

type wireSteps struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Steps   []wireStep
}

type wireStep struct {
	_      struct{} `cbor:",toarray"`
	File   []byte
	Logged []byte
}

// EncodeDescriptorSteps joins steps in one file, for clients that pinned an earlier descriptor. Errors are ErrDescriptor.
func EncodeDescriptorSteps(steps []DescriptorStep) ([]byte, error) {
	w := wireSteps{Version: descriptorVersion, Steps: []wireStep{}}
	for _, s := range steps {
		w.Steps = append(w.Steps, wireStep{File: s.File, Logged: s.Logged})
	}
	if len(steps) > MaxDescriptorSteps {
		return nil, refuseDescriptor("%d steps, limit %d", len(steps), MaxDescriptorSteps)
	}
	b, err := encode(&w)
	if err != nil {
		return nil, refuseDescriptor("steps: %w", err)
	}
	return b, nil
}

// ParseDescriptorSteps reads what EncodeDescriptorSteps wrote. Follow checks what is in it.
func ParseDescriptorSteps(b []byte) ([]DescriptorStep, error) {
	var w wireSteps
	if err := decode(b, &w); err != nil {
		return nil, refuseDescriptor("steps: %w", err)
	}
	if w.Version != descriptorVersion || w.Steps == nil || len(w.Steps) > MaxDescriptorSteps {
		return nil, refuseDescriptor("steps: version %d, or %d steps", w.Version, len(w.Steps))
	}
	var out []DescriptorStep
	for _, s := range w.Steps {
		out = append(out, DescriptorStep{s.File, s.Logged})
	}
	return out, nil
}

// Follow goes from d, which is trusted, along the steps to the last of them: each must follow the one before it, and be logged
// there (Next). Steps up to d itself are passed over, so that one file serves everybody. Errors are ErrDescriptor.
func (d *Descriptor) Follow(steps []DescriptorStep, now time.Time) (*Descriptor, error) {
	return d.follow(steps, now, func(*Descriptor, time.Time) {})
}

// PredecessorsAlong returns the ledgers from which identifiers may come to one of the domain by the last descriptor of the steps, and then those by
// d and the others, each Until its Limits.MaxAge after the anchor time of its successor: what was imported by them is understood for ever, and whoever
// goes by them has that long to take up the next. It is the same whichever proofs of being logged the steps hold. From a descriptor other than the
// first of the chain, the policies before it are missing. Errors are those of Follow.
func (d *Descriptor) PredecessorsAlong(home string, steps []DescriptorStep, now time.Time) (Predecessors, error) {
	var past Predecessors
	last, err := d.follow(steps, now, func(before *Descriptor, logged time.Time) {
		for _, p := range before.Predecessors(home) {
			p.Until = logged.Add(time.Duration(before.Limits.MaxAge) * time.Second)
			past = append(past, p)
		}
	})
	if err != nil {
		return nil, err
	}
	return append(last.Predecessors(home), past...), nil
}

// follow calls each for every step that it takes, with the anchor time of the descriptor that it takes it to.
func (d *Descriptor) follow(steps []DescriptorStep, now time.Time, each func(before *Descriptor, logged time.Time)) (*Descriptor, error) {
	for i, s := range steps {
		file, err := ParseDescriptor(s.File)
		if err != nil {
			return nil, err
		}
		if file.Sequence <= d.Sequence && i+1 < len(steps) {
			continue
		}
		if file.digest == d.digest {
			continue
		}
		next, logged, err := d.next(s.File, s.Logged, now)
		if err != nil {
			return nil, err
		}
		each(d, logged)
		d = next
	}
	return d, nil
}
