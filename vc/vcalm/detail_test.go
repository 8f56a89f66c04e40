package vcalm

import (
	"fmt"
	"testing"

	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// TestDetail: what is wrong is said in whole, without the names of packages.
func TestDetail(t *testing.T) {
	err := fmt.Errorf("dataintegrity: issue: %w", fmt.Errorf("sd: %w to nothing: token 2 of it matches no value", sd.ErrPointer))
	if got, want := withoutPackage(err), "pointer to nothing: token 2 of it matches no value"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
