package realdid_test

import (
	"testing"

	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/internal/vectors"
)

// TestStateOfNoHistory: a state with what no operation can bring about is none, whoever vouches for it.
func TestStateOfNoHistory(t *testing.T) {
	var pending, moving, arrived, removed []byte
	for _, v := range vectors.Read[vectors.None, importVector](t, "realdid/imports").Vectors {
		o := decodeObject(t, v.State)
		if o[17] != nil {
			pending = v.State
		}
		if o[24] != nil {
			arrived = v.State
		}
		if v.Before != nil {
			moving = v.Before // it departed from here
		}
	}
	for _, v := range vectors.Read[vectors.None, walkVector](t, "realdid/walks").Vectors {
		if o := decodeObject(t, v.State); o[12] != nil && o[14] != nil && o[15] != nil {
			removed = v.State
		}
	}
	deactivated := toldWalks(t)[1].State
	first := func(list any) any { return list.([]any)[0] }
	for what, c := range map[string]struct {
		state  []byte
		change func(o object)
	}{
		"domain in capitals":        {removed, func(o object) { o[1] = "Trust" }},
		"home written as main":      {removed, func(o object) { o[2] = "main" }},
		"time of the last change":   {removed, func(o object) { o[6] = -1 }},
		"time of the create":        {removed, func(o object) { o[7] = -1 }},
		"a replaced tier":           {removed, func(o object) { first(o[12]).(map[any]any)[uint64(3)] = -1 }},
		"a tier's wait":             {removed, func(o object) { first(o[11]).(map[any]any)[uint64(2)] = -1 }},
		"a method added":            {removed, func(o object) { o[14].([]any)[0] = -1 }},
		"a removed method":          {removed, func(o object) { first(o[15]).(map[any]any)[uint64(2)] = -1 }},
		"a pending recovery":        {pending, func(o object) { o[17].(map[any]any)[uint64(3)] = -1 }},
		"a deactivation":            {deactivated, func(o object) { o[18].([]any)[1] = -1 }},
		"the end of a notice":       {moving, func(o object) { o[23].(map[any]any)[uint64(1)] = -1 }},
		"the time of an import":     {arrived, func(o object) { o[24].(map[any]any)[uint64(1)] = -1 }},
		"the version that stands":   {pending, func(o object) { o[17].(map[any]any)[uint64(5)].([]any)[2] = -1 }},
		"the tier of a pending one": {pending, func(o object) { o[17].(map[any]any)[uint64(1)].(map[any]any)[uint64(2)] = -1 }},
	} {
		t.Run(what, func(t *testing.T) {
			if c.state == nil {
				t.Fatal("no such state among the vectors")
			}
			o := decodeObject(t, c.state)
			if _, err := realdid.ParseState(cborBytes(t, o)); err != nil {
				t.Fatal(err)
			}
			c.change(o)
			if _, err := realdid.ParseState(cborBytes(t, o)); err == nil {
				t.Error("accepted")
			}
		})
	}
}
