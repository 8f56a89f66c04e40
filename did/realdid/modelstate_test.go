package realdid_test

// This file writes a state of the model by section 8 of SPEC.md.

func (s mSet) object() object {
	o := object{0: s.threshold, 1: s.members}
	if s.weights != nil {
		o[2] = s.weights
	}
	return o
}

func (x mTier) standing() object {
	tier := object{0: x.delay, 2: x.set.object()}
	if x.vetoable {
		tier[1] = true
	}
	o := object{0: tier, 1: []any{x.place, x.rank}}
	if x.notBefore != 0 {
		o[2] = x.notBefore
	}
	if x.until != 0 {
		o[3] = x.until
	}
	return o
}

func (x mMethod) list() []any { return []any{x.fragment, x.key, x.purposes} }

// listed leaves an empty list out.
func (o mObject) listed(member uint64, l []any) {
	if len(l) > 0 {
		o[member] = l
	}
}

type mObject map[uint64]any

// head is section 8.3, for a state that encodes so.
func (m *mState) head(t fails, encoded []byte) []byte {
	last := m.ops[len(m.ops)-1]
	o := object{0: 1, 1: len(m.ops) - 1, 2: last.id, 3: hash(m.suite(), "realdid/state/v1", encoded), 4: m.history, 5: 1, 6: m.last}
	if m.pending != nil {
		o[5], o[7] = 2, m.pending.effective
	}
	if m.deactivated {
		o[5] = 3
	}
	if m.migration != nil && m.migration.departed {
		o[5] = 6
	} else if m.migration != nil {
		o[5], o[7] = 5, m.migration.ready
	}
	return cborBytes(t, o)
}

func (m *mState) bytes(t fails) []byte {
	first, last := m.ops[0], m.ops[len(m.ops)-1]
	o := mObject{
		0: 2, 3: first.scid, 4: len(m.ops) - 1, 5: last.id, 6: m.last, 7: m.created, 8: m.control.object(), 9: m.next.object(),
	}
	if first.domain != "" {
		o[1] = first.domain
	}
	if m.home != "" {
		o[2] = m.home
	}
	named := func(name string, w object) object {
		if name != "" {
			w[0] = name
		}
		return w
	}
	if x := m.migration; x != nil {
		w := named(x.to, object{1: x.ready})
		if x.departed {
			w[2] = true
		}
		o[23] = w
	}
	if x := m.arrival; x != nil {
		o[24] = named(x.from, object{1: x.at})
	}
	if m.single {
		o[10] = true
	}
	var present, replaced, methods, added, removed, used, turns []any
	for _, x := range m.present {
		present = append(present, x.standing())
	}
	for _, x := range m.replaced {
		replaced = append(replaced, x.standing())
	}
	for _, x := range m.document.methods {
		methods, added = append(methods, x.list()), append(added, x.added)
	}
	for _, x := range m.removed {
		r := object{0: x.list(), 1: x.added, 2: x.removed}
		if x.compromised {
			r[3] = true
		}
		if x.since != 0 {
			r[4] = x.since
		}
		removed = append(removed, r)
	}
	for _, c := range m.used {
		used = append(used, c)
	}
	for place := len(m.ops) - 1; place >= 0; place-- {
		op := m.ops[place]
		if op.turn() {
			turns = append([]any{[]any{place, op.id}}, turns...)
		}
		if op.typ == 1 || op.typ == 5 || op.typ == 6 && !op.withdrew {
			break
		}
	}
	doc := mObject{}
	for k, v := range m.document.raw {
		doc[k] = v
	}
	doc.listed(0, methods)
	o[13] = doc
	o.listed(11, present)
	o.listed(12, replaced)
	o.listed(14, added)
	o.listed(15, removed)
	o.listed(16, used)
	o.listed(19, turns)
	if p := m.pending; p != nil {
		w := object{
			0: p.op.payload, 1: p.by.standing(), 2: p.filed, 3: p.effective,
			5: []any{p.meanwhile.place, m.ops[p.meanwhile.place].id, p.meanwhile.at},
		}
		if p.revival {
			w[4] = true
		}
		o[17] = w
	}
	if m.deactivated {
		o[18] = []any{m.since, m.final}
	}
	if m.removedBefore != 0 {
		o[20] = m.removedBefore
	}
	if m.usedBefore != 0 {
		o[21] = m.usedBefore
	}
	o[22] = m.history
	return cborBytes(t, o)
}
