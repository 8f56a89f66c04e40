package status

import (
	"slices"
	"testing"

	"github.com/realdid/realdid/vc"
)

// Disk is where an IssuerList stands.
type Disk = disk

// Load opens a list on a disk of so many bytes.
func Load(f Disk, size int64) (*IssuerList, error) { return load(f, size) }

// ReadBitstring reads the claims of a status list credential.
func ReadBitstring(claims map[string]any) error {
	_, err := readBitstring(claims)
	return err
}

// ChangeInMemory gives an entry a value that is not on the disk yet.
func ChangeInMemory(l *IssuerList, i, value uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.setValue(i, value)
	l.change++
}

// InflateTokenText is InflateTokenList for lst in JSON.
func InflateTokenText(s string, size int) (*Bits, error) {
	b, err := decodeBase64(s)
	if err != nil {
		return nil, err
	}
	return InflateTokenList(b, size, 0)
}

// TakeAllBut leaves only some entries free.
func TakeAllBut(l *IssuerList, free ...uint64) {
	for i := range l.taken.Len() {
		if !slices.Contains(free, i) {
			l.taken.Set(i, 1)
		}
	}
	l.free = uint64(len(free))
}

// Pick returns the entry that would be given away next.
func Pick(l *IssuerList) uint64 { return l.pick() }

// AskAnew asks the Source for a newer list, if it may be asked.
func AskAnew(tb testing.TB, l *Lists, q vc.StatusQuery) {
	l.refresh(tb.Context(), key{issuer: q.Issuer, uri: q.Reference.URI}, &q)
}
