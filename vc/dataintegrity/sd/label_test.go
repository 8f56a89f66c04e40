package sd_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

func TestHMACLabels(t *testing.T) {
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(0x11 * (i % 16))
	}
	canonical := []string{"c14n2", "", "c14n0", "c14n1"}
	macs, err := sd.HMACLabels(key)(canonical)
	if err != nil {
		t.Fatal(err)
	}
	// Those of the published base document, whose key this is.
	want := []string{
		"uVkUuBrlOaELGVQWJD4M_qW5bcKEHWGNbOrPA_qAOKKw", "", "u4YIOZn1MHES1Z4Ij2hWZG3R4dEYBqg5fHTyDEvYhC38",
		"u3Lv2QpFgo-YAegc1cQQKWJFW2sEjQF6FfuZ0VEoMKHg",
	}
	if !reflect.DeepEqual(macs, want) {
		t.Errorf("got %q, want %q", macs, want)
	}
	shuffled, err := sd.ShuffledLabels(key)(canonical)
	if want := []string{"b2", "", "b1", "b0"}; err != nil || !reflect.DeepEqual(shuffled, want) {
		t.Errorf("got %q, %v; want %q", shuffled, err, want)
	}
}

func TestLabelMap(t *testing.T) {
	m := sd.LabelMap{"x", "y", "z"}
	got, err := m.Labels()([]string{"c14n2", "c14n0", "", "c14n1"})
	if want := []string{"z", "x", "", "y"}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	for name, c := range map[string]struct {
		m         sd.LabelMap
		canonical []string
	}{
		"a label too many":    {m, []string{"c14n0", "c14n1"}},
		"a label too few":     {m[:2], []string{"c14n0", "c14n1", "c14n2"}},
		"no labels":           {nil, []string{"c14n0"}},
		"a label twice":       {sd.LabelMap{"x", "y", "x"}, []string{"c14n0", "c14n1", "c14n2"}},
		"an empty label":      {sd.LabelMap{"x", ""}, []string{"c14n0", "c14n1"}},
		"not canonical":       {m[:1], []string{"b0"}},
		"not a number":        {m[:1], []string{"c14n"}},
		"not a small number":  {m[:1], []string{"c14n-1"}},
		"a number beyond all": {m[:1], []string{"c14n99999999999999999999"}},
	} {
		if got, err := c.m.Labels()(c.canonical); !errors.Is(err, sd.ErrLabels) {
			t.Errorf("%s: got %q, %v; want ErrLabels", name, got, err)
		}
	}
	if _, err := sd.LabelMap(nil).Labels()(nil); err != nil {
		t.Errorf("nothing to label: got %v, want no error", err)
	}
}

func TestIndexes(t *testing.T) {
	// Those of the published derived proof.
	combined, mandatory := []int{0, 1, 2, 8, 16, 17, 20, 21, 22, 23}, []int{0, 16, 17, 21}
	if got, want := sd.Relative(mandatory, combined), []int{0, 4, 5, 7}; !reflect.DeepEqual(got, want) {
		t.Errorf("mandatory: got %v, want %v", got, want)
	}
	optional := sd.Without(mandatory, 24)
	if want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 18, 19, 20, 22, 23}; !reflect.DeepEqual(optional, want) {
		t.Errorf("not mandatory: got %v, want %v", optional, want)
	}
	if got, want := sd.Relative(combined, optional), []int{0, 1, 7, 17, 18, 19}; !reflect.DeepEqual(got, want) {
		t.Errorf("signatures: got %v, want %v", got, want)
	}
	if got := sd.Without(nil, 2); !reflect.DeepEqual(got, []int{0, 1}) {
		t.Errorf("without nothing: got %v, want 0 and 1", got)
	}
	if got := sd.Relative(nil, []int{3}); len(got) != 0 {
		t.Errorf("nothing: got %v", got)
	}
}

// TestOrderedLabels: the labels follow the order of the nodes, whatever their canonical labels are.
func TestOrderedLabels(t *testing.T) {
	var m sd.LabelMap
	got, err := sd.OrderedLabels(&m)([]string{"c14n2", "", "c14n0", "c14n1"})
	if want := []string{"b0", "", "b1", "b2"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if want := (sd.LabelMap{"b1", "b2", "b0"}); !slices.Equal(m, want) {
		t.Errorf("got %q, want %q", m, want)
	}
	again, err := m.Labels()([]string{"c14n2", "", "c14n0", "c14n1"})
	if err != nil || !slices.Equal(again, got) {
		t.Errorf("by the map: got %q, %v; want %q", again, err, got)
	}
	for _, bad := range [][]string{{"b0"}, {"c14n1"}, {"c14n0", "c14n0"}, {"c14n0", "c14n2"}} {
		if got, err := sd.OrderedLabels(&m)(bad); !errors.Is(err, sd.ErrLabels) {
			t.Errorf("%q: got %q, %v; want ErrLabels", bad, got, err)
		}
	}
}
